//! Doing what was asked.

use std::sync::Arc;

use plexica_contract::lifecycle::{Action, Request};

use super::{Lifecycle, Reload, take};
use crate::{
    Result, Tenant,
    host::Host,
    migration::{self, Steps},
};

/// Every action may be asked again, also after it was done or left half-done.
pub(super) async fn perform(host: Arc<Host>, request: Request) -> Result<Reload> {
    let Request { action, tenant: slug, from_version, to_version, previous_config, parameters } = request;
    tracing::info!(%slug, ?action, version = %to_version, "lifecycle");
    let lifecycle = Lifecycle {
        tenant: Tenant::new(Arc::new(parameters.clone()), host.database.clone()),
        from_version,
        to_version,
    };
    match action {
        Action::Install | Action::Upgrade | Action::Contract | Action::Rollback => {
            let steps = match action {
                // Nobody else serves the tenant.
                Action::Install if lifecycle.from_version.is_none() => Steps::All,
                Action::Contract => Steps::All,
                _ => Steps::Expand,
            };
            let turn = host.operations.turn().await;
            migration::run(&host.database, &parameters, &host.version, &host.migrations, steps).await?;
            drop(turn);
            host.hooks.call(action, lifecycle).await?;
            host.tenants.tell(parameters);
        }
        Action::Configure => {
            let known = host.tenants.known(&slug).map(|known| known.config.clone());
            // Asked again, by an operator that was killed before it could write down the answer.
            let reload = match known.clone().or(previous_config) {
                Some(previous) if previous != parameters.config => take(&host, previous, parameters.clone()).await?,
                Some(_) | None => Reload::Live,
            };
            host.tenants.configure(parameters, reload);
            return Ok(reload);
        }
        Action::Disable => {
            host.hooks.call(action, lifecycle).await?;
            host.tenants.tell(plexica_contract::tenancy::PluginTenant { enabled: false, ..parameters });
        }
        Action::Purge => {
            host.hooks.call(action, lifecycle).await?;
            host.tenants.forget(&slug);
            let _turn = host.operations.turn().await;
            migration::purge(&host.database, &parameters).await?;
        }
    }
    Ok(Reload::Live)
}
