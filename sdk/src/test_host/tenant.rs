//! A tenant that the plugin is installed for.

use plexica_contract::{
    lifecycle::{Action, Request},
    tenancy::PluginTenant,
};

use serde_json::Value;

use super::{Answer, Client, TestHost};

/// A tenant that the plugin is installed for.
#[derive(Clone, Debug)]
pub struct TestTenant<'a> {
    host: &'a TestHost,
    known: PluginTenant,
}

impl<'a> TestTenant<'a> {
    pub(super) fn new(host: &'a TestHost, known: PluginTenant) -> Self {
        Self { host, known }
    }

    /// A user with these permissions.
    pub fn as_user<P: Into<String>>(&self, permissions: impl IntoIterator<Item = P>) -> Client<'a> {
        Client::new(self.host, self.known.tenant.clone(), permissions.into_iter().map(Into::into).collect())
    }

    /// What the plugin was told about it.
    pub fn known(&self) -> &PluginTenant {
        &self.known
    }

    /// Upgrades it to the plugin's version, from the one whose migrations ran last.
    ///
    /// # Panics
    /// When that is no version.
    pub async fn upgrade(&self, from: &str) -> Answer {
        let from = from.parse().unwrap_or_else(|why| panic!("the version {from:?} {why}"));
        let request = Request { from_version: Some(from), ..self.host.request(Action::Upgrade, self.known.clone()) };
        self.host.lifecycle(&request).await
    }

    /// Gives it another configuration, as the platform does: in force only if the plugin takes it.
    pub async fn configure(&self, config: Value) -> Answer {
        let known = PluginTenant { config, ..self.known.clone() };
        let answer = self.host.lifecycle(&self.host.request(Action::Configure, known.clone())).await;
        if answer.status() == 200 {
            self.host.platform().list(known);
        }
        answer
    }

    /// Asks the plugin for something else, as the operator would.
    pub async fn lifecycle(&self, action: Action) -> Answer {
        let request: Request = self.host.request(action, self.known.clone());
        self.host.lifecycle(&request).await
    }
}
