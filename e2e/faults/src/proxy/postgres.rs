//! Postgres, statement by statement.

use std::{io, net::SocketAddr};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
};

use super::{
    call::Call,
    fault::{DELAY, Fate, Fault, PATIENCE, PAUSE, System},
    frame::{Asked, Frames, Statements, asks_for_tls, fatal, is_of_backup},
    script::Script,
};

/// A proxy that runs as long as its world's runtime.
#[derive(Clone, Debug)]
pub struct Postgres {
    /// Where it listens.
    pub address: SocketAddr,
}

/// What is done with answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answers {
    Pass,
    /// Kept until the server is ready for the next question: by then it has done what it was asked.
    Swallow {
        kill: bool,
    },
}

/// All that `pg_dump` asks in a connection is one call of the operator's, and the first of it stands for all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Dump {
    /// What the client is has not been said.
    #[default]
    Unknown,
    /// It is not `pg_dump`.
    Not,
    /// It has asked for nothing yet.
    Begins,
    /// It has.
    GoesOn,
}

impl Dump {
    fn hears(&mut self, message: &[u8]) {
        if *self == Self::Unknown {
            *self = if is_of_backup(message) { Self::Begins } else { Self::Not };
        }
    }

    fn call(&mut self, Asked { sql, writes }: Asked) -> Option<Call> {
        let system = System::Postgres;
        match self {
            Self::Unknown | Self::Not => Some(Call { system, what: sql, writes }),
            Self::Begins => {
                *self = Self::GoesOn;
                Some(Call { system, what: "pg_dump".into(), writes: false })
            }
            Self::GoesOn => None,
        }
    }
}

impl Postgres {
    /// Starts it before a server that is spoken to without TLS.
    ///
    /// # Errors
    /// When no port of loopback is free.
    pub async fn start(server: (String, u16), script: Script) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (server, script) = (server.clone(), script.clone());
                tokio::spawn(async move { script.pass(System::Postgres, pass(stream, server, &script)).await });
            }
        });
        Ok(Self { address })
    }
}

async fn pass(client: TcpStream, server: (String, u16), script: &Script) -> io::Result<()> {
    let server = TcpStream::connect(server).await?;
    // Messages are handed on one by one: each would wait until the one before is acknowledged.
    for stream in [&client, &server] {
        stream.set_nodelay(true)?;
    }
    let (asking, answered) = client.into_split();
    let (answering, asked) = server.into_split();
    let (answers, told) = watch::channel(Answers::Pass);
    // Either end ends both, and with them the connection.
    let (to_client, early) = tokio::sync::mpsc::unbounded_channel();
    tokio::select! {
        ended = ask(asking, asked, script, &answers, to_client) => ended,
        ended = answer(answering, answered, script, told, early) => ended,
    }
}

async fn ask(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    script: &Script,
    answers: &watch::Sender<Answers>,
    to_client: tokio::sync::mpsc::UnboundedSender<Vec<u8>>,
) -> io::Result<()> {
    let (mut frames, mut statements, mut buffer) = (Frames::of_client(), Statements::default(), vec![0; 16 * 1024]);
    let mut dump = Dump::default();
    loop {
        let read = from.read(&mut buffer).await?;
        if read == 0 {
            return Ok(());
        }
        frames.extend(&buffer[..read]);
        while let Some(message) = frames.next() {
            if asks_for_tls(&message) {
                let _gone = to_client.send(b"N".to_vec());
                continue;
            }
            dump.hears(&message);
            if let Some(call) = statements.asked(&message).and_then(|asked| dump.call(asked)) {
                match script.fate(call) {
                    Fate::Pass => {}
                    Fate::KillBefore => {
                        script.kill();
                        return until_gone(from).await;
                    }
                    Fate::Hold => return until_gone(from).await,
                    Fate::KillAfter => drop(answers.send_replace(Answers::Swallow { kill: true })),
                    Fate::Fail(Fault::LostReply) => drop(answers.send_replace(Answers::Swallow { kill: false })),
                    Fate::Fail(Fault::Delay) => tokio::time::sleep(DELAY).await,
                    Fate::Fail(Fault::Pause) => tokio::time::sleep(PAUSE).await,
                    // It knows no such answer.
                    Fate::Fail(Fault::Reset | Fault::Conflict) => return Err(io::ErrorKind::ConnectionReset.into()),
                    Fate::Fail(Fault::TimeOut) => {
                        tokio::time::sleep(PATIENCE).await;
                        return Err(io::ErrorKind::TimedOut.into());
                    }
                    Fate::Fail(Fault::TooMany) => {
                        let _gone = to_client.send(fatal("53300", "sorry, too many clients already"));
                        return until_gone(from).await;
                    }
                    Fate::Fail(Fault::ServerError) => {
                        let text = "terminating connection due to administrator command";
                        let _gone = to_client.send(fatal("57P01", text));
                        return until_gone(from).await;
                    }
                }
            }
            to.write_all(&message).await?;
        }
    }
}

/// Takes what comes and lets nothing through. When the client is gone, so is its connection to the
/// server, and the server takes back what was not committed.
async fn until_gone(mut from: OwnedReadHalf) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    while from.read(&mut buffer).await? > 0 {}
    Ok(())
}

async fn answer(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    script: &Script,
    answers: watch::Receiver<Answers>,
    mut early: tokio::sync::mpsc::UnboundedReceiver<Vec<u8>>,
) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    let mut frames = Frames::of_server();
    loop {
        let read = tokio::select! {
            biased;
            Some(message) = early.recv() => {
                to.write_all(&message).await?;
                if message.first() == Some(&b'E') {
                    to.shutdown().await?;
                    return Err(io::ErrorKind::ConnectionAborted.into());
                }
                continue;
            }
            read = from.read(&mut buffer) => read?,
        };
        if read == 0 {
            return Ok(());
        }
        frames.extend(&buffer[..read]);
        while let Some(message) = frames.next() {
            match *answers.borrow() {
                Answers::Pass => {}
                Answers::Swallow { kill } if message.first() == Some(&b'Z') => {
                    if kill {
                        script.kill();
                        break;
                    }
                    return Err(io::ErrorKind::ConnectionAborted.into());
                }
                Answers::Swallow { .. } => continue,
            }
            to.write_all(&message).await?;
        }
    }
}
