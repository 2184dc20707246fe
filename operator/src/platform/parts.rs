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
    let databases = context.databases.iter();
    futures::join!(
        join_all(databases.map(|(name, provisioner)| keep_schema(&context, name, provisioner, &database, &stop))),
        async {
            while until_done("the platform's realm", &stop, Some(&context.outages), || realm(&context, &platform_realm))
                .await
                .is_some()
            {
                identity.open();
                // As those of tenants, it can become another or somebody else's at any time.
                stop.run_until_cancelled(tokio::time::sleep(context.resync)).await;
            }
        },
    );
}

async fn keep_schema(
    context: &Context,
    name: &str,
    provisioner: &Provisioner,
    default: &Gate,
    stop: &CancellationToken,
) {
    let what = format!("schema core of the database {name}");
    while until_done(&what, stop, Some(&context.outages), || schema(context, name, provisioner)).await.is_some() {
        if name == DEFAULT_PLACEMENT {
            default.open();
        }
        // It becomes another cluster's when that one is told that this one is gone.
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
