//! What the last word says besides: that it can be followed, and soon.

use plexica_crds::label::{CONSENT, DRY_RUN, PAUSED, RETRY_UPGRADE};
use serde_json::{Value, json};

use super::{Asked, NO_PLAN};
use crate::{story::SECOND, world::World};

/// Takes back what cannot be, what takes long, and what depends on what was before: whether permissions and events that
/// a version asks for are new with it is a matter of history, so that there is consent to them.
pub fn settle(asked: &mut Asked) {
    let Asked { tenant, plugin, install } = asked;
    for object in [&mut *tenant, &mut *plugin, &mut *install] {
        if let Some(annotations) = object["metadata"]["annotations"].as_object_mut() {
            annotations.remove(PAUSED);
            annotations.remove(DRY_RUN);
        }
    }
    // Versions that were given up on the way are tried again.
    install["metadata"]["annotations"][RETRY_UPGRADE] = json!("the last word");
    install["metadata"]["annotations"][CONSENT] = json!(SECOND);

    let spec = &mut tenant["spec"];
    spec["suspend"] = json!(false);
    spec["adoptionPolicy"] = json!("IfRetained");
    spec["rotation"] = json!({ "overlap": "1s" });
    if spec["plan"] == NO_PLAN {
        spec["plan"] = json!("p");
    }
    if spec["identity"]["smtp"]["auth"].is_object() {
        spec["identity"]["smtp"]["auth"]["passwordRef"] = json!({ "key": "secret" });
    }
    if names_nothing(&spec["identity"]["brokers"]) {
        spec["identity"]["brokers"] = json!([]);
    }

    let spec = &mut plugin["spec"];
    spec["rollout"] = json!({ "bakeSeconds": 0 });
    without(spec, "yanked");
    let whole = World::plugin_spec(SECOND);
    spec["migrations"] = whole["migrations"].clone();
    spec["runtime"]["command"] = whole["runtime"]["command"].clone();
    let config = if spec["configuration"].is_null() { json!({}) } else { json!({ "workers": 2 }) };
    if spec["requires"].as_array().is_some_and(|all| all.iter().any(|one| one["optional"] != true)) {
        without(spec, "requires");
    }
    if names_nothing(&spec["runtime"]["resources"]) {
        without(&mut spec["runtime"], "resources");
    }

    let spec = &mut install["spec"];
    spec["enabled"] = json!(true);
    spec["config"] = config;
    spec["plugin"]["version"] = json!(SECOND);
    if spec["grantedPermissions"] == json!(["none:such:permission"]) {
        spec["grantedPermissions"] = json!(["PLUGIN:note:read"]);
    }
}

fn without(spec: &mut Value, name: &str) {
    if let Value::Object(fields) = spec {
        fields.remove(name);
    }
}

/// Whether what was made up to be wrong is in it.
fn names_nothing(value: &Value) -> bool {
    match value {
        Value::String(text) => text == "there-is-none" || text == "much",
        Value::Array(items) => items.iter().any(names_nothing),
        Value::Object(fields) => fields.values().any(names_nothing),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_there_is_consent_to_stays_as_it_was_asked_for() {
        let mut plugin = json!({ "spec": World::plugin_spec(SECOND) });
        plugin["spec"]["events"] = json!({ "subscribes": ["files.file.created"] });
        plugin["spec"]["permissions"] = json!([]);
        let before = plugin["spec"].clone();
        let mut asked = Asked { tenant: json!({ "spec": {} }), plugin, install: json!({ "spec": {} }) };
        settle(&mut asked);
        assert_eq!(asked.install["metadata"]["annotations"][CONSENT], SECOND);
        for name in ["events", "permissions"] {
            assert_eq!(asked.plugin["spec"][name], before[name], "{name}");
        }
    }
}
