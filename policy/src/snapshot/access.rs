//! What is to be looked at for some roles and a permission.

use std::{collections::BTreeSet, sync::Arc};

use super::{Decision, Denial, Snapshot};
use crate::{
    Attribute, Condition, Permission, Policy, Request, Scope,
    condition::{Operand, Test, Unknown},
    policy::{Effect, Source},
};

/// What is to be looked at for some roles and a permission.
#[derive(Debug)]
pub struct Access {
    /// In which scope roles give the permission, and when a resource is in it.
    pub(super) scope: Option<(Scope, Condition)>,
    pub(super) denies: Vec<Arc<Policy>>,
    /// Those that allow, of each source that has any.
    pub(super) allows: Vec<(Source, Vec<Arc<Policy>>)>,
    fields: Vec<Arc<Policy>>,
}

/// What of a resource is not shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    /// Left out.
    pub hidden: BTreeSet<String>,
    /// There, without what they are.
    pub masked: BTreeSet<String>,
}

impl Access {
    pub(super) fn new(snapshot: &Snapshot, roles: &[String], permission: &Permission) -> Self {
        let scope = snapshot.roles.gives(roles.iter().map(String::as_str), permission);
        let of = |effect: Effect| snapshot.about(permission).filter(move |policy| policy.effect == effect).cloned();
        let sources: BTreeSet<_> = of(Effect::Allow).map(|policy| policy.source).collect();
        let allows = |source| (source, of(Effect::Allow).filter(|policy| policy.source == source).collect());
        Self {
            scope: scope.map(|scope| (scope, within(scope))),
            denies: of(Effect::Deny).collect(),
            allows: sources.into_iter().map(allows).collect(),
            fields: of(Effect::Hide).chain(of(Effect::Mask)).collect(),
        }
    }

    /// Whether this may be done.
    pub fn decide(&self, request: &Request<'_>) -> Decision {
        self.denial(request).map_or(Decision::Allowed, Decision::Denied)
    }

    fn denial(&self, request: &Request<'_>) -> Option<Denial> {
        let Some((scope, within)) = &self.scope else { return Some(Denial::NotGranted) };
        match within.holds(request) {
            Ok(true) => {}
            other => return Some(Denial::OutOfScope { scope: *scope, unknown: other.err() }),
        }
        for policy in &self.denies {
            match policy.condition.holds(request) {
                Ok(false) => {}
                other => return Some(Denial::Policy { policy: policy.clone(), unknown: other.err() }),
            }
        }
        self.allows.iter().find_map(|(source, policies)| none_allows(*source, policies, request))
    }

    /// What of the resource is not shown. A policy of which it cannot be told whether it applies, does.
    pub fn fields(&self, request: &Request<'_>) -> Fields {
        let mut fields = Fields::default();
        for policy in self.fields.iter().filter(|policy| policy.condition.holds(request) != Ok(false)) {
            let named = if policy.effect == Effect::Hide { &mut fields.hidden } else { &mut fields.masked };
            named.extend(policy.fields.iter().cloned());
        }
        fields.masked.retain(|field| !fields.hidden.contains(field));
        fields
    }
}

fn none_allows(of: Source, policies: &[Arc<Policy>], request: &Request<'_>) -> Option<Denial> {
    let mut unknown: Option<Unknown> = None;
    for policy in policies {
        match policy.condition.holds(request) {
            Ok(true) => return None,
            Ok(false) => {}
            Err(why) => unknown = unknown.or(Some(why)),
        }
    }
    Some(Denial::NoneAllows { of, unknown })
}

/// When a resource is in a scope.
pub(super) fn within(scope: Scope) -> Condition {
    let resource = |name: &str| Attribute::Resource(name.into());
    let user = |name: &str| Operand::Attribute(Attribute::User(name.into()));
    let own = Condition::Is(resource("owner"), Test::Equals(user("id")));
    match scope {
        Scope::Own => own,
        Scope::Team => Condition::Any(vec![own, Condition::Is(resource("team"), Test::In(user("teams")))]),
        Scope::All => Condition::always(),
    }
}
