//! A namespace and two Secrets.

use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::{
    Api, Client,
    api::{DeleteParams, PostParams},
};
use serde_json::json;

use super::store::Keys;
use crate::outcome::Result;

pub struct Kubernetes {
    client: Client,
}

impl Kubernetes {
    pub const fn new(client: Client) -> Self {
        Self { client }
    }

    pub async fn namespace(&self, name: &str, slug: &str) -> Result<()> {
        let namespace = serde_json::from_value(json!({
            "metadata": { "name": name, "labels": { "plexica.io/bench-plain": slug } },
        }))?;
        Api::<Namespace>::all(self.client.clone()).create(&PostParams::default(), &namespace).await?;
        Ok(())
    }

    pub async fn secrets(&self, namespace: &str, slug: &str, client_secret: &str, keys: &Keys) -> Result<()> {
        let Keys { access_key_id, secret_access_key, session_token } = keys;
        let identity: Secret = serde_json::from_value(json!({
            "metadata": { "name": "plexica-identity", "labels": { "plexica.io/bench-plain": slug } },
            "stringData": { "realm": namespace, "client-id": "api", "client-secret": client_secret },
        }))?;
        let storage: Secret = serde_json::from_value(json!({
            "metadata": { "name": "plexica-storage", "labels": { "plexica.io/bench-plain": slug } },
            "stringData": {
                "bucket": namespace, "access-key-id": access_key_id, "secret-access-key": secret_access_key,
                "session-token": session_token,
            },
        }))?;
        let api: Api<Secret> = Api::namespaced(self.client.clone(), namespace);
        let params = PostParams::default();
        futures::try_join!(api.create(&params, &identity), api.create(&params, &storage))?;
        Ok(())
    }

    /// Fine if it is not there.
    pub async fn remove(&self, namespace: &str) -> Result<()> {
        match Api::<Namespace>::all(self.client.clone()).delete(namespace, &DeleteParams::default()).await {
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
            other => Ok(other.map(drop)?),
        }
    }
}
