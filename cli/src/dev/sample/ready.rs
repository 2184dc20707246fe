//! Waiting until what was applied answers.

use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{Api, Client, ResourceExt, runtime::wait::await_condition};
use plexica_crds::{ConditionType, PluginInstall, Reason, Tenant};
use tokio::time::{Instant, timeout};

use super::{
    Error, INSTALL, READY_SECONDS, SignIn, TENANT, eventually, failed,
    line::{Failure, Line},
    parse,
};
use crate::dev::start::Places;

/// In which an operator that has just started sees that what stalled is repaired.
const SETTLE: Duration = Duration::from_secs(5);

/// The realm of the sample tenant once it is ready; `None` if somebody removed the tenant.
pub async fn tenant(client: &Client) -> Result<Option<String>, Error> {
    let sample: Tenant = parse(TENANT)?;
    let name = sample.name_any();
    let what = format!("tenant {name}");
    let tenants: Api<Tenant> = Api::all(client.clone());
    let is_ready = |tenant: Option<&Tenant>| {
        tenant.is_none_or(|tenant| {
            is(conditions(tenant), tenant.metadata.generation, "Ready").is_some() || rests(conditions(tenant))
        })
    };
    let is_decided = |tenant: Option<&Tenant>| {
        is_ready(tenant) || tenant.is_some_and(|tenant| stalled(&what, tenant, conditions(tenant)).is_some())
    };
    let patience = Duration::from_secs(READY_SECONDS);
    let decided = timeout(patience, await_condition(tenants.clone(), &name, is_decided)).await;
    if decided.is_ok() {
        // What is stalled may be so from before. What came of it is read below.
        let _ = timeout(SETTLE, await_condition(tenants.clone(), &name, is_ready)).await;
    }
    let Some(tenant) = tenants.get_opt(&name).await.map_err(failed)? else { return Ok(None) };
    if let Some(error) = stalled(&what, &tenant, conditions(&tenant)) {
        return Err(error);
    }
    if !is_ready(Some(&tenant)) {
        let last = message(conditions(&tenant)).unwrap_or_default();
        return Err(Error::NotReady { what, seconds: READY_SECONDS, last });
    }
    Ok(tenant.status.and_then(|status| status.identity).map(|identity| identity.realm))
}

/// Waits until the user of the sample tenant is let in.
pub async fn signs_in(places: &Places, sign_in: &SignIn) -> Result<(), Error> {
    let line = Line::new(places, sign_in)?;
    eventually("the sample user's sign-in", async || match line.token().await {
        Ok(_) => Ok(Ok(())),
        Err(Failure::Refused(reason)) => Ok(Err(Error::SignIn { user: sign_in.user.clone(), reason })),
        Err(Failure::NotYet(last)) => Err(last),
    })
    .await?
}

/// Ready means that a request gets its answer, so that is what is waited for. An install that somebody
/// removed, disabled or suspended is not waited for.
pub async fn answers(places: &Places, sign_in: &SignIn) -> Result<(), Error> {
    let install: PluginInstall = parse(INSTALL)?;
    let namespace = install.namespace().unwrap_or_default();
    let name = install.name_any();
    let what = format!("plugininstall {namespace}/{name}");
    let installs: Api<PluginInstall> = Api::namespaced(places.client.clone(), &namespace);
    let line = Line::new(places, sign_in)?;
    let mut stalled_since = None;
    eventually("the plugin crm", async || {
        let install = installs.get_opt(&name).await.map_err(|error| error.to_string())?;
        let Some(install) = install.filter(|install| install.spec.enabled) else { return Ok(Ok(())) };
        let conditions = install.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
        if rests(conditions) {
            return Ok(Ok(()));
        }
        let Err(failure) = line.answer().await else { return Ok(Ok(())) };
        if let Some(error) = stalled(&what, &install, conditions) {
            if stalled_since.get_or_insert_with(Instant::now).elapsed() > SETTLE {
                return Ok(Err(error));
            }
        } else {
            stalled_since = None;
        }
        let last = failure.into_text();
        Err(message(conditions).map_or(last.clone(), |held| format!("{last}; {held}")))
    })
    .await?
}

fn conditions(tenant: &Tenant) -> &[Condition] {
    tenant.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default()
}

/// The condition, if it is true and about the resource as it is now.
fn is<'a>(conditions: &'a [Condition], generation: Option<i64>, kind: &str) -> Option<&'a Condition> {
    conditions.iter().find(|c| c.type_ == kind && c.status == "True" && c.observed_generation >= generation)
}

/// Why it will not become ready until somebody changes something.
fn stalled(what: &str, object: &impl ResourceExt, conditions: &[Condition]) -> Option<Error> {
    let stalled = is(conditions, object.meta().generation, "Stalled")?;
    let Condition { reason, message, .. } = stalled.clone();
    Some(Error::Stalled { what: what.to_owned(), reason, message })
}

/// Whether somebody wants it to rest: suspended, or paused.
fn rests(conditions: &[Condition]) -> bool {
    let rests = |c: &Condition| {
        let suspended = c.type_ == "Ready" && c.reason == Reason::Suspended.as_str();
        c.status == "True" && (suspended || c.type_ == ConditionType::Paused.as_str())
    };
    conditions.iter().any(rests)
}

/// What holds it up.
fn message(conditions: &[Condition]) -> Option<String> {
    let ready = conditions.iter().find(|condition| condition.type_ == "Ready" && condition.status != "True");
    ready.map(|condition| format!("{}: {}", condition.reason, condition.message))
}
