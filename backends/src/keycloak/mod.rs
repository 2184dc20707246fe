//! Keycloak: a realm per tenant, and the platform's own.
//!
//! [`Realms`] speaks Keycloak's admin REST API as a service account that may do no more than create
//! realms: it manages those it created and no other. [`embedded`] is an issuer for one machine that
//! serves the same API, so that nothing above knows which one answers.
//!
//! | | |
//! |---|---|
//! | [`RealmDesired`] | what a realm should be |
//! | [`Realms::observe`], [`Realms::ensure`], [`Realms::retire`] | the three verbs |
//! | [`Realms::users`] | users that others ask for: dev's sample user, the first super-admin |
//! | [`bootstrap`] | what an administrator does once |
//! | [`preflight`] | what the service account or the server lacks |

mod access;
pub mod bootstrap;
mod config;
mod digest;
pub mod embedded;
mod fault;
mod preflight;
mod realm;
mod users;

pub use access::Realms;
pub use config::Config;
pub use digest::Digests;
pub use preflight::preflight;
pub use realm::{AdminUser, Broker, Drift, Lifetimes, Observed, Present, RealmDesired, Servers, SignIn, Smtp};
pub use users::{User, UserDesired, Users};

/// The clients of every realm.
pub mod client {
    use plexica_contract::name::Slot;

    /// Public, for browsers: authorization code with PKCE.
    pub const WEB: &str = "web";
    /// Confidential, for servers of the tenant's own: client credentials.
    pub const API: &str = "api";
    /// The same, of every other generation.
    pub const API_2: &str = "api-2";

    /// The client for servers of that generation.
    pub const fn servers(slot: Slot) -> &'static str {
        match slot {
            Slot::Odd => API,
            Slot::Even => API_2,
        }
    }
}

/// Realm roles that Plexica gives a meaning.
pub mod role {
    /// Administers a tenant.
    pub const ADMIN: &str = "admin";
    /// Every user of a tenant.
    pub const USER: &str = "user";
    /// Administers the platform; in the platform's realm only.
    pub const SUPER_ADMIN: &str = "super-admin";
}

/// The audience that access tokens for Plexica carry.
pub const AUDIENCE: &str = "plexica";
