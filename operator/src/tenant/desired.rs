//! The desired state of each part, in its backend's terms. Pure.

use plexica_backends::{
    keycloak::{RealmDesired, SignIn},
    postgres::tenant,
    s3::bucket,
};

use super::{credential::Credentials, validate::Valid};
use crate::settings::Settings;

/// Schema and role.
pub fn database(valid: &Valid) -> tenant::Desired {
    tenant::Desired { tenant: valid.slug.clone(), mark: valid.mark.clone(), adoption: valid.adoption }
}

/// Bucket.
pub fn storage(valid: &Valid) -> bucket::Desired {
    bucket::Desired { bucket: valid.bucket.clone(), mark: valid.mark.clone(), adoption: valid.adoption }
}

/// Realm, with the secrets that are known and the first client for servers.
pub fn identity(valid: &Valid, settings: &Settings, credentials: &Credentials) -> RealmDesired {
    RealmDesired {
        adoption: valid.adoption,
        admin: valid.admin.as_ref().map(Into::into),
        domains: valid.domains.clone(),
        direct_grant: settings.direct_grants,
        lifetimes: valid.identity.sessions.unwrap_or_default().into(),
        sign_in: SignIn::new(&valid.identity, &|wanted| credentials.find(wanted)),
        ..RealmDesired::tenant(&valid.realm, &valid.display_name, valid.mark.clone())
    }
}
