//! Whether a condition holds.

use std::cmp::Ordering;

use serde::Serialize;

use super::{
    Bound, Condition, Operand, Test,
    compare::{Find, Found},
};
use crate::{Attribute, Request, value::Kind};

/// Why it cannot be told whether a condition holds.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Unknown {
    /// An attribute is not there.
    #[error("{attribute} is not there")]
    Missing {
        /// Which.
        attribute: Attribute,
    },
    /// An attribute is of a kind with which this cannot be asked.
    #[error("{attribute} is {kind}, of which {operator} cannot be asked here")]
    Kind {
        /// Which.
        attribute: Attribute,
        /// What it is.
        kind: Kind,
        /// What was to be asked.
        operator: &'static str,
    },
}

impl Condition {
    /// Whether it holds.
    ///
    /// # Errors
    /// When that cannot be told.
    pub fn holds(&self, request: &Request<'_>) -> Result<bool, Unknown> {
        match self {
            Self::All(all) => until(false, all, request),
            Self::Any(any) => until(true, any, request),
            Self::Not(not) => not.holds(request).map(|holds| !holds),
            Self::Is(attribute, test) => test.holds(attribute, request),
        }
    }
}

/// What one of them says decides it; else what cannot be told of one; else the opposite.
fn until(decisive: bool, parts: &[Condition], request: &Request<'_>) -> Result<bool, Unknown> {
    let mut unknown = None;
    for part in parts {
        match part.holds(request) {
            Ok(holds) if holds == decisive => return Ok(decisive),
            Ok(_) => {}
            Err(why) => unknown = unknown.or(Some(why)),
        }
    }
    unknown.map_or(Ok(!decisive), Err)
}

impl Test {
    fn holds(&self, attribute: &Attribute, request: &Request<'_>) -> Result<bool, Unknown> {
        let found = request.find(attribute);
        self.is_met(found, request).ok_or_else(|| {
            let missing = [attribute].into_iter().chain(self.attributes()).find(|one| request.find(one).is_none());
            match (missing, found) {
                (None, Some(found)) => Unknown::Kind {
                    attribute: attribute.clone(),
                    kind: found.kind(),
                    operator: self.operator().as_str(),
                },
                (missing, _) => Unknown::Missing { attribute: missing.unwrap_or(attribute).clone() },
            }
        })
    }

    /// Those that it is compared with.
    pub(crate) fn attributes(&self) -> impl Iterator<Item = &Attribute> {
        let (one, other) = match self {
            Self::Equals(operand)
            | Self::NotEquals(operand)
            | Self::In(operand)
            | Self::Contains(operand)
            | Self::StartsWith(operand) => (operand.attribute(), None),
            Self::GreaterThan(bound) | Self::LessThan(bound) => (bound.attribute(), None),
            Self::Between(from, to) => (from.attribute(), to.attribute()),
            Self::Exists(_) | Self::IpInRange(_) | Self::TimeBetween(..) => (None, None),
        };
        one.into_iter().chain(other)
    }

    /// Nothing where one is not there, or both are of kinds that cannot be compared so.
    pub(crate) fn is_met<'a>(&'a self, found: Option<Found<'a>>, others: &impl Find<'a>) -> Option<bool> {
        if let Self::Exists(wanted) = self {
            return Some(found.is_some() == *wanted);
        }
        let found = found?;
        match self {
            Self::Equals(operand) => found.equals(&operand.found(others)?),
            Self::NotEquals(operand) => found.equals(&operand.found(others)?).map(|equals| !equals),
            Self::In(operand) => found.is_among(operand.found(others)?.list()?),
            Self::Contains(operand) => {
                let part = operand.found(others)?;
                match found.text() {
                    Some(text) => Some(text.contains(part.text()?)),
                    None => part.is_among(found.list()?),
                }
            }
            Self::StartsWith(operand) => Some(found.text()?.starts_with(operand.found(others)?.text()?)),
            Self::GreaterThan(bound) => found.order(bound, others).map(Ordering::is_gt),
            Self::LessThan(bound) => found.order(bound, others).map(Ordering::is_lt),
            Self::Between(from, to) => Some(found.order(from, others)?.is_ge() && found.order(to, others)?.is_le()),
            Self::Exists(_) => None,
            Self::IpInRange(networks) => {
                let Found::Ip(ip) = found else { return None };
                Some(networks.iter().any(|network| network.contains(&ip)))
            }
            Self::TimeBetween(from, to) => {
                let Found::Time(now) = found else { return None };
                let now = now.time();
                Some(if from <= to { (*from..*to).contains(&now) } else { now >= *from || now < *to })
            }
        }
    }
}

impl Operand {
    fn found<'a>(&'a self, others: &impl Find<'a>) -> Option<Found<'a>> {
        match self {
            Self::Value(value) => Some(Found::value(value)),
            Self::Attribute(attribute) => others.find(attribute),
        }
    }

    const fn attribute(&self) -> Option<&Attribute> {
        if let Self::Attribute(attribute) = self { Some(attribute) } else { None }
    }
}

impl Bound {
    const fn attribute(&self) -> Option<&Attribute> {
        if let Self::Attribute(attribute) = self { Some(attribute) } else { None }
    }
}
