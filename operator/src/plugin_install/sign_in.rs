//! How a workload signs in to Postgres: the login as it is, and whether its password opens the database.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use plexica_backends::{
    System,
    postgres::{Provisioner, login},
};

use super::Step;
use crate::context::Context;

/// When each login was last seen to open. To sign in costs more than to read, so it is done once a resync, whoever
/// shares the login.
#[derive(Debug, Default)]
pub struct SignIns(Mutex<HashMap<String, Instant>>);

impl SignIns {
    fn is_due(&self, name: &str, every: Duration) -> bool {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Looks come a little sooner or later than once a resync.
        seen.get(name).is_none_or(|at| at.elapsed() >= every / 2)
    }

    fn opened(&self, name: String, every: Duration) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Those that are gone are asked for no more.
        seen.retain(|_, at| at.elapsed() < every * 2);
        seen.insert(name, Instant::now());
    }
}

/// Reads the login.
pub async fn observe(context: &Context, provisioner: &Provisioner, desired: &login::Desired) -> Step<login::Observed> {
    let seen = context.tried(System::Postgres, "observe", login::observe(provisioner, desired)).await?;
    let name = desired.login.name();
    if !seen.is_given(desired) || !context.sign_ins.is_due(&name, context.resync) {
        return Ok(seen);
    }
    match context.tried(System::Postgres, "observe", login::opens(provisioner, desired)).await? {
        Some(true) => {
            context.sign_ins.opened(name, context.resync);
            Ok(seen)
        }
        Some(false) => Ok(seen.locked_out()),
        None => Ok(seen),
    }
}

/// Lets the plugin sign in to the database, with the tenant's role among its own.
pub async fn sign_in(context: &Context, provisioner: &Provisioner, desired: &login::Desired) -> Step<()> {
    let seen = observe(context, provisioner, desired).await?;
    let changes = context.tried(System::Postgres, "ensure", login::ensure(provisioner, desired, &seen)).await?;
    context.wrote(System::Postgres, &changes);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_asked_once_in_a_while() {
        let (sign_ins, every) = (SignIns::default(), Duration::from_hours(1));
        assert!(sign_ins.is_due("plugin_crm", every));
        sign_ins.opened("plugin_crm".into(), every);
        assert!(!sign_ins.is_due("plugin_crm", every) && sign_ins.is_due("plugin_files", every));
        assert!(sign_ins.is_due("plugin_crm", Duration::ZERO));
        sign_ins.opened("plugin_files".into(), Duration::ZERO);
        assert!(sign_ins.is_due("plugin_crm", every), "what nobody asks for is forgotten");
    }
}
