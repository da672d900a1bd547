//! Many at a time are as each alone.

use alloy_consensus::{TxEip1559, TxEip2930, TxEip7702, TxLegacy};
use alloy_eips::Encodable2718;
use alloy_primitives::{TxKind, U256};
use op_alloy_consensus::TxDeposit;
use secp256k1::{Message, SECP256K1, SecretKey};

use super::*;

fn sign<T: SignableTransaction<Signature>>(tx: T, key: u8) -> SignedTransaction<T> {
    let key = SecretKey::from_byte_array([key; 32]).unwrap();
    let message = Message::from_digest(tx.signature_hash().0);
    let (id, bytes) = SECP256K1.sign_ecdsa_recoverable(message, &key).serialize_compact();
    let signature = Signature::from_bytes_and_parity(&bytes, i32::from(id) == 1);
    tx.into_signed(signature)
}

/// One of each kind that users send; every fifth one nobody signed, every seventh with a high s.
fn user(i: u8) -> Transaction {
    let input = Bytes::from(vec![i; usize::from(i) * 7]);
    let (nonce, to, key) = (u64::from(i), TxKind::Call(Address::repeat_byte(i)), i % 9 + 1);
    let legacy =
        TxLegacy { chain_id: (i % 8 < 4).then_some(7), nonce, to, input, ..TxLegacy::default() };
    let mut tx: Transaction = match i % 4 {
        0 => sign(legacy, key).into(),
        1 => sign(TxEip2930 { chain_id: 7, nonce, to, ..TxEip2930::default() }, key).into(),
        2 => sign(TxEip1559 { chain_id: 7, nonce, to, ..TxEip1559::default() }, key).into(),
        _ => sign(TxEip7702 { chain_id: 7, nonce, ..TxEip7702::default() }, key).into(),
    };
    if let Transaction::Legacy(signed) = &mut tx {
        let (r, s) = (signed.signature().r(), signed.signature().s());
        let signature = match i {
            _ if i.is_multiple_of(5) => Signature::new(r, U256::ZERO, false),
            _ if i.is_multiple_of(7) => Signature::new(r, !s, true),
            _ => return tx,
        };
        *signed = signed.tx().clone().into_signed(signature);
    }
    tx
}

fn text<T>(result: Result<T, TransactionError>) -> Result<T, String> {
    result.map_err(|error| error.to_string())
}

#[test]
fn senders_are_as_one_by_one() {
    let mut txs: Vec<Transaction> = (0..100).map(user).collect();
    txs.insert(17, TxDeposit { from: Address::repeat_byte(9), ..TxDeposit::default() }.into());
    let mut senders = Senders::new();
    for count in [0, 1, 2, 3, 20, txs.len(), 5] {
        let txs: Vec<_> = txs[..count].iter().collect();
        let found: Vec<_> = senders.recover(&txs).into_iter().map(text).collect();
        let expected: Vec<_> = txs.iter().map(|tx| text(protocol::recover(tx))).collect();
        assert_eq!(found, expected);
        assert!(count < 10 || expected.iter().any(Result::is_err));
    }
}

#[test]
fn raw_transactions_are_decoded_as_one_by_one() {
    let mut raws: Vec<Bytes> = (0..=255).map(|i| user(i).encoded_2718().into()).collect();
    raws.insert(3, Bytes::new());
    raws.insert(9, Bytes::from_static(&[0x7e, 0xc0]));
    raws.insert(80, raws[20].slice(1..));
    let raws: Vec<Bytes> = raws.iter().cycle().take(4 * raws.len()).cloned().collect();
    let expected: Vec<_> = raws
        .iter()
        .map(|raw| {
            let tx = protocol::decode_user_transaction(raw)?;
            let sender = protocol::recover(&tx)?;
            Ok((tx.tx_hash(), tx, sender))
        })
        .map(text)
        .collect();
    assert!(expected.iter().filter(|one| one.is_ok()).count() > 700);
    for decoded in [Senders::new().decode(&raws), decode(&raws)] {
        let found: Vec<_> = decoded
            .into_iter()
            .map(|decoded| {
                let Decoded { tx, sender, hash } = decoded?;
                assert_eq!(tx.tx_hash(), hash);
                Ok((hash, tx, sender))
            })
            .map(text)
            .collect();
        assert_eq!(found, expected);
    }
}

#[test]
fn who_asks_for_more_gas_than_one_may_is_not_taken() {
    let raw = |gas_limit| -> Bytes {
        let tx = sign(TxEip1559 { chain_id: 7, gas_limit, ..TxEip1559::default() }, 1);
        Transaction::from(tx).encoded_2718().into()
    };
    let [most, more] = [TRANSACTION_GAS_MAX, TRANSACTION_GAS_MAX + 1].map(raw);
    let decoded = Senders::new().decode(&[most.clone(), more, most]);
    assert!(decoded[0].is_ok() && decoded[2].is_ok());
    assert!(
        matches!(decoded[1], Err(TransactionError::Gas(gas)) if gas == TRANSACTION_GAS_MAX + 1)
    );
}
