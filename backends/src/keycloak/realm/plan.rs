//! What has to be written. Pure.

use std::fmt;

use super::super::client;
use super::broker::Broken;
use super::mfa::Change;
use super::record::{Record, Setting};
use super::{Present, RealmDesired, broker, compare, mfa, representation};
use plexica_crds::tenant::Mfa;

/// One difference between what a realm should be and what it is: one write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Drift {
    /// There is no realm.
    Missing,
    /// These settings differ; `owner` stands for the mark, `managed` for what of them is in the spec.
    Settings(Vec<String>),
    /// What asks for the second factor differs there.
    SecondFactor(String),
    /// A role is missing.
    Role(String),
    /// A client is missing.
    Client(&'static str),
    /// These settings of a client differ.
    ClientSettings(&'static str, Vec<String>),
    /// A broker is missing.
    Broker(String),
    /// These settings of a broker differ.
    BrokerSettings(String, Vec<String>),
    /// A broker is ours and no longer wanted.
    BrokerGone(String),
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
            Self::SecondFactor(place) => write!(f, "set {place} of realm"),
            Self::Role(name) => write!(f, "created role {name} in realm"),
            Self::Client(id) => write!(f, "created client {id} in realm"),
            Self::ClientSettings(id, fields) => write!(f, "set {} of client {id} in realm", fields.join(", ")),
            Self::Broker(alias) => write!(f, "created broker {alias} in realm"),
            Self::BrokerSettings(alias, fields) => write!(f, "set {} of broker {alias} in realm", fields.join(", ")),
            Self::BrokerGone(alias) => write!(f, "removed broker {alias} from realm"),
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
    let (wanted, found) = (Record::of(&desired.sign_in), present.record());
    let released = found.without(&wanted);
    let mut settings = compare::differing(&representation::settings(desired, &released), &present.settings);
    settings.extend(smtp(desired, present, &released));
    if wanted != found {
        settings.push("managed".into());
    }
    if present.stamp != desired.owner.stamp() {
        settings.insert(0, "owner".into());
    }
    let (gone, brokers): (Vec<Drift>, Vec<Drift>) =
        brokers(desired, present).into_iter().partition(|drift| matches!(drift, Drift::BrokerGone(_)));
    drifts.extend(gone);
    let factor = second_factor(desired, present).into_iter().map(|(place, _)| Drift::SecondFactor(place));
    // What goes back is recorded as ours until it has, and what comes is from before it does.
    if released.has(Setting::Mfa) {
        drifts.extend(factor);
        drifts.extend((!settings.is_empty()).then_some(Drift::Settings(settings)));
    } else {
        drifts.extend((!settings.is_empty()).then_some(Drift::Settings(settings)));
        drifts.extend(factor);
    }
    drifts.extend(desired.roles.iter().filter(|name| !present.roles.contains(name)).cloned().map(Drift::Role));
    for wanted in representation::clients(desired) {
        let named = |id: &&str| wanted.client_id.as_deref() == Some(*id);
        let Some(id) = [client::WEB, client::API, client::API_2].into_iter().find(named) else { continue };
        let differing = |found| {
            let mut fields = compare::differing(&wanted, found);
            fields.extend(desired.servers.is_replaced(id, found).then(|| "secret".to_owned()));
            fields
        };
        match present.client(id).map(differing) {
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
    drifts.extend(brokers);
    drifts
}

fn smtp(desired: &RealmDesired, present: &Present, released: &Record) -> Vec<String> {
    let (found, attributes) = (present.settings.smtp_server.as_ref(), present.settings.attributes.as_ref());
    match &desired.sign_in.smtp {
        Some(smtp) => smtp.differing(&present.digests, &desired.realm, found, attributes),
        None => released.has(Setting::Smtp).then(|| "smtpServer".to_owned()).into_iter().collect(),
    }
}

fn brokers(desired: &RealmDesired, present: &Present) -> Vec<Drift> {
    let wanted = &desired.sign_in.brokers;
    let installation = &desired.owner.installation.name;
    let broken = broker::plan(wanted, &present.brokers, installation, &present.digests, &desired.realm);
    let drift = |broken| match broken {
        Broken::Gone(alias) => Drift::BrokerGone(alias),
        Broken::Missing(alias) => Drift::Broker(alias),
        Broken::Differing(alias, fields) => Drift::BrokerSettings(alias, fields),
    };
    broken.into_iter().map(drift).collect()
}

/// What has to be written for the second factor, each with its place.
pub(super) fn second_factor(desired: &RealmDesired, present: &Present) -> Vec<(String, Change)> {
    let Some(found) = &present.mfa else { return Vec::new() };
    // It was in the spec once and is not any more, or it would not have been looked at.
    let wanted = desired.sign_in.mfa.unwrap_or(Mfa::Optional);
    let place = |change: &Change| match change {
        Change::Lacking(what) => what.clone(),
        Change::Action(_) => format!("action {}", mfa::ACTION),
        Change::Step(flow, step) => {
            format!("step {} of flow {flow}", step.display_name.as_deref().unwrap_or_default())
        }
    };
    mfa::changes(wanted, found).into_iter().map(|change| (place(&change), change)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::digest::Digests;
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
            settings: representation::settings(desired, &Record::default()),
            mfa: None,
            brokers: Vec::new(),
            digests: Digests::new(&crate::Secret::new("key")),
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
