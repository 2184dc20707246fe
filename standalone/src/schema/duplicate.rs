//! Fields given twice in one JSON document, which a parsed value no longer shows.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::node::{child, index};

/// The paths of fields given twice, in the order of the document; nothing for what is no JSON.
pub fn fields(document: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    let mut deserializer = serde_json::Deserializer::from_slice(document);
    let walk = Walk { path: String::new(), found: &mut found };
    // What cannot be read has been reported by the parser of the request already.
    let _ = walk.deserialize(&mut deserializer);
    found
}

struct Walk<'a> {
    path: String,
    found: &'a mut Vec<String>,
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = HashSet::new();
        let mut reported = HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            let path = child(&self.path, &name);
            if !seen.insert(name.clone()) && reported.insert(name) {
                self.found.push(path.clone());
            }
            map.next_value_seed(Walk { path, found: self.found })?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let mut at = 0;
        while seq.next_element_seed(Walk { path: index(&self.path, at), found: self.found })?.is_some() {
            at += 1;
        }
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        serde::de::IgnoredAny::deserialize(deserializer).map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::fields;

    #[test]
    fn names_each_repeated_field_once() {
        for (document, found) in [
            (r#"{"a":1,"b":2}"#, vec![]),
            (r#"{"a":1,"a":2,"a":3}"#, vec!["a"]),
            (r#"{"spec":{"x":1,"x":{"y":1,"y":2}}}"#, vec!["spec.x", "spec.x.y"]),
            (r#"{"l":[{"k":1},{"k":1,"k":2}]}"#, vec!["l[1].k"]),
            ("not json", vec![]),
        ] {
            assert_eq!(fields(document.as_bytes()), found, "{document}");
        }
    }
}
