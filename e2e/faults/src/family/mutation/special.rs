//! Fields of which the schema does not say all: what they hold has a form, or refers to something.

use serde_json::{Value, json};

use super::NO_PLAN;
use crate::{
    story::{FIRST, SECOND},
    world::World,
};

/// What is to be done with a field.
#[derive(Clone, Debug, PartialEq)]
pub enum Special {
    /// Nothing: nobody may change it, or it is the program's own.
    Fixed,
    /// It is given these, the first of which can be.
    Values(Vec<Value>),
    /// It is given these besides the edges of its own fields, some of which can be only together.
    Whole(Vec<Value>),
}

/// A kind, a path from its object down, and what is special there.
type Row = (&'static str, &'static [&'static str], fn() -> Special);

/// What a person says of a broker.
fn broker(kind: &str, more: &Value) -> Value {
    let mut broker = json!({ "alias": kind.to_lowercase(), "type": kind });
    if kind != "Saml" {
        broker["clientId"] = json!("it");
        broker["clientSecretRef"] = json!({ "key": "secret" });
    }
    for (name, value) in more.as_object().into_iter().flatten() {
        broker[name] = value.clone();
    }
    broker
}

fn oidc(url: &str) -> Value {
    json!({ "issuer": url, "authorizationUrl": url, "tokenUrl": url, "jwksUrl": url })
}

fn saml(name_id: &str) -> Value {
    json!({ "entityId": "e".repeat(512), "singleSignOnUrl": "https://idp.acme.test/", "signingCertificate": "TUlJ",
        "nameId": name_id })
}

/// Each type, each switch, the longest texts, and as many as there may be.
fn brokers() -> Vec<Value> {
    let (here, long) = ("https://idp.acme.test/", format!("https://idp.acme.test/{}", "a".repeat(490)));
    let social = ["Google", "GitHub", "GitLab", "Microsoft", "LinkedIn", "Facebook", "Bitbucket"];
    let mut full = oidc(&long);
    full["userInfoUrl"] = json!(long);
    full["scopes"] = (0..16).map(|nth| json!(format!("s{nth}"))).collect();
    let shown = json!({ "displayName": "d".repeat(120), "trustEmail": true, "hidden": true, "oidc": full,
        "clientId": "c".repeat(255) });
    let many = (0..16).map(|nth| broker("Oidc", &json!({ "alias": format!("oidc-{nth}"), "oidc": oidc(here) })));
    vec![
        json!([broker("Oidc", &json!({ "oidc": oidc(here) }))]),
        json!([]),
        json!([broker("Oidc", &shown)]),
        json!([broker("Saml", &json!({ "saml": saml("Persistent") }))]),
        json!([broker("Saml", &json!({ "saml": saml("Email") })), broker("Google", &json!({}))]),
        json!([broker("Saml", &json!({ "saml": saml("Unspecified"), "hidden": true }))]),
        social.iter().map(|kind| broker(kind, &json!({ "trustEmail": true }))).collect(),
        many.collect(),
        json!([broker("Google", &json!({ "clientSecretRef": { "key": "there-is-none" } }))]),
        json!([broker("GitHub", &json!({ "clientSecretRef": { "name": "there-is-none", "key": "secret" } }))]),
    ]
}

fn domains() -> Vec<Value> {
    let many: Vec<String> = (0..32).map(|number| format!("d{number}.acme.test")).collect();
    let longest = [["a"; 63].concat(), ["b"; 63].concat(), ["c"; 63].concat(), ["d"; 53].concat()].join(".");
    vec![json!(["app.acme.test"]), json!([]), json!(many), json!([longest, "app.acme.test:8443"])]
}

/// 0 or more of the plugin's own.
fn permissions() -> Vec<Value> {
    let one = |nth: usize| json!({ "key": format!("PLUGIN:note:do-{nth}"), "name": "n".repeat(120), "defaultRoles": ["r".repeat(64)] });
    vec![json!([]), (0..128).map(one).collect()]
}

/// The shortest and the longest.
fn sessions() -> Vec<Value> {
    let edges = |token: u32, idle: u32, most: u32| json!({ "accessTokenSeconds": token, "idleSeconds": idle, "maxSeconds": most });
    vec![edges(30, 60, 60), edges(86_400, 2_592_000, 31_536_000)]
}

/// The laxest and the strictest.
fn password_policies() -> Vec<Value> {
    let all = |number: u32, days: u32| {
        json!({ "minDigits": number, "minLowerCase": number, "minUpperCase": number, "minSpecial": number,
            "maxAgeDays": days })
    };
    let (mut lax, mut strict) = (all(1, 1), all(32, 3650));
    for (name, least, most) in [("minLength", 1, 128), ("maxLength", 8, 256), ("historyCount", 1, 24)] {
        lax[name] = json!(least);
        strict[name] = json!(most);
    }
    vec![lax, strict]
}

const ROWS: &[Row] = &[
    ("Tenant", &["spec", "identity", "sessions"], || Special::Whole(sessions())),
    ("Tenant", &["spec", "identity", "passwordPolicy"], || Special::Whole(password_policies())),
    ("Tenant", &["spec", "database"], || Special::Fixed),
    ("Tenant", &["spec", "plan"], || values(&["p", &"p".repeat(63), NO_PLAN])),
    ("Tenant", &["spec", "domains"], || Special::Values(domains())),
    ("Tenant", &["spec", "admin", "email"], || values(&["ada@acme.test", &format!("{}@acme.test", "a".repeat(60))])),
    ("Tenant", &["spec", "identity", "brokers"], || Special::Values(brokers())),
    ("Tenant", &["spec", "identity", "loginTheme"], || values(&["keycloak", "keycloak.v2", "base"])),
    ("Tenant", &["spec", "identity", "smtp", "host"], || values(&["smtp.acme.test", &"s".repeat(253)])),
    ("Tenant", &["spec", "identity", "smtp", "from"], || values(&["no-reply@acme.test", "a@b"])),
    ("Tenant", &["spec", "identity", "smtp", "replyTo"], || values(&["help@acme.test", "a@b"])),
    ("Tenant", &["spec", "identity", "smtp", "auth", "passwordRef", "key"], || values(&["secret", "there-is-none"])),
    ("Tenant", &["spec", "identity", "smtp", "auth", "passwordRef", "name"], || {
        values(&["identity-credentials", "there-is-none"])
    }),
    ("Tenant", &["spec", "rotation", "interval"], || values(&["8760h", "1s"])),
    ("Tenant", &["spec", "rotation", "overlap"], || values(&["1s", "24h"])),
    ("Plugin", &["spec", "id"], || Special::Fixed),
    ("Plugin", &["spec", "version"], || Special::Fixed),
    // What is said here and the program does otherwise misleads the operator about going back alone.
    ("Plugin", &["spec", "migrations"], || {
        let one = |nth: usize| json!({ "name": format!("{nth:04}_n.sql"), "phase": "Expand" });
        Special::Values(vec![
            World::plugin_spec(SECOND)["migrations"].clone(),
            json!([]),
            json!([one(1), { "name": "0002_n.contract.sql", "phase": "Contract" }]),
            (1..=512).map(one).collect(),
        ])
    }),
    ("Plugin", &["spec", "requires"], || {
        Special::Values(vec![
            json!([]),
            json!([{ "plugin": "there-is-none", "version": "*", "optional": true }]),
            json!([{ "interface": "there-is-none.v1", "version": "^1" }]),
            json!([{ "plugin": "there-is-none", "version": "^1" }]),
        ])
    }),
    ("Plugin", &["spec", "provides"], || {
        let one = |nth: usize| json!({ "interface": format!("i{nth}.v1"), "version": "1.0.0" });
        Special::Values(vec![json!([]), json!([one(0)]), (0..32).map(one).collect()])
    }),
    ("Plugin", &["spec", "permissions"], || Special::Values(permissions())),
    ("Plugin", &["spec", "events", "publishes"], || {
        Special::Values(vec![
            json!([]),
            json!(["PLUGIN.note.created"]),
            (0..64).map(|nth| json!(format!("PLUGIN.note.e{nth}"))).collect(),
        ])
    }),
    ("Plugin", &["spec", "events", "subscribes"], || Special::Values(vec![json!([]), json!(["files.file.created"])])),
    ("Plugin", &["spec", "api", "openapi"], || values(&["openapi.json"])),
    ("Plugin", &["spec", "configuration", "schema"], || {
        let usual = World::plugin_spec(SECOND)["configuration"]["schema"].clone();
        Special::Values(vec![usual, json!({ "type": "object" })])
    }),
    ("Plugin", &["spec", "runtime", "image"], || values(&["plexica/faults:1", "plexica/faults:2"])),
    ("Plugin", &["spec", "runtime", "command"], || Special::Values(vec![json!(["/there/is/no/such/program"])])),
    ("Plugin", &["spec", "runtime", "resources", "requests", "cpu"], || values(&["1m", "100", "much"])),
    ("Plugin", &["spec", "runtime", "resources", "requests", "memory"], || values(&["1Mi", "1Ti", "much"])),
    ("Plugin", &["spec", "runtime", "resources", "limits", "cpu"], || values(&["1m", "100", "much"])),
    ("Plugin", &["spec", "runtime", "resources", "limits", "memory"], || values(&["1Mi", "1Ti", "much"])),
    ("Plugin", &["spec", "rollout", "canary"], || {
        Special::Whole(vec![json!({ "percent": 1, "bakeSeconds": 0 }), json!({ "tenants": ["nobody"] })])
    }),
    // An empty list takes all of `canary` away where there was one, and is refused where there was none.
    ("Plugin", &["spec", "rollout", "canary", "tenants"], || Special::Values(vec![json!(["nobody"])])),
    ("PluginInstall", &["spec", "tenantRef"], || Special::Fixed),
    ("PluginInstall", &["spec", "plugin", "id"], || Special::Fixed),
    ("PluginInstall", &["spec", "plugin", "version"], || values(&[FIRST, SECOND, "^2", "*", "9.9.9", "not semver"])),
    ("PluginInstall", &["spec", "config"], || {
        Special::Values(vec![json!({}), json!({ "workers": 1 }), json!({ "workers": "many" })])
    }),
    ("PluginInstall", &["spec", "grantedPermissions"], || {
        Special::Values(vec![json!([]), json!(["PLUGIN:note:read"]), json!(["none:such:permission"])])
    }),
];

fn values(texts: &[&str]) -> Special {
    Special::Values(texts.iter().map(|text| json!(text)).collect())
}

/// What is special about a field, if anything is.
pub fn of(kind: &str, path: &[String]) -> Option<Special> {
    let row = ROWS.iter().find(|(whose, names, _)| *whose == kind && names == &path);
    row.map(|(_, _, special)| special())
}

/// All that is said here, by kind and path.
#[cfg(test)]
pub fn all() -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
    ROWS.iter().map(|(kind, path, _)| (*kind, *path))
}
