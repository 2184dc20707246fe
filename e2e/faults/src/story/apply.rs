//! What is asked for in a step, in each order.

use serde_json::{Value, json};

use super::{FIRST, Order, PLAN, SECOND, Step};
use crate::{
    plugin::{POOL, WORKERS},
    world::{Case, World},
};

/// The first user of each tenant.
pub const ADMIN: &str = "ada@faults.test";
/// Where its mail goes.
pub const SMTP: &str = "smtp.faults.test";
/// Another system that people sign in with.
pub const BROKER: &str = "idp";
/// Seconds for which the version before is kept: longer than any step.
const FOR_LONG: i32 = 3600;

/// A tenant's spec with all that a realm can have, in which an overlap of credentials ends within a step. People sign in
/// at a domain of its own, if the spec names no others.
fn whole(case: &Case, mut spec: Value) -> Value {
    spec["rotation"] = json!({ "overlap": "1s" });
    spec["admin"] = json!({ "email": ADMIN });
    spec["identity"] = sign_in();
    if spec["domains"].is_null() {
        spec["domains"] = json!([domain(case)]);
    }
    spec
}

/// How its people sign in. Nothing of it is in a Secret of the tenant's namespace, where nobody could put it before that
/// is there.
pub fn sign_in() -> Value {
    json!({
        "mfa": "Required",
        "loginTheme": "keycloak",
        "passwordPolicy": { "minLength": 12 },
        "sessions": { "accessTokenSeconds": 60, "idleSeconds": 600, "maxSeconds": 1200 },
        "smtp": { "host": SMTP, "from": ADMIN },
        "brokers": [{ "alias": BROKER, "type": "Saml", "saml": {
            "entityId": "https://idp.faults.test", "singleSignOnUrl": "https://idp.faults.test/sso",
            "signingCertificate": "MIIC",
        }}],
    })
}

/// That of a tenant.
fn domain(case: &Case) -> String {
    format!("{}.faults.test", case.slug)
}

/// What comes with the other plan: the plan itself, and one domain more.
fn planned(case: &Case) -> Value {
    json!({ "plan": PLAN, "domains": [domain(case), format!("planned.{}", domain(case))] })
}

/// The same of one who is suspended.
fn suspended(case: &Case) -> Value {
    let mut spec = planned(case);
    spec["suspend"] = json!(true);
    spec
}

/// Asks for it. What a step changes of an install it leaves so for all that follow, as people do with `kubectl patch`.
pub async fn ask(step: Step, world: &World, case: &Case, order: Order) {
    match step {
        Step::Create | Step::Return => all(world, case, step.version(), order).await,
        Step::Configure => world.patch_install(case, json!({ "config": { POOL: 2 } })).await,
        Step::GoBack => world.apply_install(case, json!({ "plugin": { "version": FIRST } })).await,
        Step::Bake | Step::Upgrade => {
            let rollout = if step == Step::Bake {
                json!({ "bakeSeconds": FOR_LONG })
            } else {
                // It goes first, and when it is there everybody may follow.
                json!({ "bakeSeconds": 0, "canary": { "tenants": [case.slug], "bakeSeconds": 0 } })
            };
            let plugin = world.apply_plugin_with(case, SECOND, json!({ "rollout": rollout }));
            let install = world.apply_install(case, json!({ "plugin": { "version": SECOND } }));
            match order {
                Order::Forwards => futures::join!(plugin, install),
                Order::Backwards | Order::PluginLast => futures::join!(install, plugin),
            };
        }
        Step::Rotate => world.rotate(case, SECOND).await,
        Step::Isolate => world.patch_install(case, json!({ "isolation": "Dedicated" })).await,
        Step::Plan => {
            let tenant = world.apply_tenant(case, whole(case, planned(case)));
            let install = async {
                world.patch_install(case, json!({ "config": { WORKERS: 3 } })).await;
                world.consent(case, SECOND).await;
            };
            match order {
                Order::Forwards => futures::join!(tenant, install),
                Order::Backwards | Order::PluginLast => futures::join!(install, tenant),
            };
        }
        Step::Suspend => world.apply_tenant(case, whole(case, suspended(case))).await,
        Step::Resume => world.apply_tenant(case, whole(case, json!({}))).await,
        Step::Disable => world.patch_install(case, json!({ "enabled": false })).await,
        Step::Enable => world.patch_install(case, json!({ "enabled": true })).await,
        Step::Leave => leave(world, case, order).await,
        Step::Remove => {
            world.apply_tenant(case, whole(case, json!({ "deletionPolicy": "Delete" }))).await;
            let install = json!({ "plugin": { "version": SECOND }, "deletionPolicy": "Delete" });
            world.patch_install(case, install).await;
            leave(world, case, order).await;
            for version in [FIRST, SECOND] {
                world.delete_plugin(case, version).await;
            }
        }
    }
}

/// Gives a tenant that domain, and nothing else that it did not have when it was made.
pub async fn move_to(world: &World, case: &Case, domain: &str) {
    world.apply_tenant(case, whole(case, json!({ "domains": [domain] }))).await;
}

async fn all(world: &World, case: &Case, version: &str, order: Order) {
    let tenant = || world.apply_tenant(case, whole(case, json!({})));
    let plugin = || world.apply_plugin(case, version);
    let install = || world.apply_install(case, json!({ "plugin": { "version": version } }));
    match order {
        Order::Forwards => {
            tenant().await;
            plugin().await;
            install().await;
        }
        Order::Backwards => {
            install().await;
            plugin().await;
            tenant().await;
        }
        Order::PluginLast => {
            tenant().await;
            install().await;
            plugin().await;
        }
    }
}

async fn leave(world: &World, case: &Case, order: Order) {
    match order {
        // The tenant takes its installs with it.
        Order::Forwards => world.delete_tenant(case).await,
        Order::Backwards => {
            world.delete_install(case).await;
            world.delete_tenant(case).await;
        }
        Order::PluginLast => {
            world.delete_tenant(case).await;
            world.delete_install(case).await;
        }
    }
}
