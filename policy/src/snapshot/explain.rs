//! How an answer comes about, for people who are asked why.

use serde::Serialize;
use serde_json::Value as Json;

use super::{Decision, Snapshot, access::within, decision::Reason};
use crate::{
    Condition, Grant, Request,
    condition::Unknown,
    policy::{Effect, Source},
};

/// All that makes an answer. It has no values of attributes: who may ask why need not see them.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// The answer.
    pub allowed: bool,
    /// Of which kind it is, if it is no.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// In a sentence.
    pub message: String,
    /// By which moment's roles and policies.
    pub version: u64,
    /// What gives the permission, in any scope.
    pub grants: Vec<ExplainedGrant>,
    /// All policies about it, those of the highest priority first.
    pub policies: Vec<ExplainedPolicy>,
}

/// A grant of the permission.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExplainedGrant {
    /// The user's role, and those from which it has it.
    pub by: Vec<String>,
    /// What is given.
    pub grant: Grant,
    /// Whether the resource is in its scope.
    pub applies: Applies,
}

/// A policy about the permission.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExplainedPolicy {
    /// Which.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it does if it applies.
    pub effect: Effect,
    /// Who made it.
    pub source: Source,
    /// Whether it applies, and why.
    pub condition: Trace,
}

/// Whether something applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Applies {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// An attribute is missing or of another kind.
    Unknown,
}

/// A condition, and what each part of it came to.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Trace {
    /// `all`, `any` or `not`; or the whole of a comparison.
    pub condition: Json,
    /// What it came to.
    pub applies: Applies,
    /// Why that cannot be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Its parts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Self>,
}

impl Snapshot {
    /// How the answer comes about.
    pub fn explain(&self, roles: &[String], request: &Request<'_>) -> Explanation {
        let decision = self.decide(roles, request);
        let grants = roles.iter().flat_map(|role| self.roles.effective(role));
        let grants = grants.filter_map(|effective| {
            let scope = effective.grant.gives(request.permission)?;
            let applies = Applies::from(&within(scope).holds(request));
            Some(ExplainedGrant { by: effective.by.clone(), grant: effective.grant.clone(), applies })
        });
        let policies = self.about(request.permission).map(|policy| ExplainedPolicy {
            id: policy.id.clone(),
            name: policy.name.clone(),
            effect: policy.effect,
            source: policy.source,
            condition: Trace::of(&policy.condition, request),
        });
        let (reason, message) = match &decision {
            Decision::Allowed => (None, "allowed".to_owned()),
            Decision::Denied(denial) => (Some(denial.reason()), denial.to_string()),
        };
        Explanation {
            allowed: decision.is_allowed(),
            reason,
            message,
            version: self.version,
            grants: grants.collect(),
            policies: policies.collect(),
        }
    }
}

impl From<&Result<bool, Unknown>> for Applies {
    fn from(holds: &Result<bool, Unknown>) -> Self {
        match holds {
            Ok(true) => Self::Yes,
            Ok(false) => Self::No,
            Err(_) => Self::Unknown,
        }
    }
}

impl Trace {
    fn of(condition: &Condition, request: &Request<'_>) -> Self {
        let holds = condition.holds(request);
        let several = |parts: &[Condition]| parts.iter().map(|part| Self::of(part, request)).collect();
        let (condition, parts) = match condition {
            Condition::All(parts) => (Json::from("all"), several(parts)),
            Condition::Any(parts) => (Json::from("any"), several(parts)),
            Condition::Not(part) => (Json::from("not"), vec![Self::of(part, request)]),
            Condition::Is(..) => (condition.to_json(), Vec::new()),
        };
        Self { condition, applies: Applies::from(&holds), why: holds.err().map(|why| why.to_string()), parts }
    }
}
