//! With a certificate of its own.

use crate::harness::{Bench, claims, limits};

#[tokio::test]
async fn requests_come_by_tls() {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
    let (cert, key) = (folder.path().join("tls.crt"), folder.path().join("tls.key"));
    std::fs::write(&cert, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let bench = Bench::with(limits(), |config| {
        config.tls_cert = Some(cert);
        config.tls_key = Some(key);
    })
    .await;
    let trusted = reqwest::Certificate::from_pem(made.cert.pem().as_bytes()).unwrap();
    let http = reqwest::Client::builder().tls_certs_only([trusted]).build().unwrap();
    let url = format!("https://localhost:{}/api/plugins/crm/x", bench.gateway.addr.port());
    let token = bench.acme.token(&claims("tenant-acme"));
    let answer = http.get(url).bearer_auth(token).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let seen: serde_json::Value = answer.json().await.unwrap();
    assert_eq!(seen["headers"]["x-forwarded-proto"][0], "https");
    assert!(bench.http.get(bench.url("/api/v1/me")).send().await.is_err(), "no plain HTTP beside it");
}
