//! A real Keycloak, with a service account made as `docs/bootstrap.md` says.

use plexica_testkit::keycloak::{Administrator, SECRET};
use plexica_testkit::require;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use crate::subject::Subject;

/// One service account for all tests of a run.
static CLIENT: OnceCell<String> = OnceCell::const_new();

/// The running Keycloak, if there is one.
pub async fn subject() -> Option<Subject> {
    let keycloak = require!(keycloak)?;
    plexica_testkit::tls();
    let client = CLIENT.get_or_init(async || Administrator::of(&keycloak).service_account().await).await;
    Some(Subject::new(&keycloak.url, client, SECRET, CancellationToken::new(), None).await)
}
