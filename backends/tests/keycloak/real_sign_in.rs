//! What only a real Keycloak does: it shows themes and asks for a second factor.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::hmac;
use plexica_crds::tenant::Mfa;
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::browser::{Browser, field, parameter};
use crate::contract::{code::request, sign_in::with};
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
    plexica_testkit::wait_until("the app shows the next code", std::time::Duration::from_secs(40), async || {
        totp(&secret) != code
    })
    .await;
    let back = browser.submit(&subject.http, &[("otp", &totp(&secret))]).await.back();
    assert!(parameter(&back, "code").is_some(), "{back}");

    // Who comes later is told so from the start.
    let user = json!({ "username": "carol", "enabled": true });
    subject.admin(Method::POST, &format!("/{realm}/users"), Some(user)).await;
    let (_, carol) = subject.admin(Method::GET, &format!("/{realm}/users?username=carol"), None).await;
    assert_eq!(carol[0]["requiredActions"], json!(["CONFIGURE_TOTP"]));
    subject.clean().await;
}
