//! Conditions: types, reasons, and keeping a list of them.

mod kind;
mod list;
mod reason;

pub use kind::ConditionType;
pub use list::Conditions;
pub use reason::{Reason, Remedy, UnknownReason};
