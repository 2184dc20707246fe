//! In which form an answer is wanted.

use crate::api_error::{ApiError, ApiResult};

/// What to make of the objects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// As they are.
    #[default]
    Object,
    /// Rows and columns, for people (`kubectl get`).
    Table,
    /// Their metadata alone.
    Metadata,
}

/// How it is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// JSON.
    #[default]
    Json,
    /// YAML.
    Yaml,
}

/// The form and encoding wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// What.
    pub form: Form,
    /// How.
    pub encoding: Encoding,
}

/// The first clause of `Accept` that can be served. What is never served (protobuf, CBOR) is
/// passed over, as clients name JSON as their second choice.
pub fn negotiate(accept: &str) -> ApiResult<Wanted> {
    if accept.trim().is_empty() {
        return Ok(Wanted::default());
    }
    accept.split(',').find_map(clause).ok_or_else(|| {
        ApiError::new(
            406,
            "NotAcceptable",
            "only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf",
        )
    })
}

fn clause(text: &str) -> Option<Wanted> {
    let mut parts = text.split(';').map(str::trim);
    let encoding = match parts.next()? {
        "application/json" | "*/*" | "application/*" => Encoding::Json,
        "application/yaml" => Encoding::Yaml,
        _ => return None,
    };
    let (mut kind, mut group) = ("", "");
    for part in parts {
        match part.split_once('=') {
            Some(("as", value)) => kind = value,
            Some(("g", value)) => group = value,
            _ => {}
        }
    }
    let form = match (kind, group) {
        ("", _) => Form::Object,
        ("Table", "meta.k8s.io") => Form::Table,
        ("PartialObjectMetadata" | "PartialObjectMetadataList", "meta.k8s.io") => Form::Metadata,
        _ => return None,
    };
    Some(Wanted { form, encoding })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_clients_ask_for() {
        let table = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
        let partial = "application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,\
                       application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";
        let cases = [
            ("", Form::Object),
            ("*/*", Form::Object),
            ("application/vnd.kubernetes.protobuf,application/json", Form::Object),
            (table, Form::Table),
            (partial, Form::Metadata),
        ];
        for (accept, form) in cases {
            assert_eq!(negotiate(accept).unwrap().form, form, "{accept}");
        }
        assert_eq!(negotiate("application/yaml").unwrap().encoding, Encoding::Yaml);
        assert_eq!(negotiate("text/html").unwrap_err().code(), 406);
    }
}
