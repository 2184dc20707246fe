//! Sessions, passwords, themes and the second factor, as a spec says.

use std::time::Duration;

use plexica_backends::Secret;
use plexica_backends::keycloak::{Drift, Lifetimes, RealmDesired, SignIn};
use plexica_crds::tenant::{IdentitySpec, Mfa};
use plexica_testkit::{unique, wait_until};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::subject::{Subject, tenant};
use crate::tokens::text;

/// A realm with what that spec says.
pub fn with(spec: Value) -> RealmDesired {
    let mut desired = tenant();
    say(&mut desired, spec);
    desired
}

/// What a spec refers to: each key holds its own name, but for the one that is missing.
fn secret(key: &str) -> Option<Secret> {
    (key != "missing").then(|| Secret::new(key))
}

/// Another spec.
pub fn say(desired: &mut RealmDesired, spec: Value) {
    let spec: IdentitySpec = serde_json::from_value(spec).unwrap();
    desired.lifetimes = spec.sessions.unwrap_or_default().into();
    desired.sign_in = SignIn::new(&spec, &|wanted| secret(&wanted.key));
}

pub async fn realm(subject: &Subject, name: &str) -> Value {
    subject.admin(Method::GET, &format!("/{name}"), None).await.1
}

pub async fn settled(subject: &Subject, desired: &RealmDesired) {
    assert_eq!(subject.realms.observe(desired).await.unwrap().drift(desired), []);
    subject.proxy.writes();
    assert!(subject.ensure(desired).await.unwrap().is_empty());
    assert_eq!(subject.proxy.writes(), Vec::<String>::new());
}

pub async fn tokens_and_sessions_live_as_long_as_said(subject: &Subject) {
    let mut desired = with(json!({ "sessions": { "accessTokenSeconds": 60, "idleSeconds": 600, "maxSeconds": 1200 } }));
    let name = desired.realm.clone();
    subject.make(&desired).await;
    subject.add_bob(&name).await;
    let (_, answer) = subject.password(&name, "bob", "correct horse").await;
    let claims = subject.verified(&name, text(&answer, "access_token"), "plexica").await;
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 60);
    let left = answer["refresh_expires_in"].as_i64().unwrap();
    assert!((540..=600).contains(&left), "{left}");

    // A refresh begins the idle time anew, but not the session.
    say(&mut desired, json!({ "sessions": { "accessTokenSeconds": 60, "idleSeconds": 900, "maxSeconds": 900 } }));
    let changes = subject.ensure(&desired).await.unwrap();
    let fields = "set ssoSessionIdleTimeout, ssoSessionMaxLifespan of realm";
    assert_eq!(changes.to_string(), format!("{fields} {name}"));
    settled(subject, &desired).await;
    let (_, answer) = subject.password(&name, "bob", "correct horse").await;
    let first = answer["refresh_expires_in"].as_i64().unwrap();
    assert!((840..=900).contains(&first), "{first}");
    let mut token = text(&answer, "refresh_token").to_owned();
    wait_until("a refreshed session is nearer to its end", Duration::from_secs(20), async || {
        let form = [("grant_type", "refresh_token"), ("client_id", "web"), ("refresh_token", &token)];
        let (status, answer) = subject.token(&name, &form).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        text(&answer, "refresh_token").clone_into(&mut token);
        answer["refresh_expires_in"].as_i64().unwrap() < first
    })
    .await;

    // Out of the spec: the defaults.
    say(&mut desired, json!({}));
    assert_eq!(desired.lifetimes, Lifetimes::default());
    subject.make(&desired).await;
    assert_eq!(realm(subject, &name).await["ssoSessionMaxLifespan"], 36_000);
}

pub async fn a_new_password_has_what_the_policy_asks(subject: &Subject) {
    let policy = json!({ "minLength": 12, "minDigits": 1, "minUpperCase": 1, "minLowerCase": 1, "minSpecial": 1,
        "maxLength": 20, "notUsername": true, "notEmail": true, "historyCount": 2, "maxAgeDays": 90 });
    let mut desired = with(json!({ "passwordPolicy": policy }));
    let name = desired.realm.clone();
    subject.make(&desired).await;
    settled(subject, &desired).await;
    let user = json!({ "username": "Robert.Tables-1", "email": "Tables-1@acme.test", "enabled": true });
    subject.admin(Method::POST, &format!("/{name}/users"), Some(user)).await;
    let bob = subject.realms.users(&name).find("robert.tables-1").await.unwrap().unwrap();
    let set = async |password: &str| {
        let body = json!({ "type": "password", "value": password, "temporary": false });
        subject.admin(Method::PUT, &format!("/{name}/users/{}/reset-password", bob.id), Some(body)).await.0
    };
    for bad in [
        "Short-1",
        "Longer-than-allowed-1",
        "No-digits-here",
        "no-upper-case-1",
        "NO-LOWER-CASE-1",
        "NoSpecialOnes1",
        "Robert.Tables-1",
        "Tables-1@acme.test",
    ] {
        assert_eq!(set(bad).await, StatusCode::BAD_REQUEST, "{bad}");
    }
    assert_eq!(set("Little-Bobby-1").await, StatusCode::NO_CONTENT);

    // Changed behind our back.
    let theirs = |policy: &str| Some(json!({ "passwordPolicy": policy }));
    subject.admin(Method::PUT, &format!("/{name}"), theirs("length(1)")).await;
    assert_eq!(
        subject.realms.observe(&desired).await.unwrap().drift(&desired),
        [Drift::Settings(vec!["passwordPolicy".into()])]
    );
    subject.make(&desired).await;
    assert_eq!(set("short").await, StatusCode::BAD_REQUEST);

    // Out of the spec it ends, and one that people set then is theirs.
    say(&mut desired, json!({}));
    subject.make(&desired).await;
    settled(subject, &desired).await;
    assert_eq!(set("short").await, StatusCode::NO_CONTENT);
    subject.admin(Method::PUT, &format!("/{name}"), theirs("length(9)")).await;
    settled(subject, &desired).await;
    assert_eq!(realm(subject, &name).await["passwordPolicy"], "length(9)");
}

pub async fn a_theme_is_set_kept_and_given_back(subject: &Subject) {
    let mut desired = with(json!({ "loginTheme": "keycloak" }));
    let name = desired.realm.clone();
    subject.make(&desired).await;
    settled(subject, &desired).await;
    assert_eq!(realm(subject, &name).await["loginTheme"], "keycloak");
    subject.admin(Method::PUT, &format!("/{name}"), Some(json!({ "loginTheme": "base" }))).await;
    subject.make(&desired).await;
    assert_eq!(realm(subject, &name).await["loginTheme"], "keycloak");
    say(&mut desired, json!({}));
    let changes = subject.ensure(&desired).await.unwrap();
    assert_eq!(changes.to_string(), format!("set loginTheme, managed of realm {name}"));
    let found = realm(subject, &name).await;
    assert_eq!(found["loginTheme"], "", "Keycloak's own");
    assert_eq!(found["attributes"].get("plexica.io/identity-settings"), None);
    // A theme of people's own is not ours.
    subject.admin(Method::PUT, &format!("/{name}"), Some(json!({ "loginTheme": "base" }))).await;
    settled(subject, &desired).await;
    assert_eq!(realm(subject, &name).await["loginTheme"], "base");
    // A kept realm still knows what was said of it.
    say(&mut desired, json!({ "loginTheme": "keycloak" }));
    subject.make(&desired).await;
    let policy = plexica_crds::tenant::DeletionPolicy::Retain;
    let _kept = subject.realms.retire(&desired, policy).await.unwrap();
    desired.owner.uid = unique("again");
    say(&mut desired, json!({}));
    subject.make(&desired).await;
    assert_eq!(realm(subject, &name).await["loginTheme"], "");
}

/// Requirements of the steps of both flows, and whether new users are to set up an app.
async fn asked(subject: &Subject, name: &str) -> (Vec<Value>, Value) {
    let mut requirements = Vec::new();
    for flow in ["browser", "direct grant"] {
        let path = format!("/{name}/authentication/flows/{flow}/executions");
        let (_, steps) = subject.admin(Method::GET, &path, None).await;
        requirements.extend(steps.as_array().unwrap().iter().map(|step| step["requirement"].clone()));
    }
    let path = format!("/{name}/authentication/required-actions/CONFIGURE_TOTP");
    (requirements, subject.admin(Method::GET, &path, None).await.1["defaultAction"].clone())
}

pub async fn a_second_factor_is_asked_for_and_no_more(subject: &Subject) {
    let mut desired = tenant();
    let name = desired.realm.clone();
    subject.make(&desired).await;
    let fresh = asked(subject, &name).await;
    assert_eq!(fresh.1, false);

    desired.sign_in.mfa = Some(Mfa::Required);
    subject.proxy.writes();
    subject.make(&desired).await;
    assert_eq!(subject.proxy.writes().len(), 5, "the record, the action, three steps");
    settled(subject, &desired).await;
    let required = asked(subject, &name).await;
    assert_eq!(required.1, true);
    let differing = required.0.iter().zip(&fresh.0).filter(|(now, then)| now != then).count();
    assert_eq!(differing, 3, "{required:?}");

    // Loosened behind our back.
    let path = format!("/{name}/authentication/flows/browser/executions");
    let (_, steps) = subject.admin(Method::GET, &path, None).await;
    let mut step = steps.as_array().unwrap().iter().find(|step| step["providerId"] == "auth-otp-form").unwrap().clone();
    step["requirement"] = json!("DISABLED");
    subject.admin(Method::PUT, &path, Some(step)).await;
    assert_eq!(
        subject.realms.observe(&desired).await.unwrap().drift(&desired),
        [Drift::SecondFactor("step OTP Form of flow browser".into())]
    );
    subject.make(&desired).await;
    assert_eq!(asked(subject, &name).await, required);

    // Said otherwise, and not said any more: as a new realm.
    desired.sign_in.mfa = Some(Mfa::Optional);
    subject.make(&desired).await;
    settled(subject, &desired).await;
    assert_eq!(asked(subject, &name).await, fresh);
    desired.sign_in.mfa = Some(Mfa::Required);
    subject.make(&desired).await;
    desired.sign_in.mfa = None;
    subject.make(&desired).await;
    settled(subject, &desired).await;
    assert_eq!(asked(subject, &name).await, fresh);

    // From the start.
    let other = with(json!({ "mfa": "Required" }));
    subject.make(&other).await;
    settled(subject, &other).await;
    assert_eq!(asked(subject, &other.realm).await, required);
}
