//! Rules as RBAC has them.

use k8s_openapi::api::rbac::v1::PolicyRule;

use super::User;
use crate::api_error::ApiError;

/// What a request wants to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    /// `get`, `list`, … for resources; the lower-case method for other paths.
    pub verb: String,
    /// API group.
    pub group: String,
    /// Resource, empty when this is not about one.
    pub resource: String,
    /// Subresource, often empty.
    pub subresource: String,
    /// Namespace, often empty.
    pub namespace: String,
    /// Name, often empty.
    pub name: String,
    /// The path, when this is not about a resource.
    pub path: String,
}

/// Paths that anybody may see, and those that every known caller may see, as the default cluster
/// roles of Kubernetes grant them.
const PUBLIC: [&str; 4] = ["/healthz", "/livez", "/readyz", "/version"];
const DISCOVERY: [&str; 4] = ["/api", "/apis", "/openapi", "/version"];

/// Whether the user may.
pub fn allowed(user: &User, attributes: &Attributes) -> bool {
    if user.is_in("system:masters") {
        return true;
    }
    if attributes.resource.is_empty() {
        let under = |roots: &[&str]| {
            roots.iter().any(|root| {
                attributes.path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            })
        };
        return attributes.verb == "get"
            && (under(&PUBLIC) || (user.is_in("system:authenticated") && under(&DISCOVERY)));
    }
    // Asking about oneself is open to every known caller.
    if attributes.group == "authorization.k8s.io" || attributes.group == "authentication.k8s.io" {
        return user.is_in("system:authenticated") && attributes.verb == "create";
    }
    user.rules.iter().any(|rule| grants(rule, attributes))
}

fn grants(rule: &PolicyRule, attributes: &Attributes) -> bool {
    let has = |list: &[String], wanted: &str| list.iter().any(|one| one == wanted || one == "*");
    let resource = if attributes.subresource.is_empty() {
        attributes.resource.clone()
    } else {
        format!("{}/{}", attributes.resource, attributes.subresource)
    };
    let any_of_subresource = format!("*/{}", attributes.subresource);
    let resources = rule.resources.as_deref().unwrap_or_default();
    let names = rule.resource_names.as_deref().unwrap_or_default();
    has(&rule.verbs, &attributes.verb)
        && has(rule.api_groups.as_deref().unwrap_or_default(), &attributes.group)
        && (has(resources, &resource)
            || (!attributes.subresource.is_empty() && resources.contains(&any_of_subresource)))
        && (names.is_empty() || names.contains(&attributes.name))
}

/// The refusal, worded as the API server words it.
pub fn forbidden(user: &User, attributes: &Attributes) -> ApiError {
    let who = format!("User {:?}", user.name);
    if attributes.resource.is_empty() {
        let message = format!("forbidden: {who} cannot {} path {:?}", attributes.verb, attributes.path);
        return ApiError::new(403, "Forbidden", message).about("", "", "");
    }
    let resource = if attributes.subresource.is_empty() {
        attributes.resource.clone()
    } else {
        format!("{}/{}", attributes.resource, attributes.subresource)
    };
    let place = if attributes.namespace.is_empty() {
        "at the cluster scope".to_owned()
    } else {
        format!("in the namespace {:?}", attributes.namespace)
    };
    let mut what = attributes.resource.clone();
    if !attributes.group.is_empty() {
        what = format!("{what}.{}", attributes.group);
    }
    if !attributes.name.is_empty() {
        what = format!("{what} {:?}", attributes.name);
    }
    let message = format!(
        "{what} is forbidden: {who} cannot {} resource {resource:?} in API group {:?} {place}",
        attributes.verb, attributes.group
    );
    ApiError::new(403, "Forbidden", message).about(&attributes.group, &attributes.resource, &attributes.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(rules: Vec<PolicyRule>) -> User {
        User { name: "op".into(), groups: vec!["system:authenticated".into()], rules }
    }

    fn rule(groups: &[&str], resources: &[&str], verbs: &[&str], names: &[&str]) -> PolicyRule {
        let own = |list: &[&str]| list.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
        PolicyRule {
            api_groups: Some(own(groups)),
            resources: Some(own(resources)),
            verbs: own(verbs),
            resource_names: Some(own(names)),
            non_resource_urls: None,
        }
    }

    fn ask(verb: &str, group: &str, resource: &str, subresource: &str, name: &str) -> Attributes {
        Attributes {
            verb: verb.into(),
            group: group.into(),
            resource: resource.into(),
            subresource: subresource.into(),
            name: name.into(),
            ..Attributes::default()
        }
    }

    #[test]
    fn rules_grant_what_they_say_and_nothing_else() {
        let op = user(vec![
            rule(&["plexica.io"], &["tenants"], &["get", "list"], &[]),
            rule(&["plexica.io"], &["tenants/status"], &["*"], &[]),
            rule(&[""], &["secrets"], &["get"], &["mine"]),
        ]);
        let cases = [
            (ask("get", "plexica.io", "tenants", "", "a"), true),
            (ask("delete", "plexica.io", "tenants", "", "a"), false),
            (ask("get", "", "tenants", "", "a"), false),
            (ask("patch", "plexica.io", "tenants", "status", "a"), true),
            (ask("patch", "plexica.io", "plugins", "status", "a"), false),
            (ask("get", "", "secrets", "", "mine"), true),
            (ask("get", "", "secrets", "", "yours"), false),
            (ask("list", "", "secrets", "", ""), false),
            (ask("create", "authorization.k8s.io", "selfsubjectaccessreviews", "", ""), true),
        ];
        for (attributes, expected) in cases {
            assert_eq!(allowed(&op, &attributes), expected, "{attributes:?}");
        }
    }

    #[test]
    fn paths_open_to_all_and_to_known_callers() {
        let path = |path: &str| Attributes { verb: "get".into(), path: path.into(), ..Attributes::default() };
        let known = user(vec![]);
        assert!(allowed(&User::anonymous(), &path("/readyz/ping")));
        assert!(!allowed(&User::anonymous(), &path("/apis")));
        assert!(allowed(&known, &path("/apis/plexica.io")));
        assert!(!allowed(&known, &path("/apisx")));
        assert!(!allowed(&known, &path("/metrics")));
    }
}
