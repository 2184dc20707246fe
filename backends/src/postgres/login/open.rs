//! Whether the login's password opens the database: what was set of it is known, and not what somebody set after that.

use std::time::Duration;

use sqlx::{Connection, Error as Sql, PgConnection};

use super::{Desired, Observed};
use crate::Result;
use crate::postgres::Provisioner;
use crate::postgres::failure::failure;
use crate::postgres::scram;

/// `invalid_password`: the one refusal that a password can cause.
const WRONG: &str = "28P01";
/// How long to wait for a connection.
const PATIENCE: Duration = Duration::from_secs(5);

/// Signs in as the plugin does, from where the operator is. `None` where Postgres refuses for another reason, as by
/// address (`pg_hba.conf`) or for too many connections, and where it takes its time, as under load: that says nothing
/// about the password.
pub async fn opens(provisioner: &Provisioner, desired: &Desired) -> Result<Option<bool>> {
    let doing = format!("sign in as {}", desired.login.name());
    let (name, password) = (desired.login.name(), desired.password.reveal());
    let options = provisioner.connect_options()?.username(&name).password(password);
    let connecting = PgConnection::connect_with(&options);
    let Ok(connected) = tokio::time::timeout(PATIENCE, connecting).await else { return Ok(None) };
    match connected {
        Ok(connection) => connection.close().await.map_err(failure(&doing)).map(|()| Some(true)),
        Err(Sql::Database(refusal)) => Ok((refusal.code().as_deref() == Some(WRONG)).then_some(false)),
        Err(error) => Err(failure(&doing)(error)),
    }
}

impl Observed {
    /// Whether it should open, by what was set last and by the role's options.
    pub fn is_given(&self, desired: &Desired) -> bool {
        self.wrong.is_empty() && self.password.as_ref() == Some(&scram::digest(&desired.password))
    }

    /// The same, when it does not open: somebody has set another password.
    #[must_use]
    pub fn locked_out(self) -> Self {
        Self { locked_out: true, ..self }
    }
}
