//! What the path and method of a request are about.

use http::Method;

use super::params::Params;
use crate::auth::Attributes;

/// A request, taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// What it wants, for authorization.
    pub attributes: Attributes,
    /// API version inside the group; empty when this is not about a resource.
    pub version: String,
}

impl Target {
    /// Whether this is about a resource.
    pub fn is_resource(&self) -> bool {
        !self.attributes.resource.is_empty()
    }
}

/// Takes a request apart: `/api/v1/namespaces/a/secrets/b` and so on.
pub fn target(method: &Method, path: &str, params: &Params) -> Target {
    let segments: Vec<String> = path.split('/').filter(|segment| !segment.is_empty()).map(decode).collect();
    let other = || Target {
        attributes: Attributes {
            verb: method.as_str().to_ascii_lowercase(),
            path: path.to_owned(),
            ..Attributes::default()
        },
        version: String::new(),
    };
    let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
    let (group, version, rest) = match parts.as_slice() {
        ["api", version, rest @ ..] if !rest.is_empty() => ("", *version, rest),
        ["apis", group, version, rest @ ..] if !rest.is_empty() => (*group, *version, rest),
        _ => return other(),
    };
    // A namespace is itself a resource; its subresources are not resources inside it.
    let (namespace, rest) = match rest {
        ["namespaces", name, "status" | "finalize"] => (*name, rest),
        ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (*namespace, rest),
        ["namespaces", name] => (*name, rest),
        _ => ("", rest),
    };
    let (resource, name, subresource) = match rest {
        [resource] => (*resource, "", ""),
        [resource, name] => (*resource, *name, ""),
        [resource, name, subresource] => (*resource, *name, *subresource),
        _ => return other(),
    };
    let watching = params.flag("watch") == Some(true);
    let verb = match (method.as_str(), name.is_empty()) {
        ("POST", _) => "create",
        ("PUT", _) => "update",
        ("PATCH", _) => "patch",
        ("DELETE", false) => "delete",
        ("DELETE", true) => "deletecollection",
        ("GET" | "HEAD", true) if watching => "watch",
        ("GET" | "HEAD", true) => "list",
        ("GET" | "HEAD", false) => "get",
        _ => "",
    };
    // Rules with resource names apply to a list of just that name, too.
    let selected = (name.is_empty() && matches!(verb, "list" | "watch" | "deletecollection"))
        .then(|| params.get("fieldSelector")?.strip_prefix("metadata.name="))
        .flatten()
        .filter(|name| !name.contains(','))
        .unwrap_or(name);
    Target {
        attributes: Attributes {
            verb: verb.to_owned(),
            group: group.to_owned(),
            resource: resource.to_owned(),
            subresource: subresource.to_owned(),
            namespace: namespace.to_owned(),
            name: selected.to_owned(),
            path: path.to_owned(),
        },
        version: version.to_owned(),
    }
}

/// Percent-decoding of one segment.
fn decode(segment: &str) -> String {
    if !segment.contains('%') {
        return segment.to_owned();
    }
    // Form decoding knows percent escapes; a plus sign is itself in a path.
    let escaped = segment.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    url::form_urlencoded::parse(escaped.as_bytes()).next().map_or_else(String::new, |(key, _)| key.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_methods() {
        let cases = [
            ("GET", "/api/v1/namespaces/a/secrets/b", "get secrets//a/b"),
            ("GET", "/api/v1/namespaces/a/secrets", "list secrets//a/"),
            ("GET", "/api/v1/secrets?watch=1", "watch secrets///"),
            ("DELETE", "/api/v1/namespaces/a/secrets", "deletecollection secrets//a/"),
            ("PUT", "/api/v1/namespaces/a/finalize", "update namespaces/finalize/a/a"),
            ("GET", "/api/v1/namespaces/a", "get namespaces//a/a"),
            ("POST", "/api/v1/namespaces", "create namespaces///"),
            ("PATCH", "/apis/g/v1/tenants/x/status", "patch tenants/status//x"),
            ("GET", "/apis/g/v1/tenants?fieldSelector=metadata.name%3Dx", "list tenants///x"),
            ("GET", "/apis/g/v1", "get ///"),
            ("GET", "/api", "get ///"),
        ];
        for (method, url, expected) in cases {
            let (path, query) = url.split_once('?').unwrap_or((url, ""));
            let method: Method = method.parse().unwrap_or_default();
            let found = target(&method, path, &Params::parse(query)).attributes;
            let shown =
                format!("{} {}/{}/{}/{}", found.verb, found.resource, found.subresource, found.namespace, found.name);
            assert_eq!(shown, expected, "{url}");
        }
    }
}
