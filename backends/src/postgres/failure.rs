//! Postgres' errors as ours, by SQLSTATE.

use sqlx::Error as Sql;

use crate::{Error, Kind, System};

/// Turns an error of a statement into ours; `doing` is such as `create the schema tenant_acme`.
pub(super) fn failure(doing: &str) -> impl FnOnce(Sql) -> Error {
    let doing = doing.to_owned();
    move |error| classify(&doing, error)
}

fn classify(doing: &str, error: Sql) -> Error {
    let (kind, why) = match &error {
        Sql::Io(error) if matches!(error.get_ref(), Some(cause) if cause.is::<rustls::Error>()) => {
            (Kind::Unavailable, "its certificate was not accepted (sslmode, PLEXICA_CA_BUNDLE)".to_owned())
        }
        Sql::Io(_) | Sql::PoolClosed | Sql::WorkerCrashed => (Kind::Unavailable, "it cannot be reached".to_owned()),
        Sql::PoolTimedOut => (Kind::Unavailable, "no connection came about in time: it is away, or busy".to_owned()),
        Sql::Tls(_) => (Kind::Unavailable, "no TLS connection came about (sslmode)".to_owned()),
        // A server or a proxy that ends in the middle of an answer.
        Sql::Protocol(_) => (Kind::Unavailable, "the connection broke off".to_owned()),
        Sql::Database(refusal) => {
            let code = refusal.code().unwrap_or_default();
            (by_code(&code), meaning(&code))
        }
        _ => (Kind::Invalid, "the answer was not understood".to_owned()),
    };
    let message = format!("could not {doing}: {why}");
    let told = match kind {
        Kind::Unavailable => Error::unavailable(System::Postgres, message),
        Kind::Denied => Error::denied(System::Postgres, message),
        kind => {
            Error::new(System::Postgres, kind, message, "Look for the SQLSTATE in the operator's and Postgres' logs.")
        }
    };
    match &error {
        // All is said, and a first start is no trouble to be warned of.
        Sql::Database(refusal) if matches!(refusal.code().as_deref(), Some(NO_SCHEMA | NO_TABLE)) => told,
        _ => told.because(error),
    }
}

/// `invalid_schema_name`
const NO_SCHEMA: &str = "3F000";
/// `undefined_table`
const NO_TABLE: &str = "42P01";

/// Classes of <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
fn by_code(code: &str) -> Kind {
    match code {
        // No privilege; a role that cannot be taken because it does not exist.
        "42501" | "22023" => Kind::Denied,
        // Two of us at once, seen by the catalogue before our locks do: the next attempt settles it.
        // Serialisation, deadlock, lock not available, cancelled.
        // A schema or table of ours that is made at the start, by this operator or another.
        "42P06" | "42710" | "23505" | "XX000" | "40001" | "40P01" | "55P03" | "57014" | "3F000" | "42P01" => {
            Kind::Unavailable
        }
        _ => match code.get(..2) {
            // Authentication.
            Some("28") => Kind::Denied,
            // Connection, resources, shutdown, system.
            Some("08" | "53" | "57" | "58") => Kind::Unavailable,
            _ => Kind::Invalid,
        },
    }
}

fn meaning(code: &str) -> String {
    match (code, by_code(code)) {
        ("22023", _) => "the role plexica_provisioner does not exist".into(),
        ("3D000", _) => "there is no such database".into(),
        ("42501", _) => "a privilege is missing".into(),
        (NO_SCHEMA | NO_TABLE, _) => "a table of Plexica's own is not there yet".into(),
        (_, Kind::Denied) => "the login was refused".into(),
        (_, Kind::Unavailable) => format!("it is busy or stopping (SQLSTATE {code})"),
        _ => format!("Postgres answered SQLSTATE {code}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_by_code() {
        for (code, kind) in [
            ("42501", Kind::Denied),
            ("42P01", Kind::Unavailable),
            ("28P01", Kind::Denied),
            ("28000", Kind::Denied),
            ("22023", Kind::Denied),
            ("08006", Kind::Unavailable),
            ("53300", Kind::Unavailable),
            ("57P01", Kind::Unavailable),
            ("57P03", Kind::Unavailable),
            ("40P01", Kind::Unavailable),
            ("55P03", Kind::Unavailable),
            ("XX000", Kind::Unavailable),
            ("42P01", Kind::Unavailable),
            ("42601", Kind::Invalid),
            ("3D000", Kind::Invalid),
            ("", Kind::Invalid),
        ] {
            assert_eq!(by_code(code), kind, "{code}");
        }
    }

    #[test]
    fn an_unreachable_server_is_unavailable() {
        for (error, why) in [
            (Sql::PoolClosed, "it cannot be reached"),
            (Sql::PoolTimedOut, "no connection came about in time: it is away, or busy"),
        ] {
            let error = failure("read the schema")(error);
            assert_eq!(error.kind, Kind::Unavailable);
            assert_eq!(error.to_string(), format!("Postgres: could not read the schema: {why}"));
        }
    }
}
