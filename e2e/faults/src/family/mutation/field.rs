//! The fields of a kind and the edges of their ranges, read from the schema that the API server has.

use serde_json::{Map, Value, json};

use super::special::{self, Special};

/// The longest text that is made up.
const LONGEST: usize = 1_000;

/// A field of an object, and the values that it is given. `null` stands for absence.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// From the object down, such as `spec`, `identity`, `mfa`.
    pub path: Vec<String>,
    /// At least one.
    pub values: Vec<Value>,
    /// What is put in the place of each object above it that is not there: what that cannot be without.
    parents: Vec<Value>,
}

impl Field {
    /// An annotation that people set.
    pub fn annotation(name: &str) -> Self {
        let path = ["metadata", "annotations", name].map(str::to_owned).to_vec();
        Self { path, values: vec![json!("true"), json!("false"), Value::Null], parents: vec![json!({}), json!({})] }
    }

    /// Gives it a value in the object, or takes it away.
    pub fn set(&self, object: &mut Value, value: &Value) {
        let Some((name, above)) = self.path.split_last() else { return };
        let mut place = object;
        for (name, parent) in above.iter().zip(&self.parents) {
            if place[name].is_null() {
                if value.is_null() {
                    return;
                }
                place[name] = parent.clone();
            }
            place = &mut place[name];
        }
        match place {
            Value::Object(fields) if value.is_null() => drop(fields.remove(name)),
            place => place[name] = value.clone(),
        }
    }
}

/// All fields of `spec` in this schema of a kind, but those that [`Special::Fixed`] leaves out.
pub fn fields(schema: &Value, kind: &'static str) -> Vec<Field> {
    let mut found = Vec::new();
    walk(schema, kind, &["spec".into()], &[json!({})], &mut found);
    found
}

/// `parents` are one for each name of the path.
fn walk(schema: &Value, kind: &'static str, path: &[String], parents: &[Value], found: &mut Vec<Field>) {
    for (name, below) in schema["properties"].as_object().into_iter().flatten() {
        let path = [path, std::slice::from_ref(name)].concat();
        let mut values = match special::of(kind, &path) {
            Some(Special::Fixed) => continue,
            Some(Special::Values(values)) => values,
            special if below.get("properties").is_some() => {
                let minimal = minimal(below, kind, &path);
                walk(below, kind, &path, &[parents, std::slice::from_ref(&minimal)].concat(), found);
                let whole = if let Some(Special::Whole(values)) = special { values } else { Vec::new() };
                std::iter::once(minimal).chain(whole).collect()
            }
            _ => edges(below),
        };
        let required = schema["required"].as_array().is_some_and(|names| names.iter().any(|one| one == name));
        if !required && !values.contains(&Value::Null) {
            values.push(Value::Null);
        }
        found.push(Field { path, values, parents: parents.to_vec() });
    }
}

/// An object with nothing but what it cannot be without.
fn minimal(schema: &Value, kind: &'static str, path: &[String]) -> Value {
    let mut fields = Map::new();
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        let (below, path) = (&schema["properties"][name], [path, &[name.to_owned()]].concat());
        let value = match special::of(kind, &path) {
            Some(Special::Values(values)) => values.into_iter().next(),
            _ if below.get("properties").is_some() => Some(minimal(below, kind, &path)),
            _ => edges(below).into_iter().next(),
        };
        fields.insert(name.to_owned(), value.unwrap_or_default());
    }
    Value::Object(fields)
}

/// The smallest and the largest, or all there are.
fn edges(schema: &Value) -> Vec<Value> {
    if let Some(all) = schema["enum"].as_array() {
        return all.clone();
    }
    // The schema has them as 24.0.
    let number = |key: &str| schema[key].as_f64().and_then(|number| format!("{number:.0}").parse::<i64>().ok());
    let size = |key: &str| schema[key].as_u64().and_then(|size| usize::try_from(size).ok());
    match schema["type"].as_str() {
        Some("integer") => [number("minimum"), number("maximum")].into_iter().flatten().map(Value::from).collect(),
        Some("boolean") => vec![json!(true), json!(false)],
        Some("string") => {
            let longest = size("maxLength").unwrap_or(LONGEST).min(LONGEST);
            vec![json!("a".repeat(size("minLength").unwrap_or(1).max(1))), json!("a".repeat(longest))]
        }
        Some("array") => {
            let most = size("maxItems").unwrap_or(16);
            let items = |count: usize| (0..count).map(|nth| json!(format!("a{nth}"))).collect::<Value>();
            vec![json!([]), items(1), items(most)]
        }
        _ => vec![json!({})],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kube::CustomResourceExt;
    use plexica_crds::{Plugin, PluginInstall, Tenant};

    fn all<K: CustomResourceExt>(kind: &'static str) -> Vec<Field> {
        fields(&super::super::schema::<K>(), kind)
    }

    #[test]
    fn edges_are_those_of_the_schema() {
        for (schema, values) in [
            (json!({ "type": "integer", "minimum": 1.0, "maximum": 24.0 }), json!([1, 24])),
            (json!({ "type": "string", "enum": ["A", "B"] }), json!(["A", "B"])),
            (json!({ "type": "string", "minLength": 3, "maxLength": 5 }), json!(["aaa", "aaaaa"])),
            (json!({ "type": "boolean" }), json!([true, false])),
            (json!({ "type": "array", "maxItems": 2 }), json!([[], ["a0"], ["a0", "a1"]])),
        ] {
            assert_eq!(Value::Array(edges(&schema)), values);
        }
    }

    #[test]
    fn every_field_of_every_kind_is_there_or_is_said_to_be_fixed() {
        let count = [all::<Tenant>("Tenant"), all::<Plugin>("Plugin"), all::<PluginInstall>("PluginInstall")];
        let paths: Vec<String> = count.iter().flatten().map(|field| field.path.join(".")).collect();
        for path in ["spec.identity.smtp.port", "spec.rollout.canary.percent", "spec.grantedPermissions", "spec.plan"] {
            assert!(paths.iter().any(|one| one == path), "{path}: {paths:?}");
        }
        for field in count.iter().flatten() {
            assert!(!field.values.is_empty(), "{field:?}");
        }
    }

    #[test]
    fn what_is_said_of_a_field_is_said_of_one_there_is() {
        let kinds = [
            ("Tenant", super::super::schema::<Tenant>()),
            ("Plugin", super::super::schema::<Plugin>()),
            ("PluginInstall", super::super::schema::<PluginInstall>()),
        ];
        for (kind, path) in special::all() {
            let schema = kinds.iter().find(|(name, _)| *name == kind).map(|(_, schema)| schema).unwrap();
            let found = path.iter().skip(1).fold(schema, |schema, name| &schema["properties"][*name]);
            assert!(!found.is_null(), "{kind} has no {path:?}");
        }
    }

    #[test]
    fn a_field_comes_with_what_it_cannot_be_without_and_goes_again() {
        let fields = all::<Tenant>("Tenant");
        let port = fields.iter().find(|field| field.path.ends_with(&["smtp".into(), "port".into()])).unwrap();
        let mut object = json!({ "spec": { "plan": "p" } });
        port.set(&mut object, &json!(1));
        let smtp = json!({ "host": "smtp.acme.test", "from": "no-reply@acme.test", "port": 1 });
        assert_eq!(object["spec"], json!({ "plan": "p", "identity": { "smtp": smtp } }));
        port.set(&mut object, &Value::Null);
        assert_eq!(object["spec"]["identity"]["smtp"].get("port"), None);
        let mut without = json!({ "spec": {} });
        port.set(&mut without, &Value::Null);
        assert_eq!(without, json!({ "spec": {} }));
    }
}
