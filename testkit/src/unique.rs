//! Names nobody else has: servers are shared, and roles, realms and buckets are global on them.

use rand::RngExt;

/// Length of the random part.
const RANDOM: usize = 8;

/// `<prefix>-<8 random letters or digits>`: a valid slug or plugin id for a prefix of at most 15.
///
/// # Panics
/// If the prefix is longer.
pub fn unique(prefix: &str) -> String {
    assert!(prefix.len() <= 15, "`{prefix}` leaves no room for the random part in 24 characters");
    format!("{prefix}-{}", random())
}

/// Letters and digits only, so that it is the same in SQL, where dashes become underscores.
fn random() -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnopqrstuvwxyz2345678";
    let mut source = rand::rng();
    (0..RANDOM).map(|_| char::from(ALPHABET[source.random_range(0..ALPHABET.len())])).collect()
}

/// The random part of a name, by which everything made from it is found again.
pub(crate) fn random_part(name: &str) -> &str {
    name.rsplit('-').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_differ_and_fit() {
        let [one, two] = ["acme", "acme"].map(unique);
        assert_ne!(one, two);
        assert!(one.starts_with("acme-") && one.len() == 13, "{one}");
        assert_eq!(random_part(&one).len(), RANDOM);
        assert_eq!(unique("fifteen-letters").len(), 24);
    }
}
