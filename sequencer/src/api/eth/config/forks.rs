//! The forks of a chain in the form of EIP-7910: what changes when, and the hash that names the rules so far (EIP-2124).

use std::collections::BTreeSet;

use alloy::{
    eips::{
        eip2935::HISTORY_STORAGE_ADDRESS, eip4788::BEACON_ROOTS_ADDRESS,
        eip7002::WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS,
        eip7251::CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS,
    },
    genesis::ChainConfig,
    primitives::{Address, B256, Bytes, U64},
};
use executor::SpecId;
use protocol::RollupConfig;
use serde_json::{Map, Value, json};

use crate::chain::ethereum::{blob_params, spec_at};

/// Precompiled contracts by name, with their place and the fork that brought them.
const PRECOMPILES: [(&str, u16, SpecId); 18] = [
    ("ECREC", 0x01, SpecId::FRONTIER),
    ("SHA256", 0x02, SpecId::FRONTIER),
    ("RIPEMD160", 0x03, SpecId::FRONTIER),
    ("ID", 0x04, SpecId::FRONTIER),
    ("MODEXP", 0x05, SpecId::BYZANTIUM),
    ("BN254_ADD", 0x06, SpecId::BYZANTIUM),
    ("BN254_MUL", 0x07, SpecId::BYZANTIUM),
    ("BN254_PAIRING", 0x08, SpecId::BYZANTIUM),
    ("BLAKE2F", 0x09, SpecId::ISTANBUL),
    ("KZG_POINT_EVALUATION", 0x0a, SpecId::CANCUN),
    ("BLS12_G1ADD", 0x0b, SpecId::PRAGUE),
    ("BLS12_G1MSM", 0x0c, SpecId::PRAGUE),
    ("BLS12_G2ADD", 0x0d, SpecId::PRAGUE),
    ("BLS12_G2MSM", 0x0e, SpecId::PRAGUE),
    ("BLS12_PAIRING_CHECK", 0x0f, SpecId::PRAGUE),
    ("BLS12_MAP_FP_TO_G1", 0x10, SpecId::PRAGUE),
    ("BLS12_MAP_FP2_TO_G2", 0x11, SpecId::PRAGUE),
    ("P256VERIFY", 0x100, SpecId::OSAKA),
];

/// Prague's, which prices blobs that a rollup's blocks do not have.
const ROLLUP_BLOB_FRACTION: u64 = 5_007_716;

/// All forks by time, each with what holds from then on.
#[derive(Debug)]
pub(super) struct ForkList(Vec<(u64, Value)>);

impl ForkList {
    /// A rollup has had one set of rules since genesis.
    pub(super) fn of_rollup(config: &RollupConfig, genesis_hash: B256) -> Self {
        let system = [
            ("BEACON_ROOTS_ADDRESS", BEACON_ROOTS_ADDRESS),
            ("HISTORY_STORAGE_ADDRESS", HISTORY_STORAGE_ADDRESS),
        ];
        let fork = json!({
            "activationTime": config.genesis.timestamp,
            "blobSchedule": { "baseFeeUpdateFraction": ROLLUP_BLOB_FRACTION, "max": 0, "target": 0 },
            "chainId": U64::from(config.l2_chain_id),
            "forkId": fork_id(genesis_hash, []),
            // The last one is there already.
            "precompiles": precompiles(SpecId::OSAKA),
            "systemContracts": named(system),
        });
        Self(vec![(config.genesis.timestamp, fork)])
    }

    /// The forks of an Ethereum chain since the merge, which go by time.
    pub(super) fn of_ethereum(config: &ChainConfig, genesis_hash: B256) -> Self {
        let times = fork_times(config);
        let fork = |time: u64| {
            let spec = spec_at(config, u64::MAX, time, true);
            let passed = times.iter().copied().filter(|other| *other <= time);
            let blobs = blob_params(config, time).map(|blobs| {
                json!({
                    "baseFeeUpdateFraction": blobs.update_fraction,
                    "max": blobs.max_blob_count,
                    "target": blobs.target_blob_count,
                })
            });
            json!({
                "activationTime": time,
                "blobSchedule": blobs,
                "chainId": U64::from(config.chain_id),
                "forkId": fork_id(genesis_hash, fork_blocks(config).into_iter().chain(passed)),
                "precompiles": precompiles(spec),
                "systemContracts": named(system_contracts(config, spec)),
            })
        };
        Self(times.iter().map(|time| (*time, fork(*time))).collect())
    }

    /// What holds at a time, what comes next, and what comes last.
    pub(super) fn at(&self, now: u64) -> Value {
        let begun = self.0.partition_point(|(time, _)| *time <= now);
        let current = begun.checked_sub(1).and_then(|place| self.0.get(place));
        let next = self.0.get(begun);
        let last = next.and(self.0.last());
        let shown =
            |fork: Option<&(u64, Value)>| fork.map_or(Value::Null, |(_, fork)| fork.clone());
        json!({ "current": shown(current), "next": shown(next), "last": shown(last) })
    }
}

fn fork_times(config: &ChainConfig) -> BTreeSet<u64> {
    let times = [
        config.shanghai_time,
        config.cancun_time,
        config.prague_time,
        config.osaka_time,
        config.bpo1_time,
        config.bpo2_time,
        config.bpo3_time,
        config.bpo4_time,
        config.bpo5_time,
    ];
    times.into_iter().flatten().collect()
}

/// The blocks at which rules changed before forks went by time; genesis is none.
fn fork_blocks(config: &ChainConfig) -> BTreeSet<u64> {
    let blocks = [
        config.homestead_block,
        config.dao_fork_block,
        config.eip150_block,
        config.eip155_block,
        config.eip158_block,
        config.byzantium_block,
        config.constantinople_block,
        config.petersburg_block,
        config.istanbul_block,
        config.muir_glacier_block,
        config.berlin_block,
        config.london_block,
        config.arrow_glacier_block,
        config.gray_glacier_block,
        config.merge_netsplit_block,
    ];
    blocks.into_iter().flatten().filter(|block| *block != 0).collect()
}

/// The checksum of the genesis hash and of every fork so far.
fn fork_id(genesis_hash: B256, forks: impl IntoIterator<Item = u64>) -> Bytes {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(genesis_hash.as_slice());
    forks.into_iter().for_each(|fork| hasher.update(&fork.to_be_bytes()));
    Bytes::copy_from_slice(&hasher.finalize().to_be_bytes())
}

fn precompiles(spec: SpecId) -> Value {
    let known = PRECOMPILES.iter().filter(|(_, _, since)| spec >= *since);
    named(known.map(|(name, place, _)| {
        let [high, low] = place.to_be_bytes();
        let mut address = Address::ZERO;
        address[18..].copy_from_slice(&[high, low]);
        (*name, address)
    }))
}

fn system_contracts(config: &ChainConfig, spec: SpecId) -> Vec<(&'static str, Address)> {
    let mut contracts = Vec::new();
    if spec >= SpecId::CANCUN {
        contracts.push(("BEACON_ROOTS_ADDRESS", BEACON_ROOTS_ADDRESS));
    }
    if spec >= SpecId::PRAGUE {
        contracts.extend([
            ("CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS", CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS),
            ("HISTORY_STORAGE_ADDRESS", HISTORY_STORAGE_ADDRESS),
            ("WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS", WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS),
        ]);
        contracts.extend(
            config.deposit_contract_address.map(|address| ("DEPOSIT_CONTRACT_ADDRESS", address)),
        );
    }
    contracts
}

fn named(contracts: impl IntoIterator<Item = (&'static str, Address)>) -> Value {
    let entries = contracts.into_iter().map(|(name, address)| {
        (name.to_owned(), Value::String(alloy::primitives::hex::encode_prefixed(address)))
    });
    Value::Object(Map::from_iter(entries))
}
