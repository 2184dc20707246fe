//! How much and how long.

use std::{
    pin::pin,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use plexica_gateway::Limits;
use plexica_testkit::wait_until;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
    time::timeout,
};

use crate::{
    harness::{Bench, claims, limits},
    resources::install,
    upstream::Upstream,
};

/// Long enough for anything that is to end in time.
const AGES: Duration = Duration::from_secs(20);

#[tokio::test]
async fn bodies_over_the_limit_are_413_and_never_whole_upstream() {
    let bench = Bench::with(Limits { max_body_bytes: 1000, ..limits() }, |_| {}).await;
    let token = bench.acme.token(&claims("tenant-acme"));
    let post =
        |body: reqwest::Body| bench.http.post(bench.url("/api/plugins/crm/echo")).bearer_auth(&token).body(body).send();
    let whole = post("x".repeat(1000).into()).await.unwrap();
    assert_eq!((whole.status().as_u16(), whole.text().await.unwrap().len()), (200, 1000));
    let before = bench.crm.count();
    let told = post("x".repeat(1001).into()).await.unwrap();
    assert_eq!(told.status(), 413);
    assert_eq!(told.json::<Value>().await.unwrap()["error"]["code"], "PAYLOAD_TOO_LARGE");
    assert_eq!(bench.crm.count(), before, "a body that says its length goes nowhere");

    let pieces = futures::stream::iter((0..20).map(|_| Ok::<_, std::io::Error>("x".repeat(100))));
    let streamed = post(reqwest::Body::wrap_stream(pieces)).await.unwrap();
    assert_eq!(streamed.status(), 413);
    let pieces = futures::stream::iter((0..5).map(|_| Ok::<_, std::io::Error>("x".repeat(100))));
    let streamed = post(reqwest::Body::wrap_stream(pieces)).await.unwrap();
    assert_eq!((streamed.status().as_u16(), streamed.text().await.unwrap().len()), (200, 500));
}

#[tokio::test]
async fn an_upstream_that_does_not_answer_is_504() {
    let bench = Bench::with(Limits { upstream_timeout: Duration::from_millis(200), ..limits() }, |_| {}).await;
    let answer = bench.get("/api/plugins/crm/hang").await;
    assert_eq!(answer.status(), 504);
    assert_eq!(answer.json::<Value>().await.unwrap()["error"]["code"], "TIMEOUT");
}

#[tokio::test]
async fn an_upstream_that_is_not_there_is_503() {
    let bench = Bench::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    bench.publish(&[install("tenant-acme", "acme", &url)]);
    let answer = bench.get("/api/plugins/crm/x").await;
    assert_eq!(answer.status(), 503);
    let body = answer.text().await.unwrap();
    assert!(body.contains("UNAVAILABLE") && !body.contains("127.0.0.1"), "{body}");
}

#[tokio::test]
async fn an_upstream_that_is_there_a_moment_later_is_waited_for() {
    let bench = Bench::start().await;
    // Whoever connects is refused until it listens.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    bench.publish(&[install("tenant-acme", "acme", &format!("http://{}", socket.local_addr().unwrap()))]);
    let token = bench.acme.token(&claims("tenant-acme"));
    let mut request = pin!(bench.http.post(bench.url("/api/plugins/crm/echo")).bearer_auth(token).body("once").send());
    let early = timeout(Duration::from_millis(100), &mut request).await;
    assert!(early.is_err(), "{early:?}");
    let upstream = Upstream::on(socket.listen(16).unwrap());
    let answer = request.await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.text().await.unwrap().as_str()), (200, "once"));
    assert_eq!(upstream.count(), 1);
}

#[tokio::test]
async fn an_upstream_that_breaks_off_is_502() {
    let bench = Bench::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    bench.publish(&[install("tenant-acme", "acme", &format!("http://{}", listener.local_addr().unwrap()))]);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = [0; 16];
            let _read = stream.read(&mut head).await;
        }
    });
    assert_eq!(bench.get("/api/plugins/crm/x").await.status(), 502);
}

#[tokio::test]
async fn a_connection_that_closes_under_a_request_is_no_answer_to_what_can_be_repeated() {
    let bench = Bench::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    bench.publish(&[install("tenant-acme", "acme", &format!("http://{}", listener.local_addr().unwrap()))]);
    // Each connection answers one request, is kept, and closes under the next.
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut head = [0; 4096];
                let _read = stream.read(&mut head).await;
                let _written = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
                let _read = stream.read(&mut head).await;
            });
        }
    });
    for _ in 0..3 {
        let answer = bench.get("/api/plugins/crm/x").await;
        assert_eq!((answer.status().as_u16(), answer.text().await.unwrap().as_str()), (200, "ok"));
    }
    let token = bench.acme.token(&claims("tenant-acme"));
    let post = bench.http.post(bench.url("/api/plugins/crm/x")).bearer_auth(&token).send().await.unwrap();
    assert_eq!(post.status(), 502, "who knows whether it was done");
}

#[tokio::test]
async fn a_head_that_never_ends_is_cut_off() {
    let bench = Bench::with(Limits { head_timeout: Duration::from_millis(200), ..limits() }, |_| {}).await;
    let began = Instant::now();
    bench.raw("GET /api/plugins/crm/x HTTP/1.1\r\nHost: a.t").await;
    assert!(began.elapsed() < AGES);
    assert_eq!(bench.crm.count(), 0);
}

#[tokio::test]
async fn a_body_that_never_ends_is_cut_off() {
    let bench = Bench::with(Limits { body_timeout: Duration::from_millis(200), ..limits() }, |_| {}).await;
    let token = bench.acme.token(&claims("tenant-acme"));
    let mut stream = TcpStream::connect(bench.gateway.addr).await.unwrap();
    let head = format!(
        "POST /api/plugins/crm/echo HTTP/1.1\r\nHost: a.test\r\nAuthorization: Bearer {token}\r\nContent-Length: 100\r\n\r\nhalf"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    tokio::time::timeout(AGES, stream.read_exact(&mut answer)).await.unwrap().unwrap();
    assert_eq!(&answer, b"HTTP/1.1 400");
}

#[tokio::test]
async fn who_reads_nothing_is_cut_off() {
    let bench = Bench::with(Limits { body_timeout: Duration::from_millis(200), ..limits() }, |_| {}).await;
    let token = bench.acme.token(&claims("tenant-acme"));
    let mut stream = TcpStream::connect(bench.gateway.addr).await.unwrap();
    let head = format!("GET /api/plugins/crm/flood HTTP/1.1\r\nHost: a.test\r\nAuthorization: Bearer {token}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let cancelled = async || bench.crm.cancelled.load(Ordering::SeqCst) == 1;
    wait_until("the upstream is let go", AGES, cancelled).await;
    drop(stream);
}

#[tokio::test]
async fn more_headers_than_anybody_needs_are_refused() {
    let bench = Bench::start().await;
    let many = "x-a: b\r\n".repeat(500);
    let answer = bench.raw(&format!("GET /api/v1/me HTTP/1.1\r\nHost: a.test\r\n{many}\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    let long = "b".repeat(200_000);
    let answer = bench.raw(&format!("GET /api/v1/me HTTP/1.1\r\nHost: a.test\r\nx-a: {long}\r\n\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 431") || answer.is_empty(), "{answer}");
    assert_eq!(bench.core_api.count(), 0);
}

#[tokio::test]
async fn smuggled_lengths_are_refused_or_read_one_way() {
    let bench = Bench::start().await;
    let token = bench.acme.token(&claims("tenant-acme"));
    let smuggled = format!(
        "POST /api/plugins/crm/echo HTTP/1.1\r\nHost: a.test\r\nAuthorization: Bearer {token}\r\nContent-Length: 4\r\n\
         Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\nGET /api/plugins/crm/second HTTP/1.1\r\nHost: a.test\r\n\r\n"
    );
    bench.raw(&smuggled).await;
    assert!(bench.crm.count() <= 1, "the upstream saw a request within a request");
    let two = format!(
        "POST /api/plugins/crm/echo HTTP/1.1\r\nHost: a.test\r\nAuthorization: Bearer {token}\r\nContent-Length: 4\r\n\
         Content-Length: 5\r\nConnection: close\r\n\r\nabcde"
    );
    assert!(bench.raw(&two).await.starts_with("HTTP/1.1 400"));
}
