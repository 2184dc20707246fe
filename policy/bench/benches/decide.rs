//! 10,000 requests on the same 1,000 policies: this engine beside Cedar.
//!
//! 20 roles with 10 grants each are 200 `permit`s there, and 800 policies that deny are 800 `forbid`s. Both say the same of each
//! request, which is looked at first.

#![allow(clippy::unwrap_used)]

use std::hint::black_box;

use cedar_policy::{Authorizer, Context, Decision, Entities, EntityUid, PolicySet};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use plexica_policy::{Attributes, Environment, Permission, Policy, Request, Role, Snapshot};
use serde_json::{Value as Json, json};

const RESOURCES: usize = 25;
const ACTIONS: [&str; 4] = ["read", "write", "share", "delete"];
const ROLES: usize = 20;
const GRANTS: usize = 10;
const DENIALS: usize = 800;
const USERS: usize = 100;
const OBJECTS: usize = 500;
const REQUESTS: usize = 10_000;

/// The same in each run, and even enough.
fn picked(seed: usize, of: usize) -> usize {
    let mixed = (seed as u64).wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    usize::try_from((mixed ^ (mixed >> 29)) >> 16).unwrap() % of
}

fn permission(at: usize) -> String {
    format!("app{}:things:{}", at / ACTIONS.len() % RESOURCES, ACTIONS[at % ACTIONS.len()])
}

fn grants(role: usize) -> impl Iterator<Item = String> {
    (0..GRANTS).map(move |grant| permission(picked(role * GRANTS + grant, RESOURCES * ACTIONS.len())))
}

fn is(attribute: &str, operator: &str, value: Json) -> Json {
    json!({ "attribute": attribute, "operator": operator, "value": value })
}

/// In this engine's language, and in Cedar's.
fn condition(denial: usize) -> (Json, String) {
    match denial % 4 {
        0 => (is("resource.secret", "equals", json!(true)), "resource.secret".into()),
        1 => (
            is("resource.level", "greaterThan", json!({ "attribute": "user.level" })),
            "resource.level > principal.level".into(),
        ),
        2 => {
            let theirs = is("user.teams", "contains", json!({ "attribute": "resource.team" }));
            (json!({ "not": theirs }), "!principal.teams.contains(resource.team)".into())
        }
        _ => {
            let other = is("resource.owner", "notEquals", json!({ "attribute": "user.id" }));
            let draft = is("resource.state", "equals", json!("draft"));
            (json!({ "all": [draft, other] }), r#"resource.state == "draft" && resource.owner != principal.id"#.into())
        }
    }
}

fn user(at: usize) -> Json {
    let teams: Vec<_> = (0..4).map(|team| format!("team{}", picked(at + team, 5))).collect();
    json!({ "id": format!("user{at}"), "level": 3 + picked(at, 3), "teams": teams })
}

fn object(at: usize) -> Json {
    json!({
        "owner": format!("user{}", picked(at, USERS)), "team": format!("team{}", picked(at, 5)), "secret": picked(at, 20) == 0,
        "level": picked(at, 5), "state": if picked(at, 10) == 0 { "draft" } else { "final" },
    })
}

fn roles_of(user: usize) -> [usize; 3] {
    [0, 1, 2].map(|role| picked(user * 3 + role, ROLES))
}

/// Who asks, what, and of which object; mostly what one of the roles gives.
fn request(at: usize) -> (usize, String, usize) {
    let user = picked(at, USERS);
    let given = roles_of(user).into_iter().flat_map(grants).nth(picked(at * 7, 3 * GRANTS));
    let asked = if at.is_multiple_of(10) { permission(at) } else { given.unwrap() };
    (user, asked, picked(at * 3, OBJECTS))
}

fn ours() -> Snapshot {
    let roles =
        (0..ROLES).map(|role| json!({ "name": format!("role{role}"), "grants": grants(role).collect::<Vec<_>>() }));
    let policies = (0..DENIALS).map(|denial| {
        json!({
            "id": denial.to_string(), "name": "", "effect": "DENY", "source": "tenant-admin",
            "permissions": [permission(denial)], "condition": condition(denial).0,
        })
    });
    let roles: Vec<Role> = serde_json::from_value(roles.collect()).unwrap();
    let policies: Vec<Policy> = serde_json::from_value(policies.collect()).unwrap();
    Snapshot::new(1, &roles, policies).unwrap()
}

fn theirs() -> (PolicySet, Entities) {
    let permits = (0..ROLES).flat_map(|role| {
        grants(role).map(move |grant| {
            format!("permit(principal in Role::\"role{role}\", action == Action::\"{grant}\", resource);\n")
        })
    });
    let forbids = (0..DENIALS).map(|denial| {
        let (asked, when) = (permission(denial), condition(denial).1);
        format!("forbid(principal, action == Action::\"{asked}\", resource) when {{ {when} }};\n")
    });
    let entity = |of: &str, at: usize, attributes: Json, parents: Vec<Json>| json!({ "uid": { "type": of, "id": at.to_string() }, "attrs": attributes, "parents": parents });
    let users = (0..USERS).map(|at| {
        let parents = roles_of(at).map(|role| json!({ "type": "Role", "id": format!("role{role}") }));
        entity("User", at, user(at), parents.into())
    });
    let objects = (0..OBJECTS).map(|at| entity("Object", at, object(at), Vec::new()));
    let entities = Entities::from_json_value(users.chain(objects).collect(), None).unwrap();
    (permits.chain(forbids).collect::<String>().parse().unwrap(), entities)
}

fn decide(criterion: &mut Criterion) {
    let snapshot = ours();
    let (policies, entities) = theirs();
    assert_eq!(policies.policies().count(), ROLES * GRANTS + DENIALS);
    let authorizer = Authorizer::new();
    let asked: Vec<_> = (0..REQUESTS).map(request).collect();

    let users: Vec<_> = (0..USERS).map(|at| Attributes::of(&user(at))).collect();
    let roles: Vec<_> = (0..USERS).map(|at| roles_of(at).map(|role| format!("role{role}"))).collect();
    let objects: Vec<_> = (0..OBJECTS).map(|at| Attributes::of(&object(at))).collect();
    let permissions: Vec<Permission> = asked.iter().map(|(_, permission, _)| permission.parse().unwrap()).collect();
    let environment = Environment { time: jiff::Zoned::now(), ip: None };
    let here = || {
        let requests = asked.iter().zip(&permissions).map(|((user, _, object), permission)| {
            let request =
                Request { permission, user: &users[*user], resource: &objects[*object], environment: &environment };
            snapshot.decide(&roles[*user], &request).is_allowed()
        });
        requests.collect::<Vec<_>>()
    };

    let uid = |of: &str, id: &str| -> EntityUid { format!("{of}::\"{id}\"").parse().unwrap() };
    let requests: Vec<_> = asked
        .iter()
        .map(|(user, permission, object)| {
            let (user, object) = (uid("User", &user.to_string()), uid("Object", &object.to_string()));
            cedar_policy::Request::new(user, uid("Action", permission), object, Context::empty(), None).unwrap()
        })
        .collect();
    let there = |requests: &[cedar_policy::Request]| {
        let answers = requests.iter().map(|request| authorizer.is_authorized(request, &policies, &entities));
        answers.map(|answer| answer.decision() == Decision::Allow).collect::<Vec<_>>()
    };

    let decided = here();
    assert_eq!(decided, there(&requests), "both say the same");
    let allowed = decided.iter().filter(|allowed| **allowed).count();
    println!("{allowed} of {REQUESTS} are allowed");

    let mut group = criterion.benchmark_group("decide");
    group.throughput(Throughput::Elements(REQUESTS as u64));
    group.bench_function("plexica", |bencher| bencher.iter(|| black_box(here())));
    // A tenth of them: the whole takes too long.
    let some = &requests[..REQUESTS / 10];
    group.throughput(Throughput::Elements(some.len() as u64)).sample_size(10);
    group.bench_function("cedar", |bencher| bencher.iter(|| black_box(there(some))));
    group.finish();
}

criterion_group!(benches, decide);
criterion_main!(benches);
