//! The bare minimum of the calls that make a tenant: what a script would do that looks at nothing,
//! marks nothing twice and cannot be interrupted.

mod database;
mod kubernetes;
mod realm;
mod store;

use database::Database;
use kubernetes::Kubernetes;
use realm::Realms;
use store::Store;

use crate::{outcome::Result, parts::Parts};

pub struct Plain {
    database: Database,
    realms: Realms,
    store: Store,
    kubernetes: Kubernetes,
}

impl Plain {
    pub async fn new(parts: &Parts) -> Result<Self> {
        Ok(Self {
            database: Database::connect(&parts.database_url).await?,
            realms: Realms::new(&parts.account),
            store: Store::new(&parts.store),
            kubernetes: Kubernetes::new(parts.client.clone()),
        })
    }

    /// Everything at once, but for the Secrets, which need the namespace and the keys.
    pub async fn provision(&self, slug: &str) -> Result<()> {
        let name = format!("tenant-{slug}");
        let ((), secret, keys, ()) = futures::try_join!(
            self.database.provision(slug),
            self.realms.create(&name),
            self.store.create(&name),
            self.kubernetes.namespace(&name, slug),
        )?;
        self.kubernetes.secrets(&name, slug, &secret, &keys).await
    }

    /// Bucket and namespace; fine if they are not there.
    pub async fn remove(&self, slug: &str) -> Result<()> {
        let name = format!("tenant-{slug}");
        self.store.remove(&name).await;
        self.kubernetes.remove(&name).await
    }
}
