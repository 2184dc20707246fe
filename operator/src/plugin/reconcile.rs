//! The pipeline of a catalogue entry.

use jiff::Timestamp;
use kube::{Api, ResourceExt, runtime::controller::Action};
use plexica_backends::{System, workloads::Place};
use plexica_contract::name::workload;
use plexica_crds::{Plugin, PluginInstall, PluginStatus, label::FINALIZER};

use super::{
    is_asked,
    report::{in_use, leaving, paused, report},
    rollout::{Decided, decide},
    uses, validate,
};
use crate::{
    context::Context,
    operation::{about_plugin, conclude_plugin, record_plugin, tolerate},
    plugin_install::of_plugin,
    problem::Problem,
    resource::{add_finalizer, is_paused, remove_finalizer, uid, write_status},
};

/// Checks one entry, and lets it go when no install uses it.
pub async fn reconcile(context: &Context, plugin: &Plugin) -> (Action, Option<Problem>) {
    let api: Api<Plugin> = Api::all(context.client.clone());
    let result = match api.get_opt(&plugin.name_any()).await {
        Ok(Some(plugin)) if is_paused(&plugin) => rest(context, &api, plugin).await,
        Ok(Some(plugin)) => look(context, &api, plugin).await,
        Ok(None) => {
            context.operations.forget(&uid(plugin));
            return (Action::await_change(), None);
        }
        Err(error) => Err(error),
    };
    result.unwrap_or_else(|error| (context.refused(plugin, &error), Some(error.into())))
}

async fn look(context: &Context, api: &Api<Plugin>, plugin: Plugin) -> Result<(Action, Option<Problem>), kube::Error> {
    let deleting = plugin.metadata.deletion_timestamp.is_some();
    if deleting && !plugin.finalizers().iter().any(|finalizer| finalizer == FINALIZER) {
        return Ok((Action::await_change(), None));
    }
    if deleting {
        return leave(context, api, plugin).await;
    }
    let installs = context.installs.state().iter().filter(|install| uses(install, &plugin.spec)).count();
    let plugin = add_finalizer(api, plugin).await?;
    let validity = validate(&plugin.spec).map(drop);
    let now = Timestamp::now();
    let Decided { status: rollout, by } = stands(context, &plugin, now);
    let status = report(&plugin, validity.as_ref().copied(), installs, rollout, now);
    let plugin = tell(context, api, plugin, status).await?;
    tolerate(&plugin, record_plugin(context, &plugin).await);
    let problem = validity.err();
    let action = match (&problem, by) {
        (None, Some(by)) => context.again_by(&plugin, by),
        (problem, _) => context.again(&plugin, problem.as_ref()),
    };
    Ok((action, problem))
}

/// Lets it go once no install uses it, or says what is in the way.
async fn leave(context: &Context, api: &Api<Plugin>, plugin: Plugin) -> Result<(Action, Option<Problem>), kube::Error> {
    // A rollout that was under way ends here; when the entry is gone, nobody could say so.
    let plugin = match plugin.status.clone() {
        Some(last) => tell(context, api, plugin, last).await?,
        None => plugin,
    };
    // Read from the API: an install made a moment ago counts.
    let (now, installs) = (Timestamp::now(), of_plugin(context, &plugin.spec.id).await?);
    let counts = |install: &&PluginInstall| uses(install, &plugin.spec) || is_asked(install, &plugin.spec, now);
    let name = |install: &PluginInstall| format!("{}/{}", install.namespace().unwrap_or_default(), install.name_any());
    let users: Vec<String> = installs.iter().filter(counts).map(name).collect();
    let used = users.len();
    let problem = if used > 0 {
        in_use(users)
    } else if let Err(problem) = retire(context, &plugin).await {
        problem.of_part("workload")
    } else if let Err(problem) = record_plugin(context, &plugin).await {
        problem.of_part("operation")
    } else {
        context.operations.forget(&uid(&plugin));
        remove_finalizer(api, &plugin).await?;
        context.again(&plugin, None);
        return Ok((Action::await_change(), None));
    };
    let status = leaving(&plugin, &problem, used, stands(context, &plugin, now).status, now);
    let plugin = tell(context, api, plugin, status).await?;
    tolerate(&plugin, record_plugin(context, &plugin).await);
    Ok((context.again(&plugin, Some(&problem)), Some(problem)))
}

/// Writes its status with what is being done about it, when what that takes the place of is recorded.
async fn tell(
    context: &Context,
    api: &Api<Plugin>,
    plugin: Plugin,
    status: PluginStatus,
) -> Result<Plugin, kube::Error> {
    let status = about_plugin(&plugin, status);
    conclude_plugin(context, &plugin, &status).await;
    write_status(&context.recorder, api, plugin, &status).await
}

/// Where its rollout stands, as far as is known; another install is another look.
fn stands(context: &Context, plugin: &Plugin, now: Timestamp) -> Decided {
    let (installs, entries) = (context.installs.state(), context.plugins.state());
    let of_it = |id: &String| *id == plugin.spec.id;
    let installs: Vec<&PluginInstall> =
        installs.iter().map(AsRef::as_ref).filter(|install: &&PluginInstall| of_it(&install.spec.plugin.id)).collect();
    let catalogue: Vec<&Plugin> =
        entries.iter().map(AsRef::as_ref).filter(|entry: &&Plugin| of_it(&entry.spec.id)).collect();
    decide(plugin, &installs, &catalogue, now)
}

async fn rest(context: &Context, api: &Api<Plugin>, plugin: Plugin) -> Result<(Action, Option<Problem>), kube::Error> {
    // Nothing is done about it, so that there is nothing to be recorded before that ends.
    context.operations.forget(&uid(&plugin));
    let status = paused(&plugin, Timestamp::now());
    let plugin = write_status(&context.recorder, api, plugin, &status).await?;
    Ok((context.again(&plugin, None), None))
}

/// A workload that was started for an install which then took another version.
async fn retire(context: &Context, plugin: &Plugin) -> Result<(), Problem> {
    // An entry that never was valid has no workload.
    let (Ok(id), Ok(version)) = (plugin.spec.id.parse(), plugin.spec.version.parse()) else {
        return Ok(());
    };
    let place = Place { namespace: context.settings.namespace.clone(), name: workload::name(&id, &version) };
    let retired = context.tried(System::Workloads, "retire", context.workloads.retire(&place)).await?;
    tracing::info!(plugin = plugin.name_any(), ?retired, "retired");
    Ok(())
}
