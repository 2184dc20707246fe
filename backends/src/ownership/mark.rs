//! The mark and its encodings.

use jiff::Timestamp;
use plexica_crds::label;
use serde::{Deserialize, Serialize};

use super::Installation;

/// The owner of an external object.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mark {
    /// The installation of Plexica.
    #[serde(flatten)]
    pub installation: Installation,
    /// Kind of the resource: `Tenant`, `Plugin`, `PluginInstall`.
    pub kind: String,
    /// Name of the resource (`namespace.name` for namespaced ones).
    pub name: String,
    /// Uid of the resource.
    pub uid: String,
}

impl Mark {
    /// Whether both are of one installation, kind and name, whatever the uid and the cluster.
    pub fn same_name(&self, other: &Self) -> bool {
        self.installation.same_name(&other.installation) && self.kind == other.kind && self.name == other.name
    }

    /// Whether `found` is this very owner's: the same uid, in a cluster where that means something.
    pub fn is(&self, found: &Self) -> bool {
        self.same_name(found) && self.uid == found.uid && self.installation.knows(&found.installation)
    }

    /// As it is written on an object in use.
    pub fn stamp(&self) -> Stamp {
        Stamp { mark: self.clone(), retained_at: None }
    }

    /// As it is written on an object that outlives its owner.
    pub fn retained(&self, at: Timestamp) -> Stamp {
        Stamp { mark: self.clone(), retained_at: Some(at) }
    }
}

/// A mark as it stands on an object: the owner, and since when the object outlives it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stamp {
    /// The owner.
    #[serde(flatten)]
    pub mark: Mark,
    /// When the owner went and the object was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retained_at: Option<Timestamp>,
}

/// What a comment starts with, so that people and programs know whose it is.
const COMMENT: &str = "plexica.io/owner ";

impl Stamp {
    /// Whether the object is in use, and by this very owner.
    pub fn is_in_use_by(&self, owner: &Mark) -> bool {
        self.retained_at.is_none() && owner.is(&self.mark)
    }

    /// Whether the object is in use by an owner of that name in another cluster, which may still be there.
    pub fn is_in_use_elsewhere(&self, owner: &Mark) -> bool {
        self.retained_at.is_none() && self.mark.same_name(owner) && !owner.installation.knows(&self.mark.installation)
    }

    /// As one line of text, for SQL comments.
    pub fn to_comment(&self) -> String {
        // Plain strings and a timestamp: there is no value that would not serialise.
        format!("{COMMENT}{}", serde_json::to_string(self).unwrap_or_default())
    }

    /// Reads [`Self::to_comment`]; `None` if it is anything else.
    pub fn from_comment(comment: &str) -> Option<Self> {
        serde_json::from_str(comment.strip_prefix(COMMENT)?).ok()
    }

    /// As keys and values, for realm attributes, bucket tags and labels. `plexica.io/cluster` and
    /// `plexica.io/retained-at` are among them only if they are set.
    pub fn to_pairs(&self) -> Vec<(&'static str, String)> {
        let Self { mark: Mark { installation, kind, name, uid }, retained_at } = self;
        let mut pairs = vec![
            (label::INSTALLATION, installation.name.clone()),
            (label::OWNER_KIND, kind.clone()),
            (label::OWNER_NAME, name.clone()),
            (label::OWNER_UID, uid.clone()),
        ];
        pairs.extend(installation.cluster.clone().map(|cluster| (label::CLUSTER, cluster)));
        pairs.extend(retained_at.map(|at| (label::RETAINED_AT, at.to_string())));
        pairs
    }

    /// Reads [`Self::to_pairs`] through a look-up by key; `None` if a part of the mark is missing.
    pub fn from_pairs<'a>(get: impl Fn(&str) -> Option<&'a str>) -> Option<Self> {
        let text = |key: &str| get(key).map(str::to_owned);
        let mark = Mark {
            installation: Installation {
                name: text(label::INSTALLATION)?,
                cluster: text(label::CLUSTER),
                former_clusters: Vec::new(),
            },
            kind: text(label::OWNER_KIND)?,
            name: text(label::OWNER_NAME)?,
            uid: text(label::OWNER_UID)?,
        };
        Some(Self { mark, retained_at: get(label::RETAINED_AT).and_then(|at| at.parse().ok()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    fn stamp() -> impl Strategy<Value = Stamp> {
        let cluster = proptest::option::of(".*");
        (".*", cluster, ".*", ".*", ".*", proptest::option::of(0_i64..4_000_000_000)).prop_map(
            |(installation, cluster, kind, name, uid, at)| Stamp {
                mark: Mark {
                    installation: Installation { name: installation, cluster, former_clusters: Vec::new() },
                    kind,
                    name,
                    uid,
                },
                retained_at: at.map(|second| Timestamp::from_second(second).unwrap()),
            },
        )
    }

    proptest! {
        #[test]
        fn comments_read_back(stamp in stamp()) {
            prop_assert_eq!(Stamp::from_comment(&stamp.to_comment()), Some(stamp));
        }

        #[test]
        fn pairs_read_back(stamp in stamp()) {
            let pairs: HashMap<_, _> = stamp.to_pairs().into_iter().collect();
            prop_assert_eq!(Stamp::from_pairs(|key| pairs.get(key).map(String::as_str)), Some(stamp));
        }
    }

    #[test]
    fn anything_else_is_no_mark() {
        for text in ["", "plexica", "plexica.io/owner", "plexica.io/owner {}", "our schema", "{\"installation\":\"a\"}"]
        {
            assert_eq!(Stamp::from_comment(text), None, "{text}");
        }
        let keys = [label::INSTALLATION, label::OWNER_KIND, label::OWNER_NAME, label::OWNER_UID];
        for missing in keys {
            assert_eq!(Stamp::from_pairs(|key| (key != missing).then_some("x")), None, "{missing}");
        }
    }

    #[test]
    fn a_comment_is_readable() {
        let mark =
            Mark { installation: "plexica".into(), kind: "Tenant".into(), name: "acme".into(), uid: "6f0c".into() };
        assert_eq!(
            mark.stamp().to_comment(),
            r#"plexica.io/owner {"installation":"plexica","kind":"Tenant","name":"acme","uid":"6f0c"}"#
        );
        let installation = Installation { cluster: Some("1a2b".into()), ..mark.installation.clone() };
        assert_eq!(
            Mark { installation, ..mark }.stamp().to_comment(),
            r#"plexica.io/owner {"installation":"plexica","cluster":"1a2b","kind":"Tenant","name":"acme","uid":"6f0c"}"#
        );
    }
}
