//! What would be done for an install, said and not done. Pure.

use jiff::Timestamp;
use plexica_contract::{manifest::Reload, name::PluginId, path::plugin_route};
use plexica_crds::{PluginInstall, PluginInstallStatus, plugin_install::Phase, tenant::DeletionPolicy};

use super::validate::{References, validate};
use crate::{
    foresee::{Foreseen, beside},
    resource::{is_rehearsed, rehearsed, would},
    settings::Settings,
};

/// The status of an install for which nothing is done, because of its own annotation or its tenant's:
/// what would be.
pub fn rehearse(
    install: &PluginInstall,
    references: &References,
    settings: &Settings,
    now: Timestamp,
) -> PluginInstallStatus {
    let last = install.status.clone().unwrap_or_default();
    let told = match validate(install, references, settings) {
        _ if install.metadata.deletion_timestamp.is_some() => removed(install),
        Ok(valid) => done(install, &beside(install, &valid, references)),
        Err(problem) => format!("it would be refused ({}): {}", problem.reason, problem.message.trim_end_matches('.')),
    };
    let of_tenant = format!(" of tenant {}", install.spec.tenant_ref.name);
    let holder = if is_rehearsed(install) { "" } else { of_tenant.as_str() };
    let conditions = rehearsed(install, holder, &last.conditions, &format!("{told}."), now);
    PluginInstallStatus { phase: Some(Phase::Paused), conditions, ..last }
}

fn removed(install: &PluginInstall) -> String {
    let status = install.status.clone().unwrap_or_default();
    let mut told: Vec<String> = status.route.map(|route| format!("take {} away", route.path)).into_iter().collect();
    told.extend(status.database.map(|database| match install.spec.deletion_policy {
        DeletionPolicy::Retain => format!("keep the schema {} and mark it retained", database.schema),
        DeletionPolicy::Delete => format!("remove the schema {} with its data for good", database.schema),
    }));
    would(&told)
}

fn done(install: &PluginInstall, foreseen: &Foreseen) -> String {
    let Foreseen { version, permissions, consent, migrations, routed, configuration, notice } = foreseen;
    let status = install.status.clone().unwrap_or_default();
    let id = &install.spec.plugin.id;
    let route = id.parse::<PluginId>().map(|id| plugin_route(&id)).unwrap_or_default();
    let mut told = Vec::new();
    let lost: Vec<&str> =
        status.permissions.iter().filter(|key| !permissions.contains(key)).map(String::as_str).collect();
    if *routed {
        match &status.version {
            None => told.push(format!("install {id} {version}")),
            Some(from) if from != version => told.push(format!("bring {id} from {from} to {version}")),
            Some(_) => {}
        }
        if status.version.as_ref() != Some(version) {
            if !migrations.is_empty() {
                told.push(format!("migrate by {}", migrations.join(", ")));
            }
            if !consent.is_empty() {
                told.push(format!("ask for consent to {}", consent.join(", ")));
            }
        }
        let new: Vec<&str> =
            permissions.iter().filter(|key| !status.permissions.contains(key)).map(String::as_str).collect();
        if !new.is_empty() {
            told.push(format!("grant {}", new.join(", ")));
        }
        told.extend(configuration.map(|reload| match reload {
            Reload::Live => "put another configuration in force".to_owned(),
            Reload::Ask => format!("ask {id} about another configuration, for which it may be started again"),
            Reload::Restart => format!("put another configuration in force by starting {id} again"),
        }));
        if status.route.is_none() {
            told.push(format!("route {route}"));
        }
    } else if status.route.is_some() {
        told.push(format!("take {route} away and end its workload; the data stays"));
    }
    if !lost.is_empty() {
        told.push(format!("take away {}", lost.join(", ")));
    }
    let notice = notice.as_ref().map(|notice| format!(" ({notice})")).unwrap_or_default();
    format!("{}{notice}", would(&told))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use plexica_crds::plugin_install::{DatabaseStatus, RouteStatus};
    use serde_json::json;
    use std::sync::Arc;

    fn references() -> References {
        let mut second = fixture::plugin("crm", "2.0.0");
        second.spec.migrations = serde_json::from_value(json!([
            { "name": "1_a.sql" }, { "name": "2_b.sql" }, { "name": "3_c.contract.sql", "phase": "Contract" },
        ]))
        .unwrap();
        second.spec.events = Some(serde_json::from_value(json!({ "subscribes": ["core.user.deleted"] })).unwrap());
        second.spec.permissions.push(serde_json::from_value(json!({ "key": "crm:new:read", "name": "N" })).unwrap());
        let mut first = fixture::plugin("crm", "1.0.0");
        first.spec.migrations = serde_json::from_value(json!([{ "name": "1_a.sql" }])).unwrap();
        References {
            tenant: Some(Arc::new(fixture::tenant("acme"))),
            catalogue: vec![Arc::new(first), Arc::new(second)],
            siblings: Vec::new(),
        }
    }

    fn told(install: &PluginInstall) -> String {
        let status = rehearse(install, &references(), &fixture::settings(), Timestamp::UNIX_EPOCH);
        let condition = status.conditions.iter().find(|condition| condition.type_ == "DryRun").unwrap();
        condition.message.split_once("is there; ").unwrap().1.to_owned()
    }

    fn serving() -> PluginInstall {
        let mut install = fixture::install("tenant-acme", "crm", "acme", "crm");
        let status = install.status.get_or_insert_default();
        status.version = Some("1.0.0".into());
        status.migrated_version = Some("1.0.0".into());
        status.permissions = vec!["crm:things:read".into(), "crm:things:write".into()];
        status.route = Some(RouteStatus { path: "/api/plugins/crm".into(), upstream: "http://x".into(), since: None });
        status.database = Some(DatabaseStatus { schema: "s".into(), role: "s".into() });
        install
    }

    #[test]
    fn what_would_be_done() {
        let new = fixture::install("tenant-acme", "crm", "acme", "crm");
        assert_eq!(
            told(&new),
            "it would install crm 2.0.0; migrate by 1_a.sql, 2_b.sql, 3_c.contract.sql; grant crm:things:read, \
             crm:things:write, crm:new:read; route /api/plugins/crm."
        );
        let mut install = serving();
        assert_eq!(
            told(&install),
            "it would bring crm from 1.0.0 to 2.0.0; migrate by 2_b.sql, 3_c.contract.sql (last; there is no way back \
             then); ask for consent to permission crm:new:read, event core.user.deleted."
        );
        install.spec.plugin.version = "=1.0.0".into();
        assert_eq!(told(&install), "there is nothing to do.");
        install.spec.granted_permissions = Some(vec!["crm:things:read".into()]);
        assert_eq!(told(&install), "it would take away crm:things:write.");
        install.spec.plugin.version = "^9".into();
        assert!(
            told(&install).starts_with("it would be refused (PluginNotFound): no plugin crm"),
            "{}",
            told(&install)
        );
    }

    #[test]
    fn how_another_configuration_would_come_into_force() {
        for (reload, words) in [
            ("Live", "put another configuration in force"),
            ("Ask", "ask crm about another configuration, for which it may be started again"),
            ("Restart", "put another configuration in force by starting crm again"),
        ] {
            let mut references = references();
            let first = Arc::make_mut(&mut references.catalogue[0]);
            let configuration = json!({ "schema": { "type": "object" }, "reload": reload });
            first.spec.configuration = Some(serde_json::from_value(configuration).unwrap());
            let mut install = serving();
            install.spec.plugin.version = "=1.0.0".into();
            let in_force = json!({ "value": { "at": 1 }, "version": "1.0.0" });
            install.status.get_or_insert_default().configuration = Some(serde_json::from_value(in_force).unwrap());
            for (at, told) in [(1, "there is nothing to do.".to_owned()), (2, format!("it would {words}."))] {
                install.spec.config = json!({ "at": at });
                let status = rehearse(&install, &references, &fixture::settings(), Timestamp::UNIX_EPOCH);
                let said = status.conditions.iter().find(|condition| condition.type_ == "DryRun").unwrap();
                assert!(said.message.ends_with(&told), "{said:?}");
            }
        }
    }

    #[test]
    fn what_would_be_lost() {
        let mut install = serving();
        install.spec.enabled = false;
        assert_eq!(told(&install), "it would take /api/plugins/crm away and end its workload; the data stays.");
        install.metadata.deletion_timestamp = install.metadata.creation_timestamp.clone();
        assert_eq!(told(&install), "it would take /api/plugins/crm away; keep the schema s and mark it retained.");
        install.spec.deletion_policy = DeletionPolicy::Delete;
        assert!(told(&install).ends_with("remove the schema s with its data for good."));
    }

    #[test]
    fn what_serves_stays_as_it_was() {
        let mut install = serving();
        let status = rehearse(&install, &references(), &fixture::settings(), Timestamp::UNIX_EPOCH);
        assert_eq!((&status.route, &status.version), (&install.status.clone().unwrap().route, &Some("1.0.0".into())));
        install.status = Some(status.clone());
        let again = rehearse(&install, &references(), &fixture::settings(), Timestamp::MAX);
        assert_eq!(again, status, "nothing changed, so nothing is written");
    }
}
