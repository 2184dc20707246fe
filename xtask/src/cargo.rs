//! Cargo, run in this workspace.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cache::Cache;
use crate::error::Result;
use crate::{files, process};

/// What programs of images are built for. No musl target is needed: a static glibc binary looks names up in containers as
/// well.
pub const STATIC: &str = "x86_64-unknown-linux-gnu";

/// Linked with the C library, too.
const CRT_STATIC: &str = "-C target-feature=+crt-static";

/// Whether tests are built like programs of images, so that what is tested is what is in them, and built once.
const IS_HOST: bool = cfg!(all(target_arch = "x86_64", target_os = "linux", target_env = "gnu"));

/// The workspace the task was called in, and where its builds go.
#[derive(Debug, Clone)]
pub struct Workspace {
    root: PathBuf,
    target: Option<PathBuf>,
}

impl Workspace {
    /// Finds it. In CI, builds go to the cache folder, so that a fresh clone finds them again.
    pub fn open(cache: &Cache) -> Result<Self> {
        let manifest = process::run(program().args(["locate-project", "--workspace", "--message-format=plain"]))?;
        let manifest = PathBuf::from(manifest.trim());
        let root = manifest.parent().unwrap_or(Path::new(".")).to_path_buf();
        let shared = is_ci() && env::var_os("CARGO_TARGET_DIR").is_none();
        Ok(Self { root, target: shared.then(|| cache.root().join("target")) })
    }

    /// The folder of the workspace.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where builds go.
    pub fn target(&self) -> PathBuf {
        let chosen = self.target.clone().or_else(|| env::var_os("CARGO_TARGET_DIR").map(PathBuf::from));
        self.root.join(chosen.unwrap_or_else(|| "target".into()))
    }

    /// `cargo <arguments>`.
    pub fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = program();
        command.current_dir(&self.root).args(arguments);
        if let Some(target) = &self.target {
            // Each clone has a path of its own, by which what was built of it before is not found.
            command.env("CARGO_TARGET_DIR", target).env("CARGO_INCREMENTAL", "0");
        }
        command
    }

    /// The same for programs that need nothing of the machine they run on, as in images; so does every cargo that it starts.
    pub fn cargo_static(&self, arguments: &[&str]) -> Command {
        let mut command = self.cargo(arguments);
        command.env("CARGO_BUILD_TARGET", STATIC).env("RUSTFLAGS", CRT_STATIC);
        command
    }

    /// The same for what people run, in which the paths of the machine it was built on are not: two machines build the same.
    pub fn cargo_published(&self, arguments: &[&str]) -> Command {
        let mut command = self.cargo_static(arguments);
        let places = [(self.target(), "/target"), (self.root.clone(), "/plexica"), (home(), "/cargo")];
        let remapped = places.map(|(path, place)| format!("{}={place}", path.display()));
        let flags = remapped.iter().map(|remapped| format!("--remap-path-prefix={remapped}"));
        let flags: Vec<_> = CRT_STATIC.split(' ').map(str::to_owned).chain(flags).collect();
        // A path may have a space in it, which splits `RUSTFLAGS`.
        command.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"));
        // Assertions of C sources name their file; https://docs.rs/cc takes this besides its own flags.
        command.env("CC_SHELL_ESCAPED_FLAGS", "1");
        let flags = remapped.iter().map(|remapped| format!("'-ffile-prefix-map={remapped}'"));
        command.env("CFLAGS", flags.collect::<Vec<_>>().join(" "));
        command
    }

    /// The same for tests, and for the programs that they start.
    pub fn cargo_for_tests(&self, arguments: &[&str]) -> Command {
        if IS_HOST { self.cargo_static(arguments) } else { self.cargo(arguments) }
    }

    /// Builds the tests with all programs: for the same features of libraries, so that nothing is built again.
    pub fn build_with_tests(&self) -> Result<()> {
        let all = ["build", "--workspace", "--exclude=plexica-e2e", "--bins", "--test=*"];
        process::run_aloud(&mut self.cargo_for_tests(&all))
    }

    /// Where such programs are.
    pub fn programs_of_tests(&self) -> PathBuf {
        if IS_HOST { self.static_programs("debug") } else { self.target().join("debug") }
    }

    /// Where static programs are of a profile, whose folder that is.
    pub fn static_programs(&self, profile: &str) -> PathBuf {
        self.target().join(STATIC).join(profile)
    }

    /// A program of this version from crates.io. It runs for seconds, and would take minutes to optimize.
    pub fn tool(&self, cache: &Cache, name: &str, version: &str) -> Result<PathBuf> {
        let folder = cache.entry(name, version, |folder| {
            let mut command = self.cargo(&["install", "--debug", "--quiet", "--locked", name, "--version", version]);
            command.arg("--root").arg(folder).env("CARGO_TARGET_DIR", folder.join("target"));
            command.env("CARGO_PROFILE_DEV_DEBUG", "false").env("CARGO_PROFILE_DEV_STRIP", "symbols");
            process::run(&mut command)?;
            files::remove(&folder.join("target"))
        })?;
        Ok(folder.join("bin").join(name))
    }
}

/// Where cargo keeps the sources of libraries (<https://doc.rust-lang.org/cargo/guide/cargo-home.html>).
fn home() -> PathBuf {
    let chosen = env::var_os("CARGO_HOME").map(PathBuf::from);
    let usual = || env::home_dir().unwrap_or_default().join(".cargo");
    chosen.unwrap_or_else(usual)
}

/// Whether a skip is a failure.
pub fn is_ci() -> bool {
    env::var("CI").is_ok_and(|value| value == "true")
}

fn program() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}
