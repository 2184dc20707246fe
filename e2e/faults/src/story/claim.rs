//! A tenant that is called as what somebody else has in every system, and is to go with all its data: it is told that
//! nothing of that is its own, goes, and has taken nothing along.

use plexica_crds::{ConditionType, Reason};
use serde_json::json;

use crate::{
    proxy::System,
    world::{Violation, World},
};

/// Each part, and the system that it stands in.
const PARTS: [(ConditionType, System); 4] = [
    (ConditionType::DatabaseReady, System::Postgres),
    (ConditionType::IdentityReady, System::Keycloak),
    (ConditionType::StorageReady, System::S3),
    (ConditionType::NamespaceReady, System::Kubernetes),
];

/// From its beginning to its end. Whether it has touched anything is seen when the world ends.
///
/// # Errors
/// What it does not come to.
pub async fn claim(world: &World) -> Result<(), Violation> {
    ask(world).await;
    refused(world, None).await?;
    leave(world).await;
    gone(world).await
}

/// Makes the tenant: whoever took for its own what it finds would remove it in the end, without a backup.
///
/// # Panics
/// When the API server refuses it.
pub async fn ask(world: &World) {
    let spec = json!({ "deletionPolicy": "Delete", "skipFinalBackup": true });
    world.ask_tenant_called(&world.neighbour, json!({ "spec": spec })).await.expect("a tenant that can be");
}

/// It says of each part that it is somebody else's, but for that which stands in a system that is down.
///
/// # Errors
/// What it says instead.
pub async fn refused(world: &World, down: Option<System>) -> Result<(), Violation> {
    let name = world.neighbour.as_str();
    world
        .converges(&format!("{name} is told what is not its own"), async || {
            let tenant = world.tenants().get(name).await.map_err(|error| error.to_string())?;
            let conditions = tenant.status.unwrap_or_default().conditions;
            let says = |part: ConditionType| {
                conditions.iter().any(|one| one.type_ == part.as_str() && one.reason == Reason::Conflict.as_str())
            };
            let all = PARTS.into_iter().all(|(part, system)| Some(system) == down || says(part));
            if all { Ok(()) } else { Err(format!("{conditions:?}")) }
        })
        .await
}

/// Asks for its removal.
pub async fn leave(world: &World) {
    world.delete_tenant_called(&world.neighbour).await;
}

/// It is no more.
///
/// # Errors
/// What holds it up.
pub async fn gone(world: &World) -> Result<(), Violation> {
    let name = world.neighbour.as_str();
    world
        .converges(&format!("{name} is gone"), async || {
            let tenant = world.tenants().get_opt(name).await.map_err(|error| error.to_string())?;
            tenant.map_or(Ok(()), |tenant| Err(format!("{:?}", tenant.status)))
        })
        .await
}
