//! MinIO: an S3 server whose STS hands out credentials limited to a bucket.

use std::process::Command;

use super::golang::Program;
use crate::cache::Cache;
use crate::error::Result;
use crate::ports;
use crate::state::{Owner, Start, State};

/// The root user's key pair; the server listens on loopback only.
const ACCESS_KEY: &str = "plexica-root";
const SECRET_KEY: &str = "plexica-root-secret";

/// The program. Releases are not tagged as Go versions, so this one is named by its commit.
pub const PROGRAM: Program =
    Program { name: "minio", package: "github.com/minio/minio", version: "v0.0.0-20260212201848-7aac2a2c5b7c" };

/// Starts an empty server.
pub fn start(cache: &Cache, mut start: Start, owner: Owner) -> Result<State> {
    let program = PROGRAM.install(cache)?;
    let port = start.port()?;
    let address = format!("127.0.0.1:{port}");
    start.spawn(
        "minio",
        Command::new(program)
            .arg("server")
            .arg(start.path("data"))
            .args(["--address", &address])
            .env("MINIO_ROOT_USER", ACCESS_KEY)
            .env("MINIO_ROOT_PASSWORD", SECRET_KEY)
            .env("MINIO_BROWSER", "off")
            .env("MINIO_UPDATE", "off"),
        60,
        || ports::answers(port, "/minio/health/ready"),
    )?;
    start.export("MINIO_ENDPOINT", format!("http://{address}"));
    start.export("MINIO_ACCESS_KEY", ACCESS_KEY);
    start.export("MINIO_SECRET_KEY", SECRET_KEY);
    start.finish(owner)
}
