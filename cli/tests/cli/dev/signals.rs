//! Signals and deaths: nothing is left running, and the next start works.

use std::{
    path::Path,
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use crate::support::{Dev, PAUSE, alive, descendants, plexica, start_dev};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use plexica_testkit::wait_until;

const PATIENCE: Duration = Duration::from_mins(3);

fn signal(pid: u32, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(pid).unwrap()), signal).unwrap();
}

/// A child's command, its words joined by blanks.
fn command_of(pid: u32) -> String {
    String::from_utf8_lossy(&std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default()).replace('\0', " ")
}

/// Waits until there is a process below this one whose command holds the text.
fn below(child: &mut Child, text: &str) -> u32 {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(pid) = descendants(child.id()).into_iter().find(|pid| command_of(*pid).contains(text)) {
            return pid;
        }
        assert!(child.try_wait().unwrap().is_none() && Instant::now() < deadline, "no {text}");
        // Shorter than what is looked for lives.
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn ended(child: &mut Child, within: Duration) -> std::process::ExitStatus {
    let deadline = Instant::now() + within;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if Instant::now() > deadline {
            child.kill().unwrap();
            panic!("it goes on");
        }
        std::thread::sleep(PAUSE);
    }
}

fn starting(folder: &Path) -> Child {
    let mut command = plexica();
    command.args(["dev", "--output", "json", "--port", "0", "--data-dir"]).arg(folder);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// What a closed terminal sends; under nohup the tests' children ignore it, too.
fn hangup() -> Signal {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap().trim();
    if u64::from_str_radix(ignored, 16).unwrap() & 1 == 1 { Signal::SIGTERM } else { Signal::SIGHUP }
}

/// The database server of a running one: the only child with a port in its command.
fn postmaster(dev: &Dev) -> u32 {
    descendants(dev.pid()).into_iter().find(|pid| command_of(*pid).contains("/bin/postgres -D")).unwrap()
}

#[tokio::test]
async fn a_stop_while_starting_leaves_nothing_running_and_nothing_broken() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("dev");
    for (text, asked) in
        [("/bin/initdb -D", Signal::SIGINT), ("/bin/postgres -D", hangup()), ("/bin/postgres -D", Signal::SIGTERM)]
    {
        let mut child = starting(&folder);
        below(&mut child, text);
        let children = descendants(child.id());
        signal(child.id(), asked);
        // A terminal that closes says so twice: by its shell, and by itself.
        if asked == Signal::SIGHUP {
            wait_until("it was heard", Duration::from_secs(10), async || {
                let log = std::fs::read_to_string(folder.join("plexica.log")).unwrap_or_default();
                log.contains("asked to stop")
            })
            .await;
            signal(child.id(), asked);
        }
        assert!(ended(&mut child, Duration::from_secs(40)).success(), "{text} {asked}");
        for pid in children {
            wait_until("every child ends", Duration::from_secs(10), async || !alive(pid)).await;
        }
    }
    assert!(start_dev(&folder).stop().success());
}

/// As when memory is short: initdb writes its mark first, and what it had not come to is missing.
#[test]
fn a_database_that_was_half_made_is_made_again() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("dev");
    let mut child = starting(&folder);
    let initdb = below(&mut child, "/bin/initdb -D");
    let command = command_of(initdb);
    let place = command.split(" -D ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
    let deadline = Instant::now() + PATIENCE;
    while !Path::new(place).join("PG_VERSION").exists() {
        assert!(Instant::now() < deadline, "{command}");
        std::thread::sleep(Duration::from_millis(1));
    }
    signal(initdb, Signal::SIGKILL);
    assert!(!ended(&mut child, Duration::from_secs(40)).success());
    assert!(start_dev(&folder).stop().success());
}

#[tokio::test]
async fn a_database_that_dies_is_told_and_one_left_over_is_ended() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("dev");
    let dev = start_dev(&folder);
    signal(postmaster(&dev), Signal::SIGKILL);
    let (status, said) = dev.fails();
    assert!(!status.success() && said.contains("PostgreSQL ended by itself (signal: 9"), "{status} {said}");
    assert_eq!(said.lines().count(), 1, "{said}");

    // Killed, then started over: what was left running went first.
    let dev = start_dev(&folder);
    let left = postmaster(&dev);
    dev.kill();
    assert!(alive(left), "this is what is tested");
    let mut command = plexica();
    command.args(["dev", "--reset", "--output", "json", "--port", "0", "--data-dir"]).arg(&folder);
    let again = Dev::spawn(command, &folder);
    assert!(!alive(left));
    assert!(again.stop().success());
}

#[tokio::test]
async fn a_second_ctrl_c_does_not_wait() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("dev");
    let dev = start_dev(&folder);
    let postgres = postmaster(&dev);
    // It cannot stop in order now.
    signal(postgres, Signal::SIGSTOP);
    signal(dev.pid(), Signal::SIGINT);
    let log = folder.join("plexica.log");
    let asked = async || std::fs::read_to_string(&log).unwrap().contains("asked to stop");
    wait_until("the first is taken", Duration::from_secs(10), asked).await;
    signal(dev.pid(), Signal::SIGINT);
    let began = Instant::now();
    let (status, said) = dev.fails();
    assert!(!status.success() && said.contains("a second time"), "{said}");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    wait_until("Postgres went with it", Duration::from_secs(10), async || !alive(postgres)).await;
    assert!(start_dev(&folder).stop().success());
}
