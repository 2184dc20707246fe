//! What people apply: a tenant and a plugin of its own.

use std::{fmt::Debug, path::Path};

use kube::{
    Api, Resource,
    api::{DeleteParams, Patch, PatchParams},
};
use plexica_contract::name::{PluginId, Slug};
use plexica_crds::{
    Plugin, PluginInstall, Tenant,
    label::{CONFIRM_DELETION, CONSENT, ROTATE},
};
use serde_json::{Value, json};

use super::World;
use crate::plugin::{POOL, WORKERS};

/// The operators of a run see what carries it.
const LABEL: &str = "plexica.io/faults";

/// Selects all resources of the world of that name.
pub fn selector(name: &str) -> String {
    format!("{LABEL}={name}")
}

/// What each version of the plugin asks for.
pub const READ: &str = "PLUGIN:note:read";
/// What those after the first ask for besides.
pub const WRITE: &str = "PLUGIN:note:write";

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
    pub async fn apply_tenant(&self, case: &Case, spec: Value) {
        self.ask_tenant(case, json!({ "spec": spec })).await.expect("a tenant that can be");
    }

    /// Applies such a tenant: an object without its name.
    ///
    /// # Errors
    /// What the API server says to it.
    pub async fn ask_tenant(&self, case: &Case, object: Value) -> Result<(), kube::Error> {
        self.ask_tenant_called(&case.slug, object).await
    }

    /// The same of one that has no plugin.
    ///
    /// # Errors
    /// What the API server says to it.
    pub async fn ask_tenant_called(&self, slug: &Slug, mut object: Value) -> Result<(), kube::Error> {
        let (name, spec) = (slug.to_string(), &mut object["spec"]);
        if spec["displayName"].is_null() {
            spec["displayName"] = json!(name);
        }
        if spec["deletionPolicy"] == "Delete" {
            object["metadata"]["annotations"][CONFIRM_DELETION] = json!(name);
        }
        self.apply(&self.tenants(), "Tenant", &name, object).await
    }

    /// Applies a version of the plugin.
    pub async fn apply_plugin(&self, case: &Case, version: &str) {
        // The way to it is to end within a step.
        self.apply_plugin_with(case, version, json!({ "rollout": { "bakeSeconds": 0 } })).await;
    }

    /// Applies a version of the plugin with that in its spec.
    pub async fn apply_plugin_with(&self, case: &Case, version: &str, spec: Value) {
        let mut whole = Self::plugin_spec(version);
        for (name, value) in spec.as_object().into_iter().flatten() {
            whole[name] = value.clone();
        }
        self.ask_plugin(case, version, json!({ "spec": whole })).await.expect("a plugin that can be");
    }

    /// What there is to say of a version of the plugin of these runs, where `PLUGIN` stands for the id.
    ///
    /// # Panics
    /// If this program does not know where it lies.
    pub fn plugin_spec(version: &str) -> Value {
        let number = json!({ "type": "integer" });
        let schema = json!({ "type": "object", "properties": { WORKERS: number, POOL: number } });
        let mut permissions = vec![json!({ "key": READ, "name": "Read notes", "defaultRoles": ["user"] })];
        if !version.starts_with('1') {
            permissions.push(json!({ "key": WRITE, "name": "Write notes", "defaultRoles": ["admin"] }));
        }
        json!({
            "runtime": {
                "image": "plexica/faults:1", "command": [std::env::current_exe().unwrap(), crate::plugin::ARGUMENT],
            },
            "configuration": { "schema": schema, "reload": "Ask" },
            "migrations": crate::plugin::migrations(version),
            "permissions": permissions,
        })
    }

    /// Applies a version of the plugin: an object without its name, where `PLUGIN` stands for the id.
    ///
    /// # Errors
    /// What the API server says to it.
    pub async fn ask_plugin(&self, case: &Case, version: &str, object: Value) -> Result<(), kube::Error> {
        let (name, mut object) = (format!("{}-{version}", case.plugin), with_id(case, &object));
        let spec = &mut object["spec"];
        spec["id"] = json!(case.plugin);
        spec["version"] = json!(version);
        if spec["displayName"].is_null() {
            spec["displayName"] = json!(case.plugin);
        }
        if spec["runtime"]["command"][0].as_str().is_some_and(|program| !Path::new(program).exists()) {
            self.broken.lock().unwrap().insert(case.plugin.clone());
        }
        self.apply(&Api::<Plugin>::all(self.client.clone()), "Plugin", &name, object).await
    }

    /// Whether that line of the log tells that a process ends of which no other can be had: its plugin was told to be a
    /// program that there is not.
    ///
    /// # Panics
    /// If somebody has before.
    pub fn was_told_to_fail(&self, line: &str) -> bool {
        let broken = self.broken.lock().unwrap();
        let of = |plugin: &PluginId| line.contains(&format!(r#"workload="plugin-{plugin}-"#));
        line.contains("the process ended (exit status: ") && broken.iter().any(of)
    }

    /// Applies an install with that spec.
    pub async fn apply_install(&self, case: &Case, spec: Value) {
        self.ask_install(case, json!({ "spec": spec })).await.expect("an install that can be");
    }

    /// Applies such an install: an object without its name, where `PLUGIN` stands for the plugin's id.
    ///
    /// # Errors
    /// What the API server says to it.
    pub async fn ask_install(&self, case: &Case, object: Value) -> Result<(), kube::Error> {
        let mut object = with_id(case, &object);
        object["spec"]["tenantRef"]["name"] = json!(case.slug);
        object["spec"]["plugin"]["id"] = json!(case.plugin);
        self.apply(&self.installs(), "PluginInstall", &Self::install_name(case), object).await
    }

    /// Changes that of the install's spec, and leaves the rest of it.
    ///
    /// # Panics
    /// If there is none.
    pub async fn patch_install(&self, case: &Case, spec: Value) {
        let patch = Patch::Merge(json!({ "spec": spec }));
        self.installs().patch(&Self::install_name(case), &PatchParams::default(), &patch).await.unwrap();
    }

    /// Consents to what that version of the plugin asks for.
    ///
    /// # Panics
    /// If there is no install.
    pub async fn consent(&self, case: &Case, version: &str) {
        let patch = Patch::Merge(json!({ "metadata": { "annotations": { CONSENT: version } } }));
        self.installs().patch(&Self::install_name(case), &PatchParams::default(), &patch).await.unwrap();
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
        self.delete_tenant_called(&case.slug).await;
    }

    /// The same of one that has no plugin.
    pub async fn delete_tenant_called(&self, slug: &Slug) {
        delete(&self.tenants(), slug.as_str()).await;
    }

    /// Asks for the removal of the install.
    pub async fn delete_install(&self, case: &Case) {
        delete(&self.installs(), &Self::install_name(case)).await;
    }

    /// Asks for the removal of a version of the plugin.
    pub async fn delete_plugin(&self, case: &Case, version: &str) {
        delete(&Api::<Plugin>::all(self.client.clone()), &format!("{}-{version}", case.plugin)).await;
    }

    async fn apply<K>(&self, api: &Api<K>, kind: &str, name: &str, mut object: Value) -> Result<(), kube::Error>
    where
        K: Resource<DynamicType = ()> + Clone + serde::de::DeserializeOwned + Debug,
    {
        object["apiVersion"] = json!("plexica.io/v1alpha1");
        object["kind"] = json!(kind);
        object["metadata"]["name"] = json!(name);
        object["metadata"]["labels"][LABEL] = json!(self.name);
        api.patch(name, &PatchParams::apply("faults").force(), &Patch::Apply(&object)).await.map(drop)
    }
}

/// With the plugin's id in its places.
fn with_id(case: &Case, object: &Value) -> Value {
    object.to_string().replace("PLUGIN", case.plugin.as_str()).parse().unwrap()
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
