//! Whether the data of a tenant may go for good. Pure.

use plexica_crds::{Reason, Tenant, label::CONFIRM_DELETION, tenant::DeletionPolicy};

use crate::problem::Problem;

/// What stands in the way of removing what is the tenant's: a name of the wrong tenant, typed or
/// applied by a script, must not be enough.
///
/// # Errors
/// When the policy is `Delete` and the annotation does not carry the tenant's name.
pub fn confirmed(tenant: &Tenant) -> Result<(), Problem> {
    let name = tenant.metadata.name.as_deref().unwrap_or_default();
    let annotation = tenant.metadata.annotations.as_ref().and_then(|annotations| annotations.get(CONFIRM_DELETION));
    match tenant.spec.deletion_policy {
        DeletionPolicy::Delete if annotation.is_none_or(|said| said != name) => Err(Problem::new(
            Reason::DeletionNotConfirmed,
            format!(
                "all data of {name} would go for good: annotate the tenant with {CONFIRM_DELETION}={name}, or set spec.deletionPolicy to Retain."
            ),
        )),
        DeletionPolicy::Delete | DeletionPolicy::Retain => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn only_the_tenants_own_name_confirms() {
        for (policy, said, holds) in [
            (DeletionPolicy::Retain, None, true),
            (DeletionPolicy::Retain, Some("globex"), true),
            (DeletionPolicy::Delete, None, false),
            (DeletionPolicy::Delete, Some(""), false),
            (DeletionPolicy::Delete, Some("true"), false),
            (DeletionPolicy::Delete, Some("globex"), false),
            (DeletionPolicy::Delete, Some("acme"), true),
        ] {
            let mut tenant = fixture::tenant("acme");
            tenant.spec.deletion_policy = policy;
            let said = said.map(|said| (CONFIRM_DELETION.to_owned(), said.to_owned()));
            tenant.metadata.annotations = Some(said.into_iter().collect());
            assert_eq!(confirmed(&tenant).is_ok(), holds, "{policy:?}");
        }
    }
}
