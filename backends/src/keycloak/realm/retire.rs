//! Keeps or removes a realm whose owner goes.

use jiff::Timestamp;
use keycloak::types::RealmRepresentation;
use plexica_crds::tenant::DeletionPolicy;

use super::super::Realms;
use super::record::Record;
use super::{RealmDesired, observe, representation};
use crate::ownership::{Parting, judge_retired};
use crate::{Result, Retired};

impl Realms {
    /// `Retain`: the realm is disabled, so that it gives no token, and marked. `Delete`: it is
    /// removed with its users. Only the realm's name and owner are looked at in `desired`.
    pub async fn retire(&self, desired: &RealmDesired, policy: DeletionPolicy) -> Result<Retired> {
        let name = desired.realm.as_str();
        let realm = self.read(name).await?;
        let parting = judge_retired(&observe::found(realm.as_ref()), &desired.owner);
        match (parting, policy) {
            (Parting::Gone, _) => Ok(Retired::Gone),
            (Parting::Leave, _) => Ok(Retired::Foreign),
            (Parting::Retained, DeletionPolicy::Retain) => Ok(Retired::Kept),
            (Parting::Part, DeletionPolicy::Retain) => {
                let found = realm.and_then(|realm| realm.attributes);
                let stamp = desired.owner.retained(Timestamp::now());
                let record = Record::read(found.as_ref());
                let settings = Box::new(RealmRepresentation {
                    enabled: Some(false),
                    attributes: Some(representation::attributes(found.as_ref(), &stamp, &record)),
                    ..RealmRepresentation::default()
                });
                self.put(name, &settings).await?;
                Ok(Retired::Kept)
            }
            (Parting::Part | Parting::Retained, DeletionPolicy::Delete) => {
                let removed = self.find(&format!("removing realm {name}"), |admin| admin.realm_delete(name)).await?;
                Ok(if removed.is_some() { Retired::Removed } else { Retired::Gone })
            }
        }
    }
}
