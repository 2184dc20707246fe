//! Removing what the plugin made for one tenant.

use plexica_contract::tenancy::PluginTenant;

use crate::{Result, database::Database};

/// Everything the tenant×plugin role owns in its schema. The schema itself is the platform's. Found by what depends on
/// the schema, which has an index: the lists of tables and routines are those of all tenants.
const DROP_ALL: &str = r"
DO $$
DECLARE
    item record;
BEGIN
    FOR item IN
        SELECT CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE'
               ELSE 'TABLE' END AS kind, c.relname AS name
        FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_class c ON c.oid = d.objid
        WHERE d.refclassid = 'pg_catalog.pg_namespace'::regclass AND d.refobjid = current_schema()::regnamespace
          AND d.classid = 'pg_catalog.pg_class'::regclass AND c.relnamespace = d.refobjid
          AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
          AND pg_catalog.pg_get_userbyid(c.relowner) = current_user
        ORDER BY c.relkind IN ('v', 'm') DESC
    LOOP
        -- IF EXISTS: an earlier CASCADE may have taken it along.
        EXECUTE pg_catalog.format('DROP %s IF EXISTS %I CASCADE', item.kind, item.name);
    END LOOP;
    FOR item IN
        -- A routine may name the schema in a default as well.
        SELECT DISTINCT p.oid::regprocedure AS name
        FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_proc p ON p.oid = d.objid
        WHERE d.refclassid = 'pg_catalog.pg_namespace'::regclass AND d.refobjid = current_schema()::regnamespace
          AND d.classid = 'pg_catalog.pg_proc'::regclass AND p.pronamespace = d.refobjid
          AND pg_catalog.pg_get_userbyid(p.proowner) = current_user
    LOOP
        EXECUTE pg_catalog.format('DROP ROUTINE IF EXISTS %s CASCADE', item.name);
    END LOOP;
END
$$";

/// Removes the tenant's data; nothing there is success.
pub(crate) async fn purge(database: &Database, tenant: &PluginTenant) -> Result {
    let mut db = database.begin_unlimited(tenant).await?;
    sqlx::raw_sql(DROP_ALL).execute(&mut *db).await?;
    db.commit().await
}
