//! Ports on loopback for the parts.

use std::env;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use crate::error::{Error, Result};

/// Below the ports Linux hands to outgoing connections, so that none is lost to one.
const DEFAULT: (u16, u16) = (21_000, 21_999);

/// The ports one part may use: parts that start at the same time never want the same one.
#[derive(Debug, Clone)]
pub struct Ports {
    next: u16,
    last: u16,
}

impl Ports {
    /// Share `place` out of `shares` of the range `PLEXICA_PORTS=FROM-TO`.
    pub fn share(place: usize, shares: usize) -> Result<Self> {
        let (from, to) = range(env::var("PLEXICA_PORTS").ok().as_deref())?;
        Ok(divide(from, to, place, shares))
    }

    /// The next free one.
    pub fn next(&mut self) -> Result<u16> {
        for port in self.next..=self.last {
            if TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).is_ok() {
                self.next = port + 1;
                return Ok(port);
            }
        }
        Err(Error::NoPort { from: self.next, to: self.last })
    }
}

fn divide(from: u16, to: u16, place: usize, shares: usize) -> Ports {
    let [from, to, place, shares] = [usize::from(from), usize::from(to), place, shares].map(|n| n as u64);
    let border = |place| from + (to + 1 - from) * place / shares;
    let port = |value: u64| u16::try_from(value).unwrap_or(u16::MAX);
    Ports { next: port(border(place)), last: port(border(place + 1).saturating_sub(1)) }
}

fn range(value: Option<&str>) -> Result<(u16, u16)> {
    let Some(value) = value else {
        return Ok(DEFAULT);
    };
    let parsed =
        value.split_once('-').and_then(|(from, to)| Some((from.trim().parse().ok()?, to.trim().parse().ok()?)));
    match parsed {
        Some((from, to)) if 0 < from && from <= to => Ok((from, to)),
        _ => Err(Error::Usage(format!("PLEXICA_PORTS is `{value}`, but must be FROM-TO, for example 21000-21999"))),
    }
}

/// Whether a plain GET on loopback answers 200.
pub fn answers(port: u16, path: &str) -> bool {
    let Some(mut stream) = connect(port) else {
        return false;
    };
    let request = format!("GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n");
    let mut head = [0_u8; 12];
    let answered = stream.write_all(request.as_bytes()).and_then(|()| stream.read_exact(&mut head));
    answered.is_ok() && head.ends_with(b" 200")
}

fn connect(port: u16) -> Option<TcpStream> {
    let patience = Duration::from_secs(1);
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let stream = TcpStream::connect_timeout(&address, patience).ok()?;
    stream.set_read_timeout(Some(patience)).ok()?;
    Some(stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_two_ordered_ports() {
        assert_eq!(range(None).unwrap(), DEFAULT);
        assert_eq!(range(Some("1-2")).unwrap(), (1, 2));
        assert_eq!(range(Some("7 - 7")).unwrap(), (7, 7));
        for refused in ["", "1", "2-1", "0-9", "1-70000", "a-b", "1-2-3"] {
            assert!(range(Some(refused)).is_err(), "{refused}");
        }
    }

    #[test]
    fn shares_do_not_overlap_and_leave_nothing() {
        let shares: Vec<Ports> = (0..8).map(|place| divide(21_000, 21_999, place, 8)).collect();
        assert_eq!((shares[0].next, shares[7].last), (21_000, 21_999));
        for pair in shares.windows(2) {
            assert_eq!(pair[0].last + 1, pair[1].next);
        }
    }

    #[test]
    fn a_port_is_given_out_once() {
        let mut ports = divide(21_900, 21_999, 0, 1);
        assert!(ports.next().unwrap() < ports.next().unwrap());
        let mut none = divide(21_900, 21_899, 0, 1);
        assert!(matches!(none.next(), Err(Error::NoPort { .. })));
    }
}
