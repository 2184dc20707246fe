//! What a realm holds, for a backup.

use futures::{StreamExt, TryStreamExt, stream};
use keycloak::types::{RealmRepresentation, UserRepresentation};
use serde_json::Value;

use super::super::Realms;
use super::{RealmDesired, observe};
use crate::ownership::{Parting, judge_retired};
use crate::{Error, Kind, Result, System};

/// Users that are read at a time.
const PAGE: i32 = 100;
/// Users whose roles and groups are asked for at the same time.
const AT_ONCE: usize = 4;

impl Realms {
    /// Whether the realm is the owner's, in use or retained.
    pub async fn owns(&self, desired: &RealmDesired) -> Result<bool> {
        let name = desired.realm.as_str();
        let realm = self.read(name).await?;
        let parting = judge_retired(&observe::found(realm.as_ref()), &desired.owner);
        Ok(matches!(parting, Parting::Part | Parting::Retained))
    }

    /// Settings, clients, roles and groups, as Keycloak imports them. Secrets are asterisks.
    pub async fn export(&self, realm: &str) -> Result<Value> {
        let what = format!("exporting realm {realm}");
        let export: RealmRepresentation =
            self.call(&what, |admin| admin.realm_partial_export_post(realm, Some(true), Some(true))).await?;
        json(export, &what)
    }

    /// Users from the `first` on, by name, with their roles and groups, as Keycloak imports them; and
    /// whether there may be more. No credentials: nobody is told those.
    pub async fn export_users(&self, realm: &str, first: i32) -> Result<(Vec<Value>, Option<i32>)> {
        let what = format!("reading users of realm {realm}");
        let none = || None::<String>;
        let found = self
            .call(&what, |admin| {
                admin.realm_users_get(
                    realm,
                    Some(false),
                    none(),
                    none(),
                    none(),
                    None,
                    None,
                    None,
                    Some(first),
                    none(),
                    none(),
                    none(),
                    none(),
                    Some(PAGE),
                    none(),
                    none(),
                    none(),
                )
            })
            .await?;
        let count = i32::try_from(found.len()).unwrap_or(i32::MAX);
        let users = stream::iter(found).map(|user| self.whole(realm, user)).buffered(AT_ONCE).try_collect().await?;
        Ok((users, (count == PAGE).then(|| first.saturating_add(count))))
    }

    /// With what is not in the list of users.
    async fn whole(&self, realm: &str, mut user: UserRepresentation) -> Result<Value> {
        let what = format!("reading roles of a user of realm {realm}");
        let id = user.id.clone().unwrap_or_default();
        let roles = self.find(&what, |admin| admin.realm_users_with_user_id_role_mappings_get(realm, &id)).await?;
        let none = || None::<String>;
        let groups =
            self.find(&what, |admin| admin.realm_users_with_user_id_groups_get(realm, &id, None, None, None, none()));
        let groups = groups.await?.unwrap_or_default();
        // A user who went in between has neither.
        let roles = roles.unwrap_or_default();
        let names =
            |list: Vec<keycloak::types::RoleRepresentation>| list.into_iter().filter_map(|role| role.name).collect();
        user.realm_roles = roles.realm_mappings.map(names);
        user.client_roles = roles.client_mappings.map(|clients| {
            clients
                .into_iter()
                .map(|(client, mappings)| (client, names(mappings.mappings.unwrap_or_default())))
                .collect()
        });
        user.groups = Some(groups.into_iter().filter_map(|group| group.path).collect());
        json(user, &what)
    }
}

fn json(value: impl serde::Serialize, what: &str) -> Result<Value> {
    serde_json::to_value(value).map_err(|error| {
        let message = format!("its answer cannot be written as JSON while {what}");
        Error::new(System::Keycloak, Kind::Invalid, message, "This is a fault of Plexica: please report it.")
            .because(error)
    })
}
