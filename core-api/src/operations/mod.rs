//! What is being done about a tenant and its installs, and by the platform for all of them, each as one thing to
//! follow.

mod find;
mod get;
mod list;
mod record;
mod view;

pub use get::*;
pub use list::*;
pub use view::*;
