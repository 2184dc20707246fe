//! Conditions as people write them, and what is wrong with them.

use std::net::IpAddr;

use ipnet::IpNet;
use jiff::civil;
use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::{Bound, Condition, Operand, Operator, Test};
use crate::{Attribute, Value, value::Kind};

/// Conditions within conditions.
const MAX_DEPTH: usize = 8;
/// Of one condition, all parts together.
const MAX_PARTS: usize = 64;
const MAX_LIST: usize = 256;
const MAX_TEXT: usize = 1024;

/// What is wrong with a condition.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize)]
#[error("{path}: {message}")]
pub struct Mistake {
    /// Where: a JSON pointer (RFC 6901) into the condition.
    pub path: String,
    /// What is wrong, and what may stand there.
    pub message: String,
}

impl Condition {
    /// Of its JSON.
    ///
    /// # Errors
    /// With all that is wrong.
    pub fn read(json: &Json) -> Result<Self, Vec<Mistake>> {
        let mut reader = Reader::default();
        let condition = reader.condition(json, "", 0);
        match condition {
            Some(condition) if reader.mistakes.is_empty() => Ok(condition),
            _ => Err(reader.mistakes),
        }
    }
}

#[derive(Default)]
struct Reader {
    mistakes: Vec<Mistake>,
    parts: usize,
}

impl Reader {
    fn wrong<T>(&mut self, path: &str, message: impl Into<String>) -> Option<T> {
        self.mistakes.push(Mistake { path: path.to_owned(), message: message.into() });
        None
    }

    fn condition(&mut self, json: &Json, path: &str, depth: usize) -> Option<Condition> {
        self.parts += 1;
        if self.parts > MAX_PARTS {
            // Said once, and not of each that follows.
            let is_said = self.parts > MAX_PARTS + 1;
            return if is_said { None } else { self.wrong(path, format!("a condition has at most {MAX_PARTS} parts")) };
        }
        if depth >= MAX_DEPTH {
            return self.wrong(path, format!("conditions lie at most {MAX_DEPTH} deep in each other"));
        }
        let Json::Object(object) = json else {
            return self.wrong(path, "a condition is an object with `all`, `any`, `not` or `attribute`");
        };
        let mut keys: Vec<&str> = object.keys().map(String::as_str).collect();
        keys.sort_unstable();
        match &keys[..] {
            ["all"] => self.several(&object["all"], &format!("{path}/all"), depth).map(Condition::All),
            ["any"] => self.several(&object["any"], &format!("{path}/any"), depth).map(Condition::Any),
            ["not"] => {
                let not = self.condition(&object["not"], &format!("{path}/not"), depth + 1)?;
                Some(Condition::Not(Box::new(not)))
            }
            ["attribute", "operator", "value"] => self.is(object, path),
            _ => self.wrong(
                path,
                "a condition has either one of `all`, `any` and `not`, or `attribute`, `operator` and `value`, and nothing else",
            ),
        }
    }

    fn several(&mut self, json: &Json, path: &str, depth: usize) -> Option<Vec<Condition>> {
        let Json::Array(parts) = json else { return self.wrong(path, "a list of conditions belongs here") };
        if parts.is_empty() && !path.ends_with("/all") {
            return self.wrong(path, "`any` without a condition never holds: leave it out, or deny without one");
        }
        let read: Vec<_> = parts
            .iter()
            .enumerate()
            .map(|(at, part)| self.condition(part, &format!("{path}/{at}"), depth + 1))
            .collect();
        read.into_iter().collect()
    }

    fn is(&mut self, object: &Map<String, Json>, path: &str) -> Option<Condition> {
        let attribute = object["attribute"].as_str().and_then(|text| text.parse::<Attribute>().ok());
        let operator = object["operator"].as_str().and_then(Operator::named);
        let (Some(attribute), Some(operator)) = (&attribute, operator) else {
            if attribute.is_none() {
                self.wrong::<()>(&format!("{path}/attribute"), crate::attribute::AttributeError.to_string());
            }
            if operator.is_none() {
                let all = Operator::ALL.map(Operator::as_str).join("`, `");
                self.wrong::<()>(&format!("{path}/operator"), format!("operators are `{all}`"));
            }
            return None;
        };
        if !operator.is_for(attribute) {
            let may = Operator::ALL.into_iter().filter(|operator| operator.is_for(attribute));
            let may: Vec<_> = may.map(Operator::as_str).collect();
            let message = format!("{attribute} takes `{}`", may.join("`, `"));
            return self.wrong(&format!("{path}/operator"), message);
        }
        let test = self.test(operator, attribute, &object["value"], &format!("{path}/value"))?;
        Some(Condition::Is(attribute.clone(), test))
    }

    fn test(&mut self, operator: Operator, attribute: &Attribute, json: &Json, path: &str) -> Option<Test> {
        Some(match operator {
            Operator::Equals => Test::Equals(self.scalar(json, path)?),
            Operator::NotEquals => Test::NotEquals(self.scalar(json, path)?),
            Operator::In => Test::In(self.list(json, path)?),
            Operator::Contains => Test::Contains(self.scalar(json, path)?),
            Operator::StartsWith => Test::StartsWith(self.text(json, path)?),
            Operator::GreaterThan => Test::GreaterThan(self.bound(attribute, json, path)?),
            Operator::LessThan => Test::LessThan(self.bound(attribute, json, path)?),
            Operator::Between => {
                let (from, to) = self.two(json, path)?;
                let from = self.bound(attribute, from, &format!("{path}/0"));
                let to = self.bound(attribute, to, &format!("{path}/1"));
                let (from, to) = (from?, to?);
                if is_empty(&from, &to) {
                    return self.wrong(path, "the first is to be the lesser one, and of the same kind as the second");
                }
                Test::Between(from, to)
            }
            Operator::Exists => match json {
                Json::Bool(exists) => Test::Exists(*exists),
                _ => return self.wrong(path, "true or false belongs here"),
            },
            Operator::IpInRange => Test::IpInRange(self.networks(json, path)?),
            Operator::TimeBetween => {
                let (from, to) = self.two(json, path)?;
                let from = self.time_of_day(from, &format!("{path}/0"));
                let to = self.time_of_day(to, &format!("{path}/1"));
                let (from, to) = (from?, to?);
                if from == to {
                    return self.wrong(path, "from a time until the same time is never");
                }
                Test::TimeBetween(from, to)
            }
        })
    }

    /// `{"attribute": …}`
    fn other(&mut self, object: &Map<String, Json>, path: &str) -> Option<Operand> {
        let named = object.get("attribute").filter(|_| object.len() == 1).and_then(Json::as_str);
        match named.map(str::parse::<Attribute>) {
            Some(Ok(attribute)) if !matches!(attribute, Attribute::Time | Attribute::Ip) => {
                Some(Operand::Attribute(attribute))
            }
            Some(Ok(_)) => self.wrong(path, "what is compared with is a value, or an attribute of user or resource"),
            Some(Err(error)) => self.wrong(&format!("{path}/attribute"), error.to_string()),
            None => self.wrong(path, "an object here is `{\"attribute\": \"user.<name>\"}`"),
        }
    }

    fn scalar(&mut self, json: &Json, path: &str) -> Option<Operand> {
        if let Json::Object(object) = json {
            return self.other(object, path);
        }
        self.value(json, path).map(Operand::Value)
    }

    fn value(&mut self, json: &Json, path: &str) -> Option<Value> {
        match serde_json::from_value(json.clone()) {
            Ok(Value::Text(text)) if text.len() > MAX_TEXT => {
                self.wrong(path, format!("a text has at most {MAX_TEXT} bytes"))
            }
            Ok(value) if value.kind() != Kind::List => Some(value),
            _ => self.wrong(path, "a text, a number, true or false belongs here"),
        }
    }

    fn list(&mut self, json: &Json, path: &str) -> Option<Operand> {
        if let Json::Object(object) = json {
            return self.other(object, path);
        }
        let Json::Array(items) = json else {
            return self.wrong(path, "a list, or an attribute that is one, belongs here");
        };
        if items.is_empty() || items.len() > MAX_LIST {
            return self.wrong(path, format!("a list has 1 to {MAX_LIST} values"));
        }
        let values: Vec<_> =
            items.iter().enumerate().map(|(at, item)| self.value(item, &format!("{path}/{at}"))).collect();
        let values: Vec<Value> = values.into_iter().collect::<Option<_>>()?;
        if values.iter().any(|value| value.kind() != values[0].kind()) {
            return self.wrong(path, "all values of a list are of one kind");
        }
        Some(Operand::Value(Value::List(values)))
    }

    fn text(&mut self, json: &Json, path: &str) -> Option<Operand> {
        match self.scalar(json, path)? {
            Operand::Value(value) if value.kind() != Kind::Text => self.wrong(path, "a text belongs here"),
            operand => Some(operand),
        }
    }

    fn bound(&mut self, attribute: &Attribute, json: &Json, path: &str) -> Option<Bound> {
        let bound = match self.scalar(json, path)? {
            Operand::Attribute(attribute) => return Some(Bound::Attribute(attribute)),
            Operand::Value(value) if value.kind() == Kind::Number => Bound::Number(value),
            Operand::Value(value) => match value.time() {
                Some(time) => Bound::Time(time),
                None => return self.wrong(path, "a number, or a time such as \"2026-12-01T12:00:00Z\", belongs here"),
            },
        };
        if *attribute == Attribute::Time && matches!(bound, Bound::Number(_)) {
            return self.wrong(path, "a time such as \"2026-12-01T12:00:00Z\" belongs here");
        }
        Some(bound)
    }

    fn two<'a>(&mut self, json: &'a Json, path: &str) -> Option<(&'a Json, &'a Json)> {
        match json.as_array().map(Vec::as_slice) {
            Some([from, to]) => Some((from, to)),
            _ => self.wrong(path, "a list of two, from and to, belongs here"),
        }
    }

    fn networks(&mut self, json: &Json, path: &str) -> Option<Vec<IpNet>> {
        let Json::Array(items) = json else { return self.wrong(path, "a list of networks belongs here") };
        if items.is_empty() || items.len() > MAX_LIST {
            return self.wrong(path, format!("a list has 1 to {MAX_LIST} networks"));
        }
        let networks: Vec<_> =
            items.iter().enumerate().map(|(at, item)| self.network(item, &format!("{path}/{at}"))).collect();
        networks.into_iter().collect()
    }

    fn network(&mut self, json: &Json, path: &str) -> Option<IpNet> {
        let text = json.as_str().unwrap_or_default();
        match text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)) {
            Ok(network) => Some(network),
            Err(_) => self.wrong(path, "a network such as \"10.0.0.0/8\", or an address, belongs here"),
        }
    }

    fn time_of_day(&mut self, json: &Json, path: &str) -> Option<civil::Time> {
        let text = json.as_str().filter(|text| matches!(text.len(), 5 | 8));
        match text.and_then(|text| text.parse().ok()) {
            Some(time) => Some(time),
            None => self.wrong(path, "a time of day such as \"09:00\" belongs here"),
        }
    }
}

/// Whether nothing can lie between them, as far as that is known.
fn is_empty(from: &Bound, to: &Bound) -> bool {
    match (from, to) {
        (Bound::Number(from), Bound::Number(to)) => from.order(to).is_none_or(std::cmp::Ordering::is_gt),
        (Bound::Time(from), Bound::Time(to)) => from > to,
        (Bound::Number(_), Bound::Time(_)) | (Bound::Time(_), Bound::Number(_)) => true,
        (Bound::Attribute(_), _) | (_, Bound::Attribute(_)) => false,
    }
}
