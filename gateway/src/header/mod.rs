//! What of a message's head goes on, in both directions.

mod hop;
mod identity;
mod request;
mod response;

pub use identity::Identity;
pub use request::to_upstream;
pub use response::{set_common, to_client};

use http::HeaderMap;
use plexica_contract::header::CORRELATION_ID;
use uuid::Uuid;

/// The request's correlation id: the client's if it is one valid UUID, else a new one.
pub fn correlation_id(headers: &HeaderMap) -> Uuid {
    let mut values = headers.get_all(CORRELATION_ID).iter();
    let first = values.next().and_then(|value| value.to_str().ok()).filter(|text| text.len() == 36);
    match (first.and_then(|text| text.parse().ok()), values.next()) {
        (Some(id), None) => id,
        _ => Uuid::new_v4(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn a_clients_id_is_taken_if_it_is_one() {
        let of = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(CORRELATION_ID, HeaderValue::from_str(value).unwrap());
            }
            correlation_id(&headers).to_string()
        };
        let id = "0190163d-8694-739b-aea5-966c26f8ad91";
        assert_eq!(of(&[id]), id);
        assert_ne!(of(&[id, id]), id);
        for other in ["", "1", "0190163d8694739baea5966c26f8ad91", "{0190163d-8694-739b-aea5-966c26f8ad91}"] {
            let made = of(&[other]);
            assert!(made != other && made.parse::<Uuid>().is_ok(), "{other:?} gave {made}");
        }
        assert_ne!(of(&[]), of(&[]));
    }
}
