//! Whether a plugin is well: asked as a cluster's probes ask it.

use std::time::Duration;

use plexica_contract::path::HEALTH;
use url::Url;

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Asks plugins.
#[derive(Clone, Debug)]
pub(super) struct Health(reqwest::Client);

/// Why one is not well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unwell {
    /// It said so.
    Answers(String),
    /// It said nothing, or cannot be reached from here.
    Silent(String),
}

impl std::fmt::Display for Unwell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (Self::Answers(text) | Self::Silent(text)) = self;
        f.write_str(text)
    }
}

impl Health {
    pub fn new() -> Result<Self, reqwest::Error> {
        Ok(Self(reqwest::Client::builder().timeout(TIMEOUT).no_proxy().build()?))
    }

    /// Whether it is well. Of one that says nothing this is told when it was asked twice, as a cluster's probes have it:
    /// an answer that comes late, and a connection that ends as it is used, are no news.
    pub async fn check(&self, endpoint: &Url) -> Result<(), Unwell> {
        let url = endpoint.join(HEALTH).map_err(|error| Unwell::Silent(error.to_string()))?;
        match self.ask(url.clone()).await {
            Err(Unwell::Silent(_)) => self.ask(url).await,
            said => said,
        }
    }

    async fn ask(&self, url: Url) -> Result<(), Unwell> {
        match self.0.get(url).send().await {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) => Err(Unwell::Answers(format!("HTTP {}", answer.status().as_u16()))),
            Err(error) if error.is_timeout() => Err(Unwell::Silent(format!("nothing within {} s", TIMEOUT.as_secs()))),
            // Nobody listens there, or an engine's own proxy of the port finds nobody.
            Err(_) => Err(Unwell::Silent("no answer".into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::{TcpListener, TcpStream},
    };

    use super::*;

    /// What one does with a connection.
    #[derive(Clone, Copy)]
    enum Does {
        Ends,
        Waits,
        Says(u16),
    }

    /// What is told of one that does this with one connection after the other, and how many there were.
    async fn check(does: &[Does]) -> (Result<(), Unwell>, usize) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let health = Health(reqwest::Client::builder().timeout(Duration::from_millis(200)).no_proxy().build().unwrap());
        let mut asked: Vec<TcpStream> = Vec::new();
        let serve = async {
            for does in does {
                let (mut connection, _) = listener.accept().await.unwrap();
                if let Does::Says(status) = does {
                    let _ = connection.read(&mut [0; 1024]).await.unwrap();
                    let answer = format!("HTTP/1.1 {status} so\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
                    connection.write_all(answer.as_bytes()).await.unwrap();
                }
                if let Does::Ends = does {
                    connection.shutdown().await.unwrap();
                }
                asked.push(connection);
            }
            std::future::pending::<()>().await;
        };
        let told = tokio::select! {
            told = health.check(&endpoint) => told,
            () = serve => unreachable!(),
        };
        (told, asked.len())
    }

    #[tokio::test]
    async fn what_says_nothing_once_is_asked_once_more() {
        assert_eq!(check(&[Does::Ends, Does::Says(200)]).await, (Ok(()), 2));
        assert_eq!(check(&[Does::Waits, Does::Says(200)]).await, (Ok(()), 2));
    }

    #[tokio::test]
    async fn what_says_nothing_twice_is_not_well() {
        for does in [[Does::Ends, Does::Ends, Does::Says(200)], [Does::Waits, Does::Waits, Does::Says(200)]] {
            let (told, asked) = check(&does).await;
            assert!(matches!(told, Err(Unwell::Silent(_))), "{told:?}");
            assert_eq!(asked, 2);
        }
    }

    #[tokio::test]
    async fn what_says_how_it_is_is_asked_once() {
        assert_eq!(check(&[Does::Says(503), Does::Says(200)]).await, (Err(Unwell::Answers("HTTP 503".into())), 1));
        assert_eq!(check(&[Does::Says(200), Does::Says(503)]).await, (Ok(()), 1));
    }
}
