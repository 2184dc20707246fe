//! Schema `core` in every database, and the platform's realm.

use std::sync::Arc;

use futures::future::join_all;
use plexica_backends::{
    System,
    keycloak::RealmDesired,
    postgres::{DEFAULT_PLACEMENT, Provisioner, core},
};
use plexica_service::Gate;
use tokio_util::sync::CancellationToken;

use super::{identity, until_done};
use crate::{context::Context, problem::Problem, resource::namespaced};

/// Brings all up, each as soon as its backend answers. The gates open with what every tenant needs:
/// the default database and the realm; one more database that is down holds up nobody else.
/// All is looked at again and again, until `stop` is cancelled.
pub async fn keep(
    context: Arc<Context>,
    platform_realm: RealmDesired,
    database: Gate,
    identity: Gate,
    stop: CancellationToken,
) {
    let schemas = context.databases.iter().map(async |(name, provisioner)| {
        let what = format!("schema core of the database {name}");
        let gate = (name == DEFAULT_PLACEMENT).then_some(&database);
        // It becomes another cluster's when that one is told that this one is gone.
        again(&context, &what, gate, &stop, || schema(&context, name, provisioner)).await;
    });
    // As those of tenants, the realm can become another or somebody else's at any time.
    let realm = again(&context, "the platform's realm", Some(&identity), &stop, || realm(&context, &platform_realm));
    futures::join!(join_all(schemas), realm);
}

/// Does it until it is done, opens the gate, and does it again after a while.
async fn again<F>(context: &Context, what: &str, gate: Option<&Gate>, stop: &CancellationToken, bring: impl Fn() -> F)
where
    F: Future<Output = Result<(), Problem>>,
{
    while until_done(what, stop, Some(&context.outages), &bring).await.is_some() {
        if let Some(gate) = gate {
            gate.open();
        }
        stop.run_until_cancelled(tokio::time::sleep(context.resync)).await;
    }
}

async fn schema(context: &Context, name: &str, provisioner: &Provisioner) -> Result<(), Problem> {
    let changes = core::ensure(provisioner, &context.settings.installation);
    let changes = context.tried(System::Postgres, "ensure", changes).await;
    if name == DEFAULT_PLACEMENT {
        context.whose.looked(match &changes {
            Ok(_) => Some(false),
            Err(problem) => problem.is_anothers().then_some(true),
        });
    }
    let changes = changes?;
    context.wrote(System::Postgres, &changes);
    Ok(())
}

/// Makes the realm, and tells the gateway whether it is ours.
async fn realm(context: &Context, desired: &RealmDesired) -> Result<(), Problem> {
    let made = make(context, desired).await;
    let api = namespaced(&context.client, &context.settings.namespace);
    match &made {
        Ok(()) => identity::publish(&api, &desired.realm, &context.realms.issuer(&desired.realm)).await?,
        Err(problem) if problem.is_anothers() => identity::withdraw(&api).await?,
        // What cannot be looked at or changed now is whose it was.
        Err(_) => {}
    }
    made
}

async fn make(context: &Context, desired: &RealmDesired) -> Result<(), Problem> {
    let observed = context.tried(System::Keycloak, "observe", context.realms.observe(desired)).await?;
    let changes = context.tried(System::Keycloak, "ensure", context.realms.ensure(desired, &observed)).await?;
    context.wrote(System::Keycloak, &changes);
    Ok(())
}
