//! The final backup of a tenant: what `deletionPolicy: Delete` would remove, in a bucket of the
//! platform's own. A manifest is written last: where there is one, the backup is whole; where there is
//! none, it is made anew, whoever began it.

mod contents;
mod due;
mod make;
pub mod manifest;

pub use due::{Place, due, made, wanted};
pub use make::make;
