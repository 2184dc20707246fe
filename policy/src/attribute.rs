//! What conditions look at.

use std::{collections::HashMap, fmt, net::IpAddr, str::FromStr};

use jiff::Zoned;
use serde::{Deserialize, Serialize};

use crate::{Permission, Value};

/// Levels of a name: `user.profile.department` has two.
const MAX_DEPTH: usize = 4;
const MAX_LENGTH: usize = 80;

/// The name of an attribute.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Attribute {
    /// `user.<name>`: of who asks. Always there are `id`, `roles` and `teams`.
    User(Box<str>),
    /// `resource.<name>`: of what is asked for.
    Resource(Box<str>),
    /// `action`: the last segment of the permission.
    Action,
    /// `environment.time`: now.
    Time,
    /// `environment.ip`: where the request is from.
    Ip,
}

/// A text that names none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("attributes are `user.<name>`, `resource.<name>`, `action`, `environment.time` and `environment.ip`")]
pub struct AttributeError;

impl FromStr for Attribute {
    type Err = AttributeError;
    fn from_str(text: &str) -> Result<Self, AttributeError> {
        match text {
            "action" => return Ok(Self::Action),
            "environment.time" => return Ok(Self::Time),
            "environment.ip" => return Ok(Self::Ip),
            _ => {}
        }
        let (of, name) = text.split_once('.').ok_or(AttributeError)?;
        let is_word = |word: &str| {
            word.starts_with(|first: char| first.is_ascii_alphabetic())
                && word.chars().all(|char| char.is_ascii_alphanumeric() || char == '_')
        };
        let words = name.split('.');
        if text.len() > MAX_LENGTH || words.clone().count() > MAX_DEPTH || !words.clone().all(is_word) {
            return Err(AttributeError);
        }
        match of {
            "user" => Ok(Self::User(name.into())),
            "resource" => Ok(Self::Resource(name.into())),
            _ => Err(AttributeError),
        }
    }
}

impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(name) => write!(f, "user.{name}"),
            Self::Resource(name) => write!(f, "resource.{name}"),
            Self::Action => f.write_str("action"),
            Self::Time => f.write_str("environment.time"),
            Self::Ip => f.write_str("environment.ip"),
        }
    }
}

impl TryFrom<String> for Attribute {
    type Error = AttributeError;
    fn try_from(text: String) -> Result<Self, AttributeError> {
        text.parse()
    }
}

impl From<Attribute> for String {
    fn from(attribute: Attribute) -> Self {
        attribute.to_string()
    }
}

/// Attributes of a user or of a resource, by name; those within others by `outer.inner`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attributes(HashMap<Box<str>, Value>);

impl Attributes {
    /// Of a JSON object. Null is as if it were not there.
    pub fn of(json: &serde_json::Value) -> Self {
        let mut attributes = Self::default();
        attributes.add("", json);
        attributes
    }

    /// One of them.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// Sets one.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.into(), value.into());
    }

    fn add(&mut self, name: &str, json: &serde_json::Value) {
        if let serde_json::Value::Object(fields) = json {
            for (field, value) in fields {
                let name = if name.is_empty() { field.clone() } else { format!("{name}.{field}") };
                self.add(&name, value);
            }
        } else if let Ok(value) = Value::deserialize(json) {
            self.0.insert(name.into(), value);
        }
    }
}

/// What is the same for whoever asks.
#[derive(Clone, Debug, PartialEq)]
pub struct Environment {
    /// Now, in the tenant's time zone.
    pub time: Zoned,
    /// Where the request is from, where that is known.
    pub ip: Option<IpAddr>,
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// To do what.
    pub permission: &'a Permission,
    /// Who asks: `id`, `teams`, and whatever else is known.
    pub user: &'a Attributes,
    /// For what: `owner`, `team`, and whatever else is known. Of what does not exist yet, as it would be.
    pub resource: &'a Attributes,
    /// When, and from where.
    pub environment: &'a Environment,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names() {
        for text in
            ["user.id", "resource.owner", "user.profile.department", "action", "environment.time", "environment.ip"]
        {
            assert_eq!(text.parse::<Attribute>().unwrap().to_string(), text);
        }
        for text in
            ["", "user", "user.", "User.id", "environment.place", "user..id", "user.a.b.c.d.e", "user.a-b", "id"]
        {
            assert_eq!(text.parse::<Attribute>(), Err(AttributeError), "{text}");
        }
    }

    #[test]
    fn what_is_within_others_has_a_name_of_its_own() {
        let attributes = Attributes::of(&json!({
            "id": "u1", "profile": { "department": "sales", "floor": 3 }, "teams": ["a", "b"], "manager": null,
        }));
        assert_eq!(attributes.get("profile.department"), Some(&"sales".into()));
        assert_eq!(attributes.get("profile.floor"), Some(&3.into()));
        assert_eq!(attributes.get("teams"), Some(&Value::List(vec!["a".into(), "b".into()])));
        assert_eq!(attributes.get("manager"), None);
        assert_eq!(attributes.get("profile"), None);
    }
}
