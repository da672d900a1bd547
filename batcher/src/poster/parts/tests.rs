//! Cutting a block: full parts that together are the block, on the carrier that costs less.

use protocol::blob::{BLOB_PAYLOAD_BYTES_MAX, BLOBS_PER_BATCH_MAX, blobs_needed};

use alloy::{
    consensus::{SignableTransaction, TxEip1559, TxEnvelope},
    eips::{eip2718::Encodable2718, eip2930::AccessListItem},
    primitives::{Address, B256, Signature, U256, keccak256},
};
use protocol::{BlockOpening, CARRIED_TRANSACTION_BYTES_MAX};

use super::*;
use crate::CompressionPolicy;

const CHAIN_ID: u64 = 42_069;

/// Block 7, the first of its epoch, with these transactions.
fn block(transactions: Vec<Bytes>) -> SealedInputs {
    let opening = BlockOpening { number: 7, ..BlockOpening::default() };
    SealedInputs { opening, deposit_log_indexes: vec![3, 9], transactions }
}

fn transaction(seed: u64, data: usize) -> Bytes {
    let word = |salt: &str| U256::from_be_bytes(keccak256(format!("{salt}{seed}")).0);
    let input = keccak256(seed.to_be_bytes()).repeat(data.div_ceil(32)).into();
    let to = Address::from_word(keccak256(seed.to_le_bytes())).into();
    let tx = TxEip1559 { chain_id: CHAIN_ID, nonce: seed, to, input, ..TxEip1559::default() };
    let signed = tx.into_signed(Signature::new(word("r"), word("s"), false));
    TxEnvelope::from(signed).encoded_2718().into()
}

/// All parts of a block, as the outbox would get them one after the other.
fn parts(block: &SealedInputs, capacity: usize) -> Vec<Cut> {
    let mut parts: Vec<Cut> = Vec::new();
    let (mut skip, total) = (0, u32::try_from(block.transactions.len()).unwrap());
    while skip < total {
        let payload = |batch: &Batch| payload_of(batch, CHAIN_ID, CompressionPolicy::Zstd);
        let part = cut(block, skip, capacity, payload).unwrap().unwrap();
        skip += u32::try_from(part.batch.transaction_count()).unwrap();
        parts.push(part);
    }
    parts
}

#[test]
fn a_block_is_cut_into_full_parts_that_are_the_block() {
    let transfers = block((0..3_000).map(|seed| transaction(seed, 0)).collect());
    let mixed = (0..2_400).map(|seed| transaction(seed, usize::try_from(seed % 7).unwrap() * 300));
    for block in [transfers, block(mixed.collect())] {
        let capacity = 40_000;
        let parts = parts(&block, capacity);
        assert!(parts.len() > 3);
        let mut carried = Vec::new();
        for (index, part) in parts.iter().enumerate() {
            let is_last = index + 1 == parts.len();
            let batch = protocol::decode_batch(&part.payload, CHAIN_ID).unwrap();
            assert_eq!(batch, part.batch);
            assert_eq!((batch.first_block, batch.last_block()), (7, Some(7)));
            assert_eq!(usize::try_from(batch.skip).unwrap(), carried.len());
            assert_eq!(batch.unfinished, !is_last);
            let hints = &batch.blocks[0].deposit_log_indexes;
            assert_eq!(hints.len(), if index == 0 { 2 } else { 0 });
            assert!(part.payload.len() <= capacity);
            assert!(is_last || part.payload.len() * 10 >= capacity * 9, "{}", part.payload.len());
            carried.extend(batch.blocks[0].transactions.clone());
        }
        assert_eq!(carried, block.transactions);
    }
}

/// What the sequencer admits, the batcher can post, whatever the bytes are and however they are compressed.
#[test]
fn the_longest_transaction_fits_into_calldata() {
    let random = |seed: u64, bytes: usize| -> Bytes {
        let words = (0..bytes.div_ceil(32))
            .flat_map(|word| keccak256([seed, word as u64].map(u64::to_be_bytes).concat()).0);
        words.take(bytes).collect::<Vec<_>>().into()
    };
    let shape = |input: Bytes| {
        let access = |seed| AccessListItem {
            address: Address::repeat_byte(seed),
            storage_keys: vec![B256::repeat_byte(seed); 3],
        };
        let tx = TxEip1559 {
            chain_id: CHAIN_ID,
            nonce: u64::MAX - 1,
            gas_limit: u64::MAX,
            max_fee_per_gas: u128::MAX,
            max_priority_fee_per_gas: u128::MAX,
            value: U256::MAX,
            input,
            access_list: (0..9).map(access).collect::<Vec<_>>().into(),
            ..TxEip1559::default()
        };
        let signed = tx.into_signed(Signature::new(U256::MAX >> 1, U256::MAX >> 1, true));
        Bytes::from(TxEnvelope::from(signed).encoded_2718())
    };
    let around = shape(random(0, 100_000)).len() - 100_000;
    let longest = shape(random(1, CARRIED_TRANSACTION_BYTES_MAX - around));
    assert_eq!(longest.len(), CARRIED_TRANSACTION_BYTES_MAX);
    let block = block(vec![transaction(1, 0), longest, transaction(2, 0)]);
    for policy in [CompressionPolicy::Zstd, CompressionPolicy::Smallest] {
        let payload = |batch: &Batch| payload_of(batch, CHAIN_ID, policy);
        let part = cut(&block, 1, CALLDATA_BATCH_BYTES_MAX, payload).unwrap();
        assert!(part.is_some_and(|part| part.batch.transaction_count() >= 1), "{policy:?}");
    }
}

#[test]
fn a_transaction_that_fits_nowhere_is_no_part() {
    let large = block(vec![transaction(1, 0), transaction(2, 100_000)]);
    let incompressible = |batch: &Batch| {
        let bytes = batch.blocks[0].transactions.iter().map(|raw| raw.len()).sum();
        Ok(Some(Bytes::from(vec![0; bytes])))
    };
    let first = cut(&large, 0, 50_000, incompressible).unwrap().unwrap();
    assert_eq!((first.batch.transaction_count(), first.batch.unfinished), (1, true));
    assert!(cut(&large, 1, 50_000, incompressible).unwrap().is_none());
}

#[test]
fn another_content_is_noticed() {
    let one = block(vec![transaction(1, 0), transaction(2, 0)]);
    assert_eq!(one.content(), block(one.transactions.clone()).content());
    assert_ne!(one.content(), block(vec![transaction(1, 0), transaction(3, 0)]).content());
    let mut rebuilt = one.clone();
    rebuilt.opening.parent_hash = keccak256("another parent");
    assert_ne!(one.content(), rebuilt.content());
}

#[test]
fn the_capacity_is_what_fits() {
    let full = capacity(Carrier::Blobs, BLOBS_PER_BATCH_MAX);
    assert_eq!(full, BLOB_PAYLOAD_BYTES_MAX);
    assert_eq!((blobs_needed(full), blobs_needed(full + 1)), (6, 7));
    assert_eq!(capacity(Carrier::Blobs, 0), 0);
    assert_eq!(capacity(Carrier::Calldata, 6), CALLDATA_BATCH_BYTES_MAX);
}

#[test]
fn parts_go_where_a_byte_is_cheaper() {
    let carrier = |gas, blob_gas, policy, blobs_max| {
        carrier_of_parts(L1Prices { gas, blob_gas }, policy, blobs_max)
    };
    let cheap = (10_000_000_000, 1);
    let dear = (1, 10_000_000_000);
    assert_eq!(carrier(cheap.0, cheap.1, CarrierPolicy::Auto, 6), Carrier::Blobs);
    assert_eq!(carrier(dear.0, dear.1, CarrierPolicy::Auto, 6), Carrier::Calldata);
    assert_eq!(carrier(dear.0, dear.1, CarrierPolicy::Blobs, 6), Carrier::Blobs);
    assert_eq!(carrier(cheap.0, cheap.1, CarrierPolicy::Calldata, 6), Carrier::Calldata);
    assert_eq!(carrier(cheap.0, cheap.1, CarrierPolicy::Auto, 0), Carrier::Calldata);
}
