//! The answer.

use std::sync::Arc;

use serde::Serialize;

use crate::{
    Scope,
    condition::Unknown,
    policy::{Policy, Source},
};

/// The answer to a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// Yes.
    Allowed,
    /// No.
    Denied(Denial),
}

/// Why not.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Denial {
    /// No role gives the permission.
    #[error("none of the roles gives this permission")]
    NotGranted,
    /// Roles give it for other resources.
    #[error("the roles give this permission for {} resources alone", .scope)]
    OutOfScope {
        /// The widest in which they give it.
        scope: Scope,
        /// What could not be told.
        unknown: Option<Unknown>,
    },
    /// A policy denies it.
    #[error("policy {:?} denies it", .policy.id)]
    Policy {
        /// Which.
        policy: Arc<Policy>,
        /// What could not be told.
        unknown: Option<Unknown>,
    },
    /// None of a source's policies that allow it applies.
    #[error("no policy that allows it applies ({source:?})", source = .of)]
    NoneAllows {
        /// Whose.
        of: Source,
        /// What could not be told of one of them.
        unknown: Option<Unknown>,
    },
}

/// Which kind of denial, for logs and metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Reason {
    /// [`Denial::NotGranted`]
    NotGranted,
    /// [`Denial::OutOfScope`]
    OutOfScope,
    /// [`Denial::Policy`]
    Policy,
    /// [`Denial::NoneAllows`]
    NoneAllows,
}

impl Decision {
    /// Whether it is yes.
    pub const fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed)
    }
}

impl Denial {
    /// Which kind it is.
    pub const fn reason(&self) -> Reason {
        match self {
            Self::NotGranted => Reason::NotGranted,
            Self::OutOfScope { .. } => Reason::OutOfScope,
            Self::Policy { .. } => Reason::Policy,
            Self::NoneAllows { .. } => Reason::NoneAllows,
        }
    }

    /// What could not be told, which is to be reported: a policy or a resource is not as it should be.
    pub const fn unknown(&self) -> Option<&Unknown> {
        match self {
            Self::NotGranted => None,
            Self::OutOfScope { unknown, .. } | Self::Policy { unknown, .. } | Self::NoneAllows { unknown, .. } => {
                unknown.as_ref()
            }
        }
    }
}
