//! What programs are made of, as `CycloneDX`: <https://cyclonedx.org/docs/1.5/json/>.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::cache::{Cache, Lock};
use crate::cargo::Workspace;
use crate::error::{Error, Result};
use crate::{files, process};

const VERSION: &str = "0.5.9";
/// How `cargo cyclonedx` ends the name of what it says about a program, which it writes beside the package's manifest.
const SUFFIX: &str = "_bin.cdx.json";

/// Something in an image that cargo has not built.
#[derive(Debug, Clone, Copy)]
pub struct Besides<'a> {
    /// Such as `postgresql`.
    pub name: &'a str,
    /// Which one.
    pub version: &'a str,
    /// An SPDX expression.
    pub license: &'a str,
}

/// Says of each of the programs what it is made of, in `<program>.cdx.json` in the folder. The same checkout gives the same
/// bytes, wherever it lies.
pub fn write(
    cache: &Cache,
    workspace: &Workspace,
    target: &str,
    programs: &[(&str, &[Besides<'_>])],
    folder: &Path,
) -> Result<()> {
    let mut command = Command::new(workspace.tool(cache, "cargo-cyclonedx", VERSION)?);
    command.current_dir(workspace.root()).args(["cyclonedx", "--quiet", "--format=json", "--describe=binaries"]);
    command.args(["--spec-version=1.5", "--no-build-deps", "--target", target]).env("SOURCE_DATE_EPOCH", "0");
    // What it says lies in the checkout for a moment.
    let _lock = Lock::take(&folder.join(".sbom.lock"))?;
    let members = members(workspace)?;
    let told = process::run(&mut command).and_then(|_| {
        let said = said(&members)?;
        programs.iter().try_for_each(|(program, besides)| take(workspace, &said, (program, besides), folder))
    });
    said(&members)?.iter().try_for_each(|path| files::remove(path))?;
    told
}

fn take(
    workspace: &Workspace,
    said: &[PathBuf],
    (program, besides): (&str, &[Besides<'_>]),
    folder: &Path,
) -> Result<()> {
    let name = format!("{program}{SUFFIX}");
    let source = said.iter().find(|path| path.file_name().is_some_and(|file| file == name.as_str()));
    let source = source.ok_or_else(|| Error::Unsupported(format!("cargo cyclonedx says nothing of {program}")))?;
    let text = fs::read_to_string(source).map_err(Error::io("read", source))?;
    let told = complete(&text, workspace.root(), besides);
    let no_json = |error| Error::Unsupported(format!("cargo cyclonedx says of {program} what is no JSON: {error}"));
    let place = place(folder, program);
    fs::write(&place, told.map_err(no_json)?.to_string()).map_err(Error::io("write", &place))
}

/// Where it is said what the program is made of.
pub fn place(folder: &Path, program: &str) -> PathBuf {
    folder.join(format!("{program}.cdx.json"))
}

/// The folders of the workspace's packages.
fn members(workspace: &Workspace) -> Result<Vec<PathBuf>> {
    let told = process::run(&mut workspace.cargo(&["metadata", "--no-deps", "--format-version=1"]))?;
    let told: Value = serde_json::from_str(&told)
        .map_err(|error| Error::Unsupported(format!("cargo metadata says what is no JSON: {error}")))?;
    let folder = |package: &Value| Some(Path::new(package["manifest_path"].as_str()?).parent()?.to_owned());
    Ok(told["packages"].as_array().into_iter().flatten().filter_map(folder).collect())
}

/// What was written beside their manifests.
fn said(members: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for folder in members {
        for entry in fs::read_dir(folder).map_err(Error::io("read", folder))? {
            let path = entry.map_err(Error::io("read", folder))?.path();
            if path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(SUFFIX)) {
                found.push(path);
            }
        }
    }
    Ok(found)
}

/// Where the checkout lies says nothing of the program.
fn complete(text: &str, root: &Path, besides: &[Besides<'_>]) -> serde_json::Result<Value> {
    let mut told: Value = serde_json::from_str(&text.replace(&format!("file://{}", root.display()), "file://"))?;
    if let Some(components) = told["components"].as_array_mut() {
        components.extend(besides.iter().map(|Besides { name, version, license }| {
            let purl = format!("pkg:generic/{name}@{version}");
            json!({
                "type": "application",
                "bom-ref": purl,
                "name": name,
                "version": version,
                "licenses": [{ "expression": license }],
                "purl": purl,
            })
        }));
    }
    Ok(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_cargo_has_not_built_and_not_where_the_checkout_is() {
        let text = r#"{"components":[{"bom-ref":"path+file:///home/me/plexica/crds#plexica-crds@0.1.0"}]}"#;
        let postgres = Besides { name: "postgresql", version: "17.11.0", license: "PostgreSQL" };
        let told = complete(text, Path::new("/home/me/plexica"), &[postgres]).unwrap();
        assert_eq!(told["components"][0]["bom-ref"], "path+file:///crds#plexica-crds@0.1.0");
        assert_eq!(told["components"][1]["purl"], "pkg:generic/postgresql@17.11.0");
    }
}
