//! What a password must have.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// What a password must have. Passwords of before stay good until they are changed.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("!has(self.minLength) || !has(self.maxLength) || self.minLength <= self.maxLength")
    .message("identity.passwordPolicy.minLength must not be greater than maxLength"))]
pub struct PasswordPolicy {
    /// At least so many characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 128))]
    pub min_length: Option<i32>,
    /// At most so many characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 8, max = 256))]
    pub max_length: Option<i32>,
    /// At least so many digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 32))]
    pub min_digits: Option<i32>,
    /// At least so many lower-case letters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 32))]
    pub min_lower_case: Option<i32>,
    /// At least so many upper-case letters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 32))]
    pub min_upper_case: Option<i32>,
    /// At least so many characters that are neither letters nor digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 32))]
    pub min_special: Option<i32>,
    /// It must not be the user name.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub not_username: bool,
    /// It must not be the user's address.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub not_email: bool,
    /// It must be none of the user's last so many, the present one among them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 24))]
    pub history_count: Option<i32>,
    /// It must be changed after so many days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 3650))]
    pub max_age_days: Option<i32>,
}
