//! What is to be done for an install. Pure.

use plexica_backends::{
    Secret,
    postgres::{
        self,
        login::{self, Login},
        permission, plugin,
    },
    workloads::{Place, State},
};
use plexica_contract::lifecycle::{Action, Request};
use plexica_crds::{
    PluginInstall,
    plugin_install::{Isolation, Phase, PluginInstallStatus, UpgradePhase},
};

use super::{
    Step, desired,
    observe::{Observed, Running},
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
    /// What the workload signs in to the database with.
    pub login: login::Desired,
    /// What it signs in to the core API with: user and password.
    pub credential: (String, Secret),
    /// What runs, and how it is now.
    pub workload: Step<(Running, Aim)>,
    /// The call that brings the tenant's data to the version.
    pub call: Option<Request>,
    /// Permissions in force.
    pub permissions: (permission::Desired, Aim),
    /// Workloads that nobody needs.
    pub idle: Vec<Place>,
    /// The login of the isolation it had before, which may still take the tenant's role.
    pub former: Option<Login>,
}

/// Keep the data and route nothing.
#[derive(Debug)]
pub struct Disable {
    /// What is told to a workload that runs, the first time.
    pub call: Option<Request>,
    /// What runs, and how it is now.
    pub workload: Step<Running>,
    /// Workloads that nobody needs.
    pub idle: Vec<Place>,
    /// The login of the isolation it had before, which may still take the tenant's role.
    pub former: Option<Login>,
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

/// The plan for what was seen.
pub fn plan(
    install: &PluginInstall,
    valid: &Valid,
    observed: Observed,
    (settings, keys): (&Settings, &Keys),
    record: &Record,
) -> Plan {
    let Observed { database, workload, health: _, idle } = observed;
    let call = action(install, valid).map(|action| desired::call(valid, action));
    let members = database.as_ref().map_or(&[][..], postgres::Observed::members);
    let former = former(install, valid, members, workload.as_ref().ok().map(|running| &running.seen.state));
    let Valid { slug, manifest, isolation, enabled, .. } = valid;
    if !enabled {
        return Plan::Disable(Box::new(Disable { call, workload, idle, former }));
    }
    let desired = desired::database(valid, settings);
    let login = desired::login(slug, &manifest.id, *isolation, settings, keys);
    let credential = desired::credential(slug, &manifest.id, *isolation, keys);
    let permissions = desired::permissions(valid, settings);
    let of_permissions = record.aim(PERMISSIONS, Some(permission::digest(&permissions)));
    Plan::Serve(Box::new(Serve {
        database_aim: plugin::digest(&desired).map_err(Into::into).map(|space| {
            // Passwords are random and long, and so is what is made of them.
            let all = (space, login::digest(&login), &credential.0, credential.1.reveal());
            record.aim(DATABASE, Some(plexica_backends::digest(&all)))
        }),
        database: database.map(|seen| (desired, seen)),
        login,
        credential,
        workload: workload.map(|running| {
            let aim = record.aim(WORKLOAD, running.digest.clone());
            (running, aim)
        }),
        call,
        permissions: (permissions, of_permissions),
        idle,
        former,
    }))
}

/// The other isolation's login, as soon as nothing is routed any more to who uses it.
fn former(install: &PluginInstall, valid: &Valid, members: &[String], workload: Option<&State>) -> Option<Login> {
    let other = match valid.isolation {
        Isolation::Shared => Isolation::Dedicated,
        Isolation::Dedicated => Isolation::Shared,
    };
    let login = desired::login_of(&valid.slug, &valid.manifest.id, other);
    let routed = install.status.as_ref().and_then(|status| status.route.as_ref());
    let moved = match (routed, workload) {
        (None, _) => true,
        (Some(route), Some(State::Ready { endpoint })) => route.upstream == endpoint.as_str().trim_end_matches('/'),
        (Some(_), _) => false,
    };
    (moved && members.contains(&login.name())).then_some(login)
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
    use crate::{
        fixture,
        plugin_install::validate::{References, validate},
    };
    use plexica_crds::plugin_install::RouteStatus;
    use std::sync::Arc;

    fn valid(install: &PluginInstall) -> Valid {
        let references = References {
            tenant: Some(Arc::new(fixture::tenant("acme"))),
            catalogue: vec![Arc::new(fixture::plugin("crm", "1.4.0"))],
            siblings: Vec::new(),
        };
        validate(install, &references, &fixture::settings()).unwrap()
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
            install.status.get_or_insert_default().route =
                route.map(|upstream| RouteStatus { path: "/".into(), upstream: upstream.into() });
            let former = former(&install, &valid(&install), members, workload).map(|login| login.name());
            assert_eq!(former.as_ref(), expected, "{isolation:?} {route:?} {workload:?}");
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
            status.route = routed.then(|| RouteStatus { path: "/".into(), upstream: "http://here".into() });
            let valid = valid(&install);
            assert_eq!(action(&install, &valid), expected, "{migrated:?} {phase:?} {routed} {enabled}");
        }
    }
}
