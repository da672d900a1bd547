//! What is fixed for a whole block: the chain's rules and the block's own values.
//!
//! Invariant: a [`BlockContext`] follows from the chain's rules, the parent header and the opening alone, so the
//! sequencer and everybody who re-executes build the same one.

use alloy_consensus::Header;
use alloy_primitives::{Address, B256, U256};
use protocol::{BlockOpening, Eip1559Params, L1FeeParams, RollupConfig, next_base_fee, predeploys};
use revm::{
    context::BlockEnv, context_interface::block::BlobExcessGasAndPrice,
    primitives::hardfork::SpecId,
};

/// The Ethereum rules of every L2 block.
pub(crate) const SPEC: SpecId = SpecId::PRAGUE;

/// The chain's rules that do not change from block to block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainSpec {
    /// EIP-155 chain id of the L2.
    pub chain_id: u64,
    /// How the base fee moves.
    pub fees: Eip1559Params,
}

impl From<&RollupConfig> for ChainSpec {
    fn from(config: &RollupConfig) -> Self {
        Self { chain_id: config.l2_chain_id, fees: config.fees }
    }
}

/// By whose rules a block runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BlockRules {
    /// This chain's.
    #[default]
    Rollup,
    /// Ethereum's, of one of its forks. No block of ours; published tests come with chains of this kind, and what reads
    /// our chain is tested on them.
    Ethereum(EthereumRules),
}

/// What an Ethereum block has that a rollup's block has not, or always the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EthereumRules {
    /// The fork.
    pub spec: SpecId,
    /// Who receives the tips; base fees are burned.
    pub beneficiary: Address,
    /// Zero since the merge.
    pub difficulty: U256,
    /// In wei per gas.
    pub blob_base_fee: u128,
}

impl BlockRules {
    /// The fork whose instructions and prices hold.
    pub const fn spec(&self) -> SpecId {
        match self {
            Self::Rollup => SPEC,
            Self::Ethereum(rules) => rules.spec,
        }
    }

    /// Whether a block stores the root of the parent beacon block before its first transaction (EIP-4788).
    pub(crate) fn stores_beacon_root(&self) -> bool {
        self.spec().is_enabled_in(SpecId::CANCUN)
    }

    /// Whether a block stores the hash of its parent before its first transaction (EIP-2935).
    pub(crate) fn stores_parent_hash(&self) -> bool {
        self.spec().is_enabled_in(SpecId::PRAGUE)
    }
}

/// Everything a transaction can see of its block, and what its fees are computed from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockContext {
    /// EIP-155 chain id of the L2.
    pub chain_id: u64,
    /// What was known before the first transaction.
    pub opening: BlockOpening,
    /// In wei per gas.
    pub base_fee: u64,
    /// Gas that user transactions may ask for, all together.
    pub gas_limit: u64,
    /// L1 data fee and operator fee of user transactions. The L1 attributes transaction writes the same values to
    /// L1Block; they come from the opening so that charging a fee needs no read of that contract.
    pub l1_fees: L1FeeParams,
    /// By whose rules the block runs.
    pub rules: BlockRules,
}

impl BlockContext {
    /// The context of the block that `opening` opens on top of `parent`.
    pub fn new(spec: &ChainSpec, parent: &Header, opening: &BlockOpening) -> Self {
        debug_assert_eq!(
            opening.number,
            parent.number + 1,
            "the opening belongs to the next block"
        );
        Self {
            chain_id: spec.chain_id,
            opening: *opening,
            base_fee: next_base_fee(parent, &spec.fees),
            gas_limit: opening.system_config.gas_limit,
            l1_fees: L1FeeParams::from_opening(opening),
            rules: BlockRules::Rollup,
        }
    }

    /// The block as the EVM sees it. `BLOBBASEFEE` is 1, the minimum: the L2 has no blobs.
    pub fn block_env(&self) -> BlockEnv {
        let (beneficiary, difficulty, blobs) = match self.rules {
            BlockRules::Rollup => (predeploys::SEQUENCER_FEE_VAULT, U256::ZERO, NO_BLOBS),
            BlockRules::Ethereum(rules) => {
                let blob_gasprice = rules.blob_base_fee;
                let blobs = BlobExcessGasAndPrice { blob_gasprice, ..NO_BLOBS };
                (rules.beneficiary, rules.difficulty, blobs)
            }
        };
        BlockEnv {
            number: U256::from(self.opening.number),
            beneficiary,
            timestamp: U256::from(self.opening.timestamp),
            gas_limit: self.gas_limit,
            basefee: self.base_fee,
            difficulty,
            prevrandao: Some(self.opening.origin.prev_randao),
            blob_excess_gas_and_price: Some(blobs),
            slot_num: 0,
        }
    }

    /// The beacon root that the block carries: its L1 origin's.
    pub(crate) const fn parent_beacon_block_root(&self) -> B256 {
        self.opening.origin.parent_beacon_block_root
    }
}

/// No blob was ever sent here, so the price is the protocol's minimum of 1 wei.
pub(crate) const NO_BLOBS: BlobExcessGasAndPrice =
    BlobExcessGasAndPrice { excess_blob_gas: 0, blob_gasprice: 1 };
