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

/// When each login was last tried. To sign in costs more than to read, so it is done once a resync, by one of all that
/// share the login.
#[derive(Debug, Default)]
pub struct SignIns(Mutex<HashMap<String, Instant>>);

impl SignIns {
    /// Whether it is to be tried now; then nobody else does for a while.
    fn take_turn(&self, name: &str, every: Duration) -> bool {
        let mut tried = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Looks come a little sooner or later than once a resync.
        let is_due = tried.get(name).is_none_or(|at| at.elapsed() >= every / 2);
        if is_due {
            // Those that are gone are asked for no more.
            tried.retain(|_, at| at.elapsed() < every * 2);
            tried.insert(name.to_owned(), Instant::now());
        }
        is_due
    }

    /// It is to be tried again at the next look.
    fn give_back(&self, name: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }
}

/// Reads the login.
pub async fn observe(context: &Context, provisioner: &Provisioner, desired: &login::Desired) -> Step<login::Observed> {
    let seen = context.tried(System::Postgres, "observe", login::observe(provisioner, desired)).await?;
    let name = desired.login.name();
    if !seen.is_given(desired) || !context.sign_ins.take_turn(&name, context.resync) {
        return Ok(seen);
    }
    let opens = context.tried(System::Postgres, "observe", login::opens(provisioner, desired)).await;
    if !matches!(opens, Ok(Some(true) | None)) {
        // Whoever shares it is to see it as well, until it is repaired.
        context.sign_ins.give_back(&name);
    }
    Ok(if opens? == Some(false) { seen.locked_out() } else { seen })
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
        assert!(sign_ins.take_turn("plugin_crm", every));
        assert!(!sign_ins.take_turn("plugin_crm", every) && sign_ins.take_turn("plugin_files", every));
        assert!(sign_ins.take_turn("plugin_crm", Duration::ZERO));
        assert!(sign_ins.take_turn("plugin_files", Duration::ZERO));
        assert!(sign_ins.take_turn("plugin_crm", every), "what nobody asks for is forgotten");
        assert!(!sign_ins.take_turn("plugin_crm", every));
        sign_ins.give_back("plugin_crm");
        assert!(sign_ins.take_turn("plugin_crm", every));
    }
}
