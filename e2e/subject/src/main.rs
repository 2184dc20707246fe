//! A program for tests of runners. As the variable `SUBJECT` says, or the end of the plugin's id, it serves, or fails in a
//! way of its own; who asks is told how it is run.

use std::{collections::BTreeMap, env, fs, io, process, thread, time::Duration};

use axum::{Json, Router, http::StatusCode, routing::get};
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

/// What it does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// Serves.
    Serves,
    /// Serves, and is never well.
    Sick,
    /// Ends at once.
    Ends,
    /// Takes memory until there is none.
    Eats,
    /// Listens on another port than it is told to.
    Astray,
}

impl Manner {
    fn of(text: &str) -> Option<Self> {
        Some(match text {
            "serves" => Self::Serves,
            "sick" => Self::Sick,
            "ends" => Self::Ends,
            "eats" => Self::Eats,
            "astray" => Self::Astray,
            _ => return None,
        })
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let said = env::var("SUBJECT").ok().or_else(|| Some(env::var("PLEXICA_PLUGIN_ID").ok()?.split_once('-')?.1.into()));
    let said = said.unwrap_or_else(|| "serves".into());
    let manner = Manner::of(&said).ok_or_else(|| io::Error::other(format!("to be {said} is not known")))?;
    match manner {
        Manner::Ends => process::exit(3),
        Manner::Eats => eat(),
        Manner::Serves | Manner::Sick | Manner::Astray => {}
    }
    let told = env::var("PLEXICA_LISTEN").map_err(io::Error::other)?;
    let listener = TcpListener::bind(if manner == Manner::Astray { "0.0.0.0:9000" } else { &told }).await?;
    let health = if manner == Manner::Sick { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    let app = Router::new()
        .route("/_plexica/health", get(async move || health))
        .route("/environment", get(async || Json(env::vars().collect::<BTreeMap<_, _>>())))
        .route("/rights", get(async || Json(rights())))
        .route("/die", get(async || -> () { process::exit(3) }));
    let mut ends = signal(SignalKind::terminate())?;
    let delay = env::var("PLEXICA_SHUTDOWN_DELAY").ok().and_then(|seconds| seconds.parse().ok()).unwrap_or_default();
    let told_to_end = async move {
        let _told = ends.recv().await;
        tokio::time::sleep(Duration::from_secs(delay)).await;
    };
    axum::serve(listener, app).with_graceful_shutdown(told_to_end).await
}

/// What it may do here.
fn rights() -> Value {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.map(|value| value.split_whitespace().next().unwrap_or_default().to_owned())
    };
    json!({
        "uid": field("Uid"),
        "capabilities": field("CapEff"),
        "noNewPrivileges": field("NoNewPrivs"),
        "writesRoot": fs::write("/written", "x").is_ok(),
        "writesTmp": fs::write("/tmp/written", "x").is_ok(),
        "authorities": env::var("PLEXICA_CA_BUNDLE").ok().and_then(|path| fs::read_to_string(path).ok()),
    })
}

fn eat() -> ! {
    let mut eaten = Vec::new();
    loop {
        // Written to, or it would be lent and not taken.
        eaten.push(vec![1_u8; 1 << 20]);
        thread::sleep(Duration::from_millis(5));
    }
}
