//! The kinds that Kubernetes itself has, as far as they are served here.

mod event;
mod event_rules;
mod kinds;
mod schema;

pub use kinds::kinds;

use serde_json::{Value, json};

use crate::field_error::FieldError;
use crate::object;

/// Which built-in kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Builtin {
    /// core/v1 Namespace
    Namespace,
    /// core/v1 Secret
    Secret,
    /// core/v1 Event
    Event,
    /// events.k8s.io/v1 Event: the same objects, other field names
    EventV1,
    /// coordination.k8s.io/v1 Lease
    Lease,
    /// apiextensions.k8s.io/v1 `CustomResourceDefinition`, to read only
    Definition,
}

impl Builtin {
    /// What may be selected by field, beside name and namespace: the field, and where it stands.
    pub fn selectable_fields(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Namespace => &[("status.phase", "/status/phase"), ("name", "/metadata/name")],
            Self::Secret => &[("type", "/type")],
            Self::Event => event::FIELDS,
            Self::EventV1 => event::FIELDS_V1,
            Self::Lease | Self::Definition => &[],
        }
    }

    /// An object as stored, in the form of this kind.
    pub fn view_of(self, stored: Value) -> Value {
        match self {
            Self::EventV1 => event::to_v1(stored),
            _ => stored,
        }
    }

    /// An object of this kind, in the form it is stored in.
    pub fn stored_form(self, object: Value) -> Value {
        match self {
            Self::EventV1 => event::from_v1(object),
            Self::Event => event::whole(object),
            _ => object,
        }
    }

    /// What the server decides about a new object.
    pub fn prepare_create(self, object: &mut Value) {
        if self == Self::Namespace {
            let spec = object::field(object, "spec");
            let finalizers = spec.entry("finalizers").or_insert_with(|| json!([]));
            if let Some(list) = finalizers.as_array_mut()
                && !list.iter().any(|one| one == "kubernetes")
            {
                list.push("kubernetes".into());
            }
            let map = object::metadata(object);
            map.remove("generation");
            if let Some(map) = object.as_object_mut() {
                map.insert("status".into(), json!({"phase": "Active"}));
            }
        }
    }

    /// What is wrong with an object beyond its schema and its metadata.
    pub fn validate(self, object: &Value) -> Vec<FieldError> {
        match self {
            Self::Event => event_rules::validate(object, false),
            Self::EventV1 => event_rules::validate(&event::from_v1(object.clone()), true),
            _ => Vec::new(),
        }
    }

    /// What an update may not change: it is put back. `part` is the subresource.
    pub fn prepare_update(self, object: &mut Value, old: &Value, part: &str) {
        if self != Self::Namespace {
            return;
        }
        let restored: &[&str] = match part {
            "" => &["spec", "status"],
            "finalize" => &["status"],
            _ => &["spec"],
        };
        for field in restored {
            if let (Some(map), Some(before)) = (object.as_object_mut(), old.get(*field)) {
                map.insert((*field).to_owned(), before.clone());
            }
        }
    }

    /// Whether a finished deletion is answered with the object rather than with a `Status`.
    pub fn returns_deleted(self) -> bool {
        self == Self::Namespace
    }

    /// What still holds the object back besides `metadata.finalizers`.
    pub fn held(self, object: &Value) -> bool {
        self == Self::Namespace
            && object
                .pointer("/spec/finalizers")
                .and_then(Value::as_array)
                .is_some_and(|finalizers| !finalizers.is_empty())
    }
}

/// A namespace as the server itself makes it.
pub fn new_namespace(name: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}},
    })
}
