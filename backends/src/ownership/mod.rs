//! Who owns an object outside, and whether we may touch it.
//!
//! Every external object carries a [`Mark`]: as the comment of a schema or role, as attributes of
//! a realm, tags of a bucket or labels. [`judge`] says what may be done with an object to bring it
//! to its desired state, [`judge_retired`] what may be done with it when its owner goes.

mod installation;
mod judge;
mod mark;
mod refusal;

pub use installation::Installation;
pub use judge::{Found, Parting, Refusal, Verdict, judge, judge_retired};
pub use mark::{Mark, Stamp};
