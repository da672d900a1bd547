//! Tests of [`super`].

mod published;

use alloc::vec::Vec;

use alloy_consensus::{SignableTransaction, TxEip1559, TxLegacy};
use alloy_primitives::{Address, Signature, TxKind, U256, address, hex, uint};
use op_alloy_consensus::TxDeposit;

use super::*;

/// The example of EIP-155: chain 1, key 0x46…46.
const EIP_155: [u8; 110] = hex!(
    "f86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a76400008025a028ef61340bd9"
    "39bc2195fe537567866003e1a15d3c71ff63e1590620aa636276a067cbe9d8997f761aecb703304b3800ccf555c9f3dc6421"
    "4b297fb1966a3b6d83"
);
const EIP_155_SENDER: Address = address!("9d8a62f656a8d1615c1294fd71e9cfb3e4855a4f");

#[test]
fn legacy_transaction_of_eip_155() {
    let tx = decode_user_transaction(&EIP_155).unwrap();
    assert_eq!(recover(&tx).unwrap(), EIP_155_SENDER);
    assert!(check_chain_id(&tx, 1).is_ok());
    let refused = check_chain_id(&tx, 2);
    assert!(matches!(refused, Err(TransactionError::ChainId { actual: 1, expected: 2 })));
    assert_eq!(tx.encoded_2718(), EIP_155);
}

/// The order of the curve.
const ORDER: U256 = uint!(0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141_U256);

#[test]
fn high_s_is_refused() {
    let Transaction::Legacy(tx) = decode_user_transaction(&EIP_155).unwrap() else {
        panic!("a legacy transaction");
    };
    // The same signature in its other form: it recovers to the same key, and EIP-2 forbids it.
    let (s, parity) = (ORDER - tx.signature().s(), !tx.signature().v());
    let other = Signature::new(tx.signature().r(), s, parity);
    let tx = Transaction::Legacy(tx.tx().clone().into_signed(other));
    assert!(matches!(recover(&tx), Err(TransactionError::Signature)));
    let raw = tx.encoded_2718();
    assert!(decode_user_transaction(&raw).is_ok(), "it is a transaction, but nobody's");
}

#[test]
fn signatures_that_are_none_are_refused() {
    let tx = TxEip1559 { chain_id: 1, ..TxEip1559::default() };
    for (r, s) in [(U256::ZERO, U256::from(1)), (U256::from(1), U256::ZERO), (ORDER, U256::from(1))]
    {
        let tx = Transaction::Eip1559(tx.clone().into_signed(Signature::new(r, s, false)));
        assert!(matches!(recover(&tx), Err(TransactionError::Signature)), "{r} {s}");
    }
}

#[test]
fn legacy_without_chain_id_runs_everywhere() {
    let signature = Signature::new(U256::from(1), U256::from(1), false);
    let tx = Transaction::Legacy(TxLegacy::default().into_signed(signature));
    assert!(check_chain_id(&tx, 1).is_ok());
    assert!(check_chain_id(&tx, 2).is_ok());
}

fn deposit() -> TxDeposit {
    TxDeposit {
        from: Address::repeat_byte(7),
        to: TxKind::Create,
        mint: 5,
        input: alloc::vec![1, 2, 3].into(),
        ..TxDeposit::default()
    }
}

#[test]
fn deposits_are_transactions_of_blocks_but_not_of_users() {
    let raw = Transaction::from(deposit()).encoded_2718();
    let tx = decode_transaction(&raw).unwrap();
    assert_eq!(recover(&tx).unwrap(), Address::repeat_byte(7));
    assert!(check_chain_id(&tx, 123).is_ok());
    assert!(matches!(decode_user_transaction(&raw), Err(TransactionError::Type(0x7e))));
}

#[test]
fn types_that_the_chain_does_not_have() {
    for kind in [0x00, 0x03, 0x05, 0x7d, 0x7f, 0x80, 0xbf] {
        let refused = decode_transaction(&[kind, 0xc0]);
        assert!(matches!(refused, Err(TransactionError::Type(actual)) if actual == kind));
        let refused = decode_user_transaction(&[kind, 0xc0]);
        assert!(matches!(refused, Err(TransactionError::Type(actual)) if actual == kind));
    }
    assert!(matches!(decode_transaction(&[]), Err(TransactionError::Empty)));
    assert!(matches!(decode_user_transaction(&[]), Err(TransactionError::Empty)));
}

#[test]
fn size_and_end_are_checked() {
    let mut raw = EIP_155.to_vec();
    raw.push(0);
    assert!(matches!(decode_user_transaction(&raw), Err(TransactionError::Trailing(1))));
    for cut in 0..EIP_155.len() {
        assert!(decode_user_transaction(&EIP_155[..cut]).is_err(), "cut at {cut}");
    }
    let large = alloc::vec![0xf8; TRANSACTION_BYTES_MAX + 1];
    assert!(matches!(decode_user_transaction(&large), Err(TransactionError::TooLarge(_))));
}

#[test]
fn longer_forms_of_numbers_are_refused() {
    // Nonce 9 as two bytes with a leading zero.
    let mut raw: Vec<u8> = hex!("f86e820009").to_vec();
    raw.extend_from_slice(&EIP_155[3..]);
    assert_eq!(raw.len(), EIP_155.len() + 2);
    assert!(matches!(decode_user_transaction(&raw), Err(TransactionError::Decode(_))));
}
