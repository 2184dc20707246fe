//! The content of each part, from its backend into the bucket of backups.

use plexica_backends::{
    System,
    postgres::{
        Provisioner,
        dump::{self, Opened},
        tenant::{self, Desired},
    },
    s3::{
        archive::{Upload, page},
        bucket,
    },
};
use plexica_crds::Reason;
use serde::Serialize;
use serde_json::json;

use super::manifest::{File, Sources};
use crate::{
    context::Context,
    problem::Problem,
    tenant::{Part, credential::Credentials, desired, validate::Valid},
};

/// How much of a dump is read at a time.
const PIECE: usize = 64 * 1024;

/// Where a backup is written to, and what of it is there.
pub struct Target<'a> {
    pub context: &'a Context,
    pub bucket: &'a str,
    /// What its keys begin with.
    pub prefix: String,
    pub files: Vec<File>,
    pub sources: Sources,
}

impl<'a> Target<'a> {
    /// Nothing yet.
    pub fn new(context: &'a Context, bucket: &'a str, prefix: String) -> Self {
        Self { context, bucket, prefix, files: Vec::new(), sources: Sources::default() }
    }

    /// A dump per schema: the tenant's and its plugins'.
    pub async fn database(&mut self, valid: &Valid) -> Part<()> {
        let provisioner = self.context.databases.get(&valid.placement)?;
        let desired = desired::database(valid);
        let schemas = tenant::schemas(provisioner, &desired);
        for schema in self.context.tried(System::Postgres, "observe", schemas).await? {
            // What a plugin has made is its role's, which has the schema's name.
            let readable = if schema == desired.name() { None } else { Some(self.open(provisioner, &schema).await?) };
            let dumped = self.dump(provisioner, &desired, &schema).await;
            if let Some(readable) = readable {
                self.context.tried(System::Postgres, "ensure", readable.close(provisioner)).await?;
            }
            dumped?;
            self.sources.schemas.push(schema);
        }
        Ok(())
    }

    async fn open(&self, provisioner: &Provisioner, schema: &str) -> Part<dump::Readable> {
        match self.context.tried(System::Postgres, "ensure", dump::open(provisioner, schema)).await? {
            Opened::Readable(readable) => Ok(readable),
            Opened::Busy => {
                let message = format!("schema {schema} is being read for another backup of it.");
                Err(Problem::new(Reason::Progressing, message))
            }
            Opened::Gone => Err(gone(schema)),
        }
    }

    async fn dump(&mut self, provisioner: &Provisioner, desired: &Desired, schema: &str) -> Part<()> {
        let mut dump = dump::Dump::start(&self.context.pg_dump, provisioner, schema)?;
        let name = format!("database/{schema}.dump");
        let mut upload = self.begin(&name);
        let mut piece = vec![0; PIECE];
        let copied = async {
            loop {
                match dump.read(&mut piece).await? {
                    0 => break,
                    count => upload.write(&piece[..count]).await?,
                }
            }
            let Err(failed) = dump.end().await else { return Ok(()) };
            let schemas = tenant::schemas(provisioner, desired);
            let schemas = self.context.tried(System::Postgres, "observe", schemas).await?;
            Err(if schemas.iter().any(|there| there == schema) { failed.into() } else { gone(schema) })
        };
        let copied = copied.await;
        self.finish(name, upload, copied).await
    }

    /// The realm in one file, its users in another, a line each.
    pub async fn identity(&mut self, valid: &Valid) -> Part<()> {
        let realms = &self.context.realms;
        let desired = desired::identity(valid, &self.context.settings, &Credentials::default());
        if !self.context.tried(System::Keycloak, "observe", realms.owns(&desired)).await? {
            return Ok(());
        }
        let whole = realms.export(&valid.realm).await?;
        let name = "identity/realm.json".to_owned();
        let mut upload = self.begin(&name);
        let written = upload.write(whole.to_string().as_bytes()).await.map_err(Problem::from);
        self.finish(name, upload, written).await?;

        let name = "identity/users.jsonl".to_owned();
        let mut upload = self.begin(&name);
        let written = async {
            let mut first = Some(0);
            while let Some(from) = first {
                let (users, next) = realms.export_users(&valid.realm, from).await?;
                upload.write(lines(&users).as_bytes()).await?;
                first = next;
            }
            Ok(())
        };
        let written = written.await;
        self.finish(name, upload, written).await?;
        self.sources.realm = Some(valid.realm.clone());
        Ok(())
    }

    /// What was in the bucket, a line per object.
    pub async fn storage(&mut self, valid: &Valid) -> Part<()> {
        let store = &self.context.store;
        let desired = desired::storage(valid);
        if !self.context.tried(System::S3, "observe", bucket::owns(store, &desired)).await? {
            return Ok(());
        }
        let name = "storage/objects.jsonl".to_owned();
        let mut upload = self.begin(&name);
        let written = async {
            let mut from = None;
            loop {
                let (objects, next) = page(store, &valid.bucket, "", from).await?;
                upload.write(lines(&objects).as_bytes()).await?;
                from = next;
                if from.is_none() {
                    return Ok(());
                }
            }
        };
        let written = written.await;
        self.finish(name, upload, written).await?;
        self.sources.bucket = Some(valid.bucket.clone());
        Ok(())
    }

    fn begin(&self, name: &str) -> Upload<'a> {
        Upload::begin(&self.context.store, self.bucket, format!("{}{name}", self.prefix))
    }

    /// Only what was read to its end appears.
    async fn finish(&mut self, name: String, upload: Upload<'_>, copied: Part<()>) -> Part<()> {
        if let Err(error) = copied {
            if let Err(left) = upload.abort().await {
                tracing::warn!(error = %left, name, "an unfinished upload is left");
            }
            return Err(error);
        }
        let written = upload.finish().await?;
        tracing::info!(name, size = written.size, "backed up");
        self.files.push(File::new(name, written));
        Ok(())
    }
}

/// An install that was to go with its data before its tenant was may still be going.
fn gone(schema: &str) -> Problem {
    Problem::new(Reason::Progressing, format!("schema {schema} has gone meanwhile; the backup is begun anew."))
}

fn lines<T: Serialize>(values: &[T]) -> String {
    values.iter().flat_map(|value| [json!(value).to_string(), "\n".to_owned()]).collect()
}
