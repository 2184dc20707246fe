//! What people apply: a tenant and a plugin of its own.

use std::fmt::Debug;

use kube::{
    Api, Resource,
    api::{DeleteParams, Patch, PatchParams},
};
use plexica_contract::name::{PluginId, Slug};
use plexica_crds::{
    Plugin, PluginInstall, Tenant,
    label::{CONFIRM_DELETION, ROTATE},
};
use serde_json::{Value, json};

use super::World;

/// The operators of a run see what carries it.
pub const LABEL: &str = "plexica.io/faults";

/// One tenant with one plugin.
#[derive(Clone, Debug)]
pub struct Case {
    /// The tenant.
    pub slug: Slug,
    /// The plugin.
    pub plugin: PluginId,
}

impl World {
    /// Names of its own, each with a digit in it: that tells them from other words.
    ///
    /// # Panics
    /// Never: such names are slugs.
    pub fn case(&self) -> Case {
        let name = |prefix| self.database.unique(prefix);
        let case = Case { slug: name("t1").parse().unwrap(), plugin: name("p1").parse().unwrap() };
        self.cases.lock().unwrap().push(case.clone());
        case
    }

    /// Tenants.
    pub fn tenants(&self) -> Api<Tenant> {
        Api::all(self.client.clone())
    }

    /// Installs, in the platform's namespace: it outlives tenants.
    pub fn installs(&self) -> Api<PluginInstall> {
        Api::namespaced(self.client.clone(), &self.system())
    }

    /// The tenant as it is.
    ///
    /// # Errors
    /// What the API server says, such as that there is none.
    pub async fn tenant(&self, case: &Case) -> Result<Tenant, String> {
        self.tenants().get(case.slug.as_str()).await.map_err(|error| error.to_string())
    }

    /// The install as it is.
    ///
    /// # Errors
    /// What the API server says, such as that there is none.
    pub async fn install(&self, case: &Case) -> Result<PluginInstall, String> {
        self.installs().get(&Self::install_name(case)).await.map_err(|error| error.to_string())
    }

    /// The install's name.
    pub fn install_name(case: &Case) -> String {
        format!("{}-{}", case.slug, case.plugin)
    }

    /// Applies a tenant with that spec.
    pub async fn apply_tenant(&self, case: &Case, mut spec: Value) {
        if spec["displayName"].is_null() {
            spec["displayName"] = json!(case.slug);
        }
        let name = case.slug.to_string();
        let mut object = json!({ "kind": "Tenant", "metadata": { "name": name }, "spec": spec });
        if object["spec"]["deletionPolicy"] == "Delete" {
            object["spec"]["skipFinalBackup"] = json!(true);
            object["metadata"]["annotations"] = json!({ CONFIRM_DELETION: name });
        }
        self.apply(&self.tenants(), &name, object).await;
    }

    /// Applies a version of the plugin.
    pub async fn apply_plugin(&self, case: &Case, version: &str) {
        // The way to it is to end within a step.
        self.apply_plugin_with(case, version, json!({ "rollout": { "bakeSeconds": 0 } })).await;
    }

    /// Applies a version of the plugin with that in its spec.
    pub async fn apply_plugin_with(&self, case: &Case, version: &str, mut spec: Value) {
        let name = format!("{}-{version}", case.plugin);
        let program = std::env::current_exe().unwrap();
        let workers = json!({ "type": "object", "properties": { "workers": { "type": "integer" } } });
        for (field, value) in [
            ("id", json!(case.plugin)),
            ("version", json!(version)),
            ("runtime", json!({ "image": "plexica/faults:1", "command": [program, crate::plugin::ARGUMENT] })),
            ("migrations", json!(crate::plugin::migrations(version))),
            ("configuration", json!({ "schema": workers })),
            ("permissions", json!([{ "key": format!("{}:note:read", case.plugin), "name": "Read notes" }])),
        ] {
            spec[field] = value;
        }
        if spec["displayName"].is_null() {
            spec["displayName"] = json!(case.plugin);
        }
        let object = json!({ "kind": "Plugin", "metadata": { "name": name }, "spec": spec });
        self.apply(&Api::<Plugin>::all(self.client.clone()), &name, object).await;
    }

    /// Applies an install with that spec, where `PLUGIN` stands for the plugin's id.
    pub async fn apply_install(&self, case: &Case, spec: Value) {
        let mut spec: Value = spec.to_string().replace("PLUGIN", case.plugin.as_str()).parse().unwrap();
        spec["tenantRef"]["name"] = json!(case.slug);
        spec["plugin"]["id"] = json!(case.plugin);
        let name = Self::install_name(case);
        let object = json!({ "kind": "PluginInstall", "metadata": { "name": name }, "spec": spec });
        self.apply(&self.installs(), &name, object).await;
    }

    /// Asks for new credentials of the tenant, and of the plugin in that version.
    pub async fn rotate(&self, case: &Case, version: &str) {
        let patch = Patch::Merge(json!({ "metadata": { "annotations": { ROTATE: "once" } } }));
        let (params, plugins) = (PatchParams::default(), Api::<Plugin>::all(self.client.clone()));
        self.tenants().patch(case.slug.as_str(), &params, &patch).await.unwrap();
        plugins.patch(&format!("{}-{version}", case.plugin), &params, &patch).await.unwrap();
    }

    /// Asks for the removal of the tenant.
    pub async fn delete_tenant(&self, case: &Case) {
        delete(&self.tenants(), case.slug.as_str()).await;
    }

    /// Asks for the removal of the install.
    pub async fn delete_install(&self, case: &Case) {
        delete(&self.installs(), &Self::install_name(case)).await;
    }

    /// Asks for the removal of a version of the plugin.
    pub async fn delete_plugin(&self, case: &Case, version: &str) {
        delete(&Api::<Plugin>::all(self.client.clone()), &format!("{}-{version}", case.plugin)).await;
    }

    async fn apply<K>(&self, api: &Api<K>, name: &str, mut object: Value)
    where
        K: Resource<DynamicType = ()> + Clone + serde::de::DeserializeOwned + Debug,
    {
        object["apiVersion"] = json!("plexica.io/v1alpha1");
        object["metadata"]["labels"][LABEL] = json!(self.name);
        let applied = api.patch(name, &PatchParams::apply("faults").force(), &Patch::Apply(&object)).await;
        if let Err(error) = applied {
            panic!("{object} cannot be applied: {error}");
        }
    }
}

async fn delete<K>(api: &Api<K>, name: &str)
where
    K: Resource<DynamicType = ()> + Clone + serde::de::DeserializeOwned + Debug,
{
    match api.delete(name, &DeleteParams::default()).await {
        Ok(_) => {}
        Err(kube::Error::Api(status)) if status.code == 404 => {}
        Err(error) => panic!("{name} cannot be deleted: {error}"),
    }
}
