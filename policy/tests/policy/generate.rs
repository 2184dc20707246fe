//! Cases, of few words, so that they meet.

use proptest::{
    collection::vec,
    option,
    prelude::*,
    sample::{select, subsequence},
};
use serde_json::{Value as Json, json};

const PERMISSIONS: [&str; 6] =
    ["users:read", "users:write", "crm:contacts:read", "crm:contacts:write", "crm:deals:read", "crmx:contacts:read"];
const PATTERNS: [&str; 10] = [
    "*",
    "users:*",
    "users:read",
    "crm:*",
    "crm:contacts:*",
    "crm:*:read",
    "*:contacts:read",
    "*:read",
    "crm:deals:read",
    "crm:contacts:write",
];
const ROLES: [&str; 5] = ["a", "b", "c", "d", "e"];
const TEXTS: [&str; 4] = ["u1", "u2", "sales", "sales-north"];
const TIMES: [&str; 4] =
    ["2026-12-01T08:30:00Z", "2026-12-01T12:00:00Z", "2026-12-01T23:15:00Z", "2026-12-02T01:00:00Z"];
const ADDRESSES: [&str; 3] = ["10.1.2.3", "192.0.2.7", "2001:db8::1"];
const USER: [&str; 5] = ["user.id", "user.department", "user.level", "user.teams", "user.since"];
const RESOURCE: [&str; 6] =
    ["resource.owner", "resource.team", "resource.amount", "resource.tags", "resource.created", "resource.open"];

/// As [`crate::naive`] reads it.
pub fn case() -> impl Strategy<Value = Json> {
    let policies = vec(policy(), 0..6);
    (roles(), subsequence(&ROLES[..], 0..3), policies, select(&PERMISSIONS[..]), user(), resource(), environment())
        .prop_map(|(roles, has, policies, permission, user, resource, (time, ip))| {
            let numbered = policies.into_iter().enumerate().map(|(at, mut policy): (usize, Json)| {
                policy["id"] = at.to_string().into();
                policy
            });
            json!({
                "roles": roles, "has": has, "policies": numbered.collect::<Vec<_>>(), "permission": permission,
                "user": user, "resource": resource, "time": time, "ip": ip,
            })
        })
}

/// Each inherits later ones alone, so that there is no circle.
fn roles() -> impl Strategy<Value = Vec<Json>> {
    let role = |at: usize| {
        let later = ROLES[at + 1..].to_vec();
        let most = later.len().min(2);
        let scope = select(vec!["", ":own", ":team", ":all"]);
        let grant = (select(&PATTERNS[..]), scope).prop_map(|(pattern, scope)| format!("{pattern}{scope}"));
        (vec(grant, 0..3), subsequence(later, 0..=most))
            .prop_map(move |(grants, inherits)| json!({ "name": ROLES[at], "grants": grants, "inherits": inherits }))
    };
    [role(0), role(1), role(2), role(3), role(4)].into_iter().collect::<Vec<_>>()
}

fn policy() -> impl Strategy<Value = Json> {
    let source = select(vec!["core", "plugin", "super-admin", "tenant-admin"]);
    let effect = select(vec!["ALLOW", "DENY"]);
    (effect, source, -2..3, vec(select(&PATTERNS[..]), 1..3), condition()).prop_map(
        |(effect, source, priority, permissions, condition)| {
            json!({
                "id": "", "name": "", "effect": effect, "source": source, "priority": priority,
                "permissions": permissions, "condition": condition,
            })
        },
    )
}

/// Conditions that are accepted.
pub fn condition() -> impl Strategy<Value = Json> {
    comparison().prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(|all| json!({ "all": all })),
            vec(inner.clone(), 1..4).prop_map(|any| json!({ "any": any })),
            inner.prop_map(|not| json!({ "not": not })),
        ]
    })
}

fn comparison() -> impl Strategy<Value = Json> {
    let named = || select([&USER[..], &RESOURCE[..]].concat());
    let is = |attribute: &str, operator: &str, value: Json| json!({ "attribute": attribute, "operator": operator, "value": value });
    let other = move || named().prop_map(|name| json!({ "attribute": name }));
    let bound = move || prop_oneof![number(), select(&TIMES[..]).prop_map(Json::from), other()];
    let in_order = |mut two: Vec<Json>| {
        two.sort_by(|one, other| {
            one.as_f64().partial_cmp(&other.as_f64()).unwrap().then(one.as_str().cmp(&other.as_str()))
        });
        Json::from(two)
    };
    let times = vec(select(&TIMES[..]).prop_map(Json::from), 2).prop_map(in_order);
    let range = prop_oneof![vec(number(), 2).prop_map(in_order), times.clone()];
    let list = prop_oneof![
        vec(select(&TEXTS[..]).prop_map(Json::from), 1..3).prop_map(Json::from),
        vec(number(), 1..3).prop_map(Json::from),
        other()
    ];
    let day = subsequence(vec!["06:00", "09:00", "12:00", "23:00"], 2).prop_shuffle();
    prop_oneof![
        (named(), select(vec!["equals", "notEquals", "contains"]), prop_oneof![scalar(), other()])
            .prop_map(move |(name, operator, value)| is(name, operator, value)),
        (named(), prop_oneof![select(&TEXTS[..]).prop_map(Json::from), other()]).prop_map(move |(name, value)| is(
            name,
            "startsWith",
            value
        )),
        (named(), list).prop_map(move |(name, value)| is(name, "in", value)),
        (named(), select(vec!["greaterThan", "lessThan"]), bound())
            .prop_map(move |(name, operator, value)| is(name, operator, value)),
        (named(), range).prop_map(move |(name, value)| is(name, "between", value)),
        (named(), any::<bool>()).prop_map(move |(name, exists)| is(name, "exists", exists.into())),
        select(vec!["read", "write"]).prop_map(move |action| is("action", "equals", action.into())),
        times.prop_map(move |range| is("environment.time", "between", range)),
        day.prop_map(move |day| is("environment.time", "timeBetween", json!(day))),
        vec(select(vec!["10.0.0.0/8", "2001:db8::/32", "192.0.2.7/32"]), 1..3).prop_map(move |networks| is(
            "environment.ip",
            "ipInRange",
            json!(networks)
        )),
    ]
}

fn number() -> impl Strategy<Value = Json> {
    prop_oneof![(-2_i64..3).prop_map(Json::from), select(vec![0.5, 1.0, -1.5]).prop_map(Json::from)]
}

fn scalar() -> impl Strategy<Value = Json> {
    prop_oneof![select(&TEXTS[..]).prop_map(Json::from), number(), any::<bool>().prop_map(Json::from)]
}

fn texts() -> impl Strategy<Value = Json> {
    subsequence(&TEXTS[..], 0..3).prop_map(|texts| json!(texts))
}

fn user() -> impl Strategy<Value = Json> {
    let (time, text) = (select(&TIMES[..]).prop_map(Json::from), || select(&TEXTS[..]).prop_map(Json::from));
    let fields = (option::of(text()), option::of(text()), option::of(scalar()), option::of(texts()), option::of(time));
    fields.prop_map(|(id, department, level, teams, since)| {
        json!({ "id": id, "department": department, "level": level, "teams": teams, "since": since })
    })
}

/// Resources of one kind.
pub fn resource() -> impl Strategy<Value = Json> {
    let (time, text) = (select(&TIMES[..]).prop_map(Json::from), || select(&TEXTS[..]).prop_map(Json::from));
    let fields = (
        option::of(text()),
        option::of(text()),
        option::of(number()),
        option::of(texts()),
        option::of(time),
        option::of(any::<bool>()),
    );
    fields.prop_map(|(owner, team, amount, tags, created, open)| {
        json!({ "owner": owner, "team": team, "amount": amount, "tags": tags, "created": created, "open": open })
    })
}

fn environment() -> impl Strategy<Value = (Json, Json)> {
    (select(&TIMES[..]).prop_map(Json::from), option::of(select(&ADDRESSES[..])).prop_map(|ip| json!(ip)))
}
