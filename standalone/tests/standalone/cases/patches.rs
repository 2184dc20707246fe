//! Patches of all kinds.

use serde_json::{Value, json};

use crate::pure::{Case, Resource, Step, Verb};

/// Patches of widgets and namespaces.
pub fn cases() -> Vec<Case> {
    let mut cases = json_patches();
    cases.extend(merge_patches());
    cases.extend(strategic_patches());
    cases
}

fn widget(name: String, verb: Verb, patch: Value) -> Case {
    let first = json!({"metadata": {"labels": {"l": "1"}}, "spec": {"plan": "small", "tags": ["a", "b"], "labels": {"x": "y"}}});
    // What is no patch at all is described better under strict validation.
    let strict = match (verb, &patch) {
        (Verb::Json, patch) => !patch.is_array(),
        (_, patch) => !patch.is_object(),
    };
    let patch = Step { strict, ..Step::new(verb, "p", patch) };
    let steps = vec![Step::new(Verb::Create, "m", first), patch];
    Case::new(name, Resource::Widget, steps)
}

fn json_patches() -> Vec<Case> {
    [
        json!([{"op": "replace", "path": "/spec/plan", "value": "large"}]),
        json!([{"op": "add", "path": "/spec/size", "value": 3}]),
        json!([{"op": "add", "path": "/spec/tags/-", "value": "c"}]),
        json!([{"op": "add", "path": "/spec/tags/0", "value": "c"}]),
        json!([{"op": "remove", "path": "/spec/tags/0"}]),
        json!([{"op": "remove", "path": "/metadata/labels/l"}]),
        json!([{"op": "test", "path": "/spec/plan", "value": "small"}, {"op": "replace", "path": "/spec/plan", "value": "large"}]),
        json!([{"op": "copy", "from": "/spec/plan", "path": "/spec/host"}]),
        json!([{"op": "move", "from": "/spec/labels", "path": "/spec/free"}]),
        json!([{"op": "add", "path": "/metadata/labels/a~1b", "value": "c"}]),
        json!([{"op": "remove", "path": "/spec/none"}]),
        json!([{"op": "remove", "path": "/none/none"}]),
        json!([{"op": "replace", "path": "/spec/none", "value": 1}]),
        json!([{"op": "replace", "path": "/none/none", "value": 1}]),
        json!([{"op": "add", "path": "/none/none", "value": 1}]),
        json!([{"op": "add", "path": "/spec/tags/9", "value": "c"}]),
        json!([{"op": "remove", "path": "/spec/tags/9"}]),
        json!([{"op": "test", "path": "/spec/plan", "value": "large"}]),
        json!([{"op": "test", "path": "/spec/none", "value": "large"}]),
        json!([{"op": "test", "path": "/none/none", "value": "large"}]),
        json!([{"op": "copy", "from": "/spec/none", "path": "/spec/host"}]),
        json!([{"op": "move", "from": "/none/none", "path": "/spec/host"}]),
        json!([{"op": "swap", "path": "/spec/plan"}]),
        json!({"op": "replace"}),
        json!([{"op": "replace", "path": "/spec/plan", "value": "huge"}]),
        json!([]),
    ]
    .into_iter()
    .enumerate()
    .map(|(i, patch)| widget(format!("json patch {i}"), Verb::Json, patch))
    .collect()
}

fn merge_patches() -> Vec<Case> {
    [
        json!({"spec": {"plan": "large"}}),
        json!({"spec": {"tags": ["c"]}}),
        json!({"spec": {"tags": null, "labels": {"x": null, "z": "a"}}}),
        json!({"metadata": {"labels": {"l": null}}}),
        json!({"metadata": {"labels": null, "annotations": {"a": "b"}}}),
        json!({"spec": null}),
        json!({"metadata": {"name": "other"}}),
        json!({"metadata": {"uid": "other"}}),
        json!({"metadata": {"resourceVersion": "1"}}),
        json!([]),
        json!("x"),
        json!({}),
        json!({"kind": "Gadget"}),
        json!({"spec": {"plan": "small"}}),
    ]
    .into_iter()
    .enumerate()
    .map(|(i, patch)| widget(format!("merge patch {i}"), Verb::Merge, patch))
    .collect()
}

fn strategic_patches() -> Vec<Case> {
    let first = || {
        json!({"metadata": {
            "labels": {"l": "1", "m": "2"},
            "finalizers": ["p.io/a", "p.io/b", "p.io/c"],
            "ownerReferences": [
                {"apiVersion": "v1", "kind": "Pod", "name": "a", "uid": "1"},
                {"apiVersion": "v1", "kind": "Pod", "name": "b", "uid": "2"}
            ]
        }, "data": {"k": "ZA==", "n": "ZA=="}})
    };
    [
        json!({"metadata": {"finalizers": ["p.io/d"]}}),
        json!({"metadata": {"finalizers": ["p.io/a", "p.io/d"]}}),
        json!({"metadata": {"$deleteFromPrimitiveList/finalizers": ["p.io/b"]}}),
        json!({"metadata": {"$deleteFromPrimitiveList/finalizers": ["p.io/b"], "finalizers": ["p.io/e"], "$setElementOrder/finalizers": ["p.io/e", "p.io/c", "p.io/a"]}}),
        json!({"metadata": {"$setElementOrder/finalizers": ["p.io/c", "p.io/b", "p.io/a"]}}),
        json!({"metadata": {"finalizers": null}}),
        json!({"metadata": {"labels": {"l": null, "n": "3"}}}),
        json!({"metadata": {"labels": {"$patch": "replace", "n": "3"}}}),
        json!({"metadata": {"labels": {"$retainKeys": ["m"], "m": "9"}}}),
        json!({"metadata": {"labels": {"$retainKeys": ["m"], "q": "9"}}}),
        json!({"metadata": {"labels": {"$patch": "delete"}}}),
        json!({"metadata": {"labels": {"$patch": "swap"}}}),
        json!({"metadata": {"ownerReferences": [{"uid": "2", "name": "c"}]}}),
        json!({"metadata": {"ownerReferences": [{"uid": "3", "name": "c", "apiVersion": "v1", "kind": "Pod"}]}}),
        json!({"metadata": {"ownerReferences": [{"uid": "1", "$patch": "delete"}]}}),
        json!({"metadata": {"ownerReferences": [{"$patch": "replace"}, {"uid": "4", "name": "d", "apiVersion": "v1", "kind": "Pod"}]}}),
        json!({"metadata": {"ownerReferences": [{"name": "c"}]}}),
        json!({"metadata": {"ownerReferences": [{"$patch": "delete", "name": "c"}]}}),
        json!({"metadata": {"$setElementOrder/ownerReferences": [{"uid": "2"}, {"uid": "1"}], "ownerReferences": [{"uid": "1", "name": "z"}]}}),
        json!({"metadata": {"$setElementOrder/finalizers": "x"}}),
        json!({"metadata": {"$deleteFromPrimitiveList/finalizers": "x"}}),
        json!({"metadata": {"labels": {"$retainKeys": "x"}}}),
        json!({"data": {"k": null, "o": "ZQ=="}}),
        json!({"data": null}),
        json!({"type": "other"}),
        json!({"foo": 1}),
        json!({"metadata": {"annotations": {"a": "b"}}}),
    ]
    .into_iter()
    .enumerate()
    .map(|(i, patch)| {
        let steps = vec![Step::new(Verb::Create, "m", first()), Step::new(Verb::Strategic, "p", patch)];
        Case::new(format!("strategic patch {i}"), Resource::Secret, steps)
    })
    .collect()
}
