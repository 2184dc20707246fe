//! What the plugin answers.

use serde::{Deserialize, Serialize};

/// The body of a 200 or 202 answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "lowercase")]
pub enum Response {
    /// 200: it is done (or was already).
    Done {
        /// Of [`Action::Configure`](super::Action::Configure) alone: the new configuration counts in
        /// processes that are started from now on, so that they are to be started.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        restart: bool,
    },
    /// 202: it takes longer; ask again at `poll`.
    Pending {
        /// A path below [`crate::path::LIFECYCLE`].
        poll: String,
        /// How far it is, for people.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
    },
}
