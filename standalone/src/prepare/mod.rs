//! What the server itself decides about an object before it is written. Pure.

mod create;
mod decode;
mod delete;
mod update;

pub use create::create;
pub use decode::{decode, strict};
pub use delete::{Deletion, Options as DeleteOptions, Propagation, delete};
pub use update::{Updated, released, same_uid, update};
