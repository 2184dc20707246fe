//! The bucket of what outlives tenants: written as streams, read back whole or in pages.

mod clear;
mod create;
mod ensure;
mod list;
mod read;
mod upload;

pub use clear::clear;
pub use create::create;
pub use ensure::ensure;
pub use list::{Object, page};
pub use read::{Pieces, read};
pub use upload::{Upload, Written};
