//! Knowing again what should be.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// How much of the hash is kept: enough to tell the states of one object apart.
const BYTES: usize = 8;

/// A short digest of what should be, the same in every process. What is secret in it must be random:
/// it stands in a status.
pub fn digest(wanted: &impl Serialize) -> String {
    let mut hash = Sha256::new();
    // Desired states are structs, lists and maps with text keys: they always serialise.
    feed(&mut hash, &serde_json::to_value(wanted).unwrap_or_default());
    hex::encode(&hash.finalize()[..BYTES])
}

fn feed(hash: &mut Sha256, value: &Value) {
    match value {
        Value::Object(fields) => {
            hash.update(b"{");
            // Hash maps give their fields in another order each time.
            for (name, value) in fields.iter().collect::<BTreeMap<_, _>>() {
                text(hash, name);
                feed(hash, value);
            }
            hash.update(b"}");
        }
        Value::Array(items) => {
            hash.update(b"[");
            for item in items {
                feed(hash, item);
            }
            hash.update(b"]");
        }
        scalar => text(hash, &scalar.to_string()),
    }
}

/// Lengths keep neighbours apart.
fn text(hash: &mut Sha256, text: &str) {
    hash.update((text.len() as u64).to_be_bytes());
    hash.update(text);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::collections::{BTreeSet, HashMap};

    #[test]
    fn the_same_is_the_same_and_nothing_else_is() {
        let many = || (0..50).map(|n| (n.to_string(), n)).collect::<HashMap<_, _>>();
        assert_eq!(digest(&many()), digest(&many()));
        let all = [
            json!({}),
            json!([]),
            json!(null),
            json!(""),
            json!("1"),
            json!(1),
            json!(["a", "b"]),
            json!(["b", "a"]),
            json!(["ab"]),
            json!([["a"], "b"]),
            json!({"a": "b"}),
            json!({"a": {}, "b": 1}),
            json!({"a": {"b": 1}}),
        ];
        let digests: BTreeSet<String> = all.iter().map(digest).collect();
        assert_eq!(digests.len(), all.len());
        assert!(digests.iter().all(|digest| digest.len() == 2 * BYTES));
    }
}
