//! Which installation, in which cluster.

use std::hash::{Hash, Hasher};

use serde::{Deserialize, Serialize};

/// An installation of Plexica in a cluster. Uids of resources are known in their cluster alone, so
/// that only there it can be told whether an owner is still there.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Installation {
    /// Its id.
    #[serde(rename = "installation")]
    pub name: String,
    /// The cluster: uid of its namespace `kube-system`. `None` where it is not written, such as on
    /// objects of the cluster itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// Clusters that are gone, and whose parts are to be taken over. Not a part of any mark.
    #[serde(skip)]
    pub former_clusters: Vec<String>,
}

impl Installation {
    /// Whether both have one id, whatever the cluster.
    pub fn same_name(&self, other: &Self) -> bool {
        self.name == other.name
    }

    /// Whether what is marked by an owner of that one is marked by one that is known here.
    pub fn covers(&self, other: &Self) -> bool {
        self.same_name(other) && self.knows(other)
    }

    /// Whether an owner of that cluster is known here: it is this one, or one that is gone.
    pub fn knows(&self, other: &Self) -> bool {
        match (&self.cluster, &other.cluster) {
            (Some(own), Some(other)) => own == other || self.former_clusters.contains(other),
            (None, _) | (_, None) => true,
        }
    }
}

/// Without a cluster.
impl From<&str> for Installation {
    fn from(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }
}

impl PartialEq for Installation {
    fn eq(&self, other: &Self) -> bool {
        let Self { name, cluster, former_clusters: _ } = self;
        (name, cluster) == (&other.name, &other.cluster)
    }
}

impl Eq for Installation {}

impl Hash for Installation {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self { name, cluster, former_clusters: _ } = self;
        (name, cluster).hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_owners_of_another_cluster_that_is_not_gone_are_unknown() {
        let of = |cluster: Option<&str>, former: &[&str]| Installation {
            cluster: cluster.map(str::to_owned),
            former_clusters: former.iter().map(|&cluster| cluster.to_owned()).collect(),
            ..Installation::from("plexica")
        };
        for (own, other, knows) in [
            (of(Some("a"), &[]), of(Some("a"), &[]), true),
            (of(Some("a"), &[]), of(Some("b"), &[]), false),
            (of(Some("a"), &[]), of(Some("b"), &["a"]), false),
            (of(Some("a"), &["c"]), of(Some("b"), &[]), false),
            (of(Some("a"), &["c", "b"]), of(Some("b"), &[]), true),
            (of(Some("a"), &[]), of(None, &[]), true),
            (of(None, &[]), of(Some("b"), &[]), true),
        ] {
            assert_eq!(own.knows(&other), knows, "{own:?} {other:?}");
        }
    }

    #[test]
    fn who_is_gone_makes_no_other_installation() {
        let own = Installation { cluster: Some("a".into()), ..Installation::from("plexica") };
        assert_eq!(own, Installation { former_clusters: vec!["b".into()], ..own.clone() });
        assert_ne!(own, Installation::from("plexica"));
    }
}
