//! Container images from scratch: one static binary each, and `pg_dump` beside the operator. What each is made of is said
//! beside it.

mod destination;

use std::path::{Path, PathBuf};
use std::process::Command;

use clap::ValueEnum;
use serde::Serialize;
use serde_json::json;

use crate::cache::Cache;
use crate::cargo::{STATIC, Workspace};
use crate::error::{Error, Result};
use crate::files;
use crate::image::{Image, Written};
use crate::parts::Server;
use crate::parts::postgres;
use crate::process;
use crate::sbom::{self, Besides};

pub use destination::{Engine, Registry};

/// The cargo profile of what people run: as small and fast as it gets.
const PROFILE: &str = "image";
/// What people run.
const PUBLISHED: Build = Build { folder: "published", besides: &[COMMAND_LINE] };
/// What the tests run, built with them: the same, not optimized; and a plugin that has two versions, and a program that
/// fails as it is told to.
const TEST: Build = Build { folder: "test", besides: &[COMMAND_LINE, NOTES, SUBJECT] };
/// The images that pods run: package and binary of the same name.
const SERVERS: [(&str, &str); 4] = [
    ("plexica-operator", "plexica/operator"),
    ("plexica-core-api", "plexica/core-api"),
    ("plexica-gateway", "plexica/gateway"),
    ("plexica-crm", "plexica/crm"),
];
/// The one that makes final backups, for which it starts `pg_dump`: the newest there is, since older servers are
/// read by it as well.
const BACKS_UP: &str = "plexica-operator";
const COMMAND_LINE: (&str, &str) = ("plexica", "plexica/cli");
const NOTES: (&str, &str) = ("plexica-notes", "plexica/notes");
const SUBJECT: (&str, &str) = ("plexica-subject", "plexica/subject");
/// Where distributions keep the public certificate authorities.
const AUTHORITIES: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// How the result is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people.
    Table,
    /// For programs.
    Json,
}

/// A written image.
#[derive(Debug, Serialize)]
pub struct Built {
    /// Without a registry.
    pub name: String,
    /// The version.
    pub tag: String,
    /// What a registry knows it by.
    pub digest: String,
    /// What an engine knows it by.
    pub id: String,
    /// How much is pulled.
    pub bytes: u64,
    /// A docker-archive, and an OCI image layout in a tar.
    pub archive: PathBuf,
    /// What it is made of, as `CycloneDX`.
    pub sbom: PathBuf,
}

/// What becomes of them, beside being written.
#[derive(Debug, Default)]
pub struct Wanted {
    /// Who is to have them.
    pub engines: Vec<Engine>,
    /// Where they are pushed.
    pub registry: Option<Registry>,
}

/// Images that are built together.
#[derive(Debug, Clone, Copy)]
struct Build {
    /// Where their archives go, below `images` in the target folder.
    folder: &'static str,
    /// Beside the servers.
    besides: &'static [(&'static str, &'static str)],
}

impl Build {
    fn programs(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        SERVERS.into_iter().chain(self.besides.iter().copied())
    }
}

/// Builds them, hands them over and prints what was written.
pub fn run(cache: &Cache, workspace: &Workspace, wanted: &Wanted, output: Output) -> Result<()> {
    // Building takes long.
    wanted.engines.iter().try_for_each(|engine| engine.is_there())?;
    if wanted.registry.is_some() {
        Registry::can_be_reached()?;
    }
    let built = build_published(cache, workspace)?;
    for image in &built {
        for engine in &wanted.engines {
            engine.load(image)?;
        }
        if let Some(registry) = &wanted.registry {
            registry.push(image)?;
        }
    }
    match output {
        Output::Table => {
            for image in &built {
                let Built { name, tag, digest, bytes, archive, .. } = image;
                println!("{name}:{tag:<8} {:>6.1} MB  {digest}  {}", megabytes(*bytes), archive.display());
            }
        }
        Output::Json => println!("{}", json!(built)),
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a size for people")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// Builds those that people pull.
pub fn build_published(cache: &Cache, workspace: &Workspace) -> Result<Vec<Built>> {
    let mut cargo = workspace.cargo_published(&["build", "--profile", PROFILE]);
    for (program, _) in PUBLISHED.programs() {
        cargo.args(["--package", program, "--bin", program]);
    }
    process::run_aloud(&mut cargo)?;
    let programs = workspace.static_programs(PROFILE);
    pack(cache, workspace, PUBLISHED, &programs)
}

/// Builds those that a test runs in pods.
pub fn build_for_tests(cache: &Cache, workspace: &Workspace) -> Result<Vec<Built>> {
    workspace.build_with_tests()?;
    // Tests tell lines of code by symbols that would have to be loaded into engines and nodes.
    let strip = process::require("strip", "install binutils")?;
    let folder = workspace.target().join("images").join("stripped");
    files::folder(&folder)?;
    for (program, _) in TEST.programs() {
        let built = workspace.programs_of_tests().join(program);
        process::run(Command::new(&strip).arg("-o").arg(folder.join(program)).arg(built))?;
    }
    pack(cache, workspace, TEST, &folder)
}

/// Writes an archive of each program below the target folder.
fn pack(cache: &Cache, workspace: &Workspace, how: Build, programs: &Path) -> Result<Vec<Built>> {
    let folder = workspace.target().join("images").join(how.folder);
    files::folder(&folder)?;
    let revision = process::run(Command::new("git").current_dir(workspace.root()).args(["rev-parse", "HEAD"]))?;
    let postgres = postgres::install(Server::V17, cache)?;
    let dumps = [Besides { name: "postgresql", version: Server::V17.version(), license: "PostgreSQL" }];
    let besides = |program| if program == BACKS_UP { &dumps[..] } else { &[] };
    let made_of: Vec<_> = how.programs().map(|(program, _)| (program, besides(program))).collect();
    sbom::write(cache, workspace, STATIC, &made_of, &folder)?;
    how.programs().map(|program| write(program, programs, &postgres, &folder, revision.trim())).collect()
}

fn write(
    (program, name): (&str, &str),
    programs: &Path,
    postgres: &Path,
    folder: &Path,
    revision: &str,
) -> Result<Built> {
    let version = env!("CARGO_PKG_VERSION");
    let mut image = Image::new(name, version, &format!("/{program}"));
    image.labels(json!({
        "org.opencontainers.image.title": program,
        "org.opencontainers.image.version": version,
        "org.opencontainers.image.revision": revision,
        "org.opencontainers.image.licenses": env!("CARGO_PKG_LICENSE"),
    }));
    image.program(program, &programs.join(program))?;
    if program == BACKS_UP {
        image.linked_program(postgres, "bin/pg_dump", "usr/lib/postgresql")?;
    }
    let bundle =
        AUTHORITIES.into_iter().map(Path::new).find(|path| path.is_file()).ok_or_else(|| {
            Error::Unsupported("no bundle of certificate authorities; install ca-certificates".into())
        })?;
    image.certificates(bundle)?;
    let archive = folder.join(format!("{program}.tar"));
    let Written { digest, id, bytes } = image.write(&archive)?;
    let sbom = sbom::place(folder, program);
    Ok(Built { name: name.into(), tag: version.into(), digest, id, bytes, archive, sbom })
}
