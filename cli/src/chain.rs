//! A new chain: its genesis, its contracts on L1, and the configuration that ties them together.
//!
//! Used by `braid devnet` and `braid deploy` alike. Not here: running anything. Invariant: the configuration that
//! is returned passed its own validation and its contracts exist on L1.

use std::collections::BTreeMap;

use alloy::{
    primitives::{Address, B256, U256},
    providers::Provider,
};
use bindings::{
    DeployParams, DeployedL1, FeeVaultParams, L1Addresses, PredeployParams, deploy_l1,
    l2_predeploys,
    predeploys::{OTHER_BRIDGE_SLOT, OTHER_MESSENGER_SLOT},
};
use eyre::{Result, WrapErr};
use protocol::{
    BlobFee, BlockId, Eip1559Params, Genesis, GenesisAccount, L1Contracts, RollupConfig,
    SystemConfig, output_root, predeploys,
};
use state::MemoryState;

/// Blob fee update fraction of Prague (EIP-7691).
const PRAGUE_BLOB_UPDATE_FRACTION: u64 = 5_007_716;
/// Base fee of the genesis block, in wei.
const GENESIS_BASE_FEE: u64 = 10_000_000;
/// OP's usual weight of the L1 base fee, in millionths.
const BASE_FEE_SCALAR: u32 = 1_368;
/// OP's usual weight of the L1 blob base fee, in millionths.
const BLOB_BASE_FEE_SCALAR: u32 = 810_949;

/// What is chosen for a chain; everything else follows.
#[derive(Debug, Clone)]
pub(crate) struct ChainParams {
    /// Chain id of the L2.
    pub(crate) l2_chain_id: u64,
    /// Seconds between L2 blocks.
    pub(crate) block_time: u64,
    /// Gas of one L2 block.
    pub(crate) gas_limit: u64,
    /// L1 blocks within which a block must be posted.
    pub(crate) sequencing_window: u64,
    /// Seconds that a block with user transactions may lie after its L1 origin.
    pub(crate) sequencer_drift_max: u64,
    /// L2 blocks between proposals.
    pub(crate) proposal_interval: u64,
    /// Seconds in which a proposal can be disputed.
    pub(crate) dispute_window: u64,
    /// What a proposal stakes, in wei.
    pub(crate) bond: U256,
    /// Who deploys, and owns the `SystemConfig`.
    pub(crate) deployer: Address,
    /// Who posts batches.
    pub(crate) batcher: Address,
    /// Who may hold withdrawals up for a while; zero: nobody.
    pub(crate) guardian: Address,
    /// How long, in seconds.
    pub(crate) pause: u64,
    /// Where the four fee vaults pay what users paid.
    pub(crate) fees: FeeVaultParams,
    /// Accounts that have a balance from the start, in wei.
    pub(crate) funded: BTreeMap<Address, U256>,
}

/// Contracts on L1 that only users need. A chain of an earlier version has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BridgeOnL1 {
    /// `L1CrossDomainMessenger`.
    pub(crate) messenger: Option<Address>,
    /// `L1StandardBridge`.
    pub(crate) bridge: Option<Address>,
}

/// Finds them where L2's genesis names them.
pub(crate) fn bridge_on_l1(config: &RollupConfig) -> BridgeOnL1 {
    let twin = |of: Address, slot: B256| {
        let word = config.genesis.alloc.get(&of)?.storage.get(&slot)?;
        Some(Address::from_word(*word))
    };
    BridgeOnL1 {
        messenger: twin(predeploys::L2_CROSS_DOMAIN_MESSENGER, OTHER_MESSENGER_SLOT),
        bridge: twin(predeploys::L2_STANDARD_BRIDGE, OTHER_BRIDGE_SLOT),
    }
}

/// Makes the genesis and deploys the contracts. The provider holds the deployer's wallet.
///
/// # Errors
/// When L1 does not answer or refuses, or when the parameters make no valid chain.
pub(crate) async fn create(l1: &impl Provider, params: &ChainParams) -> Result<RollupConfig> {
    let l1_chain_id = l1.get_chain_id().await.wrap_err("cannot read the chain id of L1")?;
    // The contracts that L2 is derived from know nothing of it; the oracle wants the genesis root, which needs the time
    // at which they are there and the addresses that others will have.
    let mut config = draft(l1_chain_id, params);
    let deployed = deploy_l1(l1, &deploy_params(params), |start, contracts| {
        config.genesis.timestamp = start.timestamp;
        config.genesis.alloc = alloc(params, contracts);
        genesis_output_root(&config)
    })
    .await
    .wrap_err("cannot deploy the contracts on L1")?;
    place(&mut config, &deployed);
    config.validate().wrap_err("the chain's parameters are not valid")?;
    Ok(config)
}

fn place(config: &mut RollupConfig, deployed: &DeployedL1) {
    config.contracts = L1Contracts {
        system_config: deployed.contracts.system_config,
        batch_inbox: deployed.contracts.batch_inbox,
        portal: deployed.contracts.portal,
        output_oracle: deployed.contracts.output_oracle,
    };
    config.genesis.l1 =
        BlockId { number: deployed.start.block.number, hash: deployed.start.block.hash };
}

fn system_config(params: &ChainParams) -> SystemConfig {
    SystemConfig {
        batcher: params.batcher,
        gas_limit: params.gas_limit,
        base_fee_scalar: BASE_FEE_SCALAR,
        blob_base_fee_scalar: BLOB_BASE_FEE_SCALAR,
        operator_fee_scalar: 0,
        operator_fee_constant: 0,
    }
}

fn draft(l1_chain_id: u64, params: &ChainParams) -> RollupConfig {
    RollupConfig {
        l1_chain_id,
        l2_chain_id: params.l2_chain_id,
        block_time: params.block_time,
        sequencing_window: params.sequencing_window,
        sequencer_drift_max: params.sequencer_drift_max,
        proposal_interval: params.proposal_interval,
        dispute_window: params.dispute_window,
        fees: Eip1559Params { elasticity: 6, denominator: 250, base_fee_min: 1_000_000 },
        blob_schedule: vec![BlobFee {
            from_timestamp: 0,
            update_fraction: PRAGUE_BLOB_UPDATE_FRACTION,
        }],
        contracts: L1Contracts {
            system_config: Address::ZERO,
            batch_inbox: Address::ZERO,
            portal: Address::ZERO,
            output_oracle: Address::ZERO,
        },
        genesis: Genesis {
            l1: BlockId::default(),
            timestamp: 0,
            gas_limit: params.gas_limit,
            base_fee: GENESIS_BASE_FEE,
            system_config: system_config(params),
            alloc: BTreeMap::new(),
        },
    }
}

fn alloc(params: &ChainParams, l1: &L1Addresses) -> BTreeMap<Address, GenesisAccount> {
    let params_of_l2 = PredeployParams::all_vaults(params.fees, l1.messenger, l1.bridge);
    let predeploys = l2_predeploys(&params_of_l2);
    let contracts = predeploys.into_iter().map(|predeploy| {
        let account = GenesisAccount {
            nonce: predeploy.nonce,
            balance: predeploy.balance,
            code: predeploy.code,
            storage: predeploy.storage.into_iter().collect(),
        };
        (predeploy.address, account)
    });
    let mut alloc: BTreeMap<_, _> = contracts.collect();
    for (address, balance) in &params.funded {
        alloc.entry(*address).or_default().balance += balance;
    }
    alloc
}

fn genesis_output_root(config: &RollupConfig) -> B256 {
    let mut trie = MemoryState::from_genesis(&config.genesis.alloc).trie();
    let state_root = trie.apply(&state::StateDiff::default());
    let withdrawals_root = trie.storage_root(&predeploys::L2_TO_L1_MESSAGE_PASSER);
    let header = config.genesis_header(state_root, withdrawals_root);
    output_root(state_root, withdrawals_root, header.hash_slow())
}

fn deploy_params(params: &ChainParams) -> DeployParams {
    let system = system_config(params);
    DeployParams {
        deployer: params.deployer,
        owner: params.deployer,
        batcher: system.batcher,
        guardian: params.guardian,
        pause: params.pause,
        gas_limit: system.gas_limit,
        base_fee_scalar: system.base_fee_scalar,
        blob_base_fee_scalar: system.blob_base_fee_scalar,
        operator_fee_scalar: system.operator_fee_scalar,
        operator_fee_constant: system.operator_fee_constant,
        proposal_interval: params.proposal_interval,
        l2_block_time: params.block_time,
        dispute_window: params.dispute_window,
        bond: params.bond,
    }
}
