//! Whose tokens are those of super-admins, for the gateway: it takes no realm for the platform's
//! that was not found to be ours.

use std::collections::BTreeMap;

use k8s_openapi::{ByteString, api::core::v1::Secret};
use kube::{
    Api,
    api::{DeleteParams, ObjectMeta, Patch, PatchParams},
};
use plexica_crds::label::{self, FIELD_MANAGER};

use crate::problem::Problem;

/// Realm and issuer. The gateway watches it.
const SECRET: &str = "plexica-platform-identity";

/// Tells of a realm that is ours.
pub async fn publish(api: &Api<Secret>, realm: &str, issuer: &str) -> Result<(), Problem> {
    let data = [("realm", realm), ("issuer", issuer)];
    let data = BTreeMap::from(data.map(|(key, value)| (key.to_owned(), ByteString(value.as_bytes().to_vec()))));
    if api.get_opt(SECRET).await?.is_some_and(|seen| seen.data.as_ref() == Some(&data)) {
        return Ok(());
    }
    let secret = Secret {
        metadata: ObjectMeta {
            name: Some(SECRET.into()),
            labels: Some([(label::MANAGED_BY.to_owned(), label::MANAGER.to_owned())].into()),
            ..Default::default()
        },
        data: Some(data),
        ..Default::default()
    };
    api.patch(SECRET, &PatchParams::apply(FIELD_MANAGER).force(), &Patch::Apply(&secret)).await?;
    Ok(())
}

/// Takes it back: what was ours is somebody else's now.
pub async fn withdraw(api: &Api<Secret>) -> Result<(), Problem> {
    match api.delete(SECRET, &DeleteParams::default()).await {
        Ok(_) => tracing::warn!("the platform's realm is not ours: nobody is a super-admin until it is"),
        Err(kube::Error::Api(status)) if status.code == 404 => {}
        Err(error) => return Err(error.into()),
    }
    Ok(())
}
