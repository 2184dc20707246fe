//! The same answers by the plainest way: everything is JSON, nothing is indexed, remembered or parsed before.

use jiff::{Timestamp, civil};
use serde_json::Value as Json;

/// A whole case: `roles`, `has` (names of roles), `policies`, `permission`, `user`, `resource`, `time`, `ip`.
pub fn is_allowed(case: &Json) -> bool {
    let scopes = grants(case).into_iter().filter_map(|grant| scope(&grant, case["permission"].as_str().unwrap()));
    let widest = scopes.max_by_key(|scope| ["own", "team", "all"].iter().position(|one| one == scope));
    let owns = || equals(&case["resource"]["owner"], &case["user"]["id"]);
    let in_team = || {
        let (team, teams) = (&case["resource"]["team"], case["user"]["teams"].as_array()?);
        (!team.is_null()).then(|| teams.contains(team))
    };
    let is_in_scope = match widest.as_deref() {
        None => false,
        Some("all") => true,
        Some("own") => owns() == Some(true),
        _ => owns() == Some(true) || in_team() == Some(true),
    };
    let about = |effect: &str| {
        let policies = case["policies"].as_array().unwrap().iter();
        let is_about = |policy: &Json| {
            let permission = case["permission"].as_str().unwrap();
            policy["permissions"].as_array().unwrap().iter().any(|one| matches(one.as_str().unwrap(), permission))
        };
        policies.filter(|policy| policy["effect"] == effect && is_about(policy)).cloned().collect::<Vec<_>>()
    };
    let is_denied = about("DENY").iter().any(|policy| holds(&policy["condition"], case) != Some(false));
    let allows = about("ALLOW");
    let is_allowed_by_each = allows.iter().all(|asked| {
        let mut of_source = allows.iter().filter(|policy| policy["source"] == asked["source"]);
        of_source.any(|policy| holds(&policy["condition"], case) == Some(true))
    });
    is_in_scope && !is_denied && is_allowed_by_each
}

fn grants(case: &Json) -> Vec<String> {
    let (mut names, mut at) = (strings(&case["has"]), 0);
    let mut grants = Vec::new();
    while at < names.len() {
        let role = case["roles"].as_array().unwrap().iter().find(|role| role["name"] == names[at].as_str());
        if let Some(role) = role {
            grants.extend(strings(&role["grants"]));
            let more: Vec<_> = strings(&role["inherits"]).into_iter().filter(|name| !names.contains(name)).collect();
            names.extend(more);
        }
        at += 1;
    }
    grants
}

fn strings(list: &Json) -> Vec<String> {
    list.as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect()
}

fn scope(grant: &str, permission: &str) -> Option<String> {
    for scope in ["own", "team", "all"] {
        if let Some(pattern) = grant.strip_suffix(&format!(":{scope}")) {
            return matches(pattern, permission).then(|| scope.to_owned());
        }
    }
    matches(grant, permission).then(|| "all".to_owned())
}

/// By the text alone.
pub fn matches(pattern: &str, permission: &str) -> bool {
    match (pattern.split_once(':'), permission.split_once(':')) {
        (None, _) if pattern == "*" => true,
        (None, None) => pattern == permission,
        (Some((wanted, more)), Some((segment, rest))) => (wanted == "*" || wanted == segment) && matches(more, rest),
        _ => false,
    }
}

fn attribute(name: &str, case: &Json) -> Json {
    match name {
        "action" => case["permission"].as_str().unwrap().rsplit(':').next().unwrap().into(),
        "environment.time" => case["time"].clone(),
        "environment.ip" => case["ip"].clone(),
        other => {
            let (of, name) = other.split_once('.').unwrap();
            case[of][name].clone()
        }
    }
}

/// Nothing: it cannot be told.
fn holds(condition: &Json, case: &Json) -> Option<bool> {
    if let Some(all) = condition["all"].as_array() {
        let parts: Vec<_> = all.iter().map(|part| holds(part, case)).collect();
        return if parts.contains(&Some(false)) { Some(false) } else { (!parts.contains(&None)).then_some(true) };
    }
    if let Some(any) = condition["any"].as_array() {
        let parts: Vec<_> = any.iter().map(|part| holds(part, case)).collect();
        return if parts.contains(&Some(true)) { Some(true) } else { (!parts.contains(&None)).then_some(false) };
    }
    if condition.get("not").is_some() {
        return holds(&condition["not"], case).map(|holds| !holds);
    }
    let found = attribute(condition["attribute"].as_str().unwrap(), case);
    let known = |json: &Json| json["attribute"].as_str().map_or_else(|| json.clone(), |name| attribute(name, case));
    let value = &condition["value"];
    if condition["operator"] == "exists" {
        return Some(found.is_null() != value.as_bool().unwrap());
    }
    if found.is_null() {
        return None;
    }
    match condition["operator"].as_str().unwrap() {
        "equals" => equals(&found, &known(value)),
        "notEquals" => equals(&found, &known(value)).map(|equals| !equals),
        "in" => is_among(&found, known(value).as_array()?),
        "contains" => match &found {
            Json::String(text) => Some(text.contains(known(value).as_str()?)),
            list => is_among(&known(value), list.as_array()?),
        },
        "startsWith" => Some(found.as_str()?.starts_with(known(value).as_str()?)),
        "greaterThan" => Some(order(&found, &known(value))? > 0.0),
        "lessThan" => Some(order(&found, &known(value))? < 0.0),
        "between" => Some(order(&found, &known(&value[0]))? >= 0.0 && order(&found, &known(&value[1]))? <= 0.0),
        "ipInRange" => {
            let ip: std::net::IpAddr = found.as_str()?.parse().unwrap();
            let networks = strings(value);
            Some(networks.iter().any(|network| network.parse::<ipnet::IpNet>().unwrap().contains(&ip)))
        }
        "timeBetween" => {
            // Tests are in UTC: the text has the time of day as it is.
            let now: civil::Time = found.as_str()?[11..19].parse().unwrap();
            let [from, to] = [0, 1].map(|at| value[at].as_str().unwrap().parse::<civil::Time>().unwrap());
            Some(if from < to { from <= now && now < to } else { from <= now || now < to })
        }
        other => panic!("{other}"),
    }
}

fn equals(one: &Json, other: &Json) -> Option<bool> {
    match (one, other) {
        (Json::Bool(_), Json::Bool(_)) | (Json::String(_), Json::String(_)) => Some(one == other),
        _ => Some((one.as_f64()? - other.as_f64()?).abs() < f64::EPSILON),
    }
}

fn is_among(one: &Json, list: &[Json]) -> Option<bool> {
    if one.is_null() || one.is_array() {
        return None;
    }
    let equal: Vec<_> = list.iter().map(|other| equals(one, other)).collect();
    if equal.contains(&Some(true)) { Some(true) } else { (!equal.contains(&None)).then_some(false) }
}

fn order(one: &Json, other: &Json) -> Option<f64> {
    if let (Some(one), Some(other)) = (one.as_f64(), other.as_f64()) {
        return Some(one - other);
    }
    let [one, other] = [one, other].map(|text| text.as_str()?.parse::<Timestamp>().ok());
    Some(one?.duration_since(other?).as_secs_f64())
}
