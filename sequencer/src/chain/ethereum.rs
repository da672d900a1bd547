//! What a chain of Ethereum blocks has and a rollup's has not: other rules in each fork, ommers, withdrawals, blobs.
//!
//! No chain of ours is one. The published conformance cases of JSON-RPC come with such a chain, so that whoever reads
//! ours can be tested on it (`docs/adr/0010-the-doors-serve-an-ethereum-chain-in-tests.md`). This file, the fields of
//! blocks that name it, and `executor::BlockRules` are all there is of it outside of tests.

use std::sync::Arc;

use alloy::{
    consensus::{Header, Signed, Transaction as _, TxEip1559, TxEip4844},
    eips::{eip4895::Withdrawals, eip7840::BlobParams},
    genesis::ChainConfig,
    primitives::{B256, U256},
};
use executor::{EthereumRules, SpecId};
use protocol::{BlockOpening, L1Origin, SystemConfig, Transaction, TransactionError};

/// A blob transaction as a block holds it.
pub type BlobTransaction = Arc<Signed<TxEip4844>>;

/// The parts of a block that follow from no other, and its rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EthereumParts {
    /// The rules.
    pub rules: EthereumRules,
    /// Headers of its ommers.
    pub ommers: Vec<Header>,
    /// Payments of the consensus layer; `None` before Shanghai.
    pub withdrawals: Option<Withdrawals>,
}

/// A chain that ends with the block for which there are parts last.
#[derive(Debug)]
pub struct EthereumChain {
    /// When which fork begins.
    pub config: ChainConfig,
    /// The hash of block 0.
    pub genesis_hash: B256,
    /// By block number.
    pub parts: Vec<Arc<EthereumParts>>,
}

impl EthereumChain {
    /// The parts of a block of the chain.
    pub fn parts(&self, number: u64) -> Option<&Arc<EthereumParts>> {
        self.parts.get(usize::try_from(number).ok()?)
    }
}

/// The rules of the block with this header, which the chain need not have.
pub fn rules(config: &ChainConfig, header: &Header) -> EthereumRules {
    let blobs = blob_params(config, header.timestamp);
    let price = blobs.zip(header.excess_blob_gas);
    EthereumRules {
        spec: spec_at(config, header.number, header.timestamp, header.difficulty.is_zero()),
        beneficiary: header.beneficiary,
        difficulty: header.difficulty,
        blob_base_fee: price.map_or(1, |(blobs, excess)| blobs.calc_blob_fee(excess)),
    }
}

/// The fork of a block.
pub fn spec_at(config: &ChainConfig, number: u64, timestamp: u64, is_merged: bool) -> SpecId {
    let times = [
        (config.osaka_time, SpecId::OSAKA),
        (config.prague_time, SpecId::PRAGUE),
        (config.cancun_time, SpecId::CANCUN),
        (config.shanghai_time, SpecId::SHANGHAI),
    ];
    let blocks = [
        (config.london_block, SpecId::LONDON),
        (config.berlin_block, SpecId::BERLIN),
        (config.istanbul_block, SpecId::ISTANBUL),
        (config.petersburg_block, SpecId::PETERSBURG),
        // The library has no rules for Constantinople alone, which lasted no block on the main chain.
        (config.constantinople_block, SpecId::PETERSBURG),
        (config.byzantium_block, SpecId::BYZANTIUM),
        (config.eip158_block, SpecId::SPURIOUS_DRAGON),
        (config.eip150_block, SpecId::TANGERINE),
        (config.homestead_block, SpecId::HOMESTEAD),
    ];
    let begun = |at: u64| {
        move |(start, spec): &(Option<u64>, SpecId)| {
            start.filter(|start| *start <= at).map(|_| *spec)
        }
    };
    if is_merged && number > 0 {
        return times.iter().find_map(begun(timestamp)).unwrap_or(SpecId::MERGE);
    }
    blocks.iter().find_map(begun(number)).unwrap_or(SpecId::FRONTIER)
}

/// What holds for blobs at a time; `None` before there are any.
pub fn blob_params(config: &ChainConfig, timestamp: u64) -> Option<BlobParams> {
    let forks = [
        (config.bpo5_time, "bpo5"),
        (config.bpo4_time, "bpo4"),
        (config.bpo3_time, "bpo3"),
        (config.bpo2_time, "bpo2"),
        (config.bpo1_time, "bpo1"),
        (config.osaka_time, "osaka"),
        (config.prague_time, "prague"),
        (config.cancun_time, "cancun"),
    ];
    let newest = forks.into_iter().find(|(start, _)| start.is_some_and(|start| start <= timestamp));
    newest.and_then(|(_, name)| config.blob_schedule.get(name).copied())
}

/// What a miner earned with a block, in wei; nothing since the merge.
pub fn block_reward(rules: &EthereumRules) -> U256 {
    let ether = match rules.spec {
        spec if spec >= SpecId::MERGE || rules.difficulty.is_zero() => 0,
        spec if spec >= SpecId::PETERSBURG => 2_u64,
        spec if spec >= SpecId::BYZANTIUM => 3,
        _ => 5,
    };
    U256::from(ether) * U256::from(1_000_000_000_000_000_000_u64)
}

/// What a block of a rollup is opened with, as far as this one has it too.
pub fn opening(header: &Header) -> BlockOpening {
    BlockOpening {
        number: header.number,
        parent_hash: header.parent_hash,
        timestamp: header.timestamp,
        origin: L1Origin {
            prev_randao: header.mix_hash,
            parent_beacon_block_root: header.parent_beacon_block_root.unwrap_or_default(),
            ..L1Origin::default()
        },
        sequence_number: 0,
        system_config: SystemConfig { gas_limit: header.gas_limit, ..SystemConfig::default() },
    }
}

/// A raw transaction of a block. One with blobs comes with a likeness without them, which knows all else.
pub(crate) fn decode(
    raw: &[u8],
) -> Result<(Transaction, Option<BlobTransaction>), TransactionError> {
    if !protocol::is_blob_transaction(raw) {
        return Ok((protocol::decode_transaction(raw)?, None));
    }
    let blob = protocol::decode_blob_transaction(raw)?;
    let tx = blob.tx();
    let likeness = TxEip1559 {
        chain_id: tx.chain_id,
        nonce: tx.nonce,
        gas_limit: tx.gas_limit,
        max_fee_per_gas: tx.max_fee_per_gas,
        max_priority_fee_per_gas: tx.max_priority_fee_per_gas,
        to: tx.kind(),
        value: tx.value,
        access_list: tx.access_list.clone(),
        input: tx.input.clone(),
    };
    let likeness = Signed::new_unchecked(likeness, *blob.signature(), *blob.hash());
    Ok((Transaction::Eip1559(likeness), Some(Arc::new(blob))))
}
