//! Other places where users may sign in.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::SecretKeyRef;

/// Another place where users may sign in: an identity provider that the realm trusts to say who somebody is.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("(self.type == 'Oidc') == has(self.oidc)")
        .message("identity.brokers: those of type Oidc have oidc with issuer and URLs, and no others do"),
    validation = Rule::new("(self.type == 'Saml') == has(self.saml)")
        .message("identity.brokers: those of type Saml have saml with entityId, singleSignOnUrl and signingCertificate, and no others do"),
    validation = Rule::new("self.type == 'Saml' ? (!has(self.clientId) && !has(self.clientSecretRef)) : (has(self.clientId) && has(self.clientSecretRef))")
        .message("identity.brokers: all but those of type Saml need clientId and clientSecretRef, and those have neither"),
    validation = Rule::new("self.type == oldSelf.type")
        .message("identity.brokers: the type of a broker cannot be changed, as its users' links would be lost: add one with another alias")
)]
pub struct Broker {
    /// Its name in URLs: the place's redirect URI is <issuer>/broker/<alias>/endpoint.
    #[schemars(length(min = 1, max = 63))]
    #[x_kube(validation = Rule::new("self.matches('^[a-z0-9]([a-z0-9-]*[a-z0-9])?$')")
        .message("identity.brokers[].alias is lower-case letters, digits and dashes, such as google"))]
    pub alias: String,
    /// What its button says; the alias if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 120))]
    pub display_name: Option<String>,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: BrokerType,
    /// The id that it gave to this realm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255))]
    pub client_id: Option<String>,
    /// Where the secret is that it gave to this realm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret_ref: Option<SecretKeyRef>,
    /// Where an Oidc one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oidc: Option<OidcBroker>,
    /// Where a Saml one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saml: Option<SamlBroker>,
    /// Addresses it tells are taken as verified. Only for those that verify them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub trust_email: bool,
    /// It has no button on the sign-in page; applications name it with `kc_idp_hint`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hidden: bool,
}

/// What a broker is.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
pub enum BrokerType {
    /// Anything that speaks OpenID Connect.
    Oidc,
    /// Anything that speaks SAML 2.0.
    Saml,
    /// google.com.
    Google,
    /// github.com.
    GitHub,
    /// gitlab.com.
    GitLab,
    /// Microsoft accounts and Entra ID.
    Microsoft,
    /// linkedin.com.
    LinkedIn,
    /// facebook.com.
    Facebook,
    /// bitbucket.org.
    Bitbucket,
}

/// Where an OpenID provider is. All of it is in its /.well-known/openid-configuration.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("[self.authorizationUrl, self.tokenUrl, self.jwksUrl].all(u, u.startsWith('https://') || u.startsWith('http://127.0.0.1:') || u.startsWith('http://localhost:')) && (!has(self.userInfoUrl) || self.userInfoUrl.startsWith('https://') || self.userInfoUrl.startsWith('http://127.0.0.1:') || self.userInfoUrl.startsWith('http://localhost:'))")
    .message("identity.brokers[].oidc: URLs start with https://; http:// is for loopback only"))]
pub struct OidcBroker {
    /// `iss` of its tokens, to the letter.
    #[schemars(length(min = 1, max = 512))]
    pub issuer: String,
    /// Where people sign in.
    #[schemars(length(min = 1, max = 512))]
    pub authorization_url: String,
    /// Where codes are exchanged.
    #[schemars(length(min = 1, max = 512))]
    pub token_url: String,
    /// Where its keys are; tokens that none of them signed are refused.
    #[schemars(length(min = 1, max = 512))]
    pub jwks_url: String,
    /// Where more is told of a user than their token says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512))]
    pub user_info_url: Option<String>,
    /// What is asked for.
    #[serde(default = "scopes")]
    #[schemars(length(min = 1, max = 16), inner(length(min = 1, max = 128)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub scopes: Vec<String>,
}

fn scopes() -> Vec<String> {
    ["openid", "profile", "email"].map(str::to_owned).to_vec()
}

/// Where a SAML identity provider is. All of it is in its metadata.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.singleSignOnUrl.startsWith('https://') || self.singleSignOnUrl.startsWith('http://127.0.0.1:') || self.singleSignOnUrl.startsWith('http://localhost:')")
    .message("identity.brokers[].saml: URLs start with https://; http:// is for loopback only"))]
pub struct SamlBroker {
    /// Its entity id; answers of another are refused.
    #[schemars(length(min = 1, max = 512))]
    pub entity_id: String,
    /// Where people sign in (binding POST).
    #[schemars(length(min = 1, max = 512))]
    pub single_sign_on_url: String,
    /// Certificate that signs its answers: base64 without header and footer lines. What it did not sign is refused.
    #[schemars(length(min = 1, max = 8192))]
    #[x_kube(validation = Rule::new("!self.contains('-----')")
        .message("identity.brokers[].saml.signingCertificate is base64 without the lines BEGIN and END CERTIFICATE"))]
    pub signing_certificate: String,
    /// What a user's id is there.
    #[serde(default)]
    pub name_id: SamlNameId,
}

/// What a user's id is at a SAML identity provider.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SamlNameId {
    /// An opaque one that stays.
    #[default]
    Persistent,
    /// Their address.
    Email,
    /// Whatever it says.
    Unspecified,
}
