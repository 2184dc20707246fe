//! What the rules are, one by one.

use plexica_policy::{
    Attributes, Condition, Environment, Permission, Policy, Request, Role, Snapshot,
    snapshot::{Column, Decision, Denial, Fields},
    value::Kind,
};
use serde_json::{Value as Json, json};

fn snapshot(policies: Json) -> Snapshot {
    let roles: Vec<Role> = serde_json::from_value(json!([
        { "name": "reader", "grants": ["docs:*"] }, { "name": "author", "grants": ["docs:write:own"] },
    ]))
    .unwrap();
    let policies = policies.as_array().unwrap().iter().enumerate().map(|(at, policy)| {
        let mut whole =
            json!({ "id": at.to_string(), "name": "", "source": "tenant-admin", "permissions": ["docs:*"] });
        whole.as_object_mut().unwrap().extend(policy.as_object().unwrap().clone());
        serde_json::from_value::<Policy>(whole).unwrap()
    });
    Snapshot::new(7, &roles, policies.collect()).unwrap()
}

fn environment() -> Environment {
    Environment { time: "2026-12-01T22:30:00[UTC]".parse().unwrap(), ip: Some("::ffff:10.0.0.1".parse().unwrap()) }
}

fn ask<T>(permission: &str, user: Json, resource: Json, answer: impl FnOnce(&Request<'_>) -> T) -> T {
    let permission: Permission = permission.parse().unwrap();
    let (user, resource, environment) = (Attributes::of(&user), Attributes::of(&resource), environment());
    answer(&Request { permission: &permission, user: &user, resource: &resource, environment: &environment })
}

fn decide(snapshot: &Snapshot, role: &str, permission: &str, user: Json, resource: Json) -> Decision {
    ask(permission, user, resource, |request| snapshot.decide(&[role.into()], request))
}

fn is(attribute: &str, operator: &str, value: Json) -> Json {
    json!({ "attribute": attribute, "operator": operator, "value": value })
}

#[test]
fn a_denial_wins_over_whatever_allows() {
    let secret = is("resource.secret", "equals", json!(true));
    let snapshot = snapshot(json!([{ "effect": "ALLOW", "priority": 100 }, { "effect": "DENY", "condition": secret }]));
    let asked = |resource| decide(&snapshot, "reader", "docs:read", json!({}), resource);
    assert_eq!(asked(json!({ "secret": false })), Decision::Allowed);
    assert!(
        matches!(asked(json!({ "secret": true })), Decision::Denied(Denial::Policy { policy, .. }) if policy.id == "1")
    );
}

#[test]
fn what_cannot_be_told_denies_and_is_reported() {
    let secret = is("resource.secret", "equals", json!(true));
    for (effect, resource, says) in [
        ("DENY", json!({}), "resource.secret is not there"),
        ("DENY", json!({ "secret": "yes" }), "resource.secret is a text, of which equals cannot be asked here"),
        ("ALLOW", json!({}), "resource.secret is not there"),
        ("ALLOW", json!({ "secret": 1 }), "resource.secret is a number, of which equals cannot be asked here"),
    ] {
        let snapshot = snapshot(json!([{ "effect": effect, "condition": secret }]));
        let Decision::Denied(denial) = decide(&snapshot, "reader", "docs:read", json!({}), resource) else { panic!() };
        assert_eq!(denial.unknown().map(ToString::to_string).as_deref(), Some(says), "{effect}");
    }
}

#[test]
fn no_source_takes_back_what_one_before_it_asks_for() {
    let inside = is("environment.ip", "ipInRange", json!(["192.0.2.0/24"]));
    let policies = json!([{ "effect": "ALLOW", "source": "core", "condition": inside }, { "effect": "ALLOW" }]);
    let decision = decide(&snapshot(policies), "reader", "docs:read", json!({}), json!({}));
    assert!(matches!(decision, Decision::Denied(Denial::NoneAllows { .. })), "{decision:?}");
}

#[test]
fn an_address_is_the_same_in_both_ways_to_write_it_and_a_day_goes_past_midnight() {
    for (condition, expected) in [
        (is("environment.ip", "ipInRange", json!(["10.0.0.0/8"])), Ok(true)),
        (is("environment.ip", "ipInRange", json!(["10.0.0.1"])), Ok(true)),
        (is("environment.time", "timeBetween", json!(["22:00", "06:00"])), Ok(true)),
        (is("environment.time", "timeBetween", json!(["06:00", "22:00"])), Ok(false)),
        (is("environment.time", "greaterThan", json!("2026-12-01T22:30:00+01:00")), Ok(true)),
    ] {
        let read = Condition::read(&condition).unwrap();
        assert_eq!(ask("docs:read", json!({}), json!({}), |request| read.holds(request)), expected, "{condition}");
    }
}

#[test]
fn one_may_write_ones_own() {
    let snapshot = snapshot(json!([]));
    let asked = |resource| decide(&snapshot, "author", "docs:write", json!({ "id": "ada" }), resource);
    assert_eq!(asked(json!({ "owner": "ada" })), Decision::Allowed);
    for other in [json!({ "owner": "grace" }), json!({})] {
        assert!(matches!(asked(other), Decision::Denied(Denial::OutOfScope { .. })));
    }
    let decision = decide(&snapshot, "author", "docs:read", json!({ "id": "ada" }), json!({ "owner": "ada" }));
    assert_eq!(decision, Decision::Denied(Denial::NotGranted));
}

#[test]
fn fields_are_left_out_rather_than_masked_and_rather_than_shown() {
    let mine = is("resource.owner", "equals", json!({ "attribute": "user.id" }));
    let snapshot = snapshot(json!([
        { "effect": "MASK", "fields": ["iban", "salary"] },
        { "effect": "HIDE", "fields": ["salary"], "condition": { "not": mine } },
    ]));
    let fields = |resource| {
        ask("docs:read", json!({ "id": "ada" }), resource, |request| {
            snapshot.access(&["reader".into()], request.permission).fields(request)
        })
    };
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(fields(json!({ "owner": "ada" })), Fields { hidden: set(&[]), masked: set(&["iban", "salary"]) });
    for other in [json!({ "owner": "grace" }), json!({})] {
        assert_eq!(fields(other), Fields { hidden: set(&["salary"]), masked: set(&["iban"]) });
    }
}

#[test]
fn an_explanation_says_which_role_policy_and_condition() {
    let condition =
        json!({ "all": [is("user.level", "greaterThan", json!(3)), is("resource.open", "exists", json!(true))] });
    let snapshot = snapshot(json!([{ "effect": "DENY", "name": "Not yet", "condition": { "not": condition } }]));
    let explained = ask("docs:read", json!({ "level": 1 }), json!({ "open": true }), |request| {
        serde_json::to_value(snapshot.explain(&["reader".into()], request)).unwrap()
    });
    assert_eq!(
        explained,
        json!({
            "allowed": false, "reason": "policy", "message": "policy \"0\" denies it", "version": 7,
            "grants": [{ "by": ["reader"], "grant": "docs:*", "applies": "yes" }],
            "policies": [{
                "id": "0", "name": "Not yet", "effect": "DENY", "source": "tenant-admin",
                "condition": { "condition": "not", "applies": "yes", "parts": [{
                    "condition": "all", "applies": "no", "parts": [
                        { "condition": is("user.level", "greaterThan", json!(3)), "applies": "no" },
                        { "condition": is("resource.open", "exists", json!(true)), "applies": "yes" },
                    ],
                }] },
            }],
        })
    );
}

#[test]
fn mistakes_are_all_said_each_with_its_place() {
    let wrong = json!({ "all": [
        is("user.level", "biggerThan", json!(1)),
        is("person.level", "equals", json!(1)),
        { "any": [is("user.level", "greaterThan", json!("a lot")), { "not": { "nor": [] } }] },
        is("environment.time", "equals", json!("now")),
        is("environment.time", "timeBetween", json!(["9", "17:00"])),
        is("user.level", "between", json!([3, 1])),
        is("user.level", "in", json!([1, "two"])),
        is("user.level", "equals", json!(null)),
        is("user.level", "equals", json!({ "attribute": "environment.ip" })),
        { "any": [] },
    ] });
    let mistakes = Condition::read(&wrong).unwrap_err();
    let paths: Vec<_> = mistakes.iter().map(|mistake| mistake.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "/all/0/operator",
            "/all/1/attribute",
            "/all/2/any/0/value",
            "/all/2/any/1/not",
            "/all/3/operator",
            "/all/4/value/0",
            "/all/5/value",
            "/all/6/value",
            "/all/7/value",
            "/all/8/value",
            "/all/9/any",
        ],
        "{mistakes:#?}"
    );
}

#[test]
fn what_is_too_deep_or_too_long_is_refused() {
    let leaf = is("user.level", "equals", json!(1));
    let deep = (0..9).fold(leaf.clone(), |inner, _| json!({ "not": inner }));
    assert!(Condition::read(&deep).unwrap_err()[0].message.contains("deep"));
    let wide = json!({ "all": vec![leaf; 200] });
    let mistakes = Condition::read(&wide).unwrap_err();
    assert_eq!(mistakes.len(), 1, "{mistakes:?}");
}

#[test]
fn a_list_is_filtered_by_sql() {
    let snapshot = snapshot(json!([
        { "effect": "DENY", "condition": is("resource.secret", "equals", json!(true)) },
        { "effect": "ALLOW", "condition": { "any": [
            is("user.department", "equals", json!({ "attribute": "resource.department" })),
            is("resource.tags", "contains", json!("public")),
            is("resource.size", "greaterThan", json!("2026-01-01T00:00:00Z")),
            is("user.level", "greaterThan", json!(5)),
        ] } },
    ]));
    let columns = |name: &str| {
        let (sql, kind) = match name {
            "secret" => ("doc.secret", Kind::Boolean),
            "department" => ("doc.department", Kind::Text),
            "tags" => ("doc.tags", Kind::List),
            "size" => ("doc.size", Kind::Number),
            _ => return None,
        };
        Some(Column { sql, kind })
    };
    let sql = |role: &str| {
        ask("docs:read", json!({ "department": "sales", "level": 1 }), json!({}), |request| {
            snapshot.access(&[role.into()], request.permission).filter(request).sql(&columns, 2)
        })
    };
    let filtered = sql("reader");
    assert_eq!(
        filtered.text,
        "(doc.secret = $3::boolean) IS FALSE AND ((($4::text = doc.department) OR \
         (CASE WHEN $5::text IS NULL THEN NULL ELSE $5::text = ANY (doc.tags) END) OR NULL::boolean)) IS TRUE"
    );
    assert_eq!(filtered.binds.len(), 3);
    assert_eq!(sql("author").text, "FALSE");
}
