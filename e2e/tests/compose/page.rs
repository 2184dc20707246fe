//! `docs/compose.md` as a newcomer follows it: what the page says to type is typed, each part when a day's work comes to it.

use plexica_e2e::page::{Shell, blocks};

use crate::project::Project;

const PAGE: &str = "docs/compose.md";

/// What the page says, for a project.
pub struct Page {
    shell: Shell,
    /// From nothing to a tenant and a plugin.
    up: String,
    /// Of the tenant's user.
    password: String,
    first_request: String,
    with_socket_proxy: String,
    removal: String,
}

impl Page {
    /// Three blocks are not typed: the images are here already, and a plugin of one's own, with its loop, is not.
    pub fn of(project: &Project) -> Self {
        let blocks = <[String; 8]>::try_from(blocks(PAGE)).expect("blocks of commands");
        let [images, up, password, first_request, watch, build, with_socket_proxy, removal] = blocks;
        assert!(images.contains("cargo xtask images"), "{images}");
        assert!(watch.contains("plexica watch --image") && build.contains("docker build"), "{watch}{build}");
        Self {
            shell: project.shell(),
            up,
            password,
            // The project's own port and name, for which the page has those that nobody chose.
            first_request: instead(&first_request, "http://localhost:8080", &project.gateway()),
            with_socket_proxy,
            removal: instead(&removal, "installation=plexica", &format!("installation={}", project.name())),
        }
    }

    /// From nothing to an answer of a tenant's plugin to the tenant's user.
    pub async fn first_steps(&self) {
        for block in [&self.up, &self.password, &self.first_request] {
            self.shell.type_in(block).await;
        }
    }

    /// The operator without the socket.
    pub async fn adds_the_socket_proxy(&self) {
        self.shell.type_in(&self.with_socket_proxy).await;
    }

    /// Leaves nothing but volumes.
    pub async fn removes(&self, project: &Project) {
        self.shell.type_in(&self.removal).await;
        let ours = format!("label=plexica.io/installation={}", project.name());
        let theirs = format!("label=com.docker.compose.project={}", project.name());
        for label in [ours, theirs] {
            assert_eq!(project.docker(&["ps", "--all", "--quiet", "--filter", &label]), "");
            assert_eq!(project.docker(&["network", "ls", "--quiet", "--filter", &label]), "");
        }
    }
}

fn instead(block: &str, of: &str, this: &str) -> String {
    assert!(block.contains(of), "{block}");
    block.replace(of, this)
}
