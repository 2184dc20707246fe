//! The requests of the golden cases, and the two who answer them: the pure core, and the real
//! API server.

pub mod core;
pub mod live;
pub mod normal;

use serde_json::{Value, json};

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    Create,
    Replace,
    Apply,
    Merge,
    Json,
    Strategic,
}

/// One request.
#[derive(Debug, Clone)]
pub struct Step {
    pub verb: Verb,
    pub manager: &'static str,
    pub force: bool,
    pub strict: bool,
    pub status: bool,
    pub body: Value,
}

impl Step {
    pub fn new(verb: Verb, manager: &'static str, body: Value) -> Self {
        Self { verb, manager, force: false, strict: false, status: false, body }
    }

    pub fn forced(mut self) -> Self {
        self.force = true;
        self
    }

    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    pub fn status(mut self) -> Self {
        self.status = true;
        self
    }
}

/// What is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource {
    Widget,
    Namespace,
    Secret,
    Lease,
    Tenant,
    Plugin,
    PluginInstall,
}

impl Resource {
    /// `apiVersion`, `kind`, path of the collection.
    pub fn names(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Widget => ("golden.plexica.io/v1", "Widget", "/apis/golden.plexica.io/v1/widgets"),
            Self::Namespace => ("v1", "Namespace", "/api/v1/namespaces"),
            Self::Secret => ("v1", "Secret", "/api/v1/namespaces/default/secrets"),
            Self::Lease => {
                ("coordination.k8s.io/v1", "Lease", "/apis/coordination.k8s.io/v1/namespaces/default/leases")
            }
            Self::Tenant => ("plexica.io/v1alpha1", "Tenant", "/apis/plexica.io/v1alpha1/tenants"),
            Self::Plugin => ("plexica.io/v1alpha1", "Plugin", "/apis/plexica.io/v1alpha1/plugins"),
            Self::PluginInstall => {
                ("plexica.io/v1alpha1", "PluginInstall", "/apis/plexica.io/v1alpha1/namespaces/default/plugininstalls")
            }
        }
    }

    pub fn namespaced(self) -> bool {
        matches!(self, Self::Secret | Self::Lease | Self::PluginInstall)
    }
}

/// Requests about one object, in order.
#[derive(Debug, Clone)]
pub struct Case {
    pub name: String,
    pub resource: Resource,
    pub steps: Vec<Step>,
}

impl Case {
    pub fn new(name: impl Into<String>, resource: Resource, steps: Vec<Step>) -> Self {
        Self { name: name.into(), resource, steps }
    }
}

/// The body with type and name, where it has none.
pub fn complete(resource: Resource, name: &str, step: &Step) -> Value {
    let mut body = step.body.clone();
    if !matches!(step.verb, Verb::Create | Verb::Replace | Verb::Apply) || !body.is_object() {
        return body;
    }
    let (api_version, kind, _) = resource.names();
    for (field, value) in [("apiVersion", api_version), ("kind", kind)] {
        if body.get(field).is_none() {
            body[field] = json!(value);
        }
    }
    if body.get("metadata").is_none() {
        body["metadata"] = json!({});
    }
    if let Some(metadata) = body["metadata"].as_object_mut()
        && !metadata.contains_key("name")
    {
        metadata.insert("name".to_owned(), json!(name));
    }
    body
}
