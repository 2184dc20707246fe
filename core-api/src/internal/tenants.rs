//! The tenants of a plugin, held back until they change.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use axum::{
    extract::{Query, State},
    response::{IntoResponse, Response},
};
use http::StatusCode;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use plexica_contract::{
    error::Code,
    name::Slug,
    tenancy::{PluginTenant, PluginTenants},
};
use plexica_crds::{PluginInstall, Tenant, plugin_install::Isolation};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::{
    access::PluginCredential,
    http::{ApiError, Json},
    installs::may_name,
    state::Shared,
};

/// The longest an answer is held back.
const HOLD: Duration = Duration::from_secs(30);
/// For so long changes are gathered that follow one another: an answer is all tenants, however many there are.
const GATHER: Duration = Duration::from_millis(100);

/// What a plugin knows already, and which version of it asks.
#[derive(Deserialize)]
pub struct Known {
    after: Option<String>,
    version: Option<String>,
}

/// The tenants of the calling plugin; with `?after=`, once they are others than those, or 204.
pub async fn tenants(
    credential: PluginCredential,
    State(state): State<Shared>,
    Query(Known { after, version }): Query<Known>,
) -> Result<Response, ApiError> {
    // A plugin that is told of nobody forgets everybody.
    if !state.catalog.is_complete() {
        return Err(ApiError::new(Code::Unavailable, "The tenants are not known yet; ask again."));
    }
    let mut news = state.catalog.news(&credential.plugin);
    let stopping = state.stopping();
    let now = || {
        let asking = Asking { credential: &credential, version: version.as_deref() };
        let tenants = list(asking, &state.namespace, &state.catalog.tenants(), &state.catalog.installs());
        PluginTenants { revision: revision(&tenants), tenants }
    };
    let newer = async {
        let known = now();
        match &after {
            None => return Some(known),
            // Much changes at once: what came since the last answer may not be all.
            Some(after) if *after != known.revision => {
                tokio::time::sleep(GATHER).await;
                return Some(now());
            }
            Some(_) => {}
        }
        loop {
            news.next().await?;
            let tenants = now();
            if tenants.revision != known.revision {
                return Some(tenants);
            }
        }
    };
    let held = tokio::time::timeout(HOLD, stopping.run_until_cancelled(newer));
    Ok(match held.await {
        Ok(Some(Some(tenants))) => Json(tenants).into_response(),
        _ => StatusCode::NO_CONTENT.into_response(),
    })
}

/// Who asks.
#[derive(Clone, Copy)]
struct Asking<'a> {
    credential: &'a PluginCredential,
    version: Option<&'a str>,
}

/// The tenants a credential may know of: those its plugin is installed for, and of a `Dedicated`
/// workload its own alone. Of two installs for one tenant the oldest counts, as in the operator;
/// one that has no schema yet, or has not come to that version of the plugin, is not told of.
///
/// What it goes by is in `kubernetes::told` too: of a change of anything else nobody hears before [`HOLD`] is over.
fn list(
    Asking { credential, version }: Asking<'_>,
    platform: &str,
    tenants: &[Arc<Tenant>],
    installs: &[Arc<PluginInstall>],
) -> Vec<PluginTenant> {
    let tenants: BTreeMap<&str, &Tenant> =
        tenants.iter().filter_map(|tenant| Some((tenant.metadata.name.as_deref()?, &**tenant))).collect();
    let mut mine: Vec<&PluginInstall> = installs
        .iter()
        .map(|install| &**install)
        .filter(|install| install.spec.plugin.id == credential.plugin.as_str())
        .collect();
    mine.sort_by(|one, other| one.seniority().cmp(&other.seniority()));

    let mut found: BTreeMap<Slug, (&PluginInstall, &Tenant)> = BTreeMap::new();
    for install in mine {
        let name = install.spec.tenant_ref.name.as_str();
        let (Some(tenant), Ok(slug)) = (tenants.get(name), name.parse::<Slug>()) else { continue };
        let own = tenant.status.as_ref().and_then(|status| status.namespace.as_deref());
        if may_name(install, own, platform) {
            found.entry(slug).or_insert((install, tenant));
        }
    }
    let is_for = |slug: &Slug, install: &PluginInstall| match &credential.tenant {
        Some(tenant) => install.may_be_served_by(Isolation::Dedicated) && slug == tenant,
        None => install.may_be_served_by(Isolation::Shared),
    };
    found
        .into_iter()
        .filter(|(slug, (install, _))| is_for(slug, install))
        .filter_map(|(slug, (install, tenant))| view(slug, install, tenant, version))
        .collect()
}

fn view(slug: Slug, install: &PluginInstall, tenant: &Tenant, version: Option<&str>) -> Option<PluginTenant> {
    let database = install.status.as_ref()?.database.as_ref()?;
    Some(PluginTenant {
        tenant: slug,
        schema: database.schema.clone(),
        role: database.role.clone(),
        config: install.config_of(version)?.clone(),
        since_restart: install.restart_of(version),
        features: features(tenant),
        enabled: install.is_served() && stays(&tenant.metadata),
        suspended: tenant.is_suspended(),
    })
}

/// Whatever a plugin wrote for a tenant that goes, no final backup would have.
const fn stays(metadata: &ObjectMeta) -> bool {
    metadata.deletion_timestamp.is_none()
}

fn features(tenant: &Tenant) -> Vec<String> {
    let plan = tenant.status.as_ref().and_then(|status| status.plan.as_ref());
    plan.map(|plan| plan.limits.features.clone()).unwrap_or_default()
}

/// The same for the same tenants, from every copy of this service and after every restart.
fn revision(tenants: &[PluginTenant]) -> String {
    // Plain data always serialises, and the configuration's fields come in the order they are stored in.
    let json = serde_json::to_vec(tenants).unwrap_or_default();
    Sha256::digest(&json).iter().take(16).fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::{apimachinery::pkg::apis::meta::v1::Time, jiff};
    use serde_json::{Value, json};

    fn tenant(slug: &str) -> Arc<Tenant> {
        serde_json::from_value(json!({
            "apiVersion": "plexica.io/v1alpha1", "kind": "Tenant", "metadata": { "name": slug },
            "spec": { "displayName": slug }, "status": { "namespace": format!("tenant-{slug}") },
        }))
        .unwrap()
    }

    fn install(namespace: &str, tenant: &str, plugin: &str, at: u8, more: &Value) -> Arc<PluginInstall> {
        let mut value = json!({
            "apiVersion": "plexica.io/v1alpha1", "kind": "PluginInstall",
            "metadata": { "name": plugin, "namespace": namespace, "finalizers": ["plexica.io/cleanup"], "creationTimestamp": format!("2026-01-0{at}T00:00:00Z") },
            "spec": { "tenantRef": { "name": tenant }, "plugin": { "id": plugin, "version": "*" }, "config": { "at": at } },
            "status": { "version": "1.0.0", "database": { "schema": format!("s_{tenant}_{plugin}"), "role": format!("r_{tenant}_{plugin}") } },
        });
        for (pointer, to) in more.as_object().unwrap() {
            let (parent, key) = pointer.rsplit_once('/').unwrap();
            value.pointer_mut(parent).unwrap()[key] = to.clone();
        }
        serde_json::from_value(value).unwrap()
    }

    fn seen(tenant: Option<&str>, installs: &[Arc<PluginInstall>]) -> Vec<String> {
        seen_by(None, tenant, installs)
    }

    fn told(version: Option<&str>, tenant: Option<&str>, installs: &[Arc<PluginInstall>]) -> Vec<PluginTenant> {
        let credential =
            PluginCredential { plugin: "crm".parse().unwrap(), tenant: tenant.map(|slug| slug.parse().unwrap()) };
        let tenants = [self::tenant("acme"), self::tenant("globex")];
        list(Asking { credential: &credential, version }, "plexica-system", &tenants, installs)
    }

    fn seen_by(version: Option<&str>, tenant: Option<&str>, installs: &[Arc<PluginInstall>]) -> Vec<String> {
        let list = told(version, tenant, installs);
        list.into_iter().map(|one| format!("{} {} {}", one.schema, one.enabled, one.config["at"])).collect()
    }

    #[test]
    fn installs_of_that_plugin_alone() {
        let none = json!({});
        let dedicated = json!({ "/spec/isolation": "Dedicated" });
        let installs = [
            install("tenant-acme", "acme", "crm", 2, &none),
            install("tenant-acme", "acme", "files", 1, &none),
            install("plexica-system", "acme", "crm", 3, &none),
            install("plexica-system", "globex", "crm", 1, &dedicated),
            install("tenant-acme", "initech", "crm", 1, &none),
        ];
        assert_eq!(seen(None, &installs), ["s_acme_crm true 2"]);
        assert_eq!(seen(Some("globex"), &installs), ["s_globex_crm true 1"]);
        assert!(seen(Some("acme"), &installs).is_empty(), "a dedicated workload sees no shared install");
        // Until it is routed there, the one that it moves from is asked.
        let route = json!({ "path": "/api/plugins/crm", "upstream": "http://x", "isolation": "Shared" });
        let moves = json!({ "/spec/isolation": "Dedicated", "/status/route": route });
        let moves = [install("plexica-system", "globex", "crm", 1, &moves)];
        assert_eq!(seen(None, &moves), ["s_globex_crm true 1"]);
        assert_eq!(seen(Some("globex"), &moves), ["s_globex_crm true 1"]);
        assert!(seen(Some("acme"), &moves).is_empty());
    }

    #[test]
    fn what_is_not_told() {
        for more in [
            json!({ "/status/database": null }),
            json!({ "/metadata/namespace": "tenant-globex" }),
            json!({ "/spec/tenantRef/name": "initech" }),
        ] {
            assert!(seen(None, &[install("tenant-acme", "acme", "crm", 1, &more)]).is_empty(), "{more}");
        }
        for more in
            [json!({ "/spec/enabled": false }), json!({ "/metadata/deletionTimestamp": "2026-01-02T00:00:00Z" })]
        {
            assert_eq!(
                seen(None, &[install("tenant-acme", "acme", "crm", 1, &more)]),
                ["s_acme_crm false 1"],
                "{more}"
            );
            // Others may need it, or the operator be told to leave it alone.
            let mut more = more.clone();
            more["/status/route"] = json!({ "path": "/api/plugins/crm", "upstream": "http://x" });
            assert_eq!(seen(None, &[install("tenant-acme", "acme", "crm", 1, &more)]), ["s_acme_crm true 1"], "{more}");
        }
    }

    #[test]
    fn a_tenant_that_is_suspended_or_goes() {
        let installs = [install("tenant-acme", "acme", "crm", 1, &json!({}))];
        let credential = PluginCredential { plugin: "crm".parse().unwrap(), tenant: None };
        let told = |change: fn(&mut Tenant)| {
            let mut tenant = Tenant::clone(&tenant("acme"));
            change(&mut tenant);
            let asking = Asking { credential: &credential, version: None };
            let one = list(asking, "plexica-system", &[Arc::new(tenant)], &installs).remove(0);
            (one.enabled, one.suspended)
        };
        assert_eq!(told(|_| ()), (true, false));
        assert_eq!(told(|tenant| tenant.spec.suspend = true), (true, true));
        let goes: fn(&mut Tenant) =
            |tenant| tenant.metadata.deletion_timestamp = Some(Time(jiff::Timestamp::UNIX_EPOCH));
        assert_eq!(told(goes), (false, false), "its final backup may be under way");
    }

    #[test]
    fn each_version_is_told_the_configuration_that_it_has() {
        let before = json!({ "version": "1.0.0", "value": { "at": "before" } });
        let mut configuration = json!({ "version": "2.0.0", "value": { "at": "in force" }, "before": before });
        configuration["sinceRestart"] = json!(3);
        let installs = [install("tenant-acme", "acme", "crm", 1, &json!({ "/status/configuration": configuration }))];
        assert_eq!(seen_by(None, None, &installs), ["s_acme_crm true \"in force\""]);
        assert_eq!(seen_by(Some("2.0.0"), None, &installs), ["s_acme_crm true \"in force\""]);
        assert_eq!(seen_by(Some("1.0.0"), None, &installs), ["s_acme_crm true \"before\""]);
        for (version, restart) in [("2.0.0", Some(3)), ("1.0.0", None)] {
            assert_eq!(told(Some(version), None, &installs)[0].since_restart, restart);
        }
        assert!(seen_by(Some("3.0.0"), None, &installs).is_empty(), "it has not come to that version");
    }

    #[test]
    fn a_revision_is_of_what_is_told() {
        let one = |enabled| PluginTenant {
            tenant: "acme".parse().unwrap(),
            schema: "s".into(),
            role: "r".into(),
            config: json!({}),
            since_restart: None,
            features: Vec::new(),
            enabled,
            suspended: false,
        };
        assert_eq!(revision(&[one(true)]), revision(&[one(true)]));
        assert_ne!(revision(&[one(true)]), revision(&[one(false)]));
        assert_ne!(revision(&[one(true)]), revision(&[]));
    }
}
