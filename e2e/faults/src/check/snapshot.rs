//! What there is of a tenant, without what is another for every tenant. Users are not in it: a first
//! one who is no longer asked for stays, as people do.

use k8s_openapi::api::core::v1::Secret;
use kube::{Api, ResourceExt, api::ListParams};
use plexica_crds::Plugin;
use serde_json::{Value, json};
use sqlx::Row;

use crate::{
    story::SECOND,
    world::{Case, World},
};

/// What of a realm follows a tenant's spec.
const SETTINGS: [&str; 9] = [
    "enabled",
    "displayName",
    "accessTokenLifespan",
    "ssoSessionIdleTimeout",
    "ssoSessionMaxLifespan",
    "passwordPolicy",
    "loginTheme",
    "smtpServer",
    "browserFlow",
];

/// Status, realm and rights, with the tenant's and the plugin's names taken out.
pub async fn snapshot(world: &World, case: &Case) -> Value {
    let tenant = world.tenants().get_opt(case.slug.as_str()).await.ok().flatten();
    let install = world.installs().get_opt(&World::install_name(case)).await.ok().flatten();
    let plugins = Api::<Plugin>::all(world.client.clone());
    let plugin = plugins.get_opt(&format!("{}-{SECOND}", case.plugin)).await.ok().flatten();
    let (tenant, install) = (tenant.and_then(|t| t.status), install.and_then(|i| i.status));
    let plugin = plugin.and_then(|plugin| plugin.status);
    let conditions = |conditions: Vec<k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition>| {
        conditions.into_iter().map(|c| format!("{}={} {}", c.type_, c.status, c.reason)).collect::<Vec<_>>()
    };
    let realm = world.prefixes().realm(&case.slug);
    let settings = world.account.find(&format!("/{realm}")).await.unwrap_or_default();
    let web = world.account.find(&format!("/{realm}/clients?clientId=web")).await.unwrap_or_default();
    let brokers = world.account.find(&format!("/{realm}/identity-provider/instances")).await.unwrap_or_default();
    let mut redirects: Vec<&str> =
        web[0]["redirectUris"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    redirects.sort_unstable();
    let all = json!({
        "tenant": tenant.map(|t| json!({
            "phase": t.phase, "conditions": conditions(t.conditions), "plan": t.plan.map(|plan| plan.name),
        })),
        "install": install.map(|i| json!({
            "phase": i.phase, "conditions": conditions(i.conditions), "version": i.version,
            "migrated": i.migrated_version, "permissions": i.permissions,
            "configuration": i.configuration.map(|c| c.value),
        })),
        "plugin": plugin.map(|p| json!({ "phase": p.phase, "conditions": conditions(p.conditions) })),
        "realm": {
            "settings": SETTINGS.map(|name| setting(&settings[name])), "redirects": redirects,
            "brokers": brokers.as_array().into_iter().flatten().map(broker).collect::<Vec<_>>(),
        },
        "secrets": secrets(world, case).await,
        "bucket": policy(world, case).await,
        "rights": rights(world, case).await.unwrap_or_else(|error| vec![error.to_string()]),
    });
    let text = all.to_string();
    let (slug, plugin) = (case.slug.to_string(), case.plugin.to_string());
    let plain = [(slug.replace('-', "_"), "T"), (plugin.replace('-', "_"), "P"), (slug, "T"), (plugin, "P")]
        .into_iter()
        .fold(text, |text, (name, letter)| text.replace(&name, letter));
    serde_json::from_str(&plain).unwrap_or_default()
}

/// What was taken back says an empty text, which is the same to Keycloak as to say nothing.
fn setting(value: &Value) -> Option<&Value> {
    Some(value).filter(|value| !value.is_null() && *value != "")
}

/// What of a broker follows a tenant's spec.
fn broker(broker: &Value) -> Value {
    ["alias", "providerId", "displayName", "trustEmail", "hideOnLogin"].map(|name| broker[name].clone()).into()
}

/// Who may do what with the bucket, where that is said of it.
async fn policy(world: &World, case: &Case) -> Option<String> {
    let bucket = world.prefixes().bucket(&case.slug);
    world.store.get_bucket_policy().bucket(bucket).send().await.ok()?.policy
}

/// Names of the Secrets and of the values in them.
async fn secrets(world: &World, case: &Case) -> Vec<(String, Vec<String>)> {
    let secrets: Api<Secret> = Api::namespaced(world.client.clone(), &world.prefixes().namespace(&case.slug));
    let found = secrets.list(&ListParams::default()).await.map(|list| list.items).unwrap_or_default();
    found.into_iter().map(|one| (one.name_any(), one.data.unwrap_or_default().into_keys().collect())).collect()
}

/// Who may do what with the tenant's schemas, and who may become whom.
async fn rights(world: &World, case: &Case) -> Result<Vec<String>, sqlx::Error> {
    let query = "SELECT concat_ws(' ', n.nspname, a.grantee::regrole, a.privilege_type)
                   FROM pg_namespace n, aclexplode(n.nspacl) a WHERE starts_with(n.nspname, $1)
                 UNION ALL
                 SELECT concat_ws(' ', r.rolname, 'to',
                                  regexp_replace(m.member::regrole::text, '^(plexica_role_admin)_..$', '\\1'))
                   FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid WHERE starts_with(r.rolname, $1)
                  ORDER BY 1";
    let prefix = format!("tenant_{}", case.slug.as_str().replace('-', "_"));
    let rows = sqlx::query(query).bind(prefix).fetch_all(&mut world.database.connect().await).await?;
    rows.iter().map(|row| row.try_get(0)).collect()
}
