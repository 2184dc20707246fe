//! Addresses on loopback. They are kept from one start to the next where they are free, so that
//! issuers in old tokens and kubeconfigs in other shells stay right.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr, TcpListener},
};

use super::{DataDir, Error};

const FILE: &str = "ports.json";

/// Ports of one data folder.
pub struct Addresses<'a> {
    data: &'a DataDir,
    ports: BTreeMap<String, u16>,
}

impl<'a> Addresses<'a> {
    /// As the last start left them; a damaged file only means other ports.
    pub fn load(data: &'a DataDir) -> Self {
        let text = std::fs::read(data.join(FILE)).unwrap_or_default();
        Self { data, ports: serde_json::from_slice(&text).unwrap_or_default() }
    }

    /// The last address of this part, or a free one.
    pub fn of(&mut self, part: &str) -> Result<SocketAddr, Error> {
        let last = self.ports.get(part).copied().unwrap_or(0);
        let address = free(last).or_else(|_| free(0)).map_err(Error::file(self.data.path()))?;
        self.ports.insert(part.to_owned(), address.port());
        let text = serde_json::to_vec(&self.ports).unwrap_or_default();
        self.data.write_private(FILE, &text)?;
        Ok(address)
    }
}

/// The address people chose, if it can be had.
pub fn chosen(port: u16) -> Result<SocketAddr, Error> {
    free(port).map_err(|_| Error::PortTaken { port })
}

fn free(port: u16) -> std::io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))?.local_addr()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_port_is_kept_unless_it_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::open(folder.path(), false).unwrap();
        let first = Addresses::load(&data).of("issuer").unwrap();
        assert_eq!(Addresses::load(&data).of("issuer").unwrap(), first);
        let taken = TcpListener::bind(first).unwrap();
        assert_ne!(Addresses::load(&data).of("issuer").unwrap(), first);
        assert!(matches!(chosen(taken.local_addr().unwrap().port()), Err(Error::PortTaken { .. })));
    }
}
