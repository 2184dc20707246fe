//! Ownership marks on objects of Kubernetes.

use kube::{Resource, ResourceExt, core::ObjectMeta};
use plexica_crds::label;

use crate::ownership::{Found, Stamp};

/// What stands at the object's name.
pub fn found<K: Resource>(object: Option<&K>) -> Found {
    let Some(object) = object else {
        return Found::Absent;
    };
    let look_up = |key: &str| object.labels().get(key).or_else(|| object.annotations().get(key)).map(String::as_str);
    Stamp::from_pairs(look_up).map_or(Found::unmarked(), Found::Marked)
}

/// Writes the mark: as labels, so that objects can be selected by their owner, except for what a
/// label cannot hold (more than 63 characters, colons). Not the cluster: the object is in it, also
/// when it was brought there from another one.
pub fn stamp(metadata: &mut ObjectMeta, stamp: &Stamp) {
    let labels = metadata.labels.get_or_insert_default();
    labels.insert(label::MANAGED_BY.into(), label::MANAGER.into());
    for (key, value) in stamp.to_pairs().into_iter().filter(|(key, _)| *key != label::CLUSTER) {
        let place = match key {
            label::OWNER_NAME | label::RETAINED_AT => metadata.annotations.get_or_insert_default(),
            _ => metadata.labels.get_or_insert_default(),
        };
        place.insert(key.to_owned(), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ownership::Mark;
    use k8s_openapi::api::core::v1::Namespace;

    #[test]
    fn marks_read_back() {
        let mut mark = Mark {
            installation: "plexica".into(),
            kind: "PluginInstall".into(),
            name: "acme-corp-holding-group1.crm-of-the-sales-division".into(),
            uid: "6f0c".into(),
        };
        for wanted in [mark.stamp(), mark.retained(jiff::Timestamp::UNIX_EPOCH)] {
            let mut namespace = Namespace::default();
            stamp(&mut namespace.metadata, &wanted);
            assert_eq!(found(Some(&namespace)), Found::Marked(wanted));
        }
        let plain = mark.stamp();
        mark.installation.cluster = Some("1a2b".into());
        let mut namespace = Namespace::default();
        stamp(&mut namespace.metadata, &mark.stamp());
        assert_eq!(found(Some(&namespace)), Found::Marked(plain));
        assert_eq!(found(Some(&Namespace::default())), Found::unmarked());
        assert_eq!(found::<Namespace>(None), Found::Absent);
    }
}
