//! Parts of an install that somebody else changed: brought back, or left and told.

use k8s_openapi::{
    ByteString,
    api::{apps::v1::Deployment, core::v1::Secret},
};
use kube::{
    Api,
    api::{DeleteParams, Patch, PatchParams},
};
use plexica_testkit::{wait_for, wait_until};
use serde_json::json;

use crate::{
    cluster::{comes_up, deployments},
    hands::{revoke, told},
    needs::Need,
    world::{PATIENCE, World, is},
};

/// Waits until the condition Drifted of the install names all of these.
async fn drifted(world: &World, slug: &str, named: &[String]) {
    wait_until(&format!("Drifted names {named:?}"), PATIENCE, async || {
        let conditions = world.installs(slug).get("it").await.unwrap().status.unwrap().conditions;
        let drifted = conditions.iter().find(|one| one.type_ == "Drifted" && one.status == "True");
        drifted.is_some_and(|drifted| named.iter().all(|words| drifted.message.contains(words.as_str())))
    })
    .await;
}

/// The policy is the tenant's, and then the install's own.
#[tokio::test]
async fn schema_login_credential_and_permissions_of_an_install() {
    let Some(world) = World::new().await else { return };
    let operator = world.vigilant_operator();
    let (slug, id) = (world.database.unique("acme"), world.database.unique("crm"));
    let (tenant, plugin) = (slug.replace('-', "_"), id.replace('-', "_"));
    let (schema, login) = (format!("tenant_{tenant}_plugin_{plugin}"), format!("plugin_{plugin}"));
    let namespace = format!("tenant-{slug}");
    world.plugin(&id, "1.0.0").await;
    world.tenant(&slug, json!({ "driftPolicy": "Report" })).await;
    world.ready(&slug).await;
    world.install(&slug, &id, json!({})).await;
    world.installed(&slug).await;

    // What somebody does, whether it is as the operator left it, and how the difference is called.
    let hands = [
        (
            format!("REVOKE CREATE ON SCHEMA {schema} FROM {schema}"),
            format!("has_schema_privilege('{schema}', '{schema}', 'CREATE')"),
            format!("CREATE and USAGE on schema {schema}"),
        ),
        (
            format!("ALTER ROLE {login} NOLOGIN INHERIT VALID UNTIL '2001-01-01'"),
            format!(
                "rolcanlogin AND NOT rolinherit AND coalesce(rolvaliduntil, 'infinity') = 'infinity' FROM pg_roles WHERE rolname = '{login}'"
            ),
            format!("set LOGIN NOINHERIT VALID UNTIL 'infinity' of login {login}"),
        ),
        (
            revoke(&schema, &login),
            format!("pg_has_role('{login}', '{schema}', 'MEMBER')"),
            format!("role {schema} to {login}"),
        ),
        (
            "DELETE FROM core.plugin_credential".to_owned(),
            "count(*) > 0 FROM core.plugin_credential".to_owned(),
            format!("a credential of plugin:{id}"),
        ),
        (
            format!("DELETE FROM tenant_{tenant}.permission"),
            format!("count(*) > 0 FROM tenant_{tenant}.permission WHERE plugin = '{id}'"),
            format!("{id}:notes:read in tenant_{tenant}"),
        ),
    ];
    let whole = async |probe: &String| world.sql::<bool>(&format!("SELECT {probe}")).await;
    for (change, probe, _) in &hands {
        assert!(whole(probe).await, "{probe}");
        world.execute(change).await;
    }
    let named: Vec<String> = hands.iter().map(|(.., words)| words.clone()).collect();
    drifted(&world, &slug, &named).await;
    let seen = operator.count("plexica_operator_reconciles_total").await;
    wait_until("it was looked at again", PATIENCE, async || {
        operator.count("plexica_operator_reconciles_total").await >= seen + 6.0
    })
    .await;
    for (_, probe, words) in &hands {
        assert!(!whole(probe).await, "{words} is left");
    }
    let status = world.installs(&slug).get("it").await.unwrap().status.unwrap();
    assert!(is(&status.conditions, "Ready", "True", "Provisioned") && status.route.is_some(), "{status:?}");

    // Its own word counts more than its tenant's.
    world.install(&slug, &id, json!({ "driftPolicy": "Repair" })).await;
    for (_, probe, words) in &hands {
        wait_until(&format!("{words} is brought back"), PATIENCE, async || whole(probe).await).await;
    }
    world.install_until(&slug, "Drifted", "False", "Provisioned").await;
    for (change, probe, words) in &hands {
        world.execute(change).await;
        told(&world, &namespace, "it", "DriftRepaired", words).await;
        wait_until(&format!("{words} is brought back"), PATIENCE, async || whole(probe).await).await;
    }
    world.installed(&slug).await;

    // Suspended and resumed, disabled and enabled: that is work and no drift, under either policy.
    world.install(&slug, &id, json!({ "driftPolicy": "Report", "enabled": false })).await;
    world.install_until(&slug, "Ready", "True", "Disabled").await;
    world.install(&slug, &id, json!({ "driftPolicy": "Report" })).await;
    world.installed(&slug).await;
    operator.stop().await;
}

/// Whoever runs goes on with its connections, and would find the door shut at the next one.
#[tokio::test]
async fn a_logins_password_that_somebody_changed() {
    let Some(world) = World::new().await else { return };
    let operator = world.vigilant_operator();
    let (slug, id) = (world.database.unique("acme"), world.database.unique("crm"));
    let login = format!("plugin_{}", id.replace('-', "_"));
    world.plugin(&id, "1.0.0").await;
    world.tenant(&slug, json!({ "driftPolicy": "Report" })).await;
    world.ready(&slug).await;
    world.install(&slug, &id, json!({})).await;
    world.installed(&slug).await;
    let words = format!("set the password of login {login}");
    let change = format!("ALTER ROLE {login} PASSWORD NULL");
    let probe = format!("SELECT rolpassword IS NOT NULL FROM pg_authid WHERE rolname = '{login}'");
    assert!(world.sql::<bool>(&probe).await);
    world.execute(&change).await;
    drifted(&world, &slug, std::slice::from_ref(&words)).await;
    assert!(!world.sql::<bool>(&probe).await, "it is left");

    world.install(&slug, &id, json!({ "driftPolicy": "Repair" })).await;
    told(&world, &format!("tenant-{slug}"), "it", "DriftRepaired", &words).await;
    wait_until("it is brought back", PATIENCE, async || world.sql::<bool>(&probe).await).await;
    world.install_until(&slug, "Drifted", "False", "Provisioned").await;
    operator.stop().await;
}

#[tokio::test]
async fn deployment_and_secret_of_a_workload() {
    let Some(world) = World::with(Need::Workloads).await else { return };
    let operator = world.operator_with(deployments);
    let (slug, id) = (world.database.unique("acme"), world.database.unique("crm"));
    let (place, name, namespace) = (world.platform(), format!("plugin-{id}-1-0-0"), format!("tenant-{slug}"));
    world.plugin(&id, "1.0.0").await;
    world.tenant(&slug, json!({})).await;
    world.ready(&slug).await;
    world.install(&slug, &id, json!({})).await;
    comes_up(&world, &place, &name).await;
    world.install_until(&slug, "WorkloadReady", "True", "").await;
    let workloads: Api<Deployment> = Api::namespaced(world.client.clone(), &place);
    let secrets: Api<Secret> = Api::namespaced(world.client.clone(), &place);
    let scale = async || {
        let patch = Patch::Merge(json!({ "spec": { "replicas": 3 } }));
        workloads.patch(&name, &PatchParams::default(), &patch).await.unwrap();
    };
    let scaled = async || workloads.get(&name).await.unwrap().spec.unwrap().replicas == Some(3);
    let tamper = async || {
        let patch = Patch::Merge(json!({ "data": { "DATABASE_URL": ByteString(b"tampered".to_vec()) } }));
        secrets.patch(&name, &PatchParams::default(), &patch).await.unwrap();
    };
    let tampered = async || secrets.get(&name).await.unwrap().data.unwrap()["DATABASE_URL"].0 == b"tampered";
    let deployment = format!("Deployment {place}/{name} (spec.replicas)");
    let secret = format!("Secret {place}/{name} (data.DATABASE_URL)");

    scale().await;
    told(&world, &namespace, "it", "DriftRepaired", &deployment).await;
    wait_until("it is scaled back", PATIENCE, async || !scaled().await).await;
    tamper().await;
    told(&world, &namespace, "it", "DriftRepaired", &secret).await;
    wait_until("it is written back", PATIENCE, async || !tampered().await).await;

    world.install(&slug, &id, json!({ "driftPolicy": "Report" })).await;
    wait_until("the policy is seen", PATIENCE, async || {
        let install = world.installs(&slug).get("it").await.unwrap();
        install.status.unwrap().observed_generation == install.metadata.generation
    })
    .await;
    scale().await;
    tamper().await;
    drifted(&world, &slug, &[deployment, secret]).await;
    assert!(scaled().await && tampered().await);
    // One that is gone serves nobody.
    workloads.delete(&name, &DeleteParams::default()).await.unwrap();
    let install = world.install_until(&slug, "WorkloadReady", "False", "DriftDetected").await.status.unwrap();
    assert!(install.conditions[0].message.contains(&format!("apply Deployment {place}/{name}")), "{install:?}");
    assert!(workloads.get_opt(&name).await.unwrap().is_none());

    // A new version is what the catalogue asks for, whatever became of the old one.
    world.plugin(&id, "1.1.0").await;
    wait_for("it is made", PATIENCE, async || workloads.get_opt(&format!("plugin-{id}-1-1-0")).await.unwrap()).await;
    assert!(workloads.get_opt(&name).await.unwrap().is_none());
    operator.stop().await;
}
