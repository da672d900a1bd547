//! Tests of [`super`].

use alloc::{string::String, vec};

use alloy_primitives::{U256, address, b256};
use serde_json::Value;

use super::*;

/// A configuration that is complete and valid.
pub(crate) fn sample() -> RollupConfig {
    let account = GenesisAccount {
        nonce: 1,
        balance: U256::from(10).pow(U256::from(24)),
        code: Bytes::from_static(&[0x60, 0x00]),
        storage: BTreeMap::from([(B256::ZERO, B256::with_last_byte(5))]),
    };
    RollupConfig {
        l1_chain_id: 31_337,
        l2_chain_id: 420_690,
        block_time: 1,
        sequencing_window: 40,
        sequencer_drift_max: 600,
        proposal_interval: 16,
        dispute_window: 60,
        fees: Eip1559Params { elasticity: 6, denominator: 250, base_fee_min: 1_000_000 },
        blob_schedule: vec![
            BlobFee { from_timestamp: 0, update_fraction: 3_338_477 },
            BlobFee { from_timestamp: 1_000, update_fraction: 5_007_716 },
        ],
        contracts: L1Contracts {
            system_config: Address::repeat_byte(1),
            batch_inbox: Address::repeat_byte(2),
            portal: Address::repeat_byte(3),
            output_oracle: Address::repeat_byte(4),
        },
        genesis: Genesis {
            l1: BlockId { number: 12, hash: B256::repeat_byte(9) },
            timestamp: 1_700_000_000,
            gas_limit: 60_000_000,
            base_fee: 1_000_000_000,
            system_config: SystemConfig {
                batcher: Address::repeat_byte(5),
                gas_limit: 60_000_000,
                base_fee_scalar: 1_368,
                blob_base_fee_scalar: 810_949,
                operator_fee_scalar: 0,
                operator_fee_constant: 0,
            },
            alloc: BTreeMap::from([
                (Address::repeat_byte(0x42), account),
                (address!("f39fd6e51aad88f6f4ce6ab8827279cfffb92266"), GenesisAccount::default()),
            ]),
        },
    }
}

#[test]
fn json_round_trips_and_has_its_form() {
    let config = sample();
    assert_eq!(config.validate(), Ok(()));
    let json = serde_json::to_value(&config).unwrap();
    crate::golden::check("rollup.json", &json);
    let text = serde_json::to_string(&config).unwrap();
    assert_eq!(serde_json::from_str::<RollupConfig>(&text).unwrap(), config);
}

#[test]
fn accounts_need_only_what_they_have() {
    let account: GenesisAccount = serde_json::from_str(r#"{"balance":"0x5"}"#).unwrap();
    assert_eq!(account, GenesisAccount { balance: U256::from(5), ..GenesisAccount::default() });
}

#[test]
fn unknown_fields_are_denied_at_every_level() {
    let json = serde_json::to_value(sample()).unwrap();
    let mut objects = vec![String::new()];
    collect_objects(&json, "", &mut objects);
    // The map of accounts has no fields of its own; every other object has.
    assert!(objects.len() > 8, "{objects:?}");
    for pointer in objects {
        let mut json = json.clone();
        let object = json.pointer_mut(&pointer).unwrap().as_object_mut().unwrap();
        object.insert("surprise".into(), Value::from(1));
        assert!(serde_json::from_value::<RollupConfig>(json).is_err(), "{pointer:?}");
    }
}

fn collect_objects(value: &Value, pointer: &str, found: &mut Vec<String>) {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), value)).collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(index, item)| (alloc::format!("{index}"), item))
            .collect(),
        _ => return,
    };
    for (name, child) in children {
        let pointer = alloc::format!("{pointer}/{name}");
        if child.is_object() {
            found.push(pointer.clone());
        }
        collect_objects(child, &pointer, found);
    }
}

#[test]
fn bounds() {
    type Case = (fn(&mut RollupConfig), ConfigError);
    let cases: [Case; 14] = [
        (|c| c.l1_chain_id = 0, ConfigError::Zero { field: "l1ChainId" }),
        (|c| c.l2_chain_id = c.l1_chain_id, ConfigError::SameChainId(31_337)),
        (|c| c.block_time = 0, ConfigError::Zero { field: "blockTime" }),
        (|c| c.block_time = 13, ConfigError::TooLarge { field: "blockTime", value: 13, max: 12 }),
        (
            |c| c.sequencing_window = 1,
            ConfigError::TooSmall { field: "sequencingWindow", value: 1, min: 2 },
        ),
        (
            |c| c.proposal_interval = 1_025,
            ConfigError::TooLarge { field: "proposalInterval", value: 1_025, max: 1_024 },
        ),
        (|c| c.fees.elasticity = 0, ConfigError::Zero { field: "fees.elasticity" }),
        (|c| c.fees.denominator = 0, ConfigError::Zero { field: "fees.denominator" }),
        (
            |c| c.genesis.base_fee = 7,
            ConfigError::TooSmall { field: "genesis.baseFee", value: 7, min: 1_000_000 },
        ),
        (
            |c| c.genesis.gas_limit = 50_000_000,
            ConfigError::GasLimitsDiffer { header: 50_000_000, system_config: 60_000_000 },
        ),
        (|c| c.contracts.portal = Address::ZERO, ConfigError::Zero { field: "contracts.portal" }),
        (|c| c.blob_schedule.clear(), ConfigError::BlobSchedule),
        (|c| c.blob_schedule[1].from_timestamp = 0, ConfigError::BlobSchedule),
        (|c| c.blob_schedule[0].update_fraction = 0, ConfigError::Zero { field: "blobSchedule" }),
    ];
    for (change, error) in cases {
        let mut config = sample();
        change(&mut config);
        assert_eq!(config.validate(), Err(error));
    }
}

#[test]
fn genesis_header_is_a_prague_header() {
    let config = sample();
    let header = config.genesis_header(B256::repeat_byte(1), B256::repeat_byte(2));
    assert_eq!((header.number, header.timestamp), (0, config.timestamp_of(0)));
    assert_eq!(header.gas_limit, 60_000_000);
    assert_eq!(header.base_fee_per_gas, Some(1_000_000_000));
    assert_eq!(header.withdrawals_root, Some(B256::repeat_byte(2)));
    // keccak256 of an empty RLP list, and of RLP's empty string.
    let list = b256!("1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347");
    let trie = b256!("56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421");
    assert_eq!(header.ommers_hash, list);
    assert_eq!((header.transactions_root, header.receipts_root), (trie, trie));
    // sha256 of nothing.
    let requests = b256!("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_eq!(header.requests_hash, Some(requests));
    let mut encoded = Vec::new();
    alloy_rlp::Encodable::encode(&header, &mut encoded);
    assert_eq!(<Header as alloy_rlp::Decodable>::decode(&mut &encoded[..]).unwrap(), header);
    assert_eq!(header.hash_slow(), alloy_primitives::keccak256(&encoded));
}

#[test]
fn timestamps_step_by_block_time() {
    let mut config = sample();
    config.block_time = 3;
    assert_eq!(config.timestamp_of(5), 1_700_000_015);
    assert_eq!(config.timestamp_of(u64::MAX), u64::MAX);
}

#[test]
fn blob_base_fee_follows_the_schedule() {
    let config = sample();
    assert_eq!(config.blob_base_fee(0, 0), 1);
    let excess = 100_000_000;
    // Rows agree with EIP-4844's formula at Cancun's and Prague's fraction.
    let cancun = fake_exponential(1, u128::from(excess), 3_338_477);
    let prague = fake_exponential(1, u128::from(excess), 5_007_716);
    assert!(cancun > prague);
    assert_eq!(config.blob_base_fee(999, excess), cancun);
    assert_eq!(config.blob_base_fee(1_000, excess), prague);
    assert_eq!(config.blob_base_fee(u64::MAX, excess), prague);
    // Absurd input ends quickly and saturates.
    assert_eq!(config.blob_base_fee(0, u64::MAX), u128::MAX);
    let empty = RollupConfig { blob_schedule: Vec::new(), ..config };
    assert_eq!(empty.blob_base_fee(0, excess), 1);
}

#[test]
fn updates_change_their_fields_only() {
    let before = sample().genesis.system_config;
    let apply = |update: ConfigUpdate| {
        let mut config = before;
        config.apply(&update);
        config
    };
    let batcher = Address::repeat_byte(0x77);
    assert_eq!(apply(ConfigUpdate::Batcher(batcher)), SystemConfig { batcher, ..before });
    assert_eq!(
        apply(ConfigUpdate::FeeScalars { base: 1, blob: 2 }),
        SystemConfig { base_fee_scalar: 1, blob_base_fee_scalar: 2, ..before }
    );
    assert_eq!(apply(ConfigUpdate::GasLimit(3)), SystemConfig { gas_limit: 3, ..before });
    assert_eq!(
        apply(ConfigUpdate::OperatorFee { scalar: 4, constant: 5 }),
        SystemConfig { operator_fee_scalar: 4, operator_fee_constant: 5, ..before }
    );
}
