//! Container images from scratch: one layer, the same bytes for the same content.
//!
//! | module | holds |
//! |---|---|
//! | `blob.rs` | content that is named by its digest |
//! | `archive.rs` | the file that an image is written to |

mod archive;
mod blob;

use std::path::Path;
use std::{fs, io};

use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::linked;

use archive::Entry;
use blob::Blob;

/// Nobody in particular, and not root.
pub const USER: u64 = 65_532;

/// Of the OCI image specification, <https://github.com/opencontainers/image-spec/blob/main/media-types.md>.
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIGURATION: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// An image that is being put together.
#[derive(Debug)]
pub struct Image {
    name: String,
    tag: String,
    entrypoint: String,
    labels: Value,
    environment: Vec<String>,
    files: Vec<Entry>,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The digest of its manifest: what a registry knows the image by.
    pub digest: String,
    /// The digest of its configuration: what an engine knows the image by.
    pub id: String,
    /// How much is pulled: layer, configuration and manifest.
    pub bytes: u64,
}

impl Image {
    /// An empty image that will run `entrypoint`.
    pub fn new(name: &str, tag: &str, entrypoint: &str) -> Self {
        Self {
            name: name.into(),
            tag: tag.into(),
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
        self.files.push(Entry { path: path.into(), mode, content });
        Ok(())
    }

    /// Writes it to a file that is both a docker-archive, for `docker load` and containerd's import, and an OCI image
    /// layout in a tar, for tools of registries (`oci-archive:` of skopeo).
    pub fn write(&self, path: &Path) -> Result<Written> {
        let (written, content) = self.assemble().map_err(Error::io("assemble", path))?;
        fs::write(path, content).map_err(Error::io("write", path))?;
        Ok(written)
    }

    fn assemble(&self) -> io::Result<(Written, Vec<u8>)> {
        let content = archive::tar(&self.files)?;
        let configuration = Blob::json(&self.configuration(&blob::digest(&content)));
        let layer = Blob::compressed(&content)?;
        let manifest = Blob::json(&json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": configuration.descriptor(CONFIGURATION),
            "layers": [layer.descriptor(LAYER)],
        }));
        let written = Written {
            digest: manifest.digest.clone(),
            id: configuration.digest.clone(),
            bytes: [&layer, &configuration, &manifest].map(Blob::bytes).iter().sum(),
        };
        let mut index = manifest.descriptor(MANIFEST);
        index["platform"] = json!({ "architecture": "amd64", "os": "linux" });
        index["annotations"] = json!({
            "org.opencontainers.image.ref.name": self.tag,
            "io.containerd.image.name": format!("{}:{}", full(&self.name), self.tag),
        });
        let index =
            json!({ "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [index] });
        let for_docker = json!([{
            "Config": configuration.path(),
            "RepoTags": [format!("{}:{}", self.name, self.tag)],
            "Layers": [layer.path()],
        }]);
        let said =
            |path: &str, what: &Value| Entry { path: path.into(), mode: 0o644, content: what.to_string().into() };
        let mut entries = vec![said("oci-layout", &json!({ "imageLayoutVersion": "1.0.0" }))];
        entries.extend([layer, configuration, manifest].map(Blob::into_entry));
        entries.extend([said("index.json", &index), said("manifest.json", &for_docker)]);
        Ok((written, archive::tar(&entries)?))
    }

    fn configuration(&self, content: &str) -> Value {
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
            "rootfs": { "type": "layers", "diff_ids": [content] },
        })
    }
}

/// As engines complete it: what names no registry is of the one that is theirs by default.
fn full(name: &str) -> String {
    let names_registry =
        name.split_once('/').is_some_and(|(first, _)| first.contains(['.', ':']) || first == "localhost");
    if names_registry { name.into() } else { format!("docker.io/{name}") }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs::File;
    use std::io::Read;

    use super::*;

    fn read(path: &Path) -> BTreeMap<String, Vec<u8>> {
        let mut archive = ::tar::Archive::new(File::open(path).unwrap());
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

    fn named<'a>(entries: &'a BTreeMap<String, Vec<u8>>, digest: &Value) -> &'a [u8] {
        let path = digest.as_str().unwrap().replace(':', "/");
        &entries[&format!("blobs/{path}")]
    }

    #[test]
    fn the_same_content_gives_the_same_archive_for_engines_and_registries() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("program");
        fs::write(&program, "#!/bin/true\n").unwrap();
        let build = |name: &str| {
            let mut image = Image::new("plexica/a", "1", "/program");
            image.labels(json!({ "a": "b" }));
            image.program("program", &program).unwrap();
            let path = folder.path().join(name);
            let written = image.write(&path).unwrap();
            (path, written)
        };
        let (first, written) = build("1.tar");
        let (second, again) = build("2.tar");
        assert_eq!(fs::read(&first).unwrap(), fs::read(second).unwrap());
        assert_eq!(written, again);

        let entries = read(&first);
        for (path, content) in
            entries.iter().filter_map(|(path, content)| Some((path.strip_prefix("blobs/")?, content)))
        {
            assert_eq!(path.replace('/', ":"), blob::digest(content));
        }
        let parse = |content: &[u8]| serde_json::from_slice::<Value>(content).unwrap();
        let index = &parse(&entries["index.json"])["manifests"][0];
        assert_eq!(index["digest"], written.digest);
        assert_eq!(index["annotations"]["io.containerd.image.name"], "docker.io/plexica/a:1");
        let manifest = named(&entries, &index["digest"]);
        let configuration = named(&entries, &parse(manifest)["config"]["digest"]);
        let layer = named(&entries, &parse(manifest)["layers"][0]["digest"]);
        assert_eq!(parse(manifest)["config"]["digest"], written.id);
        assert_eq!(written.bytes, [manifest, configuration, layer].iter().map(|blob| blob.len() as u64).sum::<u64>());

        let mut content = Vec::new();
        flate2::read::GzDecoder::new(layer).read_to_end(&mut content).unwrap();
        assert_eq!(parse(configuration)["rootfs"]["diff_ids"][0], blob::digest(&content));
        assert_eq!(parse(configuration)["config"]["User"], "65532:65532");

        let for_docker = &parse(&entries["manifest.json"])[0];
        assert_eq!(for_docker["RepoTags"][0], "plexica/a:1");
        assert_eq!(entries[for_docker["Config"].as_str().unwrap()], configuration);
        assert_eq!(entries[for_docker["Layers"][0].as_str().unwrap()], layer);
    }

    #[test]
    fn what_names_no_registry_is_of_the_default_one() {
        for (name, expected) in [
            ("plexica/operator", "docker.io/plexica/operator"),
            ("localhost/operator", "localhost/operator"),
            ("registry.example:5000/operator", "registry.example:5000/operator"),
        ] {
            assert_eq!(full(name), expected);
        }
    }
}
