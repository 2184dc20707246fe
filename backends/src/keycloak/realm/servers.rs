//! The clients that servers sign in with: two that take turns, since a client has one secret. Pure.
//!
//! A generation is a client with a secret of its own; it is recorded in the client's attributes, so
//! that it is one write with the secret and whoever finds the realm later knows it.

use std::collections::{BTreeSet, HashMap};

use keycloak::types::ClientRepresentation;
use plexica_contract::name::Slot;
use plexica_crds::label::{GENERATION, RETIRED, ROTATED_AT, ROTATION_REQUEST};
use subtle::ConstantTimeEq;

use super::super::client;
use crate::{Generation, Secret};

/// Which generation there should be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Servers {
    /// In force.
    pub generation: Generation,
    /// Its secret; where this is none Keycloak makes one, and any is as good.
    pub secret: Option<Secret>,
}

impl Servers {
    /// Those clients of the two that there should be, from `common`.
    pub(super) fn clients(&self, common: &ClientRepresentation) -> Vec<ClientRepresentation> {
        let Self { generation: Generation { number, rotated_at, requests, previous }, secret: _ } = self;
        let slot = self.generation.slot();
        let mut attributes = HashMap::new();
        let mut record = |key: &str, value: String| attributes.insert(key.to_owned(), value);
        // A realm that never saw another has nothing to record.
        if *number > 1 {
            record(GENERATION, number.to_string());
            record(RETIRED, false.to_string());
        }
        if let Some(at) = rotated_at {
            record(ROTATED_AT, at.to_string());
        }
        if !requests.is_empty() {
            record(ROTATION_REQUEST, requests.iter().map(String::as_str).collect::<Vec<_>>().join(","));
        }
        let current = ClientRepresentation {
            client_id: Some(client::servers(slot).into()),
            attributes: (!attributes.is_empty()).then_some(attributes),
            ..common.clone()
        };
        let before = (*number > 1).then(|| ClientRepresentation {
            client_id: Some(client::servers(slot.other()).into()),
            enabled: Some(*previous),
            attributes: (!previous).then(|| HashMap::from([(RETIRED.to_owned(), true.to_string())])),
            ..common.clone()
        });
        [current].into_iter().chain(before).collect()
    }

    /// Whether somebody gave the client in force another secret.
    pub(super) fn is_replaced(&self, id: &str, found: &ClientRepresentation) -> bool {
        let Self { generation, secret } = self;
        let current = id == client::servers(generation.slot()) && number(found) == generation.number;
        let same = |wanted: &Secret, found: &str| bool::from(wanted.reveal().as_bytes().ct_eq(found.as_bytes()));
        let both = secret.as_ref().zip(found.secret.as_deref());
        both.is_some_and(|(wanted, found)| current && !same(wanted, found))
    }

    /// The secret that is written with a client, if it is not yet of the generation in force, or is not
    /// what it was.
    pub(super) fn secret_for(&self, id: &str, found: Option<&ClientRepresentation>) -> Option<String> {
        let Self { generation, secret } = self;
        let current = id == client::servers(generation.slot());
        let new = found.is_none_or(|found| number(found) != generation.number || self.is_replaced(id, found));
        secret.as_ref().filter(|_| current && new).map(|secret| secret.reveal().to_owned())
    }
}

/// The generation that the clients say; the next one if the client in force was removed: what was
/// replaced is never good again.
pub(super) fn found(clients: &[ClientRepresentation]) -> Generation {
    let of = |slot: Slot| clients.iter().find(|one| one.client_id.as_deref() == Some(client::servers(slot)));
    let newest = Slot::ALL.into_iter().filter_map(of).max_by_key(|client| number(client));
    let Some(newest) = newest else { return Generation::default() };
    let number = number(newest);
    if attribute(newest, RETIRED) == Some("true") {
        return Generation { number: number.saturating_add(1), ..Generation::default() };
    }
    let before = of(Slot::of(number).other());
    Generation {
        number,
        rotated_at: attribute(newest, ROTATED_AT).and_then(|text| text.parse().ok()),
        requests: attribute(newest, ROTATION_REQUEST).map(words).unwrap_or_default(),
        previous: before.is_some_and(|before| attribute(before, RETIRED) != Some("true")),
    }
}

fn number(client: &ClientRepresentation) -> u32 {
    attribute(client, GENERATION).and_then(|text| text.parse().ok()).unwrap_or(1)
}

fn attribute<'a>(client: &'a ClientRepresentation, key: &str) -> Option<&'a str> {
    client.attributes.as_ref()?.get(key).map(String::as_str)
}

fn words(text: &str) -> BTreeSet<String> {
    text.split(',').map(str::to_owned).collect()
}

#[cfg(test)]
#[path = "servers_tests.rs"]
mod tests;
