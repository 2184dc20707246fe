//! Removing what was made. The database, its schemas and roles go with their owner.

use futures::{StreamExt, TryStreamExt, stream};
use k8s_openapi::api::core::v1::Namespace;
use kube::{
    Api, ResourceExt,
    api::{DeleteParams, ListParams, Patch, PatchParams},
};
use plexica_crds::Tenant;
use serde_json::json;

use crate::{
    apply::{AT_ONCE, PAIRS},
    outcome::{Result, Stop},
    parts::Parts,
    plain::Plain,
};

const AT_A_TIME: usize = 8;

/// Everything of this run, by whichever way it was made. No operator is asked: one that hangs would
/// leave everything behind.
pub async fn tidy(parts: &Parts) -> Result<()> {
    let tenants: Api<Tenant> = Api::all(parts.client.clone());
    let ours = ListParams::default().labels(&parts.selector());
    for tenant in tenants.list(&ours).await?.items {
        let free = Patch::Merge(json!({ "metadata": { "finalizers": null } }));
        tenants.patch(&tenant.name_any(), &PatchParams::default(), &free).await?;
    }
    tenants.delete_collection(&DeleteParams::default(), &ours).await?;

    let plain = &Plain::new(parts).await?;
    let of = |prefix: &'static str, count: usize| (0..count).map(move |number| parts.slug(prefix, number));
    let pairs = of("o", PAIRS).chain(of("p", PAIRS));
    let bursts = of("m", AT_ONCE).chain(of("q", AT_ONCE));
    let all = pairs.chain(bursts).chain(of("w", 1)).chain(of("v", 1));
    let gone = stream::iter(all).map(|slug| async move {
        plain.remove(&slug).await?;
        parts.administrator.remove_realm(&format!("tenant-{slug}")).await?;
        Ok::<_, Stop>(())
    });
    gone.buffer_unordered(AT_A_TIME).try_collect::<Vec<_>>().await?;

    let platform = format!("bench-{}", parts.mark);
    parts.administrator.remove_realm(&platform).await?;
    parts.administrator.remove_account(&parts.account).await?;
    Api::<Namespace>::all(parts.client.clone()).delete(&platform, &DeleteParams::default()).await?;
    Ok(())
}
