//! What the state of its owners means for an object. Pure.

use crate::prepare::Propagation;

/// One owner of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// It is there, or nobody here can tell (a kind that is not served).
    Solid,
    /// It is not there.
    Absent,
    /// It is going away and waits for this object.
    Waiting,
}

/// What to do about an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Nothing.
    Keep,
    /// Forget the owners that are gone or going: another one still holds it.
    Detach,
    /// Delete it.
    Delete(Propagation),
}

/// Decides. `finalizers` are the object's own; `dependents` whether anything depends on it.
pub(super) fn decide(owners: &[Owner], finalizers: &[String], dependents: bool) -> Action {
    let has = |wanted: Owner| owners.contains(&wanted);
    if !(has(Owner::Absent) || has(Owner::Waiting)) {
        return Action::Keep;
    }
    if has(Owner::Solid) {
        return Action::Detach;
    }
    if has(Owner::Waiting) && dependents {
        return Action::Delete(Propagation::Foreground);
    }
    if finalizers.iter().any(|one| one == "orphan") {
        Action::Delete(Propagation::Orphan)
    } else if finalizers.iter().any(|one| one == "foregroundDeletion") {
        Action::Delete(Propagation::Foreground)
    } else {
        Action::Delete(Propagation::Background)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_decide() {
        use Owner::{Absent, Solid, Waiting};
        let cases: [(&[Owner], bool, Action); 7] = [
            (&[], false, Action::Keep),
            (&[Solid], false, Action::Keep),
            (&[Absent], false, Action::Delete(Propagation::Background)),
            (&[Absent, Solid], false, Action::Detach),
            (&[Waiting, Solid], true, Action::Detach),
            (&[Waiting], true, Action::Delete(Propagation::Foreground)),
            (&[Waiting, Absent], false, Action::Delete(Propagation::Background)),
        ];
        for (owners, dependents, expected) in cases {
            assert_eq!(decide(owners, &[], dependents), expected, "{owners:?}");
        }
        let orphan = ["orphan".to_owned()];
        let expected = Action::Delete(Propagation::Orphan);
        assert_eq!(decide(&[Absent], &orphan, true), expected);
    }
}
