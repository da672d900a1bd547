//! Both chains, and what ties them together. What can be checked on L1 is checked before anything is sent there.
//!
//! The chain's configuration comes from a file or, where none is named, from the L2 node. Only the file helps against a
//! node that names contracts of its own. L2 is asked only when it is needed: a deposit must be possible without it.

use std::{fs, path::Path, time::Duration};

use alloy::{
    eips::BlockNumberOrTag,
    primitives::{Address, B256, U256},
    providers::{Provider, ProviderBuilder},
    signers::local::PrivateKeySigner,
    transports::http::reqwest,
};
use bindings::{
    DisputeOracle, L1CrossDomainMessenger, L1StandardBridge, L2StandardBridge, Portal,
    predeploys::OTHER_BRIDGE_SLOT,
};
use eyre::{Result, WrapErr, ensure, eyre};
use l1::{EndpointUrl, L1Client, L1Config, Outputs};
use protocol::{BlockId, L1Contracts, predeploys::L2_STANDARD_BRIDGE};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::OnceCell;

use super::{
    amount::ether,
    args::LinkArgs,
    layer::{Layer, Name},
    stage::Terms,
};

/// How long L2 may take to answer.
const L2_ANSWER_TIME_MAX: Duration = Duration::from_secs(30);

/// The two chains.
#[derive(Debug)]
pub(crate) struct Link {
    /// L1 by block hash.
    pub(crate) client: L1Client,
    pub(crate) outputs: Outputs,
    pub(crate) l1: Layer,
    pub(crate) chain: ChainConfig,
    l2: Layer,
    l2_checked: OnceCell<()>,
}

/// The part of the chain's configuration that is needed here. The L2 node says more, and leaves the genesis accounts out.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChainConfig {
    l1_chain_id: u64,
    l2_chain_id: u64,
    /// L1 blocks within which a deposit's turn comes.
    pub(crate) sequencing_window: u64,
    pub(crate) contracts: L1Contracts,
    genesis: GenesisPart,
}

#[derive(Debug, Clone, Deserialize)]
struct GenesisPart {
    l1: BlockId,
    #[serde(default)]
    alloc: std::collections::BTreeMap<Address, AccountPart>,
}

#[derive(Debug, Clone, Deserialize)]
struct AccountPart {
    #[serde(default)]
    storage: std::collections::BTreeMap<B256, B256>,
}

impl Link {
    /// Connects to L1 and checks that the contracts there belong together.
    pub(crate) async fn connect(args: &LinkArgs) -> Result<Self> {
        let provider = l2_provider(&args.l2_rpc)?;
        let chain = match &args.rollup_config {
            Some(path) => from_file(path)?,
            None => from_node(&provider).await?,
        };
        let endpoints = args.l1_rpc.iter().map(|url| EndpointUrl::new(url.as_str())).collect();
        let config = L1Config { endpoints, ..L1Config::default() };
        let client = L1Client::connect(&config, chain.l1_chain_id)
            .await
            .wrap_err("cannot use L1 (--l1-rpc)")?;
        let l1 = Layer {
            name: Name::L1,
            provider: client.provider().clone().erased(),
            chain_id: chain.l1_chain_id,
        };
        let l2 = Layer { name: Name::L2, provider: provider.erased(), chain_id: chain.l2_chain_id };
        let outputs = Outputs::new(client.clone(), chain.contracts.output_oracle);
        let link = Self { client, outputs, l1, chain, l2, l2_checked: OnceCell::new() };
        link.check_l1().await?;
        Ok(link)
    }

    /// L2, after a look whether it is the right one.
    pub(crate) async fn l2(&self) -> Result<&Layer> {
        let check = || async {
            let found = self.l2.provider.get_chain_id().await;
            let found = found.wrap_err("the L2 node does not answer (--l2-rpc)")?;
            let expected = self.l2.chain_id;
            ensure!(
                found == expected,
                "the L2 node serves chain {found}, the configuration says {expected}: name another node with --l2-rpc"
            );
            Ok(())
        };
        self.l2_checked.get_or_try_init(check).await?;
        Ok(&self.l2)
    }

    /// What the oracle fixes for all withdrawals.
    pub(crate) async fn terms(&self) -> Result<Terms> {
        let oracle = self.chain.contracts.output_oracle;
        let l1 = &self.l1;
        let window = l1.view(oracle, DisputeOracle::FINALIZATION_PERIOD_SECONDSCall {}).await?;
        let interval = l1.view(oracle, DisputeOracle::SUBMISSION_INTERVALCall {}).await?;
        let block_time = l1.view(oracle, DisputeOracle::L2_BLOCK_TIMECall {}).await?;
        let number = |what: &str, number| {
            u64::try_from(number).map_err(|_| eyre!("the oracle's {what} is beyond all bounds"))
        };
        Ok(Terms {
            window: number("window", window)?,
            interval: number("interval", interval)?,
            block_time: number("block time", block_time)?,
        })
    }

    /// Hash and timestamp of the newest block of L1: what is read by one hash fits together.
    pub(crate) async fn l1_now(&self) -> Result<(B256, u64)> {
        let header = self.client.header(BlockNumberOrTag::Latest).await?;
        Ok((header.hash, header.timestamp))
    }

    /// The bridge on L1, which must be one of this portal.
    pub(crate) async fn bridge(&self) -> Result<Address> {
        let bridge = match self.chain.bridge() {
            Some(bridge) => bridge,
            None => {
                self.l2()
                    .await?
                    .view(L2_STANDARD_BRIDGE, L2StandardBridge::otherBridgeCall {})
                    .await?
            }
        };
        let portal = self.chain.contracts.portal;
        let messenger = self.l1.view(bridge, L1StandardBridge::messengerCall {}).await?;
        let found = self.l1.view(messenger, L1CrossDomainMessenger::portalCall {}).await?;
        ensure!(
            found == portal,
            "{bridge}, which L2 calls its bridge on L1, belongs to the portal {found}, and not to {portal}"
        );
        Ok(bridge)
    }

    /// The portal refuses (`NotEnoughEther`) what it has not got, so the withdrawal would wait. Ether that came to L2 by the
    /// bridge is always there, ether that genesis gave to somebody may not be.
    pub(crate) async fn portal_must_have(&self, value: U256) -> Result<()> {
        let portal = self.chain.contracts.portal;
        let balance = self.l1.provider.get_balance(portal).await;
        let balance = balance.wrap_err("cannot read the portal's balance on L1")?;
        ensure!(
            balance >= value,
            "the portal holds {} on L1, so a withdrawal of {} would have to wait: this chain has given out ether that was never deposited, as a devnet does; deposit some first, then try again",
            ether(balance),
            ether(value)
        );
        Ok(())
    }

    async fn check_l1(&self) -> Result<()> {
        let L1Contracts { portal, output_oracle, system_config, .. } = self.chain.contracts;
        ensure!(
            self.l1.has_code(portal).await?,
            "there is no contract at {portal} on L1, where the configuration says that the portal is: another L1 (--l1-rpc), or another chain (--rollup-config)?"
        );
        let oracle = self.l1.view(portal, Portal::outputOracleCall {}).await?;
        let config = self.l1.view(portal, Portal::systemConfigCall {}).await?;
        ensure!(
            (oracle, config) == (output_oracle, system_config),
            "the portal at {portal} belongs to the oracle {oracle} and the system configuration {config}, the chain's configuration names {output_oracle} and {system_config}"
        );
        Ok(())
    }
}

impl ChainConfig {
    /// The L1 block before which nothing of the chain happened.
    pub(crate) const fn l1_origin(&self) -> u64 {
        self.genesis.l1.number
    }

    /// The bridge on L1, as genesis names it; none where the genesis accounts are not known.
    fn bridge(&self) -> Option<Address> {
        let word = self.genesis.alloc.get(&L2_STANDARD_BRIDGE)?.storage.get(&OTHER_BRIDGE_SLOT)?;
        Some(Address::from_word(*word))
    }
}

fn l2_provider(url: &str) -> Result<impl Provider + 'static> {
    let url = url.parse().map_err(|_| eyre!("the L2 endpoint (--l2-rpc) is not a URL"))?;
    let client = reqwest::Client::builder().timeout(L2_ANSWER_TIME_MAX).build();
    let client = client.wrap_err("cannot make a client of L2")?;
    Ok(ProviderBuilder::new().disable_recommended_fillers().connect_reqwest(client, url))
}

async fn from_node(l2: &impl Provider) -> Result<ChainConfig> {
    let config: Value = l2.raw_request("rollup_config".into(), ()).await.wrap_err(
        "cannot ask the L2 node for the chain's configuration: name one with --rollup-config, or another node with --l2-rpc",
    )?;
    serde_json::from_value(config).wrap_err("what the L2 node calls its configuration is none")
}

fn from_file(path: &Path) -> Result<ChainConfig> {
    let text = fs::read_to_string(path)
        .wrap_err_with(|| format!("cannot read the chain's configuration {}", path.display()))?;
    serde_json::from_str(&text)
        .wrap_err_with(|| format!("{} is not a chain's configuration", path.display()))
}

/// Reads a private key. What cannot be parsed is not shown: it may be a key with a typing error.
pub(crate) fn key(path: &Path) -> Result<PrivateKeySigner> {
    let text = fs::read_to_string(path)
        .wrap_err_with(|| format!("cannot read the key file {} (--key-file)", path.display()))?;
    text.trim().parse().map_err(|_| {
        eyre!("the key file {} does not hold a private key: 64 hexadecimal digits", path.display())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_file_is_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        assert!(key(&path).unwrap_err().to_string().contains("cannot read the key file"));
        fs::write(&path, "0xac0974bec39a17e36ba4a6b4d238ff944bacb478").unwrap();
        let error = format!("{:?}", key(&path).unwrap_err());
        assert!(error.contains("64 hexadecimal digits") && !error.contains("ac0974"), "{error}");
        let text = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80\n";
        fs::write(&path, text).unwrap();
        assert!(key(&path).is_ok());
    }

    #[test]
    fn the_bridge_is_found_in_a_whole_configuration_only() {
        let json = |alloc: Value| {
            let address = Address::repeat_byte(1);
            serde_json::json!({
                "l1ChainId": 900, "l2ChainId": 901, "sequencingWindow": 40, "blockTime": 1, "limits": {},
                "contracts": {
                    "systemConfig": address, "batchInbox": address, "portal": address, "outputOracle": address
                },
                "genesis": { "l1": { "number": 0, "hash": B256::ZERO }, "timestamp": 1, "alloc": alloc }
            })
        };
        let config = |alloc| serde_json::from_value::<ChainConfig>(json(alloc)).unwrap();
        let bridge = Address::repeat_byte(7);
        let mut storage = serde_json::Map::new();
        storage.insert(OTHER_BRIDGE_SLOT.to_string(), bridge.into_word().to_string().into());
        let mut alloc = serde_json::Map::new();
        alloc.insert(
            L2_STANDARD_BRIDGE.to_string(),
            serde_json::json!({ "balance": "0x0", "storage": storage }),
        );
        assert_eq!(config(alloc.into()).bridge(), Some(bridge));
        assert_eq!(config(serde_json::json!({})).bridge(), None);
    }
}
