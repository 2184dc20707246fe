//! Who may do what, and how the others are refused.

use crate::common::{self, Running, widget, widget_api, widgets};
use k8s_openapi::api::authorization::v1::SelfSubjectAccessReview;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::api::rbac::v1::PolicyRule;
use kube::Api;
use kube::api::{ListParams, Patch, PatchParams, PostParams};
use plexica_standalone::Token;
use plexica_testkit::require;
use serde_json::json;

const GROUP: &str = "access.test";

fn rule(group: &str, resource: &str, verbs: &[&str]) -> PolicyRule {
    PolicyRule {
        api_groups: Some(vec![group.into()]),
        resources: Some(vec![resource.into()]),
        verbs: verbs.iter().map(|verb| (*verb).to_owned()).collect(),
        ..PolicyRule::default()
    }
}

fn refusal(error: kube::Error) -> (u16, String) {
    match error {
        kube::Error::Api(status) => (status.code, status.message),
        other => panic!("no answer of the API: {other}"),
    }
}

#[tokio::test]
async fn a_component_can_do_what_its_rules_say_and_nothing_else() {
    let Some(postgres) = require!(postgres17) else { return };
    let database = postgres.database().await;
    let rules = vec![rule(GROUP, "widgets", &["get", "list", "patch"]), rule("", "secrets", &["list"])];
    let token = Token::new("gateway", "gateway-secret", vec![], rules);
    let running = Running::start(&database, vec![widgets(GROUP)], vec![token]).await;
    let admin = widget_api(&running.client().await, GROUP, "default");
    admin.create(&PostParams::default(), &widget(GROUP, "one", json!({"size": 1}))).await.unwrap();

    let client = running.client_of("gateway", "gateway-secret").await;
    let api = widget_api(&client, GROUP, "default");
    api.get("one").await.unwrap();
    let patch = json!({"spec": {"size": 2}});
    api.patch("one", &PatchParams::default(), &Patch::Merge(&patch)).await.unwrap();
    let (code, message) = refusal(api.delete("one", &kube::api::DeleteParams::default()).await.unwrap_err());
    assert_eq!(code, 403);
    assert_eq!(
        message,
        "widgets.access.test \"one\" is forbidden: User \"gateway\" cannot delete resource \"widgets\" in API group \"access.test\" in the namespace \"default\""
    );
    let status = json!({"status": {"phase": "x"}});
    let patched = api.patch_status("one", &PatchParams::default(), &Patch::Merge(&status)).await;
    assert_eq!(refusal(patched.unwrap_err()).0, 403, "a rule for a kind is none for its status");
    // An apply that would create needs the right to create.
    let applied = Patch::Apply(widget(GROUP, "two", json!({"size": 1})));
    assert_eq!(refusal(api.patch("two", &PatchParams::apply("g"), &applied).await.unwrap_err()).0, 403);
    let secrets: Api<Secret> = Api::all(client.clone());
    secrets.list(&ListParams::default()).await.unwrap();
    assert_eq!(refusal(Api::<Secret>::default_namespaced(client.clone()).get("s").await.unwrap_err()).0, 403);

    let reviews: Api<SelfSubjectAccessReview> = Api::all(client);
    for (verb, allowed) in [("patch", true), ("delete", false)] {
        let review = json!({"spec": {"resourceAttributes": {
            "verb": verb, "group": GROUP, "resource": "widgets", "namespace": "default"}}, "metadata": {}});
        let answer = reviews.create(&PostParams::default(), &serde_json::from_value(review).unwrap()).await.unwrap();
        assert_eq!(answer.status.unwrap().allowed, allowed, "{verb}");
    }
    running.stop().await;
}

#[tokio::test]
async fn strangers_see_health_and_nothing_else() {
    let Some(postgres) = require!(postgres17) else { return };
    let database = postgres.database().await;
    let running = Running::start(&database, vec![], vec![]).await;
    let certificate = reqwest::Certificate::from_pem(running.server.ca_pem.as_bytes()).unwrap();
    let client = reqwest::Client::builder().tls_certs_only([certificate]).build().unwrap();
    let ask = async |path: &str, headers: &[&str]| {
        let mut request = client.get(format!("https://{}{path}", running.server.addr));
        for value in headers {
            request = request.header("authorization", *value);
        }
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    assert_eq!(ask("/readyz", &[]).await, (200, "ok".to_owned()));
    assert_eq!(ask("/version", &[]).await.0, 200);
    let (code, body) = ask("/api/v1/secrets", &[]).await;
    assert_eq!(code, 403);
    assert!(body.contains("User \\\"system:anonymous\\\" cannot list resource"), "{body}");
    assert_eq!(ask("/apis", &[]).await.0, 403);
    assert_eq!(ask("/api/v1/secrets", &["Bearer wrong"]).await.0, 401);
    assert_eq!(ask("/readyz", &["Bearer wrong"]).await.0, 401);
    let right = format!("Bearer {}", common::SECRET);
    assert_eq!(ask("/api/v1/secrets", &[&right]).await.0, 200);
    assert_eq!(ask("/api/v1/secrets", &[&right, &right]).await.0, 401, "two tokens are none");
    assert_eq!(ask("/nosuch", &[&right]).await.0, 404);
    running.stop().await;
}
