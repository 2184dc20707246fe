//! A tenant that comes back in another database must not start empty while its data lies where it
//! was. Pure.

use k8s_openapi::api::core::v1::Namespace;
use plexica_backends::{
    object,
    ownership::{Found, Mark, Stamp},
};
use plexica_contract::name::postgres;
use plexica_crds::Reason;

use super::{Part, observe::Observed, validate::Valid};
use crate::problem::Problem;

/// Lets the schema be made only if no other database holds one of the tenant. One that cannot be
/// asked holds up a tenant that came back, and no new one. The namespace tells them apart, so until
/// this is settled it keeps the mark it has.
pub fn settle(observed: &mut Observed, valid: &Valid, elsewhere: Vec<(String, Part<Found>)>) {
    let mut problem = None;
    for (name, found) in elsewhere {
        match found {
            Ok(Found::Marked(stamp)) if is_the_tenants(&stamp, &valid.mark) => {
                problem = Some(misplaced(valid, &name));
                break;
            }
            Err(silent) if came_back(&observed.namespace, &valid.mark) => {
                problem = Some(silent.of_part(&format!("the database {name}, which may hold its data")));
            }
            Ok(_) | Err(_) => {}
        }
    }
    if let Some(problem) = problem {
        observed.database = Err(problem.clone());
        observed.namespace = Err(problem);
    }
}

fn misplaced(valid: &Valid, holder: &str) -> Problem {
    let Valid { slug, placement, .. } = valid;
    let schema = postgres::tenant(slug);
    Problem::new(
        Reason::Conflict,
        format!(
            "data of an earlier tenant {slug} lies in the database {holder:?} and this one is to be in {placement:?}: delete this tenant and apply it with spec.database.placement {holder:?} to take the data back, or remove the schema {schema} there."
        ),
    )
}

/// Whether it is of this or an earlier tenant of the name; one of another cluster is that one's for as long as it
/// is in use.
fn is_the_tenants(stamp: &Stamp, own: &Mark) -> bool {
    stamp.mark.same_name(own) && !stamp.is_in_use_elsewhere(own)
}

/// Whether the namespace is of an earlier tenant of the name, as far as can be known.
fn came_back(namespace: &Part<Option<Namespace>>, mark: &Mark) -> bool {
    let Ok(namespace) = namespace else { return true };
    match object::found(namespace.as_ref()) {
        Found::Marked(stamp) => !stamp.is_in_use_by(mark),
        Found::Absent | Found::Unmarked { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        fixture,
        tenant::{quota, validate::validate},
    };
    use jiff::Timestamp;

    fn down<T>() -> Part<T> {
        Err(Problem::new(Reason::BackendUnavailable, "no answer."))
    }

    fn observed(namespace: Part<Option<Namespace>>) -> Observed {
        let unread = || Problem::new(Reason::Pending, "not read.");
        Observed {
            database: Err(unread()),
            identity: Err(unread()),
            credentials: Err(unread()),
            storage: Err(unread()),
            namespace,
            secrets: Err(unread()),
            quota: quota::Observed::unlimited(),
        }
    }

    /// What is found in another database, the tenant's namespace, and what stands in the way.
    type Case = (Part<Found>, Part<Option<Namespace>>, Option<Reason>);

    fn marked(stamp: &Stamp) -> Namespace {
        let mut namespace = Namespace::default();
        object::stamp(&mut namespace.metadata, stamp);
        namespace
    }

    #[test]
    fn what_lies_elsewhere_is_named_and_who_is_silent_holds_up_who_came_back() {
        let valid = validate(&fixture::tenant("acme"), &fixture::settings()).unwrap();
        let (own, earlier) = (valid.mark.clone(), Mark { uid: "earlier".into(), ..valid.mark.clone() });
        let another = Mark { installation: "staging".into(), ..earlier.clone() };
        let kept = |mark: &Mark| Ok(Found::Marked(mark.retained(Timestamp::UNIX_EPOCH)));
        let (conflict, waits) = (Some(Reason::Conflict), Some(Reason::BackendUnavailable));
        let cases: Vec<Case> = vec![
            (Ok(Found::Absent), Ok(None), None),
            (Ok(Found::unmarked()), Ok(None), None),
            (kept(&another), Ok(None), None),
            (kept(&earlier), Ok(None), conflict),
            (Ok(Found::Marked(own.stamp())), Ok(Some(marked(&own.stamp()))), conflict),
            (down(), Ok(None), None),
            (down(), Ok(Some(Namespace::default())), None),
            (down(), Ok(Some(marked(&own.stamp()))), None),
            (down(), Ok(Some(marked(&own.retained(Timestamp::UNIX_EPOCH)))), waits),
            (down(), Ok(Some(marked(&earlier.retained(Timestamp::UNIX_EPOCH)))), waits),
            (down(), down(), waits),
        ];
        for (found, namespace, expected) in cases {
            let mut seen = observed(namespace.clone());
            let label = format!("{found:?} {namespace:?}");
            settle(&mut seen, &valid, vec![("archive".into(), Ok(Found::Absent)), ("eu".into(), found)]);
            let problem = seen.database.unwrap_err();
            assert_eq!((problem.reason != Reason::Pending).then_some(problem.reason), expected, "{label}");
            assert_eq!(seen.namespace != namespace, expected.is_some(), "it keeps its mark: {label}");
            assert!(expected.is_none() || problem.message.contains("eu"), "{problem}");
        }
    }
}
