//! Parts of an object that goes which a person has given up on. Pure.

use kube::{Resource, ResourceExt};
use plexica_crds::{Reason, label::ABANDON};

use crate::problem::Problem;

/// The parts that the annotation names, of those there are.
///
/// # Errors
/// When it names another: a slip of the pen must not be taken for consent to lose something else.
pub fn abandoned<K: Resource>(object: &K, known: &[&'static str]) -> Result<Vec<&'static str>, Problem> {
    let Some(said) = object.annotations().get(ABANDON) else { return Ok(Vec::new()) };
    let words = said.split(',').map(str::trim).filter(|word| !word.is_empty());
    words
        .map(|word| {
            known.iter().copied().find(|part| *part == word).ok_or_else(|| {
                let message = format!("the annotation {ABANDON} names {word:?}, and there is {}.", known.join(", "));
                Problem::new(Reason::UnknownPart, message)
            })
        })
        .collect()
}

/// Which client set the annotation, as far as the object says: who was signed in stands in the API
/// server's audit log only.
pub fn abandoned_by<K: Resource>(object: &K) -> Option<&str> {
    let field = format!("f:{ABANDON}");
    let set = |fields: &serde_json::Value| !fields["f:metadata"]["f:annotations"][&field].is_null();
    object
        .managed_fields()
        .iter()
        .find(|entry| entry.fields_v1.as_ref().is_some_and(|fields| set(&fields.0)))
        .and_then(|entry| entry.manager.as_deref())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::{FieldsV1, ManagedFieldsEntry};
    use serde_json::json;

    const KNOWN: [&str; 2] = ["database", "storage"];

    #[test]
    fn known_parts_and_nothing_else() {
        for (said, parts) in [
            (None, Some(vec![])),
            (Some(""), Some(vec![])),
            (Some("database"), Some(vec!["database"])),
            (Some(" storage , database,"), Some(vec!["storage", "database"])),
            (Some("Database"), None),
            (Some("database;storage"), None),
            (Some("database,everything"), None),
            (Some("true"), None),
        ] {
            let mut tenant = fixture::tenant("acme");
            tenant.annotations_mut().extend(said.map(|said| (ABANDON.to_owned(), said.to_owned())));
            let found = abandoned(&tenant, &KNOWN);
            assert_eq!(found.as_ref().ok(), parts.as_ref(), "{said:?}");
            if let Err(problem) = found {
                assert_eq!(problem.reason, Reason::UnknownPart);
                assert!(problem.message.contains("there is database, storage."), "{problem}");
            }
        }
    }

    #[test]
    fn who_set_it_is_the_fields_manager() {
        let mut tenant = fixture::tenant("acme");
        assert_eq!(abandoned_by(&tenant), None);
        let entry = |manager: &str, annotation: &str| ManagedFieldsEntry {
            manager: Some(manager.into()),
            fields_v1: Some(FieldsV1(json!({ "f:metadata": { "f:annotations": { annotation: {} } } }))),
            ..ManagedFieldsEntry::default()
        };
        *tenant.managed_fields_mut() =
            vec![entry("argocd", "f:other"), entry("kubectl-annotate", "f:plexica.io/abandon")];
        assert_eq!(abandoned_by(&tenant), Some("kubectl-annotate"));
    }
}
