//! Bodies in Kubernetes' protobuf, which Go clients send for built-in kinds whatever the server
//! prefers. They are turned into the JSON they stand for; answers are always JSON, which the same
//! clients accept.

mod decode;
mod messages;

use serde_json::Value;

use decode::{Reader, Wire, message};

/// What every body starts with.
const MAGIC: &[u8] = b"k8s\0";

/// The object in a body: an envelope that names the type, around the object itself.
pub fn object(bytes: &[u8]) -> Result<Value, String> {
    let envelope =
        bytes.strip_prefix(MAGIC).ok_or_else(|| "provided data does not appear to be a protobuf message".to_owned())?;
    let (mut version, mut kind, mut raw) = (String::new(), String::new(), &[] as &[u8]);
    let mut fields = Reader::new(envelope);
    while let Some((number, value)) = fields.field()? {
        match (number, value) {
            (1, Wire::Bytes(bytes)) => {
                let mut names = Reader::new(bytes);
                while let Some((number, value)) = names.field()? {
                    match (number, value) {
                        (1, Wire::Bytes(text)) => version = decode::text(text)?,
                        (2, Wire::Bytes(text)) => kind = decode::text(text)?,
                        _ => {}
                    }
                }
            }
            (2, Wire::Bytes(bytes)) => raw = bytes,
            _ => {}
        }
    }
    let fields = messages::of(&version, &kind)
        .ok_or_else(|| format!("no kind {kind:?} is registered for version {version:?}"))?;
    let mut object = message(fields, raw)?;
    if let Some(map) = object.as_object_mut() {
        map.insert("apiVersion".into(), version.into());
        map.insert("kind".into(), kind.into());
    }
    Ok(object)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn length_delimited(number: u8, content: &[u8]) -> Vec<u8> {
        let mut field = vec![number << 3 | 2, u8::try_from(content.len()).unwrap()];
        field.extend_from_slice(content);
        field
    }

    #[test]
    fn a_secret_as_go_clients_send_it() {
        let meta = [
            length_delimited(1, b"s1"),
            length_delimited(2, b""),
            length_delimited(3, b"foo"),
            length_delimited(8, b""),
        ];
        let entry = [length_delimited(1, b"a"), length_delimited(2, b"b")].concat();
        let secret = [length_delimited(1, &meta.concat()), length_delimited(2, &entry), length_delimited(3, b"Opaque")];
        let names = [length_delimited(1, b"v1"), length_delimited(2, b"Secret")].concat();
        let mut body = MAGIC.to_vec();
        body.extend(length_delimited(1, &names));
        body.extend(length_delimited(2, &secret.concat()));
        assert_eq!(
            object(&body).unwrap(),
            json!({
                "apiVersion": "v1", "kind": "Secret",
                "metadata": {"name": "s1", "namespace": "foo"},
                "data": {"a": "Yg=="}, "type": "Opaque",
            })
        );
    }

    #[test]
    fn anything_else_is_refused_without_a_panic() {
        assert!(object(b"").is_err());
        assert!(object(b"{}").is_err());
        for length in 0..40_u8 {
            let bytes: Vec<u8> = MAGIC.iter().copied().chain((0..length).map(|i| i ^ 0x5a)).collect();
            assert!(object(&bytes).is_err());
        }
    }
}
