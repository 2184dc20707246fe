//! Secrets from files: `DATABASE_URL_FILE=/run/secrets/database-url` instead of `DATABASE_URL`, as the images of Postgres
//! and MinIO know it. A file is shown to fewer than a variable, which `docker inspect` prints.

use std::{ffi::OsString, io, path::PathBuf};

use clap::Command;

/// Appended to the name of a variable.
const SUFFIX: &str = "_FILE";

/// Why a secret could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its file.
    #[error("{variable} names {}, which cannot be read: {source}", path.display())]
    Unreadable {
        /// The variable that names the file.
        variable: String,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Both are given.
    #[error("{variable} and {variable}_FILE are both set; set one of them")]
    Twice {
        /// The variable of the secret itself.
        variable: String,
    },
}

/// The program's arguments, and a flag for each secret whose variable names a file. Secrets are the arguments
/// whose values help does not show (`hide_env_values`), of the subcommand that is called.
///
/// # Errors
/// For a file that cannot be read, and for a secret that is given twice.
pub fn arguments(command: &Command, given: impl IntoIterator<Item = OsString>) -> Result<Vec<OsString>, Error> {
    read(command, given.into_iter().collect(), |name| std::env::var_os(name), |path| std::fs::read_to_string(path))
}

fn read(
    command: &Command,
    mut arguments: Vec<OsString>,
    variable: impl Fn(&str) -> Option<OsString>,
    file: impl Fn(&PathBuf) -> io::Result<String>,
) -> Result<Vec<OsString>, Error> {
    let mut called = command;
    for word in arguments.iter().skip(1) {
        called = called.find_subcommand(word).unwrap_or(called);
    }
    for secret in called.get_arguments().filter(|argument| argument.is_hide_env_values_set()) {
        let (Some(name), Some(flag)) = (secret.get_env().and_then(std::ffi::OsStr::to_str), secret.get_long()) else {
            continue;
        };
        let by_file = format!("{name}{SUFFIX}");
        let Some(path) = variable(&by_file).filter(|path| !path.is_empty()).map(PathBuf::from) else { continue };
        if variable(name).is_some() {
            return Err(Error::Twice { variable: name.to_owned() });
        }
        let text = file(&path).map_err(|source| Error::Unreadable { variable: by_file, path, source })?;
        // Editors end files with a newline, and no secret ends with one.
        arguments.push(format!("--{flag}={}", text.trim_end_matches(['\r', '\n'])).into());
    }
    Ok(arguments)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{Args, CommandFactory, Parser, Subcommand};

    #[derive(Debug, Parser)]
    #[command(name = "program")]
    struct Program {
        #[command(subcommand)]
        command: Called,
    }

    #[derive(Debug, Subcommand)]
    enum Called {
        One(Secrets),
        Other,
    }

    #[derive(Debug, Args)]
    struct Secrets {
        #[arg(long, env = "T_PASSWORD", hide_env_values = true)]
        password: String,
        #[arg(long, env = "T_MODE")]
        mode: Option<String>,
    }

    fn with(called: &str, variables: &[(&str, &str)]) -> Result<Vec<String>, Error> {
        let variable = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into());
        let file = |path: &PathBuf| match path.to_str() {
            Some("/run/secrets/password") => Ok("se cret\n".to_owned()),
            _ => Err(io::ErrorKind::NotFound.into()),
        };
        let arguments = read(&Program::command(), vec!["program".into(), called.into()], variable, file)?;
        Ok(arguments.into_iter().map(|argument| argument.into_string().expect("text")).collect())
    }

    #[test]
    fn a_secrets_file_is_a_flag_of_the_command_that_has_it() {
        let named = [("T_PASSWORD_FILE", "/run/secrets/password"), ("T_MODE_FILE", "/run/secrets/password")];
        assert_eq!(with("one", &named).unwrap(), ["program", "one", "--password=se cret"]);
        assert_eq!(with("other", &named).unwrap(), ["program", "other"]);
        assert_eq!(with("one", &[("T_PASSWORD_FILE", "")]).unwrap(), ["program", "one"]);
    }

    #[test]
    fn what_cannot_be_read_and_what_is_said_twice_are_refused() {
        let refused = with("one", &[("T_PASSWORD_FILE", "/nowhere")]).unwrap_err().to_string();
        assert!(refused.starts_with("T_PASSWORD_FILE names /nowhere, which cannot be read"), "{refused}");
        let twice = [("T_PASSWORD_FILE", "/run/secrets/password"), ("T_PASSWORD", "x")];
        assert!(matches!(with("one", &twice), Err(Error::Twice { variable }) if variable == "T_PASSWORD"));
    }
}
