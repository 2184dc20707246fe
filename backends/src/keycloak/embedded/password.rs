//! Hashing and checking of passwords: Argon2id, off the async threads, two at a time.

use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use tokio::sync::Semaphore;

use super::fault::Fault;

/// Hashes and checks.
#[derive(Clone)]
pub struct Passwords {
    /// Each hash takes 19 MiB: guesses must not take all of the memory.
    slots: Arc<Semaphore>,
    /// Checked for users who are not there, so that their absence takes as long.
    nobody: Arc<str>,
}

impl Passwords {
    /// Ready to hash.
    pub fn new() -> Result<Self, argon2::password_hash::Error> {
        Ok(Self { slots: Arc::new(Semaphore::new(2)), nobody: hash("nobody")?.into() })
    }

    /// As it is kept.
    pub async fn hash(&self, password: String) -> Result<String, Fault> {
        self.work(move || hash(&password)).await?.map_err(Fault::stored)
    }

    /// Whether it is the password that was kept.
    pub async fn check(&self, password: String, kept: Option<String>) -> Result<bool, Fault> {
        let nobody = self.nobody.clone();
        let known = kept.is_some();
        let matches = self.work(move || verify(&password, kept.as_deref().unwrap_or(&nobody))).await?;
        Ok(matches && known)
    }

    async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Fault> {
        let _slot = self.slots.acquire().await.map_err(Fault::stored)?;
        tokio::task::spawn_blocking(work).await.map_err(Fault::stored)
    }
}

fn hash(password: &str) -> Result<String, argon2::password_hash::Error> {
    Ok(Argon2::default().hash_password(password.as_bytes())?.to_string())
}

fn verify(password: &str, kept: &str) -> bool {
    PasswordHash::new(kept).is_ok_and(|kept| Argon2::default().verify_password(password.as_bytes(), &kept).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_same_password_opens() {
        let passwords = Passwords::new().unwrap();
        let kept = passwords.hash("hunter2".into()).await.unwrap();
        assert!(!kept.contains("hunter2"));
        assert_ne!(kept, passwords.hash("hunter2".into()).await.unwrap(), "salted");
        assert!(passwords.check("hunter2".into(), Some(kept.clone())).await.unwrap());
        assert!(!passwords.check("hunter3".into(), Some(kept)).await.unwrap());
        assert!(!passwords.check("nobody".into(), None).await.unwrap());
    }
}
