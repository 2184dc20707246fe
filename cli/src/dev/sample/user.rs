//! People to sign in as.

use plexica_backends::{
    Secret,
    keycloak::{Realms, UserDesired, role},
};

use super::{Error, Secrets, SignIn, eventually};

const TENANT: &str = "acme";
const USER: &str = "grace";
const SUPER_ADMIN: &str = "root";

/// The password of the sample tenant's user, if it is that one.
pub fn password(secrets: &Secrets, tenant: &str, user: &str) -> Option<String> {
    (tenant == TENANT && user == USER).then(|| secrets.sample_user.clone())
}

/// The platform's realm is made by the operator in the background, so this waits for it.
pub async fn super_admin(realms: &Realms, realm: &str, secrets: &Secrets, is_first: bool) -> Result<SignIn, Error> {
    let desired = UserDesired {
        username: SUPER_ADMIN.into(),
        email: "root@plexica.test".into(),
        first_name: "Super".into(),
        last_name: "Admin".into(),
        password: Some(Secret::new(&secrets.super_admin)),
        roles: vec![role::SUPER_ADMIN.into()],
    };
    eventually("the platform's realm", async || {
        ensure(realms, realm, &desired, is_first).await.map_err(|error| error.to_string())
    })
    .await?;
    Ok(SignIn { slug: None, realm: realm.into(), user: SUPER_ADMIN.into(), password: secrets.super_admin.clone() })
}

/// The sample tenant's user, in the realm of a tenant that is ready.
pub async fn of_tenant(realms: &Realms, realm: String, secrets: &Secrets, is_first: bool) -> Result<SignIn, Error> {
    let desired = UserDesired {
        username: USER.into(),
        email: "grace@acme.test".into(),
        first_name: "Grace".into(),
        last_name: "Hopper".into(),
        password: Some(Secret::new(&secrets.sample_user)),
        roles: vec![role::ADMIN.into(), role::USER.into()],
    };
    ensure(realms, &realm, &desired, is_first).await.map_err(Error::service("the sample user"))?;
    Ok(SignIn { slug: Some(TENANT.into()), realm, user: USER.into(), password: secrets.sample_user.clone() })
}

/// A password that people changed stays, except in what an earlier data folder left in a Keycloak:
/// nobody would know it.
async fn ensure(
    realms: &Realms,
    realm: &str,
    desired: &UserDesired,
    is_first: bool,
) -> Result<(), plexica_backends::Error> {
    let users = realms.users(realm);
    if let (true, Some(password)) = (is_first, &desired.password)
        && let Some(user) = users.find(&desired.username).await?
    {
        users.set_password(&user.id, password).await?;
    }
    // What was changed is in Keycloak's own log.
    users.ensure(desired).await.map(|_changes| ())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_sample_is_what_its_file_says() {
        let tenant: plexica_crds::Tenant = super::super::parse(super::super::TENANT).unwrap();
        assert_eq!(tenant.metadata.name.as_deref(), Some(TENANT));
    }
}
