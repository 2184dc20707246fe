//! `plexica preflight`: what each outside part still lacks, with the identities the operator is given.

mod whole;

use std::path::{Path, PathBuf};

use kube::{Api, api::ListParams};
use plexica_backends::{
    Secret, keycloak,
    postgres::{self, Placement, Placements},
    preflight::{Finding, Level},
    s3,
};
use plexica_crds::Tenant;
use plexica_operator::config::{Database, Storage};
use url::Url;

use self::whole::Whole;
use crate::{cluster, error::Error};

/// A part's name, and what was found there.
type Report = (String, Vec<Finding>);

/// The operator's configuration, as far as it is known: what is not given is not looked at.
#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(flatten)]
    database: Whole<Database>,
    /// Keycloak, inside.
    #[arg(long, env = "KEYCLOAK_URL", requires = "keycloak_client_secret")]
    keycloak_url: Option<Url>,
    /// Keycloak, as browsers reach it.
    #[arg(long, env = "KEYCLOAK_PUBLIC_URL")]
    keycloak_public_url: Option<Url>,
    /// The operator's service account in realm master.
    #[arg(long, env = "KEYCLOAK_CLIENT_ID", default_value = "plexica-operator")]
    keycloak_client_id: String,
    /// Its secret.
    #[arg(long, env = "KEYCLOAK_CLIENT_SECRET", hide_env_values = true)]
    keycloak_client_secret: Option<Secret>,
    #[command(flatten)]
    storage: Whole<Storage>,
    /// Before the slug in a bucket's name; the trial bucket gets it too.
    #[arg(long, env = "PLEXICA_BUCKET_PREFIX", default_value = "tenant-")]
    bucket_prefix: String,
    /// PEM file of CAs to trust besides the system's.
    #[arg(long, env = "PLEXICA_CA_BUNDLE")]
    ca_bundle: Option<PathBuf>,
    /// Leave the Kubernetes API out.
    #[arg(long)]
    no_cluster: bool,
    #[command(flatten)]
    cluster: cluster::Connection,
}

/// Prints what is missing, and fails if anything is.
pub async fn run(options: &Options) -> Result<(), Error> {
    let mut reports = Vec::new();
    if let Whole(Some(database)) = &options.database {
        reports.extend(databases(database, options.ca_bundle.as_deref()).await);
    }
    if let Some(url) = &options.keycloak_url {
        reports.push(("Keycloak".to_owned(), keycloak::preflight(&keycloak_config(options, url)).await));
    }
    if let Whole(Some(storage)) = &options.storage {
        let store = storage.backend(options.ca_bundle.clone());
        reports.push(("S3".to_owned(), object_store(store, &options.bucket_prefix).await));
    }
    if !options.no_cluster {
        reports.push(("Kubernetes, by this kubeconfig".to_owned(), kubernetes(&options.cluster).await));
    }
    if reports.is_empty() {
        return Err(Error::NothingToCheck);
    }
    println!("{}", page(&reports, &unseen(options)));
    let missing = reports.iter().flat_map(|(_, findings)| findings).filter(|f| f.level == Level::Missing).count();
    if missing == 0 { Ok(()) } else { Err(Error::Preflight(missing)) }
}

fn keycloak_config(options: &Options, url: &Url) -> keycloak::Config {
    let secret = options.keycloak_client_secret.clone().unwrap_or_else(|| Secret::new(""));
    let mut config = keycloak::Config::new(url.clone(), &options.keycloak_client_id, secret);
    config.ca_bundle.clone_from(&options.ca_bundle);
    if let Some(public) = &options.keycloak_public_url {
        config.public_url = public.clone();
    }
    config
}

async fn databases(database: &Database, ca_bundle: Option<&Path>) -> Vec<Report> {
    let Database { database_url, plugin_database_url, placements } = database;
    let default = Placement { url: database_url.clone(), plugin_url: plugin_database_url.clone() };
    let more = placements.as_deref().map(Placements::read).transpose();
    let mut reports = vec![("Postgres".to_owned(), postgres::preflight::preflight(&default, ca_bundle).await)];
    let more = more.and_then(|more| {
        let more = more.unwrap_or_default();
        // As the operator takes them: it refuses another "default", and what is no URL.
        Placements::new(&default, &more, ca_bundle).map(|_| more)
    });
    match more {
        Ok(more) => {
            for (name, placement) in more {
                let findings = postgres::preflight::preflight(&placement, ca_bundle).await;
                reports.push((format!("Postgres, placement {name}"), findings));
            }
        }
        Err(error) => reports.push(("PLEXICA_PLACEMENTS".to_owned(), vec![error.into()])),
    }
    reports
}

async fn object_store(config: s3::Config, bucket_prefix: &str) -> Vec<Finding> {
    match s3::Store::new(config) {
        Ok(store) => s3::preflight::preflight(&store, bucket_prefix).await,
        Err(error) => vec![error.into()],
    }
}

async fn kubernetes(cluster: &cluster::Connection) -> Vec<Finding> {
    let client = match cluster.connect().await {
        Ok((client, _)) => client,
        Err(error) => return vec![Finding::missing(error.to_string(), "Name a kubeconfig with --kubeconfig.")],
    };
    match Api::<Tenant>::all(client).list(&ListParams::default().limit(1)).await {
        Ok(_) => Vec::new(),
        Err(kube::Error::Api(status)) if status.code == 404 => {
            vec![Finding::missing(
                "the cluster has no Plexica resources",
                "helm install plexica charts/plexica --namespace plexica-system --create-namespace",
            )]
        }
        Err(error) => vec![Finding::missing(
            format!("tenants cannot be read: {error}"),
            "Use a context that may list tenants.plexica.io, or see whether the API server is up.",
        )],
    }
}

/// What nobody has said where it is: each system, and the variable that does.
fn unseen(options: &Options) -> Vec<(&'static str, &'static str)> {
    let all = [
        ("Postgres", "DATABASE_URL", matches!(options.database, Whole(Some(_)))),
        ("Keycloak", "KEYCLOAK_URL", options.keycloak_url.is_some()),
        ("S3", "S3_ACCESS_KEY_ID", matches!(options.storage, Whole(Some(_)))),
    ];
    all.into_iter().filter(|(.., seen)| !seen).map(|(part, variable, _)| (part, variable)).collect()
}

fn page(reports: &[Report], unseen: &[(&str, &str)]) -> String {
    let mut lines = Vec::new();
    for (part, findings) in reports {
        if findings.is_empty() {
            lines.push(format!("✓ {part}: nothing is missing"));
        }
        for Finding { level, what, fix } in findings {
            let mark = if *level == Level::Missing { "✗" } else { "!" };
            lines.push(format!("{mark} {part}: {what}"));
            lines.extend(fix.lines().map(|line| format!("    {line}")));
        }
    }
    let not_seen = |(part, variable)| format!("– {part}: not looked at, since {variable} is not set");
    lines.extend(unseen.iter().copied().map(not_seen));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        options: Options,
    }

    #[test]
    fn a_store_without_an_endpoint_is_awss() {
        let flags =
            ["x", "--s3-access-key-id=a", "--s3-secret-access-key=b", "--s3-sts-role-arn=arn:aws:iam::1:role/x"];
        let Whole(storage) = Cli::try_parse_from(flags).unwrap().options.storage;
        let config = storage.unwrap().backend(None);
        assert_eq!(config.endpoint, None);
        assert!(matches!(config.credentials, s3::Mode::Sts(s3::Sts { role_arn: Some(_), .. })));
    }

    #[test]
    fn each_part_says_what_to_do() {
        let reports = [
            ("Postgres".into(), vec![Finding::missing("no role plexica_provisioner", "CREATE ROLE …;\nGRANT …;")]),
            ("S3".into(), vec![]),
        ];
        assert_eq!(
            page(&reports, &[("Keycloak", "KEYCLOAK_URL")]),
            "✗ Postgres: no role plexica_provisioner\n    CREATE ROLE …;\n    GRANT …;\n✓ S3: nothing is missing\n\
             – Keycloak: not looked at, since KEYCLOAK_URL is not set"
        );
    }
}
