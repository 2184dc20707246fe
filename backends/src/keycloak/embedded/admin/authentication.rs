//! What is asked at sign-in: kept and given back, not followed.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::super::fault::Fault;
use super::super::server::App;
use super::{ServiceAccount, managed};

/// The one action there is.
const ACTION: &str = "CONFIGURE_TOTP";

pub async fn action(
    _: ServiceAccount,
    State(app): State<App>,
    Path((realm, alias)): Path<(String, String)>,
) -> Result<Json<Value>, Fault> {
    managed(&app, &realm).await?;
    let kept = app.store.authentication(&realm).await?;
    known(alias == ACTION, "Required action")?;
    let new = json!({ "alias": ACTION, "providerId": ACTION, "name": "Configure OTP", "enabled": true,
        "defaultAction": false, "priority": 10, "config": {} });
    Ok(Json(kept.get(ACTION).cloned().unwrap_or(new)))
}

pub async fn set_action(
    _: ServiceAccount,
    State(app): State<App>,
    Path((realm, alias)): Path<(String, String)>,
    Json(body): Json<Value>,
) -> Result<StatusCode, Fault> {
    managed(&app, &realm).await?;
    known(alias == ACTION, "Required action")?;
    app.store.set_authentication(&realm, ACTION, &body).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn steps(
    _: ServiceAccount,
    State(app): State<App>,
    Path((realm, alias)): Path<(String, String)>,
) -> Result<Json<Vec<Value>>, Fault> {
    managed(&app, &realm).await?;
    let kept = app.store.authentication(&realm).await?;
    let steps = of_a_new_realm(&alias)?.into_iter();
    Ok(Json(steps.map(|step| kept.get(id(&step)).cloned().unwrap_or(step)).collect()))
}

pub async fn set_step(
    _: ServiceAccount,
    State(app): State<App>,
    Path((realm, alias)): Path<(String, String)>,
    Json(body): Json<Value>,
) -> Result<StatusCode, Fault> {
    managed(&app, &realm).await?;
    known(of_a_new_realm(&alias)?.iter().any(|step| id(step) == id(&body)), "Execution")?;
    app.store.set_authentication(&realm, id(&body), &body).await?;
    Ok(StatusCode::ACCEPTED)
}

fn id(step: &Value) -> &str {
    step["id"].as_str().unwrap_or_default()
}

fn known(is: bool, what: &str) -> Result<(), Fault> {
    if is { Ok(()) } else { Err(Fault::missing(what)) }
}

/// The steps of Keycloak's flows that have to do with the second factor.
fn of_a_new_realm(flow: &str) -> Result<Vec<Value>, Fault> {
    let subflow = |level: i32, requirement: &str, name: &str| {
        json!({ "id": format!("{flow}/{name}"), "level": level, "requirement": requirement, "displayName": name,
            "authenticationFlow": true })
    };
    let step = |level: i32, requirement: &str, name: &str, provider: &str| {
        json!({ "id": format!("{flow}/{provider}"), "level": level, "requirement": requirement, "displayName": name,
            "providerId": provider })
    };
    match flow {
        "browser" => Ok(vec![
            subflow(0, "ALTERNATIVE", "forms"),
            step(1, "REQUIRED", "Username Password Form", "auth-username-password-form"),
            subflow(1, "CONDITIONAL", "Browser - Conditional 2FA"),
            step(2, "ALTERNATIVE", "OTP Form", "auth-otp-form"),
        ]),
        "direct grant" => Ok(vec![
            step(0, "REQUIRED", "Password", "direct-grant-validate-password"),
            subflow(0, "CONDITIONAL", "Direct Grant - Conditional OTP"),
            step(1, "REQUIRED", "OTP", "direct-grant-validate-otp"),
        ]),
        _ => Err(Fault::missing("Flow")),
    }
}
