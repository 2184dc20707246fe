//! `plexica dev`: the whole platform in one process, plugins as its children.
//!
//! Order of start: data folder, Postgres, Kubernetes API, identity provider, object store, operator,
//! core API, gateway, sample. Order of stop: the reverse.

mod addresses;
mod backup;
mod clusters;
mod data_dir;
mod database;
mod error;
mod folder;
mod given;
mod identity;
mod installation;
mod logs;
mod options;
mod plans;
mod platform;
mod postgres;
mod sample;
mod secrets;
mod service;
mod start;
mod store;
mod summary;

use std::time::Instant;

use kube::Client;
use plexica_service::program::{self, Signals};

use crate::watch::{self, Makes};

pub use data_dir::DataDir;
pub use error::Error;
pub use identity::{CLIENT_ID, is_embedded};
pub use options::{Options, Output};
pub use sample::password;
pub use secrets::Secrets;

/// Runs until Ctrl-C, SIGTERM, SIGHUP, or a part ends by itself.
pub async fn run(options: &Options, started: Instant) -> Result<(), crate::error::Error> {
    let data = open(options)?;
    if options.reset {
        reset(options, &data).await?;
    }
    let log = logs::start(&data)?;
    let signals = program::signals().map_err(Error::file(data.path()))?;
    let outcome = serve(options, &data, log, started, signals).await;
    let cleared = if options.ephemeral { postgres::clear(&data).await } else { Ok(()) };
    // Why it ended says more than what could not be removed then.
    Ok(outcome.and(cleared)?)
}

/// A given database is cleared first: what is in it is only known to be ours by the folder.
async fn reset(options: &Options, data: &DataDir) -> Result<(), Error> {
    // First: who begins again after a half reset has another cluster as well.
    clusters::Clusters::end(data)?;
    if let (Some(url), Ok(secrets)) = (&options.database_url, Secrets::read(data.path())) {
        database::Database::clear(url, options, &secrets).await?;
    }
    postgres::clear(data).await?;
    data.clear()
}

fn open(options: &Options) -> Result<DataDir, Error> {
    if options.ephemeral {
        let name = format!("plexica-dev-{}", uuid::Uuid::new_v4().simple());
        return DataDir::open(&std::env::temp_dir().join(name), true);
    }
    DataDir::open(&options.data_dir, false)
}

async fn serve(
    options: &Options,
    data: &DataDir,
    log: std::path::PathBuf,
    started: Instant,
    Signals { stop, now }: Signals,
) -> Result<(), Error> {
    let mut platform = platform::Platform::default();
    // A Ctrl-C while starting stops what has been started so far.
    let outcome = tokio::select! {
        outcome = bring_up(&mut platform, options, data, log, started) => outcome.map(Some),
        () = stop.cancelled() => Ok(None),
    };
    let outcome = match outcome {
        Ok(Some(client)) if !stop.is_cancelled() => tokio::select! {
            outcome = platform.until_ended(&stop) => outcome,
            outcome = author(&client, options) => outcome,
        },
        Ok(_) => Ok(()),
        Err(error) => Err(platform.cause(error).await),
    };
    // Postgres is killed where its stop is not waited for.
    tokio::select! {
        () = platform.stop() => outcome,
        () = now.cancelled() => Err(Error::CutOff),
    }
}

async fn bring_up(
    platform: &mut platform::Platform,
    options: &Options,
    data: &DataDir,
    log: std::path::PathBuf,
    started: Instant,
) -> Result<Client, Error> {
    let secrets = Secrets::load_or_create(data)?;
    let places = start::start(platform, options, data, &secrets).await?;
    let sign_ins = sample::apply(&places, data, &secrets).await?;
    let summary = summary::Summary {
        gateway: places.gateway,
        issuer: places.identity.public_url.as_str().trim_end_matches('/').to_owned(),
        s3: places.store.endpoint,
        database: places.database,
        kubeconfig: places.kubeconfig,
        pgpass: places.pgpass,
        log,
        tenants: sign_ins.tenants,
        super_admin: sign_ins.super_admin,
        warnings: sign_ins.warnings,
        ready_ms: started.elapsed().as_millis(),
    };
    match options.output {
        Output::Text => println!("{}", summary.text()),
        Output::Json => println!("{}", summary.json()),
    }
    Ok(places.client)
}

/// What the author of a plugin has built anew all the time, if one works here.
async fn author(client: &Client, options: &Options) -> Result<(), Error> {
    let Some(file) = &options.watch else { return std::future::pending().await };
    let followed = watch::follow(client, service::NAMESPACE, file, &options.how, Makes::Program).await;
    followed.map_err(Error::service("the watch of the plugin"))
}
