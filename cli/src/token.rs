//! `plexica token`: an access token to paste, and nothing else on standard output.

use std::path::{Path, PathBuf};

use kube::Api;
use plexica_crds::Tenant;
use plexica_service::trust;
use serde::Deserialize;
use url::Url;

use crate::{
    cluster::{self, Source},
    dev,
    error::Error,
};

/// Client of every realm that takes the password grant where the installation allows it.
const CLIENT: &str = "web";

/// Whose token.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// The tenant's slug.
    #[arg(long)]
    tenant: String,
    /// The user's name in the tenant's realm.
    #[arg(long)]
    user: String,
    /// The user's password; not needed by the one who owns the data folder of `plexica dev`.
    #[arg(long, env = "PLEXICA_PASSWORD", hide_env_values = true)]
    password: Option<String>,
    /// PEM file of CAs to trust besides the system's, for the issuer.
    #[arg(long, env = "PLEXICA_CA_BUNDLE")]
    ca_bundle: Option<PathBuf>,
    #[command(flatten)]
    cluster: cluster::Connection,
}

#[derive(Deserialize)]
struct Answer {
    access_token: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

/// Prints it.
pub async fn run(options: Options) -> Result<(), Error> {
    let source = options.cluster.source();
    let (client, _) = options.cluster.connect_to(&source).await?;
    let tenant = Api::<Tenant>::all(client).get_opt(&options.tenant).await?;
    let tenant = tenant.ok_or_else(|| Error::Token(format!("there is no tenant {:?}", options.tenant)))?;
    let identity = tenant.status.and_then(|status| status.identity);
    let identity = identity
        .ok_or_else(|| Error::Token(format!("tenant {:?} has no realm yet: wait until it is Ready", options.tenant)))?;
    let form = match &options.password {
        Some(password) => password_grant(&options.user, password),
        None => owner_grant(&options, &source)?,
    };
    println!("{}", request(&identity.issuer, &form, options.ca_bundle.as_deref()).await?);
    Ok(())
}

type Form = Vec<(&'static str, String)>;

fn password_grant(user: &str, password: &str) -> Form {
    vec![
        ("grant_type", "password".into()),
        ("client_id", CLIENT.into()),
        ("scope", "openid".into()),
        ("username", user.into()),
        ("password", password.into()),
    ]
}

/// Who can read the data folder's secrets may act for any of its users: a token exchange
/// (RFC 8693) of the service account for a user of its choice. Keycloak has no such thing, so there
/// it is the sample's user alone, whose password is in the folder. The folder's secrets are sent to
/// the issuer of its own cluster and to no other.
fn owner_grant(options: &Options, source: &Source) -> Result<Form, Error> {
    let Options { tenant, user, .. } = options;
    let Source::DataDir(data_dir) = source else {
        return Err(Error::Token(
            "the cluster is not that of a data folder of `plexica dev`: give --password, or name the folder with \
             --data-dir"
                .into(),
        ));
    };
    let secrets = dev::Secrets::read(data_dir).map_err(|_| {
        Error::Token(format!("{} is no data folder of `plexica dev` that you own: give --password", data_dir.display()))
    })?;
    if !dev::is_embedded(data_dir) {
        let password = dev::password(&secrets, tenant, user);
        let password = password.ok_or_else(|| {
            Error::Token("Keycloak gives nobody a token for another user: give that user's --password".into())
        })?;
        return Ok(password_grant(user, &password));
    }
    Ok(vec![
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange".into()),
        ("client_id", dev::CLIENT_ID.into()),
        ("client_secret", secrets.keycloak_client),
        ("requested_subject", user.clone()),
        ("scope", "openid".into()),
    ])
}

async fn request(issuer: &str, form: &Form, ca_bundle: Option<&Path>) -> Result<String, Error> {
    let failed =
        |error: reqwest::Error| Error::Token(format!("the issuer {issuer} does not answer: {}", error.without_url()));
    let url = format!("{issuer}/protocol/openid-connect/token");
    let url = Url::parse(&url).map_err(|error| Error::Token(format!("the issuer {issuer} is no URL: {error}")))?;
    let http = trust::http_client_of(&url, ca_bundle).map_err(|error| Error::Token(error.to_string()))?;
    // A redirect would be somebody else's choice of who gets the password.
    let http = http.redirect(reqwest::redirect::Policy::none()).build().map_err(failed)?;
    let response = http.post(url).form(form).send().await.map_err(failed)?;
    let answer: Answer = response.json().await.map_err(failed)?;
    answer.access_token.ok_or_else(|| {
        let reason = answer.error_description.or(answer.error).unwrap_or_else(|| "no reason given".into());
        Error::Token(format!("the issuer refused: {reason}"))
    })
}
