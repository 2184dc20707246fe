//! Defaulting, pruning and validation.

use serde_json::{Value, json};

use crate::pure::{Case, Resource, Step, Verb};

/// A specification, and whether it is created under strict validation.
#[allow(clippy::too_many_lines, reason = "a table")]
fn specs() -> Vec<(&'static str, Value)> {
    vec![
        ("plain", json!({})),
        ("not in the enumeration", json!({"plan": "huge"})),
        ("enumeration of another type", json!({"plan": 7})),
        ("enumeration with null", json!({"plan": null})),
        ("text is a number", json!({"name": 7})),
        ("text is a float", json!({"name": 7.5})),
        ("text is a list", json!({"name": ["a"]})),
        ("text is a map", json!({"name": {"a": 1}})),
        ("text is a boolean", json!({"name": true})),
        ("text is null", json!({"name": null})),
        ("too short", json!({"name": "a"})),
        ("too long", json!({"name": "abcdef"})),
        ("no match", json!({"name": "ABC"})),
        ("too long and no match", json!({"name": "ABCDEF"})),
        ("characters, not bytes", json!({"labels": {"a": "äöü"}})),
        ("too small", json!({"size": 0})),
        ("too large", json!({"size": 11})),
        ("integer is a float", json!({"size": 1.5})),
        ("integer is a whole float", json!({"size": 2.0})),
        ("integer is a text", json!({"size": "2"})),
        ("no multiple", json!({"even": 3})),
        ("multiple", json!({"even": 4})),
        ("number at the exclusive limit", json!({"ratio": 0})),
        ("number below the limit", json!({"ratio": -0.5})),
        ("number above the limit", json!({"ratio": 1.6})),
        ("number is an integer", json!({"ratio": 1})),
        ("number is a text", json!({"ratio": "1"})),
        ("boolean is a text", json!({"flag": "true"})),
        ("boolean is false", json!({"flag": false})),
        ("boolean is null", json!({"flag": null})),
        ("time", json!({"when": "2026-01-01T00:00:00Z"})),
        ("time with fractions", json!({"when": "2026-01-01T00:00:00.123456+02:00"})),
        ("no time", json!({"when": "yesterday"})),
        ("time without zone", json!({"when": "2026-01-01T00:00:00"})),
        ("time is a number", json!({"when": 5})),
        ("time is a boolean", json!({"when": true})),
        ("time is a list", json!({"when": ["a"]})),
        ("day", json!({"day": "2026-02-28"})),
        ("no day", json!({"day": "2026-02-30"})),
        ("duration", json!({"every": "1h30m"})),
        ("duration in words", json!({"every": "2 days"})),
        ("no duration", json!({"every": "soon"})),
        ("mail", json!({"mail": "ada@acme.test"})),
        ("no mail", json!({"mail": "ada"})),
        ("mail without a user", json!({"mail": "@acme.test"})),
        ("address", json!({"ip": "10.0.0.1"})),
        ("no address", json!({"ip": "10.0.0.256"})),
        ("other address", json!({"ip": "::1"})),
        ("long address", json!({"ip6": "fe80::1"})),
        ("no long address", json!({"ip6": "10.0.0.1"})),
        ("network", json!({"net": "10.0.0.0/8"})),
        ("no network", json!({"net": "10.0.0.0"})),
        ("network too narrow", json!({"net": "10.0.0.0/33"})),
        ("link", json!({"link": "https://acme.test/a?b=c"})),
        ("link is a path", json!({"link": "/a/b"})),
        ("no link", json!({"link": "acme"})),
        ("host", json!({"host": "a.b-c.test"})),
        ("no host", json!({"host": "a_b"})),
        ("host ends in a dash", json!({"host": "a-"})),
        ("id", json!({"id": "9f2b6ad5-6d2c-4c5d-8e5b-2f2c5f2f7c11"})),
        ("no id", json!({"id": "9f2b"})),
        ("bytes", json!({"bytes": "aGVsbG8="})),
        ("no bytes", json!({"bytes": "a"})),
        ("hardware address", json!({"mac": "00:1b:44:11:3a:b7"})),
        ("no hardware address", json!({"mac": "00:1b"})),
        ("port number", json!({"port": 80})),
        ("port name", json!({"port": "http"})),
        ("port is a boolean", json!({"port": true})),
        ("port is a float", json!({"port": 1.5})),
        ("tags", json!({"tags": ["a", "b"]})),
        ("tags are no list", json!({"tags": "a"})),
        ("a tag is a number", json!({"tags": ["a", 1]})),
        ("a tag twice", json!({"tags": ["a", "b", "a"]})),
        ("two tags three times", json!({"tags": ["a", "b", "a", "b", "a"]})),
        ("a tag is null", json!({"tags": ["a", null]})),
        ("no tags", json!({"tags": []})),
        ("too many items", json!({"atomic": ["a", "b", "c", "d"]})),
        ("too few items", json!({"some": []})),
        ("parts with defaults", json!({"parts": [{"name": "a"}, {"name": "b", "count": 2}]})),
        ("part without key", json!({"parts": [{"count": 2}]})),
        ("part twice", json!({"parts": [{"name": "a"}, {"name": "a", "count": 2}]})),
        ("part is a text", json!({"parts": ["a"]})),
        ("pair twice by default", json!({"pairs": [{"port": 1}, {"port": 1, "protocol": "TCP"}]})),
        ("pairs apart", json!({"pairs": [{"port": 1}, {"port": 1, "protocol": "UDP"}]})),
        ("labels", json!({"labels": {"a": "b"}})),
        ("label too long", json!({"labels": {"a": "bbbb"}})),
        ("label is a number", json!({"labels": {"a.b/c": 1}})),
        ("too many labels", json!({"labels": {"a": "a", "b": "b", "c": "c"}})),
        ("map of lists", json!({"lists": {"a": [1, "x"]}})),
        ("unknown fields", json!({"foo": 1, "nested": {"bar": {"baz": 1}, "a": "y"}})),
        ("unknown field in a list", json!({"parts": [{"name": "a", "foo": 1, "size": {"z": 1, "x": 1}}]})),
        ("free", json!({"free": {"any": {"thing": [1, {"a": null}]}}})),
        ("half free", json!({"half": {"any": 1, "known": {"a": "b", "c": 1}}})),
        ("defaults below", json!({"nested": {"deep": {}}})),
        ("null below", json!({"nested": {"b": null, "c": null, "a": null}})),
        ("nested is null", json!({"nested": null})),
        ("one of two", json!({"either": {"a": "x"}})),
        ("both of two", json!({"either": {"a": "x", "b": "y"}})),
        ("none of two", json!({"either": {}})),
        ("one of any", json!({"any": "abc"})),
        ("none of any", json!({"any": "xyz"})),
        ("all", json!({"all": "abc"})),
        ("one of all", json!({"all": "ab"})),
        ("none of all", json!({"all": "x"})),
        ("not", json!({"not": "bad"})),
        ("rule of the whole", json!({"plan": "small", "size": 6})),
        ("rule and enumeration", json!({"plan": "huge", "size": 6, "late": "x"})),
        ("message from an expression", json!({"late": "soon"})),
        ("field path and default message", json!({"other": {"a": 2, "b": 1}})),
        ("required by a rule", json!({"other": {"a": 13}})),
        ("division by zero", json!({"fails": {"a": 1, "b": 0}})),
        ("no such key", json!({"fails": {"a": 1}})),
        ("times in rules", json!({"timed": {"from": "2019-01-01T00:00:00Z", "for": "2h"}})),
        ("times in rules that hold", json!({"timed": {"from": "2021-01-01T00:00:00Z", "for": "30m"}})),
        ("optional old value without one", json!({"grows": 1})),
        ("several errors", json!({"plan": "huge", "name": "X", "size": 99, "tags": "x"})),
    ]
}

fn metadata() -> Vec<(&'static str, Value)> {
    vec![
        ("bad label", json!({"labels": {"-a": "b"}})),
        ("bad label value", json!({"labels": {"a": "-b"}})),
        ("label is a number", json!({"labels": {"a": 1}})),
        ("label prefix", json!({"labels": {"A_b/c": "d", "/x": "y", "a/b/c": "z"}})),
        ("bad annotation", json!({"annotations": {"-a": "b c"}})),
        ("bad finalizer", json!({"finalizers": ["a b"]})),
        ("finalizers", json!({"finalizers": ["plexica.io/a", "plexica.io/b"]})),
        ("two ways to delete", json!({"finalizers": ["orphan", "foregroundDeletion"]})),
        ("owner without kind", json!({"ownerReferences": [{"apiVersion": "v1", "name": "a", "uid": "b", "kind": ""}]})),
        (
            "owner without version",
            json!({"ownerReferences": [{"apiVersion": "", "name": "a", "uid": "b", "kind": "Pod"}]}),
        ),
        (
            "two controllers",
            json!({"ownerReferences": [
            {"apiVersion": "v1", "name": "a", "uid": "b", "kind": "Pod", "controller": true},
            {"apiVersion": "v1", "name": "c", "uid": "d", "kind": "Pod", "controller": true}]}),
        ),
        ("unknown metadata", json!({"foo": 1})),
        ("empty and null metadata", json!({"labels": {}, "annotations": null, "finalizers": []})),
        ("namespace", json!({"namespace": "x"})),
        ("bad name", json!({"name": "A_b"})),
        ("name is a number", json!({"name": 1})),
        ("name too long for the rule", json!({"name": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"})),
    ]
}

fn over(spec: &Value) -> Value {
    let mut whole = json!({"plan": "medium"});
    whole.as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
    json!({"spec": whole})
}

/// Specifications created, plainly and strictly, and changed.
pub fn cases() -> Vec<Case> {
    let create = |body: Value| Step::new(Verb::Create, "m", body);
    let mut cases = Vec::new();
    for (name, spec) in specs() {
        let body = over(&spec);
        cases.push(Case::new(name, Resource::Widget, vec![create(body.clone())]));
        // An update to it: what is forgiven when it was there before is not here.
        let update = Step::new(Verb::Merge, "m", json!({"spec": spec}));
        cases.push(Case::new(format!("{name}, patched"), Resource::Widget, vec![create(over(&json!({}))), update]));
    }
    for name in ["unknown fields", "unknown field in a list", "half free", "plain"] {
        let (_, spec) = specs().into_iter().find(|(other, _)| *other == name).unwrap();
        let step = create(over(&spec)).strict();
        cases.push(Case::new(format!("{name}, strict"), Resource::Widget, vec![step]));
    }
    for (name, metadata) in metadata() {
        let body = json!({"metadata": metadata, "spec": {"plan": "medium"}});
        let steps = vec![create(body.clone())];
        cases.push(Case::new(format!("metadata: {name}"), Resource::Widget, steps));
        let steps = vec![create(body).strict()];
        cases.push(Case::new(format!("metadata: {name}, strict"), Resource::Widget, steps));
        if name.ends_with("a number") {
            // The answer names the whole object, with its times.
            continue;
        }
        let plain = json!({"spec": {"plan": "medium"}});
        let steps = vec![create(plain), Step::new(Verb::Merge, "p", json!({"metadata": metadata}))];
        cases.push(Case::new(format!("metadata: {name}, patched"), Resource::Widget, steps));
    }
    cases.extend(transitions());
    cases.extend(whole());
    cases
}

fn transitions() -> Vec<Case> {
    let case = |name: &str, first: Value, second: Value| {
        let steps =
            vec![Step::new(Verb::Create, "m", over(&first)), Step::new(Verb::Merge, "m", json!({"spec": second}))];
        Case::new(name, Resource::Widget, steps)
    };
    vec![
        case("fixed stays", json!({"fixed": "a"}), json!({"fixed": "a", "size": 1})),
        case("fixed changes", json!({"fixed": "a"}), json!({"fixed": "b"})),
        case("fixed goes", json!({"fixed": "a"}), json!({"fixed": null})),
        case("fixed comes", json!({}), json!({"fixed": "b"})),
        case("grows", json!({"grows": 1}), json!({"grows": 2})),
        case("shrinks", json!({"grows": 2}), json!({"grows": 1})),
        case("plan is replaced", json!({"tags": ["a"]}), json!({"tags": ["b", "c"], "plan": "large"})),
        case("required goes", json!({}), json!({"plan": null})),
        case("default comes back", json!({"flag": false}), json!({"flag": null})),
    ]
}

fn whole() -> Vec<Case> {
    let create = |body: Value| Step::new(Verb::Create, "m", body);
    let one = |name: &str, body: Value| Case::new(name, Resource::Widget, vec![create(body)]);
    vec![
        one("no spec", json!({})),
        one("spec is a text", json!({"spec": "x"})),
        one("spec is a list", json!({"spec": []})),
        one("spec is null", json!({"spec": null})),
        one("unknown at the root", json!({"spec": {"plan": "small"}, "extra": 1})),
        one("another kind", json!({"kind": "Gadget", "spec": {"plan": "small"}})),
        one("status is not created", json!({"spec": {"plan": "small"}, "status": {"phase": "New"}})),
        Case::new(
            "status has its own place",
            Resource::Widget,
            vec![
                create(json!({"spec": {"plan": "small"}})),
                Step::new(Verb::Merge, "m", json!({"status": {"phase": "New"}})),
                Step::new(Verb::Merge, "c", json!({"status": {"phase": "New"}, "spec": {"plan": "large"}})).status(),
                Step::new(Verb::Merge, "c", json!({"status": {"phase": "Old", "count": "x"}})).status(),
                Step::new(Verb::Merge, "m", json!({"spec": {"plan": "large"}})),
                Step::new(Verb::Apply, "s", json!({"status": {"count": 1}})).status(),
                Step::new(Verb::Apply, "s", json!({"status": {"phase": "Ready"}})).status(),
            ],
        ),
    ]
}
