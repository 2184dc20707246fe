//! The final backup of a tenant: what `deletionPolicy: Delete` would remove, in a bucket of the
//! platform's own. A manifest is written last, and once: where there is one, the backup is whole, and nobody
//! writes another; where there is none, it is made anew, whoever began it. An operator that does not know yet
//! how far another has come (it was held up, its cache is old) would else put what it finds of data that are
//! being removed in the place of what was saved.

mod contents;
mod due;
mod make;
pub mod manifest;

pub use due::{Place, due, made, wanted};
pub use make::make;
