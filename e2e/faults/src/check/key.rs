//! The platform's own keys, which no log may hold in any form that they are written in.

use std::fmt::Write;

use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD, Engine};
use k8s_openapi::api::core::v1::Secret;
use kube::Api;

use crate::world::World;

/// What platform tokens are signed with: the Secret of the platform's namespace, and where in it.
pub const SIGNING: (&str, &str) = ("plexica-platform-keys", "signing-key.pem");
/// What credentials of workloads are derived from.
const CREDENTIALS: (&str, &str) = ("plexica-operator-keys", "credential-key");
/// What is shorter may be in a line by chance: the end of a key's last line.
const SHORTEST: usize = 16;

/// Hides both.
///
/// # Errors
/// When one of them is not there.
pub async fn hide(world: &World) -> Result<(), String> {
    for key in [SIGNING, CREDENTIALS] {
        for form in forms(&value(world, key).await?) {
            world.hide(form);
        }
    }
    Ok(())
}

/// The bytes of such a key.
///
/// # Errors
/// When it is not there.
pub async fn value(world: &World, (name, key): (&str, &str)) -> Result<Vec<u8>, String> {
    let secrets: Api<Secret> = Api::namespaced(world.client.clone(), &world.system());
    let secret = secrets.get(name).await.map_err(|error| error.to_string())?;
    let value = secret.data.and_then(|mut data| data.remove(key));
    value.map(|value| value.0).ok_or_else(|| format!("there is no {key} in the Secret {name}"))
}

/// As a Secret, a header, a dump and a `Debug` have it; and each line of a text.
fn forms(bytes: &[u8]) -> Vec<String> {
    let hex = bytes.iter().fold(String::new(), |mut hex, byte| {
        let _infallible = write!(hex, "{byte:02x}");
        hex
    });
    let list = format!("{bytes:?}").trim_matches(['[', ']']).to_owned();
    let mut forms = vec![BASE64_STANDARD_NO_PAD.encode(bytes), BASE64_URL_SAFE_NO_PAD.encode(bytes), hex, list];
    let lines = str::from_utf8(bytes).unwrap_or_default().lines().map(str::trim);
    forms.extend(lines.filter(|line| line.len() >= SHORTEST && !line.starts_with("-----")).map(str::to_owned));
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_known_in_every_form() {
        assert_eq!(forms(&[255, 0, 16]), ["/wAQ", "_wAQ", "ff0010", "255, 0, 16"]);
        let pem = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49\nAwEHBG0w\n-----END PRIVATE KEY-----\n";
        let lines = &forms(pem.as_bytes())[4..];
        assert_eq!(lines, ["MIGHAgEAMBMGByqGSM49"], "the heads are in every key, and the end is in many lines");
    }
}
