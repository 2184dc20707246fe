//! A tenant's installed plugins, for the tenant's administrators.

mod create;
mod delete;
mod find;
mod get;
mod list;
mod needed;
mod patch;
mod view;

pub use create::*;
pub use delete::*;
pub use find::may_name;
pub use get::*;
pub use list::*;
pub use patch::*;
pub use view::*;
