//! What is too large or not canonical is refused, by name, on both ways.

use alloy_consensus::{Signed, TxEip1559, TxLegacy};
use alloy_primitives::{Signature, TxKind, U256};

use super::*;
use crate::transaction::TRANSACTION_BYTES_MAX;

fn one_block(transactions: Vec<Bytes>) -> Batch {
    let block = BatchBlock { transactions, ..BatchBlock::default() };
    Batch { first_block: 1, blocks: alloc::vec![block], ..Batch::default() }
}

fn decode_plain(columns: &[u8], signatures: &[u8]) -> Result<Batch, BatchError> {
    decode_batch(&pack(Compression::None, columns, signatures), CHAIN_ID)
}

fn with_data(len: usize) -> Bytes {
    let signature = Signature::new(U256::MAX, U256::MAX, true);
    let tx = TxEip1559 {
        chain_id: CHAIN_ID,
        to: TxKind::Create,
        input: alloc::vec![1; len].into(),
        ..TxEip1559::default()
    };
    Transaction::Eip1559(Signed::new_unhashed(tx, signature)).encoded_2718().into()
}

#[test]
fn blocks() {
    assert_eq!(Batch::default().encode(CHAIN_ID), Err(BatchError::NoBlocks));
    let mut batch = one_block(Vec::new());
    batch.blocks = alloc::vec![BatchBlock::default(); BATCH_BLOCKS_MAX];
    let encoded = batch.encode(CHAIN_ID).unwrap();
    assert_eq!(decode_plain(&encoded.columns, &encoded.signatures), Ok(batch.clone()));
    batch.blocks.push(BatchBlock::default());
    let (actual, max) = (BATCH_BLOCKS_MAX as u64 + 1, BATCH_BLOCKS_MAX as u64);
    let refused = BatchError::TooMany { what: "blocks", actual, max };
    assert_eq!(batch.encode(CHAIN_ID), Err(refused));

    let mut batch = one_block(Vec::new());
    batch.first_block = u64::MAX;
    assert!(batch.encode(CHAIN_ID).is_ok());
    batch.blocks.push(BatchBlock::default());
    assert_eq!(batch.encode(CHAIN_ID), Err(BatchError::BlockNumberOverflow(u64::MAX)));
}

#[test]
fn deposit_hints() {
    let mut batch = one_block(Vec::new());
    batch.blocks[0].deposit_log_indexes = alloc::vec![3];
    assert_eq!(batch.encode(CHAIN_ID), Err(BatchError::DepositsWithoutOrigin(0)));
    batch.blocks[0].origin_advances = true;
    batch.blocks[0].deposit_log_indexes = alloc::vec![3, 3];
    assert_eq!(batch.encode(CHAIN_ID), Err(BatchError::DepositOrder(0)));
    batch.blocks[0].deposit_log_indexes = alloc::vec![0, 1, u32::MAX];
    let encoded = batch.encode(CHAIN_ID).unwrap();
    assert_eq!(decode_plain(&encoded.columns, &[]), Ok(batch.clone()));

    batch.blocks[0].deposit_log_indexes = (0..).take(BATCH_DEPOSITS_MAX).collect();
    let encoded = batch.encode(CHAIN_ID).unwrap();
    assert_eq!(decode_plain(&encoded.columns, &[]), Ok(batch.clone()));
    batch.blocks[0].deposit_log_indexes.push(u32::MAX);
    let refused = batch.encode(CHAIN_ID);
    assert!(matches!(refused, Err(BatchError::TooMany { what: "deposits", .. })));
}

/// A few bytes that promise much are refused before anything is allocated for the promise.
#[test]
fn promises_without_bytes() {
    let mut head = alloc::vec![1u8];
    head.extend_from_slice(&[0; 2 * CHECK_BYTES]);
    let mut blocks = head.clone();
    varint::put_u64(&mut blocks, u64::MAX);
    assert!(matches!(decode_plain(&blocks, &[]), Err(BatchError::TooMany { what: "blocks", .. })));
    // One block with as many transactions as allowed, and no signature.
    let mut transactions = head.clone();
    transactions.extend_from_slice(&[1, 0, 0]);
    varint::put_len(&mut transactions, BATCH_TRANSACTIONS_MAX);
    let refused = Err(BatchError::NotCanonical("number of signatures"));
    assert_eq!(decode_plain(&transactions, &[]), refused);
    // One block that advances, with as many deposits as allowed.
    let mut deposits = head;
    deposits.extend_from_slice(&[1, 0, 1, 0]);
    varint::put_len(&mut deposits, BATCH_DEPOSITS_MAX);
    let refused = Err(BatchError::Truncated("deposit log index"));
    assert_eq!(decode_plain(&deposits, &[]), refused);

    let mut payload = alloc::vec![payload::BATCH_VERSION, 0];
    varint::put_len(&mut payload, BATCH_BYTES_MAX + 1);
    assert!(matches!(decode_batch(&payload, CHAIN_ID), Err(BatchError::TooMany { .. })));
}

#[test]
fn transaction_size() {
    // A creation of this kind takes 84 bytes besides its data here.
    let empty = with_data(TRANSACTION_BYTES_MAX).len() - TRANSACTION_BYTES_MAX;
    let fits = with_data(TRANSACTION_BYTES_MAX - empty);
    assert_eq!(fits.len(), TRANSACTION_BYTES_MAX);
    let batch = one_block(alloc::vec![fits]);
    let encoded = batch.encode(CHAIN_ID).unwrap();
    assert_eq!(decode_plain(&encoded.columns, &encoded.signatures), Ok(batch));

    let batch = one_block(alloc::vec![with_data(TRANSACTION_BYTES_MAX - empty + 1)]);
    let source = CarryError::TooLarge(TRANSACTION_BYTES_MAX + 1);
    let refused = BatchError::Transaction { index: 0, source };
    assert_eq!(batch.encode(CHAIN_ID), Err(refused));
}

#[test]
fn bytes_of_a_batch() {
    let large = with_data(130_000);
    let batch = one_block(alloc::vec![large.clone(); 17]);
    assert!(matches!(batch.encode(CHAIN_ID), Err(BatchError::TooMany { what: "bytes", .. })));
    let batch = one_block(alloc::vec![large; 16]);
    let encoded = batch.encode(CHAIN_ID).unwrap();
    assert_eq!(decode_plain(&encoded.columns, &encoded.signatures), Ok(batch));
}

#[test]
fn other_chains_and_other_types() {
    let signature = Signature::new(U256::from(1), U256::from(2), false);
    let refuse = |raw: Vec<u8>| match one_block(alloc::vec![raw.into()]).encode(CHAIN_ID) {
        Err(BatchError::Transaction { index: 0, source }) => source,
        other => panic!("{other:?}"),
    };
    let tx = TxEip1559 { chain_id: 1, ..TxEip1559::default() };
    let raw = Transaction::Eip1559(Signed::new_unhashed(tx, signature)).encoded_2718();
    assert_eq!(refuse(raw), CarryError::ChainId(1));
    let tx = TxLegacy { chain_id: Some(7), ..TxLegacy::default() };
    let raw = Transaction::Legacy(Signed::new_unhashed(tx, signature)).encoded_2718();
    assert_eq!(refuse(raw), CarryError::ChainId(7));
    assert_eq!(refuse(alloc::vec![0x03, 0xc0]), CarryError::Type(3));
    assert_eq!(refuse(alloc::vec![0x7e, 0xc0]), CarryError::Type(0x7e));
    assert_eq!(refuse(Vec::new()), CarryError::Encoding("transaction"));
}

#[test]
fn signatures_must_be_as_many_as_transactions() {
    let batch = one_block(alloc::vec![sample::transfer(1, 2), sample::transfer(2, 2)]);
    let encoded = batch.encode(CHAIN_ID).unwrap();
    assert_eq!(encoded.signatures.len(), 128);
    let refused = Err(BatchError::NotCanonical("number of signatures"));
    assert_eq!(decode_plain(&encoded.columns, &encoded.signatures[..127]), refused);
    assert_eq!(decode_plain(&encoded.columns, &[&encoded.signatures[..], &[0]].concat()), refused);
}

#[test]
fn an_address_stands_in_the_dictionary_once() {
    let batch = one_block(alloc::vec![sample::transfer(1, 2), sample::transfer(1, 3)]);
    let encoded = batch.encode(CHAIN_ID).unwrap();
    let address = |to: u64| {
        let mut address = [0u8; 20];
        address[12..].copy_from_slice(&to.to_be_bytes());
        address
    };
    let find =
        |needle: [u8; 20]| encoded.columns.windows(20).position(|window| window == needle).unwrap();
    // The second address becomes the first one, which the second transaction could name by its number.
    let mut columns = encoded.columns.clone();
    let at = find(address(3));
    columns[at..at + 20].copy_from_slice(&address(2));
    let refused = Err(BatchError::NotCanonical("addresses"));
    assert_eq!(decode_plain(&columns, &encoded.signatures), refused);
}

#[test]
fn parts() {
    let part = |skip, unfinished| Batch {
        skip,
        unfinished,
        ..one_block(alloc::vec![sample::transfer(1, 2)])
    };
    for (skip, unfinished) in [(0, true), (1, true), (1, false), (BLOCK_TRANSACTIONS_MAX, false)] {
        let batch = part(skip, unfinished);
        let encoded = batch.encode(CHAIN_ID).unwrap();
        assert_eq!(decode_plain(&encoded.columns, &encoded.signatures), Ok(batch));
    }
    let refused = part(BLOCK_TRANSACTIONS_MAX + 1, false).encode(CHAIN_ID);
    assert!(matches!(refused, Err(BatchError::TooMany { what: "skipped transactions", .. })));

    let mut advancing = part(1, false);
    advancing.blocks[0].origin_advances = true;
    let mut among_others = part(0, true);
    among_others.blocks.push(BatchBlock::default());
    let mut empty = part(0, true);
    empty.blocks[0].transactions.clear();
    for batch in [advancing, among_others, empty] {
        let refused = batch.encode(CHAIN_ID).unwrap_err();
        assert!(matches!(refused, BatchError::Part(_)), "{refused}");
        // The same bytes, if somebody writes them all the same, are no batch either.
        let whole = Batch { skip: 0, unfinished: false, ..batch.clone() };
        let mut encoded = whole.encode(CHAIN_ID).unwrap();
        let column = 1 + 2 * CHECK_BYTES + 1;
        assert_eq!(encoded.columns[column], 0);
        encoded.columns[column] =
            u8::try_from(batch.skip).unwrap() << 1 | u8::from(batch.unfinished);
        assert_eq!(decode_plain(&encoded.columns, &encoded.signatures), Err(refused));
    }

    let mut columns = part(0, false).encode(CHAIN_ID).unwrap().columns;
    let column = 1 + 2 * CHECK_BYTES + 1;
    columns.splice(column..=column, [0xff, 0xff, 0xff, 0x7f]);
    let refused = decode_plain(&columns, &[]);
    assert!(matches!(refused, Err(BatchError::TooMany { what: "skipped transactions", .. })));
}
