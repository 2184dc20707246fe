//! What a list may show: conditions of which all is known but the resources.

use super::Access;
use crate::{
    Attribute, Attributes, Condition, Request, Value,
    condition::{Bound, Find, Found, Operand, Test},
};

/// Which resources somebody may see, before it is known which there are.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// None.
    Nothing,
    /// Those of which each of these comes to what stands beside it, and can be told; without any, all.
    Where(Vec<(Partial, bool)>),
}

/// A condition that depends on the resource alone.
#[derive(Clone, Debug, PartialEq)]
pub enum Partial {
    /// Cannot be told, whatever the resource is.
    Unknown,
    /// Always, or never.
    Known(bool),
    /// As [`Condition::All`].
    All(Vec<Self>),
    /// As [`Condition::Any`].
    Any(Vec<Self>),
    /// As [`Condition::Not`].
    Not(Box<Self>),
    /// As [`Condition::Is`]; no attribute is of anything but the resource.
    Is(Operand, Test),
}

impl Access {
    /// Which resources may be seen. The request's own resource counts for nothing.
    pub fn filter(&self, request: &Request<'_>) -> Filter {
        let nothing_known = Attributes::default();
        let request = Request { resource: &nothing_known, ..*request };
        let Some((_, within)) = &self.scope else { return Filter::Nothing };
        let scope = (Partial::of(within, &request), true);
        let denies = self.denies.iter().map(|policy| (Partial::of(&policy.condition, &request), false));
        let allows = self.allows.iter().map(|(_, policies)| {
            let conditions = policies.iter().map(|policy| Partial::of(&policy.condition, &request));
            (Partial::join(true, conditions), true)
        });
        let mut wanted = Vec::new();
        for (partial, is_to_be) in [scope].into_iter().chain(denies).chain(allows) {
            match partial {
                Partial::Known(is) if is == is_to_be => {}
                Partial::Known(_) | Partial::Unknown => return Filter::Nothing,
                depends => wanted.push((depends, is_to_be)),
            }
        }
        Filter::Where(wanted)
    }
}

impl Filter {
    /// Whether a resource may be seen.
    pub fn shows(&self, resource: &Attributes) -> bool {
        match self {
            Self::Nothing => false,
            Self::Where(wanted) => wanted.iter().all(|(partial, is)| partial.holds(resource) == Some(*is)),
        }
    }
}

impl Partial {
    fn of(condition: &Condition, request: &Request<'_>) -> Self {
        match condition {
            Condition::All(parts) => Self::join(false, parts.iter().map(|part| Self::of(part, request))),
            Condition::Any(parts) => Self::join(true, parts.iter().map(|part| Self::of(part, request))),
            Condition::Not(part) => match Self::of(part, request) {
                Self::Unknown => Self::Unknown,
                Self::Known(holds) => Self::Known(!holds),
                depends => Self::Not(Box::new(depends)),
            },
            Condition::Is(attribute, test) if is_of_resource(attribute) || test.attributes().any(is_of_resource) => {
                let depends = || Some(Self::Is(operand(attribute, request)?, test.known(request)?));
                depends().unwrap_or(Self::Unknown)
            }
            Condition::Is(..) => condition.holds(request).map_or(Self::Unknown, Self::Known),
        }
    }

    fn join(decisive: bool, parts: impl Iterator<Item = Self>) -> Self {
        let mut depend = Vec::new();
        for part in parts {
            match part {
                Self::Known(holds) if holds == decisive => return Self::Known(decisive),
                Self::Known(_) => {}
                Self::Unknown if depend.contains(&Self::Unknown) => {}
                depends => depend.push(depends),
            }
        }
        match &depend[..] {
            [] => Self::Known(!decisive),
            [Self::Unknown] => Self::Unknown,
            _ if decisive => Self::Any(depend),
            _ => Self::All(depend),
        }
    }

    fn holds(&self, resource: &Attributes) -> Option<bool> {
        let until = |decisive: bool, parts: &[Self]| {
            let holds: Vec<_> = parts.iter().map(|part| part.holds(resource)).collect();
            if holds.contains(&Some(decisive)) {
                return Some(decisive);
            }
            (!holds.contains(&None)).then_some(!decisive)
        };
        match self {
            Self::Unknown => None,
            Self::Known(holds) => Some(*holds),
            Self::All(parts) => until(false, parts),
            Self::Any(parts) => until(true, parts),
            Self::Not(part) => part.holds(resource).map(|holds| !holds),
            Self::Is(Operand::Value(value), test) => test.is_met(Some(Found::value(value)), &Resource(resource)),
            Self::Is(Operand::Attribute(attribute), test) => {
                let resource = Resource(resource);
                test.is_met(resource.find(attribute), &resource)
            }
        }
    }
}

struct Resource<'a>(&'a Attributes);

impl<'a> Find<'a> for Resource<'a> {
    fn find(&self, attribute: &Attribute) -> Option<Found<'a>> {
        let Attribute::Resource(name) = attribute else { return None };
        self.0.get(name).map(Found::value)
    }
}

fn is_of_resource(attribute: &Attribute) -> bool {
    matches!(attribute, Attribute::Resource(_))
}

/// What is known already, or which attribute of the resource it is.
fn operand(attribute: &Attribute, request: &Request<'_>) -> Option<Operand> {
    if is_of_resource(attribute) {
        return Some(Operand::Attribute(attribute.clone()));
    }
    Some(Operand::Value(match request.find(attribute)? {
        Found::Value(value) => value.clone(),
        Found::Text(text) => text.into(),
        Found::Time(time) => Value::Text(time.timestamp().to_string()),
        Found::Ip(ip) => Value::Text(ip.to_string()),
    }))
}

impl Test {
    /// The same with all that is known already; nothing if an attribute is missing or of another kind.
    fn known(&self, request: &Request<'_>) -> Option<Self> {
        let known = |one: &Operand| match one {
            Operand::Value(_) => Some(one.clone()),
            Operand::Attribute(attribute) => operand(attribute, request),
        };
        let bound = |one: &Bound| {
            let Bound::Attribute(attribute) = one else { return Some(one.clone()) };
            match operand(attribute, request)? {
                Operand::Attribute(attribute) => Some(Bound::Attribute(attribute)),
                Operand::Value(number @ (Value::Integer(_) | Value::Decimal(_))) => Some(Bound::Number(number)),
                Operand::Value(value) => value.time().map(Bound::Time),
            }
        };
        Some(match self {
            Self::Equals(operand) => Self::Equals(known(operand)?),
            Self::NotEquals(operand) => Self::NotEquals(known(operand)?),
            Self::In(operand) => Self::In(known(operand)?),
            Self::Contains(operand) => Self::Contains(known(operand)?),
            Self::StartsWith(operand) => Self::StartsWith(known(operand)?),
            Self::GreaterThan(one) => Self::GreaterThan(bound(one)?),
            Self::LessThan(one) => Self::LessThan(bound(one)?),
            Self::Between(from, to) => Self::Between(bound(from)?, bound(to)?),
            Self::Exists(_) | Self::IpInRange(_) | Self::TimeBetween(..) => self.clone(),
        })
    }
}
