//! A structural schema, compiled once per version of a kind and shared by every step.

use std::collections::BTreeMap;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};
use regex::Regex;
use serde_json::Value;

use super::cel::Rule;
use super::validate::format::Format;
use crate::field_error::FieldError;

/// What keys a map may have beside its named properties.
#[derive(Debug)]
pub enum Additional {
    /// `additionalProperties: true`: any key, and nothing is known about the values.
    Any,
    /// `additionalProperties: false`: none.
    None,
    /// Any key, with values of this schema.
    Of(Box<Node>),
}

/// How the items of a list are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ListType {
    /// Not at all: the list is one value (also the default).
    #[default]
    Atomic,
    /// Each item is its own name.
    Set,
    /// The map keys of an item name it.
    Map,
}

/// The limits a schema sets on single values.
#[derive(Debug, Default)]
pub struct Limits {
    pub(crate) format: Option<(String, Format)>,
    pub(crate) pattern: Option<(String, Result<Regex, String>)>,
    pub(crate) enumeration: Vec<Value>,
    pub(crate) minimum: Option<f64>,
    pub(crate) exclusive_minimum: bool,
    pub(crate) maximum: Option<f64>,
    pub(crate) exclusive_maximum: bool,
    pub(crate) multiple_of: Option<f64>,
    pub(crate) length: (Option<i64>, Option<i64>),
    pub(crate) items: (Option<i64>, Option<i64>),
    pub(crate) properties: (Option<i64>, Option<i64>),
    pub(crate) unique_items: bool,
    pub(crate) required: Vec<String>,
}

/// One place of a schema. Its flags are the schema's own, each by itself.
#[allow(clippy::struct_excessive_bools)]
#[derive(Debug, Default)]
pub struct Node {
    pub(crate) kind: String,
    pub(crate) int_or_string: bool,
    pub(crate) nullable: bool,
    pub(crate) default: Option<Value>,
    pub(crate) properties: BTreeMap<String, Node>,
    pub(crate) additional: Option<Additional>,
    pub(crate) items: Option<Box<Node>>,
    pub(crate) preserve_unknown: bool,
    pub(crate) embedded: bool,
    pub(crate) list_type: ListType,
    pub(crate) list_map_keys: Vec<String>,
    pub(crate) limits: Limits,
    pub(crate) all_of: Vec<Node>,
    pub(crate) any_of: Vec<Node>,
    pub(crate) one_of: Vec<Node>,
    pub(crate) not: Option<Box<Node>>,
    pub(crate) rules: Vec<Rule>,
}

impl Node {
    /// The schema of a key of a map: its property, or what `additionalProperties` says.
    pub(crate) fn field(&self, key: &str) -> Option<&Node> {
        self.properties.get(key).or(match &self.additional {
            Some(Additional::Of(node)) => Some(&**node),
            _ => None,
        })
    }

    /// The types a value may have, as the validator lists them.
    pub(crate) fn types(&self) -> Vec<&str> {
        if self.int_or_string {
            vec!["integer", "string"]
        } else if self.kind.is_empty() {
            Vec::new()
        } else {
            vec![&self.kind]
        }
    }

    /// Compiles a schema; `path` is where it stands, for errors.
    pub(crate) fn compile(schema: &JSONSchemaProps, path: &str) -> Result<Self, FieldError> {
        let list_type = match schema.x_kubernetes_list_type.as_deref() {
            None | Some("atomic") => ListType::Atomic,
            Some("set") => ListType::Set,
            Some("map") => ListType::Map,
            Some(other) => {
                let supported = ["atomic", "map", "set"].map(str::to_owned);
                let field = child(path, "x-kubernetes-list-type");
                return Err(FieldError::not_supported(field, &other.into(), &supported));
            }
        };
        let mut properties = BTreeMap::new();
        for (name, property) in schema.properties.iter().flatten() {
            let at = format!("{}[{name}]", child(path, "properties"));
            properties.insert(name.clone(), Node::compile(property, &at)?);
        }
        let additional = match &schema.additional_properties {
            None => None,
            Some(JSONSchemaPropsOrBool::Bool(true)) => Some(Additional::Any),
            Some(JSONSchemaPropsOrBool::Bool(false)) => Some(Additional::None),
            Some(JSONSchemaPropsOrBool::Schema(values)) => {
                let at = child(path, "additionalProperties");
                Some(Additional::Of(Box::new(Node::compile(values, &at)?)))
            }
        };
        let items = match &schema.items {
            None => None,
            Some(JSONSchemaPropsOrArray::Schema(items)) => Some(Box::new(Node::compile(items, &child(path, "items"))?)),
            Some(JSONSchemaPropsOrArray::Schemas(_)) => {
                return Err(FieldError::forbidden(
                    child(path, "items"),
                    "items must be a schema object and not an array",
                ));
            }
        };
        let branches = |list: &Option<Vec<JSONSchemaProps>>, name: &str| {
            list.iter()
                .flatten()
                .enumerate()
                .map(|(i, branch)| Node::compile(branch, &format!("{}[{i}]", child(path, name))))
                .collect::<Result<Vec<_>, _>>()
        };
        Ok(Self {
            kind: schema.type_.clone().unwrap_or_default(),
            int_or_string: schema.x_kubernetes_int_or_string.unwrap_or(false),
            nullable: schema.nullable.unwrap_or(false),
            default: schema.default.as_ref().map(|default| default.0.clone()),
            properties,
            additional,
            items,
            preserve_unknown: schema.x_kubernetes_preserve_unknown_fields.unwrap_or(false),
            embedded: schema.x_kubernetes_embedded_resource.unwrap_or(false),
            list_type,
            list_map_keys: schema.x_kubernetes_list_map_keys.clone().unwrap_or_default(),
            limits: Limits::compile(schema),
            all_of: branches(&schema.all_of, "allOf")?,
            any_of: branches(&schema.any_of, "anyOf")?,
            one_of: branches(&schema.one_of, "oneOf")?,
            not: match &schema.not {
                Some(not) => Some(Box::new(Node::compile(not, &child(path, "not"))?)),
                None => None,
            },
            rules: schema.x_kubernetes_validations.iter().flatten().map(Rule::compile).collect(),
        })
    }
}

impl Limits {
    fn compile(schema: &JSONSchemaProps) -> Self {
        let pattern = schema.pattern.clone().filter(|pattern| !pattern.is_empty());
        Self {
            format: schema.format.as_ref().and_then(|name| Some((name.clone(), Format::named(name)?))),
            pattern: pattern.map(|text| {
                let regex = Regex::new(&text).map_err(|error| error.to_string());
                (text, regex)
            }),
            enumeration: schema.enum_.iter().flatten().map(|value| value.0.clone()).collect(),
            minimum: schema.minimum,
            exclusive_minimum: schema.exclusive_minimum.unwrap_or(false),
            maximum: schema.maximum,
            exclusive_maximum: schema.exclusive_maximum.unwrap_or(false),
            multiple_of: schema.multiple_of,
            length: (schema.min_length, schema.max_length),
            items: (schema.min_items, schema.max_items),
            properties: (schema.min_properties, schema.max_properties),
            unique_items: schema.unique_items.unwrap_or(false),
            required: schema.required.clone().unwrap_or_default(),
        }
    }
}

/// The path of a property of the object at `path`.
pub(crate) fn child(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// The path of a key of the map at `path`.
pub(crate) fn key(path: &str, name: &str) -> String {
    format!("{path}[{name}]")
}

/// The path of an item of the list at `path`.
pub(crate) fn index(path: &str, at: usize) -> String {
    format!("{path}[{at}]")
}
