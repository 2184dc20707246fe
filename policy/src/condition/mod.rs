//! When a policy applies.
//!
//! ```json
//! { "all": [
//!     { "attribute": "user.department", "operator": "equals", "value": "sales" },
//!     { "not": { "attribute": "resource.owner", "operator": "equals", "value": { "attribute": "user.id" } } }
//! ] }
//! ```
//!
//! What cannot be told (an attribute is missing or of another type) is neither true nor false: `not` leaves it so, `all` is false if
//! anything in it is, and `any` true if anything in it is, whatever else cannot be told
//! ([three-valued logic](https://en.wikipedia.org/wiki/Three-valued_logic#Kleene_and_Priest_logics), as SQL's). The order of parts
//! makes no difference.

mod compare;
mod evaluate;
mod operator;
mod read;
mod write;

use ipnet::IpNet;
use jiff::{Timestamp, civil};

use crate::{Attribute, Value};

pub(crate) use compare::{Find, Found};
pub use evaluate::Unknown;
pub use operator::Operator;
pub use read::Mistake;

/// When a policy applies.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// When all of them hold; without any, always.
    All(Vec<Self>),
    /// When one of them holds, at least.
    Any(Vec<Self>),
    /// When it does not hold.
    Not(Box<Self>),
    /// When an attribute is like this.
    Is(Attribute, Test),
}

/// What an attribute is compared with.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// Always this.
    Value(Value),
    /// What another attribute is.
    Attribute(Attribute),
}

/// What an attribute is more or less than.
#[derive(Clone, Debug, PartialEq)]
pub enum Bound {
    /// A number.
    Number(Value),
    /// A moment.
    Time(Timestamp),
    /// What another attribute is.
    Attribute(Attribute),
}

/// How an attribute is to be.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// The same.
    Equals(Operand),
    /// Another one.
    NotEquals(Operand),
    /// One of a list.
    In(Operand),
    /// A list that has it, or a text with this part.
    Contains(Operand),
    /// A text that begins so.
    StartsWith(Operand),
    /// More, or later.
    GreaterThan(Bound),
    /// Less, or earlier.
    LessThan(Bound),
    /// From the first to the second, both included.
    Between(Bound, Bound),
    /// There, or not there.
    Exists(bool),
    /// An address of one of these networks.
    IpInRange(Vec<IpNet>),
    /// A moment whose time of day is from the first on and before the second, past midnight if that is earlier.
    TimeBetween(civil::Time, civil::Time),
}

impl Condition {
    /// Holds always.
    pub const fn always() -> Self {
        Self::All(Vec::new())
    }
}
