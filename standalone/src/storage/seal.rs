//! Bytes of an object as a row holds them: plain JSON, or sealed for Secrets.
//!
//! Sealed with AES-256-GCM; the associated data names the row, so that one sealed body cannot be
//! put in another's place.

use std::path::Path;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};

/// First byte of a sealed body; JSON objects start with `{`.
const SEALED: u8 = 1;

/// The key that Secrets are encrypted with at rest.
#[derive(Clone)]
pub struct EncryptionKey([u8; 32]);

impl std::fmt::Debug for EncryptionKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EncryptionKey(…)")
    }
}

impl EncryptionKey {
    /// A key from 32 secret bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The key in `path` (64 hexadecimal digits), made on first use, readable by its owner alone.
    pub fn load_or_create(path: &Path) -> std::io::Result<Self> {
        use std::io::{Error, ErrorKind};
        match std::fs::read_to_string(path) {
            Ok(text) => {
                let mut bytes = [0; 32];
                hex::decode_to_slice(text.trim(), &mut bytes).map_err(|_| {
                    Error::new(ErrorKind::InvalidData, "the encryption key file must hold 64 hexadecimal digits")
                })?;
                Ok(Self(bytes))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let bytes: [u8; 32] = rand::random();
                crate::tls::write_private(path, hex::encode(bytes).as_bytes())?;
                Ok(Self(bytes))
            }
            Err(error) => Err(error),
        }
    }
}

/// Seals and opens bodies.
pub(super) struct Seal {
    key: Option<RandomizedNonceKey>,
}

impl Seal {
    pub(super) fn new(key: &EncryptionKey) -> Self {
        // 32 bytes are always a valid AES-256 key, so this is never None.
        Self { key: RandomizedNonceKey::new(&AES_256_GCM, &key.0).ok() }
    }

    /// The row's bytes of a Secret.
    pub(super) fn close(&self, row: &str, plain: Vec<u8>) -> Option<Vec<u8>> {
        let mut body = plain;
        let nonce = self.key.as_ref()?.seal_in_place_append_tag(Aad::from(row.as_bytes()), &mut body).ok()?;
        let mut sealed = Vec::with_capacity(body.len() + 1 + NONCE_LEN);
        sealed.push(SEALED);
        sealed.extend_from_slice(nonce.as_ref());
        sealed.extend_from_slice(&body);
        Some(sealed)
    }

    /// The JSON of a row's bytes, sealed or not.
    pub(super) fn open(&self, row: &str, mut bytes: Vec<u8>) -> Option<Vec<u8>> {
        if bytes.first() != Some(&SEALED) {
            return Some(bytes);
        }
        let mut body = bytes.split_off(1 + NONCE_LEN);
        let nonce = Nonce::try_assume_unique_for_key(bytes.get(1..)?).ok()?;
        let plain = self.key.as_ref()?.open_in_place(nonce, Aad::from(row.as_bytes()), &mut body).ok()?.len();
        body.truncate(plain);
        Some(body)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_sealed_body_opens_only_in_its_own_row_and_with_its_own_key() {
        let seal = Seal::new(&EncryptionKey::from_bytes([7; 32]));
        let other = Seal::new(&EncryptionKey::from_bytes([8; 32]));
        let sealed = seal.close("/secrets a/b", b"{\"hello\":1}".to_vec()).unwrap();
        assert!(!sealed.windows(5).any(|window| window == b"hello"));
        assert_eq!(seal.open("/secrets a/b", sealed.clone()).unwrap(), b"{\"hello\":1}");
        assert!(seal.open("/secrets a/c", sealed.clone()).is_none());
        assert!(other.open("/secrets a/b", sealed).is_none());
        assert_eq!(seal.open("x", b"{}".to_vec()).unwrap(), b"{}");
    }
}
