//! A new chain: its genesis, its contracts on L1, and the configuration that ties them together.
//!
//! Used by `braid devnet` and `braid deploy` alike. Not here: running anything. Invariant: the configuration that
//! is returned passed its own validation and its contracts exist on L1.

use std::collections::BTreeMap;

use alloy::{
    eips::BlockNumHash,
    network::TransactionBuilder,
    primitives::{Address, B256, U256, address, hex},
    providers::Provider,
    rpc::types::TransactionRequest,
    sol_types::SolValue,
};
use bindings::{
    Claims, DeployParams, DeployedL1, DisputeParams, FeeVaultParams, L1Addresses, L2Genesis,
    PredeployParams, deploy_l1, l2_predeploys,
    predeploys::{OTHER_BRIDGE_SLOT, OTHER_MESSENGER_SLOT},
};
use eyre::{Result, WrapErr, ensure};
use protocol::{
    BlobFee, BlockId, Eip1559Params, Genesis, GenesisAccount, L1Contracts, RollupConfig,
    SystemConfig, predeploys,
};
use state::MemoryState;
use transition::{BlockClaim, ChainParameters, Cursor};

use crate::args::BondArgs;

/// Seconds between the blocks of Ethereum and its testnets.
pub(crate) const L1_BLOCK_TIME: u64 = 12;
/// Blob fee update fraction of Prague (EIP-7691).
const PRAGUE_BLOB_UPDATE_FRACTION: u64 = 5_007_716;
/// Base fee of the genesis block, in wei.
const GENESIS_BASE_FEE: u64 = 10_000_000;
/// OP's usual weight of the L1 base fee, in millionths.
const BASE_FEE_SCALAR: u32 = 1_368;
/// OP's usual weight of the L1 blob base fee, in millionths.
const BLOB_BASE_FEE_SCALAR: u32 = 810_949;

/// The precompiled contract that L1 has from Osaka on (EIP-7951).
const P256_VERIFY: Address = address!("0000000000000000000000000000000000000100");
/// A hash, a true signature of it and its key, from the tests of RIP-7212.
const P256_SIGNATURE: [u8; 160] = hex!(
    "4cee90eb86eaa050036147a12d49004b6b9c72bd725d39d4785011fe190f0b4d"
    "a73bd4903f0ce3b639bbbf6e8e80d16931ff4bcf5993d58468e8fb19086e8cac"
    "36dbcd03009df8c59286b162af3bd7fcc0450c9aa81be5d10d312af6c66b1d60"
    "4aebd3099c618202fcfe16ae7770b0c49ab5eadf74b754204a3bb6060e44eff3"
    "7618b065f9832de4ca6ca971a7a1adc826d0f7c00181a5fb2ddf79ae00b4e10e"
);

/// What is chosen for a chain; everything else follows.
#[derive(Debug, Clone)]
pub(crate) struct ChainParams {
    /// Chain id of the L2.
    pub(crate) l2_chain_id: u64,
    /// Seconds between L2 blocks.
    pub(crate) block_time: u64,
    /// Seconds between L1 blocks, or more.
    pub(crate) l1_block_time: u64,
    /// Gas of one L2 block.
    pub(crate) gas_limit: u64,
    /// L1 blocks within which a block must be posted.
    pub(crate) sequencing_window: u64,
    /// Seconds that a block with user transactions may lie after its L1 origin.
    pub(crate) sequencer_drift_max: u64,
    /// Proposals are for multiples of so many L2 blocks.
    pub(crate) proposal_interval: u64,
    /// Seconds in which a proposal can be disputed.
    pub(crate) dispute_window: u64,
    /// Seconds that both sides gain when they meet in a dispute.
    pub(crate) effort: u64,
    /// What disputes cost.
    pub(crate) bonds: BondArgs,
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
    require_osaka(l1).await?;
    let l1_chain_id = l1.get_chain_id().await.wrap_err("cannot read the chain id of L1")?;
    // The contracts that L2 is derived from know nothing of it; the oracle wants the genesis claim, which needs the block
    // in which they are there and the addresses that others will have.
    let mut config = draft(l1_chain_id, params);
    let deploy_params = deploy_params(params, &config);
    let deployed = deploy_l1(l1, &deploy_params, |start, contracts| {
        config.genesis.timestamp = start.timestamp;
        config.genesis.alloc = alloc(params, contracts);
        L2Genesis { claim: genesis_claim(&config, start.block), timestamp: start.timestamp }
    })
    .await
    .wrap_err("cannot deploy the contracts on L1")?;
    place(&mut config, &deployed);
    config.validate().wrap_err("the chain's parameters are not valid")?;
    Ok(config)
}

/// A dispute asks L1 what `P256VERIFY` gives. Where there is no such contract, a true signature would be taken for a false one.
async fn require_osaka(l1: &impl Provider) -> Result<()> {
    let call = TransactionRequest::default().with_to(P256_VERIFY).with_input(P256_SIGNATURE);
    let verified = l1.call(call).await.wrap_err("cannot call P256VERIFY on L1")?;
    ensure!(
        verified[..] == B256::with_last_byte(1)[..],
        "L1 has no P256VERIFY: it has to have the Osaka fork"
    );
    Ok(())
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

/// What stands after block 0 of a chain that begins at this L1 block (`docs/spec/claims.md`, section 1).
fn genesis_claim(config: &RollupConfig, l1: BlockNumHash) -> Claims::BlockClaim {
    let mut trie = MemoryState::from_genesis(&config.genesis.alloc).trie();
    let state_root = trie.apply(&state::StateDiff::default());
    let withdrawals_root = trie.storage_root(&predeploys::L2_TO_L1_MESSAGE_PASSER);
    let header = config.genesis_header(state_root, withdrawals_root);
    let claim = BlockClaim {
        block_hash: header.hash_slow(),
        state_root,
        withdrawals_root,
        cursor: Cursor::genesis(l1.number),
        origin_hash: l1.hash,
        sequence_number: 0,
        number: 0,
    };
    Claims::BlockClaim::abi_decode(&claim.encode())
        .expect("a claim is seven words, as the ABI has it")
}

/// For how long both sides gain time when they meet: what was said, or the usual, which a short window bounds.
pub(crate) fn effort(said: Option<u64>, usual: u64, window: u64) -> u64 {
    said.unwrap_or_else(|| std::cmp::max(1, std::cmp::min(usual, window / 3)))
}

/// A block that was not posted in its sequencing window is forced with the next L1 block, which the one after shows as a
/// hash. So a block that is this old follows from L1 whatever the sequencer does, with as much time again for L1 blocks that
/// nobody made.
const fn proposal_lag(params: &ChainParams) -> u64 {
    2 * params.l1_block_time * (params.sequencing_window + 2)
}

fn dispute_params(params: &ChainParams, config: &RollupConfig) -> DisputeParams {
    let BondArgs { segments, strides, steps, refund_price_max, step_gas_max } = params.bonds;
    DisputeParams {
        bonds: [segments, strides, steps],
        window: params.dispute_window,
        effort: params.effort,
        proposal_lag: proposal_lag(params),
        refund_price_max,
        step_gas_max,
        initial_state: verifier::initial_state(),
        parameters_hash: ChainParameters::new(config).hash(),
    }
}

fn deploy_params(params: &ChainParams, config: &RollupConfig) -> DeployParams {
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
        disputes: dispute_params(params, config),
    }
}
