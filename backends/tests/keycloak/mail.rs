//! A mail server that takes everything and tells what it was told.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// One message.
#[derive(Debug, Default)]
pub struct Mail {
    /// Who signed in: user and password.
    pub login: Option<(String, String)>,
    pub from: String,
    pub to: String,
    pub text: String,
}

/// Serves until the test ends: its port, and what it is told.
pub async fn server() -> (u16, mpsc::UnboundedReceiver<Mail>) {
    // Whoever hangs up sends nothing.
    serve(talk).await
}

async fn serve<T, F>(talk: impl Fn(TcpStream) -> F + Send + 'static) -> (u16, mpsc::UnboundedReceiver<T>)
where
    T: Send + 'static,
    F: Future<Output = Option<T>> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, told) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if let Some(said) = talk(stream).await {
                tell.send(said).ok();
            }
        }
    });
    (port, told)
}

/// What a caller of a server that has no certificate says before it gives up.
pub async fn first_words(offer: &'static str) -> (u16, mpsc::UnboundedReceiver<Vec<u8>>) {
    serve(move |mut stream| async move {
        let mut heard = Vec::new();
        // Whoever hangs up has said all of it.
        hear(&mut stream, offer, &mut heard).await.ok();
        Some(heard)
    })
    .await
}

/// All that comes until the first byte that is not a command: a TLS handshake begins with 22.
async fn hear(stream: &mut TcpStream, offer: &str, heard: &mut Vec<u8>) -> std::io::Result<()> {
    const HANDSHAKE: u8 = 22;
    if !offer.is_empty() {
        stream.write_all(b"220 test ESMTP\r\n").await?;
    }
    loop {
        let byte = stream.read_u8().await?;
        heard.push(byte);
        match byte {
            HANDSHAKE => return Ok(()),
            b'\n' if heard.ends_with(b"STARTTLS\r\n") => stream.write_all(b"220 go on\r\n").await?,
            b'\n' => stream.write_all(format!("250-test\r\n250 {offer}\r\n").as_bytes()).await?,
            _ => {}
        }
    }
}

async fn talk(stream: TcpStream) -> Option<Mail> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    let mut mail = Mail::default();
    write.write_all(b"220 test ESMTP\r\n").await.ok()?;
    while let Some(line) = lines.next_line().await.ok()? {
        let (verb, rest) = line.split_once([' ', ':']).unwrap_or((&line, ""));
        let answer = match verb.to_uppercase().as_str() {
            "EHLO" => "250-test\r\n250 AUTH PLAIN",
            "AUTH" => {
                let text = String::from_utf8(BASE64_STANDARD.decode(rest.strip_prefix("PLAIN ")?).ok()?).ok()?;
                let mut parts = text.split('\0').skip(1).map(str::to_owned);
                mail.login = Some((parts.next()?, parts.next()?));
                "235 welcome"
            }
            "MAIL" => {
                mail.from = rest.to_owned();
                "250 ok"
            }
            "RCPT" => {
                mail.to = rest.to_owned();
                "250 ok"
            }
            "DATA" => {
                write.write_all(b"354 go on\r\n").await.ok()?;
                while let Some(line) = lines.next_line().await.ok()?.filter(|line| line != ".") {
                    mail.text += &line;
                    mail.text += "\n";
                }
                "250 ok"
            }
            "QUIT" => {
                write.write_all(b"221 bye\r\n").await.ok()?;
                return Some(mail);
            }
            _ => "250 ok",
        };
        write.write_all(format!("{answer}\r\n").as_bytes()).await.ok()?;
    }
    Some(mail)
}
