//! How often credentials are replaced.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// How often the tenant's credentials are replaced: its realm's client secret and what its `Dedicated`
/// plugins sign in with. Durations are such as 720h, 90m or 1h30m.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct RotationSpec {
    /// After how long they are replaced by themselves; if left out, only when the annotation
    /// plexica.io/rotate says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32))]
    #[x_kube(validation = Rule::new("self.matches('^([0-9]+h)?([0-9]+m)?([0-9]+s)?$') && size(self) > 1")
        .message("rotation.interval is hours, minutes and seconds: write 720h, 90m or 1h30m"))]
    pub interval: Option<String>,
    /// How long those of before go on working beside the new ones.
    #[serde(default = "overlap")]
    #[schemars(length(max = 32))]
    #[x_kube(validation = Rule::new("self.matches('^([0-9]+h)?([0-9]+m)?([0-9]+s)?$') && size(self) > 1")
        .message("rotation.overlap is hours, minutes and seconds: write 1h, 90m or 1h30m"))]
    pub overlap: String,
}

fn overlap() -> String {
    "1h".into()
}
