//! What the schema and its CEL rules cannot know about a manifest. Pure.

use std::collections::BTreeSet;

use plexica_contract::{manifest::Manifest, name::PluginId};
use plexica_crds::{PluginSpec, Reason};
use serde_json::Value;

use crate::problem::Problem;

/// The manifest, or every mistake in it.
///
/// # Errors
/// [`Reason::InvalidManifest`] with a sentence per mistake.
pub fn validate(spec: &PluginSpec) -> Result<Manifest, Problem> {
    let manifest =
        Manifest::try_from(spec.clone()).map_err(|error| Problem::new(Reason::InvalidManifest, format!("{error}.")))?;
    let mistakes: Vec<String> = [
        requirements(&manifest),
        provisions(&manifest),
        permissions(&manifest),
        events(&manifest),
        configuration(&manifest),
    ]
    .concat();
    if mistakes.is_empty() { Ok(manifest) } else { Err(Problem::new(Reason::InvalidManifest, mistakes.join(" "))) }
}

fn requirements(manifest: &Manifest) -> Vec<String> {
    let mut mistakes = Vec::new();
    let mut seen = BTreeSet::new();
    for (index, requirement) in manifest.requires.iter().enumerate() {
        let field = format!("spec.requires[{index}]");
        let on = match (&requirement.plugin, &requirement.interface) {
            (Some(plugin), None) => {
                match plugin.parse::<PluginId>() {
                    Err(error) => mistakes.push(format!("{field}.plugin {error}.")),
                    Ok(id) if id == manifest.id => mistakes.push(format!("{field}.plugin is the plugin itself.")),
                    Ok(_) => {}
                }
                ("plugin", plugin)
            }
            (None, Some(interface)) => {
                mistakes.extend(unfit(interface).map(|why| format!("{field}.interface {why}.")));
                if manifest.provides.iter().any(|provided| provided.interface == *interface) {
                    mistakes.push(format!("{field}.interface is provided by the plugin itself."));
                }
                ("interface", interface)
            }
            _ => {
                mistakes.push(format!("{field} names either a plugin or an interface."));
                continue;
            }
        };
        if !seen.insert(on) {
            mistakes.push(format!("{field}.{} is there twice: join the two versions with a comma.", on.0));
        }
        if let Err(error) = semver::VersionReq::parse(&requirement.version) {
            mistakes.push(format!("{field}.version is no semver requirement such as \">=1.0, <2\" ({error})."));
        }
    }
    mistakes
}

fn provisions(manifest: &Manifest) -> Vec<String> {
    let mut mistakes = Vec::new();
    let mut seen = BTreeSet::new();
    for (index, provided) in manifest.provides.iter().enumerate() {
        let field = format!("spec.provides[{index}]");
        mistakes.extend(unfit(&provided.interface).map(|why| format!("{field}.interface {why}.")));
        if !seen.insert(&provided.interface) {
            mistakes.push(format!("{field}.interface is there twice."));
        }
        if let Err(error) = semver::Version::parse(&provided.version) {
            mistakes.push(format!("{field}.version is no semantic version such as 1.2.0 ({error})."));
        }
    }
    mistakes
}

/// Why an interface cannot have that name.
fn unfit(name: &str) -> Option<&'static str> {
    let word =
        |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    let fits = name.starts_with(|c: char| c.is_ascii_lowercase()) && name.split('.').all(word);
    (!fits).then_some("is no name of lower-case letters, digits, dashes and dots, such as files.v1")
}

fn permissions(manifest: &Manifest) -> Vec<String> {
    let mut mistakes = Vec::new();
    let mut seen = BTreeSet::new();
    for (index, permission) in manifest.permissions.iter().enumerate() {
        let key = &permission.key;
        let segments: Vec<_> = key.split(':').collect();
        if segments.len() != 3 || segments[0] != manifest.id.as_str() || segments.iter().any(|s| s.is_empty()) {
            mistakes
                .push(format!("spec.permissions[{index}].key is {key:?}: write {}:<resource>:<action>.", manifest.id));
        }
        if !seen.insert(key) {
            mistakes.push(format!("spec.permissions[{index}].key {key:?} is there twice."));
        }
        if permission.default_roles.iter().any(|role| role.trim().is_empty()) {
            mistakes.push(format!("spec.permissions[{index}].defaultRoles holds an empty role."));
        }
    }
    mistakes
}

fn events(manifest: &Manifest) -> Vec<String> {
    let own = format!("{}.", manifest.id);
    let published = manifest.events.iter().flat_map(|events| &events.publishes);
    published
        .filter(|event| !event.starts_with(&own))
        .map(|event| format!("spec.events.publishes holds {event:?}: a plugin's own events start with {own:?}."))
        .collect()
}

fn configuration(manifest: &Manifest) -> Vec<String> {
    let Some(configuration) = &manifest.configuration else {
        return Vec::new();
    };
    match validator(&configuration.schema) {
        Ok(_) => Vec::new(),
        Err(error) => vec![format!("spec.configuration.schema is no usable JSON Schema (2020-12): {error}.")],
    }
}

/// The validator of a configuration schema. References to other documents are not followed.
///
/// # Errors
/// When the schema is none, in words for people.
pub fn validator(schema: &Value) -> Result<jsonschema::Validator, String> {
    jsonschema::options().with_draft(jsonschema::Draft::Draft202012).build(schema).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn spec(change: &Value) -> PluginSpec {
        let mut spec = json!({
            "id": "crm", "version": "1.4.0", "displayName": "CRM", "runtime": { "image": "crm:1" },
        });
        for (key, value) in change.as_object().unwrap() {
            spec[key] = value.clone();
        }
        serde_json::from_value(spec).unwrap()
    }

    #[test]
    fn what_holds() {
        for good in [
            json!({}),
            json!({"requires": [{"plugin": "files", "version": ">=1.0, <2"}, {"plugin": "mail", "version": "*"}]}),
            json!({"requires": [{"interface": "files.v1", "version": "^1", "optional": true}]}),
            json!({"provides": [{"interface": "contacts.v1", "version": "1.0.0"}]}),
            json!({"permissions": [{"key": "crm:contacts:read", "name": "Read", "defaultRoles": ["user"]}]}),
            json!({"events": {"publishes": ["crm.contact.created"], "subscribes": ["core.user.deleted"]}}),
            json!({"configuration": {"schema": {"type": "object", "properties": {"a": {"type": "string"}}}}}),
            json!({"configuration": {"schema": {"$defs": {"a": {"type": "string"}}, "$ref": "#/$defs/a"}}}),
        ] {
            assert!(validate(&spec(&good)).is_ok(), "{good}");
        }
    }

    #[test]
    fn what_does_not_hold_and_what_is_said() {
        for (bad, said) in [
            (json!({"id": "Crm"}), "spec.id"),
            (json!({"id": "crm-plugin"}), "spec.id"),
            (json!({"version": "1.4"}), "spec.version"),
            (json!({"version": "1.4.0+a"}), "spec.version"),
            (json!({"requires": [{"plugin": "Files", "version": "*"}]}), "spec.requires[0].plugin"),
            (json!({"requires": [{"plugin": "crm", "version": "*"}]}), "the plugin itself"),
            (json!({"requires": [{"plugin": "a", "version": "one"}]}), "spec.requires[0].version"),
            (json!({"requires": [{"version": "1"}]}), "spec.requires[0] names either"),
            (json!({"requires": [{"plugin": "a", "interface": "a.v1", "version": "1"}]}), "names either"),
            (json!({"requires": [{"interface": "A", "version": "1"}]}), "spec.requires[0].interface is no name"),
            (json!({"provides": [{"interface": "a..b", "version": "1.0.0"}]}), "spec.provides[0].interface is no name"),
            (json!({"provides": [{"interface": "a.v1", "version": "1"}]}), "spec.provides[0].version"),
            (
                json!({
                    "provides": [{"interface": "a.v1", "version": "1.0.0"}],
                    "requires": [{"interface": "a.v1", "version": "1"}],
                }),
                "is provided by the plugin itself",
            ),
            (
                json!({"requires": [{"plugin": "a", "version": "1"}, {"plugin": "a", "version": "2"}]}),
                "spec.requires[1].plugin is there twice",
            ),
            (json!({"permissions": [{"key": "mail:a:b", "name": "N"}]}), "crm:<resource>:<action>"),
            (json!({"permissions": [{"key": "crm:a", "name": "N"}]}), "crm:<resource>:<action>"),
            (json!({"permissions": [{"key": "crm::a", "name": "N"}]}), "crm:<resource>:<action>"),
            (json!({"permissions": [{"key": "crm:a:b:c", "name": "N"}]}), "crm:<resource>:<action>"),
            (
                json!({"permissions": [{"key": "crm:a:b", "name": "N"}, {"key": "crm:a:b", "name": "M"}]}),
                "is there twice",
            ),
            (json!({"permissions": [{"key": "crm:a:b", "name": "N", "defaultRoles": [" "]}]}), "an empty role"),
            (json!({"events": {"publishes": ["mail.sent"]}}), "start with \"crm.\""),
            (json!({"configuration": {"schema": {"type": "text"}}}), "spec.configuration.schema"),
            (json!({"configuration": {"schema": {"$ref": "https://elsewhere.test/a"}}}), "spec.configuration.schema"),
            (json!({"configuration": {"schema": {"pattern": "("}}}), "spec.configuration.schema"),
        ] {
            let problem = validate(&spec(&bad)).unwrap_err();
            assert_eq!(problem.reason, Reason::InvalidManifest);
            assert!(problem.message.contains(said), "{bad}: {problem}");
        }
    }
}
