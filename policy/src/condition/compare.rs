//! What is found, beside what it is compared with.

use std::{cmp::Ordering, net::IpAddr};

use jiff::{Timestamp, Zoned};

use super::Bound;
use crate::{Attribute, Request, Value, value::Kind};

/// What an attribute is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Found<'a> {
    Value(&'a Value),
    Text(&'a str),
    Time(&'a Zoned),
    Ip(IpAddr),
}

/// What has attributes.
pub(crate) trait Find<'a> {
    /// One of them.
    fn find(&self, attribute: &Attribute) -> Option<Found<'a>>;
}

impl<'a> Find<'a> for Request<'a> {
    fn find(&self, attribute: &Attribute) -> Option<Found<'a>> {
        match attribute {
            Attribute::User(name) => self.user.get(name).map(Found::value),
            Attribute::Resource(name) => self.resource.get(name).map(Found::value),
            Attribute::Action => Some(Found::Text(self.permission.action())),
            Attribute::Time => Some(Found::Time(&self.environment.time)),
            Attribute::Ip => self.environment.ip.map(|ip| Found::Ip(ip.to_canonical())),
        }
    }
}

impl<'a> Found<'a> {
    pub fn value(value: &'a Value) -> Self {
        if let Value::Text(text) = value { Self::Text(text) } else { Self::Value(value) }
    }

    pub const fn kind(&self) -> Kind {
        match self {
            Self::Value(value) => value.kind(),
            Self::Text(_) => Kind::Text,
            Self::Time(_) => Kind::Time,
            Self::Ip(_) => Kind::Ip,
        }
    }

    pub const fn text(&self) -> Option<&'a str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    pub fn list(&self) -> Option<&'a [Value]> {
        if let Self::Value(Value::List(list)) = self { Some(list) } else { None }
    }

    pub fn equals(&self, other: &Found<'_>) -> Option<bool> {
        match (self, other) {
            (Self::Text(one), Found::Text(other)) => Some(one == other),
            (Self::Value(one), Found::Value(other)) => one.equals(other),
            _ => None,
        }
    }

    /// Whether it is among them. What is of another kind than it is not told from it, unless another one is the same.
    pub fn is_among(&self, list: &[Value]) -> Option<bool> {
        let mut is_told = !matches!(self, Self::Time(_) | Self::Ip(_)) && self.list().is_none();
        for one in list {
            match self.equals(&Found::value(one)) {
                Some(true) => return Some(true),
                Some(false) => {}
                None => is_told = false,
            }
        }
        is_told.then_some(false)
    }

    pub fn order<'b>(&self, bound: &Bound, others: &impl Find<'b>) -> Option<Ordering> {
        match bound {
            Bound::Number(number) => self.number()?.order(number),
            Bound::Time(time) => Some(self.time()?.cmp(time)),
            Bound::Attribute(attribute) => {
                let other = others.find(attribute)?;
                match (self.number(), other.number()) {
                    (Some(one), Some(other)) => one.order(other),
                    (None, None) => Some(self.time()?.cmp(&other.time()?)),
                    _ => None,
                }
            }
        }
    }

    fn number(&self) -> Option<&'a Value> {
        if let Self::Value(value @ (Value::Integer(_) | Value::Decimal(_))) = self { Some(value) } else { None }
    }

    fn time(&self) -> Option<Timestamp> {
        match self {
            Self::Time(time) => Some(time.timestamp()),
            Self::Text(text) => text.parse().ok(),
            _ => None,
        }
    }
}
