//! What each component may do at the standalone API: as the roles of the chart say.

use k8s_openapi::api::rbac::v1::PolicyRule;
use plexica_standalone::Token;
use serde::{Deserialize, Serialize};

/// Name of the token in the kubeconfig.
pub const ADMIN: &str = "admin";
/// Name of the operator's token.
pub const OPERATOR: &str = "plexica-operator";
/// Name of the gateway's token.
pub const GATEWAY: &str = "plexica-gateway";
/// Name of the core API's token.
pub const CORE_API: &str = "plexica-core-api";

/// Bearer tokens of the standalone API.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Tokens {
    /// Whoever administers the installation.
    pub admin: String,
    /// The operator.
    pub operator: String,
    /// The gateway.
    pub gateway: String,
    /// The core API.
    pub core_api: String,
}

/// The tokens of all components.
pub fn tokens(secrets: &Tokens) -> Vec<Token> {
    let Tokens { admin, operator, gateway, core_api } = secrets;
    vec![
        Token::new(ADMIN, admin, vec!["system:masters".into()], Vec::new()),
        Token::new(OPERATOR, operator, Vec::new(), of_operator()),
        Token::new(GATEWAY, gateway, Vec::new(), of_gateway()),
        Token::new(CORE_API, core_api, Vec::new(), of_core_api()),
    ]
}

const READ: &[&str] = &["get", "list", "watch"];
const WRITE: &[&str] = &["get", "list", "watch", "create", "patch", "update", "delete"];
const KINDS: &[&str] = &["tenants", "plugins", "plugininstalls"];

fn of_operator() -> Vec<PolicyRule> {
    vec![
        rule("plexica.io", KINDS, &["get", "list", "watch", "patch", "update"]),
        rule("plexica.io", &["plugininstalls"], &["delete"]),
        rule("plexica.io", &["tenants/status", "plugins/status", "plugininstalls/status"], &["get", "patch", "update"]),
        rule("plexica.io", &["tenants/finalizers", "plugins/finalizers", "plugininstalls/finalizers"], &["update"]),
        rule("", &["namespaces"], WRITE),
        rule("", &["secrets"], WRITE),
        rule("events.k8s.io", &["events"], &["create", "patch"]),
        rule("coordination.k8s.io", &["leases"], &["get", "list", "watch", "create", "patch", "update"]),
    ]
}

fn of_gateway() -> Vec<PolicyRule> {
    vec![rule("plexica.io", KINDS, READ), named(&["plexica-platform-keys", "plexica-platform-identity"])]
}

fn of_core_api() -> Vec<PolicyRule> {
    vec![
        rule("plexica.io", &["tenants", "plugininstalls"], &["get", "list", "watch", "create", "patch", "delete"]),
        rule("plexica.io", &["plugins"], READ),
        named(&["plexica-platform-public-keys"]),
    ]
}

fn rule(group: &str, resources: &[&str], verbs: &[&str]) -> PolicyRule {
    let owned = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
    PolicyRule {
        api_groups: Some(vec![group.to_owned()]),
        resources: Some(owned(resources)),
        verbs: owned(verbs),
        ..PolicyRule::default()
    }
}

fn named(secrets: &[&str]) -> PolicyRule {
    let names = secrets.iter().map(|&name| name.to_owned()).collect();
    PolicyRule { resource_names: Some(names), ..rule("", &["secrets"], READ) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    /// Group, resource, name of the object if only that one, verb.
    type Right = (String, String, Option<String>, String);

    /// Plugins are child processes here: nothing runs them as Deployments behind Services, nor counts what
    /// they take of a namespace.
    const IN_CLUSTERS_ONLY: [&str; 5] = ["deployments", "services", "pods", "resourcequotas", "limitranges"];

    fn rights(rules: &[PolicyRule]) -> BTreeSet<Right> {
        let mut all = BTreeSet::new();
        for rule in rules {
            let names = match rule.resource_names.as_deref().unwrap_or_default() {
                [] => vec![None],
                names => names.iter().cloned().map(Some).collect(),
            };
            for group in rule.api_groups.iter().flatten() {
                for resource in rule.resources.iter().flatten() {
                    for name in &names {
                        for verb in &rule.verbs {
                            all.insert((group.clone(), resource.clone(), name.clone(), verb.clone()));
                        }
                    }
                }
            }
        }
        all.retain(|(_, resource, ..)| !IN_CLUSTERS_ONLY.contains(&resource.as_str()));
        all
    }

    /// The rules of all roles in a template: its own instructions stand on lines of their own, or
    /// where a word would.
    fn of_template(template: &str) -> BTreeSet<Right> {
        let plain: Vec<&str> = template.lines().filter(|line| !line.trim_start().starts_with("{{")).collect();
        let mut rules = Vec::new();
        for document in plain.join("\n").split("\n---\n") {
            let words: Vec<&str> = document
                .split("{{")
                .enumerate()
                .map(|(at, piece)| match at {
                    0 => piece,
                    _ => piece.split_once("}}").expect("an instruction ends on its line").1,
                })
                .collect();
            let object: Value = serde_saphyr::from_str(&words.join("")).expect("YAML");
            for rule in object["rules"].as_array().into_iter().flatten() {
                rules.push(serde_json::from_value(rule.clone()).expect("a rule"));
            }
        }
        assert!(!rules.is_empty());
        rights(&rules)
    }

    /// What a component may do by a name it may do by all; a wider right hides a narrower one.
    fn without_hidden(rights: BTreeSet<Right>) -> BTreeSet<Right> {
        let wide = rights.clone();
        let hidden = |(group, resource, name, verb): &Right| {
            name.is_some() && wide.contains(&(group.clone(), resource.clone(), None, verb.clone()))
        };
        rights.into_iter().filter(|right| !hidden(right)).collect()
    }

    #[test]
    fn each_component_may_do_what_the_chart_lets_it() {
        for (name, template, rules) in [
            ("operator", include_str!("../../../charts/plexica/templates/operator/rbac.yaml"), of_operator()),
            ("gateway", include_str!("../../../charts/plexica/templates/gateway/rbac.yaml"), of_gateway()),
            ("core-api", include_str!("../../../charts/plexica/templates/core-api/rbac.yaml"), of_core_api()),
        ] {
            assert_eq!(rights(&rules), without_hidden(of_template(template)), "{name}");
        }
    }
}
