//! What differs between what is declared and what is registered.

use plexica_contract::manifest::PermissionDeclaration;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, FromRow, PgConnection, Row as _};

use crate::Changes;
use crate::postgres::sql::ident;

/// A registered permission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Held {
    pub key: String,
    pub name: String,
    pub default_roles: Vec<String>,
}

impl FromRow<'_, PgRow> for Held {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self { key: row.try_get("key")?, name: row.try_get("name")?, default_roles: row.try_get("default_roles")? })
    }
}

/// What is to be written.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Diff<'a> {
    put: Vec<&'a PermissionDeclaration>,
    remove: Vec<&'a str>,
    /// Pairs of role and key.
    grant: Vec<(&'a str, &'a str)>,
    revoke: Vec<(&'a str, &'a str)>,
}

impl<'a> Diff<'a> {
    pub fn new(declared: &'a [PermissionDeclaration], held: &'a [Held]) -> Self {
        let mut diff = Self::default();
        for permission in declared {
            let before = held.iter().find(|held| held.key == permission.key);
            let roles: &[String] = before.map_or(&[], |held| &held.default_roles);
            if before.is_none_or(|held| held.name != permission.name || held.default_roles != permission.default_roles)
            {
                diff.put.push(permission);
            }
            let added = permission.default_roles.iter().filter(|role| !roles.contains(role));
            diff.grant.extend(added.map(|role| (role.as_str(), permission.key.as_str())));
            let dropped = roles.iter().filter(|role| !permission.default_roles.contains(role));
            diff.revoke.extend(dropped.map(|role| (role.as_str(), permission.key.as_str())));
        }
        let undeclared = held.iter().filter(|held| !declared.iter().any(|permission| permission.key == held.key));
        diff.remove.extend(undeclared.map(|held| held.key.as_str()));
        diff
    }

    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub fn changes(&self, schema: &str) -> Changes {
        let put = self.put.iter().map(|permission| format!("registered {} in {schema}", permission.key));
        put.chain(self.remove.iter().map(|key| format!("removed {key} from {schema}"))).collect()
    }

    pub async fn apply(&self, connection: &mut PgConnection, schema: &str, plugin: &str) -> Result<(), sqlx::Error> {
        let schema = ident(schema);
        for permission in &self.put {
            let put = format!(
                "INSERT INTO {schema}.permission (key, plugin, name, default_roles) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (key) DO UPDATE SET name = excluded.name, default_roles = excluded.default_roles"
            );
            sqlx::query(AssertSqlSafe(put))
                .bind(&permission.key)
                .bind(plugin)
                .bind(&permission.name)
                .bind(&permission.default_roles)
                .execute(&mut *connection)
                .await?;
        }
        if !self.remove.is_empty() {
            let remove = format!("DELETE FROM {schema}.permission WHERE plugin = $1 AND key = ANY ($2)");
            sqlx::query(AssertSqlSafe(remove)).bind(plugin).bind(&self.remove).execute(&mut *connection).await?;
        }
        let grant = format!(
            "INSERT INTO {schema}.role_permission (role, permission) SELECT * FROM unnest($1::text[], $2::text[])
             ON CONFLICT DO NOTHING"
        );
        pairs(connection, grant, &self.grant).await?;
        let revoke = format!(
            "DELETE FROM {schema}.role_permission
              WHERE (role, permission) IN (SELECT * FROM unnest($1::text[], $2::text[]))"
        );
        pairs(connection, revoke, &self.revoke).await
    }
}

async fn pairs(connection: &mut PgConnection, query: String, pairs: &[(&str, &str)]) -> Result<(), sqlx::Error> {
    if pairs.is_empty() {
        return Ok(());
    }
    let (roles, keys): (Vec<&str>, Vec<&str>) = pairs.iter().copied().unzip();
    sqlx::query(AssertSqlSafe(query)).bind(roles).bind(keys).execute(connection).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared(key: &str, roles: &[&str]) -> PermissionDeclaration {
        let default_roles = roles.iter().map(ToString::to_string).collect();
        PermissionDeclaration { key: key.into(), name: format!("May {key}"), default_roles }
    }

    fn held(key: &str, roles: &[&str]) -> Held {
        let PermissionDeclaration { key, name, default_roles } = declared(key, roles);
        Held { key, name, default_roles }
    }

    #[test]
    fn only_differences() {
        let same = [declared("crm:a", &["user"]), declared("crm:b", &[])];
        assert!(Diff::new(&same, &[held("crm:a", &["user"]), held("crm:b", &[])]).is_empty());

        let wanted = [declared("crm:new", &["user"]), declared("crm:moved", &["admin"])];
        let there = [held("crm:moved", &["user"]), held("crm:old", &["user"])];
        let diff = Diff::new(&wanted, &there);
        assert_eq!(diff.put, [&wanted[0], &wanted[1]]);
        assert_eq!(diff.remove, ["crm:old"]);
        assert_eq!(diff.grant, [("user", "crm:new"), ("admin", "crm:moved")]);
        assert_eq!(diff.revoke, [("user", "crm:moved")]);
    }

    #[test]
    fn a_new_name_alone_moves_no_role() {
        let wanted = [PermissionDeclaration { name: "Read".into(), ..declared("crm:a", &["user"]) }];
        let there = [held("crm:a", &["user"])];
        let diff = Diff::new(&wanted, &there);
        assert_eq!((diff.put.len(), diff.grant.len(), diff.revoke.len()), (1, 0, 0));
    }
}
