//! What there is.

use keycloak::types::{ClientRepresentation, IdentityProviderRepresentation, RealmRepresentation};

use super::super::digest::Digests;
use super::super::{Realms, client};
use super::record::{Record, Setting};
use super::{Drift, RealmDesired, broker, mfa, plan, servers};
use crate::ownership::{Found, Refusal, Stamp, Verdict, judge};
use crate::{Changes, Generation, Result, Secret, System};

/// What stands at a realm's name.
#[derive(Clone, Debug, PartialEq)]
pub enum Observed {
    /// Nothing.
    Absent,
    /// A realm that must not be touched.
    Refused(Refusal),
    /// Ours, or to be taken back.
    Present(Box<Present>),
}

/// A realm of ours, as it is.
#[derive(Clone, PartialEq)]
pub struct Present {
    pub(super) stamp: Stamp,
    pub(super) settings: RealmRepresentation,
    pub(super) clients: Vec<ClientRepresentation>,
    pub(super) roles: Vec<String>,
    pub(super) admin: Option<FoundAdmin>,
    /// Looked at only if it is or was in the spec.
    pub(super) mfa: Option<mfa::Found>,
    /// The same.
    pub(super) brokers: Vec<IdentityProviderRepresentation>,
    pub(super) digests: Digests,
}

/// The first user, as they are.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FoundAdmin {
    pub id: String,
    pub roles: Vec<String>,
}

impl std::fmt::Debug for Present {
    // Representations hold client secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Present").field("stamp", &self.stamp).field("roles", &self.roles).finish_non_exhaustive()
    }
}

impl Present {
    /// Secret of the client for servers, if it is there.
    pub fn client_secret(&self) -> Option<Secret> {
        secret_of(&self.clients)
    }

    /// The generation of that client.
    pub fn generation(&self) -> Generation {
        servers::found(&self.clients)
    }

    /// Which settings were in the spec when it was last written.
    pub(super) fn record(&self) -> Record {
        Record::read(self.settings.attributes.as_ref())
    }

    pub(super) fn client(&self, id: &str) -> Option<&ClientRepresentation> {
        self.clients.iter().find(|client| client.client_id.as_deref() == Some(id))
    }
}

impl Observed {
    /// Whether the realm, or a client by which people or servers get in, is not there.
    pub fn is_missing(&self) -> bool {
        match self {
            Self::Absent => true,
            Self::Refused(_) => false,
            Self::Present(present) => {
                let servers = client::servers(present.generation().slot());
                [client::WEB, servers].iter().any(|id| present.client(id).is_none())
            }
        }
    }

    /// What `ensure` would write, in words.
    ///
    /// # Errors
    /// When the realm must not be touched.
    pub fn differences(&self, desired: &RealmDesired) -> Result<Changes> {
        match self {
            Self::Refused(refusal) => Err(refused(desired, refusal.clone())),
            Self::Absent | Self::Present(_) => {
                Ok(self.drift(desired).iter().map(|drift| drift.told(&desired.realm)).collect())
            }
        }
    }

    /// What `ensure` would write; empty if nothing. The one call that creates counts as one.
    pub fn drift(&self, desired: &RealmDesired) -> Vec<Drift> {
        match self {
            Self::Absent => vec![Drift::Missing],
            Self::Refused(_) => Vec::new(),
            Self::Present(present) => plan::drift(desired, present),
        }
    }

    /// Aliases of wanted brokers that somebody else made in the realm. They are left alone.
    pub fn foreign_brokers(&self, desired: &RealmDesired) -> Vec<String> {
        match self {
            Self::Absent | Self::Refused(_) => Vec::new(),
            Self::Present(present) => {
                broker::foreign(&desired.sign_in.brokers, &present.brokers, &desired.owner.installation.name)
            }
        }
    }
}

/// Of the client of the generation in force.
fn secret_of(clients: &[ClientRepresentation]) -> Option<Secret> {
    let id = client::servers(servers::found(clients).slot());
    let client = clients.iter().find(|client| client.client_id.as_deref() == Some(id))?;
    client.secret.clone().map(Secret::new)
}

pub(super) fn refused(desired: &RealmDesired, refusal: Refusal) -> crate::Error {
    refusal.into_error(System::Keycloak, &format!("realm {}", desired.realm))
}

/// Whose realm it is. Keycloak answers 200 for realms that others own, without any attribute.
pub(super) fn found(realm: Option<&RealmRepresentation>) -> Found {
    let Some(realm) = realm else { return Found::Absent };
    let attributes = realm.attributes.as_ref();
    Stamp::from_pairs(|key| attributes?.get(key).map(String::as_str)).map_or_else(Found::unmarked, Found::Marked)
}

impl Realms {
    /// Reads what stands at the realm's name. A realm that must not be touched is not looked into.
    pub async fn observe(&self, desired: &RealmDesired) -> Result<Observed> {
        // Boxed, as all that follows: representations are large, and whoever calls holds the future.
        Box::pin(self.look(desired)).await
    }

    async fn look(&self, desired: &RealmDesired) -> Result<Observed> {
        let name = desired.realm.as_str();
        let realm = self.read(name).await?;
        let found = found(realm.as_ref());
        let verdict = judge(&found, &desired.owner, desired.adoption);
        let (stamp, settings) = match (verdict, found, realm) {
            (Verdict::Create, ..) | (_, _, None) => return Ok(Observed::Absent),
            (Verdict::Refuse(refusal), ..) => return Ok(Observed::Refused(refusal)),
            (Verdict::Keep | Verdict::Adopt | Verdict::Complete, Found::Marked(stamp), Some(realm)) => (stamp, realm),
            // A mark and its realm are one call, so nothing is ever to be completed.
            (Verdict::Keep | Verdict::Adopt | Verdict::Complete, ..) => {
                return Ok(Observed::Refused(Refusal::Unmarked));
            }
        };
        let (said, was) = (Record::of(&desired.sign_in), Record::read(settings.attributes.as_ref()));
        let concerns = |setting| said.has(setting) || was.has(setting);
        let (web, servers, roles, admin, mfa, brokers) = tokio::try_join!(
            Box::pin(self.client(name, client::WEB)),
            Box::pin(self.servers(name)),
            Box::pin(self.roles(name)),
            Box::pin(self.admin(desired)),
            async { if concerns(Setting::Mfa) { Box::pin(self.mfa(name)).await.map(Some) } else { Ok(None) } },
            async { if concerns(Setting::Brokers) { Box::pin(self.brokers(name)).await } else { Ok(Vec::new()) } },
        )?;
        let digests = self.digests().clone();
        let clients = web.into_iter().chain(servers).collect();
        Ok(Observed::Present(Box::new(Present { stamp, settings, clients, roles, admin, mfa, brokers, digests })))
    }

    /// Secret of the realm's client for servers.
    ///
    /// # Errors
    /// [`Kind::Unavailable`](crate::Kind::Unavailable) when there is none (yet).
    pub async fn client_secret(&self, realm: &str) -> Result<Secret> {
        secret_of(&self.servers(realm).await?).ok_or_else(|| {
            crate::Error::unavailable(
                System::Keycloak,
                format!("realm {realm} has no client for servers with a secret"),
            )
        })
    }

    /// Both clients for servers, in one request.
    async fn servers(&self, realm: &str) -> Result<Vec<ClientRepresentation>> {
        let what = format!("reading client {} of realm {realm}", client::API);
        let found = self
            .call(&what, |admin| {
                admin.realm_clients_get(realm, Some(client::API.into()), None, None, None, Some(true), None)
            })
            .await?;
        let ours = |found: &ClientRepresentation| {
            [client::API, client::API_2].iter().any(|id| found.client_id.as_deref() == Some(*id))
        };
        Ok(found.into_iter().filter(ours).collect())
    }

    async fn client(&self, realm: &str, id: &str) -> Result<Option<ClientRepresentation>> {
        let what = format!("reading client {id} of realm {realm}");
        let found = self
            .call(&what, |admin| admin.realm_clients_get(realm, Some(id.into()), None, None, None, None, None))
            .await?;
        Ok(found.into_iter().find(|client| client.client_id.as_deref() == Some(id)))
    }

    async fn roles(&self, realm: &str) -> Result<Vec<String>> {
        let what = format!("reading the roles of realm {realm}");
        let found = self.call(&what, |admin| admin.realm_roles_get(realm, Some(true), None, None, None)).await?;
        Ok(found.into_iter().filter_map(|role| role.name).collect())
    }

    async fn brokers(&self, realm: &str) -> Result<Vec<IdentityProviderRepresentation>> {
        let what = format!("reading the brokers of realm {realm}");
        self.call(&what, |admin| {
            admin.realm_identity_provider_instances_get(realm, None, None, None, None, None, None, None)
        })
        .await
    }

    async fn mfa(&self, realm: &str) -> Result<mfa::Found> {
        let what = format!("reading action {} of realm {realm}", mfa::ACTION);
        let action =
            self.find(&what, |admin| admin.realm_authentication_required_actions_with_alias_get(realm, mfa::ACTION));
        let flow = async |name: &'static str| {
            let what = format!("reading flow {name} of realm {realm}");
            self.call(&what, |admin| admin.realm_authentication_flows_with_flow_alias_executions_get(realm, name)).await
        };
        let [(browser, ..), (direct, ..)] = mfa::FLOWS;
        let (action, browser, direct) = tokio::try_join!(action, flow(browser), flow(direct))?;
        Ok(mfa::Found { action, flows: vec![browser, direct] })
    }

    async fn admin(&self, desired: &RealmDesired) -> Result<Option<FoundAdmin>> {
        let Some(admin) = &desired.admin else { return Ok(None) };
        let users = self.users(&desired.realm);
        let Some(user) = users.find(&admin.email).await? else { return Ok(None) };
        let roles = users.roles(&user.id).await?;
        Ok(Some(FoundAdmin { id: user.id, roles }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn a_realm_without_our_attributes_is_unmarked() {
        assert_eq!(found(None), Found::Absent);
        let stub = RealmRepresentation { realm: Some("master".into()), ..RealmRepresentation::default() };
        assert_eq!(found(Some(&stub)), Found::unmarked());
        let others = HashMap::from([("acr".to_owned(), "1".to_owned())]);
        let foreign = RealmRepresentation { attributes: Some(others), ..RealmRepresentation::default() };
        assert_eq!(found(Some(&foreign)), Found::unmarked());
    }
}
