//! Services: a name and an address that lead to the pod that is ready.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::OpenOptions,
    io::Write,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};

use super::pod::own_address;

/// What is known of them.
#[derive(Debug)]
pub struct Services {
    hosts: PathBuf,
    known: Mutex<BTreeMap<String, Service>>,
}

#[derive(Debug)]
struct Service {
    address: SocketAddr,
    leads_to: watch::Sender<Option<SocketAddr>>,
    _serves: JoinSet<()>,
}

impl Services {
    /// None yet; their names will be in a hosts file in that folder.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn new(folder: &Path) -> Self {
        let hosts = folder.join("hosts");
        std::fs::copy("/etc/hosts", &hosts).unwrap();
        Self { hosts, known: Mutex::default() }
    }

    /// The hosts file.
    pub fn hosts(&self) -> &Path {
        &self.hosts
    }

    /// The address of one.
    pub fn address(&self, host: &str) -> Option<SocketAddr> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(host).map(|service| service.address)
    }

    /// Those are there, and no others. A name keeps its address, since who reads the file may do so at any moment.
    pub async fn are(&self, hosts: BTreeSet<String>) {
        let new = {
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.iter().filter(|(host, _)| !hosts.contains(*host)).for_each(|(_, gone)| {
                gone.leads_to.send_replace(None);
            });
            hosts.into_iter().filter(|host| !known.contains_key(host)).collect::<Vec<_>>()
        };
        for host in new {
            // An address that is taken is another's: the next look draws another one.
            let Ok(listener) = TcpListener::bind(own_address()).await else { continue };
            let Ok(address) = listener.local_addr() else { continue };
            let (leads_to, target) = watch::channel(None);
            let mut serves = JoinSet::new();
            serves.spawn(serve(listener, target));
            let line = format!("{} {host}\n", address.ip());
            let written =
                OpenOptions::new().append(true).open(&self.hosts).and_then(|mut file| file.write_all(line.as_bytes()));
            written.expect("the hosts file is there");
            let service = Service { address, leads_to, _serves: serves };
            self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(host, service);
        }
    }

    /// Requests to it go there from now on.
    pub fn lead(&self, host: &str, to: SocketAddr) {
        if let Some(service) = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(host) {
            service.leads_to.send_replace(Some(to));
        }
    }
}

async fn serve(listener: TcpListener, target: watch::Receiver<Option<SocketAddr>>) {
    let mut connections = JoinSet::new();
    while let Ok((mut here, _)) = listener.accept().await {
        let to = *target.borrow();
        // Without a pod the connection ends at once, as one does that nobody takes.
        let Some(to) = to else { continue };
        connections.spawn(async move {
            if let Ok(mut there) = TcpStream::connect(to).await {
                // Either side may end it at any time.
                let _ended = copy_bidirectional(&mut here, &mut there).await;
            }
        });
        while connections.try_join_next().is_some() {}
    }
}
