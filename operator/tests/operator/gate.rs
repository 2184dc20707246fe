//! A TCP proxy that can be shut or made to hang: a backend that is down, or does not answer. It
//! notes what is written through it by HTTP, counts what is asked, and lets no more writes through than there may be.

use std::{
    io,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};
use url::Url;

use crate::budget::Budget;

const TOKEN: &str = "/protocol/openid-connect/token";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    Shut,
    Hung,
}

/// Request lines.
type Written = Arc<Mutex<Vec<String>>>;

/// What went through, whether it wrote or not.
#[derive(Clone, Debug, Default)]
pub struct Calls {
    /// Request lines by HTTP; signing in is none.
    pub requests: Vec<String>,
    /// Queries of Postgres.
    pub queries: usize,
    /// Those queries that ask how the schema `core` is: the operator's own look, which no resource makes.
    pub of_platform: usize,
    /// What is said when a connection to Postgres is begun: as whom.
    pub sign_ins: Vec<String>,
}

impl Calls {
    fn count(&mut self, sent: &[u8]) {
        self.requests.extend(request(sent).filter(|line| !line.contains(TOKEN)));
        self.queries += usize::from(queries(sent));
        self.of_platform += usize::from(is_of_platform(sent));
        self.sign_ins.extend(signs_in(sent).then(|| String::from_utf8_lossy(sent).into_owned()));
    }
}

/// What is known of what was sent.
type Meter = (Written, Arc<Mutex<Calls>>, Budget);

/// In front of one backend.
#[derive(Clone)]
pub struct Gate {
    /// The backend's URL by way of the gate.
    pub url: Url,
    state: Arc<watch::Sender<State>>,
    written: Written,
    calls: Arc<Mutex<Calls>>,
}

impl Gate {
    /// Open at first.
    pub async fn before(target: &Url, budget: &Budget) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut url = target.clone();
        url.set_port(Some(listener.local_addr().unwrap().port())).unwrap();
        url.set_host(Some("127.0.0.1")).unwrap();
        let state = Arc::new(watch::Sender::new(State::Open));
        let gate = Self { url, state: state.clone(), written: Arc::default(), calls: Arc::default() };
        let port = target.port_or_known_default().unwrap_or(5432);
        let behind = (target.host_str().unwrap().to_owned(), port);
        let meter = (gate.written.clone(), gate.calls.clone(), budget.clone());
        tokio::spawn(async move {
            while let Ok((inbound, _)) = listener.accept().await {
                let (mut shut, behind) = (state.subscribe(), behind.clone());
                let meter = meter.clone();
                tokio::spawn(async move {
                    let passing = pass(inbound, behind, shut.clone(), meter);
                    tokio::select! {
                        _ = passing => {}
                        _ = shut.wait_for(|state| *state == State::Shut) => {}
                    }
                });
            }
        });
        gate
    }

    /// Refuses new connections and cuts those there are.
    pub fn shut(&self) {
        self.state.send_replace(State::Shut);
    }

    /// Takes connections and what is sent, and lets nothing through in either direction.
    pub fn hang(&self) {
        self.state.send_replace(State::Hung);
    }

    /// Lets them through again.
    pub fn open(&self) {
        self.state.send_replace(State::Open);
    }

    /// Requests by HTTP that write; signing in is none.
    pub fn written(&self) -> Vec<String> {
        self.written.lock().unwrap().clone()
    }

    /// All that was asked so far.
    pub fn calls(&self) -> Calls {
        self.calls.lock().unwrap().clone()
    }
}

async fn pass(
    inbound: TcpStream,
    behind: (String, u16),
    state: watch::Receiver<State>,
    meter: Meter,
) -> io::Result<()> {
    let (from, to) = inbound.into_split();
    let (back, there) = TcpStream::connect(behind).await?.into_split();
    tokio::try_join!(pump(from, there, state.clone(), Some(meter)), pump(back, to, state, None)).map(drop)
}

async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut state: watch::Receiver<State>,
    meter: Option<Meter>,
) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = from.read(&mut buffer).await?;
        // An error means that the gate is gone, and the test with it.
        let _ = state.wait_for(|state| *state != State::Hung).await;
        if read == 0 {
            return to.shutdown().await;
        }
        if let Some((written, calls, budget)) = &meter {
            calls.lock().unwrap().count(&buffer[..read]);
            let line = writes(&buffer[..read]);
            if (line.is_some() || changes(&buffer[..read])) && !budget.spend().await {
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
            written.lock().unwrap().extend(line);
        }
        to.write_all(&buffer[..read]).await?;
    }
}

/// The request line of what begins with one.
fn request(sent: &[u8]) -> Option<String> {
    let methods = ["GET /", "HEAD /", "POST /", "PUT /", "PATCH /", "DELETE /"];
    let line = String::from_utf8_lossy(sent.split(|byte| *byte == b'\r').next()?).into_owned();
    methods.iter().any(|method| line.starts_with(method)).then_some(line)
}

/// Whether a client of Postgres asks anything. It waits for the answer before it sends more; a statement is
/// parsed once a connection, and bound (`B`) whenever it is asked; one without parameters may be one message (`Q`).
fn queries(sent: &[u8]) -> bool {
    matches!(sent, [b'B' | b'Q', 0, ..])
}

/// Whether a query of Postgres is given the name of the platform's schema.
fn is_of_platform(sent: &[u8]) -> bool {
    sent.first() == Some(&b'B') && sent.windows(8).any(|bytes| bytes == b"\0\0\0\x04core")
}

/// Whether a client of Postgres says who it is: version 3.0 of the protocol, behind four bytes of length.
fn signs_in(sent: &[u8]) -> bool {
    sent.get(4..8) == Some(&[0, 3, 0, 0])
}

/// Whether a client of Postgres sends a statement that changes something.
fn changes(sent: &[u8]) -> bool {
    const WORDS: [&str; 10] =
        ["CREATE ", "ALTER ", "DROP ", "GRANT ", "REVOKE ", "COMMENT ", "FROM stdin", "INSERT ", "UPDATE ", "DELETE "];
    // A message `Parse` or `Query`.
    matches!(sent.first(), Some(b'P' | b'Q')) && {
        let text = String::from_utf8_lossy(sent);
        WORDS.iter().any(|word| text.contains(word))
    }
}

/// The request line, if what a client sends begins with one that writes.
fn writes(sent: &[u8]) -> Option<String> {
    let reads = |line: &String| ["GET /", "HEAD /"].iter().any(|method| line.starts_with(method));
    request(sent).filter(|line| !reads(line) && !line.contains(TOKEN))
}
