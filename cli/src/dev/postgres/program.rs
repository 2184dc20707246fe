//! The programs of Postgres.

use std::{path::Path, process::Stdio};

use tokio::process::Command;

use super::account::Account;

/// The superuser that initdb makes.
pub const SUPERUSER: &str = "postgres";

/// A program, as the account, out of reach of the terminal's Ctrl-C: the order in which things stop is
/// ours. It goes with whoever holds it.
pub fn program(binaries: &Path, name: &str, account: Option<&Account>) -> Command {
    let mut command = Command::new(binaries.join("bin").join(name));
    command.env_clear().env("LC_ALL", "C").current_dir("/").stdin(Stdio::null()).process_group(0).kill_on_drop(true);
    if let Some(account) = account {
        command.uid(account.uid.as_raw()).gid(account.gid.as_raw());
    }
    command
}
