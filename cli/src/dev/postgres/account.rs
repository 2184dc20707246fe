//! Whom Postgres runs as. It refuses root, so root gives it another account.

use nix::unistd::{Gid, Uid, User};

use crate::dev::Error;

/// An unprivileged account.
#[derive(Debug, Clone, Copy)]
pub struct Account {
    /// User id.
    pub uid: Uid,
    /// Group id.
    pub gid: Gid,
}

impl Account {
    /// `None` for an ordinary user: Postgres then runs as that user. Root takes `postgres` if the
    /// machine has it, else `nobody`.
    pub fn choose() -> Result<Option<Self>, Error> {
        if !Uid::effective().is_root() {
            return Ok(None);
        }
        for name in ["postgres", "nobody"] {
            if let Ok(Some(user)) = User::from_name(name) {
                return Ok(Some(Self { uid: user.uid, gid: user.gid }));
            }
        }
        Err(Error::Fetch("Postgres refuses to run as root, and this machine has no account \"nobody\"".into()))
    }
}
