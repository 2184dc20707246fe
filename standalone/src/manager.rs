//! Who is writing, as `metadata.managedFields` records it.

/// How a manager came to own fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Server-side apply.
    Apply,
    /// Any other write.
    Update,
}

/// The writer of one request. The seam to `apply`:
///
/// - `apply::server_side_apply(&Kind, live: &Value, applied: &Value, &Manager, force: bool)
///   -> Result<Value, ApplyError>`: the merged object with `metadata.managedFields` (live is `{}`
///   plus identity when the object does not exist yet);
/// - `apply::track_update(&Kind, old: Option<&Value>, new: &mut Value, &Manager)`: sets
///   `metadata.managedFields` of `new`; `None` on create;
/// - `apply::strategic_merge(&Kind, current: &Value, patch: &Value) -> Result<Value, String>`.
#[derive(Clone, Debug)]
pub struct Manager {
    /// `fieldManager`, else the user agent up to its slash.
    pub name: String,
    /// Apply or update.
    pub operation: Operation,
    /// Version the request was made in.
    pub api_version: String,
    /// `status` and the like.
    pub subresource: Option<String>,
    /// RFC 3339, whole seconds, `Z`.
    pub time: String,
}
