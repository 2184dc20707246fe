//! Reads a realm's settings.

use std::time::Duration;

use keycloak::types::RealmRepresentation;
use tokio::time;

use super::super::Realms;
use crate::Result;

/// How long to wait before each further look at a realm that shows its name alone.
const PAUSES: [Duration; 3] = [Duration::from_millis(100), Duration::from_millis(300), Duration::from_millis(900)];

impl Realms {
    /// The realm of that name with its settings; with its name alone if it is not ours to see.
    ///
    /// Keycloak shows a service account that may create realms the bare name of each that it does
    /// not administer ([keycloak#26301](https://github.com/keycloak/keycloak/issues/26301)). For a
    /// moment it does so of a realm that we, or an operator before us, have just created: the rights
    /// come into force after the realm is there. So a bare name is believed when it stays bare.
    pub(super) async fn read(&self, name: &str) -> Result<Option<RealmRepresentation>> {
        let what = format!("reading realm {name}");
        let mut realm = self.find(&what, |admin| admin.realm_get(name)).await?;
        for pause in PAUSES {
            if !realm.as_ref().is_some_and(is_bare) {
                break;
            }
            time::sleep(pause).await;
            realm = self.find(&what, |admin| admin.realm_get(name)).await?;
        }
        Ok(realm)
    }
}

/// Whether nothing but the name is shown: every realm is enabled or not.
const fn is_bare(realm: &RealmRepresentation) -> bool {
    realm.enabled.is_none()
}
