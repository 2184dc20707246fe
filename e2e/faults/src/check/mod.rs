//! Whether the world is as the resources ask: every backend is read, past the proxies.

mod backup;
mod configuration;
mod database;
mod identity;
mod key;
mod kubernetes;
mod log;
mod neighbour;
mod operation;
mod orphan;
mod process;
mod snapshot;
mod storage;
mod workload;

pub use backup::remove_all as remove_backups;
pub use log::clean as log;
pub use neighbour::{
    move_in as neighbours_move_in, name as neighbour_name, seen as neighbours, untouched as no_neighbour_touched,
};
pub use orphan::none as no_orphans;
pub use snapshot::{differences, snapshot};

use plexica_backends::ownership::Stamp;
use plexica_contract::name::{Slot, postgres};
use plexica_crds::plugin_install::Isolation;

use crate::world::{Case, Violation, World, fails};

/// What there is to be of a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Everything, in use.
    Running {
        /// Whether there is data.
        planted: bool,
    },
    /// Everything, and nobody gets in.
    Suspended,
    /// Everything, and the plugin does nothing for the tenant.
    Disabled,
    /// Its data, marked with the time.
    Retained,
    /// Nothing but a backup.
    Gone,
}

impl Expected {
    /// Whether what was [planted](plant) must be there.
    fn is_planted(self) -> bool {
        matches!(self, Self::Running { planted: true } | Self::Suspended | Self::Disabled | Self::Retained)
    }

    /// Whether everything is there and the plugin is not to run.
    const fn rests(self) -> bool {
        matches!(self, Self::Suspended | Self::Disabled)
    }
}

/// Holds the parts of one tenant against what is expected.
///
/// # Errors
/// All that differs.
pub async fn case(world: &World, case: &Case, expected: Expected) -> Result<(), Violation> {
    let mut findings = everywhere(world, case, expected).await;
    findings.extend(operation::check(world, case, expected).await);
    if findings.is_empty() { Ok(()) } else { fails(format!("{} ({expected:?}): {}", case.slug, findings.join("; "))) }
}

/// The same of one in use, whatever is told of it: a look that fails is told as something that is under way.
///
/// # Errors
/// All that differs.
pub async fn at_work(world: &World, case: &Case) -> Result<(), Violation> {
    let findings = everywhere(world, case, Expected::Running { planted: true }).await;
    if findings.is_empty() { Ok(()) } else { fails(format!("{} (at work): {}", case.slug, findings.join("; "))) }
}

async fn everywhere(world: &World, case: &Case, expected: Expected) -> Vec<String> {
    let owners = kubernetes::owners(world, case).await;
    let around = [
        kubernetes::check(world, case, expected, &owners).await,
        process::check(world, case, expected, &owners),
        workload::check(world, case, expected, &owners).await,
        configuration::check(world, case, expected).await,
        backup::check(world, case, expected).await,
    ];
    let findings = in_backends(world, case, expected, &owners).await;
    findings.into_iter().chain(around.into_iter().flatten()).collect()
}

/// Looks whether a tenant that cannot be what it is asked to be has everything it had, in every backend.
///
/// # Errors
/// All that is not there.
pub async fn kept(world: &World, case: &Case) -> Result<(), Violation> {
    let owners = kubernetes::owners(world, case).await;
    let findings = in_backends(world, case, Expected::Running { planted: true }, &owners).await;
    if findings.is_empty() { Ok(()) } else { fails(format!("{} (stalled): {}", case.slug, findings.join("; "))) }
}

/// What is wrong with schema, realm and bucket.
async fn in_backends(world: &World, case: &Case, expected: Expected, owners: &Owners) -> Vec<String> {
    let findings = [
        database::check(world, case, expected, owners).await,
        identity::check(world, case, expected, owners).await,
        storage::check(world, case, expected, owners).await,
    ];
    findings.into_iter().flatten().collect()
}

/// Gives the tenant something of each kind, in its schema, the plugin's, its realm and its bucket, which must be there
/// from then on.
///
/// # Errors
/// What cannot be written.
pub async fn plant(world: &World, case: &Case) -> Result<(), Violation> {
    identity::plant(world, case).await;
    storage::plant(world, case).await.or_else(|error| fails(format!("no object can be written: {error}")))?;
    database::plant(world, case).await.or_else(|error| fails(format!("no data can be written: {error}")))
}

/// Uids of the resources, while there are any.
#[derive(Clone, Debug, Default)]
pub struct Owners {
    tenant: Option<String>,
    install: Option<String>,
    /// Whether the install has ever served: before that it takes back nothing that one before it has kept.
    install_has_served: bool,
    /// With whom the install shares the plugin.
    isolation: Isolation,
}

/// What is wrong with a mark.
fn wrong_mark(what: &str, stamp: Option<&Stamp>, expected: Expected, uid: Option<&String>) -> Option<String> {
    let Some(stamp) = stamp else {
        return Some(format!("{what} carries no mark"));
    };
    match (expected, &stamp.retained_at) {
        (Expected::Retained, None) => Some(format!("{what} is not marked as retained")),
        (Expected::Retained, Some(_)) | (Expected::Gone, _) => None,
        (_, Some(_)) => Some(format!("{what} is marked as retained")),
        (_, None) if Some(&stamp.mark.uid) != uid => {
            Some(format!("{what} is marked for {} and not for {uid:?}", stamp.mark.uid))
        }
        (_, None) => None,
    }
}

/// What the plugin may sign in to the database as.
fn logins(case: &Case, isolation: Isolation) -> [String; 2] {
    Slot::ALL.map(|slot| match isolation {
        Isolation::Shared => postgres::plugin_login(&case.plugin, slot),
        Isolation::Dedicated => postgres::dedicated_login(&case.slug, &case.plugin, slot),
    })
}
