//! May it be touched? Pure: what was found in, what may be done out.

use plexica_crds::tenant::AdoptionPolicy;

use super::{Mark, Stamp};

/// What stands at an object's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing.
    Absent,
    /// An object without a mark.
    Unmarked {
        /// Who recorded, before creating it, that they would.
        intent: Option<Mark>,
        /// Whether it holds nothing yet.
        empty: bool,
    },
    /// An object with a mark.
    Marked(Stamp),
}

impl Found {
    /// An object without a mark that nobody announced.
    pub const fn unmarked() -> Self {
        Self::Unmarked { intent: None, empty: false }
    }
}

/// What may be done to bring an object to its desired state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is not there: create it.
    Create,
    /// It is ours.
    Keep,
    /// It was ours under another uid or in a cluster that is gone, or was retained: write the mark anew.
    Adopt,
    /// We created it and did not come to mark it: write the mark.
    Complete,
    /// It must not be touched.
    Refuse(Refusal),
}

/// Why an object must not be touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It has no mark.
    Unmarked,
    /// It has the mark of another owner.
    Foreign(Mark),
    /// It has the mark of an owner of this name in another cluster, which may still be there.
    Elsewhere(Mark),
    /// It has the mark of an earlier resource of this name, and `adoptionPolicy` is `Never`.
    Earlier(Mark),
}

/// What may be done with `found` on behalf of `owner`.
pub fn judge(found: &Found, owner: &Mark, adoption: AdoptionPolicy) -> Verdict {
    let taken_back = |verdict: Verdict, mark: &Mark| match adoption {
        AdoptionPolicy::IfRetained => verdict,
        AdoptionPolicy::Never => Verdict::Refuse(Refusal::Earlier(mark.clone())),
    };
    match found {
        Found::Absent => Verdict::Create,
        Found::Marked(Stamp { mark, retained_at: None }) if mark == owner => Verdict::Keep,
        Found::Marked(stamp) if stamp.is_in_use_elsewhere(owner) => {
            Verdict::Refuse(Refusal::Elsewhere(stamp.mark.clone()))
        }
        // The owner itself came back, by a restore or because its deletion was never finished.
        Found::Marked(Stamp { mark, .. }) if owner.is(mark) => Verdict::Adopt,
        Found::Marked(Stamp { mark, .. }) if mark.same_name(owner) => taken_back(Verdict::Adopt, mark),
        Found::Marked(Stamp { mark, .. }) => Verdict::Refuse(Refusal::Foreign(mark.clone())),
        Found::Unmarked { intent: Some(intent), empty: true } if owner.is(intent) => Verdict::Complete,
        Found::Unmarked { intent: Some(intent), empty: true }
            if intent.same_name(owner) && owner.installation.knows(&intent.installation) =>
        {
            taken_back(Verdict::Complete, intent)
        }
        Found::Unmarked { .. } => Verdict::Refuse(Refusal::Unmarked),
    }
}

/// What may be done with an object whose owner goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parting {
    /// It is not there any more.
    Gone,
    /// It is the owner's: keep or remove it, as the policy says.
    Part,
    /// It is the owner's and was marked as retained before.
    Retained,
    /// It is not this owner's: leave it alone.
    Leave,
}

/// What may be done with `found` when `owner` goes. An earlier owner's object that was never taken
/// back is not this owner's to remove.
pub fn judge_retired(found: &Found, owner: &Mark) -> Parting {
    match found {
        Found::Absent => Parting::Gone,
        Found::Marked(Stamp { mark, retained_at }) if owner.is(mark) => {
            if retained_at.is_some() {
                Parting::Retained
            } else {
                Parting::Part
            }
        }
        Found::Unmarked { intent: Some(intent), empty: true } if owner.is(intent) => Parting::Part,
        Found::Marked(_) | Found::Unmarked { .. } => Parting::Leave,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Installation;
    use super::*;
    use AdoptionPolicy::{IfRetained, Never};
    use jiff::Timestamp;

    fn mark(installation: &str, kind: &str, name: &str, uid: &str) -> Mark {
        Mark { installation: installation.into(), kind: kind.into(), name: name.into(), uid: uid.into() }
    }

    fn owner() -> Mark {
        mark("plexica", "Tenant", "acme", "1")
    }

    /// Every mark that differs from the owner's in each possible set of parts.
    fn marks() -> Vec<Mark> {
        (0..16_u8)
            .map(|bits| {
                let pick =
                    |bit: u8, same: &'static str, other: &'static str| if bits & bit == 0 { same } else { other };
                mark(
                    pick(1, "plexica", "staging"),
                    pick(2, "Tenant", "Plugin"),
                    pick(4, "acme", "beta"),
                    pick(8, "1", "2"),
                )
            })
            .collect()
    }

    #[test]
    fn nothing_there_is_created() {
        for adoption in [IfRetained, Never] {
            assert_eq!(judge(&Found::Absent, &owner(), adoption), Verdict::Create);
        }
        assert_eq!(judge_retired(&Found::Absent, &owner()), Parting::Gone);
    }

    #[test]
    fn every_mark_under_every_policy() {
        let owner = owner();
        for mark in marks() {
            for retained in [false, true] {
                let stamp = if retained { mark.retained(Timestamp::UNIX_EPOCH) } else { mark.stamp() };
                let found = Found::Marked(stamp);
                let same_name = mark.installation.name == "plexica" && mark.kind == "Tenant" && mark.name == "acme";
                let same_uid = mark.uid == "1";
                let refuse = if same_name { Refusal::Earlier(mark.clone()) } else { Refusal::Foreign(mark.clone()) };
                let (if_retained, never) = match (same_name, same_uid, retained) {
                    (true, true, false) => (Verdict::Keep, Verdict::Keep),
                    (true, true, true) => (Verdict::Adopt, Verdict::Adopt),
                    (true, false, _) => (Verdict::Adopt, Verdict::Refuse(refuse)),
                    (false, _, _) => (Verdict::Refuse(refuse.clone()), Verdict::Refuse(refuse)),
                };
                assert_eq!(judge(&found, &owner, IfRetained), if_retained, "{found:?}");
                assert_eq!(judge(&found, &owner, Never), never, "{found:?}");
                let parting = match (same_name && same_uid, retained) {
                    (true, false) => Parting::Part,
                    (true, true) => Parting::Retained,
                    (false, _) => Parting::Leave,
                };
                assert_eq!(judge_retired(&found, &owner), parting, "{found:?}");
            }
        }
    }

    /// The owner of this name and uid, or of another uid, as a resource of that cluster.
    fn of_cluster(cluster: Option<&str>, uid: &str) -> Mark {
        let installation = Installation { cluster: cluster.map(str::to_owned), ..Installation::from("plexica") };
        Mark { installation, uid: uid.into(), ..owner() }
    }

    #[test]
    fn what_another_cluster_has_in_use_is_its_own_until_somebody_says_that_it_is_gone() {
        let here = of_cluster(Some("here"), "1");
        let mut heir = here.clone();
        heir.installation.former_clusters.push("there".into());
        for uid in ["1", "2"] {
            let there = of_cluster(Some("there"), uid);
            let (in_use, retained) =
                (Found::Marked(there.stamp()), Found::Marked(there.retained(Timestamp::UNIX_EPOCH)));
            let announced = Found::Unmarked { intent: Some(there.clone()), empty: true };
            for adoption in [IfRetained, Never] {
                assert_eq!(judge(&in_use, &here, adoption), Verdict::Refuse(Refusal::Elsewhere(there.clone())));
                assert_eq!(judge(&announced, &here, adoption), Verdict::Refuse(Refusal::Unmarked));
            }
            assert_eq!(judge(&retained, &here, IfRetained), Verdict::Adopt, "nobody's any more");
            assert_eq!(judge(&in_use, &heir, IfRetained), Verdict::Adopt);
            assert_eq!(judge(&announced, &heir, IfRetained), Verdict::Complete);
            assert_eq!(judge_retired(&in_use, &here), Parting::Leave);
            assert_eq!(judge_retired(&announced, &here), Parting::Leave);
        }
        // What is the installation's own, as a login, has the same uid in each cluster.
        let login = Found::Marked(of_cluster(Some("there"), "1").stamp());
        assert_eq!(judge_retired(&login, &heir), Parting::Part);
    }

    #[test]
    fn a_mark_that_names_no_cluster_is_completed() {
        let (here, found) = (of_cluster(Some("here"), "1"), Found::Marked(of_cluster(None, "1").stamp()));
        for adoption in [IfRetained, Never] {
            assert_eq!(judge(&found, &here, adoption), Verdict::Adopt);
        }
        assert_eq!(judge_retired(&found, &here), Parting::Part);
        assert_eq!(judge(&Found::Marked(here.stamp()), &here, Never), Verdict::Keep);
    }

    #[test]
    fn every_unmarked_object_under_every_intent() {
        let owner = owner();
        for intent in marks().into_iter().map(Some).chain([None]) {
            for empty in [true, false] {
                let same_name = intent.as_ref().is_some_and(|intent| intent.same_name(&owner));
                let same = intent.as_ref() == Some(&owner);
                let found = Found::Unmarked { intent: intent.clone(), empty };
                let unmarked = Verdict::Refuse(Refusal::Unmarked);
                let (if_retained, never) = match (&intent, empty && same_name, same) {
                    (Some(_), true, true) => (Verdict::Complete, Verdict::Complete),
                    (Some(intent), true, false) => {
                        (Verdict::Complete, Verdict::Refuse(Refusal::Earlier(intent.clone())))
                    }
                    _ => (unmarked.clone(), unmarked),
                };
                assert_eq!(judge(&found, &owner, IfRetained), if_retained, "{found:?}");
                assert_eq!(judge(&found, &owner, Never), never, "{found:?}");
                let parting = if empty && same { Parting::Part } else { Parting::Leave };
                assert_eq!(judge_retired(&found, &owner), parting, "{found:?}");
            }
        }
    }
}
