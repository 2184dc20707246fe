//! Watches of the API server that bring late, twice, or not at all what has changed.
//!
//! What is not brought is followed by 410 Gone after a while, as when an API server no longer has the
//! history that a client asks for: it is to list again.
//! <https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes>

use std::{io, time::Duration};

use bytes::{Buf, Bytes, BytesMut};
use futures::{Stream, StreamExt, TryStreamExt, stream};
use http_body_util::{BodyExt, BodyStream, StreamBody};
use hyper::body::Frame;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};

use super::http::{Body, Error};

/// The longest that an event is kept back.
const LATE: Duration = Duration::from_secs(3);
/// How long nobody hears that an event was lost.
const LOST: Duration = Duration::from_secs(5);

/// What becomes of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Pass,
    /// It and all that follow come later.
    Late(Duration),
    Twice,
    /// Nothing comes any more, and in the end 410.
    Lost,
}

fn fate(random: &mut StdRng, event: &[u8]) -> Fate {
    let kind = serde_json::from_slice::<Value>(event).map(|event| event["type"].clone()).unwrap_or_default();
    if !matches!(kind.as_str(), Some("ADDED" | "MODIFIED" | "DELETED")) {
        return Fate::Pass;
    }
    match random.random_range(0..10) {
        0..5 => Fate::Pass,
        5..7 => Fate::Late(LATE.mul_f64(random.random())),
        7..9 => Fate::Twice,
        _ => Fate::Lost,
    }
}

/// The same answer, disturbed.
pub fn disturb(body: Body, seed: u64) -> Body {
    let random = StdRng::seed_from_u64(seed);
    let disturbed =
        stream::unfold((Box::pin(lines(body)), random, false), |(mut lines, mut random, ended)| async move {
            if ended {
                return None;
            }
            let line = match lines.next().await? {
                Ok(line) => line,
                Err(error) => return Some((Err(error), (lines, random, true))),
            };
            let (line, ended) = match fate(&mut random, &line) {
                Fate::Pass => (line, false),
                Fate::Late(by) => {
                    tokio::time::sleep(by).await;
                    (line, false)
                }
                Fate::Twice => ([line.as_ref(), line.as_ref()].concat().into(), false),
                Fate::Lost => {
                    tokio::time::sleep(LOST).await;
                    (gone(), true)
                }
            };
            Some((Ok(line), (lines, random, ended)))
        });
    StreamBody::new(disturbed.map_ok(Frame::data)).boxed_unsync()
}

/// An event per line, its end included.
fn lines(body: Body) -> impl Stream<Item = Result<Bytes, Error>> {
    let chunks = BodyStream::new(body).try_filter_map(|frame| async { Ok(frame.into_data().ok()) });
    stream::try_unfold((Box::pin(chunks), BytesMut::new()), |(mut chunks, mut buffer)| async move {
        loop {
            if let Some(end) = buffer.iter().position(|byte| *byte == b'\n') {
                let line = buffer.copy_to_bytes(end + 1);
                return Ok(Some((line, (chunks, buffer))));
            }
            match chunks.next().await.transpose()? {
                Some(chunk) => buffer.extend_from_slice(&chunk),
                None if buffer.is_empty() => return Ok(None),
                None => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            }
        }
    })
}

fn gone() -> Bytes {
    let object = json!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": "too old resource version", "reason": "Expired", "code": 410 });
    format!("{}\n", json!({ "type": "ERROR", "object": object })).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::Full;

    fn body(text: String) -> Body {
        Full::new(Bytes::from(text)).map_err(|never| match never {}).boxed_unsync()
    }

    fn event(number: usize) -> String {
        format!("{}\n", json!({ "type": "MODIFIED", "object": { "number": number } }))
    }

    #[tokio::test(start_paused = true)]
    async fn events_keep_their_order_and_what_is_lost_is_told() {
        let all: String = (0..50).map(event).collect();
        let (mut repeated, mut lost) = (0, 0);
        for seed in 0..20 {
            let read = disturb(body(all.clone()), seed).collect().await.unwrap().to_bytes();
            let lines: Vec<Value> = read
                .split(|byte| *byte == b'\n')
                .filter(|l| !l.is_empty())
                .map(|l| serde_json::from_slice(l).unwrap())
                .collect();
            let numbers: Vec<u64> = lines.iter().filter_map(|line| line["object"]["number"].as_u64()).collect();
            assert!(numbers.is_sorted(), "{numbers:?}");
            repeated += numbers.windows(2).filter(|two| two[0] == two[1]).count();
            let last = lines.last().unwrap();
            if last["type"] == "ERROR" {
                lost += 1;
                assert_eq!(last["object"]["code"], 410);
            } else {
                assert_eq!(numbers.last(), Some(&49));
            }
        }
        assert!(repeated > 20 && lost > 10, "{repeated} {lost}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_no_change_passes() {
        let bookmarks = "{\"type\":\"BOOKMARK\",\"object\":{}}\n".repeat(50);
        let read = disturb(body(bookmarks.clone()), 7).collect().await.unwrap().to_bytes();
        assert_eq!(read, bookmarks);
    }
}
