//! Which objects a list or a watch is about: label and field selectors.

use std::borrow::Cow;

use serde_json::Value;

use super::Call;
use crate::api_error::{ApiError, ApiResult};
use crate::builtin::Builtin;
use crate::object;
use crate::schema::selector::LabelSelector;
use crate::served::Served;

/// A field that must (or must not) have a value.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Requirement {
    pointer: String,
    value: String,
    equal: bool,
}

/// What is selected.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    labels: LabelSelector,
    fields: Vec<Requirement>,
}

impl Selection {
    /// The selectors of a request.
    pub fn of(call: &Call) -> ApiResult<Self> {
        let labels = call.params.get("labelSelector").unwrap_or_default();
        Ok(Self {
            labels: LabelSelector::parse(labels).map_err(ApiError::bad_request)?,
            fields: fields(call.params.get("fieldSelector").unwrap_or_default(), &call.served)?,
        })
    }

    /// Whether everything is selected.
    pub fn is_everything(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// The one name selected, if it is one.
    pub fn name(&self) -> &str {
        self.fields.iter().find(|one| one.equal && one.pointer == "/metadata/name").map_or("", |one| one.value.as_str())
    }

    /// Whether an object (in the form of its kind) is selected.
    pub fn matches(&self, object: &Value) -> bool {
        self.labels.matches(|key| object::label(object, key))
            && self.fields.iter().all(|one| {
                let found = object.pointer(&one.pointer).map(text).unwrap_or_default();
                (found == one.value) == one.equal
            })
    }
}

fn fields(text: &str, served: &Served) -> ApiResult<Vec<Requirement>> {
    split(text).into_iter().filter(|term| !term.is_empty()).map(|term| requirement(text, &term, served)).collect()
}

/// Splits at commas that no backslash stands before.
fn split(text: &str) -> Vec<String> {
    let mut terms = vec![String::new()];
    let mut escaped = false;
    for c in text.chars() {
        if c == ',' && !escaped {
            terms.push(String::new());
            continue;
        }
        escaped = c == '\\' && !escaped;
        if let Some(last) = terms.last_mut() {
            last.push(c);
        }
    }
    terms
}

fn requirement(whole: &str, term: &str, served: &Served) -> ApiResult<Requirement> {
    let operator = [("!=", false), ("==", true), ("=", true)]
        .into_iter()
        .filter_map(|(sign, equal)| Some((term.find(sign)?, sign, equal)))
        .min_by_key(|(at, sign, _)| (*at, std::cmp::Reverse(sign.len())));
    let Some((at, sign, equal)) = operator else {
        return Err(ApiError::bad_request(format!("invalid selector: '{whole}'; can't understand '{term}'")));
    };
    let (field, value) = (&term[..at], &term[at + sign.len()..]);
    let pointer =
        pointer(served, field).ok_or_else(|| ApiError::bad_request(format!("field label not supported: {field}")))?;
    Ok(Requirement { pointer, value: unescape(value), equal })
}

fn pointer(served: &Served, field: &str) -> Option<String> {
    match field {
        "metadata.name" => Some("/metadata/name".to_owned()),
        "metadata.namespace" => Some("/metadata/namespace".to_owned()),
        _ => {
            let builtin = served.builtin.map_or(&[][..], Builtin::selectable_fields).iter().copied();
            let custom = served.kind.selectable_fields.iter().map(|(name, pointer)| (name.as_str(), pointer.as_str()));
            builtin.chain(custom).find_map(|(name, pointer)| (name == field).then(|| pointer.to_owned()))
        }
    }
}

/// A value as a selector has it: strings, booleans and integers may be selected.
fn text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        Value::Bool(_) | Value::Number(_) => Cow::Owned(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => Cow::Borrowed(""),
    }
}

fn unescape(value: &str) -> String {
    let mut plain = String::new();
    let mut escaped = false;
    for c in value.chars() {
        if c == '\\' && !escaped {
            escaped = true;
        } else {
            plain.push(c);
            escaped = false;
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::builtin;
    use serde_json::json;

    #[test]
    fn fields_are_compared_and_unknown_ones_refused() {
        let secrets = builtin::kinds().unwrap().into_iter().find(|served| served.kind.plural == "secrets").unwrap();
        let selects = |text: &str, object: &Value| {
            let selection = Selection { fields: fields(text, &secrets).unwrap(), ..Selection::default() };
            selection.matches(object)
        };
        let secret = json!({"metadata": {"name": "a", "namespace": "d"}, "type": "Opaque"});
        assert!(selects("", &secret));
        assert!(selects("metadata.name=a,type=Opaque", &secret));
        assert!(selects("metadata.name==a", &secret));
        assert!(!selects("metadata.name!=a", &secret));
        assert!(selects("type!=x\\,y", &secret));
        let refused = |text: &str| fields(text, &secrets).unwrap_err().to_value()["message"].clone();
        assert_eq!(refused("spec.size=1"), "field label not supported: spec.size");
        assert_eq!(refused("spec"), "invalid selector: 'spec'; can't understand 'spec'");
    }
}
