//! VersityGW: an S3 server with the AWS IAM API.

use std::process::Command;

use super::golang::Program;
use crate::cache::Cache;
use crate::error::Result;
use crate::state::{Owner, Start, State};
use crate::{files, ports};

/// The root user's key pair; the server listens on loopback only.
const ACCESS_KEY: &str = "plexica-root";
const SECRET_KEY: &str = "plexica-root-secret";

/// The program.
pub const PROGRAM: Program =
    Program { name: "versitygw", package: "github.com/versity/versitygw/cmd/versitygw", version: "v1.8.0" };

/// Starts the IAM service, then the gateway that asks it.
pub fn start(cache: &Cache, mut start: Start, owner: Owner) -> Result<State> {
    let program = PROGRAM.install(cache)?;
    let (iam, s3) = (start.port()?, start.port()?);
    let [users, data, versions, socket] = ["users", "data", "versions", "iam.sock"].map(|name| start.path(name));
    for folder in [&users, &data, &versions] {
        files::folder(folder)?;
    }
    let common = |port: u16| {
        let mut command = Command::new(&program);
        command
            .args(["--quiet", "--health", "/healthz", "--access", ACCESS_KEY])
            .args(["--secret", SECRET_KEY, "--port"])
            .arg(format!("127.0.0.1:{port}"));
        command
    };
    start.spawn(
        "versitygw-iam",
        common(iam).args(["iam", "--dir"]).arg(&users).arg("--private-ports").arg(&socket),
        30,
        || socket.exists() && ports::answers(iam, "/healthz"),
    )?;
    start.spawn(
        "versitygw",
        common(s3)
            .args(["--iam-cache-disable", "--iam-standalone-endpoint"])
            .arg(&socket)
            .args(["posix", "--versioning-dir"])
            .args([&versions, &data]),
        30,
        || ports::answers(s3, "/healthz"),
    )?;
    start.export("VERSITYGW_ENDPOINT", format!("http://127.0.0.1:{s3}"));
    start.export("VERSITYGW_IAM_ENDPOINT", format!("http://127.0.0.1:{iam}"));
    start.export("VERSITYGW_ACCESS_KEY", ACCESS_KEY);
    start.export("VERSITYGW_SECRET_KEY", SECRET_KEY);
    start.finish(owner)
}
