//! What narrows that which roles give.

use serde::{Deserialize, Serialize};

use crate::{Condition, Pattern, Permission};

/// Fields of one policy.
const MAX_FIELDS: usize = 64;

/// A rule about some permissions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Policy {
    /// By which it is found again.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// What it does.
    pub effect: Effect,
    /// Who made it.
    pub source: Source,
    /// Which of several that apply is named as the reason: the highest. It makes no difference to what is allowed.
    #[serde(default)]
    pub priority: i32,
    /// Of which permissions it speaks.
    pub permissions: Vec<Pattern>,
    /// When it applies; without one, always.
    #[serde(default = "Condition::always")]
    pub condition: Condition,
    /// Which fields of what is shown it hides or masks; those within others by `outer.inner`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
}

/// What a policy does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Effect {
    /// Allows. Where a source has one for a permission, one of that source has to apply.
    Allow,
    /// Denies, whatever else allows.
    Deny,
    /// Leaves fields out.
    Hide,
    /// Shows that fields are there, and not what they are.
    Mask,
}

/// Who made a policy. None can take back what one before it asks for: each narrows what those before it leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// Plexica itself.
    Core,
    /// A plugin, about its own permissions.
    Plugin,
    /// An administrator of the platform.
    SuperAdmin,
    /// An administrator of the tenant.
    TenantAdmin,
}

/// Why a policy is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// It speaks of nothing.
    #[error("`permissions` names at least one, such as `crm:contacts:*`")]
    NoPermissions,
    /// It hides nothing.
    #[error("a policy that hides or masks has 1 to 64 `fields`")]
    Fields,
    /// It has fields for nothing.
    #[error("`fields` are for policies that hide or mask: what allows or denies is about the whole")]
    NotOfFields,
}

impl Policy {
    /// # Errors
    /// When it is none.
    pub fn check(&self) -> Result<(), PolicyError> {
        if self.permissions.is_empty() {
            return Err(PolicyError::NoPermissions);
        }
        match (self.effect.is_of_fields(), self.fields.len()) {
            (true, 1..=MAX_FIELDS) | (false, 0) => Ok(()),
            (true, _) => Err(PolicyError::Fields),
            (false, _) => Err(PolicyError::NotOfFields),
        }
    }

    /// Whether it speaks of this permission.
    pub fn is_about(&self, permission: &Permission) -> bool {
        self.permissions.iter().any(|pattern| pattern.matches(permission))
    }
}

impl Effect {
    /// Whether it is about fields, and not about the whole.
    pub const fn is_of_fields(self) -> bool {
        matches!(self, Self::Hide | Self::Mask)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_are_for_what_hides() {
        for (effect, fields, expected) in [
            ("DENY", json!([]), Ok(())),
            ("DENY", json!(["salary"]), Err(PolicyError::NotOfFields)),
            ("HIDE", json!(["salary"]), Ok(())),
            ("MASK", json!([]), Err(PolicyError::Fields)),
        ] {
            let policy = json!({
                "id": "p", "name": "P", "effect": effect, "source": "tenant-admin",
                "permissions": ["users:*"], "fields": fields,
            });
            assert_eq!(serde_json::from_value::<Policy>(policy).unwrap().check(), expected, "{effect}");
        }
    }

    #[test]
    fn a_typing_error_is_said_with_its_place() {
        let policy = json!({
            "id": "p", "name": "P", "effect": "DENY", "source": "core", "permissions": ["users:*"],
            "condition": { "all": [{ "attribute": "user.level", "operator": "greaterThan", "value": true }] },
        });
        let error = serde_json::from_value::<Policy>(policy).unwrap_err().to_string();
        assert!(error.contains("/all/0/value: a number"), "{error}");
    }
}
