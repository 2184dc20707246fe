//! The desired state in Keycloak's own terms. Pure.

use std::collections::HashMap;

use keycloak::types::{
    ClientRepresentation, ComponentExportRepresentation, ProtocolMapperRepresentation, RealmRepresentation,
    RoleRepresentation, RolesRepresentation, UserRepresentation,
};

use super::super::digest::Digests;
use super::super::{AUDIENCE, client};
use super::record::{Record, Setting};
use super::{AdminUser, RealmDesired, Smtp, mfa};
use plexica_crds::{label, tenant::Mfa};

use crate::ownership::Stamp;

const PROTOCOL: &str = "openid-connect";

/// Settings of the realm that are ours; without its mail server, clients, roles and users. Those that are `released`
/// go back to what a new realm has.
pub fn settings(desired: &RealmDesired, released: &Record) -> RealmRepresentation {
    let sign_in = &desired.sign_in;
    let text = |said: &Option<String>, setting| said.clone().or_else(|| released.has(setting).then(String::new));
    // Any other flow may ask for less.
    let flow = |name: &str| (sign_in.mfa == Some(Mfa::Required)).then(|| name.to_owned());
    RealmRepresentation {
        password_policy: text(&sign_in.password_policy, Setting::PasswordPolicy),
        login_theme: text(&sign_in.login_theme, Setting::LoginTheme),
        browser_flow: flow(mfa::BROWSER),
        direct_grant_flow: flow(mfa::DIRECT_GRANT),
        display_name: Some(desired.display_name.clone()),
        enabled: Some(true),
        ssl_required: Some("external".into()),
        registration_allowed: Some(false),
        brute_force_protected: Some(true),
        default_signature_algorithm: Some("ES256".into()),
        access_token_lifespan: Some(desired.lifetimes.access_token),
        sso_session_idle_timeout: Some(desired.lifetimes.session_idle),
        sso_session_max_lifespan: Some(desired.lifetimes.session_max),
        revoke_refresh_token: Some(true),
        refresh_token_max_reuse: Some(0),
        ..RealmRepresentation::default()
    }
}

/// Everything, for the one call that creates it, but for brokers and flows.
#[expect(deprecated, reason = "`defaultRoles` is the one way to extend the default role while creating")]
pub fn whole(desired: &RealmDesired, digests: &Digests) -> RealmRepresentation {
    let smtp = desired.sign_in.smtp.as_ref();
    let mut attributes = attributes(None, &desired.owner.stamp(), &Record::of(&desired.sign_in));
    Smtp::note(smtp, digests, &desired.realm, &mut attributes);
    let roles = desired.roles.iter().map(|name| role(name)).collect();
    RealmRepresentation {
        realm: Some(desired.realm.clone()),
        attributes: Some(attributes),
        smtp_server: smtp.map(|smtp| smtp.write(None)),
        components: Some(HashMap::from([("org.keycloak.keys.KeyProvider".to_owned(), keys())])),
        roles: Some(RolesRepresentation { realm: Some(roles), ..RolesRepresentation::default() }),
        default_roles: Some(desired.default_roles.clone()),
        clients: Some(clients(desired)),
        users: desired.admin.as_ref().map(|admin| vec![self::admin(&desired.realm, admin)]),
        ..settings(desired, &Record::default())
    }
}

/// The realm's attributes with stamp and record in place of earlier ones. Keycloak removes what is left
/// out of a PUT, so what others wrote is kept.
pub fn attributes(found: Option<&HashMap<String, String>>, stamp: &Stamp, record: &Record) -> HashMap<String, String> {
    let mut attributes = found.cloned().unwrap_or_default();
    for earlier in [label::RETAINED_AT, label::CLUSTER] {
        attributes.remove(earlier);
    }
    record.write(&mut attributes);
    attributes.extend(stamp.to_pairs().into_iter().map(|(key, value)| (key.to_owned(), value)));
    attributes
}

/// A realm role.
pub fn role(name: &str) -> RoleRepresentation {
    RoleRepresentation { name: Some(name.into()), ..RoleRepresentation::default() }
}

/// Explicit keys: left to itself, Keycloak spends seconds on two RSA pairs that nobody uses.
fn keys() -> Vec<ComponentExportRepresentation> {
    let key = |provider: &str, config: &[(&str, &str)]| ComponentExportRepresentation {
        name: Some(provider.into()),
        provider_id: Some(provider.into()),
        sub_components: Some(HashMap::new()),
        config: Some(
            config
                .iter()
                .chain(&[("priority", "100")])
                .map(|(key, value)| ((*key).to_owned(), vec![(*value).to_owned()]))
                .collect(),
        ),
        ..ComponentExportRepresentation::default()
    };
    vec![
        key("ecdsa-generated", &[("ecdsaEllipticCurveKey", "P-256")]),
        key("hmac-generated", &[("algorithm", "HS512")]),
        key("aes-generated", &[]),
    ]
}

/// The client for people, and those for servers, without their secrets.
pub fn clients(desired: &RealmDesired) -> Vec<ClientRepresentation> {
    let web = ClientRepresentation {
        client_id: Some(client::WEB.into()),
        name: Some("Browsers".into()),
        public_client: Some(true),
        standard_flow_enabled: Some(true),
        direct_access_grants_enabled: Some(desired.direct_grant),
        service_accounts_enabled: Some(false),
        redirect_uris: Some(desired.redirect_uris()),
        // The origins of the redirect URIs.
        web_origins: Some(vec!["+".into()]),
        attributes: Some(HashMap::from([("pkce.code.challenge.method".to_owned(), "S256".to_owned())])),
        ..common()
    };
    let servers = ClientRepresentation {
        name: Some("Servers".into()),
        public_client: Some(false),
        standard_flow_enabled: Some(false),
        direct_access_grants_enabled: Some(false),
        service_accounts_enabled: Some(true),
        ..common()
    };
    [web].into_iter().chain(desired.servers.clients(&servers)).collect()
}

fn common() -> ClientRepresentation {
    ClientRepresentation {
        enabled: Some(true),
        protocol: Some(PROTOCOL.into()),
        implicit_flow_enabled: Some(false),
        full_scope_allowed: Some(true),
        frontchannel_logout: Some(false),
        protocol_mappers: Some(vec![audience()]),
        ..ClientRepresentation::default()
    }
}

/// Adds [`AUDIENCE`] to access tokens.
fn audience() -> ProtocolMapperRepresentation {
    let config = [("included.custom.audience", AUDIENCE), ("access.token.claim", "true"), ("id.token.claim", "false")];
    ProtocolMapperRepresentation {
        name: Some("plexica-audience".into()),
        protocol: Some(PROTOCOL.into()),
        protocol_mapper: Some("oidc-audience-mapper".into()),
        config: Some(config.map(|(key, value)| (key.to_owned(), value.to_owned())).into()),
        ..ProtocolMapperRepresentation::default()
    }
}

/// The first user, who must set a password.
pub fn admin(realm: &str, admin: &AdminUser) -> UserRepresentation {
    UserRepresentation {
        username: Some(admin.email.clone()),
        email: Some(admin.email.clone()),
        first_name: admin.first_name.clone(),
        last_name: admin.last_name.clone(),
        enabled: Some(true),
        required_actions: Some(vec!["UPDATE_PASSWORD".into()]),
        // Users of an import get no default roles by themselves. Left out by other calls.
        realm_roles: Some(vec![admin.role.clone(), default_role(realm)]),
        ..UserRepresentation::default()
    }
}

/// The composite role that Keycloak makes for each realm.
pub fn default_role(realm: &str) -> String {
    format!("default-roles-{}", realm.to_lowercase())
}
