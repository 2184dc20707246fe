//! Where a part is: in `PLEXICA_TEST_…` variables, or in the state file `cargo xtask up` wrote.

use std::env;
use std::fmt;
use std::fs;
use std::io::Write;
use std::net::{TcpStream, ToSocketAddrs};
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use url::Url;

/// Why a test cannot run on this machine now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing(String);

impl Missing {
    /// This machine lacks something that no command of ours gives it.
    pub fn because(why: impl Into<String>) -> Self {
        Self(why.into())
    }

    /// A part does not run.
    fn part(part: &str, why: &str) -> Self {
        Self(format!("{why}; start it with `cargo xtask up {part}`"))
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// `PLEXICA_TEST_<name>` of a part.
pub fn variable(part: &str, name: &str) -> Result<String, Missing> {
    let name = format!("PLEXICA_TEST_{name}");
    if let Ok(value) = env::var(&name) {
        return Ok(value);
    }
    let absent = || Missing::part(part, &format!("{part} does not run ({name} is not set)"));
    let path = state_file(part).ok_or_else(absent)?;
    let text = fs::read_to_string(path).map_err(|_| absent())?;
    let state: Value = serde_json::from_str(&text).map_err(|_| absent())?;
    state["env"][&name].as_str().map(str::to_owned).ok_or_else(absent)
}

fn state_file(part: &str) -> Option<PathBuf> {
    let cache = env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cache")))?;
    Some(cache.join("plexica/run").join(part).join("state.json"))
}

/// The URL, if something listens there: a state file outlives what it tells of.
pub fn listening(part: &str, url: &str) -> Result<Url, Missing> {
    let no = || Missing::part(part, &format!("{part} does not answer"));
    let url: Url = url.parse().map_err(|_| no())?;
    let host = url.host_str().ok_or_else(no)?;
    let number = url.port_or_known_default().or_else(|| (url.scheme() == "postgres").then_some(5432));
    let mut addresses = (host, number.ok_or_else(no)?).to_socket_addrs().map_err(|_| no())?;
    let answers = addresses.any(|address| TcpStream::connect_timeout(&address, Duration::from_secs(2)).is_ok());
    if answers { Ok(url) } else { Err(no()) }
}

/// What was found, or `None` after saying aloud why the test is skipped.
///
/// # Panics
/// With `CI=true`, where nothing may be skipped.
pub fn or_skip<T>(found: Result<T, Missing>) -> Option<T> {
    match found {
        Ok(found) => Some(found),
        Err(missing) => {
            let ci = env::var("CI").is_ok_and(|value| value == "true");
            assert!(!ci, "nothing may be skipped with CI=true, but {missing}");
            let thread = std::thread::current();
            let test = thread.name().unwrap_or("a test");
            // Not `eprintln!`, which the test runner keeps to itself when the test passes; and at
            // once, since other tests write too.
            let line = format!("SKIPPED {test}: {missing}\n");
            let _written = std::io::stderr().write_all(line.as_bytes());
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_part_says_how_to_start_it() {
        let missing = variable("no-such-part", "NO_SUCH_PART_URL").unwrap_err();
        assert!(missing.to_string().contains("cargo xtask up no-such-part"), "{missing}");
    }

    #[test]
    fn only_what_listens_counts() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        assert!(listening("x", &url).is_ok());
        drop(listener);
        assert!(listening("x", &url).is_err());
        assert!(listening("x", "not a url").is_err());
    }
}
