//! Which configuration is in force.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::PluginInstall;

/// The configuration in force.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ConfigurationStatus {
    /// The generation of the spec that it is of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<i64>,
    /// It, as the plugin has taken it.
    #[schemars(schema_with = "any_object")]
    pub value: Value,
    /// The version of the plugin that has it.
    pub version: String,
    /// How far the start of new processes is, if it takes those to be in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restart: Option<Restart>,
    /// The number of the plugin's restart whose processes have it, once that was begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since_restart: Option<i64>,
    /// What the version that served before had last: it has that until it is gone, and again if the
    /// tenant goes back to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<FormerConfiguration>,
}

/// How far a start of new processes is.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restart {
    /// It is to be begun.
    Wanted,
    /// New ones come up beside the old ones.
    Rolling,
}

/// What a version of the plugin had last.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct FormerConfiguration {
    /// The version.
    pub version: String,
    /// Its configuration.
    #[schemars(schema_with = "any_object")]
    pub value: Value,
}

/// Applied as a whole: of an object whose fields all go, a server-side apply leaves `null`, and no object.
fn any_object(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({
        "type": "object", "x-kubernetes-preserve-unknown-fields": true, "x-kubernetes-map-type": "atomic",
    })
}

impl PluginInstall {
    /// Of which restart the processes are that have what [`Self::config_of`] says.
    pub fn restart_of(&self, version: Option<&str>) -> Option<i64> {
        let configuration = self.status.as_ref()?.configuration.as_ref()?;
        configuration.since_restart.filter(|_| version.is_none_or(|version| version == configuration.version))
    }

    /// What a version of the plugin may know as the tenant's configuration; of no version in
    /// particular: that of the one that serves. None of it before the operator has checked it and
    /// begun to bring the version to the tenant.
    pub fn config_of(&self, version: Option<&str>) -> Option<&Value> {
        let status = self.status.as_ref()?;
        let Some(ConfigurationStatus { value, version: of, before, .. }) = &status.configuration else {
            // Installed by a release that kept no record, or about to serve: some of its processes have
            // been told of it already, and requests may come to any.
            return status.database.as_ref().map(|_| &self.spec.config);
        };
        match (version, before) {
            (None, _) => Some(value),
            (Some(version), _) if version == of => Some(value),
            (Some(version), Some(before)) if version == before.version => Some(&before.value),
            (Some(version), _) => {
                let comes = status.upgrade.as_ref().is_some_and(|upgrade| upgrade.to == version);
                comes.then_some(&self.spec.config)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn install(status: &Value) -> PluginInstall {
        serde_json::from_value(json!({
            "apiVersion": "plexica.io/v1alpha1", "kind": "PluginInstall", "metadata": { "name": "crm" },
            "spec": { "tenantRef": { "name": "acme" }, "plugin": { "id": "crm" }, "config": { "at": "spec" } },
            "status": status,
        }))
        .unwrap()
    }

    #[test]
    fn each_version_is_told_its_own() {
        let new = json!({ "value": { "at": "2" }, "version": "2.0.0" });
        let both = json!({ "value": { "at": "2" }, "version": "2.0.0", "before": { "version": "1.0.0", "value": { "at": "1" } } });
        let place = json!({ "schema": "s", "role": "r" });
        let upgrade = json!({ "from": "2.0.0", "to": "3.0.0", "phase": "Expanding", "since": "2026-01-01T00:00:00Z" });
        for (status, version, told) in [
            (json!({}), None, None),
            (json!({}), Some("1.0.0"), None),
            (json!({ "database": place }), None, Some("spec")),
            (json!({ "database": place }), Some("1.0.0"), Some("spec")),
            (json!({ "upgrade": upgrade, "configuration": new }), Some("3.0.0"), Some("spec")),
            (json!({ "upgrade": upgrade, "configuration": new }), Some("4.0.0"), None),
            (json!({ "version": "2.0.0", "configuration": new }), None, Some("2")),
            (json!({ "version": "2.0.0", "configuration": new }), Some("2.0.0"), Some("2")),
            (json!({ "version": "2.0.0", "configuration": new }), Some("3.0.0"), None),
            (json!({ "version": "2.0.0", "configuration": both }), None, Some("2")),
            (json!({ "version": "2.0.0", "configuration": both }), Some("1.0.0"), Some("1")),
            (json!({ "version": "2.0.0", "configuration": both }), Some("0.9.0"), None),
        ] {
            let install = install(&status);
            let found = install.config_of(version).and_then(|config| config["at"].as_str());
            assert_eq!(found, told, "{status} {version:?}");
        }
    }

    #[test]
    fn a_restart_is_of_the_version_that_is_in_force() {
        let before = json!({ "version": "1.0.0", "value": {} });
        let status =
            json!({ "configuration": { "value": {}, "version": "2.0.0", "sinceRestart": 3, "before": before } });
        for (version, told) in [(None, Some(3)), (Some("2.0.0"), Some(3)), (Some("1.0.0"), None)] {
            assert_eq!(install(&status).restart_of(version), told, "{version:?}");
        }
        assert_eq!(install(&json!({})).restart_of(None), None);
    }
}
