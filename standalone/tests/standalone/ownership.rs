//! Random requests of three managers leave the same object with the same owners, whether the pure
//! core or the real API server answers them.

use crate::pure::{self, Case, Resource, Step, Verb};
use kube::Client;
use plexica_standalone::schema::CompiledSchema;
use plexica_testkit::{require, unique};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value, json};

fn object(fields: Vec<(&'static str, Option<Value>)>) -> Value {
    let present = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(present.collect::<Map<_, _>>())
}

fn names() -> BoxedStrategy<Value> {
    Just(vec!["a", "b", "c"])
        .prop_shuffle()
        .prop_flat_map(|all| (0..=all.len()).prop_map(move |count| json!(all[..count])))
        .boxed()
}

fn parts() -> BoxedStrategy<Value> {
    let part = |name: &'static str| {
        (option::of(1..3_i32), option::of((option::of(0..2_i32), option::of(0..2_i32)))).prop_map(
            move |(count, size)| {
                let size = size.map(|(x, y)| object(vec![("x", x.map(Value::from)), ("y", y.map(Value::from))]));
                object(vec![("name", Some(name.into())), ("count", count.map(Value::from)), ("size", size)])
            },
        )
    };
    (part("x"), part("y"), part("z"), any::<[bool; 3]>(), any::<bool>())
        .prop_map(|(x, y, z, keep, reverse)| {
            let mut kept: Vec<Value> =
                [x, y, z].into_iter().zip(keep).filter_map(|(part, keep)| keep.then_some(part)).collect();
            if reverse {
                kept.reverse();
            }
            Value::Array(kept)
        })
        .boxed()
}

fn pairs() -> BoxedStrategy<Value> {
    let protocol = option::of(prop_oneof![Just("TCP"), Just("UDP")]);
    option::of((1..3_i32, protocol, option::of(0..2_i32)))
        .prop_map(|pair| {
            let pair = pair.map(|(port, protocol, value)| {
                object(vec![
                    ("port", Some(port.into())),
                    ("protocol", protocol.map(Value::from)),
                    ("value", value.map(|value| value.to_string().into())),
                ])
            });
            Value::Array(pair.into_iter().collect())
        })
        .boxed()
}

fn texts() -> BoxedStrategy<Value> {
    btree_map("[abc]", "[12]", 0..3).prop_map(|map| json!(map)).boxed()
}

fn free() -> BoxedStrategy<Value> {
    prop_oneof![
        Just(json!({})),
        Just(json!({"k": 1})),
        Just(json!({"k": {"l": 1}})),
        Just(json!({"k": {"m": [1]}})),
        Just(json!({"k": "text", "o": {}})),
    ]
    .boxed()
}

/// A specification with some of the fields, each of a few values, so that managers meet.
fn spec() -> BoxedStrategy<Value> {
    let plan = option::of(prop_oneof![Just("medium"), Just("large")]);
    let first = (plan, option::of(1..4_i32), option::of(names()), option::of(parts()), option::of(pairs()));
    let second =
        (option::of(texts()), option::of(names()), option::of(texts()), option::of(free()), option::of(0..3_i32));
    (first, second)
        .prop_map(|((plan, size, tags, parts, pairs), (labels, atomic, solid, free, deep))| {
            let solid = solid.map(|map| {
                let mut map = map.as_object().unwrap().clone();
                map.remove("c");
                Value::Object(map)
            });
            object(vec![
                ("plan", plan.map(Value::from)),
                ("size", size.map(Value::from)),
                ("tags", tags),
                ("parts", parts),
                ("pairs", pairs),
                ("labels", labels),
                ("atomic", atomic),
                ("solid", solid),
                ("free", free),
                ("nested", deep.map(|deep| if deep == 0 { json!({}) } else { json!({"deep": {"d": deep}}) })),
            ])
        })
        .boxed()
}

fn step() -> BoxedStrategy<Step> {
    let manager = prop_oneof![Just("one"), Just("two"), Just("three")];
    let verb = prop_oneof![4 => Just(Verb::Apply), 2 => Just(Verb::Merge), 1 => Just(Verb::Replace)];
    let finalizers = option::weighted(0.2, names());
    (verb, manager, any::<bool>(), spec(), finalizers)
        .prop_map(|(verb, manager, force, mut spec, finalizers)| {
            if verb == Verb::Replace && spec.get("plan").is_none() {
                spec["plan"] = json!("medium");
            }
            let mut body = json!({"spec": spec});
            if let Some(Value::Array(finalizers)) = finalizers {
                let named: Vec<String> =
                    finalizers.iter().map(|one| format!("golden.plexica.io/{}", one.as_str().unwrap())).collect();
                body["metadata"] = json!({"finalizers": named});
            }
            let step = Step::new(verb, manager, body);
            if force { step.forced() } else { step }
        })
        .boxed()
}

fn sequences() -> BoxedStrategy<Vec<Step>> {
    let first = prop_oneof![Just(Verb::Create), Just(Verb::Apply)].prop_flat_map(|verb| {
        spec().prop_map(move |mut spec| {
            spec["plan"] = json!("medium");
            Step::new(verb, "one", json!({"spec": spec}))
        })
    });
    (first, vec(step(), 1..8))
        .prop_map(|(first, mut steps)| {
            steps.insert(0, first);
            steps
        })
        .boxed()
}

/// Nobody owns an empty list or map, so the API server cannot take one back; these are left out
/// where a test asks for that.
fn without_empty(value: Value) -> Value {
    let empty = |value: &Value| match value {
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    };
    let Value::Object(map) = value else { return value };
    let kept = map.into_iter().map(|(name, member)| (name, without_empty(member)));
    Value::Object(kept.filter(|(_, member)| !empty(member)).collect())
}

fn config(cases: u32) -> Config {
    Config { cases, max_shrink_iters: 200, failure_persistence: None, ..Config::default() }
}

fn schema() -> CompiledSchema {
    CompiledSchema::compile(&pure::core::widget()).unwrap()
}

#[test]
fn three_managers_leave_what_they_leave_on_the_real_server() {
    let Some(cluster) = require!(kubernetes) else { return };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let client: Client = runtime.block_on(async {
        let client = cluster.client().await;
        pure::live::serve_widgets(&client).await;
        client
    });
    let schema = schema();
    let mut runner = TestRunner::new(config(96));
    let outcome = runner.run(&sequences(), |steps| {
        let case = Case::new("random", Resource::Widget, steps);
        let name = unique("random");
        let real = runtime.block_on(pure::live::answers(&client, &case, &name));
        let ours = pure::core::answers(&schema, &case, "random-case");
        for (step, (real, ours)) in case.steps.iter().zip(real.iter().zip(&ours)) {
            prop_assert_eq!(real, ours, "{:?}", step);
        }
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn a_configuration_applied_twice_changes_nothing_the_second_time() {
    let schema = schema();
    let mut runner = TestRunner::new(config(512));
    let outcome = runner.run(&(sequences(), spec()), |(mut steps, spec)| {
        let spec = without_empty(spec);
        let again = Step::new(Verb::Apply, "two", json!({"spec": spec})).forced();
        steps.extend([again.clone(), again]);
        let case = Case::new("twice", Resource::Widget, steps);
        let answers = pure::core::answers(&schema, &case, "random-case");
        let [.., first, second] = answers.as_slice() else { unreachable!() };
        prop_assert_eq!(first, second);
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn what_one_alone_applied_goes_when_it_is_left_out() {
    let schema = schema();
    let mut runner = TestRunner::new(config(512));
    let outcome = runner.run(&spec(), |spec| {
        let bare = json!({"plan": "medium"});
        let mut full = without_empty(spec);
        full["plan"] = json!("medium");
        let steps = vec![
            Step::new(Verb::Apply, "one", json!({"spec": bare})),
            Step::new(Verb::Apply, "one", json!({"spec": full})),
            Step::new(Verb::Apply, "one", json!({"spec": bare})),
        ];
        let case = Case::new("left out", Resource::Widget, steps);
        let answers = pure::core::answers(&schema, &case, "random-case");
        if answers[1]["code"] == 200 {
            prop_assert_eq!(&answers[0]["object"], &answers[2]["object"]);
        }
        Ok(())
    });
    outcome.unwrap();
}
