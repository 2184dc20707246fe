//! A schema and the NOLOGIN role that works in it: what tenants and plugins of tenants have in common.

mod observe;
mod plan;
mod retire;

use plexica_crds::tenant::AdoptionPolicy;

use super::role_admin::Statement;
use crate::Changes;
use crate::ownership::{Found, Mark, Stamp};

pub(super) use observe::{found, marked, observe};
pub(super) use plan::plan;
pub(super) use retire::{drop_role, retire};

/// The role that owns every schema.
pub const PROVISIONER: &str = "plexica_provisioner";

/// What should be there.
#[derive(Clone, Debug)]
pub(super) struct Space<'a> {
    /// Name of both the schema and its role.
    pub name: String,
    /// What the role may do in the schema: `USAGE`, `CREATE`.
    pub privileges: &'static [&'static str],
    /// A role that may take this one.
    pub member: Option<&'static str>,
    /// The owner.
    pub mark: &'a Mark,
    /// Whether an earlier owner's is taken back.
    pub adoption: AdoptionPolicy,
}

/// What is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    pub(super) schema: Found,
    pub(super) role: Found,
    /// A schema with a mark of ours that was handed to another role of ours.
    pub(super) astray: Option<Astray>,
    /// Whose the schema is, if it is not the provisioner's.
    pub(super) stranger: Option<String>,
    /// What the role may do in the schema.
    pub(super) privileges: Vec<String>,
    /// What everybody may do in the schema, which must be nothing.
    pub(super) public: Vec<String>,
    /// Pairs of table and privilege that the role was granted in the schema.
    pub(super) tables: Vec<(String, String)>,
    /// Roles that may take this one, other than the provisioner and who administers it.
    pub(super) members: Vec<String>,
    /// Whether the role can sign in, which it must not.
    pub(super) can_login: bool,
    /// Migrations of the platform applied in the schema, with checksums.
    pub(super) applied: Vec<(i32, Vec<u8>)>,
}

impl Observed {
    /// Neither schema nor role.
    pub const fn absent() -> Self {
        Self {
            schema: Found::Absent,
            role: Found::Absent,
            astray: None,
            stranger: None,
            privileges: Vec::new(),
            public: Vec::new(),
            tables: Vec::new(),
            members: Vec::new(),
            can_login: false,
            applied: Vec::new(),
        }
    }

    /// What stands at the schema's name.
    pub const fn schema(&self) -> &Found {
        &self.schema
    }

    /// Whether one of the two is not there.
    pub fn is_missing(&self) -> bool {
        self.schema == Found::Absent || self.role == Found::Absent
    }

    /// The role that holds the owner's schema and has to give it back. Ours to the letter: nothing of an
    /// earlier owner is taken back on the word of another role.
    pub(super) fn astray_from(&self, owner: &Mark) -> Option<&str> {
        let Astray { owner: holder, stamp } = self.astray.as_ref()?;
        stamp.is_in_use_by(owner).then_some(holder)
    }

    /// Roles that may take this one, other than the provisioner and who administers it.
    pub fn members(&self) -> &[String] {
        &self.members
    }

    /// What stands at the role's name.
    pub const fn role(&self) -> &Found {
        &self.role
    }
}

/// A schema of ours that is another role's, which is ours as well: none of them can write the mark of
/// a role, so nobody but a superuser handed it over, and it can be taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Astray {
    pub owner: String,
    /// The schema's mark.
    pub stamp: Stamp,
}

/// Statements, and what they change in words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    pub statements: Vec<Statement>,
    pub changes: Changes,
}

impl Plan {
    pub fn step(&mut self, statement: String, change: impl Into<String>) {
        self.statements.push(statement.into());
        self.changes.note(change);
    }

    /// What is planned there is about a role, and to be done by who administers it.
    pub fn about<T>(&mut self, role: &str, planned: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.statements.len();
        let outcome = planned(self);
        for statement in self.statements.iter_mut().skip(before) {
            statement.role = Some(role.to_owned());
        }
        outcome
    }

    /// Statements that belong to the last noted change.
    pub fn also(&mut self, statement: String) {
        self.statements.push(statement.into());
    }
}
