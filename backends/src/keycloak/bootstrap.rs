//! What an administrator of Keycloak does once: the service account that Plexica signs in as.
//! `docs/bootstrap.md` has the same for people.

use std::collections::HashMap;

use keycloak::{
    KeycloakAdmin, KeycloakAdminToken, KeycloakError,
    types::{ClientRepresentation, RoleRepresentation},
};

use super::access::http;
use super::{Config, fault};
use crate::{Changes, Error, Result, Secret, System};

/// Where service accounts that make realms are.
const MASTER: &str = "master";
/// The one role of the account.
const ROLE: &str = "create-realm";
/// Tokens that do not list the account's rights: other ones are refused by realms made after them.
const LIGHTWEIGHT: &str = "client.use.lightweight.access.token.enabled";

/// Who may administer realm `master`.
#[derive(Clone, Debug)]
pub struct Administrator {
    /// The name to sign in with.
    pub username: String,
    /// The password.
    pub password: Secret,
}

/// Makes the service account of `config`, or puts its secret and settings right, and returns what was written. Other
/// settings of a client that is there stay as they are: the right to manage a realm is tied to the account that
/// made it.
///
/// # Errors
/// [`Kind::Denied`](crate::Kind::Denied) when the administrator is none, and those of an unreachable Keycloak.
pub async fn apply(config: &Config, administrator: &Administrator) -> Result<Changes> {
    let http = http(config)?;
    let Administrator { username, password } = administrator;
    let token = KeycloakAdminToken::acquire(config.base(), username, password.reveal(), &http)
        .await
        .map_err(refused("signing in the administrator"))?;
    let account = Account { config, admin: KeycloakAdmin::new(config.base(), token, http) };
    let mut changes = Changes::none();
    let client = match account.find().await? {
        Some(client) => client,
        None => account.create(&mut changes).await?,
    };
    let id = client.id.clone().unwrap_or_default();
    if let Some(mended) = mended(&client, config) {
        let what = format!("changing the client {}", config.client_id);
        account.admin.realm_clients_with_client_uuid_put(MASTER, &id, mended).await.map_err(refused(&what))?;
        changes.note(format!("changed client {}", config.client_id));
    }
    account.grant(&id, &mut changes).await?;
    Ok(changes)
}

/// The service account, by the eyes of the administrator.
struct Account<'a> {
    config: &'a Config,
    admin: KeycloakAdmin<KeycloakAdminToken>,
}

impl Account<'_> {
    async fn find(&self) -> Result<Option<ClientRepresentation>> {
        let id = &self.config.client_id;
        let found = self.admin.realm_clients_get(MASTER, Some(id.clone()), None, None, None, None, None).await;
        Ok(found.map_err(refused(&format!("looking for the client {id}")))?.into_iter().next())
    }

    async fn create(&self, changes: &mut Changes) -> Result<ClientRepresentation> {
        let id = &self.config.client_id;
        let client = ClientRepresentation { client_id: Some(id.clone()), ..settings(self.config) };
        let what = format!("making the client {id}");
        self.admin.realm_clients_post(MASTER, client).await.map_err(refused(&what))?;
        changes.note(format!("created client {id}"));
        let made = self.find().await?;
        made.ok_or_else(|| Error::unavailable(System::Keycloak, format!("something vanished while {what}")))
    }

    /// Gives the account its role.
    async fn grant(&self, client: &str, changes: &mut Changes) -> Result<()> {
        let id = &self.config.client_id;
        let what = format!("giving the service account {id} the role {ROLE}");
        let user = self.admin.realm_clients_with_client_uuid_service_account_user_get(MASTER, client).await;
        let user = user.map_err(refused(&what))?.id.unwrap_or_default();
        let has = self.admin.realm_users_with_user_id_role_mappings_realm_get(MASTER, &user).await;
        let is_it = |role: &RoleRepresentation| role.name.as_deref() == Some(ROLE);
        if has.map_err(refused(&what))?.iter().any(is_it) {
            return Ok(());
        }
        let role = self.admin.realm_roles_with_role_name_get(MASTER, ROLE).await.map_err(refused(&what))?;
        let given = self.admin.realm_users_with_user_id_role_mappings_realm_post(MASTER, &user, vec![role]).await;
        given.map_err(refused(&what))?;
        changes.note(format!("gave service account {id} the role {ROLE}"));
        Ok(())
    }
}

/// What the client must be.
fn settings(config: &Config) -> ClientRepresentation {
    ClientRepresentation {
        enabled: Some(true),
        secret: Some(config.client_secret.reveal().to_owned()),
        public_client: Some(false),
        service_accounts_enabled: Some(true),
        standard_flow_enabled: Some(false),
        direct_access_grants_enabled: Some(false),
        attributes: Some(HashMap::from([(LIGHTWEIGHT.to_owned(), "true".to_owned())])),
        ..ClientRepresentation::default()
    }
}

/// The client as it must be, if it is otherwise.
fn mended(client: &ClientRepresentation, config: &Config) -> Option<ClientRepresentation> {
    let should = settings(config);
    let mut mended = ClientRepresentation {
        enabled: should.enabled,
        secret: should.secret,
        public_client: should.public_client,
        service_accounts_enabled: should.service_accounts_enabled,
        standard_flow_enabled: should.standard_flow_enabled,
        direct_access_grants_enabled: should.direct_access_grants_enabled,
        ..client.clone()
    };
    mended.attributes.get_or_insert_default().extend(should.attributes.unwrap_or_default());
    (mended != *client).then_some(mended)
}

fn refused(what: &str) -> impl FnOnce(KeycloakError) -> Error {
    move |error| match fault::status(&error) {
        Some(401 | 403) => {
            let text = format!("the administrator was refused while {what}");
            let remedy = "Give the name and the password of an administrator of realm master.";
            Error::new(System::Keycloak, crate::Kind::Denied, text, remedy).because(error)
        }
        _ => fault::admin(what, error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> Config {
        Config::new("http://keycloak:8080".parse().unwrap(), "plexica-operator", "a secret".to_owned())
    }

    #[test]
    fn a_client_that_is_right_is_left_alone() {
        let client = ClientRepresentation { name: Some("Plexica".into()), ..settings(&config()) };
        assert!(mended(&client, &config()).is_none());
    }

    #[test]
    fn a_client_that_is_not_keeps_what_is_not_ours() {
        let attributes = HashMap::from([(LIGHTWEIGHT.to_owned(), "false".to_owned()), ("theirs".into(), "x".into())]);
        let client = ClientRepresentation {
            name: Some("Plexica".into()),
            attributes: Some(attributes),
            direct_access_grants_enabled: Some(true),
            secret: Some("another".into()),
            ..settings(&config())
        };
        let mended = mended(&client, &config()).expect("it is not right");
        assert_eq!(mended.secret.as_deref(), Some("a secret"));
        assert_eq!(mended.direct_access_grants_enabled, Some(false));
        assert_eq!(mended.name.as_deref(), Some("Plexica"));
        let attributes = mended.attributes.unwrap();
        assert_eq!((attributes[LIGHTWEIGHT].as_str(), attributes["theirs"].as_str()), ("true", "x"));
    }
}
