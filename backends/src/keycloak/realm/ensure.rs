//! Writes what differs.

use std::collections::HashMap;

use keycloak::types::{ClientRepresentation, ProtocolMapperRepresentation, RealmRepresentation, UserRepresentation};
use plexica_crds::tenant::Mfa;

use super::super::Realms;
use super::mfa::{ACTION, Change};
use super::observe::refused;
use super::record::{Record, Setting};
use super::{Drift, Observed, Present, RealmDesired, Smtp, plan, representation};
use crate::{Changes, Error, Kind, Result, System};

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
            Observed::Present(present) => Box::pin(self.repair(desired, present)).await,
            Observed::Absent => match Box::pin(self.create(desired)).await {
                Ok(changes) => Ok(changes),
                // Another operator was faster, or somebody took the name: look again, once.
                Err(error) if error.kind == Kind::Conflict => match self.observe(desired).await? {
                    Observed::Present(present) => Box::pin(self.repair(desired, &present)).await,
                    Observed::Refused(refusal) => Err(refused(desired, refusal)),
                    Observed::Absent => Err(error),
                },
                Err(error) => Err(error),
            },
        }
    }

    async fn create(&self, desired: &RealmDesired) -> Result<Changes> {
        let realm = &desired.realm;
        let whole = Box::new(representation::whole(desired, self.digests()));
        self.call(&format!("creating realm {realm}"), |admin| admin.post((*whole).clone())).await?;
        let mut changes = Changes::from_iter([Drift::Missing.told(realm)]);
        // A realm that comes with flows has no others, and brokers are written in one place.
        if (desired.sign_in.mfa == Some(Mfa::Required) || !desired.sign_in.brokers.is_empty())
            && let Observed::Present(present) = self.observe(desired).await?
        {
            changes.join(Box::pin(self.repair(desired, &present)).await?);
        }
        Ok(changes)
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
            Drift::Settings(_) => Box::pin(self.write_settings(desired, present)).await,
            Drift::SecondFactor(place) => Box::pin(self.write_second_factor(desired, present, place)).await,
            Drift::Role(name) => {
                let what = format!("creating role {name} of realm {realm}");
                self.call(&what, |admin| admin.realm_roles_post(realm, representation::role(name))).await.map(|_| ())
            }
            Drift::Client(id) => {
                let Some(wanted) = wanted(desired, id) else { return Ok(()) };
                let body = ClientRepresentation { secret: desired.servers.secret_for(id, None), ..wanted };
                let what = format!("creating client {id} of realm {realm}");
                match self.call(&what, |admin| admin.realm_clients_post(realm, body.clone())).await {
                    // Another operator was faster, and meant the same.
                    Err(error) if error.kind == Kind::Conflict => Ok(()),
                    made => made.map(|_| ()),
                }
            }
            Drift::ClientSettings(id, _) => {
                let (Some(wanted), Some(found)) = (wanted(desired, id), present.client(id)) else { return Ok(()) };
                let uuid = found.id.as_deref().unwrap_or_default();
                let secret = desired.servers.secret_for(id, Some(found));
                let body = ClientRepresentation { protocol_mappers: Some(mappers(&wanted, found)), secret, ..wanted };
                let what = format!("setting client {id} of realm {realm}");
                self.call(&what, |admin| admin.realm_clients_with_client_uuid_put(realm, uuid, body.clone()))
                    .await
                    .map(|_| ())
            }
            Drift::Broker(alias) => Box::pin(self.create_broker(desired, alias)).await,
            Drift::BrokerSettings(alias, _) => Box::pin(self.set_broker(desired, present, alias)).await,
            Drift::BrokerGone(alias) => self.remove_broker(desired, alias).await,
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

    async fn write_settings(&self, desired: &RealmDesired, present: &Present) -> Result<()> {
        let (found, record) = (present.settings.attributes.as_ref(), Record::of(&desired.sign_in));
        let released = present.record().without(&record);
        let mut attributes = representation::attributes(found, &desired.owner.stamp(), &record);
        let smtp = desired.sign_in.smtp.as_ref();
        Smtp::note(smtp, self.digests(), &desired.realm, &mut attributes);
        let none = || released.has(Setting::Smtp).then(HashMap::new);
        let settings = Box::new(RealmRepresentation {
            attributes: Some(attributes),
            smtp_server: smtp.map(|smtp| smtp.write(present.settings.smtp_server.as_ref())).or_else(none),
            ..representation::settings(desired, &released)
        });
        self.put(&desired.realm, &settings).await
    }

    async fn write_second_factor(&self, desired: &RealmDesired, present: &Present, place: &str) -> Result<()> {
        let realm = desired.realm.as_str();
        let change = plan::second_factor(desired, present).into_iter().find(|(name, _)| name == place);
        let what = format!("setting {place} of realm {realm}");
        let answer = match change {
            None => return Ok(()),
            Some((_, Change::Lacking(what))) => {
                let message = format!("realm {realm} cannot demand a second factor: it has no {what}");
                let remedy = "Run a version of Keycloak that Plexica was tested with, or leave spec.identity.mfa out.";
                return Err(Error::new(System::Keycloak, Kind::Invalid, message, remedy));
            }
            Some((_, Change::Action(action))) => {
                self.call(&what, |admin| {
                    admin.realm_authentication_required_actions_with_alias_put(realm, ACTION, action.clone())
                })
                .await
            }
            Some((_, Change::Step(flow, step))) => {
                self.call(&what, |admin| {
                    admin.realm_authentication_flows_with_flow_alias_executions_put(realm, flow, step.clone())
                })
                .await
            }
        };
        answer.map(|_| ())
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
