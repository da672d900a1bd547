//! Tests of [`super`]: round trips, one encoding per batch, totality, bounds, golden bytes.

mod golden_batches;
mod limits;
mod mainnet;
pub(super) mod strategies;

use alloc::vec::Vec;

use alloy_eips::eip2718::{Decodable2718, Encodable2718};
use proptest::prelude::*;

use super::*;
use crate::{Transaction, decode_user_transaction};
use strategies::{CHAIN_ID, batch, raw};

fn payload(batch: &Batch, compression: Compression) -> Bytes {
    compress(&batch.encode(CHAIN_ID).unwrap(), compression)
}

fn compress(encoded: &EncodedColumns, compression: Compression) -> Bytes {
    let columns = match compression {
        Compression::None => encoded.columns.clone(),
        Compression::Zstd => ::zstd::bulk::compress(&encoded.columns, 3).unwrap(),
        Compression::Brotli => {
            let params = brotli::enc::BrotliEncoderParams { quality: 5, ..Default::default() };
            let mut out = Vec::new();
            brotli::BrotliCompress(&mut &encoded.columns[..], &mut out, &params).unwrap();
            out
        }
    };
    pack(compression, &columns, &encoded.signatures)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_batch_survives_the_way_through_its_payload(batch in batch()) {
        for compression in [Compression::None, Compression::Zstd, Compression::Brotli] {
            let payload = payload(&batch, compression);
            prop_assert_eq!(decode_batch(&payload, CHAIN_ID), Ok(batch.clone()));
        }
    }

    /// Whatever is decoded encodes to the columns and signatures it was decoded from: one encoding per batch.
    #[test]
    fn edited_columns_are_refused_or_are_another_batch(
        batch in batch(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        resize in -3i32..=3,
    ) {
        let mut encoded = batch.encode(CHAIN_ID).unwrap();
        for (at, byte) in edits {
            let at = at.index(encoded.columns.len());
            encoded.columns[at] = byte;
        }
        let len = encoded.columns.len().saturating_add_signed(isize::try_from(resize).unwrap());
        encoded.columns.resize(len, 0);
        let payload = pack(Compression::None, &encoded.columns, &encoded.signatures);
        if let Ok(decoded) = decode_batch(&payload, CHAIN_ID) {
            prop_assert_eq!(decoded.encode(CHAIN_ID), Ok(encoded));
            for raw in decoded.blocks.iter().flat_map(|block| &block.transactions) {
                prop_assert!(decode_user_transaction(raw).is_ok());
            }
        }
    }

    #[test]
    fn edited_payloads_never_panic(
        batch in batch(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
    ) {
        for compression in [Compression::Zstd, Compression::Brotli] {
            let mut payload = payload(&batch, compression).to_vec();
            for (at, byte) in &edits {
                let at = at.index(payload.len());
                payload[at] = *byte;
            }
            let cut = &payload[..cut.index(payload.len())];
            prop_assert!(decode_batch(cut, CHAIN_ID).is_err() || cut.len() > 2);
            if let Ok(decoded) = decode_batch(&payload, CHAIN_ID) {
                prop_assert!(decoded.encode(CHAIN_ID).is_ok());
            }
        }
    }

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = decode_batch(&bytes, CHAIN_ID);
        // And past the first checks: right version, no compression, all bytes columns.
        let payload = pack(Compression::None, &bytes, &[]);
        if let Ok(decoded) = decode_batch(&payload, CHAIN_ID) {
            prop_assert_eq!(decoded.encode(CHAIN_ID).unwrap().columns, bytes);
        }
    }

    #[test]
    fn every_cut_of_the_columns_is_an_error(batch in batch(), cut in any::<prop::sample::Index>()) {
        let encoded = batch.encode(CHAIN_ID).unwrap();
        let cut = cut.index(encoded.columns.len());
        let payload = pack(Compression::None, &encoded.columns[..cut], &encoded.signatures);
        prop_assert!(decode_batch(&payload, CHAIN_ID).is_err());
    }

    /// The set of transactions that a batch carries is the one that the rest of the chain decodes: canonical,
    /// of a user, of this chain.
    #[test]
    fn edited_transactions_are_carried_only_if_canonical(
        raw in raw(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
        near_head in any::<bool>(),
    ) {
        let mut bytes = raw.to_vec();
        for (at, byte) in edits {
            let range = if near_head { core::cmp::min(bytes.len(), 16) } else { bytes.len() };
            bytes[at.index(range)] = byte;
        }
        let carried = raw::Fields::parse(&bytes, CHAIN_ID);
        let decoded = decode_user_transaction(&bytes);
        let of_this_chain = decoded.as_ref().is_ok_and(|tx| {
            crate::check_chain_id(tx, CHAIN_ID).is_ok()
        });
        prop_assert_eq!(carried.is_ok(), of_this_chain, "{:?} {:?}", carried, decoded);
        if let Ok(fields) = carried {
            let mut written = Vec::new();
            fields.write(CHAIN_ID, &mut written);
            prop_assert_eq!(&written, &bytes);
            let tx = Transaction::decode_2718(&mut &bytes[..]).unwrap();
            prop_assert_eq!(tx.encoded_2718(), bytes);
        }
    }
}

#[test]
fn the_shared_buffer_holds_every_transaction_once() {
    let tx = sample::transfer(0, 1);
    let block = BatchBlock { transactions: alloc::vec![tx.clone(); 3], ..BatchBlock::default() };
    let batch = Batch { first_block: 5, blocks: alloc::vec![block; 2], ..Batch::default() };
    let decoded = decode_batch(&payload(&batch, Compression::Zstd), CHAIN_ID).unwrap();
    assert_eq!(decoded, batch);
    assert_eq!(decoded.last_block(), Some(6));
    assert_eq!(decoded.transaction_count(), 6);
    assert!(decoded.blocks[1].transactions.iter().all(|raw| *raw == tx));
}

/// Transactions with known content.
pub(super) mod sample {
    use alloy_consensus::{Signed, TxEip1559};
    use alloy_primitives::{Address, Signature, TxKind, U256};

    use super::*;

    /// A plain transfer of nonce `nonce` to the account of `to`.
    pub(in crate::batch) fn transfer(nonce: u64, to: u64) -> Bytes {
        let tx = TxEip1559 {
            chain_id: CHAIN_ID,
            nonce,
            gas_limit: 21_000,
            max_fee_per_gas: 1_000_000_007,
            max_priority_fee_per_gas: 1_000_000,
            to: TxKind::Call(Address::left_padding_from(&to.to_be_bytes())),
            value: U256::from(10u64.pow(15) + nonce),
            ..TxEip1559::default()
        };
        let signature = Signature::new(U256::MAX - U256::from(nonce), U256::from(7), false);
        Transaction::Eip1559(Signed::new_unhashed(tx, signature)).encoded_2718().into()
    }
}
