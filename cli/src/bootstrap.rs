//! `plexica bootstrap`: what `docs/bootstrap.md` asks of the administrators of Postgres and Keycloak. May be run again
//! at any time.

use std::{
    path::PathBuf,
    str::FromStr,
    time::{Duration, Instant},
};

use plexica_backends::{
    Changes, Kind, Secret,
    keycloak::{self, bootstrap::Administrator},
    postgres::bootstrap::{self, Passwords},
};
use url::Url;

use crate::error::Error;

/// Between two tries.
const PAUSE: Duration = Duration::from_secs(1);

/// The administrators, and whom they let in. What is not given is not looked at.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// The database for Plexica, as a superuser of its server.
    #[arg(
        long,
        env = "ADMIN_DATABASE_URL",
        hide_env_values = true,
        requires_all = ["operator_database_password", "core_api_database_password"]
    )]
    admin_database_url: Option<Secret>,
    /// Password that the login `plexica_operator` gets.
    #[arg(long, env = "PLEXICA_OPERATOR_DATABASE_PASSWORD", hide_env_values = true)]
    operator_database_password: Option<Secret>,
    /// Password that the login `plexica_core_api` gets.
    #[arg(long, env = "PLEXICA_CORE_API_DATABASE_PASSWORD", hide_env_values = true)]
    core_api_database_password: Option<Secret>,
    /// Further databases on the same server, each with a login of the same name that owns it and that nobody else
    /// shares: NAME=PASSWORD,…
    #[arg(long, env = "PLEXICA_OWN_DATABASES", hide_env_values = true, value_delimiter = ',')]
    own_databases: Vec<OwnDatabase>,
    /// Keycloak.
    #[arg(long, env = "KEYCLOAK_URL", default_value = "http://127.0.0.1:8080")]
    keycloak_url: Url,
    /// An administrator of realm master.
    #[arg(long, env = "KEYCLOAK_ADMIN", default_value = "admin")]
    keycloak_admin: String,
    /// The administrator's password.
    #[arg(long, env = "KEYCLOAK_ADMIN_PASSWORD", hide_env_values = true, requires = "keycloak_client_secret")]
    keycloak_admin_password: Option<Secret>,
    /// The operator's service account in realm master.
    #[arg(long, env = "KEYCLOAK_CLIENT_ID", default_value = "plexica-operator")]
    keycloak_client_id: String,
    /// The secret that it gets.
    #[arg(long, env = "KEYCLOAK_CLIENT_SECRET", hide_env_values = true)]
    keycloak_client_secret: Option<Secret>,
    /// PEM file of CAs to trust besides the system's.
    #[arg(long, env = "PLEXICA_CA_BUNDLE")]
    ca_bundle: Option<PathBuf>,
    /// Seconds for which one that does not answer is asked again.
    #[arg(long, default_value_t = 60)]
    timeout: u64,
}

/// A database of somebody else's on Plexica's server.
#[derive(Clone, Debug)]
struct OwnDatabase {
    name: String,
    password: Secret,
}

impl FromStr for OwnDatabase {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, password) = text.split_once('=').ok_or("write NAME=PASSWORD")?;
        Ok(Self { name: name.to_owned(), password: Secret::new(password) })
    }
}

/// Prepares what is given and says what was written.
pub async fn run(options: &Options) -> Result<(), Error> {
    let databases = databases(options).await?;
    let keycloak = service_account(options).await?;
    if databases.is_none() && keycloak.is_none() {
        return Err(Error::NothingToPrepare);
    }
    for (part, changes) in [("Postgres", databases), ("Keycloak", keycloak)] {
        match changes {
            Some(changes) if changes.is_empty() => println!("{part}: prepared already"),
            Some(changes) => println!("{part}: {changes}"),
            None => {}
        }
    }
    Ok(())
}

async fn databases(options: &Options) -> Result<Option<Changes>, Error> {
    let Options { admin_database_url, operator_database_password, core_api_database_password, own_databases, .. } =
        options;
    let (Some(administrator), Some(operator), Some(core_api)) =
        (admin_database_url, operator_database_password, core_api_database_password)
    else {
        return Ok(None);
    };
    let ca_bundle = options.ca_bundle.as_deref();
    let passwords = Passwords { operator: operator.clone(), core_api: core_api.clone() };
    patiently(options, async || bootstrap::apply(administrator, ca_bundle, &passwords).await).await?;
    let mut changes = Changes::none();
    changes.note("applied the bootstrap SQL and set the passwords of plexica_operator and plexica_core_api");
    for OwnDatabase { name, password } in own_databases {
        changes.join(bootstrap::own_database(administrator, ca_bundle, name, password).await?);
    }
    Ok(Some(changes))
}

async fn service_account(options: &Options) -> Result<Option<Changes>, Error> {
    let (Some(password), Some(secret)) = (&options.keycloak_admin_password, &options.keycloak_client_secret) else {
        return Ok(None);
    };
    let mut config = keycloak::Config::new(options.keycloak_url.clone(), &options.keycloak_client_id, secret.clone());
    config.ca_bundle.clone_from(&options.ca_bundle);
    let administrator = Administrator { username: options.keycloak_admin.clone(), password: password.clone() };
    let applied = patiently(options, async || keycloak::bootstrap::apply(&config, &administrator).await).await?;
    Ok(Some(applied))
}

/// One that begins, or has lost its database a moment ago, does not answer yet.
async fn patiently<T>(options: &Options, apply: impl AsyncFn() -> plexica_backends::Result<T>) -> Result<T, Error> {
    let until = Instant::now() + Duration::from_secs(options.timeout);
    loop {
        match apply().await {
            Err(error) if error.kind == Kind::Unavailable && Instant::now() < until => {
                eprintln!("{error} Trying again.");
                tokio::time::sleep(PAUSE).await;
            }
            outcome => return Ok(outcome?),
        }
    }
}
