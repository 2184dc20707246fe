//! What has to be written. Pure.

use std::fmt;

use super::super::client;
use super::{Present, RealmDesired, compare, representation};

/// One difference between what a realm should be and what it is: one write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Drift {
    /// There is no realm.
    Missing,
    /// These settings differ; `owner` stands for the mark.
    Settings(Vec<String>),
    /// A role is missing.
    Role(String),
    /// A client is missing.
    Client(&'static str),
    /// These settings of a client differ.
    ClientSettings(&'static str, Vec<String>),
    /// The first user is missing.
    Admin,
    /// The first user lacks their role.
    AdminRole,
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("created realm"),
            Self::Settings(fields) => write!(f, "set {} of realm", fields.join(", ")),
            Self::Role(name) => write!(f, "created role {name} in realm"),
            Self::Client(id) => write!(f, "created client {id} in realm"),
            Self::ClientSettings(id, fields) => write!(f, "set {} of client {id} in realm", fields.join(", ")),
            Self::Admin => f.write_str("created the first user of realm"),
            Self::AdminRole => f.write_str("gave the first user their role in realm"),
        }
    }
}

impl Drift {
    /// In words, with the realm.
    pub(super) fn told(&self, realm: &str) -> String {
        format!("{self} {realm}")
    }
}

/// What has to be written, in that order: roles before those who get them.
pub fn drift(desired: &RealmDesired, present: &Present) -> Vec<Drift> {
    let mut drifts = Vec::new();
    let mut settings = compare::differing(&representation::settings(desired), &present.settings);
    if present.stamp != desired.owner.stamp() {
        settings.insert(0, "owner".into());
    }
    if !settings.is_empty() {
        drifts.push(Drift::Settings(settings));
    }
    drifts.extend(desired.roles.iter().filter(|name| !present.roles.contains(name)).cloned().map(Drift::Role));
    for wanted in representation::clients(desired) {
        let id = if wanted.client_id.as_deref() == Some(client::WEB) { client::WEB } else { client::API };
        match present.client(id).map(|found| compare::differing(&wanted, found)) {
            None => drifts.push(Drift::Client(id)),
            Some(fields) if fields.is_empty() => {}
            Some(fields) => drifts.push(Drift::ClientSettings(id, fields)),
        }
    }
    match (&desired.admin, &present.admin) {
        (Some(_), None) => drifts.push(Drift::Admin),
        (Some(wanted), Some(found)) if !found.roles.contains(&wanted.role) => drifts.push(Drift::AdminRole),
        _ => {}
    }
    drifts
}

#[cfg(test)]
mod tests {
    use super::super::observe::FoundAdmin;
    use super::super::{AdminUser, representation};
    use super::*;
    use crate::ownership::Mark;
    use jiff::Timestamp;

    fn owner(uid: &str) -> Mark {
        Mark { installation: "plexica".into(), kind: "Tenant".into(), name: "acme".into(), uid: uid.into() }
    }

    fn desired() -> RealmDesired {
        let mut desired = RealmDesired::tenant("tenant-acme", "Acme", owner("1"));
        desired.domains = vec!["app.acme.test".into()];
        desired.admin =
            Some(AdminUser { email: "ada@acme.test".into(), first_name: None, last_name: None, role: "admin".into() });
        desired
    }

    /// A realm that is as desired.
    fn present(desired: &RealmDesired) -> Present {
        Present {
            stamp: desired.owner.stamp(),
            settings: representation::settings(desired),
            clients: representation::clients(desired),
            roles: [desired.roles.clone(), vec!["offline_access".into()]].concat(),
            admin: Some(FoundAdmin { id: "7".into(), roles: vec!["admin".into()] }),
        }
    }

    #[test]
    fn nothing_differs_from_what_was_asked() {
        assert_eq!(drift(&desired(), &present(&desired())), []);
    }

    #[test]
    fn each_difference_is_one_write() {
        type Change = fn(&mut Present);
        let cases: [(Change, Drift); 12] = [
            (|p| p.settings.display_name = Some("Other".into()), Drift::Settings(vec!["displayName".into()])),
            (|p| p.settings.enabled = Some(false), Drift::Settings(vec!["enabled".into()])),
            (|p| p.settings.brute_force_protected = Some(false), Drift::Settings(vec!["bruteForceProtected".into()])),
            (|p| p.settings.ssl_required = Some("none".into()), Drift::Settings(vec!["sslRequired".into()])),
            (|p| p.stamp = owner("0").stamp(), Drift::Settings(vec!["owner".into()])),
            (|p| p.stamp = owner("1").retained(Timestamp::UNIX_EPOCH), Drift::Settings(vec!["owner".into()])),
            (|p| p.roles.retain(|role| role != "user"), Drift::Role("user".into())),
            (|p| p.clients.truncate(1), Drift::Client("api")),
            (
                |p| p.clients[0].redirect_uris = Some(vec!["https://evil.test/*".into()]),
                Drift::ClientSettings("web", vec!["redirectUris".into()]),
            ),
            (
                |p| p.clients[1].protocol_mappers = None,
                Drift::ClientSettings("api", vec!["protocolMappers[plexica-audience]".into()]),
            ),
            (|p| p.admin = None, Drift::Admin),
            (|p| p.admin = Some(FoundAdmin { id: "7".into(), roles: Vec::new() }), Drift::AdminRole),
        ];
        for (change, expected) in cases {
            let mut present = present(&desired());
            change(&mut present);
            assert_eq!(drift(&desired(), &present), [expected]);
        }
    }

    #[test]
    fn what_is_not_ours_may_differ() {
        let mut present = present(&desired());
        present.settings.login_theme = Some("theirs".into());
        present.settings.password_policy = Some("length(12)".into());
        present.roles.push("auditor".into());
        present.clients[0].description = Some("theirs".into());
        assert_eq!(drift(&desired(), &present), []);
    }
}
