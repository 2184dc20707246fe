//! The names of operators, and what each takes.

use super::Test;
use crate::Attribute;

/// How an attribute is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `equals`
    Equals,
    /// `notEquals`
    NotEquals,
    /// `in`
    In,
    /// `contains`
    Contains,
    /// `startsWith`
    StartsWith,
    /// `greaterThan`
    GreaterThan,
    /// `lessThan`
    LessThan,
    /// `between`
    Between,
    /// `exists`
    Exists,
    /// `ipInRange`
    IpInRange,
    /// `timeBetween`
    TimeBetween,
}

impl Operator {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Equals,
        Self::NotEquals,
        Self::In,
        Self::Contains,
        Self::StartsWith,
        Self::GreaterThan,
        Self::LessThan,
        Self::Between,
        Self::Exists,
        Self::IpInRange,
        Self::TimeBetween,
    ];

    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Equals => "equals",
            Self::NotEquals => "notEquals",
            Self::In => "in",
            Self::Contains => "contains",
            Self::StartsWith => "startsWith",
            Self::GreaterThan => "greaterThan",
            Self::LessThan => "lessThan",
            Self::Between => "between",
            Self::Exists => "exists",
            Self::IpInRange => "ipInRange",
            Self::TimeBetween => "timeBetween",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operator| operator.as_str() == name)
    }

    /// Whether it can be asked of an attribute.
    pub const fn is_for(self, attribute: &Attribute) -> bool {
        match attribute {
            Attribute::User(_) | Attribute::Resource(_) => !matches!(self, Self::IpInRange | Self::TimeBetween),
            Attribute::Action => matches!(self, Self::Equals | Self::NotEquals | Self::In | Self::StartsWith),
            Attribute::Time => {
                matches!(self, Self::GreaterThan | Self::LessThan | Self::Between | Self::Exists | Self::TimeBetween)
            }
            Attribute::Ip => matches!(self, Self::IpInRange | Self::Exists),
        }
    }
}

impl Test {
    /// Which operator it is.
    pub const fn operator(&self) -> Operator {
        match self {
            Self::Equals(_) => Operator::Equals,
            Self::NotEquals(_) => Operator::NotEquals,
            Self::In(_) => Operator::In,
            Self::Contains(_) => Operator::Contains,
            Self::StartsWith(_) => Operator::StartsWith,
            Self::GreaterThan(_) => Operator::GreaterThan,
            Self::LessThan(_) => Operator::LessThan,
            Self::Between(..) => Operator::Between,
            Self::Exists(_) => Operator::Exists,
            Self::IpInRange(_) => Operator::IpInRange,
            Self::TimeBetween(..) => Operator::TimeBetween,
        }
    }
}
