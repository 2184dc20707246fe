//! What the pages for people say is so.

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn pages() -> Vec<PathBuf> {
    let docs = std::fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let mut pages: Vec<_> = docs.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect();
    pages.push(root().join("README.md"));
    pages
}

#[test]
fn the_readmes_plugin_is_the_sdks_example() {
    let example = std::fs::read_to_string(root().join("sdk/examples/hello.rs")).unwrap();
    let code = example.split_once('\n').unwrap().1;
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    assert!(readme.contains(&format!("```rust\n{code}```")), "README shows another plugin than sdk/examples/hello.rs");
    let lines = code.lines().filter(|line| !line.trim().is_empty()).count();
    assert!(lines <= 20, "{lines} lines");
}

#[test]
fn the_readme_is_in_the_promised_order() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let headings: Vec<&str> = readme.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    assert_eq!(
        headings,
        ["Two commands", "On Kubernetes", "With Compose", "A plugin in twenty lines", "Where each part lives"]
    );
}

#[test]
fn links_lead_somewhere() {
    for page in pages() {
        let text = std::fs::read_to_string(&page).unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()) {
            if !target.is_empty() && !target.contains("://") {
                assert!(page.parent().unwrap().join(target).exists(), "{}: {target}", page.display());
            }
        }
    }
}

/// A variable that the operator reads is explained.
#[test]
fn every_variable_of_the_operator_is_in_the_architectures_table() {
    let config = std::fs::read_to_string(root().join("operator/src/config.rs")).unwrap();
    let page = std::fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    let variables: Vec<&str> = config.split("env = \"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(variables.len() > 20, "{variables:?}");
    for variable in variables {
        assert!(page.contains(&format!("`{variable}`")), "{variable}");
    }
}
