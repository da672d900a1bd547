//! Quotas: how much one client, and one sender, may ask of all doors together.
//!
//! ```text
//!  request ─▶ whose? (key, address) ─▶ requests, concurrency ─▶ parse ─▶ gas ─▶ recover ─▶ sender ─▶ mempool
//!                                                                └─▶ call ─▶ its CPU time and gas are charged
//! ```
//! Not here: words for clients (`api/errors.rs`, `api/grpc/status.rs`). Invariant: a refusal says truly how long to wait,
//! and costs less than the work that it refuses.

mod address;
mod bucket;
mod client;
mod config;
mod table;

use std::{
    net::IpAddr,
    time::{Duration, Instant},
};

use alloy::primitives::{Address, B256, keccak256, map::HashMap};
use axum::http::{HeaderMap, Uri};

pub use bucket::Rate;
pub use client::Client;
pub(crate) use client::Running;
pub use config::{ApiKey, ClientQuota, QuotaConfig, SenderQuota};

use self::{
    bucket::Bucket,
    client::Used,
    table::{Forgettable, Table},
};
use crate::metrics;

/// Which quota is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Requests of a client.
    Requests,
    /// Gas of a client.
    Gas,
    /// CPU time of a client.
    Cpu,
    /// What a client has under way.
    Running,
    /// Connections of a client.
    Sockets,
    /// Transactions of a sender.
    SenderRequests,
    /// Gas of a sender.
    SenderGas,
}

impl Reason {
    /// A short constant word, for metrics and clients.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Gas => "gas",
            Self::Cpu => "cpu",
            Self::Running => "running",
            Self::Sockets => "sockets",
            Self::SenderRequests => "sender_requests",
            Self::SenderGas => "sender_gas",
        }
    }
}

/// Work that was refused because a quota is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("quota used up: {}", reason.word())]
pub struct Refused {
    /// Which quota.
    pub reason: Reason,
    /// How long until the same work would be taken, if nothing else is asked for meanwhile.
    pub wait: Duration,
}

impl Refused {
    fn new(reason: Reason, wait: Duration) -> Self {
        metrics::refused(reason.word());
        Self { reason, wait }
    }
}

/// Why a request is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// It presents an API key that nobody has been given.
    #[error("unknown API key")]
    UnknownKey,
    /// Its client has used up a quota.
    #[error("request is beyond a quota")]
    Refused(#[source] Refused),
}

/// All clients and senders, and what they have used.
#[derive(Debug)]
pub struct Quotas {
    config: QuotaConfig,
    /// By the hash of their key, so that the key itself is nowhere.
    keyed: HashMap<B256, Client>,
    clients: Table<IpAddr, Used>,
    senders: Table<Address, SenderUsed>,
    start: Instant,
}

#[derive(Debug, Default)]
struct SenderUsed {
    requests: Bucket,
    gas: Bucket,
}

impl Forgettable for SenderUsed {
    fn is_as_new(&self, now: u64) -> bool {
        self.requests.is_full(now) && self.gas.is_full(now)
    }
}

impl Quotas {
    /// Nobody has used anything yet.
    pub fn new(config: QuotaConfig) -> Self {
        let start = Instant::now();
        let keyed = config.keys.iter().map(|key| {
            let client = Client::counted(Default::default(), key.quota, start, true);
            (keccak256(key.key.reveal()), client)
        });
        Self {
            keyed: keyed.collect(),
            clients: Table::new(config.clients_max),
            senders: Table::new(config.clients_max),
            start,
            config,
        }
    }

    /// Lets a request in: counts it, and says whose it is.
    ///
    /// # Errors
    /// When its client may not ask now, or presents a key that is none.
    pub(crate) fn admit(
        &self,
        peer: IpAddr,
        headers: &HeaderMap,
        uri: &Uri,
    ) -> Result<(Client, Running), Denied> {
        let key = address::presented_key(headers, uri).map(keccak256);
        let known = key.and_then(|key| self.keyed.get(&key));
        let client = match known {
            Some(client) => client.clone(),
            None => self.client_at(address::source(peer, headers, &self.config.trusted_proxies)),
        };
        client.request(1).map_err(Denied::Refused)?;
        if key.is_some() && known.is_none() {
            metrics::refused("key");
            return Err(Denied::UnknownKey);
        }
        let running = client.enter().map_err(Denied::Refused)?;
        Ok((client, running))
    }

    /// Lets a connection in. A trusted proxy may have as many as it likes.
    ///
    /// # Errors
    /// When its address has too many.
    pub(crate) fn socket(&self, peer: IpAddr) -> Result<Running, Refused> {
        let peer = peer.to_canonical();
        if self.config.trusted_proxies.contains(&peer) {
            return Client::exempt().connect();
        }
        self.client_at(peer).connect()
    }

    fn client_at(&self, address: IpAddr) -> Client {
        if self.config.loopback_exempt && address.is_loopback() {
            return Client::exempt();
        }
        let used = self.clients.get(address::network(address), self.now());
        Client::counted(used, self.config.client, self.start, false)
    }

    /// Asks for one transaction of a sender, sent by `client`.
    pub(crate) fn sender(
        &self,
        client: &Client,
        sender: Address,
        gas_limit: u64,
    ) -> Result<(), Refused> {
        if !client.counts_senders() {
            return Ok(());
        }
        let (quota, now) = (&self.config.sender, self.now());
        let used = self.senders.get(sender, now);
        let taken = used.requests.take(quota.requests, 1, now);
        taken.map_err(|wait| Refused::new(Reason::SenderRequests, wait))?;
        let taken = used.gas.take(quota.gas, gas_limit, now);
        taken.map_err(|wait| Refused::new(Reason::SenderGas, wait))
    }

    /// The settings, for those who publish them.
    pub(crate) const fn config(&self) -> &QuotaConfig {
        &self.config
    }

    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests;
