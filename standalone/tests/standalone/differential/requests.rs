//! Requests, one after the other, to both servers.

use http::Method;
use plexica_testkit::unique;
use serde_json::{Value, json};

use super::normal;
use super::pair::{Call, Pair};

const JSON: &str = "application/json";
const JSON_PATCH: &str = "application/json-patch+json";
const MERGE: &str = "application/merge-patch+json";
const STRATEGIC: &str = "application/strategic-merge-patch+json";
const APPLY: &str = "application/apply-patch+yaml";
const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
const PARTIAL: &str = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json";
const PARTIALS: &str = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json";

/// Sends one request to both and collects what differs.
struct Script<'a> {
    pair: &'a Pair,
    base: String,
    core: String,
    differences: Vec<String>,
    asked: usize,
}

impl Script<'_> {
    async fn send(&mut self, call: Call) {
        self.asked += 1;
        let mut answers = self.pair.both(&call).await;
        for answer in &mut answers {
            normal::value(&mut answer.body);
        }
        let [real, ours] = answers;
        if real != ours {
            let body = String::from_utf8_lossy(&call.body).into_owned();
            self.differences.push(format!(
                "{} {} {} {}\n  real {} {:?} {}\n  ours {} {:?} {}",
                call.method,
                call.path,
                call.content_type,
                body,
                real.code,
                real.warnings,
                real.body,
                ours.code,
                ours.warnings,
                ours.body
            ));
        }
    }

    async fn get(&mut self, path: &str) {
        self.send(Call::get(path)).await;
    }

    async fn get_as(&mut self, path: &str, accept: &'static str) {
        self.send(Call { accept, ..Call::get(path) }).await;
    }

    async fn post(&mut self, path: &str, body: Value) {
        self.send(Call::post(path, body)).await;
    }

    async fn put(&mut self, path: &str, body: Value) {
        self.send(Call::new(Method::PUT, path, JSON, body.to_string())).await;
    }

    async fn patch(&mut self, path: &str, media: &'static str, body: Value) {
        self.send(Call::new(Method::PATCH, path, media, body.to_string())).await;
    }

    async fn delete(&mut self, path: &str, options: Option<Value>) {
        let (media, body) = options.map_or(("", String::new()), |options| (JSON, options.to_string()));
        self.send(Call::new(Method::DELETE, path, media, body)).await;
    }

    #[allow(clippy::needless_pass_by_value)]
    fn widget(&self, name: &str, spec: Value) -> Value {
        json!({"apiVersion": format!("{}/v1", self.pair.group), "kind": "Widget", "metadata": {"name": name}, "spec": spec})
    }

    fn done(self) {
        assert!(self.asked > 0);
        let count = self.differences.len();
        assert!(count == 0, "{count} of {} answers differ:\n{}", self.asked, self.differences.join("\n"));
    }
}

fn script(pair: &Pair) -> Script<'_> {
    Script {
        base: format!("/apis/{}/v1/namespaces/{}/widgets", pair.group, pair.namespace),
        core: format!("/api/v1/namespaces/{}", pair.namespace),
        pair,
        differences: Vec::new(),
        asked: 0,
    }
}

#[tokio::test]
async fn creations() {
    let Some(pair) = Pair::start().await else { return };
    let mut s = script(&pair);
    let base = s.base.clone();
    let group = pair.group.clone();
    s.get(&base).await;
    s.get(&format!("{base}/none")).await;
    let good = s.widget("a", json!({"size": 1, "slug": "s", "parts": [{"name": "x"}]}));
    s.post(&format!("{base}?dryRun=All"), good.clone()).await;
    s.post(&base, good.clone()).await;
    s.post(&base, good.clone()).await;
    s.get(&format!("{base}/a")).await;
    for spec in [
        json!({"size": 0}),
        json!({"size": "x"}),
        json!({}),
        json!({"size": 1, "colour": "pink"}),
        json!({"size": 150}),
        json!({"size": 1, "note": "x".repeat(41)}),
        json!({"size": 1, "tags": ["a", "a"]}),
        json!({"size": 1, "parts": [{"name": "a"}, {"name": "a"}]}),
        json!({"size": 1, "parts": [{}]}),
        json!(null),
        json!([]),
    ] {
        let body = s.widget("b", spec);
        s.post(&base, body).await;
    }
    for mode in ["Strict", "Warn", "Ignore", "Other"] {
        let mut body =
            s.widget(&format!("v-{}", mode.to_lowercase()), json!({"size": 1, "bar": 2, "free": {"any": 1}}));
        body["metadata"]["foo"] = 1.into();
        s.post(&format!("{base}?fieldValidation={mode}"), body).await;
    }
    for metadata in [
        json!({}),
        json!({"name": "A_b"}),
        json!({"name": 1}),
        json!({"name": "c", "labels": {"a b": "c d"}}),
        json!({"name": "c", "labels": {"a": 1}}),
        json!({"name": "c", "annotations": {"a b": "x"}}),
        json!({"name": "c", "namespace": "elsewhere"}),
        json!({"name": "c", "resourceVersion": "5"}),
        json!({"name": "c", "ownerReferences": [{"apiVersion": "v1"}]}),
        json!({"name": "c", "finalizers": ["a b"]}),
        json!({"name": "fin", "finalizers": ["plain"]}),
        json!({"name": "uidded", "uid": "x", "generation": 7, "deletionTimestamp": "2026-01-01T00:00:00Z"}),
    ] {
        let mut body = s.widget("c", json!({"size": 1}));
        body["metadata"] = metadata;
        s.post(&base, body).await;
    }
    let with_status = json!({"apiVersion": format!("{group}/v1"), "kind": "Widget", "metadata": {"name": "st"},
        "spec": {"size": 1}, "status": {"phase": "Ready"}});
    s.post(&base, with_status).await;
    for (version, kind) in [
        (format!("{group}/v1"), "Widgot"),
        (format!("{group}/v3"), "Widget"),
        (String::new(), "Widget"),
        (format!("{group}/v1"), ""),
    ] {
        s.post(&base, json!({"apiVersion": version, "kind": kind, "metadata": {"name": "k"}})).await;
    }
    for (media, body) in [(JSON, "{\"apiVersion\""), (JSON, ""), ("text/x", "{}"), ("application/yaml", "a: [")] {
        if media != "application/yaml" {
            s.send(Call::new(Method::POST, &base, media, body)).await;
        }
    }
    let twice = format!(
        "{{\"apiVersion\":\"{group}/v1\",\"kind\":\"Widget\",\"metadata\":{{\"name\":\"t\"}},\"spec\":{{\"size\":1,\"size\":2}}}}"
    );
    s.send(Call::new(Method::POST, &format!("{base}?fieldValidation=Strict"), JSON, twice.clone())).await;
    s.send(Call::new(Method::POST, &format!("{base}?fieldValidation=Warn"), JSON, twice)).await;
    let nowhere = good.clone();
    s.post(&format!("/apis/{group}/v1/namespaces/none-such/widgets"), nowhere.clone()).await;
    s.post(&format!("/apis/{group}/v1/widgets"), nowhere).await;
    s.done();
    pair.stop().await;
}

#[tokio::test]
async fn updates_and_patches() {
    let Some(pair) = Pair::start().await else { return };
    let mut s = script(&pair);
    let base = s.base.clone();
    let body = s.widget("a", json!({"size": 1, "slug": "s", "parts": [{"name": "x"}]}));
    s.post(&base, body).await;
    let a = format!("{base}/a");
    for metadata in [
        json!({"name": "a"}),
        json!({"name": "a", "resourceVersion": "1"}),
        json!({"name": "a", "resourceVersion": "x"}),
        json!({"name": "b", "resourceVersion": "1"}),
        json!({"name": "a", "uid": "x", "resourceVersion": "1"}),
        json!({"resourceVersion": "1"}),
    ] {
        let mut body = s.widget("a", json!({"size": 2}));
        body["metadata"] = metadata;
        s.put(&a, body).await;
    }
    let body = s.widget("zz", json!({"size": 2}));
    s.put(&format!("{base}/zz"), body).await;
    s.put(&base, json!({})).await;
    for (media, body) in [
        (STRATEGIC, json!({})),
        ("application/xx", json!({})),
        (JSON_PATCH, json!({})),
        (JSON_PATCH, json!([{"op": "test", "path": "/spec/size", "value": 7}])),
        (JSON_PATCH, json!([{"op": "remove", "path": "/spec/zz"}])),
        (JSON_PATCH, json!([{"op": "nope", "path": "/spec"}])),
        (
            JSON_PATCH,
            json!([{"op": "replace", "path": "/spec/size", "value": 5}, {"op": "add", "path": "/metadata/labels", "value": {"l": "1"}}]),
        ),
        (MERGE, json!([])),
        (MERGE, json!({"metadata": {"resourceVersion": "1"}})),
        (MERGE, json!({"metadata": {"name": "q"}})),
        (MERGE, json!({"spec": {"slug": "other"}})),
        (MERGE, json!({"spec": {"size": 3, "bar": 1}})),
        (MERGE, json!({"spec": {"size": 3}})),
        (MERGE, json!({"spec": {"colour": null}})),
        (MERGE, json!({"status": {"phase": "ignored"}})),
        (MERGE, json!({"metadata": {"labels": {"l": null, "m": "2"}}})),
        (MERGE, json!({"spec": null})),
        (MERGE, json!({"metadata": {"finalizers": ["x.test/a"]}})),
        (MERGE, json!({"metadata": {"generation": 77}})),
    ] {
        s.patch(&a, media, body).await;
        s.get(&a).await;
    }
    s.patch(&format!("{a}?dryRun=All"), MERGE, json!({"spec": {"size": 44}})).await;
    s.patch(&format!("{a}?dryRun=Some"), MERGE, json!({})).await;
    s.patch(&format!("{a}?fieldValidation=Some"), MERGE, json!({})).await;
    s.patch(&format!("{a}?force=true"), MERGE, json!({})).await;
    s.send(Call::new(Method::PATCH, &a, MERGE, "{")).await;
    s.patch(&format!("{base}/none"), MERGE, json!({})).await;
    s.patch(&format!("{a}/status"), MERGE, json!({"status": {"phase": "P", "conditions": [{"type": "Ready", "status": "True"}]}, "spec": {"size": 9}, "metadata": {"labels": {"no": "no"}}})).await;
    s.get(&format!("{a}/status")).await;
    s.patch(&format!("{a}/status"), MERGE, json!({"status": {"phase": 5}})).await;
    s.get(&format!("{a}/scale")).await;
    s.delete(&a, None).await;
    s.get(&a).await;
    s.delete(&a, None).await;
    s.patch(&a, MERGE, json!({"metadata": {"finalizers": ["x.test/a", "x.test/b"]}})).await;
    s.patch(&a, MERGE, json!({"metadata": {"finalizers": null}})).await;
    s.get(&a).await;
    s.done();
    pair.stop().await;
}

#[tokio::test]
async fn server_side_apply() {
    let Some(pair) = Pair::start().await else { return };
    let mut s = script(&pair);
    let base = s.base.clone();
    let a = format!("{base}/a");
    let m = |manager: &str| format!("{a}?fieldManager={manager}");
    let steps = [
        (a.clone(), s.widget("a", json!({"size": 1}))),
        (m("one"), s.widget("b", json!({"size": 1}))),
        (
            m("one"),
            s.widget(
                "a",
                json!({"size": 1, "note": "n", "parts": [{"name": "x", "count": 2}], "tags": ["t"], "free": {"k": 1}}),
            ),
        ),
        (
            m("one"),
            s.widget(
                "a",
                json!({"size": 1, "note": "n", "parts": [{"name": "x", "count": 2}], "tags": ["t"], "free": {"k": 1}}),
            ),
        ),
        (
            m("two"),
            s.widget("a", json!({"size": 2, "parts": [{"name": "x", "count": 3}, {"name": "y"}], "tags": ["u"]})),
        ),
        (m("two"), s.widget("a", json!({"parts": [{"name": "y"}], "tags": ["u"]}))),
        (
            format!("{}&force=true", m("two")),
            s.widget("a", json!({"size": 2, "parts": [{"name": "y"}], "tags": ["u"]})),
        ),
        (m("one"), s.widget("a", json!({"parts": [], "tags": []}))),
        (m("one"), s.widget("a", json!({"size": "x"}))),
        (m("one"), s.widget("a", json!({"bar": 1}))),
        (format!("{}&fieldValidation=Strict", m("one")), s.widget("a", json!({"bar": 1}))),
        (format!("{}&dryRun=All", m("three")), s.widget("a", json!({"colour": "red"}))),
        (
            format!("{a}/status?fieldManager=ctl"),
            json!({"apiVersion": format!("{}/v1", pair.group), "kind": "Widget", "metadata": {"name": "a"}, "status": {"phase": "P", "conditions": [{"type": "Ready", "status": "True"}]}}),
        ),
        (
            format!("{a}/status?fieldManager=ctl"),
            json!({"apiVersion": format!("{}/v1", pair.group), "kind": "Widget", "metadata": {"name": "a"}, "status": {"conditions": [{"type": "Ready", "status": "False"}]}}),
        ),
        (m("two"), s.widget("a", json!({}))),
    ];
    for (path, body) in steps {
        s.patch(&path, APPLY, body).await;
        s.get(&a).await;
    }
    let secret = format!("{}/secrets/s?fieldManager=one", s.core);
    for body in [
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"a": "b"}}),
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "labels": {"l": "1"}}, "data": {"c": "ZA=="}}),
    ] {
        s.patch(&secret, APPLY, body).await;
    }
    s.done();
    pair.stop().await;
}

#[tokio::test]
async fn lists_and_tables() {
    let Some(pair) = Pair::start().await else { return };
    let mut s = script(&pair);
    let base = s.base.clone();
    for (name, size) in [("a", 1), ("b", 2), ("c", 3)] {
        let mut body = s.widget(name, json!({"size": size, "note": name}));
        body["metadata"]["labels"] = json!({"n": name});
        s.post(&base, body).await;
    }
    for query in [
        "",
        "limit=2",
        "labelSelector=n=a",
        "labelSelector=n+in+(a,b)",
        "labelSelector=n!=a",
        "labelSelector=!n",
        "labelSelector=a+b+c",
        "limit=1&labelSelector=n!=a",
        "fieldSelector=metadata.name=b",
        "fieldSelector=metadata.name!=b",
        "fieldSelector=spec.size=1",
        "fieldSelector=spec.size!=1",
        "fieldSelector=spec.note=b,spec.size=2",
        "fieldSelector=spec.note=b,spec.size=1",
        "fieldSelector=spec.other=1",
        "fieldSelector=spec",
        "limit=x",
        "continue=x",
        "resourceVersion=x",
        "resourceVersion=0",
        "resourceVersionMatch=Exact",
        "resourceVersionMatch=Foo&resourceVersion=1",
        "resourceVersion=0&resourceVersionMatch=Exact",
        "sendInitialEvents=true",
    ] {
        s.get(&format!("{base}?{query}")).await;
    }
    s.get(&format!("{base}?watch=1&sendInitialEvents=true")).await;
    s.get(&format!("{base}?watch=1&resourceVersionMatch=NotOlderThan&resourceVersion=1")).await;
    for (path, accept) in [
        (base.clone(), TABLE),
        (format!("{base}?limit=1"), TABLE),
        (format!("{base}?includeObject=None"), TABLE),
        (format!("{base}?includeObject=Object"), TABLE),
        (format!("{base}/a"), TABLE),
        (base.clone(), PARTIALS),
        (format!("{base}/a"), PARTIAL),
        (base.clone(), "text/html"),
        (base.clone(), "application/yaml"),
    ] {
        if accept != "application/yaml" {
            s.get_as(&path, accept).await;
        }
    }
    // Watches that end by themselves.
    for query in [
        "watch=1&timeoutSeconds=1&resourceVersion=0",
        "watch=1&timeoutSeconds=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true",
    ] {
        s.get(&format!("{base}?{query}")).await;
        s.get_as(&format!("{base}?{query}"), TABLE).await;
        s.get_as(&format!("{base}?{query}"), PARTIAL).await;
    }
    s.delete(&format!("{base}/a?propagationPolicy=Xx"), None).await;
    s.delete(&format!("{base}/a"), Some(json!({"preconditions": {"uid": "x"}}))).await;
    s.delete(&format!("{base}/a"), Some(json!({"preconditions": {"resourceVersion": "1"}}))).await;
    s.delete(&format!("{base}/a?dryRun=All"), None).await;
    s.delete(
        &format!("{base}/a"),
        Some(json!({"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background"})),
    )
    .await;
    s.delete(&format!("{base}/a"), None).await;
    s.delete(&format!("{base}?labelSelector=n=b"), None).await;
    s.delete(&base, None).await;
    s.get(&base).await;
    s.done();
    pair.stop().await;
}

#[tokio::test]
async fn built_in_kinds() {
    let Some(pair) = Pair::start().await else { return };
    let mut s = script(&pair);
    let core = s.core.clone();
    let secrets = format!("{core}/secrets");
    for body in [
        json!({"metadata": {"name": "s1"}, "stringData": {"a": "b"}, "data": {"c": "ZA=="}}),
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s2"}, "type": "kubernetes.io/tls"}),
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s3"}, "type": "kubernetes.io/basic-auth", "stringData": {"username": "u"}}),
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "S4"}}),
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s5"}, "data": {"a b": "YQ=="}}),
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s7"}, "immutable": true, "stringData": {"a": "1"}}),
    ] {
        s.post(&secrets, body).await;
    }
    s.patch(
        &format!("{secrets}/s1"),
        STRATEGIC,
        json!({"data": {"e": "Zg==", "c": null}, "metadata": {"labels": {"x": "y"}}}),
    )
    .await;
    s.patch(&format!("{secrets}/s1"), MERGE, json!({"type": "other"})).await;
    s.patch(&format!("{secrets}/s7"), MERGE, json!({"stringData": {"a": "2"}})).await;
    s.put(
        &format!("{secrets}/s1"),
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s1"}, "data": {"n": "ZA=="}}),
    )
    .await;
    s.get(&format!("{secrets}/s1")).await;
    s.get(&format!("{secrets}?fieldSelector=type=Opaque")).await;
    s.get(&format!("{secrets}?limit=1")).await;
    s.get_as(&secrets, TABLE).await;
    s.get_as(&format!("{secrets}/s1"), PARTIAL).await;
    s.delete(&format!("{secrets}/s2"), None).await;
    s.delete(&secrets, None).await;

    let leases = format!("/apis/coordination.k8s.io/v1/namespaces/{}/leases", pair.namespace);
    let lease = json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "l"},
        "spec": {"holderIdentity": "me", "leaseDurationSeconds": 15, "renewTime": "2026-01-01T00:00:00.000000Z", "leaseTransitions": 0}});
    s.put(&format!("{leases}/l"), lease.clone()).await;
    s.post(&leases, lease.clone()).await;
    s.put(&format!("{leases}/l"), lease).await;
    s.patch(&format!("{leases}/l"), MERGE, json!({"spec": {"leaseDurationSeconds": 0}})).await;
    s.patch(&format!("{leases}/l"), STRATEGIC, json!({"spec": {"holderIdentity": "you"}})).await;
    s.get(&leases).await;
    s.get_as(&leases, TABLE).await;

    let name = unique("space");
    let spaces = "/api/v1/namespaces";
    s.post(spaces, json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})).await;
    s.post(spaces, json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "A.b"}})).await;
    s.patch(
        &format!("{spaces}/{name}"),
        MERGE,
        json!({"metadata": {"labels": {"a": "b", "kubernetes.io/metadata.name": null}}}),
    )
    .await;
    s.patch(&format!("{spaces}/{name}"), MERGE, json!({"spec": {"finalizers": []}, "status": {"phase": "Odd"}})).await;
    s.get(&format!("{spaces}/{name}")).await;
    s.get_as(&format!("{spaces}/{name}"), TABLE).await;
    s.get(&format!("{spaces}?fieldSelector=metadata.name={name}")).await;

    let events = format!("/apis/events.k8s.io/v1/namespaces/{}/events", pair.namespace);
    let event = json!({"apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": {"name": "e"}, "eventTime": "2026-01-01T00:00:00.000000Z",
        "action": "Make", "reason": "Made", "note": "made it", "type": "Normal", "reportingController": "x.test/op", "reportingInstance": "op-1",
        "regarding": {"kind": "Widget", "name": "w", "namespace": pair.namespace}});
    s.post(&events, event).await;
    s.post(&events, json!({"apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": {"name": "bad"}})).await;
    s.get(&format!("{events}/e")).await;
    s.get(&format!("{core}/events/e")).await;
    s.get(&format!("{core}/events?fieldSelector=involvedObject.name=w")).await;
    s.get(&format!("{events}?fieldSelector=regarding.name=w")).await;
    s.get_as(&format!("{core}/events"), TABLE).await;
    s.get_as(&events, TABLE).await;
    let old = json!({"apiVersion": "v1", "kind": "Event", "metadata": {"name": "o"}, "reason": "Old", "message": "m", "type": "Warning",
        "involvedObject": {"kind": "Widget", "name": "w", "namespace": pair.namespace}, "firstTimestamp": "2026-01-01T00:00:00Z", "lastTimestamp": "2026-01-01T00:00:00Z", "count": 2, "source": {"component": "c"}});
    s.post(&format!("{core}/events"), old).await;
    s.post(&format!("{core}/events"), json!({"metadata": {"name": "wrong"}, "involvedObject": {"namespace": "other"}}))
        .await;
    s.get(&format!("{events}/o")).await;
    s.delete(&format!("{core}/events/o"), None).await;

    s.done();
    pair.stop().await;
}

#[tokio::test]
async fn discovery_of_our_kinds() {
    let Some(pair) = Pair::start().await else { return };
    let mut s = script(&pair);
    s.get(&format!("/apis/{}", pair.group)).await;
    s.get(&format!("/apis/{}/v1", pair.group)).await;
    s.get("/apis/coordination.k8s.io").await;
    s.get("/apis/nosuch").await;
    s.get(&format!("/apis/{}/v2/widgets", pair.group)).await;
    s.get(&format!("/apis/{}/v1/nosuch", pair.group)).await;
    for path in ["/healthz", "/readyz", "/livez"] {
        s.get(path).await;
    }
    s.done();
    pair.stop().await;
}
