//! Writing to one container.

use bollard::{
    Docker, body_full,
    query_parameters::{
        CreateContainerOptionsBuilder, RemoveContainerOptionsBuilder, RenameContainerOptionsBuilder,
        StopContainerOptionsBuilder, UploadToContainerOptionsBuilder,
    },
};

use super::{
    ADOPTION,
    desired::{CA_FILE, CA_FOLDER, GRACE, Wanted},
    failure::{failure, optional, status},
    found::Container,
    network,
    repair::Repair,
    state::runs_as_root,
};
use crate::{
    Error, Kind, Result, System,
    ownership::{Mark, Verdict, judge},
};

/// In words.
pub(super) fn created(wanted: &Wanted) -> String {
    format!("created container {}", wanted.name)
}

/// Creates and starts it.
pub(super) async fn create(docker: &Docker, wanted: &Wanted, owner: &Mark, ca_bundle: Option<&str>) -> Result<()> {
    let name = &wanted.name;
    let options = CreateContainerOptionsBuilder::default().name(name).build();
    match docker.create_container(Some(options), wanted.body.clone()).await {
        // Somebody else's, or another reconcile of the same workload came first.
        Err(error) if status(&error) == Some(409) => {}
        created => drop(created.map_err(failure(format!("create container {name}")))?),
    }
    let made = optional(docker.inspect_container(name, None).await);
    let Some(made) = made.map_err(failure(format!("read container {name}")))?.map(Container::from) else {
        return Err(Error::unavailable(System::Docker, format!("container {name} is being removed")));
    };
    if let Verdict::Refuse(refusal) = judge(&made.owner(), owner, ADOPTION) {
        return Err(refusal.into_error(System::Docker, &format!("container {name}")));
    }
    // The image's name may stand for another one than a moment ago.
    if runs_as_root(&made.user) {
        remove(docker, &made).await?;
        let text = format!("container {name} would run as root; it was not started");
        return Err(Error::new(System::Docker, Kind::Invalid, text, "Give its image a numeric USER other than 0."));
    }
    start(docker, wanted, ca_bundle).await
}

/// Starts it, with the CAs where it finds them; one that runs is a success.
async fn start(docker: &Docker, wanted: &Wanted, ca_bundle: Option<&str>) -> Result<()> {
    let name = &wanted.name;
    if let Some(pem) = ca_bundle {
        let archive = archive(pem).map_err(|error| {
            let text = format!("the CAs cannot be given to container {name}");
            Error::new(System::Docker, Kind::Invalid, text, "Look at the operator's log.").because(error)
        })?;
        let options = UploadToContainerOptionsBuilder::default().path(CA_FOLDER).build();
        let uploaded = docker.upload_to_container(name, Some(options), body_full(archive.into())).await;
        uploaded.map_err(failure(format!("give the CAs to container {name}")))?;
    }
    docker.start_container(name, None).await.map_err(failure(format!("start container {name}")))
}

/// The CAs' file, which everybody may read.
fn archive(pem: &str) -> std::io::Result<Vec<u8>> {
    let mut header = tar::Header::new_gnu();
    header.set_size(pem.len() as u64);
    header.set_mode(0o444);
    header.set_cksum();
    let mut archive = tar::Builder::new(Vec::new());
    archive.append_data(&mut header, CA_FILE, pem.as_bytes())?;
    archive.into_inner()
}

/// Does one thing for it.
pub(super) async fn mend(
    docker: &Docker,
    repair: &Repair,
    current: &Container,
    wanted: &Wanted,
    ca_bundle: Option<&str>,
) -> Result<()> {
    let (id, name) = (&current.id, &wanted.name);
    match repair {
        Repair::Start => start(docker, wanted, ca_bundle).await,
        Repair::Unpause => docker.unpause_container(id).await.map_err(failure(format!("unpause container {name}"))),
        Repair::Rename => {
            let options = RenameContainerOptionsBuilder::default().name(name).build();
            match docker.rename_container(id, options).await {
                Err(error) if status(&error) == Some(409) => {
                    let text = format!("another container is called {name}; it was not touched");
                    Err(Error::new(System::Docker, Kind::Conflict, text, "Rename or remove that container."))
                }
                renamed => renamed.map_err(failure(format!("rename container {name}"))),
            }
        }
        Repair::Update(limits) => {
            let updated = docker.update_container(id, (**limits).clone()).await;
            updated.map_err(failure(format!("update the limits of container {name}")))
        }
        Repair::Remove => remove(docker, current).await,
        Repair::Connect { anew } => {
            if *anew {
                network::disconnect(docker, &wanted.network, id).await?;
            }
            network::connect(docker, &wanted.network, id, &wanted.alias).await
        }
        Repair::Disconnect(other) => network::disconnect(docker, other, id).await,
    }
}

/// Asks it to end, then makes it, and removes it with what it alone had.
pub(super) async fn remove(docker: &Docker, container: &Container) -> Result<()> {
    let (id, name) = (&container.id, &container.name);
    let options = StopContainerOptionsBuilder::default().t(GRACE).build();
    match docker.stop_container(id, Some(options)).await {
        // It is gone, or stopped already.
        Err(error) if matches!(status(&error), Some(304 | 404)) => {}
        stopped => stopped.map_err(failure(format!("stop container {name}")))?,
    }
    let options = RemoveContainerOptionsBuilder::default().v(true).force(true).build();
    match docker.remove_container(id, Some(options)).await {
        // It is gone, or somebody else is at it.
        Err(error) if matches!(status(&error), Some(404 | 409)) => Ok(()),
        removed => removed.map_err(failure(format!("remove container {name}"))),
    }
}
