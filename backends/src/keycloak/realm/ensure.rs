//! Writes what differs.

use keycloak::types::{ClientRepresentation, ProtocolMapperRepresentation, RealmRepresentation, UserRepresentation};

use super::super::Realms;
use super::observe::refused;
use super::{Drift, Observed, Present, RealmDesired, representation};
use crate::{Changes, Kind, Result};

impl Realms {
    /// Brings a realm to its desired state: one call creates it, and later only what differs is
    /// written.
    ///
    /// # Errors
    /// [`Kind::Conflict`] or [`Kind::AdoptionRefused`] when the realm is not ours; it was not
    /// touched.
    pub async fn ensure(&self, desired: &RealmDesired, observed: &Observed) -> Result<Changes> {
        match observed {
            Observed::Refused(refusal) => Err(refused(desired, refusal.clone())),
            Observed::Present(present) => self.repair(desired, present).await,
            Observed::Absent => match self.create(desired).await {
                Ok(changes) => Ok(changes),
                // Another operator was faster, or somebody took the name: look again, once.
                Err(error) if error.kind == Kind::Conflict => match self.observe(desired).await? {
                    Observed::Present(present) => self.repair(desired, &present).await,
                    Observed::Refused(refusal) => Err(refused(desired, refusal)),
                    Observed::Absent => Err(error),
                },
                Err(error) => Err(error),
            },
        }
    }

    async fn create(&self, desired: &RealmDesired) -> Result<Changes> {
        let realm = &desired.realm;
        let whole = Box::new(representation::whole(desired));
        self.call(&format!("creating realm {realm}"), |admin| admin.post((*whole).clone())).await?;
        Ok(Changes::from_iter([Drift::Missing.told(realm)]))
    }

    async fn repair(&self, desired: &RealmDesired, present: &Present) -> Result<Changes> {
        let mut changes = Changes::none();
        for drift in super::plan::drift(desired, present) {
            Box::pin(self.write(desired, present, &drift)).await.map_err(within)?;
            changes.note(drift.told(&desired.realm));
        }
        Ok(changes)
    }

    async fn write(&self, desired: &RealmDesired, present: &Present, drift: &Drift) -> Result<()> {
        let realm = desired.realm.as_str();
        match drift {
            Drift::Missing => self.create(desired).await.map(|_| ()),
            Drift::Settings(_) => {
                let settings = Box::new(RealmRepresentation {
                    attributes: Some(representation::attributes(
                        present.settings.attributes.as_ref(),
                        &desired.owner.stamp(),
                    )),
                    ..representation::settings(desired)
                });
                self.put(realm, &settings).await
            }
            Drift::Role(name) => {
                let what = format!("creating role {name} of realm {realm}");
                self.call(&what, |admin| admin.realm_roles_post(realm, representation::role(name))).await.map(|_| ())
            }
            Drift::Client(id) => {
                let Some(wanted) = wanted(desired, id) else { return Ok(()) };
                let what = format!("creating client {id} of realm {realm}");
                self.call(&what, |admin| admin.realm_clients_post(realm, wanted.clone())).await.map(|_| ())
            }
            Drift::ClientSettings(id, _) => {
                let (Some(wanted), Some(found)) = (wanted(desired, id), present.client(id)) else { return Ok(()) };
                let uuid = found.id.as_deref().unwrap_or_default();
                let body = ClientRepresentation { protocol_mappers: Some(mappers(&wanted, found)), ..wanted };
                let what = format!("setting client {id} of realm {realm}");
                self.call(&what, |admin| admin.realm_clients_with_client_uuid_put(realm, uuid, body.clone()))
                    .await
                    .map(|_| ())
            }
            Drift::Admin => {
                let Some(wanted) = &desired.admin else { return Ok(()) };
                // Users that are created one by one get the default roles by themselves.
                let user = UserRepresentation { realm_roles: None, ..representation::admin(realm, wanted) };
                let users = self.users(realm);
                let id = users.create(user).await?;
                users.grant(&id, std::slice::from_ref(&wanted.role)).await
            }
            Drift::AdminRole => {
                let (Some(wanted), Some(found)) = (&desired.admin, &present.admin) else { return Ok(()) };
                self.users(realm).grant(&found.id, std::slice::from_ref(&wanted.role)).await
            }
        }
    }

    pub(super) async fn put(&self, realm: &str, settings: &RealmRepresentation) -> Result<()> {
        let what = format!("setting realm {realm}");
        self.call(&what, |admin| admin.realm_put(realm, settings.clone())).await.map(|_| ())
    }
}

/// What is in the way there is no realm of somebody else's: this one is ours.
fn within(mut error: crate::Error) -> crate::Error {
    if error.kind == Kind::Conflict {
        error.kind = Kind::Invalid;
    }
    error
}

fn wanted(desired: &RealmDesired, id: &str) -> Option<ClientRepresentation> {
    representation::clients(desired).into_iter().find(|client| client.client_id.as_deref() == Some(id))
}

/// Our mappers in place of ours, and those of others: Keycloak removes what is left out.
fn mappers(wanted: &ClientRepresentation, found: &ClientRepresentation) -> Vec<ProtocolMapperRepresentation> {
    let ours = wanted.protocol_mappers.clone().unwrap_or_default();
    let others = found.protocol_mappers.iter().flatten();
    let others = others.filter(|other| ours.iter().all(|ours| ours.name != other.name)).cloned();
    let ours = ours.iter().cloned().map(|ours| {
        let known = found.protocol_mappers.iter().flatten().find(|other| other.name == ours.name);
        ProtocolMapperRepresentation { id: known.and_then(|known| known.id.clone()), ..ours }
    });
    ours.chain(others).collect()
}
