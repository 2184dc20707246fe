//! Reading resources from files.

use std::{
    io::Read,
    path::{Path, PathBuf},
};

use kube::core::DynamicObject;

use crate::error::Error;

/// All resources in these files (`-` is standard input; of a folder, its YAML and JSON files).
pub fn read(paths: &[PathBuf]) -> Result<Vec<DynamicObject>, Error> {
    let mut objects = Vec::new();
    for path in paths {
        for (name, text) in texts(path)? {
            objects.extend(parse(&name, &text)?);
        }
    }
    if objects.is_empty() { Err(Error::Empty) } else { Ok(objects) }
}

fn texts(path: &Path) -> Result<Vec<(String, String)>, Error> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::Unreadable { path, source }
    };
    if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map_err(unreadable(path))?;
        return Ok(vec![("standard input".into(), text)]);
    }
    let mut files = vec![path.to_owned()];
    if path.is_dir() {
        files = std::fs::read_dir(path)
            .map_err(unreadable(path))?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<_, _>>()
            .map_err(unreadable(path))?;
        files.retain(|file| file.extension().is_some_and(|e| e == "yaml" || e == "yml" || e == "json"));
        files.sort();
    }
    files
        .into_iter()
        .map(|file| {
            let text = std::fs::read_to_string(&file).map_err(unreadable(&file))?;
            Ok((file.display().to_string(), text))
        })
        .collect()
}

fn parse(file: &str, text: &str) -> Result<Vec<DynamicObject>, Error> {
    let malformed = |reason: String| Error::Malformed { file: file.to_owned(), reason };
    let documents: Vec<serde_json::Value> =
        serde_saphyr::from_multiple(text).map_err(|error| malformed(error.to_string()))?;
    let mut objects = Vec::new();
    for document in documents.into_iter().filter(|document| !document.is_null()) {
        let items = match document.get("items") {
            Some(serde_json::Value::Array(items)) if document["kind"] == "List" => items.clone(),
            _ => vec![document],
        };
        for item in items {
            let object: DynamicObject = serde_json::from_value(item).map_err(|error| malformed(error.to_string()))?;
            if object.types.is_none() || object.metadata.name.is_none() {
                return Err(malformed("every resource needs apiVersion, kind and metadata.name".into()));
            }
            objects.push(object);
        }
    }
    Ok(objects)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENANT: &str =
        "apiVersion: plexica.io/v1alpha1\nkind: Tenant\nmetadata: {name: acme}\nspec: {displayName: Acme}\n";

    #[test]
    fn several_documents_and_empty_ones() -> Result<(), Error> {
        let objects = parse("f", &format!("---\n{TENANT}---\n---\n{}", TENANT.replace("acme", "beta")))?;
        let names: Vec<_> = objects.iter().filter_map(|o| o.metadata.name.as_deref()).collect();
        assert_eq!(names, ["acme", "beta"]);
        Ok(())
    }

    #[test]
    fn lists_are_opened() -> Result<(), Error> {
        let text = r#"{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"a"}}]}"#;
        assert_eq!(parse("f", text)?.len(), 1);
        Ok(())
    }

    #[test]
    fn what_is_no_resource_is_refused_with_the_file() {
        for text in ["kind: Tenant", "just text", "a: [", "apiVersion: v1\nkind: Namespace\nmetadata: {}"] {
            let message = parse("tenant.yaml", text).map(|o| o.len()).map_err(|e| e.to_string());
            assert!(message.as_ref().is_err_and(|m| m.contains("tenant.yaml")), "{text:?}: {message:?}");
        }
    }
}
