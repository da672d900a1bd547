//! The settings of the quotas. Every number can be read by clients in `rollup_config`, but for those of API keys.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use service::Secret;

use super::Rate;
use crate::ConfigError;

/// A key that is shorter could be guessed.
const KEY_BYTES_MIN: usize = 16;

/// What one client, and one sender, may ask of the doors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct QuotaConfig {
    /// Clients of this machine have no quotas. Not for a sequencer behind a proxy on the same machine, unless that proxy
    /// is among the trusted ones.
    pub loopback_exempt: bool,
    /// Proxies that are believed when they say in `X-Forwarded-For` whom they speak for.
    pub trusted_proxies: Vec<IpAddr>,
    /// Addresses, and senders, that are told apart at a time. Where there are more, the rest share one quota.
    pub clients_max: usize,
    /// Of one IP address, or of one /64 network of IPv6.
    pub client: ClientQuota,
    /// Of one sender of transactions, whatever addresses they come from.
    pub sender: SenderQuota,
    /// Clients with quotas of their own. They are not counted by address or sender.
    pub keys: Vec<ApiKey>,
}

/// What one client may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClientQuota {
    /// JSON-RPC calls, each item of a batch counted, and gRPC calls and transactions.
    pub requests: Rate,
    /// Gas limits of sent transactions, and gas that calls and estimates used.
    pub gas: Rate,
    /// Microseconds of a CPU that calls, estimates and reads of state took.
    pub cpu_us: Rate,
    /// HTTP requests and gRPC calls under way, and WebSocket connections.
    pub running_max: u32,
    /// Connections that are open, whatever is said on them. They are counted by address, also those of keys.
    pub sockets_max: u32,
}

/// What one sender may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SenderQuota {
    /// Transactions with its signature.
    pub requests: Rate,
    /// Their gas limits.
    pub gas: Rate,
}

/// A client that says who it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiKey {
    /// Names it in the configuration's errors.
    pub name: String,
    /// What the client presents.
    #[serde(skip_serializing)]
    pub key: Secret,
    /// What it may do.
    #[serde(default)]
    pub quota: ClientQuota,
}

impl Default for QuotaConfig {
    fn default() -> Self {
        Self {
            loopback_exempt: false,
            trusted_proxies: Vec::new(),
            clients_max: 65_536,
            client: ClientQuota::default(),
            sender: SenderQuota::default(),
            keys: Vec::new(),
        }
    }
}

impl Default for ClientQuota {
    fn default() -> Self {
        Self {
            requests: Rate { per_second: 500, burst: 5_000 },
            gas: Rate { per_second: 200_000_000, burst: 2_000_000_000 },
            cpu_us: Rate { per_second: 500_000, burst: 5_000_000 },
            running_max: 256,
            sockets_max: 512,
        }
    }
}

impl Default for SenderQuota {
    fn default() -> Self {
        Self {
            requests: Rate { per_second: 200, burst: 2_048 },
            gas: Rate { per_second: 100_000_000, burst: 1_000_000_000 },
        }
    }
}

impl ClientQuota {
    const fn is_possible(&self) -> bool {
        self.requests.is_possible()
            && self.gas.is_possible()
            && self.cpu_us.is_possible()
            && self.running_max > 0
            && self.sockets_max > 0
    }
}

impl QuotaConfig {
    /// Checks what the types cannot say.
    pub(crate) fn validate(&self) -> Result<(), ConfigError> {
        let sender = self.sender.requests.is_possible() && self.sender.gas.is_possible();
        let distinct = |index: usize, key: &ApiKey| {
            self.keys[..index].iter().all(|other| other.name != key.name && other.key != key.key)
        };
        let long = |key: &ApiKey| key.key.reveal().len() >= KEY_BYTES_MIN;
        let keys = || self.keys.iter().enumerate();
        let checks = [
            (self.clients_max > 0, "quotas.clients_max", "above zero"),
            (self.client.is_possible(), "quotas.client", "above zero in every number"),
            (sender, "quotas.sender", "above zero in every number"),
            (
                keys().all(|(_, key)| key.quota.is_possible()),
                "quotas.keys.quota",
                "above zero in every number",
            ),
            (keys().all(|(_, key)| !key.name.is_empty()), "quotas.keys.name", "a name"),
            (keys().all(|(_, key)| long(key)), "quotas.keys.key", "at least 16 bytes"),
            (
                keys().all(|(index, key)| distinct(index, key)),
                "quotas.keys",
                "different from one another in name and key",
            ),
        ];
        match checks.into_iter().find(|(holds, _, _)| !holds) {
            Some((_, name, range)) => Err(ConfigError::OutOfRange { name, range }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(change: impl FnOnce(&mut QuotaConfig)) -> &'static str {
        let mut config = QuotaConfig::default();
        change(&mut config);
        let ConfigError::OutOfRange { name, .. } = config.validate().unwrap_err();
        name
    }

    fn key(name: &str, key: &str) -> ApiKey {
        let key = Secret::new(key.to_owned());
        ApiKey { name: name.to_owned(), key, quota: ClientQuota::default() }
    }

    #[test]
    fn what_cannot_be_is_refused_by_name() {
        QuotaConfig::default().validate().unwrap();
        assert_eq!(refused(|config| config.clients_max = 0), "quotas.clients_max");
        assert_eq!(refused(|config| config.client.gas.per_second = 0), "quotas.client");
        assert_eq!(refused(|config| config.sender.requests.burst = 0), "quotas.sender");
        assert_eq!(refused(|config| config.keys = vec![key("a", "short")]), "quotas.keys.key");
        let same = "0123456789abcdef";
        let twice = vec![key("a", same), key("b", same)];
        assert_eq!(refused(|config| config.keys = twice), "quotas.keys");
    }

    #[test]
    fn keys_are_read_and_never_written() {
        let text = r#"{"keys": [{"name": "indexer", "key": "0123456789abcdef",
            "quota": {"requests": {"per_second": 5000, "burst": 9000}}}]}"#;
        let config: QuotaConfig = serde_json::from_str(text).unwrap();
        config.validate().unwrap();
        assert_eq!(config.keys[0].quota.requests.burst, 9_000);
        assert_eq!(config.keys[0].quota.running_max, ClientQuota::default().running_max);
        let shown = format!("{config:?} {}", serde_json::to_string(&config).unwrap());
        assert!(!shown.contains("0123456789abcdef"), "{shown}");
    }
}
