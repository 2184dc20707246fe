//! Container images from scratch, as docker-archives: one layer, the same bytes for the same
//! content.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::linked;

/// Nobody in particular, and not root.
pub const USER: u64 = 65_532;

/// An image that is being put together.
#[derive(Debug)]
pub struct Image {
    reference: String,
    entrypoint: String,
    labels: Value,
    environment: Vec<String>,
    files: Vec<(String, u32, Vec<u8>)>,
}

impl Image {
    /// An empty image that will run `entrypoint`.
    pub fn new(reference: &str, entrypoint: &str) -> Self {
        Self {
            reference: reference.into(),
            entrypoint: entrypoint.into(),
            labels: json!({}),
            environment: Vec::new(),
            files: Vec::new(),
        }
    }

    /// Sets the image's labels.
    pub fn labels(&mut self, labels: Value) {
        self.labels = labels;
    }

    /// Adds a program, by its path in the image without the leading slash.
    pub fn program(&mut self, path: &str, program: &Path) -> Result<()> {
        self.add(path, 0o755, program)
    }

    /// Adds the certificate authorities of this machine, where TLS looks for them.
    pub fn certificates(&mut self, bundle: &Path) -> Result<()> {
        let path = "etc/ssl/certs/ca-certificates.crt";
        self.environment.push(format!("SSL_CERT_FILE=/{path}"));
        self.add(path, 0o644, bundle)
    }

    /// Adds a program that is linked dynamically, with its libraries, and has it found by its name.
    pub fn linked_program(&mut self, home: &Path, program: &str, place: &str) -> Result<()> {
        for (path, source) in linked::files(home, program, place)? {
            self.add(&path, 0o755, &source)?;
        }
        let folder = Path::new(program).parent().unwrap_or(Path::new("")).display();
        self.environment.push(format!("PATH=/{place}/{folder}"));
        Ok(())
    }

    fn add(&mut self, path: &str, mode: u32, source: &Path) -> Result<()> {
        let content = fs::read(source).map_err(Error::io("read", source))?;
        self.files.push((path.into(), mode, content));
        Ok(())
    }

    /// Writes the archive; answers with the image's identifier.
    pub fn write(&self, path: &Path) -> Result<String> {
        let wrap = |result: std::io::Result<()>| result.map_err(Error::io("write", path));
        let layer = self.layer().map_err(Error::io("write", path))?;
        let layer_digest = digest(&layer);
        let configuration = self.configuration(&layer_digest).to_string();
        let identifier = digest(configuration.as_bytes());
        let manifest = json!([{
            "Config": format!("{identifier}.json"),
            "RepoTags": [self.reference],
            "Layers": [format!("{layer_digest}/layer.tar")],
        }]);
        let file = File::create(path).map_err(Error::io("create", path))?;
        let mut archive = tar::Builder::new(file);
        wrap(append(&mut archive, &format!("{identifier}.json"), 0o644, configuration.as_bytes()))?;
        wrap(append(&mut archive, &format!("{layer_digest}/layer.tar"), 0o644, &layer))?;
        wrap(append(&mut archive, "manifest.json", 0o644, manifest.to_string().as_bytes()))?;
        wrap(archive.into_inner().and_then(|mut file| file.flush()))?;
        Ok(format!("sha256:{identifier}"))
    }

    fn layer(&self) -> std::io::Result<Vec<u8>> {
        let mut layer = tar::Builder::new(Vec::new());
        for (path, mode, content) in &self.files {
            append(&mut layer, path, *mode, content)?;
        }
        layer.into_inner()
    }

    fn configuration(&self, layer_digest: &str) -> Value {
        json!({
            "architecture": "amd64",
            "os": "linux",
            "config": {
                "User": format!("{USER}:{USER}"),
                "Entrypoint": [self.entrypoint],
                "Env": self.environment,
                "WorkingDir": "/",
                "Labels": self.labels,
            },
            "rootfs": { "type": "layers", "diff_ids": [format!("sha256:{layer_digest}")] },
        })
    }
}

/// Appends a file without owner names or times, so that the same content gives the same bytes.
fn append<W: Write>(archive: &mut tar::Builder<W>, path: &str, mode: u32, content: &[u8]) -> std::io::Result<()> {
    let mut header = tar::Header::new_ustar();
    header.set_size(content.len() as u64);
    header.set_mode(mode);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    archive.append_data(&mut header, path, content)
}

fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io::Read;

    use super::*;

    fn read(path: &Path) -> BTreeMap<String, Vec<u8>> {
        let mut archive = tar::Archive::new(File::open(path).unwrap());
        archive
            .entries()
            .unwrap()
            .map(|entry| {
                let mut entry = entry.unwrap();
                let name = entry.path().unwrap().display().to_string();
                let mut content = Vec::new();
                entry.read_to_end(&mut content).unwrap();
                (name, content)
            })
            .collect()
    }

    #[test]
    fn the_same_content_gives_the_same_archive() {
        let folder = std::env::temp_dir().join(format!("xtask-image-{}", std::process::id()));
        crate::files::folder(&folder).unwrap();
        let program = folder.join("program");
        fs::write(&program, "#!/bin/true\n").unwrap();
        let build = |name: &str| {
            let mut image = Image::new("localhost/a:1", "/program");
            image.labels(json!({ "a": "b" }));
            image.program("program", &program).unwrap();
            let path = folder.join(name);
            let identifier = image.write(&path).unwrap();
            (path, identifier)
        };
        let (first, identifier) = build("1.tar");
        let (second, again) = build("2.tar");
        assert_eq!(fs::read(&first).unwrap(), fs::read(second).unwrap());
        assert_eq!(identifier, again);

        let entries = read(&first);
        let manifest: Value = serde_json::from_slice(&entries["manifest.json"]).unwrap();
        let configuration = &entries[manifest[0]["Config"].as_str().unwrap()];
        assert_eq!(format!("sha256:{}", digest(configuration)), identifier);
        let configuration: Value = serde_json::from_slice(configuration).unwrap();
        let layer = &entries[manifest[0]["Layers"][0].as_str().unwrap()];
        assert_eq!(configuration["rootfs"]["diff_ids"][0], format!("sha256:{}", digest(layer)));
        assert_eq!(configuration["config"]["User"], "65532:65532");
        crate::files::remove(&folder).unwrap();
    }
}
