//! `plexica plan -f FILE`: what applying files would do. Changes nothing.

mod difference;
mod foreseen;
mod wanted;

use std::{path::PathBuf, process::ExitCode};

use clap::ValueEnum;

use crate::{cluster, error::Error, resource::manifest, state::State, table::columns};
use difference::{Change, Kind};

/// With --detailed-exitcode: something would change.
const CHANGES: u8 = 2;

/// What to plan.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Files, folders, or - for standard input.
    #[arg(short = 'f', long = "filename", required = true)]
    files: Vec<PathBuf>,
    /// Namespace of resources that name none.
    #[arg(short, long)]
    namespace: Option<String>,
    /// The platform's namespace, whose installs may name any tenant.
    #[arg(long, env = "PLEXICA_NAMESPACE", default_value = "plexica-system")]
    platform_namespace: String,
    /// How to show it.
    #[arg(short, long, value_enum, default_value_t = Output::Text)]
    output: Output,
    /// End with 2 if something would change, and with 0 only if nothing would.
    #[arg(long)]
    detailed_exitcode: bool,
    #[command(flatten)]
    cluster: cluster::Connection,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    /// Lines for people.
    Text,
    /// One JSON value.
    Json,
}

/// Prints the plan. Fails if something of it would be refused.
pub async fn run(options: Options) -> Result<ExitCode, Error> {
    let objects = manifest::read(&options.files)?;
    let (client, default_namespace) = options.cluster.connect().await?;
    let fallback = options.namespace.unwrap_or(default_namespace);
    let before = State::read(&client).await?;
    let wanted = wanted::wanted(&client, objects, &fallback, &before).await?;
    let changes = foreseen::changes(&before, &wanted, &options.platform_namespace);
    match options.output {
        Output::Text => print!("{}", text(&changes)),
        Output::Json => {
            let plan = serde_json::json!({ "changes": changes });
            let text = serde_json::to_string_pretty(&plan).map_err(|error| Error::Output(error.to_string()))?;
            println!("{text}");
        }
    }
    let count = |kind: Kind| changes.iter().filter(|change| change.action == kind).count();
    match count(Kind::Refused) {
        0 if options.detailed_exitcode && changes.len() > count(Kind::Unchanged) => Ok(ExitCode::from(CHANGES)),
        0 => Ok(ExitCode::SUCCESS),
        refused => Err(Error::Refused(refused)),
    }
}

fn text(changes: &[Change]) -> String {
    let one = |change: &Change| {
        let rows: Vec<Vec<String>> = change
            .effects()
            .into_iter()
            .flat_map(|(word, what)| what.iter().map(move |one| vec![format!("    {word}"), one.clone()]))
            .collect();
        format!("{} {}\n{}", change.action.sign(), change.resource, columns(&rows))
    };
    let count = |kind: Kind| changes.iter().filter(|change| change.action == kind).count();
    let (create, change, same, refused) =
        (count(Kind::Create), count(Kind::Change), count(Kind::Unchanged), count(Kind::Refused));
    let summary = format!("Plan: {create} to create, {change} to change, {same} unchanged, {refused} refused.\n");
    changes.iter().map(one).chain([summary]).collect()
}
