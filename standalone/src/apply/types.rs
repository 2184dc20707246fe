//! How a schema divides an object into fields that are owned one by one.

use std::sync::LazyLock;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};
use serde_json::{Value, json};

use crate::kind::Kind;

/// The type of one place of an object.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Type<'a> {
    /// The object as a whole: its schema, and the metadata every object has.
    Root(Option<&'a JSONSchemaProps>),
    /// What a schema says; `open` when fields it does not name may be there.
    Schema(&'a JSONSchemaProps, bool),
    /// Anything, divided by what it looks like.
    Deduced,
    /// Anything, as one value.
    Untyped,
}

/// What a scalar may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scalar {
    Numeric,
    Text,
    Boolean,
    Any,
}

/// How the items of a list are told apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Items<'a> {
    /// Not at all.
    Atomic,
    /// Each is its own name.
    Set,
    /// By these keys.
    Keys(&'a [String]),
}

/// A list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct List<'a> {
    pub(crate) by: Items<'a>,
    schema: Option<(&'a JSONSchemaProps, bool)>,
}

/// A map or a struct.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Map<'a> {
    pub(crate) atomic: bool,
    of: Type<'a>,
}

/// The forms a value of one place may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Atom<'a> {
    pub(crate) scalar: Option<Scalar>,
    pub(crate) list: Option<List<'a>>,
    pub(crate) map: Option<Map<'a>>,
}

/// The one form that applies to a value.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Form<'a> {
    Scalar(Scalar),
    List(List<'a>),
    Map(Map<'a>),
}

impl<'a> Type<'a> {
    /// The type of whole objects of a kind.
    pub(crate) fn of(kind: &'a Kind) -> Self {
        Self::Root(kind.schema.as_ref())
    }

    /// The forms of this place.
    pub(crate) fn atom(self) -> Atom<'a> {
        let map = Map { atomic: false, of: self };
        match self {
            Self::Root(_) => Atom { scalar: None, list: None, map: Some(map) },
            Self::Deduced | Self::Untyped => Atom {
                scalar: Some(Scalar::Any),
                list: Some(List { by: Items::Atomic, schema: None }),
                map: Some(Map { atomic: matches!(self, Self::Untyped), of: self }),
            },
            Self::Schema(schema, open) => {
                let open = open || schema.x_kubernetes_preserve_unknown_fields == Some(true);
                let map = Map {
                    atomic: schema.x_kubernetes_map_type.as_deref() == Some("atomic"),
                    of: Self::Schema(schema, open),
                };
                let list = List { by: items(schema), schema: Some((schema, open)) };
                let one = |scalar| Atom { scalar: Some(scalar), list: None, map: None };
                let untyped = Atom { scalar: Some(Scalar::Any), list: Some(list), map: Some(map) };
                match schema.type_.as_deref() {
                    _ if schema.x_kubernetes_int_or_string == Some(true) => untyped,
                    Some("object") => Atom { scalar: None, list: None, map: Some(map) },
                    Some("array") => Atom { scalar: None, list: Some(list), map: None },
                    Some("string") => one(Scalar::Text),
                    Some("integer" | "number") => one(Scalar::Numeric),
                    Some("boolean") => one(Scalar::Boolean),
                    _ => untyped,
                }
            }
        }
    }

    /// The form of a value here: the one it has if that is allowed, else the first allowed.
    pub(crate) fn form(self, value: Option<&Value>) -> Form<'a> {
        let atom = self.atom();
        let chosen = match value {
            Some(Value::Object(_)) => atom.map.map(Form::Map),
            Some(Value::Array(_)) => atom.list.map(Form::List),
            Some(Value::String(_) | Value::Number(_) | Value::Bool(_)) => atom.scalar.map(Form::Scalar),
            Some(Value::Null) | None => None,
        };
        let first = || match (atom.map, atom.scalar, atom.list) {
            (Some(map), _, _) => Form::Map(map),
            (None, Some(scalar), _) => Form::Scalar(scalar),
            (None, None, Some(list)) => Form::List(list),
            (None, None, None) => Form::Scalar(Scalar::Any),
        };
        chosen.unwrap_or_else(first)
    }
}

fn items(schema: &JSONSchemaProps) -> Items<'_> {
    match schema.x_kubernetes_list_type.as_deref() {
        Some("set") => Items::Set,
        Some("map") => Items::Keys(schema.x_kubernetes_list_map_keys.as_deref().unwrap_or(&[])),
        _ => Items::Atomic,
    }
}

impl<'a> List<'a> {
    /// The type of the items.
    pub(crate) fn items(&self) -> Type<'a> {
        match self.schema.and_then(|(schema, open)| Some((schema.items.as_ref()?, open))) {
            Some((JSONSchemaPropsOrArray::Schema(items), open)) => Type::Schema(items, open),
            _ => Type::Untyped,
        }
    }

    /// The default of a key of the items.
    pub(crate) fn key_default(&self, key: &str) -> Option<&'a Value> {
        let (schema, _) = self.schema?;
        let Some(JSONSchemaPropsOrArray::Schema(items)) = &schema.items else {
            return None;
        };
        let property = items.properties.as_ref()?.get(key)?;
        property.default.as_ref().map(|default| &default.0)
    }
}

impl<'a> Map<'a> {
    /// Whether the schema names this field.
    pub(crate) fn names(&self, field: &str) -> bool {
        match self.of {
            Type::Root(Some(schema)) => {
                matches!(field, "apiVersion" | "kind" | "metadata") || property(schema, field).is_some()
            }
            Type::Schema(schema, _) => property(schema, field).is_some() || embedded(schema, field).is_some(),
            Type::Root(None) | Type::Deduced | Type::Untyped => false,
        }
    }

    /// The type of a member; nothing when the schema does not allow it.
    pub(crate) fn member(&self, field: &str) -> Option<Type<'a>> {
        match self.of {
            Type::Deduced | Type::Root(None) => Some(Type::Deduced),
            Type::Untyped => Some(Type::Untyped),
            Type::Root(Some(schema)) => match field {
                "metadata" => Some(Type::Schema(&OBJECT_META, false)),
                "apiVersion" | "kind" => Some(Type::Schema(&TEXT, false)),
                _ => {
                    let open = schema.x_kubernetes_preserve_unknown_fields == Some(true);
                    member(schema, field, open)
                }
            },
            Type::Schema(schema, open) => member(schema, field, open),
        }
    }

    /// Whether it is a map of which the schema says nothing.
    pub(crate) fn is_unknown(&self) -> bool {
        match self.of {
            Type::Deduced | Type::Untyped | Type::Root(None) => true,
            Type::Root(Some(_)) => false,
            Type::Schema(schema, _) => {
                schema.properties.as_ref().is_none_or(std::collections::BTreeMap::is_empty)
                    && !matches!(schema.additional_properties, Some(JSONSchemaPropsOrBool::Schema(_)))
            }
        }
    }
}

fn property<'a>(schema: &'a JSONSchemaProps, field: &str) -> Option<&'a JSONSchemaProps> {
    schema.properties.as_ref()?.get(field)
}

/// The type and metadata of an embedded resource.
fn embedded(schema: &JSONSchemaProps, field: &str) -> Option<&'static JSONSchemaProps> {
    if schema.x_kubernetes_embedded_resource != Some(true) {
        return None;
    }
    match field {
        "metadata" => Some(&OBJECT_META),
        "apiVersion" | "kind" => Some(&TEXT),
        _ => None,
    }
}

fn member<'a>(schema: &'a JSONSchemaProps, field: &str, open: bool) -> Option<Type<'a>> {
    if let Some(embedded) = embedded(schema, field) {
        return Some(Type::Schema(embedded, false));
    }
    if let Some(property) = property(schema, field) {
        return Some(Type::Schema(property, open));
    }
    match &schema.additional_properties {
        Some(JSONSchemaPropsOrBool::Schema(values)) => Some(Type::Schema(values, open)),
        Some(JSONSchemaPropsOrBool::Bool(true)) => Some(Type::Deduced),
        Some(JSONSchemaPropsOrBool::Bool(false)) => None,
        None => {
            let free = schema.properties.as_ref().is_none_or(std::collections::BTreeMap::is_empty);
            (open || free).then_some(Type::Deduced)
        }
    }
}

static TEXT: LazyLock<JSONSchemaProps> =
    LazyLock::new(|| JSONSchemaProps { type_: Some("string".to_owned()), ..JSONSchemaProps::default() });

/// The metadata of every object, as far as ownership is concerned.
static OBJECT_META: LazyLock<JSONSchemaProps> = LazyLock::new(|| {
    let text = json!({"type": "string"});
    let texts = json!({"type": "object", "additionalProperties": text});
    let flag = json!({"type": "boolean"});
    let schema = json!({
        "type": "object",
        "properties": {
            "name": text, "generateName": text, "namespace": text, "selfLink": text,
            "uid": text, "resourceVersion": text,
            "creationTimestamp": text, "deletionTimestamp": text,
            "generation": {"type": "integer"},
            "deletionGracePeriodSeconds": {"type": "integer"},
            "labels": texts, "annotations": texts,
            "finalizers": {"type": "array", "x-kubernetes-list-type": "set", "items": text},
            "ownerReferences": {
                "type": "array",
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["uid"],
                "items": {
                    "type": "object",
                    "x-kubernetes-map-type": "atomic",
                    "properties": {
                        "apiVersion": text, "kind": text, "name": text, "uid": text,
                        "controller": flag, "blockOwnerDeletion": flag
                    }
                }
            },
            "managedFields": {"type": "array", "items": {"type": "object"}}
        }
    });
    serde_json::from_value(schema).unwrap_or_default()
});
