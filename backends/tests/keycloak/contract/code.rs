//! Signing in with a browser.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use reqwest::StatusCode;
use sha2::{Digest, Sha256};
use url::Url;

use crate::browser::{Browser, End, parameter};
use crate::subject::{Subject, tenant};
use crate::tokens::text;

pub const VERIFIER: &str = "a-verifier-that-has-at-least-forty-three-characters";
pub const BACK: &str = "https://app.acme.test/signed-in";

/// Where a browser begins, with some parameters otherwise.
pub fn request(subject: &Subject, realm: &str, change: &[(&str, &str)]) -> String {
    let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER.as_bytes()));
    let mut parameters = vec![
        ("client_id", "web"),
        ("response_type", "code"),
        ("scope", "openid"),
        ("redirect_uri", BACK),
        ("state", "st&te"),
        ("nonce", "n0nce"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    for (name, value) in change {
        parameters.retain(|(other, _)| other != name);
        if !value.is_empty() {
            parameters.push((name, value));
        }
    }
    Url::parse_with_params(&subject.at(realm, "auth"), parameters).unwrap().into()
}

/// With which bob's browser is sent back.
pub async fn code(subject: &Subject, realm: &str) -> String {
    let url = request(subject, realm, &[]);
    match Browser::default().sign_in(&subject.http, &url, "bob", "correct horse").await {
        End::Back(back) => parameter(&back, "code").unwrap_or_else(|| panic!("no code in {back}")),
        End::Page(status, page) => panic!("{status}: {page}"),
    }
}

pub fn exchange<'a>(code: &'a str, verifier: &'a str, back: &'a str) -> [(&'a str, &'a str); 5] {
    [
        ("grant_type", "authorization_code"),
        ("client_id", "web"),
        ("code", code),
        ("code_verifier", verifier),
        ("redirect_uri", back),
    ]
}

pub async fn a_browser_signs_in_with_pkce(subject: &Subject) {
    let desired = tenant();
    let realm = &desired.realm;
    subject.make(&desired).await;
    subject.add_bob(realm).await;
    let url = request(subject, realm, &[]);
    let wrong = Browser::default().sign_in(&subject.http, &url, "bob", "wrong").await;
    assert!(matches!(wrong, End::Page(..)), "a wrong password stays on the page");

    let End::Back(back) = Browser::default().sign_in(&subject.http, &url, "bob", "correct horse").await else {
        panic!("the browser was not sent back")
    };
    assert!(back.as_str().starts_with(BACK), "{back}");
    assert_eq!(parameter(&back, "state").as_deref(), Some("st&te"));
    assert_eq!(parameter(&back, "iss"), Some(subject.realms.issuer(realm)));
    let code = parameter(&back, "code").unwrap();
    let (status, answer) = subject.token(realm, &exchange(&code, VERIFIER, BACK)).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let claims = subject.verified(realm, text(&answer, "access_token"), "plexica").await;
    assert_eq!((text(&claims, "preferred_username"), text(&claims, "azp")), ("bob", "web"));
    let id = subject.verified(realm, text(&answer, "id_token"), "web").await;
    assert_eq!(text(&id, "nonce"), "n0nce");
    // Good once.
    let (status, answer) = subject.token(realm, &exchange(&code, VERIFIER, BACK)).await;
    assert_eq!((status, text(&answer, "error")), (StatusCode::BAD_REQUEST, "invalid_grant"));
}

pub async fn a_code_is_bound_to_who_asked(subject: &Subject) {
    let desired = tenant();
    let realm = &desired.realm;
    subject.make(&desired).await;
    subject.add_bob(realm).await;
    let other = "another-verifier-that-has-at-least-forty-three-chars";
    for (verifier, back) in [(other, BACK), ("", BACK), (VERIFIER, "https://app.acme.test/elsewhere")] {
        let code = code(subject, realm).await;
        let (status, answer) = subject.token(realm, &exchange(&code, verifier, back)).await;
        assert_eq!((status, text(&answer, "error")), (StatusCode::BAD_REQUEST, "invalid_grant"), "{answer}");
    }
    // Where a request may be answered, it is with an error; where it may not, with a page.
    for change in [("code_challenge", ""), ("code_challenge_method", "plain"), ("response_type", "token")] {
        let url = request(subject, realm, &[change]);
        let answer = subject.http.get(url).send().await.unwrap();
        let location = answer.headers().get("location").map(|to| to.to_str().unwrap().to_owned());
        let to = location.unwrap_or_else(|| panic!("{change:?} was not sent back"));
        assert!(to.starts_with(BACK) && to.contains("error="), "{change:?}: {to}");
    }
    for change in [("redirect_uri", "https://evil.test/"), ("redirect_uri", ""), ("client_id", "unknown")] {
        let url = request(subject, realm, &[change]);
        let answer = subject.http.get(url).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{change:?}");
        assert_eq!(answer.headers().get("location"), None, "{change:?}");
    }
}
