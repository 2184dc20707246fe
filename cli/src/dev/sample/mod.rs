//! What the first start applies: the catalogue, tenant `acme` with crm, and people to sign in as.

mod line;
mod ready;
mod troubles;
mod user;

use std::time::Duration;

use kube::{
    Api, Client, ResourceExt,
    api::{Patch, PatchParams},
};
use plexica_backends::keycloak::Realms;
use plexica_contract::manifest::Manifest;
use plexica_crds::{Plugin, PluginInstall, Tenant};

use self::troubles::Troubles;
use super::{DataDir, Error, Secrets, start::Places, summary::SignIn};
pub use user::password;

const TENANT: &str = include_str!("../../../../examples/tenant.yaml");
const INSTALL: &str = include_str!("../../../../examples/install.yaml");
const FIELD_MANAGER: &str = "plexica-dev";
/// Written once the sample has been applied: a sample that somebody deleted stays deleted.
const MARK: &str = "sample-applied";
const READY_SECONDS: u64 = 60;

/// Who can sign in.
pub struct SignIns {
    /// A user of each sample tenant that is there.
    pub tenants: Vec<SignIn>,
    /// The first super-admin.
    pub super_admin: SignIn,
    /// What is not as it should be.
    pub warnings: Vec<String>,
}

/// Publishes the first-party plugins, applies the sample at the first start, and waits until what is
/// there answers through the gateway.
pub async fn apply(places: &Places, data: &DataDir, secrets: &Secrets) -> Result<SignIns, Error> {
    let is_first = !data.join(MARK).exists();
    let mut troubles = Troubles::new(is_first);
    for plugin in [plexica_crm::plugin()] {
        let manifest = plugin.manifest().map_err(Error::service("a first-party plugin"))?;
        troubles.take(publish(&places.client, manifest).await)?;
    }
    if is_first {
        resources(&places.client).await?;
    }
    let realms = Realms::new(places.identity.clone()).map_err(Error::service("identity provider"))?;
    let super_admin = user::super_admin(&realms, &places.platform_realm, secrets, is_first).await?;
    let tenant = tenant(places, &realms, secrets, is_first, &mut troubles).await?;
    data.write_private(MARK, b"")?;
    Ok(SignIns { tenants: tenant.into_iter().collect(), super_admin, warnings: troubles.into_warnings() })
}

/// The sample tenant's user, if there is one who can sign in.
async fn tenant(
    places: &Places,
    realms: &Realms,
    secrets: &Secrets,
    is_first: bool,
    troubles: &mut Troubles,
) -> Result<Option<SignIn>, Error> {
    let Some(realm) = troubles.take(ready::tenant(&places.client).await)?.flatten() else { return Ok(None) };
    let user = user::of_tenant(realms, realm, secrets, is_first).await;
    let Some(sign_in) = troubles.take(user)? else { return Ok(None) };
    if troubles.take(ready::signs_in(places, &sign_in).await)?.is_none() {
        return Ok(None);
    }
    troubles.take(ready::answers(places, &sign_in).await)?;
    Ok(Some(sign_in))
}

async fn resources(client: &Client) -> Result<(), Error> {
    let tenant: Tenant = parse(TENANT)?;
    let install: PluginInstall = parse(INSTALL)?;
    let params = PatchParams::apply(FIELD_MANAGER).force();
    let tenants: Api<Tenant> = Api::all(client.clone());
    tenants.patch(&tenant.name_any(), &params, &Patch::Apply(&tenant)).await.map_err(failed)?;
    let installs: Api<PluginInstall> = Api::namespaced(client.clone(), &install.namespace().unwrap_or_default());
    // The operator makes the platform's namespace in the background.
    eventually("the platform's namespace", async || {
        let applied = installs.patch(&install.name_any(), &params, &Patch::Apply(&install)).await;
        applied.map(|_| ()).map_err(|error| error.to_string())
    })
    .await
}

async fn publish(client: &Client, manifest: Manifest) -> Result<(), Error> {
    let plugin = Plugin::from(manifest);
    let params = PatchParams::apply(FIELD_MANAGER).force();
    let plugins: Api<Plugin> = Api::all(client.clone());
    plugins.patch(&plugin.name_any(), &params, &Patch::Apply(&plugin)).await.map(|_| ()).map_err(failed)
}

/// Tries until it works: other parts are starting at the same time.
async fn eventually<T>(what: &str, mut attempt: impl AsyncFnMut() -> Result<T, String>) -> Result<T, Error> {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(READY_SECONDS);
    loop {
        let last = match attempt().await {
            Ok(value) => return Ok(value),
            Err(last) => last,
        };
        if tokio::time::Instant::now() > deadline {
            return Err(Error::NotReady { what: what.to_owned(), seconds: READY_SECONDS, last });
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

fn parse<T: serde::de::DeserializeOwned>(yaml: &str) -> Result<T, Error> {
    serde_saphyr::from_str(yaml).map_err(|error| Error::Sample(error.to_string()))
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn failed(error: kube::Error) -> Error {
    Error::Sample(error.to_string())
}
