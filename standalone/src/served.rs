//! What differs from kind to kind beyond its definition: where it is stored, and the habits of the
//! built-in ones.

use std::sync::Arc;

use serde_json::Value;

use crate::builtin::Builtin;
use crate::field_error::FieldError;
use crate::kind::Kind;
use crate::schema::CompiledSchema;
use crate::storage::Slot;

/// A kind as this server serves it.
#[derive(Clone, Debug)]
pub struct Served {
    /// Its definition.
    pub kind: Kind,
    /// Which built-in it is, if any.
    pub builtin: Option<Builtin>,
    /// `group/plural` of the rows. Two kinds may share a store (the two views of Events).
    pub storage: String,
    /// Its schema, compiled.
    pub schema: Arc<CompiledSchema>,
}

impl Served {
    /// A kind of a custom resource definition.
    pub fn custom(kind: Kind) -> Result<Self, FieldError> {
        let storage = format!("{}/{}", kind.group, kind.plural);
        Self::new(kind, None, storage)
    }

    /// A kind with its schema compiled; the error says what is not structural in it.
    pub fn new(kind: Kind, builtin: Option<Builtin>, storage: String) -> Result<Self, FieldError> {
        Ok(Self { schema: Arc::new(CompiledSchema::compile(&kind)?), kind, builtin, storage })
    }

    /// The row of one object.
    pub fn slot(&self, namespace: &str, name: &str) -> Slot {
        Slot { resource: self.storage.clone(), namespace: namespace.to_owned(), name: name.to_owned() }
    }

    /// A stored object in the form of this kind.
    pub fn view(&self, stored: &Value) -> Value {
        let mut object = stored.clone();
        if let Some(builtin) = self.builtin {
            return builtin.view_of(object);
        }
        // Versions of one kind differ in nothing but their name here (no conversion).
        if let Some(map) = object.as_object_mut() {
            map.insert("apiVersion".into(), self.kind.api_version().into());
        }
        object
    }

    /// An object of this kind in the form it is stored in.
    pub fn stored(&self, object: Value) -> Value {
        match self.builtin {
            Some(builtin) => builtin.stored_form(object),
            None => object,
        }
    }

    /// Whether an update without a resource version replaces whatever is there.
    pub fn allows_unconditional_update(&self) -> bool {
        self.builtin.is_some_and(|builtin| builtin != Builtin::Lease)
    }

    /// Whether a PUT creates what is not there.
    pub fn creates_on_update(&self) -> bool {
        matches!(self.builtin, Some(Builtin::Lease | Builtin::Event | Builtin::EventV1))
    }

    /// Whether `metadata.generation` counts changes of the desired state.
    pub fn counts_generations(&self) -> bool {
        self.builtin.is_none()
    }

    /// Whether a status subresource is kept apart from ordinary writes.
    pub fn has_status(&self) -> bool {
        self.kind.status_subresource
    }

    /// Verbs, as discovery lists them.
    pub fn verbs(&self) -> &'static [&'static str] {
        match self.builtin {
            Some(Builtin::Namespace) => &["create", "delete", "get", "list", "patch", "update", "watch"],
            Some(Builtin::Definition) => &["get", "list", "watch"],
            None => &["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"],
            _ => &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
        }
    }
}

/// Everything that is served.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    served: Vec<Arc<Served>>,
}

impl Catalogue {
    /// A catalogue of these.
    pub fn new(served: Vec<Served>) -> Self {
        Self { served: served.into_iter().map(Arc::new).collect() }
    }

    /// All, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Served>> {
        self.served.iter()
    }

    /// By the path of a request.
    pub fn find(&self, group: &str, version: &str, plural: &str) -> Option<&Arc<Served>> {
        self.served
            .iter()
            .find(|served| served.kind.group == group && served.kind.version == version && served.kind.plural == plural)
    }

    /// By the rows it is stored in; the first version that is served.
    pub fn stored_in(&self, storage: &str) -> Option<&Arc<Served>> {
        self.served.iter().find(|served| served.storage == storage)
    }

    /// By `apiVersion` and `kind` of an owner reference. Any served version will do.
    pub fn of_kind(&self, api_version: &str, kind: &str) -> Option<&Arc<Served>> {
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        self.served.iter().find(|served| served.kind.group == group && served.kind.kind == kind)
    }

    /// Group versions in their order, the core group first.
    pub fn group_versions(&self) -> Vec<(String, String)> {
        let mut found: Vec<(String, String)> = Vec::new();
        for served in &self.served {
            let pair = (served.kind.group.clone(), served.kind.version.clone());
            if !found.contains(&pair) {
                found.push(pair);
            }
        }
        found
    }
}
