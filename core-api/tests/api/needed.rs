//! An install that others of its tenant need is not deleted, and who asks is told their names.

use http::Method;
use kube::{
    Api,
    api::{DeleteParams, Patch, PatchParams},
};
use plexica_crds::{Plugin, PluginInstall, Tenant};
use plexica_testkit::{unique, wait_until};
use serde_json::{Value, json};

use crate::harness::{Answer, Bench, SOON, bench, make};

/// Version 1.0.0 of plugins, which need and provide what they say.
struct Entries {
    api: Api<Plugin>,
    names: Vec<String>,
}

impl Entries {
    async fn add(&mut self, id: &str, requires: Value, provides: Value) {
        let name = format!("{id}-1.0.0");
        let plugin = json!({
            "apiVersion": "plexica.io/v1alpha1", "kind": "Plugin", "metadata": { "name": name },
            "spec": {
                "id": id, "version": "1.0.0", "displayName": id, "runtime": { "image": id },
                "requires": requires, "provides": provides,
            },
        });
        make(&self.api, &plugin).await;
        self.names.push(name);
    }

    async fn end(self) {
        for name in self.names {
            self.api.delete(&name, &DeleteParams::default()).await.unwrap();
        }
    }
}

impl Bench {
    fn entries(&self) -> Entries {
        Entries { api: Api::all(self.client.clone()), names: Vec::new() }
    }

    fn installs_in(&self, namespace: &str) -> Api<PluginInstall> {
        Api::namespaced(self.client.clone(), namespace)
    }

    /// An install that serves, as the operator leaves it.
    async fn serving(&self, namespace: &str, slug: &str, name: &str, id: &str) {
        let install = json!({
            "apiVersion": "plexica.io/v1alpha1", "kind": "PluginInstall",
            // It stays while it goes, as with the operator's finalizer.
            "metadata": { "name": name, "finalizers": ["plexica.io/tests"] },
            "spec": { "tenantRef": { "name": slug }, "plugin": { "id": id, "version": "^1" } },
            "status": {
                "version": "1.0.0", "migratedVersion": "1.0.0",
                "route": { "path": format!("/api/plugins/{id}"), "upstream": "http://x" },
            },
        });
        make(&self.installs_in(namespace), &install).await;
    }

    async fn remove(&self, token: &str, name: &str) -> Answer {
        self.call(token, Method::DELETE, &format!("/api/v1/installs/{name}"), None).await
    }

    async fn is_leaving(&self, namespace: &str, name: &str) -> bool {
        self.installs_in(namespace).get(name).await.unwrap().metadata.deletion_timestamp.is_some()
    }

    /// Lets them go whatever holds them.
    async fn let_go(&self, namespace: &str, names: &[&str]) {
        let nobody = Patch::Merge(json!({ "metadata": { "finalizers": null } }));
        for name in names {
            self.installs_in(namespace).patch(name, &PatchParams::default(), &nobody).await.unwrap();
        }
    }
}

fn refused(answer: &Answer, names: &str) {
    let message = answer.body["error"]["message"].as_str().unwrap_or_default();
    assert_eq!((answer.status, &answer.body["error"]["code"]), (409, &json!("IN_USE")), "{answer:?}");
    assert_eq!(message, format!("Others need it: {names}; remove or disable that first."));
}

#[tokio::test]
async fn what_others_need_is_refused_with_their_names() {
    let Some(bench) = bench().await else { return };
    let [slug, other] = [bench.tenant().await, bench.tenant().await];
    let (admin, namespace) = (bench.admin_of(&slug), format!("tenant-{slug}"));
    let [files, crm, mail] = ["files", "crm", "mail"].map(unique);
    let mut entries = bench.entries();
    entries.add(&files, json!([]), json!([])).await;
    entries.add(&crm, json!([{ "plugin": files, "version": "^1" }]), json!([])).await;
    entries.add(&mail, json!([{ "plugin": files, "version": "^1", "optional": true }]), json!([])).await;
    for (name, id) in [("files", &files), ("crm", &crm), ("mail", &mail)] {
        bench.serving(&namespace, &slug, name, id).await;
    }
    // Another tenant's needs are no matter; those of an install that was applied with the tenant are.
    bench.serving(&bench.namespace, &other, "elsewhere", &crm).await;
    let named = format!("{crm} 1.0.0 ({namespace}/crm) → {files} ^1");
    refused(&bench.remove(&admin, "files").await, &named);
    // To rest is as much as to go, for who needs it; what changes else is nobody's matter.
    let change =
        async |spec| bench.call(&admin, Method::PATCH, "/api/v1/installs/files", Some(json!({ "spec": spec }))).await;
    refused(&change(json!({ "enabled": false })).await, &named);
    assert_eq!(change(json!({ "deletionPolicy": "Retain" })).await.status, 200);
    let root = bench.super_admin();
    let theirs = bench.call(&root, Method::DELETE, &format!("/api/v1/installs/files?tenant={slug}"), None).await;
    refused(&theirs, &named);
    let crm2 = unique("crm");
    entries.add(&crm2, json!([{ "plugin": files, "version": "^1" }]), json!([])).await;
    bench.serving(&bench.namespace, &slug, "beside", &crm2).await;
    let both = format!("{named}, {crm2} 1.0.0 ({}/beside) → {files} ^1", bench.namespace);
    wait_until("the watch has it, and both are named", SOON, async || {
        let answer = bench.remove(&admin, "files").await;
        assert_eq!(answer.status, 409, "{answer:?}");
        answer.body["error"]["message"].as_str().unwrap().contains(&both)
    })
    .await;
    assert!(!bench.is_leaving(&namespace, "files").await, "nothing was deleted");

    // Those that need it may go; what goes, or is disabled, keeps nothing.
    assert_eq!(bench.remove(&admin, "crm").await.status, 202);
    assert!(bench.is_leaving(&namespace, "crm").await);
    let disabled = json!({ "spec": { "enabled": false } });
    let patch = bench.call(&admin, Method::PATCH, "/api/v1/installs/beside", Some(disabled)).await;
    assert_eq!(patch.status, 200, "{patch:?}");
    wait_until("nobody needs it", SOON, async || bench.remove(&admin, "files").await.status == 202).await;
    assert!(bench.is_leaving(&namespace, "files").await);

    bench.let_go(&namespace, &["files", "crm", "mail"]).await;
    let platform = bench.namespace.clone();
    bench.let_go(&platform, &["elsewhere", "beside"]).await;
    entries.end().await;
    bench.end(&[&slug, &other]).await;
}

#[tokio::test]
async fn the_only_provider_of_an_interface_stays_and_one_of_two_may_go() {
    let Some(bench) = bench().await else { return };
    let slug = bench.tenant().await;
    let (admin, namespace) = (bench.admin_of(&slug), format!("tenant-{slug}"));
    let [index, engine, crm] = ["index", "engine", "crm"].map(unique);
    let search = unique("search");
    let provided = json!([{ "interface": format!("{search}.v1"), "version": "1.2.0" }]);
    let mut entries = bench.entries();
    entries.add(&index, json!([]), provided.clone()).await;
    entries.add(&engine, json!([]), provided).await;
    entries.add(&crm, json!([{ "interface": format!("{search}.v1"), "version": "^1" }]), json!([])).await;
    for (name, id) in [("index", &index), ("crm", &crm)] {
        bench.serving(&namespace, &slug, name, id).await;
    }
    let named = format!("{crm} 1.0.0 ({namespace}/crm) → interface {search}.v1 ^1");
    refused(&bench.remove(&admin, "index").await, &named);

    // Nothing of a suspended tenant is routed, and all of it is to come back.
    let tenants: Api<Tenant> = Api::all(bench.client.clone());
    let suspend = async |suspend: bool| {
        let patch = Patch::Merge(json!({ "spec": { "suspend": suspend } }));
        tenants.patch(&slug, &PatchParams::default(), &patch).await.unwrap();
        let route = (!suspend).then(|| json!({ "path": "/", "upstream": "http://x" }));
        let patch = Patch::Merge(json!({ "status": { "route": route } }));
        for name in ["index", "crm"] {
            let installs = bench.installs_in(&namespace);
            installs.patch_status(name, &PatchParams::default(), &patch).await.unwrap();
        }
    };
    suspend(true).await;
    let root = bench.super_admin();
    let path = format!("/api/v1/installs/index?tenant={slug}");
    refused(&bench.call(&root, Method::DELETE, &path, None).await, &named);
    suspend(false).await;

    bench.serving(&namespace, &slug, "engine", &engine).await;
    assert_eq!(bench.call(&root, Method::DELETE, &path, None).await.status, 202);
    assert!(bench.is_leaving(&namespace, "index").await);
    // The one that is going is not who provides it from now on.
    refused(&bench.call(&root, Method::DELETE, &path.replace("index", "engine"), None).await, &named);
    assert!(!bench.is_leaving(&namespace, "engine").await);

    bench.let_go(&namespace, &["index", "engine", "crm"]).await;
    entries.end().await;
    bench.end(&[&slug]).await;
}
