//! A realm: what it should be, what it is, and how one becomes the other.

mod broker;
mod compare;
mod desired;
mod ensure;
mod export;
mod import;
mod mfa;
mod observe;
mod plan;
mod read;
mod record;
mod representation;
mod retire;
mod servers;
mod sign_in;
mod smtp;

pub use broker::Broker;
pub use desired::{AdminUser, Lifetimes, RealmDesired};
pub use observe::{Observed, Present};
pub use plan::Drift;
pub use servers::Servers;
pub use sign_in::SignIn;
pub use smtp::Smtp;
