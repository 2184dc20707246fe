//! A kind's schema, compiled once, and what the server asks of it.

use serde_json::Value;

use super::default::{default, prune_nulls};
use super::node::Node;
use super::prune::prune;
use super::validate::correlate::Correlation;
use super::{builtin, cel, meta, number, validate};
use crate::field_error::{Cause, FieldError};
use crate::kind::Kind;

/// The schema of one kind in one version.
#[derive(Debug)]
pub struct CompiledSchema {
    kind: Kind,
    node: Option<Node>,
}

impl CompiledSchema {
    /// Compiles the schema of a kind; the error names the place that is not structural.
    pub fn compile(kind: &Kind) -> Result<Self, FieldError> {
        let node = match &kind.schema {
            Some(schema) => Some(Node::compile(schema, "")?),
            None => None,
        };
        Ok(Self { kind: kind.clone(), node })
    }

    /// The kind this is the schema of.
    pub fn kind(&self) -> &Kind {
        &self.kind
    }

    /// Fills in defaults. Only custom kinds have them in their schema; what built-in kinds
    /// default is part of [`builtin::default`], which this calls for them.
    pub fn default(&self, object: &mut Value) {
        if !self.kind.custom {
            return builtin::default(&self.kind, object);
        }
        if let Some(node) = &self.node {
            default(node, object);
        }
    }

    /// Drops the fields the schema does not know, and nulls that mean nothing; returns the paths
    /// of the dropped fields, sorted, those of the metadata first. The metadata is read as the
    /// `ObjectMeta` it is: a value of the wrong type in it is the error.
    pub fn prune(&self, object: &mut Value) -> Result<Vec<String>, String> {
        let mut unknown = meta::coerce(object)?;
        number::settle(object);
        match &self.node {
            Some(node) => {
                unknown.extend(prune(node, object, true));
                prune_nulls(Some(node), object);
            }
            None => unknown.extend(prune(&Node::default(), object, true)),
        }
        Ok(unknown)
    }

    /// Validates a new object; its name has been generated and its namespace set.
    pub fn validate_create(&self, object: &Value) -> Vec<FieldError> {
        let mut errors = meta::validate_type(&self.kind, object);
        if !errors.is_empty() {
            return errors;
        }
        errors.extend(meta::validate_create(&self.kind, object));
        if !self.kind.custom {
            errors.extend(builtin::validate_create(&self.kind, object));
            return errors;
        }
        if let Some(node) = &self.node {
            errors.extend(validate::validate(node, object, None, ""));
            errors.extend(validate::list::check(node, object, ""));
        }
        self.add_rules(object, None, errors)
    }

    /// Validates a changed object. What was wrong before and did not change is forgiven.
    pub fn validate_update(&self, object: &Value, old: &Value) -> Vec<FieldError> {
        let mut errors = meta::validate_type(&self.kind, object);
        if !errors.is_empty() {
            return errors;
        }
        errors.extend(changed_metadata(object, old));
        if !self.kind.custom {
            errors.extend(builtin::validate_update(&self.kind, object, old));
            return errors;
        }
        if let Some(node) = &self.node {
            let was = Some(Correlation::new(node, old));
            errors.extend(validate::validate(node, object, was, ""));
            if validate::list::check(node, old, "").is_empty() {
                errors.extend(validate::list::check(node, object, ""));
            }
        }
        self.add_rules(object, Some(old), errors)
    }

    /// Validates an object whose status alone changed.
    pub fn validate_status(&self, object: &Value, old: &Value) -> Vec<FieldError> {
        let mut errors = meta::validate_type(&self.kind, object);
        if !errors.is_empty() {
            return errors;
        }
        errors.extend(changed_metadata(object, old));
        if !self.kind.custom {
            return errors;
        }
        if let Some(node) = &self.node {
            if let (Some(status), Some(schema)) = (object.get("status"), node.properties.get("status")) {
                let was = old.get("status").map(|old| Correlation::new(schema, old));
                errors.extend(validate::validate(schema, status, was, "status"));
            }
            if validate::list::check(node, old, "").is_empty() {
                errors.extend(validate::list::check(node, object, ""));
            }
        }
        self.add_rules(object, Some(old), errors)
    }

    /// Evaluates the CEL rules, unless the object is too far from its schema for them.
    fn add_rules(&self, object: &Value, old: Option<&Value>, mut errors: Vec<FieldError>) -> Vec<FieldError> {
        let Some(node) = &self.node else {
            return errors;
        };
        let blocking = errors.iter().any(|error| {
            matches!(
                error.cause,
                Cause::NotSupported | Cause::Required | Cause::TooLong | Cause::TooMany | Cause::TypeInvalid
            )
        });
        if blocking && has_rules(node) {
            errors.push(FieldError::invalid(
                "",
                &Value::Null,
                "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation",
            ));
        } else if !blocking {
            errors.extend(cel::check(node, object, old, true));
        }
        errors
    }
}

/// The API server checks changed metadata as if it were new, then as changed, and that again for
/// the kind: it names one mistake up to three times.
fn changed_metadata(object: &Value, old: &Value) -> Vec<FieldError> {
    let changed = meta::validate_update(object, old);
    [meta::validate_always(object), changed.clone(), changed].concat()
}

/// Whether a schema has any CEL rule.
fn has_rules(node: &Node) -> bool {
    !node.rules.is_empty()
        || node.properties.values().any(has_rules)
        || node.items.as_deref().is_some_and(has_rules)
        || node.all_of.iter().any(has_rules)
        || match &node.additional {
            Some(super::node::Additional::Of(values)) => has_rules(values),
            _ => false,
        }
}
