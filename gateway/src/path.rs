//! A request's path, brought into one form before anything is decided by it.
//!
//! Gateways and upstreams that read one path in two ways are how requests get where they must not
//! be. So what has two readings is refused (encoded slashes, backslashes and dots, empty and dot
//! segments, control characters), the rest has exactly one spelling (unreserved characters are
//! decoded, other escapes are in upper case: [RFC 3986, 6.2.2]), and that spelling is both what
//! is matched and what the upstream gets.
//!
//! [RFC 3986, 6.2.2]: https://www.rfc-editor.org/rfc/rfc3986#section-6.2.2

mod normalize;
mod target;

pub use normalize::{Ambiguous, normalize};
pub use target::{Target, target};
