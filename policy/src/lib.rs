//! Who may do what: roles give permissions, policies narrow them, and one answer comes out. Without I/O, so that the core API,
//! the gateway and plugins (by the SDK) decide alike.
//!
//! | module | holds |
//! |---|---|
//! | [`permission`] | what is asked for (`crm:contacts:read`), and what is given (`crm:*:own`) |
//! | [`role`] | roles, which take from others |
//! | [`condition`] | when a policy applies, by attributes of user, resource and environment |
//! | [`policy`] | what allows, denies, hides and masks |
//! | [`snapshot`] | all of a tenant at one moment; [decides](Snapshot::decide), explains, and says what a list may show |
//!
//! A request is allowed when a role gives the permission, no policy that denies it applies, and, of each
//! [source](policy::Source) that has policies which allow it, one applies. What cannot be told, since an attribute is missing or
//! of another type, denies.

pub mod attribute;
pub mod condition;
pub mod permission;
pub mod policy;
pub mod role;
pub mod snapshot;
pub mod value;

pub use attribute::{Attribute, Attributes, Environment, Request};
pub use condition::Condition;
pub use permission::{Grant, Pattern, Permission, Scope};
pub use policy::Policy;
pub use role::Role;
pub use snapshot::Snapshot;
pub use value::Value;
