//! How soon a suspended tenant's user is refused at each place that refuses: the gateway, and behind it the core API and
//! a plugin, which are asked past it with tokens as it makes them.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use futures::future::try_join_all;
use k8s_openapi::api::core::v1::Secret;
use kube::{
    Api, Client,
    api::{Patch, PatchParams},
};
use plexica_contract::{
    error::{Code, ErrorBody},
    token::{Audience, Minter, SigningKey, Subject},
};
use plexica_crds::{PluginInstall, Tenant};
use serde_json::json;

use crate::{
    outcome::{Result, failed},
    stats::{median, ms},
    table::Table,
};

const ROUNDS: usize = 5;
/// Longer than it may take.
const LIMIT: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(2);
const NAMESPACE: &str = "plexica-system";
/// The Secret with the key that tokens are signed with, and its name in there.
const KEY: (&str, &str) = ("plexica-platform-keys", "signing-key.pem");
/// What `dev` calls itself where nobody says otherwise.
const INSTALLATION: &str = "dev";
const PERMISSION: &str = "crm:contacts:read";

/// A platform to ask.
pub struct Line {
    pub client: Client,
    /// Base URLs.
    pub gateway: String,
    pub core_api: String,
}

/// A tenant with the plugin crm, and a token of a user of its realm.
pub struct User {
    pub tenant: String,
    pub token: String,
}

/// Where a user is served, and what is shown there.
struct Place {
    url: String,
    token: String,
}

/// Suspends and resumes each of them a few times.
pub async fn measure(table: &Table, line: &Line, users: &[User]) -> Result<()> {
    let mut refused: [Vec<f64>; 3] = Default::default();
    let mut served: [Vec<f64>; 3] = Default::default();
    for _ in 0..ROUNDS {
        for user in users {
            let places = line.places(user).await?;
            for (suspend, samples) in [(true, &mut refused), (false, &mut served)] {
                let began = Instant::now();
                let patch = Patch::Merge(json!({ "spec": { "suspend": suspend } }));
                Api::<Tenant>::all(line.client.clone()).patch(&user.tenant, &PatchParams::default(), &patch).await?;
                let all = try_join_all(places.iter().map(|place| place.until(suspend, began))).await?;
                samples.iter_mut().zip(all).for_each(|(samples, took)| samples.push(ms(took)));
            }
        }
    }
    let times = ROUNDS * users.len();
    for (what, samples) in [("suspend → 403", refused), ("resume → served", served)] {
        for (place, samples) in ["the gateway", "the core API behind it", "the plugin behind it"].iter().zip(samples) {
            table.add(format!("dev: {what} by {place}, median of {times}"), median(&samples), "ms");
            table.add(format!("dev: {what} by {place}, slowest"), samples.into_iter().fold(0.0, f64::max), "ms");
        }
    }
    Ok(())
}

impl Line {
    async fn places(&self, user: &User) -> Result<[Place; 3]> {
        let Self { client, gateway, core_api } = self;
        let installs: Api<PluginInstall> = Api::namespaced(client.clone(), NAMESPACE);
        let install = installs.get(&format!("{}-crm", user.tenant)).await?;
        let Some(route) = install.status.and_then(|status| status.route) else {
            return failed(format!("no request of {} is sent to the plugin", user.tenant));
        };
        let minter = self.minter().await?;
        let behind = |audience: Audience, url: String| -> Result<Place> {
            let subject = Subject::User {
                sub: "bench".into(),
                username: None,
                email: None,
                roles: vec!["admin".into()],
                permissions: vec![PERMISSION.into()],
            };
            let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
            let id = format!("bench-{}", now.as_nanos());
            let tenant = Some(user.tenant.parse()?);
            let token = minter.mint(audience, tenant, subject, None, id, now.as_secs())?;
            Ok(Place { url, token })
        };
        Ok([
            Place { url: format!("{gateway}/api/plugins/crm/contacts"), token: user.token.clone() },
            behind(Audience::CoreApi, format!("{core_api}/api/v1/me"))?,
            behind(Audience::Plugin("crm".parse()?), format!("{}/contacts", route.upstream))?,
        ])
    }

    async fn minter(&self) -> Result<Minter> {
        let secret = Api::<Secret>::namespaced(self.client.clone(), NAMESPACE).get(KEY.0).await?;
        let pem = secret.data.and_then(|mut data| data.remove(KEY.1));
        let Some(pem) = pem else { return failed("there is no signing key") };
        Ok(Minter::new(INSTALLATION, SigningKey::from_pkcs8_pem(&String::from_utf8_lossy(&pem.0))?))
    }
}

impl Place {
    /// Asks until a user of the tenant is refused, or served; when that was.
    async fn until(&self, suspended: bool, began: Instant) -> Result<Duration> {
        let http = reqwest::Client::new();
        loop {
            let answer = http.get(&self.url).bearer_auth(&self.token).send().await?;
            let (took, status, body) = (began.elapsed(), answer.status(), answer.bytes().await?);
            let told = serde_json::from_slice::<ErrorBody>(&body).ok().map(|body| body.error.code);
            let is = if suspended { told == Some(Code::TenantSuspended) } else { status.is_success() };
            if is {
                return Ok(took);
            }
            if took > LIMIT {
                return failed(format!("{} still answers {status} after {LIMIT:?}", self.url));
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}
