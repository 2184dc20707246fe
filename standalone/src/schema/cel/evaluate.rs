//! Evaluation of the rules of one place.

use std::sync::Arc;

use kube_cel::KubeCelExt;
use kube_cel::cel::objects::OptionalValue;
use kube_cel::cel::{Context, ExecutionError, Program, Value as CelValue};
use serde_json::Value;

use super::rule::Rule;
use super::value::to_cel;
use crate::field_error::FieldError;
use crate::schema::node::{Node, child};
use crate::schema::validate::correlate::Correlation;

thread_local! {
    /// The functions every rule may call; building them is most of the cost of a rule.
    static FUNCTIONS: Context<'static> = Context::default().with_all();
}

/// The longest message an expression may give.
const LONGEST_MESSAGE: usize = 5 * 1024;

/// Evaluates the rules of one place and files what fails.
pub(super) fn rules(
    node: &Node,
    value: &Value,
    old: Option<Correlation<'_>>,
    path: &str,
    root: bool,
    errors: &mut Vec<FieldError>,
) {
    if node.rules.is_empty() {
        return;
    }
    FUNCTIONS.with(|functions| {
        let old = old.filter(|old| !old.value().is_null());
        let old_self = old.map(|old| to_cel(node, old.value(), root));
        let mut scope = functions.new_inner_scope();
        scope.add_variable_from_value("self", to_cel(node, value, root));
        let mut optional = scope.new_inner_scope();
        let wrapped = match &old_self {
            Some(old) => OptionalValue::of(old.clone()),
            None => OptionalValue::none(),
        };
        optional.add_variable_from_value("oldSelf", CelValue::Opaque(Arc::new(wrapped)));
        let mut plain = scope.new_inner_scope();
        if let Some(old) = &old_self {
            plain.add_variable_from_value("oldSelf", old.clone());
        }
        for rule in &node.rules {
            if rule.uses_old_self && old_self.is_none() && !rule.optional_old_self {
                continue;
            }
            let scope = if rule.optional_old_self { &optional } else { &plain };
            let Some(error) = evaluate(rule, node, value, scope, &plain, path) else {
                continue;
            };
            // What was wrong before and did not change is not refused again.
            let forgiven = !rule.uses_old_self && error.1 && old.is_some_and(|old| old.unchanged(value));
            if !forgiven {
                errors.push(error.0);
            }
        }
    });
}

/// The error of a rule, and whether an unchanged value is forgiven for it.
fn evaluate(
    rule: &Rule,
    node: &Node,
    value: &Value,
    scope: &Context<'_>,
    message_scope: &Context<'_>,
    path: &str,
) -> Option<(FieldError, bool)> {
    let program = match &rule.program {
        Ok(program) => program,
        Err(error) => {
            let detail = format!("rule compile error: {error}");
            return Some((FieldError::invalid(path, &node.kind.as_str().into(), detail), false));
        }
    };
    match program.execute(scope) {
        Ok(CelValue::Bool(true)) => None,
        Ok(_) => Some((failed(rule, node, value, message_scope, path), true)),
        Err(error) => {
            let what = words(&error);
            let detail = if what.starts_with("no such overload") {
                format!(
                    "'{what}': call arguments did not match a supported operator, function or macro signature for rule: {}",
                    rule.name()
                )
            } else {
                format!("{what} evaluating rule: {}", rule.name())
            };
            Some((FieldError::invalid(path, &node.kind.as_str().into(), detail), false))
        }
    }
}

fn failed(rule: &Rule, node: &Node, value: &Value, scope: &Context<'_>, path: &str) -> FieldError {
    let field = match &rule.field_path {
        Some(below) => child(path, &normalize(below)),
        None => path.to_owned(),
    };
    let detail = rule
        .message_program
        .as_ref()
        .and_then(|program| message(program, scope))
        .unwrap_or_else(|| rule.fixed_message());
    let shown = (!matches!(node.kind.as_str(), "object" | "array")).then_some(value);
    match rule.reason.as_deref() {
        Some("FieldValueForbidden") => FieldError::forbidden(field, &detail),
        Some("FieldValueRequired") => FieldError::required(field, &detail),
        Some("FieldValueDuplicate") => FieldError::duplicate(field, shown),
        _ => match shown {
            Some(shown) => FieldError::invalid(field, shown, detail),
            None => FieldError::invalid_whole(field, &detail),
        },
    }
}

/// What a message expression gives, if it gives one readable line.
fn message(program: &Program, scope: &Context<'_>) -> Option<String> {
    let Ok(CelValue::String(text)) = program.execute(scope) else {
        return None;
    };
    let text = text.trim();
    let usable = !text.is_empty() && text.len() <= LONGEST_MESSAGE && !text.contains('\n');
    usable.then(|| text.to_owned())
}

/// `.spec['plan']` as `spec.plan`.
fn normalize(path: &str) -> String {
    let mut out = String::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(tail) = rest.strip_prefix("['") {
            let end = tail.find("']").unwrap_or(tail.len());
            out = child(&out, &tail[..end].replace("\\'", "'"));
            rest = tail.get(end + 2..).unwrap_or("");
        } else {
            let tail = rest.strip_prefix('.').unwrap_or(rest);
            let end = tail.find(['.', '[']).unwrap_or(tail.len());
            out = child(&out, &tail[..end]);
            rest = &tail[end..];
        }
    }
    out
}

/// An evaluation error in the words of the API server.
fn words(error: &ExecutionError) -> String {
    match error {
        ExecutionError::NoSuchKey(key) => format!("no such key: {key}"),
        ExecutionError::DivisionByZero(_) => "division by zero".to_owned(),
        ExecutionError::RemainderByZero(_) => "modulus by zero".to_owned(),
        ExecutionError::Overflow(..) => "integer overflow".to_owned(),
        ExecutionError::IndexOutOfBounds(CelValue::Int(at)) => format!("index out of bounds: {at}"),
        ExecutionError::NoSuchOverload
        | ExecutionError::UnsupportedBinaryOperator(..)
        | ExecutionError::ValuesNotComparable(..) => "no such overload".to_owned(),
        other => other.to_string(),
    }
}
