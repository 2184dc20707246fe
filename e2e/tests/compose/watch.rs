//! An author's loop with images: a file is saved, and the image that is built from it takes the place of what ran.

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    process::{Child, Command},
    time::Duration,
};

use plexica_e2e::{
    built,
    kubectl::{NAMESPACE, root},
    request::{is_served, serves_throughout, unpooled},
    scenario::Place,
};
use plexica_testkit::wait_for;

use crate::project::Project;

/// What the image's author writes into it.
const LABEL: &str = "test.plexica.io/saved";
const LONG: Duration = Duration::from_mins(2);

/// A `plexica watch`, which ends with the value.
struct Watch(Child);

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The plugin of the examples, changed by its author while requests go on.
pub async fn what_is_saved_is_served(project: &Project, contact: &str, token: &str) {
    let author = tempfile::tempdir().unwrap();
    let image = format!("localhost/{}-author:dev", project.name());
    save(author.path(), "one");
    let entry = fs::read_to_string(root().join("examples/crm.yaml")).unwrap();
    let theirs = entry.replace("plexica/crm:0.1.0", &image);
    assert_ne!(theirs, entry, "the example names its image");
    let file = author.path().join("crm.yaml");
    fs::write(&file, theirs).unwrap();

    let before = project.running(NAMESPACE, "crm").await;
    let http = unpooled();
    let request = async || is_served(&http, contact, token).await;
    let works = async {
        let watch = Watch::start(project, &file, &image);
        for word in ["one", "two"] {
            save(author.path(), word);
            runs(project, word).await;
        }
        drop(watch);
        project.kubectl().apply_file("examples/crm.yaml").await;
        runs(project, "").await;
    };
    let served = serves_throughout(request, works).await;
    println!("{served} requests were served while an author saved two images and went back, and none failed");
    assert_ne!(project.running(NAMESPACE, "crm").await, before);
    let built = project.docker(&["image", "ls", "--quiet", "--filter", &format!("label={LABEL}")]);
    let images: BTreeSet<_> = built.lines().collect();
    assert_eq!(images.len(), 2, "the last ones stay: {built}");
    for image in images {
        project.docker(&["image", "rm", "--force", image]);
    }
}

impl Watch {
    fn start(project: &Project, file: &Path, image: &str) -> Self {
        let folder = file.parent().expect("a folder").display();
        // The engine's own builder: whether the command line has another one differs from machine to machine.
        let build = format!("DOCKER_BUILDKIT=0 docker build --quiet --tag {image} {folder}");
        let mut command = Command::new(built("plexica"));
        command.args(["watch", "--image", "--build", &build]);
        command.arg("--kubeconfig").arg(project.kubectl().kubeconfig()).arg("--filename").arg(file);
        Self(command.env("DOCKER_HOST", project.engine_host()).spawn().unwrap())
    }
}

/// The author's source.
fn save(folder: &Path, word: &str) {
    fs::write(folder.join("Dockerfile"), format!("FROM plexica/crm:0.1.0\nLABEL {LABEL}={word}\n")).unwrap();
}

/// Waits until one container runs, which is of the image in which this was saved.
async fn runs(project: &Project, word: &str) {
    wait_for(&format!("what says {word:?} has the place of what ran"), LONG, async || {
        let running = project.running(NAMESPACE, "crm").await;
        let [container] = &running[..] else { return None };
        let format = format!("{{{{index .Config.Labels {LABEL:?}}}}}");
        (project.docker(&["inspect", "--format", &format, container]) == word).then_some(())
    })
    .await;
    project.kubectl().wait("plugininstall/acme-crm", NAMESPACE).await;
}
