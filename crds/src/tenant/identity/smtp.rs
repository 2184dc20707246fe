//! The server that sends the realm's mail.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::SecretKeyRef;

/// The server that sends the realm's mail: links to set or reset a password, to verify an address.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Smtp {
    /// Host name.
    #[schemars(length(min = 1, max = 253))]
    #[x_kube(validation = Rule::new("self.matches('^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$')")
        .message("identity.smtp.host is a host name without scheme or port: write smtp.acme.test"))]
    pub host: String,
    /// Port.
    #[serde(default = "port")]
    #[schemars(range(min = 1, max = 65535))]
    pub port: i32,
    /// How the connection is secured.
    #[serde(default)]
    pub tls: SmtpTls,
    /// Address that mail comes from.
    #[schemars(length(min = 3, max = 254))]
    #[x_kube(validation = Rule::new("self.matches('^[^@\\\\s]+@[^@\\\\s]+$')")
        .message("identity.smtp.from must be an address such as no-reply@acme.test"))]
    pub from: String,
    /// Name shown beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 120))]
    pub from_display_name: Option<String>,
    /// Address that answers go to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 3, max = 254))]
    pub reply_to: Option<String>,
    /// How Keycloak signs in at the server; left out: it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<SmtpAuth>,
}

const fn port() -> i32 {
    587
}

/// How the connection to a mail server is secured.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SmtpTls {
    /// Not at all: for servers within the cluster.
    None,
    /// In clear at first, then TLS. Keycloak goes on in clear, with the password, where no TLS is offered (by the server, or
    /// by who stands between): prefer `Tls` ([RFC 8314](https://www.rfc-editor.org/rfc/rfc8314#section-3)).
    #[default]
    StartTls,
    /// TLS from the start.
    Tls,
}

/// How Keycloak signs in at a mail server.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct SmtpAuth {
    /// User name.
    #[schemars(length(min = 1, max = 254))]
    pub username: String,
    /// Where its password is.
    pub password_ref: SecretKeyRef,
}
