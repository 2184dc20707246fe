//! Which of several installs counts.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::PluginInstall;

impl PluginInstall {
    /// Of several installs of one plugin for one tenant that with the least of this is in force: the
    /// oldest, and of those made at once the first by name.
    pub fn seniority(&self) -> (Option<&Time>, Option<&str>, Option<&str>) {
        let metadata = &self.metadata;
        (metadata.creation_timestamp.as_ref(), metadata.namespace.as_deref(), metadata.name.as_deref())
    }
}
