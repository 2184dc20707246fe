//! A complaint about one field, as the `causes` of a `Status` carry it.

use serde_json::Value;

use crate::schema::text::{go_json, go_number, go_quote};

/// Why a field is refused; the text is the `reason` of a `StatusCause`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// `FieldValueRequired`
    Required,
    /// `FieldValueInvalid`
    Invalid,
    /// `FieldValueTypeInvalid`
    TypeInvalid,
    /// `FieldValueNotSupported`
    NotSupported,
    /// `FieldValueDuplicate`
    Duplicate,
    /// `FieldValueForbidden`
    Forbidden,
    /// `FieldValueTooLong`
    TooLong,
    /// `FieldValueTooMany`
    TooMany,
    /// `FieldValueNotFound`
    NotFound,
}

impl Cause {
    /// The reason of the status cause.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Required => "FieldValueRequired",
            Self::Invalid => "FieldValueInvalid",
            Self::TypeInvalid => "FieldValueTypeInvalid",
            Self::NotSupported => "FieldValueNotSupported",
            Self::Duplicate => "FieldValueDuplicate",
            Self::Forbidden => "FieldValueForbidden",
            Self::TooLong => "FieldValueTooLong",
            Self::TooMany => "FieldValueTooMany",
            Self::NotFound => "FieldValueNotFound",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Required => "Required value",
            Self::Invalid | Self::TypeInvalid => "Invalid value",
            Self::NotSupported => "Unsupported value",
            Self::Duplicate => "Duplicate value",
            Self::Forbidden => "Forbidden",
            Self::TooLong => "Too long",
            Self::TooMany => "Too many",
            Self::NotFound => "Not found",
        }
    }
}

/// One refused field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// Why.
    pub cause: Cause,
    /// Path, for example `spec.size` or `spec.items[0].name`; `<nil>` for the object itself.
    pub field: String,
    /// The body: everything after `path: `, for example `Invalid value: "x": must be short`.
    pub message: String,
}

impl FieldError {
    /// A field error with its finished body; an empty path is the object itself.
    pub fn new(cause: Cause, field: impl Into<String>, message: impl Into<String>) -> Self {
        let field = field.into();
        Self { cause, field: if field.is_empty() { "<nil>".to_owned() } else { field }, message: message.into() }
    }

    /// `<words of the cause>: <value>: <detail>`, each where there is one.
    fn worded(cause: Cause, field: impl Into<String>, value: Option<&Value>, detail: &str) -> Self {
        let mut message = cause.words().to_owned();
        for part in [value.map(shown).as_deref(), Some(detail)].into_iter().flatten() {
            if !part.is_empty() {
                message.push_str(": ");
                message.push_str(part);
            }
        }
        Self::new(cause, field, message)
    }

    /// `Required value: detail`, or just `Required value`.
    pub fn required(field: impl Into<String>, detail: &str) -> Self {
        Self::worded(Cause::Required, field, None, detail)
    }

    /// `Invalid value: <value>: detail`.
    pub fn invalid(field: impl Into<String>, value: &Value, detail: impl std::fmt::Display) -> Self {
        Self::worded(Cause::Invalid, field, Some(value), &detail.to_string())
    }

    /// `Invalid value: detail`, without the value (objects and lists).
    pub fn invalid_whole(field: impl Into<String>, detail: &str) -> Self {
        Self::worded(Cause::Invalid, field, None, detail)
    }

    /// `Invalid value: <value>: detail`, where the type is not the one of the schema.
    pub fn type_invalid(field: impl Into<String>, value: &Value, detail: &str) -> Self {
        Self::worded(Cause::TypeInvalid, field, Some(value), detail)
    }

    /// `Duplicate value: <value>`.
    pub fn duplicate(field: impl Into<String>, value: Option<&Value>) -> Self {
        Self::worded(Cause::Duplicate, field, value, "")
    }

    /// `Unsupported value: <value>: supported values: "a", "b"`.
    pub fn not_supported(field: impl Into<String>, value: &Value, supported: &[String]) -> Self {
        let quoted: Vec<String> = supported.iter().map(|one| go_quote(one)).collect();
        let detail = match quoted.as_slice() {
            [] => String::new(),
            some => format!("supported values: {}", some.join(", ")),
        };
        Self::worded(Cause::NotSupported, field, Some(value), &detail)
    }

    /// `Forbidden: detail`.
    pub fn forbidden(field: impl Into<String>, detail: &str) -> Self {
        Self::worded(Cause::Forbidden, field, None, detail)
    }

    /// `Too long: may not be more than 3 bytes`.
    pub fn too_long(field: impl Into<String>, limit: i64) -> Self {
        let unit = if limit == 1 { "byte" } else { "bytes" };
        let detail = format!("may not be more than {limit} {unit}");
        Self::worded(Cause::TooLong, field, None, &detail)
    }

    /// `Too many: 4: must have at most 3 items`.
    pub fn too_many(field: impl Into<String>, actual: usize, limit: i64) -> Self {
        let unit = if limit == 1 { "item" } else { "items" };
        let detail = format!("must have at most {limit} {unit}");
        Self::worded(Cause::TooMany, field, Some(&actual.into()), &detail)
    }
}

/// A value as it stands in a message.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => go_quote(text),
        Value::Number(number) => go_number(number),
        other => go_json(other),
    }
}

impl std::fmt::Display for FieldError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.field, self.message)
    }
}
