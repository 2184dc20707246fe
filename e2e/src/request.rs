//! Requests until they are served, and while something is done.

use std::time::Duration;

use plexica_testkit::wait_for;
use reqwest::RequestBuilder;
use serde_json::Value;

/// Between two requests.
const PAUSE: Duration = Duration::from_millis(20);

/// Does the work while requests go on, one after the other; how many were served.
///
/// # Panics
/// When one of them fails, or there was none.
pub async fn serves_throughout(request: impl AsyncFn() -> Result<(), String>, work: impl Future<Output = ()>) -> usize {
    let mut served = 0;
    let failed = async {
        loop {
            match request().await {
                Ok(()) => served += 1,
                Err(answer) => break answer,
            }
            tokio::time::sleep(PAUSE).await;
        }
    };
    tokio::select! {
        () = work => {}
        answer = failed => panic!("{answer} after {served} requests that were served"),
    }
    assert!(served > 0);
    served
}

/// A client that opens a connection for each request: one that is kept stays where its Service led when it was
/// opened, which may be nowhere on a node that does not know it yet.
pub fn unpooled() -> reqwest::Client {
    reqwest::Client::builder().pool_max_idle_per_host(0).build().unwrap()
}

/// One that is to be served; if it is not, how it was answered.
///
/// # Errors
/// With the answer.
pub async fn is_served(http: &reqwest::Client, url: &str, token: &str) -> Result<(), String> {
    match http.get(url).bearer_auth(token).send().await {
        Ok(answer) if answer.status().is_success() => Ok(()),
        other => Err(format!("{other:?}")),
    }
}

/// Tries until the plugin is up and the gateway has its route; the answer's body.
///
/// # Panics
/// When it is refused, or not served in time.
pub async fn served(request: impl Fn() -> RequestBuilder) -> Value {
    let mut said = String::new();
    wait_for("the gateway has the route", Duration::from_mins(3), async || {
        let answer = match request().send().await {
            // A Service that was made a moment ago leads nowhere until the node has heard of its pods.
            Err(error) if error.is_connect() => return None,
            answer => answer.expect("the gateway answers"),
        };
        let status = answer.status();
        let body = answer.text().await.unwrap();
        assert!(status.is_success() || status == 404 || status == 503, "{status}: {body}");
        let says = format!("{status}: {body}");
        if says != said {
            println!("{says}");
            said = says;
        }
        status.is_success().then(|| serde_json::from_str(&body).expect("JSON"))
    })
    .await
}
