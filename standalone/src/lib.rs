//! The Kubernetes API for machines without a cluster, on Postgres.
//!
//! [`serve`] serves the custom resources it is given, and Namespaces, Secrets, Events, Leases,
//! `SelfSubjectAccessReview`s and (to read) the definitions themselves, over HTTPS, so that kubectl,
//! kube-rs and Go clients cannot tell. Everything is in the schema `standalone` of one database; any
//! number of servers may share it.
//!
//! | module | does |
//! |---|---|
//! | `storage` | objects and changes in Postgres: writers take turns, so revisions are seen in order |
//! | `http`, `auth`, `discovery`, `protobuf` | connections, callers, what is served, bodies of Go clients |
//! | `verbs` | get, list, watch, create, update, patch, delete |
//! | `prepare` | what the server decides about an object before it is written; pure |
//! | `schema`, `apply` | defaults, validation, tables, OpenAPI; field ownership and patches; pure |
//! | `garbage` | owner references, terminating namespaces, old Events, old changes |
//!
//! # Where it differs from the real server
//! - Answers are never protobuf, never compressed and never indented. `/openapi/v2` is not there.
//! - Definitions are those given at start; a definition cannot be written through the API.
//! - One version of a kind differs from another in its name alone: there is no conversion.
//! - No admission beside namespaces: no webhooks, quotas, policies or service accounts.
//! - A body whose kind is another known one is refused with another sentence, and a body of another
//!   version without the warning about its unknown fields.
//! - A `SelfSubjectAccessReview` is answered without managed fields.
//! - Errors of the schema come in the order of the schema; the real server's order is random.
//! - The last bookmark before the end of a long watch is not sent.
//! - A terminating namespace reports what is left, not the other four conditions.

mod api_error;
pub mod apply;
pub mod auth;
mod builtin;
mod definitions;
mod discovery;
pub mod field_error;
mod garbage;
mod http;
pub mod kind;
mod kubeconfig;
pub mod manager;
mod object;
mod prepare;
mod protobuf;
pub mod schema;
mod served;
mod server;
mod state;
mod storage;
mod tls;
mod verbs;

pub use auth::Token;
pub use kubeconfig::kubeconfig;
pub use server::{Config, Error, Server, serve};
pub use storage::{EncryptionKey, StorageError};
pub use tls::{Tls, TlsError};
