//! What is said by services that run in this very process: the core API of each world, and the embedded issuer. Their
//! lines are not told apart by world: whoever ends first tells what is wrong with them.

use std::{
    fs::File,
    io,
    os::unix::fs::FileExt,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use tracing_subscriber::{
    Layer,
    filter::{LevelFilter, Targets},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

/// Ours, and the library that only services watch with: others are the harness' own as well.
const WHOSE: [(&str, LevelFilter); 2] = [("plexica", LevelFilter::INFO), ("kube_runtime", LevelFilter::WARN)];

static HEARD: OnceLock<Heard> = OnceLock::new();

/// A file without a name: it goes with the process.
struct Heard {
    file: Arc<File>,
    /// So much of it has been read.
    read: AtomicUsize,
}

/// Begins to listen.
///
/// # Errors
/// When there is no place for what is said.
pub fn listen() -> io::Result<()> {
    let file = Arc::new(tempfile::tempfile()?);
    let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(file.clone());
    let lines = lines.with_filter(Targets::new().with_targets(WHOSE));
    tracing_subscriber::registry().with(lines).try_init().map_err(io::Error::other)?;
    let _once = HEARD.set(Heard { file, read: AtomicUsize::new(0) });
    Ok(())
}

/// All that was said, and from where on nobody has read it before.
///
/// # Errors
/// When it cannot be read.
pub fn all() -> io::Result<(String, usize)> {
    let Some(heard) = HEARD.get() else { return Ok(Default::default()) };
    let mut text = vec![0; usize::try_from(heard.file.metadata()?.len()).map_err(io::Error::other)?];
    heard.file.read_exact_at(&mut text, 0)?;
    let from = heard.read.fetch_max(text.len(), Ordering::Relaxed).min(text.len());
    let [before, new] = [&text[..from], &text[from..]].map(String::from_utf8_lossy);
    Ok((format!("{before}{new}"), before.len()))
}
