//! The same for many tenants: one that fails stops no other.

use std::{path::PathBuf, time::Duration};

use futures::{StreamExt, stream};
use kube::Client;
use plexica_crds::dependency::Catalogue;

use super::{
    apply,
    change::{self, Change, Setting},
    outcome::{Outcome, Output, Verdict, show},
    plan::{self, Asked},
    remove,
    select::Selection,
};
use crate::{cluster, error::Error, state::State};

/// How many tenants are worked on at a time.
const AT_ONCE: usize = 8;

/// What to install, and for whom.
#[derive(Debug, clap::Args)]
pub struct InstallOptions {
    /// Plugins: crm, or crm@^1.4 for a version; without one, an install there is keeps the version it asks for.
    #[arg(required = true, value_name = "PLUGIN[@REQUIREMENT]")]
    plugins: Vec<Asked>,
    /// Install what they need and the tenant lacks, too.
    #[arg(long)]
    with_dependencies: bool,
    #[command(flatten)]
    tenants: Selection,
    #[command(flatten)]
    how: How,
}

/// What to uninstall, and from whom.
#[derive(Debug, clap::Args)]
pub struct UninstallOptions {
    /// Plugins, by id. Whether their data stays is for each install's deletionPolicy to say.
    #[arg(required = true, value_name = "PLUGIN")]
    plugins: Vec<String>,
    #[command(flatten)]
    tenants: Selection,
    #[command(flatten)]
    how: How,
}

/// What to enable or disable, and for whom.
#[derive(Debug, clap::Args)]
pub struct SwitchOptions {
    /// Plugins, by id.
    #[arg(required = true, value_name = "PLUGIN")]
    plugins: Vec<String>,
    #[command(flatten)]
    tenants: Selection,
    #[command(flatten)]
    how: How,
}

/// What to configure, and for whom.
#[derive(Debug, clap::Args)]
pub struct ConfigureOptions {
    /// The plugin, by id.
    plugin: String,
    /// A field of its configuration: workers=4, mail.from=a@b.test, or theme=null for what the plugin does without
    /// it. What is not named stays.
    #[arg(long = "set", value_name = "KEY=VALUE", required_unless_present = "file")]
    settings: Vec<Setting>,
    /// A file with fields (YAML or JSON), merged likewise; those of --set win.
    #[arg(short, long)]
    file: Option<PathBuf>,
    #[command(flatten)]
    tenants: Selection,
    #[command(flatten)]
    how: How,
}

#[derive(Debug, clap::Args)]
struct How {
    /// Say what would be done, and do nothing.
    #[arg(long)]
    dry_run: bool,
    /// Wait until it has come to that.
    #[arg(long, conflicts_with = "dry_run")]
    wait: bool,
    /// With --wait: seconds to wait for each install.
    #[arg(long, default_value_t = 120)]
    timeout: u64,
    /// How to show what came of each tenant.
    #[arg(short, long, value_enum, default_value_t = Output::Table)]
    output: Output,
    #[command(flatten)]
    cluster: cluster::Connection,
}

/// Installs them.
pub async fn install(options: InstallOptions) -> Result<(), Error> {
    let InstallOptions { plugins, with_dependencies, tenants, how } = options;
    let (client, names, state) = begin(&how, &tenants).await?;
    let catalogue = state.catalogue();
    let one = |tenant: String| {
        let (client, how, plugins) = (&client, &how, plugins.as_slice());
        let planned = plan::plan(&state, &catalogue, &tenant, plugins, with_dependencies);
        async move {
            let (writes, notes) = match planned {
                Ok(planned) => planned,
                Err(why) => return Outcome::failed(&tenant, why),
            };
            let steps: Vec<String> = writes.iter().map(|write| write.line.clone()).collect();
            let done = match (writes.is_empty(), how.dry_run) {
                (true, _) => Ok(Verdict::Unchanged),
                (false, true) => Ok(Verdict::Planned),
                (false, false) => apply::apply(client, &writes).await.map(|()| Verdict::Applied),
            };
            let done = match done {
                Ok(Verdict::Applied) if how.wait => {
                    let timeout = Duration::from_secs(how.timeout);
                    apply::wait(client, &writes, timeout).await.map(|()| Verdict::Ready)
                }
                done => done,
            };
            outcome(tenant, steps, notes, done)
        }
    };
    show(&each(names, one).await, how.output)
}

/// Uninstalls them.
pub async fn uninstall(options: UninstallOptions) -> Result<(), Error> {
    let UninstallOptions { plugins, tenants, how } = options;
    let (client, names, state) = begin(&how, &tenants).await?;
    let catalogue: Catalogue = state.catalogue();
    let one = |tenant: String| {
        let (client, how) = (&client, &how);
        let planned = remove::plan(&state, &catalogue, &tenant, &plugins);
        async move {
            let removals = match planned {
                Ok(removals) => removals,
                Err(why) => return Outcome::failed(&tenant, why),
            };
            let steps: Vec<String> = removals.iter().map(|removal| removal.line.clone()).collect();
            let done = delete(client, how, &removals).await;
            outcome(tenant, steps, Vec::new(), done)
        }
    };
    show(&each(names, one).await, how.output)
}

/// Enables or disables them.
pub async fn switch(options: SwitchOptions, enabled: bool) -> Result<(), Error> {
    let SwitchOptions { plugins, tenants, how } = options;
    change(&plugins, &Change::Enabled(enabled), &tenants, &how).await
}

/// Configures one.
pub async fn configure(options: ConfigureOptions) -> Result<(), Error> {
    let ConfigureOptions { plugin, settings, file, tenants, how } = options;
    let file = file.as_deref().map(Setting::read).transpose()?;
    let all = file.into_iter().chain(settings).collect();
    change(&[plugin], &Change::Config(all), &tenants, &how).await
}

async fn change(plugins: &[String], change: &Change, tenants: &Selection, how: &How) -> Result<(), Error> {
    let (client, names, state) = begin(how, tenants).await?;
    let catalogue = state.catalogue();
    let timeout = how.wait.then(|| Duration::from_secs(how.timeout));
    let one = |tenant: String| {
        let planned = change::plan(&state, &catalogue, &tenant, plugins, change);
        let client = &client;
        async move {
            let edits = match planned {
                Ok(edits) => edits,
                Err(why) => return Outcome::failed(&tenant, why),
            };
            let steps: Vec<String> = edits.iter().map(|edit| edit.line.clone()).collect();
            let (notes, done) = match (edits.is_empty(), how.dry_run) {
                (true, _) => (Vec::new(), Ok(Verdict::Unchanged)),
                (false, true) => (Vec::new(), Ok(Verdict::Planned)),
                (false, false) => match change::make(client, &edits, change, timeout).await {
                    Ok(notes) if timeout.is_some() && notes.is_empty() => (notes, Ok(Verdict::Ready)),
                    Ok(notes) => (notes, Ok(Verdict::Applied)),
                    Err(error) => (Vec::new(), Err(error)),
                },
            };
            outcome(tenant, steps, notes, done)
        }
    };
    show(&each(names, one).await, how.output)
}

/// Whom it is about, and what is there.
async fn begin(how: &How, tenants: &Selection) -> Result<(Client, Vec<String>, State), Error> {
    let (client, _) = how.cluster.connect().await?;
    let names = tenants.names(&client).await?;
    let state = State::read(&client).await?;
    Ok((client, names, state))
}

async fn delete(client: &Client, how: &How, removals: &[remove::Removal]) -> Result<Verdict, Error> {
    match (removals.is_empty(), how.dry_run) {
        (true, _) => return Ok(Verdict::Unchanged),
        (false, true) => return Ok(Verdict::Planned),
        (false, false) => remove::delete(client, removals).await?,
    }
    if how.wait {
        remove::wait(client, removals, Duration::from_secs(how.timeout)).await?;
    }
    Ok(Verdict::Deleted)
}

fn outcome(tenant: String, steps: Vec<String>, mut notes: Vec<String>, done: Result<Verdict, Error>) -> Outcome {
    let result = done.unwrap_or_else(|error| {
        notes.push(error.to_string());
        Verdict::Failed
    });
    Outcome { tenant, result, steps, notes }
}

/// Some at a time; the outcomes are in the order of the names.
async fn each<F: Future<Output = Outcome>>(names: Vec<String>, one: impl FnMut(String) -> F) -> Vec<Outcome> {
    stream::iter(names.into_iter().map(one)).buffered(AT_ONCE).collect().await
}
