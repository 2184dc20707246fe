//! How the tenant's users sign in: settings of its realm.

mod broker;
mod password;
mod secret;
mod session;
mod smtp;

pub use broker::{Broker, BrokerType, OidcBroker, SamlBroker, SamlNameId};
pub use password::PasswordPolicy;
pub use secret::SecretKeyRef;
pub use session::Sessions;
pub use smtp::{Smtp, SmtpAuth, SmtpTls};

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the tenant's users sign in. What is left out stays as it is set in Keycloak; what is removed
/// again goes back to Keycloak's own default.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct IdentitySpec {
    /// Whether users who sign in with a password need a second factor: codes of an authenticator app (TOTP).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mfa: Option<Mfa>,
    /// How long tokens and sessions live; 300, 1800 and 36000 seconds if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sessions: Option<Sessions>,
    /// What a password must have; looked at when one is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_policy: Option<PasswordPolicy>,
    /// Name of the theme of the sign-in pages, which must be installed in Keycloak.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    #[x_kube(validation = Rule::new("self.matches('^[A-Za-z0-9][A-Za-z0-9._-]*$')")
        .message("identity.loginTheme is the name of a theme, such as keycloak.v2"))]
    pub login_theme: Option<String>,
    /// Other places where users may sign in: social ones, OpenID Connect, SAML.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["alias".into()]))]
    pub brokers: Vec<Broker>,
    /// The server that sends the realm's mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub smtp: Option<Smtp>,
}

/// Whether users who sign in with a password need a second factor: codes of an authenticator app (TOTP).
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mfa {
    /// Whoever has set one up is asked for it.
    Optional,
    /// Everybody is asked for it; who has none sets it up at the next sign-in.
    Required,
}
