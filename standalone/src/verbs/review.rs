//! `SelfSubjectAccessReview`: may I?

use serde_json::{Value, json};

use crate::api_error::{ApiError, ApiResult};
use crate::auth::{Attributes, User, allowed};
use crate::http::body;
use crate::http::reply::Reply;

/// Answers whether the caller may do what the body asks about. `None`: no such path.
pub fn review(
    user: &User,
    target: &Attributes,
    version: &str,
    bytes: &[u8],
    content_type: &str,
) -> ApiResult<Option<Reply>> {
    if target.resource != "selfsubjectaccessreviews" || version != "v1" {
        return Ok(None);
    }
    if target.verb != "create" {
        return Err(ApiError::method_not_allowed());
    }
    let mut review = body::parse(bytes, content_type, "SelfSubjectAccessReview")?;
    let text = |part: &Value, field: &str| part.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    let spec = review.get("spec").cloned().unwrap_or_default();
    let wanted = match (spec.get("resourceAttributes"), spec.get("nonResourceAttributes")) {
        (Some(part), None) => Attributes {
            verb: text(part, "verb"),
            group: text(part, "group"),
            resource: text(part, "resource"),
            subresource: text(part, "subresource"),
            namespace: text(part, "namespace"),
            name: text(part, "name"),
            path: String::new(),
        },
        (None, Some(part)) => {
            Attributes { verb: text(part, "verb"), path: text(part, "path"), ..Attributes::default() }
        }
        _ => {
            let error = crate::field_error::FieldError::invalid(
                "spec.resourceAttributes",
                &Value::Null,
                "exactly one of nonResourceAttributes or resourceAttributes must be specified",
            );
            return Err(ApiError::invalid_as("authorization.k8s.io", "SelfSubjectAccessReview", "", &[error]));
        }
    };
    if let Some(map) = review.as_object_mut() {
        map.insert("kind".into(), "SelfSubjectAccessReview".into());
        map.insert("apiVersion".into(), "authorization.k8s.io/v1".into());
        map.entry("metadata").or_insert_with(|| json!({}));
        map.insert("status".into(), json!({"allowed": allowed(user, &wanted)}));
    }
    Ok(Some(Reply::created(review)))
}
