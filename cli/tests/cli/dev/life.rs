//! Starting, stopping and starting again.

use std::{os::unix::fs::PermissionsExt, path::Path, time::Duration};

use crate::support::{Dev, PAUSE, alive, descendants, ended, plexica, start_dev};
use plexica_testkit::wait_until;

#[tokio::test]
async fn data_survives_a_stop_and_a_kill_and_a_second_start_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("dev");
    let first = start_dev(&folder);
    first.execute("CREATE TABLE public.kept (n int)");
    let password = first.summary["tenants"][0]["password"].clone();
    only_its_owner_reads(&folder);

    let second = ended(plexica().args(["dev", "--port", "0", "--data-dir"]).arg(&folder));
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(!second.status.success() && said.contains("in use") && said.contains(&first.pid().to_string()), "{said}");

    let children = descendants(first.pid());
    assert!(children.len() >= 2, "Postgres and the plugin are children: {children:?}");
    assert!(first.stop().success());
    for child in children {
        wait_until("every child ends", Duration::from_secs(30), async || !alive(child)).await;
    }

    let again = start_dev(&folder);
    assert_eq!(again.sql("SELECT count(*) FROM public.kept"), "0");
    assert_eq!(again.summary["tenants"][0]["password"], password, "signing in stays the same");
    let plugins: Vec<u32> = descendants(again.pid());
    again.kill();

    let healed = start_dev(&folder);
    assert_eq!(healed.sql("SELECT count(*) FROM public.kept"), "0");
    for child in plugins {
        wait_until("what the killed one left is gone", Duration::from_secs(30), async || !alive(child)).await;
    }
    assert!(healed.stop().success());

    let reset = {
        let mut command = plexica();
        command.args(["dev", "--reset", "--output", "json", "--port", "0", "--data-dir"]).arg(&folder);
        Dev::spawn(command, &folder)
    };
    assert_eq!(reset.sql("SELECT to_regclass('public.kept') IS NULL"), "true");
}

/// Root's Postgres runs as another account and may have to pass through, to what it can name.
fn only_its_owner_reads(folder: &Path) {
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(folder) & 0o066, 0, "{:o}", mode(folder));
    for entry in ["s3", "plugin-logs", "tls"] {
        assert_eq!(mode(&folder.join(entry)), 0o700, "{entry}");
    }
    for entry in ["kubeconfig", "pgpass", "secrets.json", "plexica.log", "encryption.key"] {
        assert_eq!(mode(&folder.join(entry)), 0o600, "{entry}");
    }
}

#[test]
fn an_ephemeral_one_leaves_nothing() {
    let mut command = plexica();
    command.args(["dev", "--ephemeral", "--output", "json", "--port", "0"]);
    let dev = Dev::spawn(command, Path::new("/nonexistent"));
    let kubeconfig = std::path::PathBuf::from(dev.text("kubeconfig"));
    assert!(kubeconfig.exists());
    assert!(dev.stop().success());
    assert!(!kubeconfig.parent().unwrap().exists());
}

#[test]
fn a_taken_port_is_said() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = ended(plexica().args(["dev", "--ephemeral", "--port", &port]));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains(&port) && said.contains("--port"), "{said}");
}

#[test]
fn the_printed_line_works_when_pasted() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("page");
    let mut child = plexica()
        .args(["dev", "--port", "0", "--data-dir"])
        .arg(folder.path().join("dev"))
        .stdout(std::fs::File::create(&page).unwrap())
        .spawn()
        .unwrap();
    let deadline = std::time::Instant::now() + Duration::from_mins(3);
    let text = loop {
        let text = std::fs::read_to_string(&page).unwrap();
        if text.contains("Ctrl-C") || std::time::Instant::now() > deadline || child.try_wait().unwrap().is_some() {
            break text;
        }
        std::thread::sleep(PAUSE);
    };
    let line = text.lines().find(|line| line.trim_start().starts_with("curl")).map(str::to_owned);
    let answer = line.map(|line| std::process::Command::new("bash").args(["-c", &line]).output().unwrap());
    nix::sys::signal::kill(
        nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap()),
        nix::sys::signal::Signal::SIGINT,
    )
    .unwrap();
    child.wait().unwrap();
    let answer = answer.unwrap_or_else(|| panic!("no line to paste in: {text}"));
    let body = String::from_utf8_lossy(&answer.stdout).into_owned();
    assert!(
        body.contains("Grace Hopper") && body.contains("\"id\""),
        "{body}{}",
        String::from_utf8_lossy(&answer.stderr)
    );
}
