//! Brokers and the mail server, as a spec says.

use plexica_backends::keycloak::{Drift, RealmDesired};
use plexica_crds::label::INSTALLATION;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::sign_in::{realm, say, settled, with};
use crate::subject::Subject;

pub fn google(key: &str) -> Value {
    json!({ "alias": "google", "displayName": "Google", "type": "Google", "clientId": "it", "trustEmail": true,
        "clientSecretRef": { "key": key } })
}

pub fn adfs() -> Value {
    json!({ "alias": "adfs", "type": "Saml", "hidden": true, "saml": { "entityId": "urn:adfs", "nameId": "Email",
        "singleSignOnUrl": "https://adfs.acme.test/sso", "signingCertificate": "MIIC" } })
}

pub fn okta(base: &str, key: &str) -> Value {
    json!({ "alias": "okta", "type": "Oidc", "clientId": "it", "clientSecretRef": { "key": key }, "oidc": {
        "issuer": base, "authorizationUrl": format!("{base}/protocol/openid-connect/auth"),
        "tokenUrl": format!("{base}/protocol/openid-connect/token"),
        "jwksUrl": format!("{base}/protocol/openid-connect/certs") } })
}

async fn brokers(subject: &Subject, realm: &str) -> Vec<Value> {
    let (_, found) = subject.admin(Method::GET, &format!("/{realm}/identity-provider/instances"), None).await;
    found.as_array().unwrap().clone()
}

async fn drift(subject: &Subject, desired: &RealmDesired) -> Vec<Drift> {
    subject.realms.observe(desired).await.unwrap().drift(desired)
}

pub async fn brokers_come_change_and_go(subject: &Subject) {
    let base = "https://okta.acme.test";
    let mut desired = with(json!({ "brokers": [google("one"), okta(base, "two"), adfs()] }));
    let name = desired.realm.clone();
    subject.make(&desired).await;
    settled(subject, &desired).await;
    let found = brokers(subject, &name).await;
    let seen = |alias: &str| found.iter().find(|broker| broker["alias"] == alias).unwrap();
    assert_eq!(found.len(), 3);
    let google_seen = seen("google");
    assert_eq!((&google_seen["providerId"], &google_seen["trustEmail"]), (&json!("google"), &json!(true)));
    assert_eq!(google_seen["config"]["clientSecret"], "**********", "it is never shown");
    assert_eq!(seen("okta")["config"]["defaultScope"], "openid profile email");
    assert_eq!(seen("adfs")["config"]["validateSignature"], "true");
    assert_eq!(seen("adfs")["hideOnLogin"], true);

    // Changed behind our back; what others added stays.
    let mut changed = seen("okta").clone();
    changed["enabled"] = json!(false);
    changed["config"]["tokenUrl"] = json!("https://evil.test/token");
    changed["config"]["prompt"] = json!("login");
    let path = format!("/{name}/identity-provider/instances");
    let (status, _) = subject.admin(Method::PUT, &format!("{path}/okta"), Some(changed)).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    subject.admin(Method::DELETE, &format!("{path}/adfs"), None).await;
    let fields = ["enabled", "tokenUrl"].map(str::to_owned).to_vec();
    assert_eq!(
        drift(subject, &desired).await,
        [Drift::BrokerSettings("okta".into(), fields), Drift::Broker("adfs".into())]
    );
    subject.make(&desired).await;
    settled(subject, &desired).await;
    let found = brokers(subject, &name).await;
    let okta_seen = found.iter().find(|broker| broker["alias"] == "okta").unwrap();
    assert_eq!((&okta_seen["config"]["prompt"], &okta_seen["enabled"]), (&json!("login"), &json!(true)));

    // Another secret is one write, of that broker.
    say(&mut desired, json!({ "brokers": [google("other"), okta(base, "two"), adfs()] }));
    let changes = subject.ensure(&desired).await.unwrap();
    assert_eq!(changes.to_string(), format!("set clientSecret of broker google in realm {name}"));
    settled(subject, &desired).await;
    // One that is not there for a while changes nothing.
    say(&mut desired, json!({ "brokers": [google("missing"), okta(base, "two"), adfs()] }));
    settled(subject, &desired).await;
    say(&mut desired, json!({ "brokers": [google("other"), okta(base, "two"), adfs()] }));
    settled(subject, &desired).await;

    say(&mut desired, json!({ "brokers": [google("other")] }));
    subject.make(&desired).await;
    settled(subject, &desired).await;
    assert_eq!(brokers(subject, &name).await.len(), 1);
    say(&mut desired, json!({}));
    subject.make(&desired).await;
    settled(subject, &desired).await;
    assert_eq!(brokers(subject, &name).await, Vec::<Value>::new());
}

pub async fn a_broker_waits_for_its_secret_and_leaves_others_alone(subject: &Subject) {
    let mut desired = with(json!({ "brokers": [google("missing"), adfs()] }));
    let name = desired.realm.clone();
    subject.make(&desired).await;
    settled(subject, &desired).await;
    let found = brokers(subject, &name).await;
    assert_eq!((found.len(), &found[0]["alias"]), (1, &json!("adfs")), "the others do not wait");
    say(&mut desired, json!({ "brokers": [google("one"), adfs()] }));
    subject.make(&desired).await;
    assert_eq!(brokers(subject, &name).await.len(), 2);

    // Made by somebody else, with and without a mark.
    for (alias, mark) in [("github", None), ("gitlab", Some("another"))] {
        let mut theirs = json!({ "alias": alias, "providerId": alias, "enabled": true, "displayName": "Theirs",
            "config": { "clientId": "theirs", "clientSecret": "theirs" } });
        if let Some(mark) = mark {
            theirs["config"][INSTALLATION] = json!(mark);
        }
        let (status, _) =
            subject.admin(Method::POST, &format!("/{name}/identity-provider/instances"), Some(theirs)).await;
        assert_eq!(status, StatusCode::CREATED);
    }
    let like = |alias: &str, kind: &str| json!({ "alias": alias, "type": kind, "clientId": "ours", "clientSecretRef": { "key": "one" } });
    let before = brokers(subject, &name).await;
    say(
        &mut desired,
        json!({ "brokers": [google("one"), adfs(), like("github", "GitHub"), like("gitlab", "GitLab")] }),
    );
    let observed = subject.realms.observe(&desired).await.unwrap();
    assert_eq!(observed.foreign_brokers(&desired), ["github", "gitlab"]);
    settled(subject, &desired).await;
    assert_eq!(brokers(subject, &name).await, before);
    say(&mut desired, json!({}));
    subject.make(&desired).await;
    settled(subject, &desired).await;
    let left: Vec<Value> = brokers(subject, &name).await.iter().map(|broker| broker["alias"].clone()).collect();
    assert_eq!(left, ["github", "gitlab"]);
}

pub async fn a_mail_server_comes_changes_and_goes(subject: &Subject) {
    let smtp = |key: &str| {
        json!({ "smtp": { "host": "smtp.acme.test", "port": 465, "tls": "Tls", "from": "it@acme.test",
            "fromDisplayName": "Acme", "replyTo": "help@acme.test",
            "auth": { "username": "it", "passwordRef": { "key": key } } } })
    };
    // A realm that comes with it, and one that gets it later.
    let mut desired = with(smtp("one"));
    let name = desired.realm.clone();
    subject.make(&desired).await;
    settled(subject, &desired).await;
    let found = realm(subject, &name).await["smtpServer"].clone();
    for (key, value) in [
        ("host", "smtp.acme.test"),
        ("port", "465"),
        ("ssl", "true"),
        ("starttls", "false"),
        ("from", "it@acme.test"),
        ("fromDisplayName", "Acme"),
        ("replyTo", "help@acme.test"),
        ("auth", "true"),
        ("user", "it"),
        ("password", "**********"),
    ] {
        assert_eq!(found[key], value, "{key}");
    }
    let mut changed = found.clone();
    changed["host"] = json!("evil.test");
    subject.admin(Method::PUT, &format!("/{name}"), Some(json!({ "smtpServer": changed }))).await;
    assert_eq!(drift(subject, &desired).await, [Drift::Settings(vec!["smtpServer.host".into()])]);
    subject.make(&desired).await;
    settled(subject, &desired).await;

    say(&mut desired, smtp("other"));
    assert_eq!(drift(subject, &desired).await, [Drift::Settings(vec!["smtpServer.password".into()])]);
    subject.make(&desired).await;
    settled(subject, &desired).await;
    say(&mut desired, smtp("missing"));
    settled(subject, &desired).await;

    let mut later = smtp("other");
    later["smtp"]["tls"] = json!("StartTls");
    say(&mut desired, later);
    subject.make(&desired).await;
    settled(subject, &desired).await;
    let found = realm(subject, &name).await["smtpServer"].clone();
    assert_eq!((&found["ssl"], &found["starttls"]), (&json!("false"), &json!("true")));

    let mut plain = smtp("other");
    plain["smtp"] = json!({ "host": "mail", "from": "it@acme.test", "tls": "None", "port": 25 });
    say(&mut desired, plain);
    subject.make(&desired).await;
    settled(subject, &desired).await;
    let found = realm(subject, &name).await;
    for key in ["password", "user", "replyTo"] {
        assert_eq!(found["smtpServer"].get(key), None, "{key}");
    }
    assert_eq!(found["attributes"].get("plexica.io/smtp-password-digest"), None);

    // Removed once, and left alone after that.
    say(&mut desired, json!({}));
    subject.make(&desired).await;
    settled(subject, &desired).await;
    assert_eq!(realm(subject, &name).await["smtpServer"], json!({}));
    let theirs = json!({ "smtpServer": { "host": "theirs.test", "from": "them@acme.test" } });
    subject.admin(Method::PUT, &format!("/{name}"), Some(theirs)).await;
    settled(subject, &desired).await;
    assert_eq!(realm(subject, &name).await["smtpServer"]["host"], "theirs.test");
}
