//! Users of a realm that others ask for: dev's sample user, the platform's first super-admin.

use keycloak::types::{CredentialRepresentation, RoleRepresentation, UserRepresentation};

use super::Realms;
use crate::{Changes, Error, Kind, Result, Secret, System};

/// What a user should be.
#[derive(Clone, Debug)]
pub struct UserDesired {
    /// User name; Keycloak makes it lower case and wants at least three characters.
    pub username: String,
    /// Address.
    pub email: String,
    /// Given name. Without both names Keycloak asks for them before it gives a token.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// Set only while the user has none: a password that people changed stays.
    pub password: Option<Secret>,
    /// Realm roles that are theirs, besides others they may have.
    pub roles: Vec<String>,
}

/// A user, as found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// `sub` of their tokens.
    pub id: String,
    /// User name.
    pub username: String,
    /// Address.
    pub email: Option<String>,
    /// Whether they may sign in.
    pub enabled: bool,
}

/// The users of one realm.
#[derive(Debug)]
pub struct Users<'a> {
    realms: &'a Realms,
    realm: &'a str,
}

impl Realms {
    /// The users of a realm of ours.
    pub fn users<'a>(&'a self, realm: &'a str) -> Users<'a> {
        Users { realms: self, realm }
    }
}

impl Users<'_> {
    /// The user of that name, if there is one.
    pub async fn find(&self, username: &str) -> Result<Option<User>> {
        let username = username.to_lowercase();
        let what = format!("reading users of realm {}", self.realm);
        let found = self
            .realms
            .call(&what, |admin| {
                let (exact, brief, name) = (Some(true), Some(true), Some(username.clone()));
                let none = || None::<String>;
                admin.realm_users_get(
                    self.realm,
                    brief,
                    none(),
                    none(),
                    none(),
                    None,
                    None,
                    exact,
                    None,
                    none(),
                    none(),
                    none(),
                    none(),
                    None,
                    none(),
                    none(),
                    name,
                )
            })
            .await?;
        let user = found.into_iter().find(|user| user.username.as_deref() == Some(&username));
        Ok(user.and_then(|user| {
            Some(User {
                id: user.id?,
                username: user.username?,
                email: user.email,
                enabled: user.enabled.unwrap_or_default(),
            })
        }))
    }

    /// How many there are; none without a realm.
    pub async fn count(&self) -> Result<u64> {
        let what = format!("counting users of realm {}", self.realm);
        let found = self
            .realms
            .find(&what, |admin| {
                let none = || None::<String>;
                admin.realm_users_count_get(
                    self.realm,
                    none(),
                    none(),
                    none(),
                    None,
                    None,
                    None,
                    none(),
                    none(),
                    none(),
                    none(),
                    none(),
                    none(),
                    none(),
                )
            })
            .await?;
        Ok(found.and_then(|count| u64::try_from(count).ok()).unwrap_or_default())
    }

    /// Creates the user, or gives them what they lack. Writes nothing if they lack nothing.
    pub async fn ensure(&self, desired: &UserDesired) -> Result<Changes> {
        let mut changes = Changes::none();
        let (name, realm) = (&desired.username, self.realm);
        let id = if let Some(user) = self.find(name).await? {
            if let Some(password) = &desired.password
                && !self.has_password(&user.id).await?
            {
                self.set_password(&user.id, password).await?;
                changes.note(format!("set a password of user {name} in realm {realm}"));
            }
            user.id
        } else {
            let id = self.create(desired.into()).await?;
            changes.note(format!("created user {name} in realm {realm}"));
            id
        };
        let held = self.roles(&id).await?;
        let missing: Vec<String> = desired.roles.iter().filter(|role| !held.contains(role)).cloned().collect();
        if !missing.is_empty() {
            self.grant(&id, &missing).await?;
            changes.note(format!("gave user {name} the roles {} in realm {realm}", missing.join(", ")));
        }
        Ok(changes)
    }

    pub(super) async fn create(&self, user: UserRepresentation) -> Result<String> {
        let what = format!("creating a user of realm {}", self.realm);
        let answer = self.realms.call(&what, |admin| admin.realm_users_post(self.realm, user.clone())).await?;
        answer.to_id().map(str::to_owned).ok_or_else(|| {
            Error::unavailable(System::Keycloak, format!("it did not tell the id of what it made while {what}"))
        })
    }

    /// Names of the realm roles that are a user's own.
    pub(super) async fn roles(&self, id: &str) -> Result<Vec<String>> {
        let what = format!("reading roles of a user of realm {}", self.realm);
        let found = self
            .realms
            .call(&what, |admin| admin.realm_users_with_user_id_role_mappings_realm_get(self.realm, id))
            .await?;
        Ok(found.into_iter().filter_map(|role| role.name).collect())
    }

    pub(super) async fn grant(&self, id: &str, names: &[String]) -> Result<()> {
        let mut roles: Vec<RoleRepresentation> = Vec::new();
        for name in names {
            let what = format!("reading role {name} of realm {}", self.realm);
            let role = self.realms.find(&what, |admin| admin.realm_roles_with_role_name_get(self.realm, name)).await?;
            roles.push(role.ok_or_else(|| {
                let message = format!("realm {} has no role {name}", self.realm);
                Error::new(System::Keycloak, Kind::Invalid, message, "Name one of the realm's roles.")
            })?);
        }
        let what = format!("giving roles to a user of realm {}", self.realm);
        self.realms
            .call(&what, |admin| admin.realm_users_with_user_id_role_mappings_realm_post(self.realm, id, roles.clone()))
            .await
            .map(|_| ())
    }

    async fn has_password(&self, id: &str) -> Result<bool> {
        let what = format!("reading credentials of a user of realm {}", self.realm);
        let found =
            self.realms.call(&what, |admin| admin.realm_users_with_user_id_credentials_get(self.realm, id)).await?;
        Ok(found.iter().any(|credential| credential.type_.as_deref() == Some("password")))
    }

    /// Gives the user of that id another password.
    pub async fn set_password(&self, id: &str, password: &Secret) -> Result<()> {
        let what = format!("setting a password in realm {}", self.realm);
        self.realms
            .call(&what, |admin| {
                admin.realm_users_with_user_id_reset_password_put(self.realm, id, credential(password))
            })
            .await
            .map(|_| ())
    }
}

fn credential(password: &Secret) -> CredentialRepresentation {
    CredentialRepresentation {
        type_: Some("password".into()),
        value: Some(password.reveal().into()),
        temporary: Some(false),
        ..CredentialRepresentation::default()
    }
}

impl From<&UserDesired> for UserRepresentation {
    fn from(desired: &UserDesired) -> Self {
        Self {
            username: Some(desired.username.clone()),
            email: Some(desired.email.clone()),
            email_verified: Some(true),
            first_name: Some(desired.first_name.clone()),
            last_name: Some(desired.last_name.clone()),
            enabled: Some(true),
            credentials: desired.password.as_ref().map(|password| vec![credential(password)]),
            ..Self::default()
        }
    }
}
