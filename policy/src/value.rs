//! What attributes are, and what they are compared with.

use std::{cmp::Ordering, fmt};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A value of JSON, without null and without objects.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// True or false.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// Another number.
    Decimal(f64),
    /// A text, which may be a time (RFC 3339).
    Text(String),
    /// Several, of which none is a list.
    List(Vec<Self>),
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// True or false.
    Boolean,
    /// A number.
    Number,
    /// A text.
    Text,
    /// A moment.
    Time,
    /// An address.
    Ip,
    /// Several values.
    List,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Boolean => "a boolean",
            Self::Number => "a number",
            Self::Text => "a text",
            Self::Time => "a time",
            Self::Ip => "an address",
            Self::List => "a list",
        })
    }
}

impl Value {
    /// What it is; a text that is a time is a text.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Boolean(_) => Kind::Boolean,
            Self::Integer(_) | Self::Decimal(_) => Kind::Number,
            Self::Text(_) => Kind::Text,
            Self::List(_) => Kind::List,
        }
    }

    /// The moment that a text names.
    pub fn time(&self) -> Option<Timestamp> {
        let Self::Text(text) = self else { return None };
        text.parse().ok()
    }

    /// Whether both are the same; nothing if they are of different kinds, or lists.
    pub fn equals(&self, other: &Self) -> Option<bool> {
        match (self, other) {
            (Self::Boolean(one), Self::Boolean(other)) => Some(one == other),
            (Self::Text(one), Self::Text(other)) => Some(one == other),
            (Self::List(_), _) | (_, Self::List(_)) => None,
            _ => self.number(other).map(|order| order == Ordering::Equal),
        }
    }

    /// How they are ordered: numbers, and texts that are times; nothing for others.
    pub fn order(&self, other: &Self) -> Option<Ordering> {
        self.number(other).or_else(|| Some(self.time()?.cmp(&other.time()?)))
    }

    fn number(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Integer(one), Self::Integer(other)) => Some(one.cmp(other)),
            (Self::Decimal(one), Self::Decimal(other)) => one.partial_cmp(other),
            (Self::Integer(whole), Self::Decimal(other)) => against(*whole, *other),
            (Self::Decimal(one), Self::Integer(whole)) => against(*whole, *one).map(Ordering::reverse),
            _ => None,
        }
    }
}

/// Exact, beyond 2^53 as well.
#[expect(clippy::cast_possible_truncation, reason = "what does not fit is told before")]
fn against(whole: i64, other: f64) -> Option<Ordering> {
    const PAST: f64 = 9_223_372_036_854_775_808.0;
    if other.is_nan() {
        return None;
    }
    if other >= PAST {
        return Some(Ordering::Less);
    }
    if other < -PAST {
        return Some(Ordering::Greater);
    }
    let floor = other.floor();
    let rest = if other > floor { Ordering::Less } else { Ordering::Equal };
    Some(whole.cmp(&(floor as i64)).then(rest))
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<i64> for Value {
    fn from(whole: i64) -> Self {
        Self::Integer(whole)
    }
}

impl From<bool> for Value {
    fn from(one: bool) -> Self {
        Self::Boolean(one)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_exactly() {
        let big = 9_007_199_254_740_993; // 2^53 + 1
        for (one, other, expected) in [
            (Value::Integer(1), Value::Decimal(1.0), Some(Ordering::Equal)),
            (Value::Integer(1), Value::Decimal(1.5), Some(Ordering::Less)),
            (Value::Integer(-1), Value::Decimal(-1.5), Some(Ordering::Greater)),
            (Value::Decimal(1.5), Value::Integer(1), Some(Ordering::Greater)),
            (Value::Integer(big), Value::Decimal(9_007_199_254_740_992.0), Some(Ordering::Greater)),
            (Value::Integer(i64::MAX), Value::Decimal(9_223_372_036_854_775_808.0), Some(Ordering::Less)),
            (Value::Integer(i64::MIN), Value::Decimal(-9_223_372_036_854_775_808.0), Some(Ordering::Equal)),
            (Value::Integer(0), Value::Decimal(f64::NAN), None),
            (Value::Integer(0), "0".into(), None),
        ] {
            assert_eq!(one.order(&other), expected, "{one:?} {other:?}");
        }
    }

    #[test]
    fn times_are_compared_and_other_texts_are_not() {
        let [summer, winter] = ["2026-07-01T12:00:00+02:00", "2026-12-01T12:00:00Z"].map(Value::from);
        assert_eq!(summer.order(&winter), Some(Ordering::Less));
        assert_eq!(Value::from("2026-07-01T10:00:00Z").order(&summer), Some(Ordering::Equal));
        assert_eq!(Value::from("a").order(&Value::from("b")), None);
    }

    #[test]
    fn different_kinds_are_not_unequal_but_not_to_be_compared() {
        assert_eq!(Value::from("1").equals(&1.into()), None);
        assert_eq!(Value::from(true).equals(&"true".into()), None);
        assert_eq!(Value::from("a").equals(&"b".into()), Some(false));
        assert_eq!(Value::List(vec![]).equals(&Value::List(vec![])), None);
    }
}
