//! What is to be done for an install. Pure.

use jiff::Timestamp;
use plexica_backends::{
    Generation,
    postgres::{
        self,
        login::{self, Login},
        permission, plugin,
    },
    workloads::State,
};
use plexica_contract::lifecycle::{Action, Request};
use plexica_crds::{
    CredentialStatus, PluginInstall,
    plugin_install::{Isolation, Phase, PluginInstallStatus, UpgradePhase},
};

use super::{
    Step,
    configuration::{Change, change, told},
    desired,
    observe::{Observed, Running},
    rotation::Turn,
    upgrade,
    validate::Valid,
};
use crate::{
    drift::{Aim, Course, Record},
    platform::Keys,
    settings::Settings,
};

const DATABASE: &str = "database";
const PERMISSIONS: &str = "permissions";
/// What runs, where it outlives the operator.
pub const WORKLOAD: &str = "workload";

/// What is to be done. Whoever applies or reports it takes it apart whole, so that nothing planned
/// is forgotten.
#[derive(Debug)]
pub enum Plan {
    /// Bring it up and route it.
    Serve(Box<Serve>),
    /// Keep the data and route nothing.
    Disable(Box<Disable>),
}

/// Bring it up and route it, in this order.
#[derive(Debug)]
pub struct Serve {
    /// Schema and role, and how they are now.
    pub database: Step<(plugin::Desired, postgres::Observed)>,
    /// What becomes of differences in it, in the login and in the credential.
    pub database_aim: Step<Aim>,
    /// Who the workload is at the core API.
    pub username: String,
    /// What the workload signs in with: that of before comes first, while it is still good.
    pub sign_in: Step<(Option<desired::SignIn>, desired::SignIn)>,
    /// Which generation that is.
    pub generation: Step<Generation>,
    /// What is told of that, once it serves.
    pub credentials: Step<CredentialStatus>,
    /// What runs, and how it is now.
    pub workload: Step<(Running, Aim)>,
    /// The call that brings the tenant's data to the version.
    pub call: Option<Request>,
    /// Permissions in force.
    pub permissions: (permission::Desired, Aim),
    /// What becomes of its configuration, once it serves.
    pub configuration: Change,
    /// Of which restart processes are that start now.
    pub restart: Option<i64>,
    /// Whether new processes were wanted for that, and are begun.
    pub begun: bool,
    /// Logins of the isolation or generation it had before, which may still take the tenant's role.
    pub former: Vec<Login>,
}

/// Keep the data and route nothing.
#[derive(Debug)]
pub struct Disable {
    /// What is told to a workload that runs, the first time.
    pub call: Option<Request>,
    /// What runs, and how it is now.
    pub workload: Step<Running>,
    /// What is told of what the workload would sign in with.
    pub credentials: Step<CredentialStatus>,
    /// Logins of the isolation or generation it had before, which may still take the tenant's role.
    pub former: Vec<Login>,
}

impl Plan {
    /// Parts that are not, or not any more, to be what they were last, in the terms of the record.
    pub fn changing(&self) -> Vec<&'static str> {
        let plan = match self {
            Self::Serve(plan) => plan,
            // It is taken away, and is nobody else's doing when it comes back.
            Self::Disable(_) => return vec![WORKLOAD],
        };
        let Serve { database_aim, workload, permissions: (_, permissions), .. } = &**plan;
        let aims = [database_aim.as_ref().ok(), workload.as_ref().ok().map(|(_, aim)| aim), Some(permissions)];
        aims.into_iter().flatten().filter(|aim| aim.course == Course::Apply).map(|aim| aim.part).collect()
    }
}

/// What a plan is made with.
#[derive(Clone, Copy)]
pub struct With<'a> {
    /// What this operator was started with.
    pub settings: &'a Settings,
    /// What credentials are made of.
    pub keys: &'a Keys,
    /// When.
    pub now: Timestamp,
}

/// The plan for what was seen.
pub fn plan(
    install: &PluginInstall,
    valid: &Valid,
    turn: Step<Turn>,
    observed: Observed,
    With { settings, keys, now }: With<'_>,
    record: &Record,
) -> Plan {
    let Observed { database, workload, health: _, way_back: _, fallen: _ } = observed;
    let call = action(install, valid).map(|action| {
        let mut request = desired::call(valid, action);
        request.parameters.config.clone_from(told(install, valid));
        request
    });
    let members = database.as_ref().map_or(&[][..], postgres::Observed::members);
    let generation = turn.as_ref().ok().map(|turn| &turn.generation);
    let state = workload.as_ref().ok().map(|running| &running.seen.state);
    let moved = moved(install, state, now);
    let former = former(valid, moved, generation, members);
    let Valid { slug, manifest, isolation, enabled, .. } = valid;
    if !enabled {
        let credentials = turn.map(|turn| turn.told);
        return Plan::Disable(Box::new(Disable { call, workload, credentials, former }));
    }
    let desired = desired::database(valid, settings);
    let username = desired::username(slug, &manifest.id, *isolation);
    let sign_in = turn.as_ref().map_err(Clone::clone).map(|Turn { generation, .. }| {
        let with = (settings, keys);
        (
            desired::previous(slug, &manifest.id, *isolation, generation, with),
            desired::sign_in(slug, &manifest.id, *isolation, generation, with),
        )
    });
    let permissions = desired::permissions(valid, settings);
    let of_permissions = record.aim(PERMISSIONS, Some(permission::digest(&permissions)));
    Plan::Serve(Box::new(Serve {
        database_aim: plugin::digest(&desired).map_err(Into::into).and_then(|space| {
            let (before, now) = sign_in.as_ref().map_err(Clone::clone)?;
            // Passwords are random and long, and so is what is made of them.
            let all = (space, login::digest(&now.login), &username, now.password.reveal());
            let before = before.as_ref().map(|before| (login::digest(&before.login), before.password.reveal()));
            let digest = before
                .map_or_else(|| plexica_backends::digest(&all), |before| plexica_backends::digest(&(&all, before)));
            Ok(record.aim(DATABASE, Some(digest)))
        }),
        database: database.map(|seen| (desired, seen)),
        username,
        sign_in,
        restart: turn.as_ref().ok().map(|turn| turn.restarts),
        begun: turn.as_ref().is_ok_and(|turn| turn.begun),
        generation: turn.as_ref().map_err(Clone::clone).map(|turn| turn.generation.clone()),
        credentials: turn.map(|turn| turn.told),
        workload: workload.map(|running| {
            let aim = record.aim(WORKLOAD, running.digest.clone());
            (running, aim)
        }),
        call,
        permissions: (permissions, of_permissions),
        configuration: change(install, valid),
        former,
    }))
}

/// The other isolation's logins, as soon as nothing is routed any more to who uses them, and that of the
/// generation that has ended.
fn former(valid: &Valid, moved: bool, generation: Option<&Generation>, members: &[String]) -> Vec<Login> {
    let other = match valid.isolation {
        Isolation::Shared => Isolation::Dedicated,
        Isolation::Dedicated => Isolation::Shared,
    };
    let alone = generation.filter(|generation| !generation.previous);
    let ended = alone.map(|generation| {
        desired::login_of(&valid.slug, &valid.manifest.id, valid.isolation, generation.slot().other())
    });
    let others = desired::logins_of(&valid.slug, &valid.manifest.id, other).filter(|_| moved);
    ended.into_iter().chain(others).filter(|login| members.contains(&login.name())).collect()
}

/// Whether nothing asks any more what served before.
fn moved(install: &PluginInstall, workload: Option<&State>, now: Timestamp) -> bool {
    let routed = install.status.as_ref().and_then(|status| status.route.as_ref());
    match (routed, workload) {
        (None, _) => true,
        (Some(route), Some(State::Ready { endpoint })) => {
            !upgrade::is_settling(install, now) && route.upstream == endpoint.as_str().trim_end_matches('/')
        }
        (Some(_), _) => false,
    }
}

/// Which lifecycle call is due.
fn action(install: &PluginInstall, valid: &Valid) -> Option<Action> {
    let status = install.status.as_ref();
    let stopped = [Some(Phase::Disabled), Some(Phase::Suspended)];
    let stopped = status.is_some_and(|PluginInstallStatus { phase, .. }| stopped.contains(phase));
    let routed = status.is_some_and(|PluginInstallStatus { route, .. }| route.is_some());
    match (&valid.migrated, valid.enabled) {
        (None, false) => None,
        (Some(_), false) => (!stopped).then_some(Action::Disable),
        (None, true) => Some(Action::Install),
        (Some(at), true) if *at < valid.manifest.version => Some(Action::Upgrade),
        (Some(at), true) if *at > valid.manifest.version => Some(Action::Rollback),
        // The route is withdrawn before a plugin is told to stop its work for the tenant: without
        // one it may have been, and is told to go on, whatever the phase has come to since.
        (Some(_), true) if !routed => Some(Action::Install),
        (Some(at), true) => {
            let contracts = upgrade::of(install)
                .is_some_and(|upgrade| upgrade.phase == UpgradePhase::Contracting && upgrade.to == at.to_string());
            contracts.then_some(Action::Contract)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
    use plexica_crds::plugin_install::RouteStatus;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn valid(install: &PluginInstall) -> Valid {
        fixture::valid(install, fixture::plugin("crm", "1.4.0"))
    }

    #[test]
    fn the_former_login_is_let_go_when_nothing_is_routed_to_who_uses_it() {
        let (shared, dedicated) = ("plugin_crm".to_owned(), "login_acme_plugin_crm".to_owned());
        let ready = |url: &str| State::Ready { endpoint: url.parse().unwrap() };
        let (here, there) = (ready("http://here:80"), ready("http://there:80"));
        let starting = State::Starting("soon".into());
        let both = [shared.clone(), dedicated.clone()];
        let cases = [
            // (isolation, route, members, workload, let go)
            (Isolation::Dedicated, Some("http://here"), &both[..], Some(&here), Some(&shared)),
            (Isolation::Shared, Some("http://here"), &both[..], Some(&here), Some(&dedicated)),
            (Isolation::Dedicated, Some("http://here"), &both[1..], Some(&here), None),
            (Isolation::Shared, Some("http://here"), &both[..1], Some(&here), None),
            // What served before still does.
            (Isolation::Dedicated, Some("http://here"), &both[..], Some(&there), None),
            (Isolation::Dedicated, Some("http://here"), &both[..], Some(&starting), None),
            (Isolation::Dedicated, Some("http://here"), &both[..], None, None),
            // Nothing serves.
            (Isolation::Dedicated, None, &both[..], None, Some(&shared)),
            (Isolation::Dedicated, None, &both[..], Some(&starting), Some(&shared)),
        ];
        for (isolation, route, members, workload, expected) in cases {
            let mut install = fixture::install("tenant-acme", "crm", "acme", "crm");
            install.spec.isolation = isolation;
            install.status.get_or_insert_default().route = route.map(|upstream| RouteStatus {
                path: "/".into(),
                upstream: upstream.into(),
                isolation: None,
                since: None,
            });
            let alone = Generation::default();
            let moved = moved(&install, workload, at(0));
            let former = former(&valid(&install), moved, Some(&alone), members);
            let former: Vec<String> = former.iter().map(Login::name).collect();
            assert_eq!(former.first(), expected, "{isolation:?} {route:?} {workload:?}");
        }
    }

    #[test]
    fn what_served_before_is_asked_until_gateways_have_heard() {
        let mut install = fixture::install("tenant-acme", "crm", "acme", "crm");
        let route = RouteStatus {
            path: "/".into(),
            upstream: "http://here".into(),
            isolation: None,
            since: Some(Time(at(100))),
        };
        install.status.get_or_insert_default().route = Some(route);
        let here = State::Ready { endpoint: "http://here".parse().unwrap() };
        assert!(!moved(&install, Some(&here), at(100)) && !moved(&install, Some(&here), at(102)));
        assert!(moved(&install, Some(&here), at(103)));
    }

    #[test]
    fn the_login_before_is_let_go_when_its_generation_has_ended() {
        let install = fixture::install("tenant-acme", "crm", "acme", "crm");
        let both = ["plugin_crm".to_owned(), "plugin2_crm".to_owned()];
        let second = Generation { number: 2, previous: true, ..Generation::default() };
        for (generation, expected) in [
            (Some(&second), vec![]),
            (Some(&second.alone()), vec!["plugin_crm"]),
            (Some(&Generation::default()), vec!["plugin2_crm"]),
            (None, vec![]),
        ] {
            let former = former(&valid(&install), true, generation, &both);
            assert_eq!(former.iter().map(Login::name).collect::<Vec<_>>(), expected, "{generation:?}");
        }
    }

    #[test]
    fn every_call_in_every_state() {
        use Action::{Disable, Install, Upgrade};
        let cases = [
            // (migrated, phase, routed, enabled, call)
            (None, None, false, true, Some(Install)),
            (None, Some(Phase::Installing), false, true, Some(Install)),
            (None, Some(Phase::Degraded), false, true, Some(Install)),
            (None, None, false, false, None),
            (None, Some(Phase::Disabled), false, false, None),
            (None, Some(Phase::Disabled), false, true, Some(Install)),
            (Some("1.0.0"), Some(Phase::Ready), true, true, Some(Upgrade)),
            (Some("1.0.0"), Some(Phase::Disabled), false, true, Some(Upgrade)),
            (Some("1.0.0"), Some(Phase::Ready), true, false, Some(Disable)),
            (Some("1.0.0"), Some(Phase::Disabled), false, false, None),
            (Some("1.4.0"), Some(Phase::Ready), true, true, None),
            (Some("1.4.0"), Some(Phase::Degraded), true, true, None),
            (Some("1.4.0"), Some(Phase::Stalled), true, true, None),
            (Some("1.4.0"), Some(Phase::Disabled), false, true, Some(Install)),
            (Some("1.4.0"), Some(Phase::Suspended), false, true, Some(Install)),
            (Some("1.0.0"), Some(Phase::Suspended), false, true, Some(Upgrade)),
            (Some("1.4.0"), Some(Phase::Suspended), false, false, None),
            // It was disabled, and its workload is being started again.
            (Some("1.4.0"), Some(Phase::Installing), false, true, Some(Install)),
            (Some("1.4.0"), Some(Phase::Degraded), false, true, Some(Install)),
            (Some("1.4.0"), Some(Phase::Pending), false, true, Some(Install)),
            (Some("1.4.0"), Some(Phase::Ready), false, false, Some(Disable)),
            (Some("1.4.0"), Some(Phase::Installing), false, false, Some(Disable)),
            (Some("1.4.0"), Some(Phase::Stalled), false, false, Some(Disable)),
            (Some("1.4.0"), Some(Phase::Disabled), false, false, None),
        ];
        for (migrated, phase, routed, enabled, expected) in cases {
            let mut install = fixture::install("tenant-acme", "crm", "acme", "crm");
            install.spec.enabled = enabled;
            let status = install.status.get_or_insert_default();
            status.migrated_version = migrated.map(str::to_owned);
            status.phase = phase;
            status.route = routed.then(|| RouteStatus {
                path: "/".into(),
                upstream: "http://here".into(),
                isolation: None,
                since: None,
            });
            let valid = valid(&install);
            assert_eq!(action(&install, &valid), expected, "{migrated:?} {phase:?} {routed} {enabled}");
        }
    }
}
