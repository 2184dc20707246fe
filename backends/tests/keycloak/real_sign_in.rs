//! What only a real Keycloak does: it shows themes, asks for a second factor, and knows how old a password is and which
//! were before it.

use std::num::NonZeroU32;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::{hmac, pbkdf2};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use plexica_crds::tenant::Mfa;
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};

use crate::browser::{Browser, field, parameter};
use crate::contract::code::{BACK, VERIFIER, code, exchange, request};
use crate::contract::sign_in::{say, with};
use crate::real;
use crate::subject::tenant;

/// The code that an authenticator app shows now ([RFC 6238](https://www.rfc-editor.org/rfc/rfc6238)).
fn totp(secret: &str) -> String {
    let step = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / 30;
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.as_bytes());
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let tag = tag.as_ref();
    let at = usize::from(tag[19] & 15);
    let number = u32::from_be_bytes(tag[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

#[tokio::test]
async fn the_sign_in_page_has_the_theme() {
    let Some(subject) = real::subject().await else { return };
    let mut desired = with(json!({ "loginTheme": "keycloak" }));
    subject.make(&desired).await;
    let url = request(&subject, &desired.realm, &[]);
    let page = Browser::default().open(&subject.http, &url).await.page();
    assert!(page.contains("/login/keycloak/"), "{page}");
    desired.sign_in.login_theme = None;
    subject.make(&desired).await;
    let page = Browser::default().open(&subject.http, &url).await.page();
    assert!(page.contains("/login/keycloak.v2/"), "{page}");
    subject.clean().await;
}

/// A page of another site may send a request, and its browser keeps the answer from it ([CORS]).
///
/// [CORS]: https://fetch.spec.whatwg.org/#http-cors-protocol
#[tokio::test]
async fn pages_of_a_tenants_domains_alone_may_read_tokens() {
    let Some(subject) = real::subject().await else { return };
    let desired = tenant();
    let realm = &desired.realm;
    subject.make(&desired).await;
    subject.add_bob(realm).await;
    for (origin, reads) in [
        ("https://app.acme.test", true),
        ("http://app.acme.test", false),
        ("https://app.acme.test:8443", false),
        ("https://acme.test", false),
        ("https://evil.test", false),
    ] {
        let code = code(&subject, realm).await;
        let request = subject.http.post(subject.at(realm, "token")).form(&exchange(&code, VERIFIER, BACK));
        let answer = request.header(header::ORIGIN, origin).send().await.unwrap();
        let allowed = answer.headers().get(header::ACCESS_CONTROL_ALLOW_ORIGIN).map(|origin| origin.to_str().unwrap());
        assert_eq!(allowed, reads.then_some(origin), "{origin}: {}", answer.status());
    }
    subject.clean().await;
}

#[tokio::test]
async fn who_has_no_second_factor_sets_one_up_and_is_asked_for_it() {
    let Some(subject) = real::subject().await else { return };
    let mut desired = tenant();
    let realm = desired.realm.clone();
    subject.make(&desired).await;
    // They were there before.
    subject.add_bob(&realm).await;
    assert_eq!(subject.password(&realm, "bob", "correct horse").await.0, StatusCode::OK);
    desired.sign_in.mfa = Some(Mfa::Required);
    subject.make(&desired).await;

    // The password alone is not enough any more, neither directly nor in a browser.
    // (Keycloak 26.5 answers 500 to who has no app; with one it is 401.)
    let (status, answer) = subject.password(&realm, "bob", "correct horse").await;
    assert!(!status.is_success() && answer.get("access_token").is_none(), "{status} {answer}");
    let url = request(&subject, &realm, &[]);
    let mut browser = Browser::default();
    let page = browser.sign_in(&subject.http, &url, "bob", "correct horse").await.page();
    let secret = field(&page, "totpSecret");
    let set_up = [("totpSecret", secret.as_str()), ("userLabel", "phone")];
    let wrong = [set_up[0], set_up[1], ("totp", "000")];
    browser.submit(&subject.http, &wrong).await.page();
    let code = totp(&secret);
    let back = browser.submit(&subject.http, &[set_up[0], set_up[1], ("totp", &code)]).await.back();
    assert!(parameter(&back, "code").is_some(), "{back}");

    // Asked for at the next sign-in, with another code: each is good once.
    let mut browser = Browser::default();
    let page = browser.sign_in(&subject.http, &url, "bob", "correct horse").await.page();
    assert!(page.contains("name=\"otp\""), "{page}");
    browser.submit(&subject.http, &[("otp", "000000x")]).await.page();
    plexica_testkit::wait_until("the app shows the next code", Duration::from_secs(40), async || totp(&secret) != code)
        .await;
    let back = browser.submit(&subject.http, &[("otp", &totp(&secret))]).await.back();
    assert!(parameter(&back, "code").is_some(), "{back}");

    // Who comes later is told so from the start.
    let user = json!({ "username": "carol", "enabled": true });
    subject.admin(Method::POST, &format!("/{realm}/users"), Some(user)).await;
    let (_, carol) = subject.admin(Method::GET, &format!("/{realm}/users?username=carol"), None).await;
    assert_eq!(carol[0]["requiredActions"], json!(["CONFIGURE_TOTP"]));

    // Where it is for everybody to choose, who has chosen it is asked, and nobody else.
    desired.sign_in.mfa = Some(Mfa::Optional);
    subject.make(&desired).await;
    let page = Browser::default().sign_in(&subject.http, &url, "bob", "correct horse").await.page();
    assert!(page.contains("name=\"otp\""), "{page}");
    let password = json!({ "type": "password", "value": "correct horse", "temporary": false });
    let user = json!({ "username": "dave", "email": "dave@acme.test", "enabled": true, "firstName": "Dave",
        "lastName": "User", "credentials": [password] });
    assert_eq!(subject.admin(Method::POST, &format!("/{realm}/users"), Some(user)).await.0, StatusCode::CREATED);
    assert_eq!(subject.password(&realm, "dave", "correct horse").await.0, StatusCode::OK);
    let back = Browser::default().sign_in(&subject.http, &url, "dave", "correct horse").await.back();
    assert!(parameter(&back, "code").is_some(), "{back}");
    subject.clean().await;
}

#[tokio::test]
async fn a_password_of_before_is_refused() {
    let Some(subject) = real::subject().await else { return };
    let mut desired = with(json!({ "passwordPolicy": { "historyCount": 2 } }));
    let realm = desired.realm.clone();
    subject.make(&desired).await;
    subject.add_bob(&realm).await;
    let bob = subject.realms.users(&realm).find("bob").await.unwrap().unwrap();
    let set = async |password: &str| {
        let body = json!({ "type": "password", "value": password, "temporary": false });
        subject.admin(Method::PUT, &format!("/{realm}/users/{}/reset-password", bob.id), Some(body)).await
    };
    assert_eq!(set("second horse").await.0, StatusCode::NO_CONTENT);
    let (status, answer) = set("correct horse").await;
    assert_eq!((status, &answer["error"]), (StatusCode::BAD_REQUEST, &json!("invalidPasswordHistoryMessage")));
    say(&mut desired, json!({}));
    subject.make(&desired).await;
    assert_eq!(set("correct horse").await.0, StatusCode::NO_CONTENT);
    subject.clean().await;
}

#[tokio::test]
async fn an_old_password_is_to_be_changed() {
    let Some(subject) = real::subject().await else { return };
    let mut desired = with(json!({ "passwordPolicy": { "maxAgeDays": 30 } }));
    let realm = desired.realm.clone();
    subject.make(&desired).await;
    let add = async |name: &str, days| {
        let user = json!({ "username": name, "email": format!("{name}@acme.test"), "enabled": true,
            "firstName": "A", "lastName": "User", "credentials": [password_of(days)] });
        let (status, answer) = subject.admin(Method::POST, &format!("/{realm}/users"), Some(user)).await;
        assert_eq!(status, StatusCode::CREATED, "{answer}");
    };
    add("old", 31).await;
    add("new", 29).await;
    assert_eq!(subject.password(&realm, "new", "correct horse").await.0, StatusCode::OK);
    let (status, answer) = subject.password(&realm, "old", "correct horse").await;
    assert_eq!((status, &answer["error"]), (StatusCode::BAD_REQUEST, &json!("invalid_grant")), "{answer}");
    let url = request(&subject, &realm, &[]);
    let mut browser = Browser::default();
    let page = browser.sign_in(&subject.http, &url, "old", "correct horse").await.page();
    assert!(page.contains("password-new"), "{page}");
    let changed = [("password-new", "second horse"), ("password-confirm", "second horse")];
    let back = browser.submit(&subject.http, &changed).await.back();
    assert!(parameter(&back, "code").is_some(), "{back}");

    // A longer time lets an old one be.
    say(&mut desired, json!({ "passwordPolicy": { "maxAgeDays": 3650 } }));
    subject.make(&desired).await;
    add("older", 31).await;
    assert_eq!(subject.password(&realm, "older", "correct horse").await.0, StatusCode::OK);
    subject.clean().await;
}

/// "correct horse", set that many days ago, in Keycloak's own form of a credential.
fn password_of(days: u64) -> Value {
    let (salt, mut hash) = ([7; 16], [0; 32]);
    let rounds = NonZeroU32::new(1_000).unwrap();
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, rounds, &salt, b"correct horse", &mut hash);
    let set = (SystemTime::now() - Duration::from_secs(days * 86_400)).duration_since(UNIX_EPOCH).unwrap();
    json!({
        "type": "password",
        "createdDate": u64::try_from(set.as_millis()).unwrap(),
        "secretData": json!({ "value": STANDARD.encode(hash), "salt": STANDARD.encode(salt) }).to_string(),
        "credentialData": json!({ "hashIterations": 1_000, "algorithm": "pbkdf2-sha256" }).to_string(),
    })
}
