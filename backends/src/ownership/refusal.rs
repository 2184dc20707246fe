//! A refusal as an error.

use super::{Mark, Refusal};
use crate::{Error, Kind, System};

impl Refusal {
    /// The error for a condition; `object` is such as `schema tenant_acme`.
    pub fn into_error(self, system: System, object: &str) -> Error {
        let (kind, why, remedy) = match self {
            Self::Unmarked => (
                Kind::Conflict,
                "exists and carries no ownership mark of Plexica".to_owned(),
                format!("Rename or remove the {object}, or choose another name for the resource."),
            ),
            Self::Foreign(mark) => (
                Kind::Conflict,
                format!("belongs to {} {:?} of the installation {:?}", mark.kind, mark.name, mark.installation.name),
                "Choose another name for the resource, or delete that owner with deletionPolicy Delete.".to_owned(),
            ),
            Self::Elsewhere(Mark { installation, kind, name, .. }) => (
                Kind::Conflict,
                format!(
                    "belongs to {kind} {name:?} of the installation {:?} in another cluster, {}",
                    installation.name,
                    installation.cluster.as_deref().unwrap_or_default()
                ),
                "Give one of the two installations another id; or, if that cluster is gone for good, name it in the \
                 operator's PLEXICA_FORMER_CLUSTERS."
                    .to_owned(),
            ),
            Self::Earlier(_) => (
                Kind::AdoptionRefused,
                "was kept from an earlier resource of this name, and adoptionPolicy is Never".to_owned(),
                format!("Set adoptionPolicy to IfRetained to take it back, or remove the {object}."),
            ),
        };
        Error::new(system, kind, format!("the {object} {why}; it was not touched"), remedy)
    }
}
