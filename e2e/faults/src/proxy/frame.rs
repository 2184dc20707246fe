//! Messages of Postgres' protocol 3, as far as needed to know what is asked and when it is answered.
//! <https://www.postgresql.org/docs/current/protocol-message-formats.html>

use std::collections::HashMap;

/// Cuts a stream into messages.
#[derive(Debug)]
pub struct Frames {
    buffer: Vec<u8>,
    started: bool,
}

impl Frames {
    /// Of a client: the first message has no type.
    pub const fn of_client() -> Self {
        Self { buffer: Vec::new(), started: false }
    }

    /// Of a server.
    pub const fn of_server() -> Self {
        Self { buffer: Vec::new(), started: true }
    }

    /// Takes in what was read.
    pub fn extend(&mut self, read: &[u8]) {
        self.buffer.extend_from_slice(read);
    }

    /// The next whole message, its type and length included.
    pub fn next(&mut self) -> Option<Vec<u8>> {
        let head = usize::from(self.started);
        let length = self.buffer.get(head..head + 4)?;
        let length = u32::from_be_bytes([length[0], length[1], length[2], length[3]]) as usize + head;
        if self.buffer.len() < length.max(head + 4) {
            return None;
        }
        let rest = self.buffer.split_off(length.max(head + 4));
        let message = std::mem::replace(&mut self.buffer, rest);
        // A request for TLS comes before the first message proper.
        self.started |= !asks_for_tls(&message);
        Some(message)
    }
}

/// Whether it is `SSLRequest` or `GSSENCRequest`.
pub fn asks_for_tls(message: &[u8]) -> bool {
    matches!(message, [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f | 0x30])
}

/// Whether a client's first message is that of a program that makes a backup.
pub fn is_of_backup(message: &[u8]) -> bool {
    let words: Vec<&[u8]> = message.get(8..).unwrap_or_default().split(|byte| *byte == 0).collect();
    words.chunks(2).any(|pair| pair == [b"application_name".as_slice(), b"plexica-backup"])
}

/// What a connection has prepared, and what its transaction has written first.
#[derive(Debug, Default)]
pub struct Statements {
    prepared: HashMap<String, String>,
    portals: HashMap<String, String>,
    written: Option<String>,
}

/// What a message of a client does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The statement, on one line; that of an end tells what it is the end of.
    pub sql: String,
    /// Whether it may change something for good.
    pub writes: bool,
}

impl Statements {
    /// The statement that a message has the server run, if it does.
    pub fn asked(&mut self, message: &[u8]) -> Option<Asked> {
        let (kind, body) = (message.first()?, message.get(5..)?);
        let sql = match kind {
            b'P' => {
                let (name, rest) = text(body)?;
                let (sql, _) = text(rest)?;
                self.prepared.insert(name, sql);
                return None;
            }
            b'B' => {
                let (portal, rest) = text(body)?;
                let (name, _) = text(rest)?;
                self.portals.insert(portal, name);
                return None;
            }
            b'E' => self.prepared.get(self.portals.get(&text(body)?.0)?)?.clone(),
            b'Q' => text(body)?.0,
            _ => return None,
        };
        let sql = sql.split_whitespace().collect::<Vec<_>>().join(" ");
        if starts(&sql, &["BEGIN"]) {
            // What was written before was not in this transaction.
            self.written = None;
        }
        if starts(&sql, &["COMMIT", "ROLLBACK"]) {
            return Some(match self.written.take() {
                // Each end would be like any other.
                Some(first) => Asked { sql: format!("{sql} of {first}"), writes: true },
                None => Asked { sql, writes: false },
            });
        }
        let writes = writes(&sql);
        if writes && self.written.is_none() {
            self.written = Some(sql.clone());
        }
        Some(Asked { sql, writes })
    }
}

fn text(bytes: &[u8]) -> Option<(String, &[u8])> {
    let end = bytes.iter().position(|byte| *byte == 0)?;
    Some((String::from_utf8_lossy(&bytes[..end]).into_owned(), &bytes[end + 1..]))
}

fn writes(sql: &str) -> bool {
    const WORDS: [&str; 9] =
        ["CREATE ", "ALTER ", "DROP ", "GRANT ", "REVOKE ", "COMMENT ", "INSERT ", "UPDATE ", "DELETE "];
    WORDS.iter().any(|word| sql.contains(word))
}

fn starts(sql: &str, words: &[&str]) -> bool {
    words.iter().any(|word| sql.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word)))
}

/// `ErrorResponse` of a server that ends the connection.
pub fn fatal(code: &str, text: &str) -> Vec<u8> {
    let fields = format!("SFATAL\0VFATAL\0C{code}\0M{text}\0\0");
    let length = u32::try_from(fields.len() + 4).unwrap_or(u32::MAX);
    [b"E".as_slice(), &length.to_be_bytes(), fields.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
        [&[kind], length.as_slice(), body].concat()
    }

    #[test]
    fn messages_are_cut_wherever_they_are_read() {
        let tls = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];
        let startup = [0, 0, 0, 9, 0, 3, 0, 0, 0];
        let query = message(b'Q', b"SELECT 1\0");
        let sync = message(b'S', b"");
        let all = [tls.as_slice(), &startup, &query, &sync].concat();
        for step in [1, 2, 3, 7, all.len()] {
            let mut frames = Frames::of_client();
            let mut cut = Vec::new();
            for read in all.chunks(step) {
                frames.extend(read);
                cut.extend(std::iter::from_fn(|| frames.next()));
            }
            assert_eq!(cut, [tls.to_vec(), startup.to_vec(), query.clone(), sync.clone()], "{step}");
        }
    }

    #[test]
    fn what_is_run_is_known_when_it_is_run() {
        let mut statements = Statements::default();
        let mut asked = |kind, body: &[u8]| statements.asked(&message(kind, body)).map(|asked| asked.writes);
        assert_eq!(asked(b'P', b"s1\0INSERT INTO note VALUES (1)\0\0\0"), None);
        assert_eq!(asked(b'P', b"s2\0SELECT 1\0\0\0"), None);
        assert_eq!(asked(b'Q', b"BEGIN\0"), Some(false));
        assert_eq!(asked(b'B', b"\0s2\0"), None);
        assert_eq!(asked(b'E', b"\0\0\0\0\0"), Some(false));
        assert_eq!(asked(b'Q', b"COMMIT\0"), Some(false), "nothing was written");
        assert_eq!(asked(b'Q', b"BEGIN\0"), Some(false));
        assert_eq!(asked(b'B', b"\0s1\0"), None);
        assert_eq!(asked(b'E', b"\0\0\0\0\0"), Some(true));
        assert_eq!(asked(b'Q', b"COMMIT\0"), Some(true));
        assert_eq!(asked(b'Q', b"COMMIT\0"), Some(false));
        assert_eq!(asked(b'E', b"unknown\0\0\0\0\0"), None);
    }

    #[test]
    fn an_end_tells_what_it_is_the_end_of() {
        let mut statements = Statements::default();
        let mut ends = |all: &[&str]| {
            let mut asked = |sql: &&str| statements.asked(&message(b'Q', format!("{sql}\0").as_bytes())).unwrap();
            let Asked { sql, writes } = all.iter().map(&mut asked).last().unwrap();
            (sql, writes)
        };
        let first = ["begin", "SELECT 1", "INSERT INTO\n  note VALUES (1)", "DROP TABLE note", "commit"];
        assert_eq!(ends(&first), ("commit of INSERT INTO note VALUES (1)".to_owned(), true));
        let by_itself = ["DROP TABLE note", "BEGIN", "SELECT 1", "COMMIT"];
        assert_eq!(ends(&by_itself), ("COMMIT".to_owned(), false), "it was done before");
        assert_eq!(ends(&["BEGIN", "DROP TABLE note", "ROLLBACK"]), ("ROLLBACK of DROP TABLE note".to_owned(), true));
    }

    #[test]
    fn the_program_that_dumps_is_known_by_its_first_message() {
        let startup = |parameters: &[u8]| {
            let body = [&[0, 3, 0, 0], parameters, b"\0"].concat();
            [u32::try_from(body.len() + 4).unwrap().to_be_bytes().as_slice(), &body].concat()
        };
        assert!(is_of_backup(&startup(b"user\0u\0database\0d\0application_name\0plexica-backup\0")));
        assert!(!is_of_backup(&startup(b"user\0application_name\0database\0plexica-backup\0")));
        assert!(!is_of_backup(&startup(b"user\0u\0")));
        assert!(!is_of_backup(&[0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]));
    }

    #[test]
    fn a_fatal_error_is_one_message() {
        let mut frames = Frames::of_server();
        frames.extend(&fatal("57P01", "gone"));
        assert_eq!(frames.next().unwrap()[0], b'E');
        assert_eq!(frames.next(), None);
    }
}
