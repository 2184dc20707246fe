//! Changes to a part of a resource.

use axum::extract::{FromRequest, Request};
use kube::api::{Patch, PatchParams, ValidationDirective};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{ApiError, IfMatch, json};

/// Who the API server notes as the writer.
const FIELD_MANAGER: &str = "plexica-core-api";

/// A JSON merge patch ([RFC 7396](https://www.rfc-editor.org/rfc/rfc7396)) of the spec: only what
/// it names is changed, null takes away.
#[derive(Clone, Debug, Deserialize)]
pub struct SpecPatch {
    /// What to change.
    pub spec: Map<String, Value>,
}

impl SpecPatch {
    /// As the Kubernetes API takes it: for the resource of this uid, if one was looked at before,
    /// and for a version of it, if one is meant.
    pub fn merge(&self, uid: Option<String>, IfMatch(version): IfMatch) -> Patch<Value> {
        let mut patch = json!({ "spec": self.spec });
        for (field, value) in [("uid", uid), ("resourceVersion", version)] {
            if let Some(value) = value {
                patch["metadata"][field] = value.into();
            }
        }
        Patch::Merge(patch)
    }

    /// How it is sent: fields that are not known are refused.
    pub fn params() -> PatchParams {
        PatchParams {
            field_manager: Some(FIELD_MANAGER.into()),
            field_validation: Some(ValidationDirective::Strict),
            ..PatchParams::default()
        }
    }
}

impl<S: Sync> FromRequest<S> for SpecPatch {
    type Rejection = ApiError;
    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        json::read(request, &["application/merge-patch+json", "application/json"]).await
    }
}
