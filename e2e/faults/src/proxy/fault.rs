//! What can happen to a call.

use std::time::Duration;

use clap::ValueEnum;

/// The system that is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum System {
    /// By its own protocol.
    Postgres,
    /// Its Admin API.
    Keycloak,
    /// The object store and its STS.
    S3,
    /// The API server.
    Kubernetes,
}

impl System {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Postgres, Self::Keycloak, Self::S3, Self::Kubernetes];

    /// Whether tenants have parts there, and nothing else does: not even the resources.
    pub const fn is_for_tenants_alone(self) -> bool {
        matches!(self, Self::Keycloak | Self::S3)
    }

    /// Whether a tenant's identity settings and domains need nothing of it.
    pub const fn is_left_alone_by_identity(self) -> bool {
        matches!(self, Self::Postgres | Self::S3)
    }
}

/// How a whole system is down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outage {
    /// Connections are cut, and new ones too.
    Closed,
    /// Connections are taken, nothing is answered and nothing is cut; when it is over, what was sent meanwhile
    /// is lost, and its connections are cut.
    Silent,
}

impl Outage {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Closed, Self::Silent];
}

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Fault {
    /// It takes [`DELAY`] longer.
    Delay,
    /// The connection is cut before the call gets anywhere.
    Reset,
    /// Refused for now: 429, or Postgres' `too_many_connections`.
    TooMany,
    /// 500, or Postgres' `admin_shutdown`.
    ServerError,
    /// It is taken and never answered; the connection is cut after [`PATIENCE`].
    TimeOut,
    /// It is done, and the connection is cut before the answer.
    LostReply,
    /// 409 to what would write, as to somebody who acts on what is no longer so; alone of Kubernetes.
    Conflict,
    /// It stands still for [`PAUSE`] and is done then, whether anybody waits for the answer or not.
    Pause,
}

impl Fault {
    /// Those that are over within seconds, of whatever system and whether it writes or not.
    pub const SHORT: [Self; 6] =
        [Self::Delay, Self::Reset, Self::TooMany, Self::ServerError, Self::TimeOut, Self::LostReply];
}

/// How much longer a delayed call takes.
pub const DELAY: Duration = Duration::from_secs(2);
/// How long a call that is never answered is kept: less than the operator waits, as a load balancer
/// in between would.
pub const PATIENCE: Duration = Duration::from_secs(8);

/// How long a call stands still: longer than the operator waits for Keycloak and the object store, so
/// that it is done after the operator has gone on without it. For the others it is a long delay.
pub const PAUSE: Duration = Duration::from_secs(35);

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It goes through.
    Pass,
    /// It fails.
    Fail(Fault),
    /// The caller is killed before it gets anywhere.
    KillBefore,
    /// It is done, and the caller is killed before the answer.
    KillAfter,
    /// It gets nowhere, and its caller is about to be killed.
    Hold,
}
