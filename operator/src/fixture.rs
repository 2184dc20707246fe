//! Resources for tests of pure steps.

use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use plexica_crds::{
    Plugin, PluginInstall, Tenant,
    plugin_install::{UpgradePhase, UpgradeStatus},
};
use serde_json::json;

use crate::plugin_install::{References, Valid, validate};

/// A tenant that is ready.
pub fn tenant(slug: &str) -> Tenant {
    let spec = serde_json::from_value(json!({ "displayName": slug })).unwrap();
    let mut tenant = Tenant::new(slug, spec);
    tenant.metadata.uid = Some(format!("uid-{slug}"));
    tenant.metadata.generation = Some(1);
    let ready = |kind: &str| json!({ "type": kind, "status": "True", "reason": "Provisioned", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z" });
    let conditions = ["Ready", "DatabaseReady", "NamespaceReady"].map(ready);
    tenant.status = Some(serde_json::from_value(json!({ "conditions": conditions })).unwrap());
    tenant
}

/// A catalogue entry.
pub fn plugin(id: &str, version: &str) -> Plugin {
    let spec = json!({
        "id": id, "version": version, "displayName": id,
        "runtime": { "image": format!("{id}:{version}"), "command": [id] },
        "permissions": [
            { "key": format!("{id}:things:read"), "name": "Read" },
            { "key": format!("{id}:things:write"), "name": "Write" },
        ],
    });
    let mut plugin = Plugin::new(&format!("{id}-{version}"), serde_json::from_value(spec).unwrap());
    plugin.metadata.uid = Some(format!("uid-{id}-{version}"));
    plugin.metadata.generation = Some(1);
    plugin
}

/// An install, as old as all others.
pub fn install(namespace: &str, name: &str, tenant: &str, plugin: &str) -> PluginInstall {
    let spec = json!({ "tenantRef": { "name": tenant }, "plugin": { "id": plugin } });
    let mut install = PluginInstall::new(name, serde_json::from_value(spec).unwrap());
    install.metadata.namespace = Some(namespace.into());
    install.metadata.uid = Some(format!("uid-{namespace}-{name}"));
    install.metadata.generation = Some(1);
    install.metadata.creation_timestamp = Some(Time(jiff::Timestamp::UNIX_EPOCH));
    install
}

/// An upgrade from 1.0.0 to 2.0.0, of the first spec, in that phase since that second.
pub fn upgrade(phase: UpgradePhase, since: i64) -> UpgradeStatus {
    UpgradeStatus {
        from: "1.0.0".into(),
        to: "2.0.0".into(),
        phase,
        since: Time(jiff::Timestamp::from_second(since).unwrap()),
        attempts: 0,
        unhealthy_since: None,
        message: None,
        generation: Some(1),
        retry: None,
        granted: None,
    }
}

/// An install whose tenant is ready, with that entry alone in the catalogue, as it is looked after.
pub fn valid(install: &PluginInstall, entry: Plugin) -> Valid {
    let references = References {
        tenant: Some(Arc::new(tenant(&install.spec.tenant_ref.name))),
        catalogue: vec![Arc::new(entry)],
        siblings: Vec::new(),
    };
    validate(install, &references, &settings()).unwrap()
}

/// Settings with two placements and a runner of processes.
pub fn settings() -> crate::settings::Settings {
    crate::settings::Settings {
        installation: "plexica".into(),
        namespace: "plexica-system".into(),
        prefixes: plexica_contract::name::Prefixes::default(),
        placements: ["default", "second"].map(str::to_owned).into(),
        needs: plexica_backends::workloads::Needs::Command,
        counts: plexica_backends::workloads::Counts::Nothing,
        dedicated: true,
        core_api_url: "http://127.0.0.1:1".into(),
        s3_endpoint: "http://s3.test".into(),
        s3_region: "us-east-1".into(),
        s3_encrypted: false,
        digests: plexica_backends::keycloak::Digests::new(&plexica_backends::Secret::new("key")),
        direct_grants: false,
        backup: crate::settings::BackupPlace::Bucket("backups".into()),
        rotation_overlap: jiff::SignedDuration::from_hours(1),
        rotation_interval: None,
        purge_deadline: std::time::Duration::from_mins(1),
    }
}

/// Plans of this text.
pub fn plans(text: &str) -> crate::plans::Plans {
    crate::plans::read(text).unwrap()
}

/// The plan of that name, in force.
pub fn in_force(name: &str, plans: &crate::plans::Plans) -> plexica_crds::tenant::PlanStatus {
    let crate::plans::Definition { name, digest, limits } = plans.get(name).unwrap();
    plexica_crds::tenant::PlanStatus { name, digest, limits, since: Time(jiff::Timestamp::UNIX_EPOCH) }
}
