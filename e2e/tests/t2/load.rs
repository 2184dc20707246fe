//! Requests that go on while something is done.

use std::time::Duration;

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
