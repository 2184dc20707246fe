//! `plexica watch`: a plugin is built anew whenever its source changes, and what was built takes the place of what
//! runs. The operator does that as it does with any other change: the new one comes up beside the other, and no
//! request fails.

mod built;
mod source;

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    process::Stdio,
    time::Instant,
};

use kube::{Client, core::DynamicObject};
use plexica_crds::Plugin;
use tokio::process::Command;

use self::{built::Built, source::Source};
use crate::{
    cluster,
    error::Error,
    resource::{apply, manifest},
};

/// Builds that stay: the one before runs until the last one does, which may be never.
const KEPT: usize = 3;

/// What is built, and how.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// File with the plugin, and with what else is to be applied beside it, such as an install.
    #[arg(short = 'f', long = "filename")]
    file: PathBuf,
    #[command(flatten)]
    how: How,
    /// The command builds the image that the plugin's `runtime` names, on the engine that `docker` talks to, and no
    /// program.
    #[arg(long)]
    image: bool,
    #[command(flatten)]
    cluster: cluster::Connection,
}

/// How it is built.
#[derive(Debug, Clone, clap::Args)]
pub struct How {
    /// Command that builds the program that the plugin's `runtime` names.
    #[arg(long, value_name = "COMMAND", default_value = "cargo build")]
    build: String,
    /// Folders and files whose changes are heeded; the folder of the plugin's file without any.
    #[arg(long = "source", value_name = "PATH")]
    sources: Vec<PathBuf>,
}

/// What a build makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Makes {
    Program,
    Image,
}

/// Goes on until it is interrupted.
pub async fn run(options: &Options) -> Result<(), Error> {
    let (client, namespace) = options.cluster.connect().await?;
    let makes = if options.image { Makes::Image } else { Makes::Program };
    follow(&client, &namespace, &options.file, &options.how, makes).await
}

/// The same for who has a client already.
pub async fn follow(client: &Client, namespace: &str, file: &Path, how: &How, makes: Makes) -> Result<(), Error> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let sources = if how.sources.is_empty() { vec![folder.to_owned()] } else { how.sources.clone() };
    // From before the first build on: what changes meanwhile is built next.
    let mut source = Source::watch(&sources)?;
    let mut kept = VecDeque::new();
    loop {
        match swap(client, namespace, (file, how, makes), &kept).await {
            Ok(built) => {
                eprintln!("watch: {} runs from now on; waiting for changes", built.name());
                if let Some(oldest) = keep(&mut kept, built) {
                    oldest.forget().await;
                }
            }
            Err(error) => eprintln!("watch: {error}; what ran goes on, waiting for changes"),
        }
        source.changed().await?;
    }
}

/// Keeps the last build, and gives the one that is to go. One that was there before is as new as the last.
fn keep(kept: &mut VecDeque<Built>, built: Built) -> Option<Built> {
    kept.retain(|before| *before != built);
    kept.push_back(built);
    if kept.len() > KEPT { kept.pop_front() } else { None }
}

/// Builds, and applies what is in the file with what was built.
async fn swap(
    client: &Client,
    namespace: &str,
    (file, how, makes): (&Path, &How, Makes),
    kept: &VecDeque<Built>,
) -> Result<Built, Error> {
    let (objects, built) = build(file, how, makes).await?;
    for object in &objects {
        match apply::one(client, object, namespace, false).await {
            Ok(what) => eprintln!("watch: {what}"),
            Err(error) => {
                if !kept.contains(&built) {
                    built.forget().await;
                }
                return Err(error);
            }
        }
    }
    Ok(built)
}

async fn build(file: &Path, how: &How, makes: Makes) -> Result<(Vec<DynamicObject>, Built), Error> {
    let began = Instant::now();
    let mut objects = manifest::read(&[file.to_owned()])?;
    let wrong = |reason: &str| Error::Malformed { file: file.display().to_string(), reason: reason.into() };
    let plugin = objects.iter_mut().find(|object| is_plugin(object)).ok_or_else(|| wrong("it has no Plugin"))?;
    let status = Command::new("sh").arg("-c").arg(&how.build).stdin(Stdio::null()).kill_on_drop(true).status().await;
    let status = status.map_err(|source| Error::Unreadable { path: "sh".into(), source })?;
    if !status.success() {
        return Err(Error::Build { command: how.build.clone(), status: status.to_string() });
    }
    let runtime = plugin.data.pointer_mut("/spec/runtime").ok_or_else(|| wrong("its Plugin has no spec.runtime"))?;
    let built = match makes {
        Makes::Program => Built::program(runtime)?,
        Makes::Image => Built::image(runtime).await?,
    };
    built.keep(runtime).await?;
    eprintln!("watch: built in {:.1} s", began.elapsed().as_secs_f64());
    Ok((objects, built))
}

fn is_plugin(object: &DynamicObject) -> bool {
    let types = object.types.as_ref();
    types.is_some_and(|types| types.kind == <Plugin as kube::Resource>::kind(&()).as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_author_went_back_to_is_not_forgotten() {
        let build = |name: &str| Built::Image { image: "hello".into(), tag: name.into() };
        let mut kept = VecDeque::new();
        let gone = ["a", "b", "a", "c", "d"].map(|name| keep(&mut kept, build(name)));
        assert_eq!(gone, [None, None, None, None, Some(build("b"))]);
        assert_eq!(kept, ["a", "c", "d"].map(build));
    }
}
