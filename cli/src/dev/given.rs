//! What was given instead of brought along: looked at before anything starts, so that a wrong
//! address is one sentence at once rather than a part that never becomes ready.

use std::time::Duration;

use clap::Parser;
use plexica_backends::{
    keycloak::{self, Observed, RealmDesired, Realms},
    preflight::{Finding, Level},
    s3,
};
use sqlx::{ConnectOptions, Connection};

use super::{Error, Options, database::Database, identity};

/// How long a database may take to let us in.
const PATIENCE: Duration = Duration::from_secs(10);

/// Whether each part that a variable names can be used as that variable says.
pub async fn check(options: &Options) -> Result<(), Error> {
    let (database, identity, store) = tokio::join!(database(options), identity(options), store(options));
    database.and(identity).and(store)
}

async fn database(options: &Options) -> Result<(), Error> {
    const VARIABLE: &str = "DATABASE_URL";
    let Some(url) = &options.database_url else { return Ok(()) };
    let unusable = |reason: String| Error::Given { variable: VARIABLE, reason };
    let connect = Database::connect_options(url, options.ca_bundle.as_deref())?;
    let connecting = async {
        let mut connection = connect.connect().await?;
        let query = "SELECT rolsuper FROM pg_roles WHERE rolname = current_user";
        let is_superuser: bool = sqlx::query_scalar(query).fetch_one(&mut connection).await?;
        connection.close().await.map(|()| is_superuser)
    };
    match tokio::time::timeout(PATIENCE, connecting).await {
        Ok(Ok(true)) => Ok(()),
        Ok(Ok(false)) => Err(unusable(format!(
            "its login {:?} is no superuser, and `plexica dev` makes roles and logins",
            connect.get_username()
        ))),
        Ok(Err(error)) => Err(unusable(error.to_string())),
        Err(_) => Err(unusable(format!("{} did not answer within {PATIENCE:?}", connect.get_host()))),
    }
}

async fn identity(options: &Options) -> Result<(), Error> {
    const VARIABLE: &str = "KEYCLOAK_URL";
    let Some(config) = identity::given(options)? else { return Ok(()) };
    missing(VARIABLE, keycloak::preflight(&config).await)?;
    let realm = options.installation.platform_realm();
    let desired = RealmDesired::platform(&realm, &options.installation.to_string().as_str().into());
    let realms = Realms::new(config).map_err(|error| given(VARIABLE, &error))?;
    match realms.observe(&desired).await {
        Ok(Observed::Absent | Observed::Present(_)) => Ok(()),
        Ok(Observed::Refused(_)) => Err(Error::Given {
            variable: VARIABLE,
            reason: format!("its realm {realm:?} is somebody else's: choose names of your own with --installation"),
        }),
        Err(error) => Err(given(VARIABLE, &error)),
    }
}

async fn store(options: &Options) -> Result<(), Error> {
    const VARIABLE: &str = "S3_ENDPOINT";
    let (Some(endpoint), Some(id), Some(secret)) =
        (&options.s3_endpoint, &options.s3_access_key_id, &options.s3_secret_access_key)
    else {
        return Ok(());
    };
    // Region, mode and STS are the operator's variables.
    let given_store = GivenStore::try_parse_from([
        "s3".to_owned(),
        format!("--s3-endpoint={endpoint}"),
        format!("--s3-access-key-id={id}"),
        format!("--s3-secret-access-key={secret}"),
    ]);
    let GivenStore { storage } = given_store.map_err(|error| given(VARIABLE, &error))?;
    let store = s3::Store::new(storage.backend(options.ca_bundle.clone())).map_err(|error| given(VARIABLE, &error))?;
    missing(VARIABLE, s3::preflight::preflight(&store, &options.installation.prefix()).await)
}

#[derive(Parser)]
struct GivenStore {
    #[command(flatten)]
    storage: plexica_operator::config::Storage,
}

/// The first thing that Plexica cannot work without.
fn missing(variable: &'static str, findings: Vec<Finding>) -> Result<(), Error> {
    let Some(finding) = findings.into_iter().find(|finding| finding.level == Level::Missing) else { return Ok(()) };
    let what = finding.what.trim_end_matches('.');
    Err(Error::Given { variable, reason: format!("{what}; `plexica preflight` says what to do") })
}

fn given(variable: &'static str, error: &dyn std::fmt::Display) -> Error {
    Error::Given { variable, reason: error.to_string() }
}
