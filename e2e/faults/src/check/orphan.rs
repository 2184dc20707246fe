//! What is left when every tenant is gone.

use k8s_openapi::api::core::v1::Namespace;
use kube::{Api, ResourceExt, api::ListParams};
use plexica_crds::label;

use super::{neighbour, workload};
use crate::world::{Runner, Violation, World, fails};

/// Looks for anything of this run's tenants, after all of them were removed with their data.
///
/// # Errors
/// All that is left.
pub async fn none(world: &World) -> Result<(), Violation> {
    let mut left = database(world).await.unwrap_or_else(|error| vec![format!("Postgres cannot be read: {error}")]);
    let platform = world.platform_realm();
    let neighbour = neighbour::name(world);
    let backups = world.backups();
    let theirs = |name: &str| name == neighbour || name == backups;
    let realms = world.administrator.get("?briefRepresentation=true").await;
    let realms = realms.as_array().into_iter().flatten().filter_map(|realm| realm["realm"].as_str());
    left.extend(
        realms
            .filter(|name| name.starts_with(&world.name) && *name != platform && !theirs(name))
            .map(|name| format!("realm {name}")),
    );
    match world.store.list_buckets().prefix(&world.name).send().await {
        Ok(answer) => {
            let names = answer.buckets().iter().filter_map(|bucket| bucket.name());
            left.extend(
                names
                    .filter(|name| name.starts_with(&world.name) && !theirs(name))
                    .map(|name| format!("bucket {name}")),
            );
        }
        Err(error) => left.push(format!("buckets cannot be listed: {error}")),
    }
    let mine = ListParams::default().labels(&format!("{}={}", label::INSTALLATION, world.name));
    match Api::<Namespace>::all(world.client.clone()).list(&mine).await {
        Ok(namespaces) => left.extend(
            namespaces
                .iter()
                .filter(|namespace| namespace.metadata.deletion_timestamp.is_none())
                .filter(|namespace| namespace.name_any() != format!("{}-system", world.name))
                .map(|namespace| format!("namespace {}", namespace.name_any())),
        ),
        Err(error) => left.push(format!("namespaces cannot be listed: {error}")),
    }
    if world.runner == Runner::Kubernetes {
        match workload::of(world, None).await {
            Ok(parts) => left.extend(parts.into_iter().flatten().map(|name| format!("workload {name}"))),
            Err(error) => left.push(format!("workloads cannot be listed: {error}")),
        }
    }
    if left.is_empty() { Ok(()) } else { fails(format!("left over: {}", left.join(", "))) }
}

async fn database(world: &World) -> Result<Vec<String>, sqlx::Error> {
    let query = "SELECT 'schema ' || nspname FROM pg_namespace WHERE starts_with(nspname, 'tenant_') AND nspname <> $1
                 UNION ALL SELECT 'intent ' || name FROM core.ownership
                 UNION ALL SELECT 'credential ' || username FROM core.plugin_credential
                 UNION ALL SELECT 'password ' || login FROM core.login_password";
    let mut superuser = world.database.connect().await;
    let mut left: Vec<String> =
        sqlx::query_scalar(query).bind(neighbour::role(world)).fetch_all(&mut superuser).await?;
    let roles: Vec<String> = sqlx::query_scalar("SELECT rolname::text FROM pg_roles").fetch_all(&mut superuser).await?;
    let cases = world.cases();
    let names = cases.iter().flat_map(|case| [case.slug.as_str(), case.plugin.as_str()]);
    let names: Vec<String> = names.map(|name| name.replace('-', "_")).collect();
    let theirs = roles.into_iter().filter(|role| names.iter().any(|name| role.contains(name.as_str())));
    left.extend(theirs.map(|role| format!("role {role}")));
    Ok(left)
}
