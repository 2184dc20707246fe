//! The decision. Pure.

use std::collections::BTreeMap;

use plexica_crds::tenant::DriftPolicy;

/// What is done about a part that may differ from what it is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    /// It was brought to something else, or to nothing yet, or nobody knows: what differs is work.
    Apply,
    /// It was brought to exactly this: what differs is drift, and is brought back.
    Repair,
    /// The same, and it is left as it is.
    Report,
}

/// The course for a part with the digest of what it was brought to last and of what it is to be.
/// What has no digest cannot be changed by anybody else.
pub fn course(policy: DriftPolicy, last: Option<&str>, wanted: Option<&str>) -> Course {
    match (last, wanted, policy) {
        (Some(last), Some(wanted), DriftPolicy::Repair) if last == wanted => Course::Repair,
        (Some(last), Some(wanted), DriftPolicy::Report) if last == wanted => Course::Report,
        _ => Course::Apply,
    }
}

/// A part, what it is to be, and what is done about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aim {
    /// The part.
    pub part: &'static str,
    /// Digest of what it is to be.
    pub digest: Option<String>,
    /// What is done.
    pub course: Course,
}

/// What the parts of a resource were brought to last, and its policy.
#[derive(Clone, Debug)]
pub struct Record {
    policy: DriftPolicy,
    applied: BTreeMap<String, String>,
}

impl Record {
    /// From the resource's status.
    pub fn new(policy: DriftPolicy, applied: Option<&BTreeMap<String, String>>) -> Self {
        Self { policy, applied: applied.cloned().unwrap_or_default() }
    }

    /// What is done about a part that is to be what the digest says.
    pub fn aim(&self, part: &'static str, digest: Option<String>) -> Aim {
        let last = self.applied.get(part).map(String::as_str);
        Aim { part, course: course(self.policy, last, digest.as_deref()), digest }
    }
}

/// The record without some parts; `None` if it holds none of them.
pub fn without(applied: &BTreeMap<String, String>, parts: &[&str]) -> Option<BTreeMap<String, String>> {
    let mut left = applied.clone();
    left.retain(|part, _| !parts.contains(&part.as_str()));
    (left.len() < applied.len()).then_some(left)
}

#[cfg(test)]
mod tests {
    use super::*;
    use DriftPolicy::{Repair, Report};

    #[test]
    fn only_what_was_brought_to_the_same_can_have_drifted() {
        for (last, wanted, repair, report) in [
            // Never brought to anything.
            (None, Some("a"), Course::Apply, Course::Apply),
            // Another spec, configuration or release; adoption under a new uid; new keys.
            (Some("a"), Some("b"), Course::Apply, Course::Apply),
            (Some("a"), Some("a"), Course::Repair, Course::Report),
            // Nothing that outlives the operator.
            (None, None, Course::Apply, Course::Apply),
            (Some("a"), None, Course::Apply, Course::Apply),
        ] {
            for (policy, expected) in [(Repair, repair), (Report, report)] {
                assert_eq!(course(policy, last, wanted), expected, "{policy:?} {last:?} {wanted:?}");
                let applied: BTreeMap<_, _> =
                    last.into_iter().map(|last| ("database".to_owned(), last.to_owned())).collect();
                let record = Record::new(policy, Some(&applied));
                assert_eq!(record.aim("database", wanted.map(str::to_owned)).course, expected);
                assert_eq!(record.aim("identity", wanted.map(str::to_owned)).course, Course::Apply);
            }
        }
    }

    #[test]
    fn what_is_about_to_change_is_forgotten_and_the_rest_is_not() {
        let applied =
            BTreeMap::from([("a", "1"), ("b", "2")].map(|(part, digest)| (part.to_owned(), digest.to_owned())));
        assert_eq!(without(&applied, &[]), None);
        assert_eq!(without(&applied, &["c"]), None);
        let left = without(&applied, &["a", "c"]).unwrap();
        assert_eq!(left.keys().collect::<Vec<_>>(), ["b"]);
    }
}
