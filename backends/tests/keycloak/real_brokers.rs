//! What only a real Keycloak does: it sends people to brokers, and mail.

use base64::{Engine, prelude::BASE64_STANDARD};
use plexica_backends::keycloak::RealmDesired;
use plexica_crds::tenant::DeletionPolicy;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::browser::{Browser, End, parameter};
use crate::contract::brokers::{adfs, okta};
use crate::contract::code::{BACK, VERIFIER, exchange, request};
use crate::contract::sign_in::{say, settled, with};
use crate::mail;
use crate::real;
use crate::subject::{Subject, tenant};
use crate::tokens::text;

/// Goes through the broker, from the sign-in page on.
pub async fn through(subject: &Subject, realm: &RealmDesired) -> End {
    let mut browser = Browser::default();
    browser.open(&subject.http, &request(subject, &realm.realm, &[])).await.page();
    browser.click(&subject.http, "social-okta").await.page();
    browser.submit(&subject.http, &[("username", "bob"), ("password", "correct horse"), ("credentialId", "")]).await
}

#[tokio::test]
async fn people_sign_in_through_another_realm_also_after_its_secret_changed() {
    let Some(subject) = real::subject().await else { return };
    let theirs = tenant();
    subject.make(&theirs).await;
    subject.add_bob(&theirs.realm).await;
    let issuer = subject.realms.issuer(&theirs.realm);
    let mut ours = with(json!({ "brokers": [okta(&issuer, "first-secret")] }));
    subject.make(&ours).await;
    let endpoint = format!("{}/broker/okta/endpoint", subject.realms.issuer(&ours.realm));
    let client = |secret: &str| json!({ "clientId": "it", "secret": secret, "redirectUris": [endpoint] });
    let clients = format!("/{}/clients", theirs.realm);
    assert_eq!(subject.admin(Method::POST, &clients, Some(client("first-secret"))).await.0, StatusCode::CREATED);

    let back = through(&subject, &ours).await.back();
    let code = parameter(&back, "code").unwrap_or_else(|| panic!("no code in {back}"));
    let (status, answer) = subject.token(&ours.realm, &exchange(&code, VERIFIER, BACK)).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let claims = subject.verified(&ours.realm, text(&answer, "access_token"), "plexica").await;
    assert_eq!(claims["email"], "bob@acme.test");

    // A write of something else keeps the secret that Keycloak does not show.
    let mut other = okta(&issuer, "missing");
    other["displayName"] = json!("Okta");
    say(&mut ours, json!({ "brokers": [other] }));
    assert!(!subject.ensure(&ours).await.unwrap().is_empty());
    through(&subject, &ours).await.back();

    let id = subject.client(&theirs.realm, "it").await["id"].as_str().unwrap().to_owned();
    let changed = client("second-secret");
    subject.admin(Method::PUT, &format!("{clients}/{id}"), Some(changed)).await;
    assert!(matches!(through(&subject, &ours).await, End::Page(..)), "the first secret opens nothing any more");
    say(&mut ours, json!({ "brokers": [okta(&issuer, "second-secret")] }));
    subject.make(&ours).await;
    through(&subject, &ours).await.back();
    subject.clean().await;
}

#[tokio::test]
async fn a_realm_from_a_backup_is_given_the_secrets_that_no_backup_has() {
    let Some(subject) = real::subject().await else { return };
    let theirs = tenant();
    subject.make(&theirs).await;
    subject.add_bob(&theirs.realm).await;
    let issuer = subject.realms.issuer(&theirs.realm);
    let ours = with(json!({ "brokers": [okta(&issuer, "one-secret")], "smtp": { "host": "127.0.0.1",
        "from": "no-reply@acme.test", "auth": { "username": "it", "passwordRef": { "key": "one-password" } } } }));
    subject.make(&ours).await;
    let endpoint = format!("{}/broker/okta/endpoint", subject.realms.issuer(&ours.realm));
    let client = json!({ "clientId": "it", "secret": "one-secret", "redirectUris": [endpoint] });
    subject.admin(Method::POST, &format!("/{}/clients", theirs.realm), Some(client)).await;

    let whole = subject.realms.export(&ours.realm).await.unwrap();
    let (users, _) = subject.realms.export_users(&ours.realm, 0).await.unwrap();
    let _gone = subject.realms.retire(&ours, DeletionPolicy::Delete).await.unwrap();
    assert!(subject.realms.import(&ours, whole, users).await.unwrap());
    let set = subject.ensure(&ours).await.unwrap().to_string();
    assert!(set.contains("clientSecret of broker okta") && set.contains("smtpServer.password"), "{set}");
    settled(&subject, &ours).await;
    through(&subject, &ours).await.back();
    subject.clean().await;
}

#[tokio::test]
async fn people_are_sent_to_social_and_saml_brokers() {
    let Some(subject) = real::subject().await else { return };
    let social = [
        ("Google", "accounts.google.com"),
        ("GitHub", "github.com"),
        ("GitLab", "gitlab.com"),
        ("Microsoft", "login.microsoftonline.com"),
        ("LinkedIn", "www.linkedin.com"),
        ("Facebook", "graph.facebook.com"),
        ("Bitbucket", "bitbucket.org"),
    ];
    let mut brokers: Vec<Value> = social
        .map(|(kind, _)| {
            let alias = kind.to_lowercase();
            json!({ "alias": alias, "type": kind, "clientId": "it", "clientSecretRef": { "key": "one" } })
        })
        .into();
    let mut shown = adfs();
    shown["hidden"] = json!(false);
    brokers.push(shown);
    let mut desired = with(json!({ "brokers": brokers }));
    subject.make(&desired).await;
    settled(&subject, &desired).await;
    let url = request(&subject, &desired.realm, &[]);
    // Where LinkedIn is Keycloak asks LinkedIn, which is not reached from everywhere.
    for (kind, host) in social.into_iter().filter(|(kind, _)| *kind != "LinkedIn") {
        let alias = kind.to_lowercase();
        let mut browser = Browser::default();
        browser.open(&subject.http, &url).await.page();
        let to = browser.click(&subject.http, &format!("social-{alias}")).await.back();
        assert_eq!((to.host_str(), parameter(&to, "client_id").as_deref()), (Some(host), Some("it")), "{to}");
    }
    let mut browser = Browser::default();
    browser.open(&subject.http, &url).await.page();
    let page = browser.click(&subject.http, "social-adfs").await.page();
    assert!(page.contains("https://adfs.acme.test/sso") && page.contains("SAMLRequest"), "{page}");

    // Hidden: no button, and there for whoever names it.
    say(&mut desired, json!({ "brokers": [adfs()] }));
    subject.make(&desired).await;
    let page = Browser::default().open(&subject.http, &url).await.page();
    assert!(!page.contains("social-adfs"), "{page}");
    let hinted = Browser::default().open(&subject.http, &format!("{url}&kc_idp_hint=adfs")).await.page();
    assert!(hinted.contains("SAMLRequest"), "{hinted}");
    for (said, format) in [
        ("Persistent", "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"),
        ("Email", "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"),
        ("Unspecified", "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"),
    ] {
        let mut named = adfs();
        named["saml"]["nameId"] = json!(said);
        say(&mut desired, json!({ "brokers": [named] }));
        subject.make(&desired).await;
        let page = Browser::default().open(&subject.http, &format!("{url}&kc_idp_hint=adfs")).await.page();
        let asked = saml_request(&page);
        assert!(asked.contains(&format!("Format=\"{format}\"")), "{said}: {asked}");
    }
    subject.clean().await;
}

/// What the page sends to a SAML provider.
fn saml_request(page: &str) -> String {
    let (_, field) = page.split_once("name=\"SAMLRequest\"").unwrap_or_else(|| panic!("{page}"));
    let value = field.split_once("value=\"").unwrap().1.split_once('"').unwrap().0;
    String::from_utf8(BASE64_STANDARD.decode(value).unwrap()).unwrap()
}

#[tokio::test]
async fn a_provider_is_asked_for_what_is_said_and_for_more_of_a_user_where_that_is() {
    let Some(subject) = real::subject().await else { return };
    let theirs = tenant();
    subject.make(&theirs).await;
    subject.add_bob(&theirs.realm).await;
    let issuer = subject.realms.issuer(&theirs.realm);
    let broker = |user_info: &str| {
        let mut broker = okta(&issuer, "secret");
        broker["oidc"]["scopes"] = json!(["openid", "email"]);
        broker["oidc"]["userInfoUrl"] = json!(user_info);
        json!({ "brokers": [broker] })
    };
    let mut ours = with(broker("http://127.0.0.1:1/"));
    subject.make(&ours).await;
    settled(&subject, &ours).await;
    let endpoint = format!("{}/broker/okta/endpoint", subject.realms.issuer(&ours.realm));
    let client = json!({ "clientId": "it", "secret": "secret", "redirectUris": [endpoint] });
    let clients = format!("/{}/clients", theirs.realm);
    assert_eq!(subject.admin(Method::POST, &clients, Some(client)).await.0, StatusCode::CREATED);

    let found = subject.admin(Method::GET, &format!("/{}/identity-provider/instances/okta", ours.realm), None).await.1;
    assert_eq!(found["config"]["defaultScope"], "openid email");
    assert!(matches!(through(&subject, &ours).await, End::Page(..)), "nothing more is told of bob there");
    say(&mut ours, broker(&format!("{issuer}/protocol/openid-connect/userinfo")));
    subject.make(&ours).await;
    through(&subject, &ours).await.back();
    subject.clean().await;
}

#[tokio::test]
async fn mail_goes_through_the_server_with_the_password() {
    let Some(subject) = real::subject().await else { return };
    let (port, mut told) = mail::server().await;
    let smtp = |password: &str| {
        json!({ "smtp": { "host": "127.0.0.1", "port": port, "tls": "None", "from": "no-reply@acme.test",
            "fromDisplayName": "Acme", "auth": { "username": "it", "passwordRef": { "key": password } } } })
    };
    let mut desired = with(smtp("first-password"));
    let realm = desired.realm.clone();
    subject.make(&desired).await;
    subject.add_bob(&realm).await;
    let bob = subject.realms.users(&realm).find("bob").await.unwrap().unwrap();
    let send = async || {
        let path = format!("/{realm}/users/{}/execute-actions-email", bob.id);
        let (status, answer) = subject.admin(Method::PUT, &path, Some(json!(["UPDATE_PASSWORD"]))).await;
        assert!(status.is_success(), "{status} {answer}");
    };
    // The one that is not known for a while is the one of before.
    for (key, password) in
        [("first-password", "first-password"), ("other-password", "other-password"), ("missing", "other-password")]
    {
        let mut said = smtp(key);
        said["smtp"]["replyTo"] = json!(format!("{key}@acme.test"));
        say(&mut desired, said);
        subject.make(&desired).await;
        send().await;
        let mail = told.recv().await.unwrap();
        assert_eq!(mail.login, Some(("it".into(), password.into())));
        assert!(mail.from.contains("no-reply@acme.test") && mail.to.contains("bob@acme.test"), "{mail:?}");
        assert!(mail.text.contains("Acme") && mail.text.contains(&format!("{key}@acme.test")), "{mail:?}");
    }
    subject.clean().await;
}

#[tokio::test]
async fn mail_goes_by_tls_as_said() {
    let Some(subject) = real::subject().await else { return };
    for (tls, offer, words) in [("Tls", "", &[][..]), ("StartTls", "STARTTLS", &["EHLO", "STARTTLS"][..])] {
        let (port, mut told) = mail::first_words(offer).await;
        let desired =
            with(json!({ "smtp": { "host": "127.0.0.1", "port": port, "tls": tls, "from": "no-reply@acme.test",
            "auth": { "username": "it", "passwordRef": { "key": "password" } } } }));
        let realm = desired.realm.clone();
        subject.make(&desired).await;
        subject.add_bob(&realm).await;
        let bob = subject.realms.users(&realm).find("bob").await.unwrap().unwrap();
        let path = format!("/{realm}/users/{}/execute-actions-email", bob.id);
        // Keycloak answers 500 to the handshake that cannot succeed, and is asked again.
        let heard = tokio::select! {
            heard = told.recv() => heard.unwrap(),
            answer = subject.admin(Method::PUT, &path, Some(json!(["UPDATE_PASSWORD"]))) => panic!("{answer:?}"),
        };
        assert_eq!(heard.last(), Some(&22), "{tls}: {}", String::from_utf8_lossy(&heard));
        let said = String::from_utf8_lossy(&heard);
        let verbs: Vec<&str> = said.lines().filter_map(|line| line.split([' ', '\u{16}']).next()).collect();
        assert_eq!(verbs.into_iter().filter(|verb| !verb.is_empty()).collect::<Vec<_>>(), words, "{tls}");
    }
    subject.clean().await;
}
