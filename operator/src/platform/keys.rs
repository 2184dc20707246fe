//! The platform's keys, each in a Secret that is made once and never written again.

use std::collections::BTreeMap;

use aws_lc_rs::hmac;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use k8s_openapi::{ByteString, api::core::v1::Secret as KubeSecret};
use kube::{
    Api, Client,
    api::{ObjectMeta, PostParams},
};
use plexica_backends::Secret;
use plexica_contract::token::{Minter, PublicKeys, SigningKey};
use plexica_crds::{Reason, label};

use crate::{problem::Problem, resource::namespaced, settings::Settings};

/// Signs platform tokens: for operator and gateway.
const SIGNING: (&str, &str) = ("plexica-platform-keys", "signing-key.pem");
/// Its public half: for the core API.
const PUBLIC: (&str, &str) = ("plexica-platform-public-keys", "jwks.json");
/// Credentials of workloads are derived from it: for the operator alone.
const CREDENTIALS: (&str, &str) = ("plexica-operator-keys", "credential-key");

/// The platform's keys.
#[derive(Clone)]
pub struct Keys {
    /// Mints platform tokens.
    pub minter: Minter,
    /// Their public halves, as JSON.
    pub public_json: String,
    credentials: hmac::Key,
}

impl Keys {
    /// The password of a workload's identity: the same whenever and by whichever operator it is
    /// asked for, so that two at once never disagree about one.
    pub fn password(&self, purpose: &str, identity: &str) -> Secret {
        let tag = hmac::sign(&self.credentials, format!("{purpose}\n{identity}").as_bytes());
        Secret::new(BASE64_URL_SAFE_NO_PAD.encode(tag))
    }
}

/// Reads the keys, and makes those that are missing.
pub async fn ensure(client: &Client, settings: &Settings) -> Result<Keys, Problem> {
    let api: Api<KubeSecret> = namespaced(client, &settings.namespace);
    let pem = once(&api, SIGNING, signing_key).await?;
    let pem = String::from_utf8(pem).map_err(|error| unusable(SIGNING.0, &error))?;
    let key = SigningKey::from_pkcs8_pem(&pem).map_err(|error| unusable(SIGNING.0, &error))?;
    let own = key.public_keys();
    let jwks = once(&api, PUBLIC, || serde_json::to_vec(&own).map_err(|error| unusable(PUBLIC.0, &error))).await?;
    let public: PublicKeys = serde_json::from_slice(&jwks).map_err(|error| unusable(PUBLIC.0, &error))?;
    if !own.0.keys.iter().all(|key| public.0.keys.contains(key)) {
        let why = "the signing key's public half is not in it; add it, or delete the Secret to have it made anew";
        return Err(unusable(PUBLIC.0, &why));
    }
    let random = || Ok(rand::random::<[u8; 32]>().to_vec());
    let credentials = hmac::Key::new(hmac::HMAC_SHA256, &once(&api, CREDENTIALS, random).await?);
    let public_json = String::from_utf8(jwks).map_err(|error| unusable(PUBLIC.0, &error))?;
    Ok(Keys { minter: Minter::new(&settings.installation.name, key), public_json, credentials })
}

fn signing_key() -> Result<Vec<u8>, Problem> {
    let key =
        rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).map_err(|error| unusable(SIGNING.0, &error))?;
    Ok(key.serialize_pem().into_bytes())
}

/// The value of the Secret's key, made now if it is missing. Of two who make it at once, one wins
/// and both use that one's.
async fn once(
    api: &Api<KubeSecret>,
    (name, key): (&str, &str),
    make: impl FnOnce() -> Result<Vec<u8>, Problem>,
) -> Result<Vec<u8>, Problem> {
    let value = |secret: KubeSecret| {
        let value = secret.data.and_then(|mut data| data.remove(key));
        value.map(|ByteString(bytes)| bytes).ok_or_else(|| unusable(name, &format!("it has no key {key}")))
    };
    if let Some(found) = api.get_opt(name).await? {
        return value(found);
    }
    let labels = BTreeMap::from([(label::MANAGED_BY.to_owned(), label::MANAGER.to_owned())]);
    let secret = KubeSecret {
        metadata: ObjectMeta { name: Some(name.into()), labels: Some(labels), ..Default::default() },
        data: Some(BTreeMap::from([(key.to_owned(), ByteString(make()?))])),
        ..Default::default()
    };
    match api.create(&PostParams::default(), &secret).await {
        Ok(made) => value(made),
        Err(kube::Error::Api(status)) if status.code == 409 => value(api.get(name).await?),
        Err(error) => Err(error.into()),
    }
}

fn unusable(name: &str, why: &dyn std::fmt::Display) -> Problem {
    Problem::new(Reason::InvalidSpec, format!("the Secret {name} cannot be used: {why}."))
}
