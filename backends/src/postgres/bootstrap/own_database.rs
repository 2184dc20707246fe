//! Databases of others on Plexica's server, such as Keycloak's.

use std::path::Path;

use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, PgConnection};

use super::super::{
    failure::failure,
    provisioner::connect_options,
    scram::verifier,
    sql::{ident, literal},
};
use crate::{Changes, Error, Kind, Result, Secret, System};

/// Sees to a database and a login of the same name that owns it, with that password. Nobody else may connect to it:
/// plugins' logins are the whole server's.
///
/// # Errors
/// [`Kind::Conflict`] when the login may more than others, or the database is somebody else's; nothing is written then.
pub async fn own_database(
    administrator: &Secret,
    ca_bundle: Option<&Path>,
    name: &str,
    password: &Secret,
) -> Result<Changes> {
    let options = connect_options(administrator, ca_bundle)?;
    let mut connection = options.connect().await.map_err(failure("connect as administrator"))?;
    let found = find(&mut connection, name).await?;
    if let Some(reason) = foreign(&found, name) {
        return Err(Error::new(
            System::Postgres,
            Kind::Conflict,
            reason,
            "Choose another name, or remove what has it.",
        ));
    }
    let mut changes = Changes::none();
    let role = ident(name);
    if found.login.is_none() {
        let create = format!("CREATE ROLE {role} LOGIN");
        execute(&mut connection, create, "make a login").await?;
        changes.note(format!("created login {name}"));
    }
    let password = format!("ALTER ROLE {role} PASSWORD {}", literal(&verifier(password)));
    execute(&mut connection, password, "set a login's password").await?;
    if found.owner.is_none() {
        // Before 16, who makes a database for another has to be a member of it, unless superuser.
        execute(&mut connection, format!("CREATE DATABASE {role} OWNER {role}"), "make a database").await?;
        changes.note(format!("created database {name}"));
    }
    let close = format!("REVOKE ALL ON DATABASE {role} FROM PUBLIC");
    execute(&mut connection, close, "close a database to others").await?;
    connection.close().await.map_err(failure("disconnect"))?;
    Ok(changes)
}

/// What has the name.
#[derive(Debug, Default)]
struct Found {
    /// Whether the login of that name may more than any other.
    login: Option<bool>,
    /// Whose the database of that name is.
    owner: Option<String>,
}

async fn find(connection: &mut PgConnection, name: &str) -> Result<Found> {
    let login = "SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls \
                 FROM pg_roles WHERE rolname = $1";
    let login = sqlx::query_scalar(login).bind(name).fetch_optional(&mut *connection).await;
    let owner = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = $1";
    let owner = sqlx::query_scalar(owner).bind(name).fetch_optional(&mut *connection).await;
    Ok(Found {
        login: login.map_err(failure("look for a login"))?,
        owner: owner.map_err(failure("look for a database"))?,
    })
}

/// Why what is there cannot be meant.
fn foreign(found: &Found, name: &str) -> Option<String> {
    match found {
        Found { login: Some(true), .. } => Some(format!("the login {name} may more than to own a database")),
        Found { owner: Some(owner), .. } if owner != name => Some(format!("the database {name} is that of {owner}")),
        _ => None,
    }
}

async fn execute(connection: &mut PgConnection, statement: String, what: &'static str) -> Result<()> {
    connection.execute(sqlx::raw_sql(AssertSqlSafe(statement))).await.map_err(failure(what)).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_somebody_elses_is_told() {
        let found = |login: Option<bool>, owner: Option<&str>| Found { login, owner: owner.map(str::to_owned) };
        for (found, expected) in [
            (found(None, None), None),
            (found(Some(false), None), None),
            (found(Some(false), Some("keycloak")), None),
            (found(Some(true), None), Some("the login keycloak may more than to own a database")),
            (found(None, Some("ada")), Some("the database keycloak is that of ada")),
        ] {
            assert_eq!(foreign(&found, "keycloak").as_deref(), expected, "{found:?}");
        }
    }
}
