//! What was built, under a name that no other build has: that is how the operator knows that it is another one.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::process::Command;

use crate::error::Error;

/// Enough of a digest to tell builds apart.
const DIGITS: usize = 12;

/// One build.
#[derive(Debug, PartialEq, Eq)]
pub enum Built {
    /// A program, and the copy of it that runs: the next build writes over the program.
    Program { program: PathBuf, copy: PathBuf },
    /// An image by its name, and the tag of its own.
    Image { image: String, tag: String },
}

impl Built {
    /// The program that a plugin's `runtime` names.
    pub fn program(runtime: &Value) -> Result<Self, Error> {
        let named = runtime.pointer("/command/0").and_then(Value::as_str);
        let program = PathBuf::from(named.ok_or(Error::Runs("command"))?);
        let content = fs::read(&program).map_err(|source| Error::Unreadable { path: program.clone(), source })?;
        let program = fs::canonicalize(&program).map_err(|source| Error::Unreadable { path: program, source })?;
        let digest = hex::encode(Sha256::digest(content));
        let copy = program.with_file_name(format!("{}-{}", file_name(&program), &digest[..DIGITS]));
        Ok(Self::Program { program, copy })
    }

    /// The image that a plugin's `runtime` names, as the engine has it now.
    pub async fn image(runtime: &Value) -> Result<Self, Error> {
        let image = runtime["image"].as_str().ok_or(Error::Runs("image"))?;
        let id = docker(&["image", "inspect", "--format", "{{.Id}}", image]).await?;
        let digits: String = id.trim().trim_start_matches("sha256:").chars().take(DIGITS).collect();
        Ok(Self::Image { image: image.to_owned(), tag: tagged(image, &digits) })
    }

    /// Gives it its name, and says so in the plugin's `runtime`.
    pub async fn keep(&self, runtime: &mut Value) -> Result<(), Error> {
        match self {
            Self::Program { program, copy } => {
                // One that is there is the same, and may be running.
                if !copy.exists() {
                    fs::copy(program, copy).map_err(|source| Error::Unreadable { path: copy.clone(), source })?;
                }
                runtime["command"][0] = json!(copy);
            }
            Self::Image { image, tag } => {
                docker(&["tag", image, tag]).await?;
                runtime["image"] = json!(tag);
            }
        }
        Ok(())
    }

    /// For people.
    pub fn name(&self) -> String {
        match self {
            Self::Program { copy, .. } => copy.display().to_string(),
            Self::Image { tag, .. } => tag.clone(),
        }
    }

    /// Takes its name away. What runs of it runs on.
    pub async fn forget(self) {
        // What stays takes room and does nothing else.
        match self {
            Self::Program { copy, .. } => drop(fs::remove_file(copy)),
            Self::Image { tag, .. } => drop(docker(&["image", "rm", "--no-prune", &tag]).await),
        }
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The image's name with a tag of this build.
fn tagged(image: &str, digits: &str) -> String {
    let path_ends = image.rfind('/').map_or(0, |at| at + 1);
    match image[path_ends..].find(':') {
        Some(_) => format!("{image}-{digits}"),
        None => format!("{image}:{digits}"),
    }
}

/// What the command line of the engine says.
async fn docker(arguments: &[&str]) -> Result<String, Error> {
    let output = Command::new("docker").args(arguments).output().await;
    let output = output.map_err(|source| Error::Unreadable { path: "docker".into(), source })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let status = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(Error::Build { command: format!("docker {}", arguments.join(" ")), status })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_build_has_a_tag_of_its_own() {
        for (image, expected) in [
            ("example/hello:0.1.0", "example/hello:0.1.0-abc"),
            ("example/hello", "example/hello:abc"),
            ("registry.test:5000/hello", "registry.test:5000/hello:abc"),
        ] {
            assert_eq!(tagged(image, "abc"), expected);
        }
    }

    #[tokio::test]
    async fn a_program_runs_as_a_copy_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("hello");
        let runtime = json!({ "command": [program, "--flag"] });
        assert!(Built::program(&runtime).is_err(), "it is not built yet");
        fs::write(&program, "one").unwrap();
        let one = Built::program(&runtime).unwrap();
        let mut kept = runtime.clone();
        one.keep(&mut kept).await.unwrap();
        assert_eq!(kept["command"], json!([one.name(), "--flag"]));
        assert_eq!(Built::program(&runtime).unwrap(), one, "the same is no other build");
        fs::write(&program, "two").unwrap();
        assert_ne!(Built::program(&runtime).unwrap(), one);
        assert_eq!(fs::read_to_string(one.name()).unwrap(), "one", "what runs is not written over");
        let copy = one.name();
        one.forget().await;
        assert!(!Path::new(&copy).exists());
        assert!(Built::program(&json!({})).is_err());
    }
}
