//! What the platform hands a plugin's process: environment variables.

use std::{net::SocketAddr, path::PathBuf, str::FromStr, time::Duration};

use plexica_contract::{
    Secret,
    name::{PluginId, PluginVersion},
    tenancy::environment as variable,
    token::PublicKeys,
};
use url::Url;

/// Where it listens when nobody says.
const DEFAULT_LISTEN: &str = "0.0.0.0:8080";

/// A variable that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvironmentError {
    /// Not set.
    #[error("{0} is not set: the platform starts plugins with it; `plexica dev` or a PluginInstall runs yours")]
    Missing(&'static str),
    /// Set to something else than it should be.
    #[error("{0} must be {1}")]
    Malformed(&'static str, &'static str),
    /// Meant for another plugin.
    #[error("{variable} is {found:?}, but this program is {expected:?}: the Plugin resource runs the wrong image")]
    Other {
        /// Which variable.
        variable: &'static str,
        /// What it holds.
        found: String,
        /// What the manifest in the program says.
        expected: String,
    },
}

/// Everything a plugin's process is given.
#[derive(Clone, Debug)]
pub(crate) struct Environment {
    pub(crate) installation: String,
    pub(crate) platform_url: Url,
    pub(crate) credential_user: String,
    pub(crate) credential_password: Secret,
    pub(crate) keys: PublicKeys,
    pub(crate) database_url: Secret,
    pub(crate) listen: SocketAddr,
    /// How long it goes on taking connections when it is told to stop.
    pub(crate) shutdown_delay: Duration,
    pub(crate) ca_bundle: Option<PathBuf>,
    /// Of which restart this process is.
    pub(crate) restart: i64,
}

/// Absent or empty it is 0.
fn number<T: FromStr + Default>(value: Option<String>) -> Option<T> {
    value.filter(|value| !value.is_empty()).map_or_else(|| Some(T::default()), |value| value.parse().ok())
}

impl Environment {
    /// Reads the variables, and checks that they are meant for this plugin.
    pub(crate) fn read(
        id: &PluginId,
        version: &PluginVersion,
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, EnvironmentError> {
        let get =
            |name: &'static str| lookup(name).filter(|value| !value.is_empty()).ok_or(EnvironmentError::Missing(name));
        let meant_for = |variable: &'static str, expected: String| match get(variable)? {
            found if found == expected => Ok(()),
            found => Err(EnvironmentError::Other { variable, found, expected }),
        };
        meant_for(variable::PLUGIN_ID, id.to_string())?;
        meant_for(variable::PLUGIN_VERSION, version.to_string())?;
        let malformed = |name, what| EnvironmentError::Malformed(name, what);
        Ok(Self {
            installation: get(variable::INSTALLATION)?,
            platform_url: get(variable::PLATFORM_URL)?
                .parse()
                .map_err(|_| malformed(variable::PLATFORM_URL, "a URL such as http://core-api:8081"))?,
            credential_user: get(variable::CREDENTIAL_USER)?,
            credential_password: Secret::new(get(variable::CREDENTIAL_PASSWORD)?),
            keys: serde_json::from_str(&get(variable::PLATFORM_KEYS)?)
                .map_err(|_| malformed(variable::PLATFORM_KEYS, "a JWK set"))?,
            database_url: Secret::new(get(variable::DATABASE_URL)?),
            listen: lookup(variable::LISTEN)
                .unwrap_or_else(|| DEFAULT_LISTEN.to_owned())
                .parse()
                .map_err(|_| malformed(variable::LISTEN, "an address and a port such as 0.0.0.0:8080"))?,
            shutdown_delay: number(lookup(variable::SHUTDOWN_DELAY))
                .map(Duration::from_secs)
                .ok_or_else(|| malformed(variable::SHUTDOWN_DELAY, "a whole number of seconds such as 5"))?,
            restart: number(lookup(variable::RESTARTS))
                .ok_or_else(|| malformed(variable::RESTARTS, "a whole number such as 1"))?,
            ca_bundle: lookup(variable::CA_BUNDLE).filter(|path| !path.is_empty()).map(PathBuf::from),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn complete() -> HashMap<&'static str, &'static str> {
        HashMap::from([
            (variable::PLUGIN_ID, "crm"),
            (variable::PLUGIN_VERSION, "1.4.0"),
            (variable::INSTALLATION, "i1"),
            (variable::PLATFORM_URL, "http://core-api:8081"),
            (variable::CREDENTIAL_USER, "plugin:crm"),
            (variable::CREDENTIAL_PASSWORD, "hunter2"),
            (variable::PLATFORM_KEYS, r#"{"keys":[]}"#),
            (variable::DATABASE_URL, "postgres://plugin_crm:hunter2@db/plexica"),
            (variable::LISTEN, "127.0.0.1:25000"),
            (variable::SHUTDOWN_DELAY, "5"),
        ])
    }

    fn read(variables: &HashMap<&'static str, &'static str>) -> Result<Environment, EnvironmentError> {
        let (id, version) = ("crm".parse().unwrap(), "1.4.0".parse().unwrap());
        Environment::read(&id, &version, |name| variables.get(name).map(|&value| value.to_owned()))
    }

    #[test]
    fn a_complete_environment_prints_no_secret() {
        let environment = read(&complete()).unwrap();
        assert_eq!(environment.listen.port(), 25000);
        assert_eq!(environment.shutdown_delay, Duration::from_secs(5));
        assert_eq!(environment.restart, 0);
        assert!(!format!("{environment:?}").contains("hunter2"));
        let mut variables = complete();
        variables.insert(variable::RESTARTS, "3");
        assert_eq!(read(&variables).unwrap().restart, 3);
    }

    #[test]
    fn each_variable_is_needed_but_where_to_listen_and_how_to_end() {
        for &name in complete().keys() {
            let mut variables = complete();
            variables.remove(name);
            match read(&variables) {
                Err(error) => assert_eq!(error, EnvironmentError::Missing(name)),
                Ok(environment) if name == variable::LISTEN => {
                    assert_eq!(environment.listen.to_string(), DEFAULT_LISTEN);
                }
                Ok(environment) => {
                    assert_eq!((name, environment.shutdown_delay), (variable::SHUTDOWN_DELAY, Duration::ZERO));
                }
            }
        }
    }

    #[test]
    fn what_is_malformed_or_meant_for_another() {
        for (name, value) in [
            (variable::PLATFORM_URL, "core-api"),
            (variable::PLATFORM_KEYS, "{"),
            (variable::LISTEN, "8080"),
            (variable::SHUTDOWN_DELAY, "-1"),
            (variable::RESTARTS, "once"),
        ] {
            let mut variables = complete();
            variables.insert(name, value);
            assert!(matches!(read(&variables), Err(EnvironmentError::Malformed(which, _)) if which == name), "{name}");
        }
        for (name, value) in [(variable::PLUGIN_ID, "files"), (variable::PLUGIN_VERSION, "1.5.0")] {
            let mut variables = complete();
            variables.insert(name, value);
            assert!(matches!(read(&variables), Err(EnvironmentError::Other { variable, .. }) if variable == name));
        }
    }
}
