//! A realm from what was read of it for a backup.

use keycloak::types::RealmRepresentation;
use plexica_crds::label;
use serde_json::Value;

use super::super::Realms;
use super::{RealmDesired, observe};
use crate::ownership::{Found, Refusal};
use crate::{Error, Kind, Result, System};

/// What Keycloak shows in place of a secret.
const MASK: &str = "**********";

impl Realms {
    /// Creates the realm with its users in one call, by the representations of
    /// [`export`](Self::export) and [`export_users`](Self::export_users). Where they have no secrets
    /// Keycloak makes new ones, and those of brokers and of the mail server are to be set anew. Whether it was not there before; one that carries the same mark was
    /// made by an earlier attempt.
    ///
    /// # Errors
    /// [`Kind::Conflict`] when another realm has its name.
    pub async fn import(&self, desired: &RealmDesired, mut whole: Value, users: Vec<Value>) -> Result<bool> {
        let name = desired.realm.as_str();
        let there = self.read(name).await?;
        match observe::found(there.as_ref()) {
            Found::Absent => {}
            Found::Marked(stamp) if desired.owner.is(&stamp.mark) => return Ok(false),
            Found::Marked(stamp) => {
                return Err(Refusal::Foreign(stamp.mark).into_error(System::Keycloak, &format!("realm {name}")));
            }
            Found::Unmarked { .. } => {
                return Err(Refusal::Unmarked.into_error(System::Keycloak, &format!("realm {name}")));
            }
        }
        unmask(&mut whole);
        forget_secrets(&mut whole);
        whole["users"] = Value::Array(users);
        let mut whole: RealmRepresentation = serde_json::from_value(whole).map_err(|error| {
            let message = format!("what was read of realm {name} is none");
            Error::new(System::Keycloak, Kind::Invalid, message, "Look whether the backup is complete.").because(error)
        })?;
        // Whoever takes it back may be in another cluster than who made the backup.
        if let Some(attributes) = &mut whole.attributes {
            attributes.remove(label::CLUSTER);
        }
        let whole = Box::new(whole);
        if observe::found(Some(&whole)) != Found::Marked(desired.owner.stamp()) {
            let message = format!("what was read of realm {name} has not the mark of its tenant");
            return Err(Error::new(System::Keycloak, Kind::Invalid, message, "Look whether the backup is complete."));
        }
        self.call(&format!("creating realm {name}"), |admin| admin.post((*whole).clone())).await?;
        Ok(true)
    }
}

/// Removes what is no secret, but stands in the place of one. Pure.
fn unmask(value: &mut Value) {
    let masked = |value: &Value| match value {
        Value::String(text) => text == MASK,
        Value::Array(list) => list.iter().any(|value| value == MASK),
        _ => false,
    };
    match value {
        Value::Object(fields) => {
            fields.retain(|_, value| !masked(value));
            fields.values_mut().for_each(unmask);
        }
        Value::Array(list) => list.iter_mut().for_each(unmask),
        _ => {}
    }
}

/// Removes by what secrets are known again that are not in it: the same ones would not be set. Pure.
fn forget_secrets(whole: &mut Value) {
    if let Some(attributes) = whole.get_mut("attributes").and_then(Value::as_object_mut) {
        attributes.remove(label::SMTP_DIGEST);
    }
    for broker in whole.get_mut("identityProviders").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(config) = broker.get_mut("config").and_then(Value::as_object_mut) {
            config.remove(label::SECRET_DIGEST);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn secrets_that_are_not_there_are_not_known_again() {
        let mut whole = json!({
            "attributes": { label::SMTP_DIGEST: "1", label::IDENTITY_SETTINGS: "smtp" },
            "identityProviders": [{ "alias": "google", "config": { label::SECRET_DIGEST: "2", "clientId": "it" } }, {}],
        });
        forget_secrets(&mut whole);
        let expected = json!({
            "attributes": { label::IDENTITY_SETTINGS: "smtp" },
            "identityProviders": [{ "alias": "google", "config": { "clientId": "it" } }, {}],
        });
        assert_eq!(whole, expected);
        let mut bare = json!({ "realm": "r" });
        forget_secrets(&mut bare);
        assert_eq!(bare, json!({ "realm": "r" }));
    }

    #[test]
    fn masks_are_no_secrets() {
        let mut whole = json!({
            "clients": [{ "clientId": "api", "secret": MASK }, { "clientId": "web" }],
            "components": { "keys": [{ "config": { "privateKey": [MASK], "priority": ["100"] } }] },
            "displayName": "**",
        });
        unmask(&mut whole);
        let expected = json!({
            "clients": [{ "clientId": "api" }, { "clientId": "web" }],
            "components": { "keys": [{ "config": { "priority": ["100"] } }] },
            "displayName": "**",
        });
        assert_eq!(whole, expected);
    }
}
