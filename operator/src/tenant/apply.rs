//! Does what is planned, all parts at once, each failing on its own.

use jiff::Timestamp;
use k8s_openapi::{
    api::core::v1::{Namespace, Secret},
    apimachinery::pkg::apis::meta::v1::Time,
};
use kube::Api;
use plexica_backends::{
    System, keycloak, object, postgres,
    s3::{
        bucket,
        credential::{Credentials, issue},
    },
};
use plexica_crds::tenant::{DatabaseStatus, IdentityStatus, StorageStatus};

use super::{
    Part, namespace,
    observe::Secrets,
    plan::{Ensure, Plan},
    report::Applied,
    secret::{self, Validity},
    validate::Valid,
};
use crate::{context::Context, resource::namespaced};

/// Applies the plan.
pub async fn apply(context: &Context, valid: &Valid, plan: Plan) -> Applied {
    let Plan { database, identity, storage, namespace } = plan;
    let (database, identity, storage, namespace) = futures::join!(
        schema(context, valid, database),
        realm(context, identity),
        bucket(context, valid, storage),
        room(context, valid, namespace),
    );
    // Secrets need the namespace; one whose content is not known yet is reported with its part.
    let (namespace, secrets) = match namespace {
        Ok(seen) => (Ok(valid.namespace.clone()), secrets(context, valid, seen, &identity, &storage).await),
        Err(problem) => (Err(problem), Ok(())),
    };
    let renew_at = storage.as_ref().ok().and_then(|bucket| bucket.renew_at);
    Applied {
        namespace,
        secrets,
        database,
        identity: identity.map(|(status, _)| status),
        storage: storage.map(|Bucket { status, keys: _, renew_at: _ }| status),
        renew_at,
    }
}

async fn schema(
    context: &Context,
    valid: &Valid,
    plan: Part<Ensure<postgres::tenant::Desired, postgres::Observed>>,
) -> Part<DatabaseStatus> {
    let Ensure { desired, seen } = plan?;
    let provisioner = context.databases.get(&valid.placement)?;
    let changes = postgres::tenant::ensure(provisioner, &desired, &seen);
    context.wrote(System::Postgres, &context.tried(System::Postgres, "ensure", changes).await?);
    Ok(DatabaseStatus { placement: valid.placement.clone(), schema: desired.name(), role: desired.name() })
}

/// The realm, and the secret of its client `api` for whoever writes it down.
async fn realm(
    context: &Context,
    plan: Part<Ensure<keycloak::RealmDesired, keycloak::Observed>>,
) -> Part<(IdentityStatus, plexica_backends::Secret)> {
    let Ensure { desired, seen } = plan?;
    let changes = context.tried(System::Keycloak, "ensure", context.realms.ensure(&desired, &seen)).await?;
    context.wrote(System::Keycloak, &changes);
    let known = match &seen {
        keycloak::Observed::Present(present) if changes.is_empty() => present.client_secret(),
        _ => None,
    };
    let client_secret = if let Some(secret) = known {
        secret
    } else {
        let secret = context.realms.client_secret(&desired.realm);
        context.tried(System::Keycloak, "observe", secret).await?
    };
    let issuer = context.realms.issuer(&desired.realm);
    Ok((IdentityStatus { realm: desired.realm, issuer }, client_secret))
}

/// The bucket, and its keys for whoever writes them down.
struct Bucket {
    status: StorageStatus,
    /// New ones; none while those in the Secret are good.
    keys: Option<(Credentials, Timestamp)>,
    renew_at: Option<Timestamp>,
}

async fn bucket(
    context: &Context,
    valid: &Valid,
    plan: Part<(Ensure<bucket::Desired, bucket::Observed>, Validity)>,
) -> Part<Bucket> {
    let (Ensure { desired, seen }, validity) = plan?;
    let changes = bucket::ensure(&context.store, &context.intents, &desired, &seen);
    context.wrote(System::S3, &context.tried(System::S3, "ensure", changes).await?);
    let (keys, expires_at, renew_at) = match validity {
        Validity::Keep { expires_at: Some(expires_at), renew_at } => (None, Some(expires_at), renew_at),
        // Keys that do not end come from a file, which may have changed.
        Validity::Renew | Validity::Keep { expires_at: None, renew_at: _ } => {
            let now = Timestamp::now();
            let keys = context.tried(System::S3, "issue", issue(&context.store, &valid.bucket)).await?;
            let expires_at = keys.expires_at;
            (Some((keys, now)), expires_at, expires_at.map(|end| secret::renewal(now, end)))
        }
    };
    let status = StorageStatus { bucket: desired.bucket, credentials_expire_at: expires_at.map(Time) };
    Ok(Bucket { status, keys, renew_at })
}

async fn room(
    context: &Context,
    valid: &Valid,
    plan: Part<Ensure<Namespace, (Option<Namespace>, Secrets)>>,
) -> Part<Secrets> {
    let Ensure { desired, seen: (seen, secrets) } = plan?;
    let changes = namespace::ensure(&context.client, &desired, seen.as_ref(), &valid.mark, valid.adoption);
    context.wrote(System::Kubernetes, &context.tried(System::Kubernetes, "ensure", changes).await?);
    Ok(secrets)
}

async fn secrets(
    context: &Context,
    valid: &Valid,
    seen: Secrets,
    identity: &Part<(IdentityStatus, plexica_backends::Secret)>,
    storage: &Part<Bucket>,
) -> Part<()> {
    let Secrets { identity: seen_identity, storage: seen_storage } = seen;
    if let Ok((IdentityStatus { realm: _, issuer }, client_secret)) = identity {
        let wanted = secret::identity(valid, issuer, keycloak::client::API, client_secret.reveal());
        write(context, valid, &wanted, seen_identity.as_ref()).await?;
    }
    if let Ok(Bucket { keys: Some((keys, issued_at)), .. }) = storage {
        let Credentials { access_key_id, secret_access_key, session_token, expires_at } = keys;
        let keys = secret::Keys {
            endpoint: &context.settings.s3_endpoint,
            region: &context.settings.s3_region,
            access_key_id,
            secret_access_key: secret_access_key.reveal(),
            session_token: session_token.as_ref().map_or("", plexica_backends::Secret::reveal),
            issued_at: *issued_at,
            expires_at: *expires_at,
        };
        write(context, valid, &secret::storage(valid, &keys), seen_storage.as_ref()).await?;
    }
    Ok(())
}

async fn write(context: &Context, valid: &Valid, wanted: &Secret, seen: Option<&Secret>) -> Part<()> {
    let api: Api<Secret> = namespaced(&context.client, &valid.namespace);
    let changes = async {
        if let Some(seen) = seen {
            object::take_back(&api, seen, &valid.mark, valid.adoption).await?;
        }
        object::apply(&api, wanted, seen, &valid.mark, valid.adoption).await
    };
    context.wrote(System::Kubernetes, &context.tried(System::Kubernetes, "ensure", changes).await?);
    Ok(())
}
