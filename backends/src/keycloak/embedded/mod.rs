//! An OpenID issuer for one machine, with Keycloak's URLs and the part of its admin REST API that
//! [`Realms`](super::Realms) uses.
//!
//! It exists so that `plexica dev` needs no Java: realms, clients, roles and users live in Postgres
//! (schema `embedded_keycloak`), each realm has its own ES256 key, and tokens look as Keycloak's
//! do. It is made for loopback: no TLS, one service account. It keeps settings of a realm that it cannot
//! follow and gives them back: themes, second factor, brokers, mail server, history and age of
//! passwords.
//!
//! | module | holds |
//! |---|---|
//! | `store` | the tables |
//! | `oidc` | what clients call: discovery, keys, tokens, sign-in, userinfo, logout |
//! | `admin` | what the operator calls |
//! | `key`, `password`, `policy`, `throttle` | signing, hashing, what a password must have, slowing down guesses |

mod admin;
mod fault;
mod key;
mod oidc;
mod password;
mod policy;
mod server;
mod store;
mod throttle;

pub use server::{Config, Running, start};
