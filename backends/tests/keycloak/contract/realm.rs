//! A realm becomes what it should be, by no more writes than it takes.

use plexica_backends::keycloak::{AdminUser, Drift, Observed, RealmDesired};
use reqwest::Method;
use serde_json::json;

use crate::subject::{Subject, tenant};

pub async fn one_call_creates_it_and_nothing_is_written_again(subject: &Subject) {
    let mut desired = tenant();
    desired.admin = Some(AdminUser {
        email: "Ada@acme.test".into(),
        first_name: Some("Ada".into()),
        last_name: None,
        role: "admin".into(),
    });
    // As long as one may be.
    let longest = format!("{}.acme.test", ["a"; 5].map(|label| label.repeat(46)).join(".") + "a");
    assert_eq!(longest.len(), 245);
    desired.domains.push(longest.clone());
    assert_eq!(subject.realms.observe(&desired).await.unwrap(), Observed::Absent);
    assert_eq!(subject.proxy.writes(), Vec::<String>::new());
    let changes = subject.ensure(&desired).await.unwrap();
    assert_eq!(changes.to_string(), format!("created realm {}", desired.realm));
    assert_eq!(subject.proxy.writes(), ["POST /admin/realms"]);

    let observed = subject.realms.observe(&desired).await.unwrap();
    assert_eq!(observed.drift(&desired), []);
    assert!(subject.ensure(&desired).await.unwrap().is_empty());
    assert_eq!(subject.proxy.writes(), Vec::<String>::new());

    let Observed::Present(present) = observed else { panic!("{observed:?}") };
    let secret = subject.realms.client_secret(&desired.realm).await.unwrap();
    assert!(secret.reveal().len() >= 32);
    assert_eq!(present.client_secret(), Some(secret));
    let web = subject.client(&desired.realm, "web").await;
    assert_eq!(web["attributes"]["pkce.code.challenge.method"], "S256");
    let pages = web["redirectUris"].as_array().unwrap();
    assert_eq!((pages.len(), pages.contains(&json!(format!("https://{longest}/*")))), (2, true));
    assert_eq!(web["publicClient"], true);
}

pub async fn drift_is_repaired_and_the_rest_is_left_alone(subject: &Subject) {
    let mut desired = tenant();
    let realm = desired.realm.clone();
    subject.make(&desired).await;

    let (_, before) = subject.admin(Method::GET, &format!("/{realm}"), None).await;
    let mut attributes = before["attributes"].clone();
    attributes["theirs"] = json!("stays");
    let patch = json!({
        "displayName": "Changed", "bruteForceProtected": false, "accessTokenLifespan": 9999,
        "loginTheme": "keycloak", "attributes": attributes,
    });
    subject.admin(Method::PUT, &format!("/{realm}"), Some(patch)).await;
    let web = subject.client(&realm, "web").await;
    let theirs = json!({
        "name": "theirs", "protocol": "openid-connect", "protocolMapper": "oidc-audience-mapper",
        "config": { "included.custom.audience": "other", "access.token.claim": "false", "id.token.claim": "true" },
    });
    let patch = json!({
        "clientId": "web", "frontchannelLogout": false, "redirectUris": ["https://evil.test/*"], "protocolMappers": [theirs],
        "attributes": { "pkce.code.challenge.method": "plain" },
    });
    let path = format!("/{realm}/clients/{}", web["id"].as_str().unwrap());
    subject.admin(Method::PUT, &path, Some(patch)).await;
    desired.roles.push("auditor".into());
    desired.direct_grant = false;

    let drift = subject.realms.observe(&desired).await.unwrap().drift(&desired);
    let expected = [
        Drift::Settings(["accessTokenLifespan", "bruteForceProtected", "displayName"].map(str::to_owned).to_vec()),
        Drift::Role("auditor".into()),
        Drift::ClientSettings(
            "web",
            [
                "attributes.pkce.code.challenge.method",
                "directAccessGrantsEnabled",
                "protocolMappers[plexica-audience]",
                "redirectUris",
            ]
            .map(str::to_owned)
            .to_vec(),
        ),
    ];
    assert_eq!(drift, expected);
    subject.proxy.writes();
    subject.make(&desired).await;
    assert_eq!(subject.proxy.writes().len(), 3);
    assert_eq!(subject.realms.observe(&desired).await.unwrap().drift(&desired), []);

    let (_, after) = subject.admin(Method::GET, &format!("/{realm}"), None).await;
    assert_eq!(after["displayName"], "Acme");
    assert_eq!((&after["loginTheme"], &after["attributes"]["theirs"]), (&json!("keycloak"), &json!("stays")));
    let web = subject.client(&realm, "web").await;
    assert_eq!(web["redirectUris"], json!(["https://app.acme.test/*"]));
    assert_eq!(web["protocolMappers"].as_array().unwrap().len(), 2);
}

pub async fn the_platform_realm_has_super_admins(subject: &Subject) {
    let name = plexica_testkit::unique("plexica");
    let mut desired = RealmDesired::platform(&name, &"test".into());
    desired.direct_grant = true;
    subject.make(&desired).await;
    assert!(subject.ensure(&desired).await.unwrap().is_empty());
    let root = plexica_backends::keycloak::UserDesired { roles: vec!["super-admin".into()], ..crate::subject::bob() };
    assert!(!subject.realms.users(&name).ensure(&root).await.unwrap().is_empty());
    let (_, answer) = subject.password(&name, "bob", "correct horse").await;
    let claims = subject.verified(&name, crate::tokens::text(&answer, "access_token"), "plexica").await;
    assert!(claims["realm_access"]["roles"].as_array().unwrap().contains(&json!("super-admin")), "{claims}");
}

pub async fn two_operators_at_once_do_no_harm(subject: &Subject) {
    let desired = tenant();
    let (one, two) = tokio::join!(subject.ensure(&desired), subject.ensure(&desired));
    // The slower one may be told to come again; never is a realm left half made.
    assert!(one.is_ok() || two.is_ok(), "{one:?} {two:?}");
    subject.make(&desired).await;
    assert_eq!(subject.realms.observe(&desired).await.unwrap().drift(&desired), []);
}
