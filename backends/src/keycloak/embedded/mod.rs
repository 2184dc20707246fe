//! An OpenID issuer for one machine, with Keycloak's URLs and the part of its admin REST API that
//! [`Realms`](super::Realms) uses.
//!
//! It exists so that `plexica dev` needs no Java: realms, clients, roles and users live in Postgres
//! (schema `embedded_keycloak`), each realm has its own ES256 key, and tokens look as Keycloak's
//! do. It is made for loopback: no TLS, one service account, no themes, no federation.
//!
//! | module | holds |
//! |---|---|
//! | `store` | the tables |
//! | `oidc` | what clients call: discovery, keys, tokens, sign-in, userinfo, logout |
//! | `admin` | what the operator calls |
//! | `key`, `password`, `throttle` | signing, hashing, slowing down guesses |

mod admin;
mod fault;
mod key;
mod oidc;
mod password;
mod server;
mod store;
mod throttle;

pub use server::{Config, Running, start};
