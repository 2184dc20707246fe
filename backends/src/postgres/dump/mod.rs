//! A schema's content, by the programs `pg_dump` and `pg_restore`.

mod connection;
mod process;
mod read;
mod readable;
mod room;
mod write;

pub use read::Dump;
pub use readable::{Opened, Readable, open};
pub use room::{Room, room};
pub use write::Restore;

pub(super) use connection::variables;
