//! What a program of Postgres is told of the connection: by variables, since everybody on the machine
//! can read a program's arguments. Pure.

use std::path::Path;

use percent_encoding::percent_decode_str;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use url::Url;

/// Variables of libpq that lead to where `url` and `options`, made from it, lead.
pub fn variables(url: &Url, options: &PgConnectOptions, ca_bundle: Option<&Path>) -> Vec<(&'static str, String)> {
    let parameter = |names: &[&str]| {
        let found = url.query_pairs().find(|(name, _)| names.contains(&name.as_ref()));
        found.map(|(_, value)| value.into_owned())
    };
    let host = options.get_socket().map_or_else(|| options.get_host().to_owned(), |path| path.display().to_string());
    let password = url.password().map(|password| percent_decode_str(password).decode_utf8_lossy().into_owned());
    let mode = match options.get_ssl_mode() {
        PgSslMode::Disable => "disable",
        PgSslMode::Allow => "allow",
        PgSslMode::Prefer => "prefer",
        PgSslMode::Require => "require",
        PgSslMode::VerifyCa => "verify-ca",
        PgSslMode::VerifyFull => "verify-full",
    };
    let root = parameter(&["sslrootcert", "ssl-root-cert", "ssl-ca"]);
    let root = root.or_else(|| ca_bundle.map(|file| file.display().to_string()));
    // Without a file of its own libpq looks into the home folder, not at the system's authorities.
    let root = root.or_else(|| mode.starts_with("verify").then(|| "system".to_owned()));
    let given = [
        ("PGDATABASE", options.get_database().map(str::to_owned)),
        ("PGPASSWORD", parameter(&["password"]).or(password)),
        ("PGSSLROOTCERT", root),
        ("PGSSLCERT", parameter(&["sslcert", "ssl-cert"])),
        ("PGSSLKEY", parameter(&["sslkey", "ssl-key"])),
    ];
    let always = [
        ("PGHOST", host),
        ("PGPORT", options.get_port().to_string()),
        ("PGUSER", options.get_username().to_owned()),
        ("PGSSLMODE", mode.to_owned()),
        ("PGCONNECT_TIMEOUT", "10".to_owned()),
        ("PGAPPNAME", "plexica-backup".to_owned()),
        ("LC_ALL", "C".to_owned()),
    ];
    always.into_iter().chain(given.into_iter().filter_map(|(name, value)| Some((name, value?)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::str::FromStr;

    fn of(url: &str, ca_bundle: Option<&Path>) -> impl Fn(&str) -> Option<String> {
        let all = variables(&Url::parse(url).unwrap(), &PgConnectOptions::from_str(url).unwrap(), ca_bundle);
        move |name| all.iter().find(|(variable, _)| *variable == name).map(|(_, value)| value.clone())
    }

    #[test]
    fn they_lead_where_the_url_leads() {
        let bundle = Path::new("/etc/ca.pem");
        let get = of("postgres://ada%40x:a%3Ab%20c%2Fd@db.test:5433/plexica?sslmode=verify-full", Some(bundle));
        for (name, value) in [
            ("PGHOST", "db.test"),
            ("PGPORT", "5433"),
            ("PGUSER", "ada@x"),
            ("PGPASSWORD", "a:b c/d"),
            ("PGDATABASE", "plexica"),
            ("PGSSLMODE", "verify-full"),
            ("PGSSLROOTCERT", "/etc/ca.pem"),
        ] {
            assert_eq!(get(name).as_deref(), Some(value), "{name}");
        }
        let get = of("postgres://ada@db.test/plexica?sslmode=verify-ca", None);
        assert_eq!((get("PGSSLROOTCERT").as_deref(), get("PGPORT").as_deref()), (Some("system"), Some("5432")));
        let get = of("postgres://ada@db.test/plexica?sslmode=require&sslrootcert=/own.pem", Some(bundle));
        assert_eq!((get("PGSSLROOTCERT").as_deref(), get("PGPASSWORD")), (Some("/own.pem"), None));
        let get = of("postgres://ada@localhost/plexica?host=/run/postgres", None);
        assert_eq!((get("PGHOST").as_deref(), get("PGSSLROOTCERT")), (Some("/run/postgres"), None));
    }
}
