//! Schemas, roles, logins and the platform's own notes in Postgres.

use plexica_backends::{ownership::Stamp, postgres::PROVISIONER};
use plexica_contract::name::postgres;
use plexica_crds::plugin_install::Isolation;
use sqlx::{AssertSqlSafe, PgConnection};

use super::{Expected, Owners, logins, wrong_mark};
use crate::world::{Case, World};

const DATA: &str = "written before the first fault";

/// Gives both schemas a row, unless they have it.
pub async fn plant(world: &World, case: &Case) -> Result<(), sqlx::Error> {
    let [note, own] = tables(case);
    let mut superuser = world.database.connect().await;
    // A backup reads it by who owns the schema.
    let make = format!("CREATE TABLE IF NOT EXISTS {own} (text text); ALTER TABLE {own} OWNER TO {PROVISIONER}");
    sqlx::raw_sql(AssertSqlSafe(make)).execute(&mut superuser).await?;
    for table in [note, own] {
        let insert =
            format!("INSERT INTO {table} (text) SELECT $1 WHERE NOT EXISTS (SELECT FROM {table} WHERE text = $1)");
        sqlx::query(AssertSqlSafe(insert)).bind(DATA).execute(&mut superuser).await?;
    }
    Ok(())
}

/// Where there is data: the plugin's, and the tenant's own.
fn tables(case: &Case) -> [String; 2] {
    let (tenant, plugin) = (postgres::tenant(&case.slug), postgres::tenant_plugin(&case.slug, &case.plugin));
    [format!("{plugin}.note"), format!("{tenant}.kept")]
}

pub async fn check(world: &World, case: &Case, expected: Expected, owners: &Owners) -> Vec<String> {
    let mut superuser = world.database.connect().await;
    match findings(&mut superuser, world, case, expected, owners).await {
        Ok(findings) => findings,
        Err(error) => vec![format!("Postgres cannot be read: {error}")],
    }
}

async fn findings(
    superuser: &mut PgConnection,
    world: &World,
    case: &Case,
    expected: Expected,
    owners: &Owners,
) -> Result<Vec<String>, sqlx::Error> {
    let (tenant, plugin) = (postgres::tenant(&case.slug), postgres::tenant_plugin(&case.slug, &case.plugin));
    let mut findings = Vec::new();
    let wanted: Vec<(String, Option<&String>)> = match expected {
        Expected::Gone => Vec::new(),
        _ => vec![(tenant.clone(), owners.tenant.as_ref()), (plugin.clone(), owners.install.as_ref())],
    };
    let queries = [
        (
            "schema",
            "SELECT nspname::text, obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE starts_with(nspname, $1) ORDER BY 1",
        ),
        (
            "role",
            "SELECT rolname::text, shobj_description(oid, 'pg_authid') FROM pg_roles WHERE starts_with(rolname, $1) ORDER BY 1",
        ),
    ];
    for (what, query) in queries {
        let found: Vec<(String, Option<String>)> =
            sqlx::query_as(query).bind(&tenant).fetch_all(&mut *superuser).await?;
        let names: Vec<&String> = found.iter().map(|(name, _)| name).collect();
        let expected_names: Vec<&String> = wanted.iter().map(|(name, _)| name).collect();
        if names != expected_names {
            findings.push(format!("{what}s {names:?} instead of {expected_names:?}"));
        }
        for (name, comment) in &found {
            let uid = wanted.iter().find(|(wanted, _)| wanted == name).and_then(|(_, uid)| *uid);
            let stamp = comment.as_deref().and_then(Stamp::from_comment);
            let is_of_one_before = stamp
                .as_ref()
                .is_some_and(|stamp| stamp.retained_at.is_some() && Some(&stamp.mark.uid) != owners.install.as_ref());
            if expected.rests() && *name == plugin && is_of_one_before && !owners.install_has_served {
                continue;
            }
            findings.extend(wrong_mark(&format!("{what} {name}"), stamp.as_ref(), expected, uid));
        }
    }
    // The generation before has gone, where there was one, and what another isolation had lets nobody in.
    let query = "SELECT rolname::text FROM pg_roles login WHERE rolname = ANY($1) AND rolcanlogin
                    AND ($2::text IS NULL OR EXISTS (SELECT FROM pg_auth_members
                         WHERE member = login.oid AND roleid = to_regrole($2)))";
    let names = [Isolation::Shared, Isolation::Dedicated].map(|isolation| logins(case, isolation)).concat();
    let runs = matches!(expected, Expected::Running { .. });
    let opens = runs.then_some(&plugin);
    let found: Vec<String> = sqlx::query_scalar(query).bind(names).bind(opens).fetch_all(&mut *superuser).await?;
    let wanted = logins(case, owners.isolation);
    let well = if runs { matches!(&found[..], [one] if wanted.contains(one)) } else { found.is_empty() };
    if !well && !expected.rests() {
        findings.push(format!("the logins {found:?} of {} for the tenant, and not one of {wanted:?}", case.plugin));
    }
    let bucket = world.prefixes().bucket(&case.slug);
    if count(superuser, "SELECT count(*) FROM core.ownership WHERE name = $1", &bucket).await? != 0 {
        findings.push("the intent to create the bucket is still noted".into());
    }
    for table in tables(case).into_iter().filter(|_| expected.is_planted()) {
        let query = format!("SELECT count(*) FROM {table} WHERE text = $1");
        let rows: Result<i64, _> = sqlx::query_scalar(AssertSqlSafe(query)).bind(DATA).fetch_one(&mut *superuser).await;
        match rows {
            Ok(1) => {}
            other => findings.push(format!("the data in {table}: {other:?}")),
        }
    }
    Ok(findings)
}

async fn count(superuser: &mut PgConnection, query: &'static str, name: &str) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(query).bind(name).fetch_one(superuser).await
}
