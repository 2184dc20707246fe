//! The second factor. Pure.
//!
//! Keycloak's own flows ask for a code in a subflow that runs for those who have an authenticator
//! app. Where the subflow and its form are `REQUIRED`, its conditions do not count: who has no app
//! is made to set one up. Users who are new are told so by the default action as well.

use keycloak::types::{AuthenticationExecutionInfoRepresentation, RequiredActionProviderRepresentation};
use plexica_crds::tenant::Mfa;

/// The action that sets up an authenticator app.
pub const ACTION: &str = "CONFIGURE_TOTP";
/// Keycloak's own flow for browsers.
pub const BROWSER: &str = "browser";
/// Keycloak's own flow for a password handed over directly.
pub const DIRECT_GRANT: &str = "direct grant";

/// The flows, the step of each that takes the code, and what that is while it is optional.
pub const FLOWS: [(&str, &str, &str); 2] =
    [(BROWSER, "auth-otp-form", "ALTERNATIVE"), (DIRECT_GRANT, "direct-grant-validate-otp", "REQUIRED")];

/// What there is.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The action that sets up an app.
    pub action: Option<RequiredActionProviderRepresentation>,
    /// The steps of each of [`FLOWS`], in that order.
    pub flows: Vec<Vec<AuthenticationExecutionInfoRepresentation>>,
}

/// One write.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// The action is to be that.
    Action(RequiredActionProviderRepresentation),
    /// A step of a flow is to be that.
    Step(&'static str, AuthenticationExecutionInfoRepresentation),
    /// It cannot be: this is not there, in a Keycloak that is made otherwise.
    Lacking(String),
}

/// What has to be written for it.
pub fn changes(mfa: Mfa, found: &Found) -> Vec<Change> {
    let required = mfa == Mfa::Required;
    let mut changes = Vec::new();
    if found.action.is_none() && required {
        changes.push(Change::Lacking(format!("action {ACTION}")));
    }
    if let Some(action) = &found.action {
        // Without the action nobody could set up an app.
        let enabled = action.enabled == Some(true) || !required;
        if action.default_action != Some(required) || !enabled {
            let enabled = if required { Some(true) } else { action.enabled };
            changes.push(Change::Action(RequiredActionProviderRepresentation {
                enabled,
                default_action: Some(required),
                ..action.clone()
            }));
        }
    }
    for ((flow, provider, optional), steps) in FLOWS.into_iter().zip(&found.flows) {
        let wanted = if required { ["REQUIRED"; 2] } else { ["CONDITIONAL", optional] };
        let code = code(steps, provider);
        if code.is_none() && required {
            changes.push(Change::Lacking(format!("step {provider} in a subflow of flow {flow}")));
        }
        for (step, wanted) in code.into_iter().flatten().zip(wanted) {
            if step.requirement.as_deref() != Some(wanted) {
                let step =
                    AuthenticationExecutionInfoRepresentation { requirement: Some(wanted.into()), ..step.clone() };
                changes.push(Change::Step(flow, step));
            }
        }
    }
    changes
}

/// The subflow around the step that takes the code, and the step. Steps are listed depth first.
fn code<'a>(
    steps: &'a [AuthenticationExecutionInfoRepresentation],
    provider: &str,
) -> Option<[&'a AuthenticationExecutionInfoRepresentation; 2]> {
    let at = steps.iter().position(|step| step.provider_id.as_deref() == Some(provider))?;
    let around = steps[at].level?.checked_sub(1)?;
    let subflow = steps[..at].iter().rfind(|step| step.level == Some(around))?;
    (subflow.authentication_flow == Some(true)).then_some([subflow, &steps[at]])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(level: i32, requirement: &str, provider: Option<&str>) -> AuthenticationExecutionInfoRepresentation {
        AuthenticationExecutionInfoRepresentation {
            id: Some(format!("{level} {requirement} {provider:?}")),
            level: Some(level),
            requirement: Some(requirement.into()),
            provider_id: provider.map(Into::into),
            authentication_flow: provider.is_none().then_some(true),
            ..AuthenticationExecutionInfoRepresentation::default()
        }
    }

    /// As Keycloak 26.5 makes them, but for what has nothing to do with it.
    fn found() -> Found {
        let action = RequiredActionProviderRepresentation {
            alias: Some(ACTION.into()),
            enabled: Some(true),
            default_action: Some(false),
            ..RequiredActionProviderRepresentation::default()
        };
        let browser = vec![
            step(0, "ALTERNATIVE", Some("auth-cookie")),
            step(0, "ALTERNATIVE", None),
            step(1, "REQUIRED", Some("auth-username-password-form")),
            step(1, "CONDITIONAL", None),
            step(2, "REQUIRED", Some("conditional-user-configured")),
            step(2, "ALTERNATIVE", Some("auth-otp-form")),
        ];
        let direct = vec![
            step(0, "REQUIRED", Some("direct-grant-validate-password")),
            step(0, "CONDITIONAL", None),
            step(1, "REQUIRED", Some("direct-grant-validate-otp")),
        ];
        Found { action: Some(action), flows: vec![browser, direct] }
    }

    fn apply(found: &mut Found, changes: Vec<Change>) {
        for change in changes {
            match change {
                Change::Action(action) => found.action = Some(action),
                Change::Lacking(what) => panic!("{what}"),
                Change::Step(flow, changed) => {
                    let at = FLOWS.iter().position(|(name, ..)| *name == flow).unwrap();
                    let step = found.flows[at].iter_mut().find(|step| step.id == changed.id).unwrap();
                    *step = changed;
                }
            }
        }
    }

    #[test]
    fn required_and_back() {
        let fresh = found();
        assert_eq!(changes(Mfa::Optional, &fresh), []);
        let mut now = fresh.clone();
        let all = changes(Mfa::Required, &now);
        assert_eq!(all.len(), 4, "action, two steps of the browser's flow, one of the other: {all:?}");
        apply(&mut now, all);
        assert_eq!(now.action.as_ref().unwrap().default_action, Some(true));
        let requirements =
            |flow: usize| now.flows[flow].iter().map(|step| step.requirement.clone().unwrap()).collect::<Vec<_>>();
        assert_eq!(requirements(0)[3..], ["REQUIRED", "REQUIRED", "REQUIRED"]);
        assert_eq!(requirements(0)[..2], ["ALTERNATIVE", "ALTERNATIVE"], "the rest is as it was");
        assert_eq!(requirements(1), ["REQUIRED", "REQUIRED", "REQUIRED"]);
        assert_eq!(changes(Mfa::Required, &now), []);
        let all = changes(Mfa::Optional, &now);
        apply(&mut now, all);
        assert_eq!(now, fresh);
    }

    #[test]
    fn what_a_keycloak_lacks_is_told_where_it_is_required() {
        let mut other = found();
        other.action = None;
        other.flows[0].pop();
        other.flows[1].remove(1);
        assert_eq!(changes(Mfa::Optional, &other), []);
        let lacking = [
            "action CONFIGURE_TOTP",
            "step auth-otp-form in a subflow of flow browser",
            "step direct-grant-validate-otp in a subflow of flow direct grant",
        ];
        assert_eq!(changes(Mfa::Required, &other), lacking.map(|what| Change::Lacking(what.into())));
    }

    #[test]
    fn an_action_that_was_switched_off_is_needed_only_where_it_is_required() {
        let mut off = found();
        off.action.as_mut().unwrap().enabled = Some(false);
        assert_eq!(changes(Mfa::Optional, &off), []);
        let Change::Action(action) = &changes(Mfa::Required, &off)[0] else { panic!("not the action") };
        assert_eq!(action.enabled, Some(true));
    }
}
