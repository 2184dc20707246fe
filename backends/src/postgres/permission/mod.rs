//! A plugin's permissions in a tenant's schema, and which roles start with them.

mod diff;

use plexica_contract::manifest::PermissionDeclaration;
use plexica_contract::name::{self, PluginId, Slug};
use sqlx::{AssertSqlSafe, PgConnection};

use self::diff::{Diff, Held};
use super::Provisioner;
use super::failure::failure;
use super::space;
use super::sql::ident;
use crate::ownership::{Found, Installation};
use crate::{Changes, Error, Kind, Result, Retired, System};

/// What should be registered.
#[derive(Clone, Debug)]
pub struct Desired {
    /// The installation.
    pub installation: Installation,
    /// The tenant.
    pub tenant: Slug,
    /// The plugin.
    pub plugin: PluginId,
    /// What it declares and the tenant granted.
    pub permissions: Vec<PermissionDeclaration>,
}

/// What is registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed(Vec<Held>);

/// Reads what is registered for the plugin.
pub async fn observe(provisioner: &Provisioner, desired: &Desired) -> Result<Observed> {
    let mut connection = provisioner.pool().acquire().await.map_err(failure("connect"))?;
    if schema_of_tenant(&mut connection, desired).await? != Standing::Ours {
        return Err(not_ours(desired));
    }
    read(&mut connection, desired).await.map(Observed)
}

/// What [`ensure`] would write.
pub fn differences(desired: &Desired, observed: &Observed) -> Changes {
    Diff::new(&desired.permissions, &observed.0).changes(&name::postgres::tenant(&desired.tenant))
}

/// Changes whenever what should be there does.
pub fn digest(desired: &Desired) -> String {
    crate::digest(&(name::postgres::tenant(&desired.tenant), &desired.permissions))
}

/// Registers what is declared and removes what is not any more. Default roles get a permission when
/// they are declared for it and lose it when they no longer are; what the tenant changed in between
/// stays.
pub async fn ensure(provisioner: &Provisioner, desired: &Desired, observed: &Observed) -> Result<Changes> {
    let prefix = format!("{}:", desired.plugin);
    if let Some(stray) = desired.permissions.iter().find(|permission| !permission.key.starts_with(&prefix)) {
        return Err(Error::new(
            System::Postgres,
            Kind::Invalid,
            format!("the permission {:?} does not start with {prefix:?}", stray.key),
            "Rename it in the plugin's manifest.",
        ));
    }
    if Diff::new(&desired.permissions, &observed.0).is_empty() {
        return Ok(Changes::none());
    }
    write(provisioner, desired).await
}

/// Removes all permissions of the plugin, from roles too.
pub async fn retire(provisioner: &Provisioner, desired: &Desired) -> Result<Retired> {
    let mut connection = provisioner.pool().acquire().await.map_err(failure("connect"))?;
    match schema_of_tenant(&mut connection, desired).await? {
        Standing::Gone => return Ok(Retired::Gone),
        Standing::Foreign => return Ok(Retired::Foreign),
        Standing::Ours => {}
    }
    drop(connection);
    let changes = write(provisioner, &Desired { permissions: Vec::new(), ..desired.clone() }).await?;
    Ok(if changes.is_empty() { Retired::Gone } else { Retired::Removed })
}

async fn write(provisioner: &Provisioner, desired: &Desired) -> Result<Changes> {
    let schema = name::postgres::tenant(&desired.tenant);
    let doing = format!("register permissions in {schema}");
    let mut transaction = provisioner.begin(&schema).await?;
    if schema_of_tenant(&mut transaction, desired).await? != Standing::Ours {
        return Err(not_ours(desired));
    }
    let held = read(&mut transaction, desired).await?;
    let diff = Diff::new(&desired.permissions, &held);
    diff.apply(&mut transaction, &schema, desired.plugin.as_str()).await.map_err(failure(&doing))?;
    transaction.commit().await.map_err(failure(&doing))?;
    Ok(diff.changes(&schema))
}

async fn read(connection: &mut PgConnection, desired: &Desired) -> Result<Vec<Held>> {
    let schema = name::postgres::tenant(&desired.tenant);
    let query =
        format!("SELECT key, name, default_roles FROM {}.permission WHERE plugin = $1 ORDER BY key", ident(&schema));
    sqlx::query_as(AssertSqlSafe(query))
        .bind(desired.plugin.as_str())
        .fetch_all(connection)
        .await
        .map_err(failure(&format!("read the permissions in {schema}")))
}

#[derive(PartialEq, Eq)]
enum Standing {
    Ours,
    Foreign,
    Gone,
}

/// Whether the tenant's schema is this installation's.
async fn schema_of_tenant(connection: &mut PgConnection, desired: &Desired) -> Result<Standing> {
    let schema = name::postgres::tenant(&desired.tenant);
    Ok(match space::observe(connection, &schema).await?.schema {
        Found::Absent => Standing::Gone,
        Found::Marked(stamp)
            if desired.installation.covers(&stamp.mark.installation) && stamp.mark.name == desired.tenant.as_str() =>
        {
            Standing::Ours
        }
        _ => Standing::Foreign,
    })
}

fn not_ours(desired: &Desired) -> Error {
    Error::new(
        System::Postgres,
        Kind::Conflict,
        format!("the schema {} is not this installation's", name::postgres::tenant(&desired.tenant)),
        "Wait until the tenant is Ready, or read its DatabaseReady condition.",
    )
}
