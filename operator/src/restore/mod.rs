//! A tenant's data back from its final backup, with the mark of the tenant that is gone: who applies the
//! tenant afterwards takes it back, as anything that was retained.

mod parts;

use std::path::Path;

use kube::{ResourceExt, api::ObjectMeta};
use plexica_backends::{
    keycloak::Realms,
    ownership::Mark,
    postgres::Placements,
    s3::{Store, archive::read},
};
use plexica_contract::name::Slug;
use plexica_crds::{PluginInstall, Reason, Tenant, label::RESTORING_FROM, tenant::AdoptionPolicy};

use crate::{
    problem::Problem,
    tenant::manifest::{self, Install, Manifest},
};

/// Where a backup lies, and where its content goes.
#[derive(Debug)]
pub struct Restore<'a> {
    /// Databases by name.
    pub databases: &'a Placements,
    /// Keycloak, as the operator.
    pub realms: &'a Realms,
    /// The object store.
    pub store: &'a Store,
    /// The bucket of backups.
    pub bucket: &'a str,
    /// What the backup's keys begin with.
    pub prefix: &'a str,
    /// The program `pg_restore`.
    pub pg_restore: &'a Path,
}

/// What there is again.
#[derive(Debug)]
pub struct Restored {
    /// To be applied; says from what it is being restored.
    pub tenant: Tenant,
    /// To be applied when the tenant's namespace is there.
    pub installs: Vec<PluginInstall>,
    /// Schemas that were filled.
    pub schemas: Vec<String>,
    /// The realm that was made, and how many users it has.
    pub realm: Option<(String, usize)>,
    /// The bucket, and how many objects it had: their content is not in the backup.
    pub objects: Option<(String, usize)>,
}

impl Restore<'_> {
    /// Brings back schemas and realm of the tenant of that name. What an earlier attempt brought back is
    /// left as it is.
    ///
    /// # Errors
    /// When there is no such backup, when it is broken or of another tenant, and when something of the
    /// name is there that is not its own.
    pub async fn run(&self, slug: &Slug) -> Result<Restored, Problem> {
        let manifest = self.manifest(slug).await?;
        let Manifest { installation, tenant, installs, sources, .. } = &manifest;
        let mark = Mark {
            installation: installation.as_str().into(),
            kind: "Tenant".into(),
            name: tenant.name.clone(),
            uid: tenant.uid.clone(),
        };
        let provisioner = self.databases.get(&tenant.spec.database.placement)?;
        for schema in &sources.schemas {
            self.database(provisioner, slug, schema, &manifest, &mark).await?;
        }
        let realm = match &sources.realm {
            Some(realm) => Some((realm.clone(), self.identity(realm, &manifest, mark).await?)),
            None => None,
        };
        let objects = match &sources.bucket {
            Some(bucket) => Some((bucket.clone(), self.lines(&manifest, "storage/objects.jsonl").await?.len())),
            None => None,
        };
        let mut again = Tenant::new(&tenant.name, tenant.spec.clone());
        // What was just brought back is an earlier tenant's.
        again.spec.adoption_policy = AdoptionPolicy::IfRetained;
        again.annotations_mut().insert(RESTORING_FROM.into(), self.prefix.into());
        Ok(Restored {
            tenant: again,
            installs: installs.iter().map(install).collect(),
            schemas: sources.schemas.clone(),
            realm,
            objects,
        })
    }

    /// The installs of the tenant of that name, as they were.
    ///
    /// # Errors
    /// When there is no such backup, when it is broken or of another tenant.
    pub async fn installs(&self, slug: &Slug) -> Result<Vec<PluginInstall>, Problem> {
        Ok(self.manifest(slug).await?.installs.iter().map(install).collect())
    }

    async fn manifest(&self, slug: &Slug) -> Result<Manifest, Problem> {
        let key = format!("{}{}", self.prefix, manifest::NAME);
        let (bucket, invalid) = (self.bucket, |why: String| Problem::new(Reason::InvalidSpec, why));
        let found = read(self.store, bucket, &key).await?;
        let found = found.ok_or_else(|| {
            invalid(format!("there is no {key} in bucket {bucket}: name what stands in status.finalBackup.prefix."))
        })?;
        let manifest: Manifest = serde_json::from_slice(&found)
            .map_err(|error| invalid(format!("{key} in bucket {bucket} is no manifest: {error}.")))?;
        if !(manifest::OLDEST_FORM..=manifest::FORM).contains(&manifest.form) {
            return Err(invalid(format!("{key} is of the form {}, which this version does not read.", manifest.form)));
        }
        if manifest.tenant.name != slug.as_str() {
            return Err(invalid(format!("{key} is of the tenant {}, not {slug}.", manifest.tenant.name)));
        }
        Ok(manifest)
    }
}

fn install(install: &Install) -> PluginInstall {
    let Install { namespace, name, spec, migrated_version: _ } = install;
    PluginInstall {
        metadata: ObjectMeta { name: Some(name.clone()), namespace: Some(namespace.clone()), ..ObjectMeta::default() },
        spec: spec.clone(),
        status: None,
    }
}
