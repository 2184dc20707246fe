//! Which plan is wanted, and which is in force. Pure.

use plexica_crds::{Tenant, tenant::PlanStatus};

use crate::{
    plans::{Definition, Plans},
    problem::Problem,
    tenant::Part,
};

/// The plan in force, and the one that is wanted.
#[derive(Clone, Debug)]
pub struct Change {
    /// The one in force.
    pub in_force: Option<PlanStatus>,
    /// The one of the spec.
    pub wanted: Part<Definition>,
}

impl Change {
    /// Of a tenant, while there are these plans.
    ///
    /// # Errors
    /// A tenant that is not there yet is not begun with a plan that nobody knows. One that is there goes
    /// on as it is, and says so.
    pub fn of(tenant: &Tenant, plans: &Plans) -> Result<Self, Problem> {
        let wanted = plans.get(&tenant.spec.plan);
        let status = tenant.status.as_ref();
        let begun = status.is_some_and(|status| status.plan.is_some() || !status.applied.is_empty());
        match wanted {
            Err(problem) if !begun => Err(problem),
            wanted => Ok(Self { in_force: status.and_then(|status| status.plan.clone()), wanted }),
        }
    }

    /// The plan that is to come into force, if it is another.
    pub fn due(&self) -> Option<&Definition> {
        let wanted = self.wanted.as_ref().ok()?;
        (!self.in_force.as_ref().is_some_and(|in_force| wanted.is(in_force))).then_some(wanted)
    }

    /// Whether there may be, or is to be, something in the namespace. While none is in force nobody knows
    /// what an earlier tenant or an attempt has left there.
    pub fn reaches_namespace(&self) -> bool {
        let in_force = self.in_force.as_ref().is_none_or(|plan| !plan.limits.resources.is_empty());
        in_force || self.due().is_some_and(|plan| !plan.limits.resources.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use plexica_crds::Reason;

    #[test]
    fn who_is_there_goes_on_and_who_is_not_is_not_begun() {
        let plans = fixture::plans("standard: {}\ngold: { quotas: { users: 5 }, resources: { limits: { cpu: 1 } } }");
        let gold = || Some(fixture::in_force("gold", &plans));
        let cases = [
            // (spec, in force, begun, what is due or the error)
            ("gold", None, false, Ok(Some("gold"))),
            ("gold", None, true, Ok(Some("gold"))),
            ("gold", gold(), true, Ok(None)),
            ("standard", gold(), true, Ok(Some("standard"))),
            ("brass", gold(), true, Ok(None)),
            ("brass", None, true, Ok(None)),
            ("brass", None, false, Err(Reason::UnknownPlan)),
        ];
        for (name, in_force, begun, expected) in cases {
            let mut tenant = fixture::tenant("acme");
            tenant.spec.plan = name.into();
            let status = tenant.status.get_or_insert_default();
            status.plan.clone_from(&in_force);
            if begun {
                status.applied.insert("database".into(), "1".into());
            }
            let change = Change::of(&tenant, &plans);
            let due = change.as_ref().map(|change| change.due().map(|plan| plan.name.as_str()));
            assert_eq!(due.map_err(|problem| problem.reason), expected, "{name} {in_force:?} {begun}");
            if let Ok(change) = change {
                assert_eq!(change.wanted.is_err(), name == "brass");
                assert!(change.reaches_namespace(), "{name}: gold's are there or are to be");
            }
        }
        let mut tenant = fixture::tenant("acme");
        tenant.status.get_or_insert_default().plan = Some(fixture::in_force("standard", &plans));
        assert!(!Change::of(&tenant, &plans).unwrap().reaches_namespace());
    }
}
