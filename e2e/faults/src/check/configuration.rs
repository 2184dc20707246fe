//! Whether the plugin has the configuration that the install asks for, as the status tells and as it tells itself.

use std::time::{SystemTime, UNIX_EPOCH};

use plexica_contract::token::{Audience, Minter, SigningKey, Subject};
use serde_json::Value;

use super::{Expected, key};
use crate::{
    plugin::CONFIGURATION,
    world::{Case, World},
};

pub async fn check(world: &World, case: &Case, expected: Expected) -> Vec<String> {
    if !matches!(expected, Expected::Running { .. }) {
        return Vec::new();
    }
    differs(world, case).await.err().into_iter().collect()
}

async fn differs(world: &World, case: &Case) -> Result<(), String> {
    let install = world.install(case).await?;
    let (asked, status) = (install.spec.config, install.status.unwrap_or_default());
    let upstream = status.route.ok_or("no request is sent to the plugin")?.upstream;
    match status.configuration {
        Some(configuration) if configuration.value == asked && configuration.restart.is_none() => {}
        configuration => return Err(format!("the configuration {configuration:?} instead of {asked}")),
    }
    let request =
        world.http(&upstream).get(format!("{upstream}{CONFIGURATION}")).bearer_auth(token(world, case).await?);
    let answer = request.send().await.and_then(reqwest::Response::error_for_status);
    let told: Value = answer.map_err(|error| failed(&error))?.json().await.map_err(|error| failed(&error))?;
    if told == asked { Ok(()) } else { Err(format!("the plugin has the configuration {told} instead of {asked}")) }
}

/// A token of somebody who has signed in, as the gateway makes it.
async fn token(world: &World, case: &Case) -> Result<String, String> {
    let pem = key::value(world, key::SIGNING).await?;
    let key = SigningKey::from_pkcs8_pem(&String::from_utf8_lossy(&pem)).map_err(|error| error.to_string())?;
    let subject =
        Subject::User { sub: "it".into(), username: None, email: None, roles: Vec::new(), permissions: Vec::new() };
    let (id, now) = (format!("{:x}", rand::random::<u128>()), SystemTime::now().duration_since(UNIX_EPOCH));
    let now = now.map_err(|error| error.to_string())?.as_secs();
    let minter = Minter::new(&world.name, key);
    let token = minter.mint(Audience::Plugin(case.plugin.clone()), Some(case.slug.clone()), subject, None, id, now);
    token.map_err(|error| error.to_string())
}

fn failed(error: &reqwest::Error) -> String {
    format!("the plugin does not tell its configuration: {error}")
}
