//! Which container is given what. A container has a folder of its own, and sees no other's.

use plexica_backends::postgres;
use plexica_standalone::kubeconfig;

use super::{
    rights::{CORE_API, GATEWAY, OPERATOR},
    secrets::Secrets,
};

/// A file for one container.
#[derive(Debug, PartialEq, Eq)]
pub struct Share {
    /// The container's folder.
    pub to: &'static str,
    /// The file's name there.
    pub file: &'static str,
    /// What is in it.
    pub content: String,
}

/// Names of services, as Compose makes hosts of them.
const POSTGRES: &str = "postgres";
const API: &str = "https://standalone:6443";

/// All of them.
pub fn all(secrets: &Secrets) -> Vec<Share> {
    let Secrets { tokens, ca, .. } = secrets;
    let share = |to, file, content: &str| Share { to, file, content: content.to_owned() };
    let url =
        |login: &str, password: &str, database: &str| format!("postgres://{login}:{password}@{POSTGRES}/{database}");
    let operator_url = url(postgres::OPERATOR, &secrets.operator_database, "plexica");
    let core_api_url = url(postgres::CORE_API, &secrets.core_api_database, "plexica");
    let own = format!("keycloak={},standalone={}", secrets.keycloak_database, secrets.standalone_database);
    vec![
        share("postgres", "password", &secrets.postgres),
        share("keycloak", "admin-password", &secrets.keycloak_admin),
        share("keycloak", "database-password", &secrets.keycloak_database),
        share("s3", "secret-key", &secrets.s3),
        share("bootstrap", "database-url", &url("postgres", &secrets.postgres, "plexica")),
        share("bootstrap", "operator-database-password", &secrets.operator_database),
        share("bootstrap", "core-api-database-password", &secrets.core_api_database),
        share("bootstrap", "own-databases", &own),
        share("bootstrap", "keycloak-admin-password", &secrets.keycloak_admin),
        share("bootstrap", "keycloak-client-secret", &secrets.keycloak_client),
        share("standalone", "database-url", &url("standalone", &secrets.standalone_database, "standalone")),
        share("standalone", "tokens.json", &serde_json::to_string(tokens).unwrap_or_default()),
        share("standalone", "encryption.key", &secrets.encryption_key),
        share("standalone", "ca.pem", ca),
        share("standalone", "ca.key", &secrets.ca_key),
        share("operator", "kubeconfig", &kubeconfig(API, ca, OPERATOR, &tokens.operator)),
        share("operator", "database-url", &operator_url),
        share("operator", "keycloak-client-secret", &secrets.keycloak_client),
        share("operator", "s3-secret-key", &secrets.s3),
        share("core-api", "kubeconfig", &kubeconfig(API, ca, CORE_API, &tokens.core_api)),
        share("core-api", "database-url", &core_api_url),
        share("gateway", "kubeconfig", &kubeconfig(API, ca, GATEWAY, &tokens.gateway)),
    ]
}
