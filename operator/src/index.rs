//! What a store holds, by what most look for: one tenant's are found without going through all.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use kube::{
    Resource,
    runtime::{
        reflector::{ObjectRef, Store},
        watcher::Event,
    },
};

/// Objects of a kind by a key of theirs. A clone of it is the same.
pub struct Index<K: Resource<DynamicType = ()> + 'static> {
    key: fn(&K) -> &str,
    groups: Arc<RwLock<Groups<K>>>,
}

struct Groups<K: Resource<DynamicType = ()> + 'static> {
    members: HashMap<String, HashMap<ObjectRef<K>, Arc<K>>>,
    /// Under which key each is: it may have another than before.
    keys: HashMap<ObjectRef<K>, String>,
}

impl<K: Resource<DynamicType = ()> + Clone + 'static> Index<K> {
    /// Of nothing yet.
    pub fn new(key: fn(&K) -> &str) -> Self {
        Self { key, groups: Arc::default() }
    }

    /// Those of the key, as they were seen last.
    pub fn get(&self, key: &str) -> Vec<Arc<K>> {
        let groups = self.groups.read().unwrap_or_else(PoisonError::into_inner);
        groups.members.get(key).map(|members| members.values().cloned().collect()).unwrap_or_default()
    }

    /// Takes over what has just come into the store.
    pub fn follow(&self, event: &Event<K>, store: &Store<K>) {
        let mut groups = self.groups.write().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Apply(object) => {
                if let Some(object) = store.get(&ObjectRef::from_obj(object)) {
                    groups.put(self.key, object);
                }
            }
            Event::Delete(object) => groups.remove(&ObjectRef::from_obj(object)),
            // The store has what a list brought when all of it is there.
            Event::InitDone => {
                *groups = Groups::default();
                for object in store.state() {
                    groups.put(self.key, object);
                }
            }
            Event::Init | Event::InitApply(_) => {}
        }
    }
}

impl<K: Resource<DynamicType = ()> + Clone + 'static> Groups<K> {
    fn put(&mut self, key: fn(&K) -> &str, object: Arc<K>) {
        let (name, key) = (ObjectRef::from_obj(&*object), key(&object).to_owned());
        self.remove(&name);
        self.keys.insert(name.clone(), key.clone());
        self.members.entry(key).or_default().insert(name, object);
    }

    fn remove(&mut self, name: &ObjectRef<K>) {
        let Some(key) = self.keys.remove(name) else { return };
        if let Some(members) = self.members.get_mut(&key) {
            members.remove(name);
            if members.is_empty() {
                self.members.remove(&key);
            }
        }
    }
}

impl<K: Resource<DynamicType = ()> + 'static> Default for Groups<K> {
    fn default() -> Self {
        Self { members: HashMap::new(), keys: HashMap::new() }
    }
}

impl<K: Resource<DynamicType = ()> + 'static> Clone for Index<K> {
    fn clone(&self) -> Self {
        Self { key: self.key, groups: self.groups.clone() }
    }
}

#[cfg(test)]
mod tests {
    use kube::{ResourceExt, runtime::reflector};
    use plexica_crds::PluginInstall;

    use super::*;
    use crate::fixture;

    #[test]
    fn what_the_store_has_is_under_its_key() {
        let install = |tenant: &str, id: &str| fixture::install("plexica-system", id, tenant, id);
        let of_another = fixture::install("plexica-system", "crm", "beta", "crm");
        // Each with who is acme's and who is beta's then.
        let events = vec![
            (Event::Init, "", ""),
            (Event::InitApply(install("acme", "crm")), "", ""),
            (Event::InitApply(install("acme", "files")), "", ""),
            (Event::InitDone, "crm files", ""),
            (Event::Apply(install("beta", "mail")), "crm files", "mail"),
            (Event::Apply(of_another), "files", "crm mail"),
            (Event::Delete(install("acme", "files")), "", "crm mail"),
            (Event::Delete(install("acme", "unknown")), "", "crm mail"),
            // What went while nobody watched is in no event.
            (Event::Init, "", "crm mail"),
            (Event::InitApply(install("acme", "mail")), "", "crm mail"),
            (Event::InitDone, "mail", ""),
        ];
        let (store, mut writer) = reflector::store::<PluginInstall>();
        let index = Index::new(|install: &PluginInstall| &install.spec.tenant_ref.name);
        let of = |tenant: &str| {
            let mut names: Vec<String> = index.get(tenant).iter().map(|install| install.name_any()).collect();
            names.sort();
            names.join(" ")
        };
        for (event, acme, beta) in events {
            let what = format!("{event:?}");
            writer.apply_watcher_event(&event);
            index.follow(&event, &store);
            assert_eq!((of("acme").as_str(), of("beta").as_str()), (acme, beta), "{what}");
        }
    }
}
