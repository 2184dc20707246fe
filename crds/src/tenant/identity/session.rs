//! How long tokens and sessions live.
#![expect(clippy::struct_field_names, reason = "the unit is part of the name, as in Kubernetes")]

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// How long tokens and sessions live.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("self.idleSeconds <= self.maxSeconds")
        .message("identity.sessions.idleSeconds (1800 if left out) must not be greater than maxSeconds (36000 if left out): a session ends then anyway"),
    validation = Rule::new("self.accessTokenSeconds <= self.idleSeconds")
        .message("identity.sessions.accessTokenSeconds (300 if left out) must not be greater than idleSeconds (1800 if left out): the token would outlive its session")
)]
pub struct Sessions {
    /// How long an access token is good for. It cannot be taken back before.
    #[serde(default = "access_token")]
    #[schemars(range(min = 30, max = 86400))]
    pub access_token_seconds: i32,
    /// After how long without use a session ends.
    #[serde(default = "idle")]
    #[schemars(range(min = 60, max = 2_592_000))]
    pub idle_seconds: i32,
    /// After how long a session ends, used or not.
    #[serde(default = "max")]
    #[schemars(range(min = 60, max = 31_536_000))]
    pub max_seconds: i32,
}

const fn access_token() -> i32 {
    300
}

const fn idle() -> i32 {
    1_800
}

const fn max() -> i32 {
    36_000
}

impl Default for Sessions {
    fn default() -> Self {
        Self { access_token_seconds: access_token(), idle_seconds: idle(), max_seconds: max() }
    }
}
