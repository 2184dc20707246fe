//! What all three kinds have in common: finalizer, status, events.

mod abandon;
mod event;
mod fate;
mod finalizer;
mod pause;
mod rehearsal;
mod status;

pub use abandon::{abandoned, abandoned_by};
pub use event::{Note, given_up, publish};
pub use fate::{Fate, Parted, WAITS, is_settled, settled};
pub use finalizer::{add_finalizer, remove_finalizer};
pub use pause::{is_paused, paused};
pub use rehearsal::{is_rehearsed, rehearsed, with_problems, would};
pub use status::write_status;

pub use plexica_crds::label::has_left;

use kube::{Api, Resource, core::NamespaceResourceScope};

/// The mark of an owner, as far as it is in its metadata.
pub fn uid<K: Resource>(object: &K) -> String {
    object.meta().uid.clone().unwrap_or_default()
}

/// The API of one namespace.
pub fn namespaced<K>(client: &kube::Client, namespace: &str) -> Api<K>
where
    K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>,
{
    Api::namespaced(client.clone(), namespace)
}
