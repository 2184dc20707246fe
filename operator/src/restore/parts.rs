//! The content of each part, from the bucket of backups into its backend.

use plexica_backends::{
    keycloak::RealmDesired,
    ownership::Mark,
    postgres::{
        Provisioner,
        dump::{self, Opened, Room},
    },
    s3::archive::Pieces,
};
use plexica_contract::name::{Slug, postgres};
use plexica_crds::Reason;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::Restore;
use crate::{problem::Problem, tenant::manifest::Manifest};

impl Restore<'_> {
    /// One schema, with its role.
    pub(super) async fn database(
        &self,
        provisioner: &Provisioner,
        slug: &Slug,
        schema: &str,
        manifest: &Manifest,
        mark: &Mark,
    ) -> Result<(), Problem> {
        let plugin = schema.strip_prefix(&postgres::tenant_plugins(slug));
        let mark = match plugin {
            // As the installs of a plugin mark their schema, whichever of them it is.
            Some(plugin) => Mark {
                kind: "PluginInstall".into(),
                name: format!("{slug}.{}", plugin.replace('_', "-")),
                ..mark.clone()
            },
            None => mark.clone(),
        };
        if dump::room(provisioner, schema, plugin.is_some(), &mark).await? == Room::Full {
            tracing::info!(schema, "is there already");
            return Ok(());
        }
        // What a plugin made becomes its role's again.
        let readable = match plugin {
            Some(_) => match dump::open(provisioner, schema).await? {
                Opened::Readable(readable) => Some(readable),
                Opened::Busy | Opened::Gone => return Err(busy(schema)),
            },
            None => None,
        };
        let filled = self.fill(provisioner, schema, manifest).await;
        if let Some(readable) = readable {
            readable.close(provisioner).await?;
        }
        filled
    }

    async fn fill(&self, provisioner: &Provisioner, schema: &str, manifest: &Manifest) -> Result<(), Problem> {
        let mut content = Content::of(self, manifest, &format!("database/{schema}.dump")).await?;
        let mut restore = dump::Restore::start(self.pg_restore, provisioner, schema)?;
        while let Some(piece) = content.next().await? {
            restore.write(&piece).await?;
        }
        // Dropped without its end, it leaves nothing.
        content.check()?;
        Ok(restore.end().await?)
    }

    /// The realm; how many users it has.
    pub(super) async fn identity(&self, realm: &str, manifest: &Manifest, mark: Mark) -> Result<usize, Problem> {
        let whole = self.lines(manifest, "identity/realm.json").await?.into_iter().next().unwrap_or_default();
        let users = self.lines(manifest, "identity/users.jsonl").await?;
        let count = users.len();
        let desired = RealmDesired::tenant(realm, &manifest.tenant.spec.display_name, mark);
        if !self.realms.import(&desired, whole, users).await? {
            tracing::info!(realm, "is there already");
        }
        Ok(count)
    }

    /// JSON, a value per line.
    pub(super) async fn lines(&self, manifest: &Manifest, name: &str) -> Result<Vec<Value>, Problem> {
        let mut content = Content::of(self, manifest, name).await?;
        let mut text = Vec::new();
        while let Some(piece) = content.next().await? {
            text.extend_from_slice(&piece);
        }
        content.check()?;
        let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines.map(|line| serde_json::from_slice(line).map_err(|_| broken(name))).collect()
    }
}

/// One file of the backup, which must be what the manifest says.
struct Content {
    name: String,
    pieces: Pieces,
    hash: Sha256,
    expected: String,
}

impl Content {
    async fn of(restore: &Restore<'_>, manifest: &Manifest, name: &str) -> Result<Self, Problem> {
        let expected = manifest.files.iter().find(|file| file.name == name).ok_or_else(|| broken(name))?.sha256.clone();
        let pieces =
            Pieces::of(restore.store, restore.bucket, &format!("{}{}{name}", restore.prefix, manifest.folder)).await?;
        Ok(Self { name: name.to_owned(), pieces, hash: Sha256::new(), expected })
    }

    async fn next(&mut self) -> Result<Option<impl AsRef<[u8]> + std::ops::Deref<Target = [u8]> + use<>>, Problem> {
        let piece = self.pieces.next().await?;
        if let Some(piece) = &piece {
            self.hash.update(piece);
        }
        Ok(piece)
    }

    fn check(self) -> Result<(), Problem> {
        if format!("{:x}", self.hash.finalize()) == self.expected { Ok(()) } else { Err(broken(&self.name)) }
    }
}

fn broken(name: &str) -> Problem {
    let message = format!("{name} of the backup is not what its manifest says: nothing of it was restored.");
    Problem::new(Reason::InvalidSpec, message)
}

fn busy(schema: &str) -> Problem {
    Problem::new(
        Reason::Progressing,
        format!("schema {schema} is being read, filled or removed by another: try again."),
    )
}
