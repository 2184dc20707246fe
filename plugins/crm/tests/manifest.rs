//! The catalogue entry people apply is the one in the code.
#![allow(clippy::unwrap_used)]

use serde_json::Value;

#[test]
fn the_example_is_the_manifest() {
    let manifest = plexica_crm::plugin().manifest().unwrap();
    let plugin: Value = serde_saphyr::from_str(include_str!("../../../examples/crm.yaml")).unwrap();
    let spec = serde_json::to_value(&manifest).unwrap();
    assert_eq!(plugin["spec"], spec, "examples/crm.yaml should be:\n{}", serde_saphyr::to_string(&spec).unwrap());
    assert_eq!(plugin["metadata"]["name"], manifest.resource_name());
}
