//! Passwords as SCRAM verifiers: what Postgres stores, so the password itself is never sent in a
//! statement, where logs and `pg_stat_activity` would show it.

use postgres_protocol::password::scram_sha_256;
use sha2::{Digest, Sha256};

use crate::Secret;

/// For `ALTER ROLE … PASSWORD`; salted, so each call gives another.
pub(super) fn verifier(password: &Secret) -> String {
    scram_sha_256(password.reveal().as_bytes())
}

/// By which a password is known again. Plain, since ours are random.
pub(super) fn digest(password: &Secret) -> Vec<u8> {
    Sha256::digest(password.reveal()).to_vec()
}
