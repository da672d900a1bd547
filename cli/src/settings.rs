//! What a single service is told: a file, the environment, flags. See `deploy/config` for examples.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use batcher::BatcherConfig;
use eyre::{Result, WrapErr};
use l1::{L1Config, tx::TxConfig};
use protocol::RollupConfig;
use sequencer::{SequencerConfig, api::AdminSettings};
use serde::Deserialize;
use service::{Layers, Secret};
use verifier::VerifierConfig;

use crate::args::ServiceArgs;

/// Prefix of all environment variables.
const PREFIX: &str = "BRAID_";
/// Variables with the prefix that are not settings of a service.
const NOT_SETTINGS: [&str; 10] = [
    "BRAID_KEY_FILE",
    "BRAID_L1_RPC",
    "BRAID_L2_RPC",
    "BRAID_LOG",
    "BRAID_LOG_FORMAT",
    "BRAID_CONFIG",
    "BRAID_POSTGRES_BIN",
    "BRAID_ANVIL",
    "BRAID_VECTORS",
    "BRAID_TEST_LOG",
];

fn local(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

fn metrics_listen() -> SocketAddr {
    local(9100)
}

fn listen() -> SocketAddr {
    local(9545)
}

/// Settings of `braid sequencer`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SequencerSettings {
    /// The chain's configuration.
    pub(crate) rollup_config: PathBuf,
    /// Postgres connection string.
    pub(crate) database_url: Secret,
    /// JSON-RPC, WebSocket, gRPC.
    #[serde(default = "listen")]
    pub(crate) listen: SocketAddr,
    /// Prometheus and health.
    #[serde(default = "metrics_listen")]
    pub(crate) metrics_listen: SocketAddr,
    /// The operators' door; absent: there is none.
    pub(crate) admin: Option<AdminFile>,
    /// The way to L1.
    pub(crate) l1: L1Config,
    /// Everything else.
    #[serde(default)]
    pub(crate) sequencer: SequencerConfig,
}

/// Where the operators' door of the sequencer is, and who may come in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdminFile {
    /// JSON-RPC over HTTP, `admin_*` alone.
    pub(crate) listen: SocketAddr,
    /// File with the bearer token that is asked for; absent: none is.
    pub(crate) token_file: Option<PathBuf>,
    /// Lets other machines in, with the token. What is said is not encrypted.
    #[serde(default)]
    pub(crate) allow_remote: bool,
}

/// Settings of `braid batcher`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BatcherSettings {
    /// The chain's configuration.
    pub(crate) rollup_config: PathBuf,
    /// Postgres connection string; the sequencer's database.
    pub(crate) database_url: Secret,
    /// Prometheus and health.
    #[serde(default = "metrics_listen")]
    pub(crate) metrics_listen: SocketAddr,
    /// File with the key that posts batches.
    pub(crate) batcher_key_file: PathBuf,
    /// The way to L1.
    pub(crate) l1: L1Config,
    /// How L1 transactions are sent.
    #[serde(default)]
    pub(crate) tx: TxConfig,
    /// Everything else.
    #[serde(default)]
    pub(crate) batcher: BatcherConfig,
}

/// Settings of `braid verifier`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct VerifierSettings {
    /// The chain's configuration.
    pub(crate) rollup_config: PathBuf,
    /// Postgres connection string; a database of its own.
    pub(crate) database_url: Secret,
    /// Prometheus, health and status.
    #[serde(default = "metrics_listen")]
    pub(crate) metrics_listen: SocketAddr,
    /// The way to L1.
    pub(crate) l1: L1Config,
    /// gRPC door of a sequencer whose access lists make execution quicker. Nothing it says is believed.
    pub(crate) access_lists: Option<String>,
    /// File with the key that proposes, whoever's it is; absent: nothing is proposed.
    pub(crate) proposer_key_file: Option<PathBuf>,
    /// File with the key that plays disputes, another one than proposes; absent: it is only said what should be done.
    pub(crate) challenger_key_file: Option<PathBuf>,
    /// How L1 transactions are sent.
    #[serde(default)]
    pub(crate) tx: TxConfig,
    /// Everything else.
    #[serde(default)]
    pub(crate) verifier: VerifierConfig,
}

fn is_setting(variable: &str) -> bool {
    variable.starts_with(PREFIX)
        && !NOT_SETTINGS.contains(&variable)
        && !variable.starts_with("BRAID_DEVNET_")
}

/// What the environment says about settings.
pub(crate) fn variables() -> impl Iterator<Item = (String, String)> {
    std::env::vars().filter(|(name, _)| is_setting(name))
}

/// Reads the settings of a service: flags over environment over file over defaults.
pub(crate) fn read<T: for<'de> Deserialize<'de>>(args: &ServiceArgs) -> Result<T> {
    let mut layers = Layers::new();
    if let Some(path) = &args.config {
        layers = layers.file(path)?;
    }
    let text = |value: &Option<SocketAddr>| value.map(|value| value.to_string());
    let path = args.rollup_config.as_ref().map(|path| path.display().to_string());
    let endpoints = (!args.l1_rpc.is_empty()).then(|| args.l1_rpc.clone());
    layers
        .environment(PREFIX, variables())
        .flag("rollup_config", path)
        .flag("database_url", args.database_url.clone())
        .flag("listen", text(&args.listen))
        .flag("metrics_listen", text(&args.metrics_listen))
        .flag("l1.endpoints", endpoints)
        .read()
        .wrap_err("the settings cannot be used")
}

/// Reads the token.
pub(crate) fn admin(file: &AdminFile) -> Result<AdminSettings> {
    let token = file.token_file.as_ref().map(|path| {
        let text = fs::read_to_string(path)
            .wrap_err_with(|| format!("cannot read the token file {}", path.display()))?;
        eyre::Ok(Secret::new(text.trim().to_owned()))
    });
    let token = token.transpose()?;
    Ok(AdminSettings { listen: file.listen, token, allow_remote: file.allow_remote })
}

/// Reads `rollup.json`.
pub(crate) fn rollup(path: &Path) -> Result<RollupConfig> {
    let text = fs::read_to_string(path)
        .wrap_err_with(|| format!("cannot read the chain's configuration {}", path.display()))?;
    let config: RollupConfig = serde_json::from_str(&text)
        .wrap_err_with(|| format!("{} is not a chain's configuration", path.display()))?;
    config.validate().wrap_err_with(|| format!("{} is not valid", path.display()))?;
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(name: &str) -> ServiceArgs {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/config").join(name);
        ServiceArgs {
            config: Some(path),
            rollup_config: None,
            database_url: None,
            l1_rpc: Vec::new(),
            metrics_listen: None,
            listen: None,
        }
    }

    #[test]
    fn the_example_files_are_valid() {
        let sequencer: SequencerSettings = read(&example("sequencer.toml")).unwrap();
        sequencer.sequencer.validate().unwrap();
        assert!(
            sequencer.admin.is_none(),
            "the operators' door is there only where somebody wants it"
        );
        let node: SequencerSettings = read(&example("node.toml")).unwrap();
        node.sequencer.validate().unwrap();
        let batcher: BatcherSettings = read(&example("batcher.toml")).unwrap();
        assert!(batcher.batcher_key_file.ends_with("batcher.key"));
        let verifier: VerifierSettings = read(&example("verifier.toml")).unwrap();
        assert_eq!(verifier.l1.endpoints.len(), 2);
        assert_eq!(verifier.proposer_key_file, None, "nobody proposes without having said so");
        assert_eq!(verifier.challenger_key_file, None, "nor plays");
    }

    #[test]
    fn the_token_of_the_operators_is_read_from_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        fs::write(&path, "only the operator knows\n").unwrap();
        let layers = Layers::new().flag("listen", Some("127.0.0.1:9546"));
        let file = |layers: Layers| layers.read::<AdminFile>().unwrap();
        assert!(admin(&file(layers.clone())).unwrap().token.is_none());
        let layers = layers.flag("token_file", path.to_str());
        let settings = admin(&file(layers.clone())).unwrap();
        assert_eq!(settings.token.unwrap().reveal(), "only the operator knows");
        assert_eq!((settings.listen, settings.allow_remote), (local(9546), false));
        fs::remove_file(&path).unwrap();
        assert!(admin(&file(layers)).unwrap_err().to_string().contains("token file"));
    }

    #[test]
    fn flags_win_over_the_file() {
        let mut args = example("sequencer.toml");
        args.listen = Some(local(1234));
        args.l1_rpc = vec!["http://127.0.0.1:1".into()];
        let settings: SequencerSettings = read(&args).unwrap();
        assert_eq!(settings.listen, local(1234));
        assert_eq!(settings.l1.endpoints, ["http://127.0.0.1:1".into()]);
        assert_eq!(format!("{:?}", settings.database_url), "[secret]");
    }
}
