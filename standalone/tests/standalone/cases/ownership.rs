//! Field ownership and server-side apply.

use serde_json::{Value, json};

use crate::pure::{Case, Resource, Step, Verb};

fn apply(manager: &'static str, spec: Value) -> Step {
    Step::new(Verb::Apply, manager, json!({"spec": spec}))
}

fn create(spec: Value) -> Step {
    Step::new(Verb::Create, "u", json!({"spec": spec}))
}

fn merge(manager: &'static str, spec: Value) -> Step {
    Step::new(Verb::Merge, manager, json!({"spec": spec}))
}

fn widget(name: &str, steps: Vec<Step>) -> Case {
    Case::new(name, Resource::Widget, steps)
}

/// Widgets applied and changed by several managers.
pub fn cases() -> Vec<Case> {
    let mut cases = lists();
    cases.extend(maps());
    cases.extend(conflicts());
    cases.extend(odd());
    cases.extend(builtin());
    cases
}

fn lists() -> Vec<Case> {
    vec![
        widget("apply creates", vec![apply("a", json!({"plan": "small", "size": 1}))]),
        widget(
            "a field left out goes",
            vec![apply("a", json!({"plan": "small", "size": 1})), apply("a", json!({"plan": "small"}))],
        ),
        widget(
            "a field others own stays",
            vec![
                apply("a", json!({"plan": "small", "size": 1})),
                apply("b", json!({"size": 1})),
                apply("a", json!({"plan": "small"})),
                apply("b", json!({"name": "abc"})),
            ],
        ),
        widget(
            "the same again changes nothing",
            vec![
                apply("a", json!({"plan": "small", "tags": ["a"]})),
                apply("a", json!({"plan": "small", "tags": ["a"]})),
            ],
        ),
        widget(
            "sets are shared",
            vec![
                apply("a", json!({"plan": "small", "tags": ["a", "b"]})),
                apply("b", json!({"tags": ["b", "c"]})),
                apply("a", json!({"plan": "small", "tags": ["d", "a"]})),
                apply("b", json!({"tags": []})),
                apply("b", json!({})),
                apply("a", json!({"plan": "small"})),
            ],
        ),
        widget(
            "lists of maps are shared",
            vec![
                apply("a", json!({"plan": "small", "parts": [{"name": "x", "count": 2}, {"name": "y"}]})),
                apply("b", json!({"parts": [{"name": "z", "size": {"x": 1}}, {"name": "y", "size": {"y": 1}}]})),
                apply("a", json!({"plan": "small", "parts": [{"name": "y"}]})),
                apply("b", json!({"parts": [{"name": "z"}]})),
                apply("b", json!({})),
            ],
        ),
        widget(
            "order of merged lists",
            vec![
                apply("a", json!({"plan": "small", "tags": ["a", "b", "c"]})),
                apply("b", json!({"tags": ["c", "x", "a", "y"]})),
                apply("c", json!({"tags": ["y", "b"]})),
                apply("a", json!({"plan": "small", "tags": ["c", "a"]})),
            ],
        ),
        widget(
            "keys with defaults",
            vec![
                apply("a", json!({"plan": "small", "pairs": [{"port": 1, "value": "x"}]})),
                apply("b", json!({"pairs": [{"port": 1, "protocol": "UDP", "value": "y"}]})),
                apply("b", json!({"pairs": [{"port": 1, "protocol": "TCP", "value": "z"}]})),
                apply("a", json!({"plan": "small"})),
            ],
        ),
        widget(
            "atomic lists change hands as one",
            vec![
                apply("a", json!({"plan": "small", "atomic": ["a"]})),
                apply("b", json!({"atomic": ["b"]})),
                apply("b", json!({"atomic": ["b", "c"]})).forced(),
                apply("a", json!({"plan": "small"})),
            ],
        ),
    ]
}

fn maps() -> Vec<Case> {
    vec![
        widget(
            "maps are shared",
            vec![
                apply("a", json!({"plan": "small", "labels": {"a": "1"}})),
                apply("b", json!({"labels": {"b": "2"}})),
                apply("a", json!({"plan": "small", "labels": {}})),
                apply("b", json!({})),
            ],
        ),
        widget(
            "atomic maps change hands as one",
            vec![
                apply("a", json!({"plan": "small", "solid": {"a": "1"}})),
                apply("b", json!({"solid": {"b": "2"}})),
                apply("b", json!({"solid": {"b": "2"}})).forced(),
                apply("a", json!({"plan": "small"})),
            ],
        ),
        widget(
            "free fields",
            vec![
                apply("a", json!({"plan": "small", "free": {"x": {"y": 1, "l": [1, 2]}}})),
                apply("b", json!({"free": {"x": {"z": 2}}})),
                apply("b", json!({"free": {"x": {"l": [3]}}})),
                apply("a", json!({"plan": "small", "free": {"x": "text"}})).forced(),
                apply("a", json!({"plan": "small"})),
            ],
        ),
        widget(
            "nested structs and defaults",
            vec![
                apply("a", json!({"plan": "small", "nested": {"c": "1"}})),
                apply("b", json!({"nested": {"a": "other", "deep": {"d": 8}}})),
                apply("b", json!({"nested": {}})),
                apply("a", json!({"plan": "small"})),
            ],
        ),
        widget(
            "emptied containers",
            vec![
                apply(
                    "a",
                    json!({"plan": "small", "labels": {"a": "1"}, "tags": ["a"], "nested": {"deep": {"d": 1}}, "parts": [{"name": "a"}]}),
                ),
                apply("a", json!({"plan": "small", "labels": {}, "tags": [], "nested": {"deep": {}}, "parts": []})),
                apply("a", json!({"plan": "small"})),
            ],
        ),
        widget(
            "metadata",
            vec![
                Step::new(
                    Verb::Apply,
                    "a",
                    json!({"metadata": {"labels": {"a": "1"}, "annotations": {"x": "y"}, "finalizers": ["p.io/a"]}, "spec": {"plan": "small"}}),
                ),
                Step::new(
                    Verb::Apply,
                    "b",
                    json!({"metadata": {"labels": {"b": "1"}, "finalizers": ["p.io/b"], "ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "u"}]}}),
                ),
                Step::new(Verb::Apply, "a", json!({"metadata": {"labels": {"a": "2"}}, "spec": {"plan": "small"}})),
                Step::new(Verb::Apply, "b", json!({"metadata": {"labels": {"a": "3"}}})),
                Step::new(Verb::Apply, "b", json!({"metadata": {}})),
            ],
        ),
    ]
}

fn conflicts() -> Vec<Case> {
    vec![
        widget(
            "one conflict with an applier",
            vec![apply("a", json!({"plan": "small"})), apply("b", json!({"plan": "large"}))],
        ),
        widget(
            "one conflict with an updater",
            vec![create(json!({"plan": "small"})), apply("b", json!({"plan": "large"}))],
        ),
        widget(
            "several conflicts with several managers",
            vec![
                create(json!({"plan": "small", "name": "abc"})),
                merge("v", json!({"size": 2})),
                apply("a", json!({"host": "a.b"})),
                apply("b", json!({"plan": "large", "name": "abd", "size": 3, "host": "a.c"})),
                apply("b", json!({"plan": "large", "name": "abd", "size": 3, "host": "a.c"})).forced(),
            ],
        ),
        widget(
            "no conflict with one's own value",
            vec![create(json!({"plan": "small"})), apply("b", json!({"plan": "small"}))],
        ),
        widget(
            "an updater takes without asking",
            vec![
                apply("a", json!({"plan": "small", "size": 1})),
                merge("u", json!({"size": 2})),
                apply("a", json!({"plan": "small", "size": 1})),
                apply("a", json!({"plan": "small"})),
                merge("u", json!({"size": null})),
            ],
        ),
        widget(
            "applier and updater of one name are two",
            vec![create(json!({"plan": "small"})), apply("u", json!({"plan": "large"}))],
        ),
        widget(
            "kubectl takes over what it applied on the client side",
            vec![
                Step::new(
                    Verb::Create,
                    "kubectl-client-side-apply",
                    json!({
                        "metadata": {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{\"apiVersion\":\"golden.plexica.io/v1\",\"kind\":\"Widget\",\"metadata\":{\"name\":\"x\"},\"spec\":{\"plan\":\"small\",\"size\":1}}\n"}},
                        "spec": {"plan": "small", "size": 1}
                    }),
                ),
                apply("kubectl", json!({"plan": "medium", "size": 2})),
                apply("kubectl", json!({"plan": "medium"})),
                merge("u", json!({"plan": "large"})),
                apply("kubectl", json!({"plan": "medium"})),
            ],
        ),
        widget(
            "items in conflict",
            vec![
                apply("a", json!({"plan": "small", "parts": [{"name": "x", "count": 2, "size": {"x": 1}}]})),
                apply("b", json!({"parts": [{"name": "x", "count": 3}]})),
                apply("b", json!({"parts": [{"name": "x", "count": 3, "size": {"x": 2}}]})).forced(),
            ],
        ),
        Case::new(
            "status and spec are owned apart",
            Resource::Widget,
            vec![
                create(json!({"plan": "small"})),
                Step::new(Verb::Merge, "c", json!({"status": {"phase": "New"}})).status(),
                Step::new(
                    Verb::Apply,
                    "c",
                    json!({"status": {"phase": "Ready", "conditions": [{"type": "A", "status": "x"}]}}),
                )
                .status(),
                Step::new(
                    Verb::Apply,
                    "c",
                    json!({"status": {"phase": "Ready", "conditions": [{"type": "A", "status": "x"}]}}),
                )
                .status()
                .forced(),
                Step::new(
                    Verb::Apply,
                    "d",
                    json!({"status": {"conditions": [{"type": "B", "status": "y"}]}, "spec": {"plan": "large"}}),
                )
                .status(),
                Step::new(Verb::Apply, "d", json!({"spec": {"size": 3}, "status": {"phase": "New"}})),
                Step::new(Verb::Apply, "c", json!({"status": {}})).status(),
            ],
        ),
    ]
}

fn odd() -> Vec<Case> {
    let unknown = json!({"plan": "small", "foo": 1});
    vec![
        widget("unknown field applied", vec![apply("a", unknown)]),
        widget(
            "unknown field below applied",
            vec![apply("a", json!({"plan": "small", "parts": [{"name": "x", "foo": 1}]}))],
        ),
        widget(
            "wrong types applied",
            vec![apply("a", json!({"plan": 1, "size": "x", "flag": 3, "tags": "t", "labels": [1]}))],
        ),
        widget("a wrong type applied", vec![apply("a", json!({"plan": "small", "size": "x"}))]),
        widget("a text is a number", vec![apply("a", json!({"plan": 1}))]),
        widget("a text is a map", vec![apply("a", json!({"plan": {"a": "b"}}))]),
        widget("a flag is a text", vec![apply("a", json!({"plan": "small", "flag": "yes"}))]),
        widget("a list is a text", vec![apply("a", json!({"plan": "small", "tags": "t"}))]),
        widget("a map is a list", vec![apply("a", json!({"plan": "small", "labels": [1]}))]),
        widget("an item twice applied", vec![apply("a", json!({"plan": "small", "tags": ["x", "x"]}))]),
        widget("an item without key applied", vec![apply("a", json!({"plan": "small", "parts": [{"count": 1}]}))]),
        widget("null item applied", vec![apply("a", json!({"plan": "small", "parts": [null]}))]),
        widget("null applied", vec![apply("a", json!({"plan": "small", "name": null, "labels": null}))]),
        widget("invalid applied", vec![apply("a", json!({"plan": "huge"}))]),
        widget(
            "managed fields applied",
            vec![Step::new(Verb::Apply, "a", json!({"metadata": {"managedFields": []}, "spec": {"plan": "small"}}))],
        ),
        widget(
            "another version applied",
            vec![Step::new(Verb::Apply, "a", json!({"apiVersion": "golden.plexica.io/v2", "spec": {"plan": "small"}}))],
        ),
        widget(
            "managed fields reset",
            vec![
                apply("a", json!({"plan": "small"})),
                Step::new(Verb::Merge, "u", json!({"metadata": {"managedFields": [{}]}})),
                merge("u", json!({"size": 2})),
                apply("a", json!({"plan": "small"})),
                apply("b", json!({"size": 3})),
            ],
        ),
        widget(
            "replaced",
            vec![
                apply("a", json!({"plan": "small", "tags": ["a"], "labels": {"a": "1"}})),
                Step::new(
                    Verb::Replace,
                    "u",
                    json!({"spec": {"plan": "small", "tags": ["a", "b"], "parts": [{"name": "p"}]}}),
                ),
                Step::new(Verb::Replace, "v", json!({"spec": {"plan": "large"}})),
            ],
        ),
        widget(
            "many updaters",
            // Named in the order of their writes: a second that begins among them changes nothing.
            (0..14).fold(vec![Step::new(Verb::Create, "first", json!({"spec": {"plan": "small"}}))], |mut steps, i| {
                const NAMES: [&str; 14] =
                    ["m00", "m01", "m02", "m03", "m04", "m05", "m06", "m07", "m08", "m09", "m10", "m11", "m12", "m13"];
                steps.push(merge(NAMES[i], json!({"free": {NAMES[i]: i}})));
                steps
            }),
        ),
    ]
}

fn builtin() -> Vec<Case> {
    vec![
        Case::new(
            "namespace",
            Resource::Namespace,
            vec![
                Step::new(Verb::Apply, "a", json!({"metadata": {"labels": {"a": "1"}}})),
                Step::new(Verb::Apply, "a", json!({"metadata": {"labels": {"b": "1"}}})),
                Step::new(Verb::Strategic, "kubectl", json!({"metadata": {"annotations": {"x": "y"}}})),
            ],
        ),
        Case::new(
            "secret",
            Resource::Secret,
            vec![
                Step::new(Verb::Create, "a", json!({"stringData": {"a": "b"}, "type": "Opaque"})),
                Step::new(Verb::Apply, "b", json!({"data": {"c": "ZA=="}})),
                Step::new(Verb::Apply, "b", json!({"data": {"a": "ZA=="}})),
                Step::new(Verb::Strategic, "kubectl", json!({"data": {"a": null}, "metadata": {"labels": {"x": "y"}}})),
                Step::new(Verb::Apply, "b", json!({"stringData": {"e": "f"}})),
                Step::new(Verb::Merge, "m", json!({"type": "other"})),
                Step::new(Verb::Merge, "m", json!({"data": {"a b": "ZA=="}})),
            ],
        ),
        Case::new(
            "lease",
            Resource::Lease,
            vec![
                Step::new(
                    Verb::Create,
                    "a",
                    json!({"spec": {"holderIdentity": "a", "leaseDurationSeconds": 15, "renewTime": "2026-01-01T00:00:00.000000Z"}}),
                ),
                Step::new(
                    Verb::Merge,
                    "b",
                    json!({"spec": {"holderIdentity": "b", "renewTime": "2026-01-01T00:00:05.000000Z", "leaseTransitions": 1}}),
                ),
                Step::new(Verb::Apply, "c", json!({"spec": {"holderIdentity": "c"}})),
                Step::new(Verb::Merge, "b", json!({"spec": {"leaseDurationSeconds": 0}})),
            ],
        ),
    ]
}
