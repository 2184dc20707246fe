//! From what a person types (`tn`, `tenants`, `PluginInstall`) to an API resource.

use kube::{
    Api, Client,
    api::ApiResource,
    core::{DynamicObject, GroupVersionKind},
    discovery::{self, Scope},
};

use crate::error::Error;

/// Kind, group, version, and what people type for it besides kind and plural.
const KNOWN: &[(&str, &str, &str, &[&str])] = &[
    ("Tenant", "plexica.io", "v1alpha1", &["tn", "tenants"]),
    ("Plugin", "plexica.io", "v1alpha1", &["pl", "plugins"]),
    ("PluginInstall", "plexica.io", "v1alpha1", &["pi", "plugininstalls"]),
    ("Namespace", "", "v1", &["ns", "namespaces"]),
    ("Secret", "", "v1", &["secrets"]),
    ("Event", "", "v1", &["ev", "events"]),
    ("Lease", "coordination.k8s.io", "v1", &["leases"]),
];

/// An API resource and whether it lives in namespaces.
pub struct Kind {
    /// What kube needs to talk about it.
    pub resource: ApiResource,
    namespaced: bool,
}

impl Kind {
    /// From a word.
    pub async fn of_word(client: &Client, word: &str) -> Result<Self, Error> {
        let wanted = word.to_lowercase();
        let known =
            KNOWN.iter().find(|(kind, _, _, words)| kind.to_lowercase() == wanted || words.contains(&wanted.as_str()));
        let Some((kind, group, version, _)) = known else {
            return Err(Error::UnknownKind(word.to_owned()));
        };
        Self::of(client, &GroupVersionKind::gvk(group, version, kind)).await
    }

    /// From the `apiVersion` and `kind` of a resource.
    pub async fn of_object(client: &Client, object: &DynamicObject) -> Result<Self, Error> {
        let types = object.types.as_ref().ok_or(Error::NoType)?;
        let kind = GroupVersionKind::try_from(types).map_err(|error| Error::UnknownKind(error.to_string()))?;
        Self::of(client, &kind).await
    }

    async fn of(client: &Client, kind: &GroupVersionKind) -> Result<Self, Error> {
        let (resource, capabilities) = discovery::pinned_kind(client, kind).await.map_err(|error| match error {
            kube::Error::Api(status) if status.code == 404 => Error::UnknownKind(kind.kind.clone()),
            kube::Error::Discovery(_) => Error::UnknownKind(kind.kind.clone()),
            other => Error::Kubernetes(other),
        })?;
        Ok(Self { resource, namespaced: capabilities.scope == Scope::Namespaced })
    }

    /// An API for it, in this namespace if it lives in namespaces.
    pub fn api(&self, client: Client, namespace: &str) -> Api<DynamicObject> {
        if self.namespaced {
            Api::namespaced_with(client, namespace, &self.resource)
        } else {
            Api::all_with(client, &self.resource)
        }
    }

    /// Whether it lives in namespaces.
    pub const fn is_namespaced(&self) -> bool {
        self.namespaced
    }

    /// `tenant/acme`, as kubectl writes it.
    pub fn display(&self, name: &str) -> String {
        let kind = self.resource.kind.to_lowercase();
        if self.resource.group.is_empty() {
            format!("{kind}/{name}")
        } else {
            format!("{kind}.{}/{name}", self.resource.group)
        }
    }
}

/// `tenant/acme` or `tenant acme` as kind and names.
pub fn targets(words: &[String]) -> Result<(String, Vec<String>), Error> {
    let Some(first) = words.first() else { return Err(Error::NoTarget) };
    if let Some((kind, _)) = first.split_once('/') {
        let names = words.iter().map(|word| match word.split_once('/') {
            Some((other, name)) if other == kind && !name.is_empty() => Ok(name.to_owned()),
            _ => Err(Error::MixedTargets),
        });
        return Ok((kind.to_owned(), names.collect::<Result<_, _>>()?));
    }
    Ok((first.clone(), words[1..].to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn both_ways_of_naming() -> Result<(), Error> {
        assert_eq!(targets(&words("tn acme beta"))?, ("tn".into(), words("acme beta")));
        assert_eq!(targets(&words("tn/acme tn/beta"))?, ("tn".into(), words("acme beta")));
        assert_eq!(targets(&words("tenants"))?, ("tenants".into(), vec![]));
        Ok(())
    }

    #[test]
    fn mixed_or_missing_targets_are_refused() {
        assert!(targets(&[]).is_err());
        assert!(targets(&words("tn/acme pi/crm")).is_err());
        assert!(targets(&words("tn/")).is_err());
    }
}
