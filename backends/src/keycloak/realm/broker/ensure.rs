//! Writes a broker.

use keycloak::types::IdentityProviderRepresentation;

use super::super::super::Realms;
use super::super::{Present, RealmDesired};
use super::representation::{over, whole};
use crate::Result;

impl Realms {
    pub(in super::super) async fn create_broker(&self, desired: &RealmDesired, alias: &str) -> Result<()> {
        let Some(wanted) = self.broker(desired, alias) else { return Ok(()) };
        let realm = desired.realm.as_str();
        let what = format!("creating broker {alias} of realm {realm}");
        let answer = self.call(&what, |admin| admin.realm_identity_provider_instances_post(realm, wanted.clone()));
        answer.await.map(|_| ())
    }

    pub(in super::super) async fn set_broker(
        &self,
        desired: &RealmDesired,
        present: &Present,
        alias: &str,
    ) -> Result<()> {
        let found = present.brokers.iter().find(|found| found.alias.as_deref() == Some(alias));
        let (Some(wanted), Some(found)) = (self.broker(desired, alias), found) else { return Ok(()) };
        let (realm, body) = (desired.realm.as_str(), over(wanted, found));
        let what = format!("setting broker {alias} of realm {realm}");
        let answer = self
            .call(&what, |admin| admin.realm_identity_provider_instances_with_alias_put(realm, alias, body.clone()));
        answer.await.map(|_| ())
    }

    pub(in super::super) async fn remove_broker(&self, desired: &RealmDesired, alias: &str) -> Result<()> {
        let realm = desired.realm.as_str();
        let what = format!("removing broker {alias} of realm {realm}");
        let answer = self.find(&what, |admin| admin.realm_identity_provider_instances_with_alias_delete(realm, alias));
        answer.await.map(|_| ())
    }

    fn broker(&self, desired: &RealmDesired, alias: &str) -> Option<IdentityProviderRepresentation> {
        let wanted = desired.sign_in.brokers.iter().find(|broker| broker.alias == alias)?;
        Some(whole(wanted, &desired.owner.installation.name, self.digests(), &desired.realm))
    }
}
