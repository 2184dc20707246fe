//! The options of lists and watches.

use serde_json::Value;

use crate::api_error::{ApiError, ApiResult};
use crate::field_error::FieldError;
use crate::http::params::Params;

const MATCH: &str = "resourceVersionMatch";

/// From which resource version on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListOptions {
    /// `resourceVersion`, `None` when absent.
    pub version: Option<u64>,
    /// `resourceVersionMatch=Exact`, as a page of a limited list also asks.
    pub exact: bool,
    /// `sendInitialEvents`.
    pub send_initial_events: Option<bool>,
}

impl ListOptions {
    /// Reads and checks the options of a list or a watch.
    pub fn read(params: &Params, watching: bool) -> ApiResult<Self> {
        let given = params.get("resourceVersion");
        let version_match = params.get(MATCH);
        let initial = params.flag("sendInitialEvents");
        let errors = if watching {
            watch_errors(params, version_match, initial)
        } else {
            list_errors(params, given, version_match, initial)
        };
        if !errors.is_empty() {
            return Err(ApiError::invalid_options("ListOptions", &errors));
        }
        let version = given
            .map(|text| {
                text.parse::<u64>().map_err(|_| {
                    ApiError::bad_request(format!(
                        "invalid resource version: resourceVersion: Invalid value: {text:?}: strconv.ParseUint: parsing {text:?}: invalid syntax"
                    ))
                })
            })
            .transpose()?;
        Ok(Self { version, exact: version_match == Some("Exact"), send_initial_events: initial })
    }
}

fn list_errors(
    params: &Params,
    given: Option<&str>,
    version_match: Option<&str>,
    initial: Option<bool>,
) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if let Some(found) = version_match {
        if given.is_none() {
            let detail = "resourceVersionMatch is forbidden unless resourceVersion is provided";
            errors.push(FieldError::forbidden(MATCH, detail));
        }
        if params.get("continue").is_some() {
            let detail = "resourceVersionMatch is forbidden when continue is provided";
            errors.push(FieldError::forbidden(MATCH, detail));
        }
        if found != "Exact" && found != "NotOlderThan" {
            let supported = ["Exact", "NotOlderThan", ""].map(str::to_owned);
            errors.push(FieldError::not_supported(MATCH, &found.into(), &supported));
        }
        if found == "Exact" && given == Some("0") {
            let detail = "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"";
            errors.push(FieldError::forbidden(MATCH, detail));
        }
    }
    if initial.is_some() {
        let detail = "sendInitialEvents is forbidden for list";
        errors.push(FieldError::forbidden("sendInitialEvents", detail));
    }
    errors
}

fn watch_errors(params: &Params, version_match: Option<&str>, initial: Option<bool>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if initial.is_some() && version_match != Some("NotOlderThan") {
        let detail = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
        errors.push(FieldError::forbidden(MATCH, detail));
    }
    if let Some(found) = version_match {
        if initial.is_none() {
            let detail = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided";
            errors.push(FieldError::forbidden(MATCH, detail));
        }
        if found != "NotOlderThan" {
            let supported = ["NotOlderThan".to_owned()];
            errors.push(FieldError::not_supported(MATCH, &Value::from(found), &supported));
        }
        if params.get("continue").is_some() {
            let detail = "resourceVersionMatch is forbidden when continue is provided";
            errors.push(FieldError::forbidden(MATCH, detail));
        }
    }
    errors
}

/// 504: the client has seen more than there is.
pub fn too_large(wanted: u64, current: u64) -> ApiError {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::{StatusCause, StatusDetails};
    let message = format!("Timeout: Too large resource version: {wanted}, current: {current}");
    ApiError::new(504, "Timeout", message).with_details(StatusDetails {
        causes: Some(vec![StatusCause {
            reason: Some("ResourceVersionTooLarge".into()),
            message: Some("Too large resource version".into()),
            field: None,
        }]),
        retry_after_seconds: Some(1),
        ..StatusDetails::default()
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn combinations() {
        let cases = [
            ("", false, true),
            ("resourceVersion=5&resourceVersionMatch=Exact", false, true),
            ("resourceVersionMatch=Exact", false, false),
            ("resourceVersion=0&resourceVersionMatch=Exact", false, false),
            ("sendInitialEvents=true", false, false),
            ("resourceVersion=x", false, false),
            ("sendInitialEvents=true&resourceVersionMatch=NotOlderThan", true, true),
            ("sendInitialEvents=true", true, false),
            ("resourceVersion=1&resourceVersionMatch=NotOlderThan", true, false),
        ];
        for (query, watching, good) in cases {
            let read = ListOptions::read(&Params::parse(query), watching);
            assert_eq!(read.is_ok(), good, "{query}");
        }
    }
}
