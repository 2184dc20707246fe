//! The desired state of each part, in its backend's terms. Pure.

use std::collections::BTreeMap;

use plexica_backends::{
    Generation, Secret,
    ownership::Mark,
    postgres::{
        login::{self, Login, Tenants},
        permission, plugin,
    },
    workloads::Workload,
};
use plexica_contract::{
    lifecycle::{Action, Request},
    manifest::Manifest,
    name::{PluginId, Slot, Slug},
    tenancy::{PluginTenant, environment},
};
use plexica_crds::plugin_install::Isolation;

use super::validate::Valid;
use crate::{platform::Keys, settings::Settings};

/// Schema and role of the plugin for the tenant.
pub fn database(valid: &Valid, settings: &Settings) -> plugin::Desired {
    plugin::Desired {
        tenant: valid.slug.clone(),
        plugin: valid.manifest.id.clone(),
        mark: settings.install_mark(&valid.slug, &valid.manifest.id, &valid.uid),
        adoption: valid.adoption,
    }
}

/// Whose login the workload has.
pub fn login_of(slug: &Slug, plugin: &PluginId, isolation: Isolation, slot: Slot) -> Login {
    match isolation {
        Isolation::Shared => Login::Shared(plugin.clone(), slot),
        Isolation::Dedicated => Login::Dedicated(slug.clone(), plugin.clone(), slot),
    }
}

/// All logins that its workload may have.
pub fn logins_of(slug: &Slug, plugin: &PluginId, isolation: Isolation) -> impl Iterator<Item = Login> {
    Slot::ALL.into_iter().map(move |slot| login_of(slug, plugin, isolation, slot))
}

/// Who the workload is at the core API, and by which its generation is recorded.
pub fn username(slug: &Slug, plugin: &PluginId, isolation: Isolation) -> String {
    match isolation {
        Isolation::Shared => format!("plugin:{plugin}"),
        Isolation::Dedicated => format!("plugin:{plugin}:{slug}"),
    }
}

/// What the workload signs in with.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// To the database.
    pub login: login::Desired,
    /// To the core API.
    pub password: Secret,
}

/// What the workload of that generation signs in with.
fn of_generation(
    slug: &Slug,
    plugin: &PluginId,
    isolation: Isolation,
    number: u32,
    (settings, keys): (&Settings, &Keys),
) -> SignIn {
    let login = login_of(slug, plugin, isolation, Slot::of(number));
    // The first is as it was before there were others.
    let of = |identity: String| if number == 1 { identity } else { format!("{identity}\n{number}") };
    SignIn {
        password: keys.password("core-api", &of(username(slug, plugin, isolation))),
        login: login::Desired {
            password: keys.password("database", &of(login.name())),
            login,
            installation: settings.installation.clone(),
            tenants: Tenants::AtLeast([slug.clone()].into()),
        },
    }
}

/// What it signs in with that is to serve.
pub fn sign_in(
    slug: &Slug,
    plugin: &PluginId,
    isolation: Isolation,
    generation: &Generation,
    with: (&Settings, &Keys),
) -> SignIn {
    let mut current = of_generation(slug, plugin, isolation, generation.number, with);
    if generation.previous {
        // The workload serves all its tenants as soon as it has this one.
        let before = login_of(slug, plugin, isolation, generation.slot().other());
        current.login.tenants = Tenants::AlsoOf([slug.clone()].into(), before);
    }
    current
}

/// What it signs in with that served before, while that is still good.
pub fn previous(
    slug: &Slug,
    plugin: &PluginId,
    isolation: Isolation,
    generation: &Generation,
    with: (&Settings, &Keys),
) -> Option<SignIn> {
    let number = generation.number.checked_sub(1).filter(|number| *number > 0 && generation.previous)?;
    Some(of_generation(slug, plugin, isolation, number, with))
}

/// Permissions in force.
pub fn permissions(valid: &Valid, settings: &Settings) -> permission::Desired {
    let Manifest { id, permissions, .. } = &valid.manifest;
    let in_force = permissions.iter().filter(|permission| valid.consent.permissions.granted.contains(&permission.key));
    permission::Desired {
        installation: settings.installation.clone(),
        tenant: valid.slug.clone(),
        plugin: id.clone(),
        permissions: in_force.cloned().collect(),
    }
}

/// What runs, with what it signs in with to the database and to the core API.
pub fn workload(
    valid: &Valid,
    database_url: &Secret,
    password: &Secret,
    restarts: i64,
    (settings, keys): (&Settings, &Keys),
) -> Workload {
    let Valid { slug, manifest, isolation, plugin_uid, uid, .. } = valid;
    let Manifest { id, version, runtime, .. } = manifest;
    let username = username(slug, id, *isolation);
    let (namespace, owner, tenant, replicas): (String, Mark, Option<Slug>, i32) = match isolation {
        Isolation::Shared => (
            settings.namespace.clone(),
            settings.plugin_mark(&manifest.resource_name(), plugin_uid),
            None,
            runtime.replicas,
        ),
        Isolation::Dedicated => {
            (settings.prefixes.namespace(slug), settings.install_mark(slug, id, uid), Some(slug.clone()), 1)
        }
    };
    let mut environment = BTreeMap::from(
        [
            (environment::PLUGIN_ID, id.to_string()),
            (environment::PLUGIN_VERSION, version.to_string()),
            (environment::INSTALLATION, settings.installation.name.clone()),
            (environment::PLATFORM_URL, settings.core_api_url.clone()),
            (environment::CREDENTIAL_USER, username),
            (environment::CREDENTIAL_PASSWORD, password.reveal().to_owned()),
            (environment::PLATFORM_KEYS, keys.public_json.clone()),
            (environment::DATABASE_URL, database_url.reveal().to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    );
    if restarts > 0 {
        environment.insert(environment::RESTARTS.to_owned(), restarts.to_string());
    }
    Workload {
        namespace,
        owner,
        plugin: id.clone(),
        version: version.clone(),
        tenant,
        image: runtime.image.clone(),
        command: runtime.command.clone(),
        port: u16::try_from(runtime.port).unwrap_or(8080),
        replicas,
        resources: runtime.resources.clone(),
        environment,
    }
}

/// A lifecycle call.
pub fn call(valid: &Valid, action: Action) -> Request {
    let database = plexica_contract::name::postgres::tenant_plugin(&valid.slug, &valid.manifest.id);
    Request {
        action,
        tenant: valid.slug.clone(),
        from_version: valid.migrated.clone(),
        to_version: valid.manifest.version.clone(),
        previous_config: None,
        parameters: PluginTenant {
            tenant: valid.slug.clone(),
            schema: database.clone(),
            role: database,
            config: valid.config.clone(),
            since_restart: None,
            features: valid.features.clone(),
            enabled: valid.enabled,
            suspended: valid.suspended,
        },
    }
}
