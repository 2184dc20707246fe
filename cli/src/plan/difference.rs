//! One resource of a plan.

use serde::Serialize;

/// What would become of a resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// `plugininstall/tenant-acme/crm`.
    pub resource: String,
    pub action: Kind,
    /// What comes to be: schemas, realms, workloads.
    pub created: Vec<String>,
    /// Whose data goes from which version to which.
    pub migrated: Vec<String>,
    /// Permissions that come into force.
    pub granted: Vec<String>,
    /// What a version wants more than the one before, and does not get until somebody says so.
    pub asked: Vec<String>,
    /// What of the tenant's data a version may use that is new to the tenant.
    pub data: Vec<String>,
    /// Addresses that answer from then on.
    pub routed: Vec<String>,
    /// Workloads that are started anew.
    pub restarted: Vec<String>,
    /// What is not there any more afterwards: permissions, routes, data.
    pub lost: Vec<String>,
    /// Plugins that would have to be installed as well.
    pub needs: Vec<String>,
    /// Other fields of the spec that differ.
    pub fields: Vec<String>,
    /// What people should know, or why it is refused.
    pub notes: Vec<String>,
}

/// In a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    Create,
    Change,
    Unchanged,
    Refused,
}

impl Kind {
    pub const fn sign(self) -> char {
        match self {
            Self::Create => '+',
            Self::Change => '~',
            Self::Unchanged => '=',
            Self::Refused => '!',
        }
    }
}

impl Change {
    pub fn of(resource: String, action: Kind) -> Self {
        let none = Vec::new;
        Self {
            resource,
            action,
            created: none(),
            migrated: none(),
            granted: none(),
            asked: none(),
            data: none(),
            routed: none(),
            restarted: none(),
            lost: none(),
            needs: none(),
            fields: none(),
            notes: none(),
        }
    }

    /// Each effect with its word, in the order of doing.
    pub fn effects(&self) -> Vec<(&'static str, &[String])> {
        let Self {
            resource: _,
            action: _,
            created,
            migrated,
            granted,
            asked,
            data,
            routed,
            restarted,
            lost,
            needs,
            fields,
            notes,
        } = self;
        let all: [(&'static str, &[String]); 11] = [
            ("needs", needs),
            ("creates", created),
            ("restarts", restarted),
            ("migrates", migrated),
            ("grants", granted),
            ("asks for", asked),
            ("data", data),
            ("routes", routed),
            ("loses", lost),
            ("sets", fields),
            ("note", notes),
        ];
        all.into_iter().filter(|(_, what)| !what.is_empty()).collect()
    }

    /// Whether anything would happen: what is only said of it does not.
    pub fn is_nothing(&self) -> bool {
        self.effects().iter().all(|(word, _)| matches!(*word, "data" | "note"))
    }
}
