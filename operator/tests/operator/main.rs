//! The operator on real parts: Kubernetes' API server, Postgres, Keycloak, MinIO, and plugins as
//! processes.
//!
//! With `PLEXICA_TEST_API=standalone` the same tests run on the standalone API, but for those that
//! `needs` lists.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod backup;
mod before;
mod bucket_keys;
mod bucket_policy;
mod budget;
mod client_secret;
mod cluster;
mod concurrency;
mod configuration;
mod confirm;
mod credential;
mod crowd;
mod death;
mod departure;
mod dependency;
mod drift;
mod drift_of_install;
mod dry_run;
mod farewell;
mod fault;
mod foreign;
mod full;
mod gate;
mod hands;
mod install;
mod isolation;
mod keeper;
mod killed;
mod late;
mod leader;
mod needs;
mod operation;
mod pause;
mod placement;
mod plan;
mod plugin;
mod purge;
mod quiet;
mod quota;
mod rebuilt;
mod rehearsal;
mod removal;
mod restore;
mod rollout;
mod rotation;
mod rotation_killed;
mod running;
mod sign_in;
mod stalled;
mod static_keys;
mod stop;
mod suspend;
mod takeover;
mod tenant;
#[path = "../../../backends/tests/support/tls.rs"]
mod tls;
mod unheeded;
mod upgrade;
mod upgrade_killed;
mod world;

use plexica_testkit::keycloak as issuer;
