//! One image that stands in for the public ones of `compose/compose.yaml`, which are out of reach here: a Debian with the
//! programs that the tests have anyway, the real ones.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Server, docker, keycloak, minio, postgres};
use crate::cache::Cache;
use crate::error::{Error, Result};
use crate::state::State;
use crate::{files, process};

/// What the image is called on an engine.
pub const IMAGE: &str = "localhost/plexica-stand-in";
/// To be raised with each change of what is in it.
const VERSION: &str = "3";
/// What it takes to make one, and the package of Debian that has it.
pub const PROGRAMS: [(&str, &str); 1] = [("debootstrap", "debootstrap")];
/// Beside what a Debian has at least: Keycloak's Java, the proxy of Docker's socket, and what Postgres is linked with.
const PACKAGES: &str = "ca-certificates,openjdk-17-jre-headless,haproxy,libxml2,libreadline8";
const ENTRYPOINT: &str = include_str!("../../stand-in/entrypoint.sh");
const USERS: &str = "postgres:x:999:999::/var/lib/postgresql:/bin/sh\n";
const GROUPS: &str = "postgres:x:999:\n";

/// The file system in a tar, made once.
fn install(cache: &Cache) -> Result<PathBuf> {
    process::require("debootstrap", "install the package debootstrap")?;
    let (postgres, keycloak) = (postgres::install(Server::V17, cache)?, keycloak::install(cache)?);
    let minio = minio::PROGRAM.install(cache)?;
    let folder = cache.entry("stand-in", VERSION, |folder| {
        let system = folder.join("system");
        let (suite, mirror) = distribution()?;
        let mut debootstrap = Command::new("debootstrap");
        debootstrap.args(["--variant=minbase", &format!("--include={PACKAGES}"), &suite]).arg(&system).arg(&mirror);
        process::run(&mut debootstrap)?;
        copy(&postgres, &system.join("opt/postgres"))?;
        copy(&keycloak, &system.join("opt/keycloak"))?;
        files::executable(&system.join("opt/keycloak/bin/kcadm.sh"))?;
        copy(&minio, &system.join("usr/local/bin/minio"))?;
        append(&system.join("etc/passwd"), USERS)?;
        append(&system.join("etc/group"), GROUPS)?;
        let entrypoint = system.join("entrypoint.sh");
        files::write(&entrypoint, ENTRYPOINT)?;
        files::executable(&entrypoint)?;
        let tar = folder.join("system.tar");
        let skipped = ["--exclude=./var/cache/apt", "--exclude=./var/lib/apt", "--exclude=./usr/share/doc"];
        process::run(
            Command::new("tar").arg("--create").args(skipped).arg("-f").arg(tar).arg("-C").arg(&system).arg("."),
        )?;
        files::remove(&system)
    })?;
    Ok(folder.join("system.tar"))
}

/// Gives it to an engine.
pub fn import(cache: &Cache, engine: &State) -> Result<()> {
    let system = install(cache)?;
    let path = "PATH=/opt/postgres/bin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    let mut docker = docker::command(engine)?;
    docker.args(["import", "--change", "ENTRYPOINT [\"/entrypoint.sh\"]"]);
    docker.args(["--change", "CMD [\"postgres\"]", "--change", &format!("ENV {path}")]).arg(system).arg(IMAGE);
    process::run(&mut docker).map(drop)
}

/// Writes it into a docker-archive under each public name that a file of resources has.
pub fn write(cache: &Cache, engine: &State, resources: &Path, archive: &Path) -> Result<()> {
    let text = std::fs::read_to_string(resources).map_err(Error::io("read", resources))?;
    let names = public_images(&text);
    import(cache, engine)?;
    for name in &names {
        process::run(docker::command(engine)?.args(["tag", IMAGE, name]))?;
    }
    process::run(docker::command(engine)?.args(["save", "--output"]).arg(archive).args(&names)).map(drop)
}

/// Those that are not Plexica's own.
fn public_images(resources: &str) -> Vec<&str> {
    let images = resources.lines().filter_map(|line| line.trim_start().strip_prefix("image: "));
    images.filter(|image| !image.starts_with("plexica/")).collect()
}

/// The release that this machine runs, and where its apt has it from.
fn distribution() -> Result<(String, String)> {
    let targets = Command::new("apt-get")
        .args(["indextargets", "--format", "$(RELEASE) $(SITE)", "Created-By: Packages"])
        .output()
        .map_err(Error::io("run", Path::new("apt-get")))?;
    let targets = String::from_utf8_lossy(&targets.stdout).into_owned();
    release(&targets).ok_or_else(|| Error::Unsupported("the stand-in is made of a Debian by the mirror of apt".into()))
}

/// The first release, without its updates: those have names that go on after it.
fn release(targets: &str) -> Option<(String, String)> {
    let of = |line: &str| line.split_once(' ').map(|(suite, mirror)| (suite.to_owned(), mirror.to_owned()));
    targets.lines().filter_map(of).find(|(suite, _)| !suite.contains('-'))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    process::run(Command::new("cp").args(["--recursive", "--preserve=mode,links"]).arg(from).arg(to)).map(drop)
}

/// Leaves the file as readable as it is.
fn append(path: &Path, text: &str) -> Result<()> {
    let appended = OpenOptions::new().append(true).open(path).and_then(|mut file| file.write_all(text.as_bytes()));
    appended.map_err(Error::io("write", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_images_are_those_of_others() {
        let resources = "containers:\n  - name: a\n    image: postgres:17\n  - name: b\n    image: plexica/cli:0.1.0\n";
        assert_eq!(public_images(resources), ["postgres:17"]);
    }

    #[test]
    fn the_release_is_the_one_without_its_updates() {
        let targets =
            "bookworm-updates http://a/debian\nbookworm http://a/debian\nbookworm-security http://a/security\n";
        assert_eq!(release(targets), Some(("bookworm".into(), "http://a/debian".into())));
        assert_eq!(release(""), None);
    }
}
