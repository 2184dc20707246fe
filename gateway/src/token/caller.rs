//! Who is calling, as the realm's token says.

use plexica_contract::{name::Slug, token::Subject};

/// Who is calling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The tenant whose realm signed the token; none for the platform's own users.
    pub tenant: Option<Slug>,
    /// `sub`: the user's id in the realm.
    pub sub: String,
    /// `preferred_username`.
    pub username: Option<String>,
    /// `email`.
    pub email: Option<String>,
    /// `realm_access.roles`.
    pub roles: Vec<String>,
}

impl Caller {
    /// As the subject of a platform token, with what it may do at the receiver.
    pub fn subject(&self, permissions: Vec<String>) -> Subject {
        Subject::User {
            sub: self.sub.clone(),
            username: self.username.clone(),
            email: self.email.clone(),
            roles: self.roles.clone(),
            permissions,
        }
    }
}
