//! What a realm should be.

use plexica_crds::tenant::{Admin, AdoptionPolicy, Sessions};

use super::super::digest::Digests;
use super::super::role;
use super::{Servers, SignIn, broker, representation};
use crate::ownership::{Installation, Mark};

/// What a realm should be. Everything that is not said here stays as people set it in Keycloak.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RealmDesired {
    /// Its name.
    pub realm: String,
    /// Name for people.
    pub display_name: String,
    /// Whose it is.
    pub owner: Mark,
    /// Whether a realm kept from an earlier owner of this name is taken back.
    pub adoption: AdoptionPolicy,
    /// Realm roles, by name.
    pub roles: Vec<String>,
    /// Those of them that every new user has. Set when the realm is created.
    pub default_roles: Vec<String>,
    /// First user.
    pub admin: Option<AdminUser>,
    /// Host names whose pages may sign users in: redirect URIs and origins of the client `web`.
    pub domains: Vec<String>,
    /// Whether the client `web` takes user name and password directly (dev's `curl`, tests).
    pub direct_grant: bool,
    /// How long tokens and sessions live.
    pub lifetimes: Lifetimes,
    /// How people sign in.
    pub sign_in: SignIn,
    /// How servers do.
    pub servers: Servers,
}

impl RealmDesired {
    /// A tenant's realm: roles `admin` and `user`, every user is a `user`.
    pub fn tenant(realm: impl Into<String>, display_name: impl Into<String>, owner: Mark) -> Self {
        Self {
            realm: realm.into(),
            display_name: display_name.into(),
            owner,
            adoption: AdoptionPolicy::default(),
            roles: vec![role::ADMIN.into(), role::USER.into()],
            default_roles: vec![role::USER.into()],
            admin: None,
            domains: Vec::new(),
            direct_grant: false,
            lifetimes: Lifetimes::default(),
            sign_in: SignIn::default(),
            servers: Servers::default(),
        }
    }

    /// The platform's own realm, with the role `super-admin`, owned by the installation itself.
    pub fn platform(realm: impl Into<String>, installation: &Installation) -> Self {
        let owner = Mark {
            installation: installation.clone(),
            kind: "Platform".into(),
            name: installation.name.clone(),
            uid: installation.name.clone(),
        };
        Self {
            roles: vec![role::SUPER_ADMIN.into()],
            default_roles: Vec::new(),
            ..Self::tenant(realm, "Plexica", owner)
        }
    }

    /// Changes whenever what should be there does, its secrets among it, and tells none of them.
    pub fn digest(&self, digests: &Digests) -> String {
        let mut whole = representation::whole(self, digests);
        if let Some(smtp) = &mut whole.smtp_server {
            smtp.remove(super::smtp::PASSWORD);
        }
        let brokers =
            broker::without_secrets(&self.sign_in.brokers, &self.owner.installation.name, digests, &self.realm);
        crate::digest(&(whole, brokers, self.sign_in.mfa))
    }

    /// Where the client `web` may send people back to. A loopback name is also allowed without TLS.
    pub(super) fn redirect_uris(&self) -> Vec<String> {
        let mut uris: Vec<String> = Vec::new();
        for domain in &self.domains {
            uris.push(format!("https://{domain}/*"));
            if is_loopback(domain) {
                uris.push(format!("http://{domain}/*"));
            }
        }
        uris.sort();
        uris.dedup();
        uris
    }
}

fn is_loopback(domain: &str) -> bool {
    let host = domain.split(':').next().unwrap_or(domain);
    host == "localhost" || host.ends_with(".localhost") || host == "127.0.0.1"
}

/// The first user of a realm. Has no password: one must be set at first sign-in, by the link an
/// administrator sends, and so nobody knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminUser {
    /// Address, which is the user name as well.
    pub email: String,
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// The realm role that is theirs.
    pub role: String,
}

impl From<&Admin> for AdminUser {
    fn from(admin: &Admin) -> Self {
        Self {
            email: admin.email.clone(),
            first_name: admin.first_name.clone(),
            last_name: admin.last_name.clone(),
            role: role::ADMIN.into(),
        }
    }
}

/// How long tokens and sessions live, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetimes {
    /// An access token.
    pub access_token: i32,
    /// A session, and its refresh token, without use.
    pub session_idle: i32,
    /// A session altogether.
    pub session_max: i32,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self::from(Sessions::default())
    }
}

impl From<Sessions> for Lifetimes {
    fn from(sessions: Sessions) -> Self {
        let Sessions { access_token_seconds, idle_seconds, max_seconds } = sessions;
        Self { access_token: access_token_seconds, session_idle: idle_seconds, session_max: max_seconds }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_names_go_without_tls() {
        let mut desired = RealmDesired::platform("plexica", &"plexica".into());
        desired.domains =
            ["app.acme.test", "localhost:8080", "127.0.0.1:8080", "localhost.acme.test"].map(str::to_owned).to_vec();
        assert_eq!(
            desired.redirect_uris(),
            [
                "http://127.0.0.1:8080/*",
                "http://localhost:8080/*",
                "https://127.0.0.1:8080/*",
                "https://app.acme.test/*",
                "https://localhost.acme.test/*",
                "https://localhost:8080/*",
            ]
        );
    }
}
