//! Conditions as JSON.

use jiff::civil;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::{Value as Json, json};

use super::{Bound, Condition, Operand, Test};

impl Condition {
    /// As people write it.
    pub fn to_json(&self) -> Json {
        match self {
            Self::All(all) => json!({ "all": several(all) }),
            Self::Any(any) => json!({ "any": several(any) }),
            Self::Not(not) => json!({ "not": not.to_json() }),
            Self::Is(attribute, test) => {
                json!({ "attribute": attribute, "operator": test.operator().as_str(), "value": test.value() })
            }
        }
    }
}

fn several(parts: &[Condition]) -> Vec<Json> {
    parts.iter().map(Condition::to_json).collect()
}

impl Test {
    fn value(&self) -> Json {
        match self {
            Self::Equals(operand)
            | Self::NotEquals(operand)
            | Self::In(operand)
            | Self::Contains(operand)
            | Self::StartsWith(operand) => operand.to_json(),
            Self::GreaterThan(bound) | Self::LessThan(bound) => bound.to_json(),
            Self::Between(from, to) => json!([from.to_json(), to.to_json()]),
            Self::Exists(exists) => json!(exists),
            Self::IpInRange(networks) => networks.iter().map(|network| json!(network.to_string())).collect(),
            Self::TimeBetween(from, to) => json!([time_of_day(*from), time_of_day(*to)]),
        }
    }
}

impl Operand {
    fn to_json(&self) -> Json {
        match self {
            Self::Value(value) => json!(value),
            Self::Attribute(attribute) => json!({ "attribute": attribute }),
        }
    }
}

impl Bound {
    fn to_json(&self) -> Json {
        match self {
            Self::Number(number) => json!(number),
            Self::Time(time) => json!(time.to_string()),
            Self::Attribute(attribute) => json!({ "attribute": attribute }),
        }
    }
}

fn time_of_day(time: civil::Time) -> String {
    let format = if time.second() == 0 { "%H:%M" } else { "%H:%M:%S" };
    time.strftime(format).to_string()
}

impl Serialize for Condition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Condition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Json::deserialize(deserializer)?;
        Self::read(&json).map_err(|mistakes| {
            let mistakes: Vec<_> = mistakes.iter().map(ToString::to_string).collect();
            de::Error::custom(mistakes.join("; "))
        })
    }
}
