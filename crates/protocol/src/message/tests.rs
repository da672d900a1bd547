//! Tests of [`super`].

use alloy_primitives::{b256, hex};
use proptest::{collection::vec, prelude::*};
use serde_json::{Value, json};

use super::*;

fn updates() -> impl Strategy<Value = ConfigUpdate> {
    prop_oneof![
        any::<[u8; 20]>().prop_map(|bytes| ConfigUpdate::Batcher(Address::new(bytes))),
        any::<(u32, u32)>().prop_map(|(base, blob)| ConfigUpdate::FeeScalars { base, blob }),
        any::<u64>().prop_map(ConfigUpdate::GasLimit),
        any::<(u32, u64)>()
            .prop_map(|(scalar, constant)| ConfigUpdate::OperatorFee { scalar, constant }),
    ]
}

fn messages() -> impl Strategy<Value = L1Message> {
    let deposit = (any::<[u8; 20]>(), any::<[u8; 20]>(), vec(any::<u8>(), 0..300)).prop_map(
        |(from, to, opaque_data)| {
            L1Message::Deposit(DepositMessage {
                from: Address::new(from),
                to: Address::new(to),
                opaque_data: opaque_data.into(),
            })
        },
    );
    prop_oneof![deposit, updates().prop_map(L1Message::Config)]
}

proptest! {
    #[test]
    fn messages_round_trip(message in messages()) {
        prop_assert_eq!(L1Message::decode(&message.encode()), Ok(message));
    }

    #[test]
    fn what_decodes_encodes_back(message in messages(), at: prop::sample::Index, byte: u8, cut in 0usize..40) {
        let mut bytes = message.encode().to_vec();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        bytes.truncate(bytes.len() - core::cmp::min(cut / 8, bytes.len()));
        if let Ok(decoded) = L1Message::decode(&bytes) {
            prop_assert_eq!(decoded.encode().to_vec(), bytes);
        }
    }

    #[test]
    fn opaque_data_makes_a_deposit(
        from in any::<[u8; 20]>(),
        to in any::<[u8; 20]>(),
        mint: u128,
        value in any::<[u8; 32]>(),
        gas_limit: u64,
        creation: bool,
        data in vec(any::<u8>(), 0..200),
    ) {
        let opaque_data = [
            &U256::from(mint).to_be_bytes::<32>()[..],
            &value,
            &gas_limit.to_be_bytes(),
            &[u8::from(creation)],
            &data,
        ].concat();
        let message = DepositMessage {
            from: Address::new(from),
            to: Address::new(to),
            opaque_data: opaque_data.into(),
        };
        let deposit = message.to_deposit(B256::repeat_byte(1)).unwrap();
        let expected = TxDeposit {
            source_hash: B256::repeat_byte(1),
            from: Address::new(from),
            to: if creation { TxKind::Create } else { TxKind::Call(Address::new(to)) },
            mint,
            value: U256::from_be_bytes(value),
            gas_limit,
            is_system_transaction: false,
            input: data.into(),
        };
        prop_assert_eq!(deposit, expected);
    }

    #[test]
    fn any_opaque_data_is_a_deposit_or_an_error(opaque_data in vec(any::<u8>(), 0..200)) {
        let len = opaque_data.len();
        let message =
            DepositMessage { from: Address::ZERO, to: Address::ZERO, opaque_data: opaque_data.into() };
        let result = message.to_deposit(B256::ZERO);
        prop_assert_eq!(result == Err(DepositError::TooShort(len)), len < OPAQUE_HEAD_BYTES);
    }
}

#[test]
fn opaque_data_that_portal_never_makes() {
    let with = |mint_top: u8, flag: u8| {
        let mut opaque_data = alloc::vec![0u8; OPAQUE_HEAD_BYTES];
        opaque_data[15] = mint_top;
        opaque_data[72] = flag;
        let opaque_data = opaque_data.into();
        DepositMessage { from: Address::ZERO, to: Address::ZERO, opaque_data }
            .to_deposit(B256::ZERO)
    };
    assert!(with(0, 0).is_ok());
    assert_eq!(with(1, 0), Err(DepositError::Mint(U256::from(1) << 128)));
    assert_eq!(with(0, 2), Err(DepositError::CreationFlag(2)));
}

#[test]
fn what_the_contracts_never_append_is_refused() {
    assert_eq!(L1Message::decode(&[]), Err(MessageError::TooShort(0)));
    assert_eq!(L1Message::decode(&[0; 40]), Err(MessageError::TooShort(40)));
    assert_eq!(L1Message::decode(&[2]), Err(MessageError::Kind(2)));
    assert_eq!(L1Message::decode(&[1]), Err(MessageError::TooShort(1)));
    assert_eq!(L1Message::decode(&[1, 3]), Err(MessageError::UpdateType(3)));
    let long = alloc::vec![0; L1_MESSAGE_BYTES_MAX + 1];
    assert_eq!(L1Message::decode(&long), Err(MessageError::TooLong(L1_MESSAGE_BYTES_MAX + 1)));
    assert!(L1Message::decode(&long[1..]).is_ok());

    let refused = |update_type| Err(MessageError::UpdateData { update_type });
    let mut data = ConfigUpdate::Batcher(Address::repeat_byte(1)).data().to_vec();
    data[0] = 1; // padding
    assert_eq!(ConfigUpdate::decode(0, &data), refused(0));
    data[0] = 0;
    data.push(0);
    assert_eq!(ConfigUpdate::decode(0, &data), refused(0));
    let too_large = (U256::from(u64::MAX) + U256::from(1)).to_be_bytes::<32>();
    assert_eq!(ConfigUpdate::decode(2, &too_large), refused(2));
    assert_eq!(ConfigUpdate::decode(2, &too_large[1..]), refused(2));
    let two_words = [too_large, too_large].concat();
    assert_eq!(ConfigUpdate::decode(5, &two_words), refused(5));
}

/// The L1 attributes deposit of an OP chain's block: L1 origin, sequence number and the hash that came out.
#[test]
fn source_hash_of_a_published_block() {
    let origin = b256!("f7c63d3b8cb8f194b5ac53452faf9f8c0d14f790e43e85a12558906bbe6a5adf");
    let published = b256!("79ab34de993de378f15eafd864cab321ca382dc65b7aa82d0cc10618e68041e6");
    assert_eq!(l1_attributes_source_hash(origin, 0x53), published);
}

/// The definition of the OP deposits specification, written out.
#[test]
fn source_hashes_by_definition() {
    let block = B256::repeat_byte(0xab);
    let by_definition = |domain: u8, number: u8| {
        let id = keccak256([block.as_slice(), B256::with_last_byte(number).as_slice()].concat());
        keccak256([B256::with_last_byte(domain).as_slice(), id.as_slice()].concat())
    };
    assert_eq!(user_deposit_source_hash(block, 7), by_definition(0, 7));
    assert_eq!(l1_attributes_source_hash(block, 7), by_definition(1, 7));
    assert_ne!(user_deposit_source_hash(block, 7), l1_attributes_source_hash(block, 7));
}

#[test]
fn messages_and_their_chain_have_their_bytes() {
    let opaque_data = hex!(
        "0000000000000000000000000000000000000000000000000de0b6b3a7640000"
        "0000000000000000000000000000000000000000000000000000000000000005"
        "00000000000186a0" "00" "c0ffee"
    );
    let deposit = DepositMessage {
        from: Address::repeat_byte(0x11),
        to: Address::repeat_byte(0x22),
        opaque_data: Bytes::copy_from_slice(&opaque_data),
    };
    let messages = [
        L1Message::Deposit(deposit),
        L1Message::Config(ConfigUpdate::Batcher(Address::repeat_byte(0x33))),
        L1Message::Config(ConfigUpdate::FeeScalars { base: 1_368, blob: 810_949 }),
        L1Message::Config(ConfigUpdate::GasLimit(60_000_000)),
        L1Message::Config(ConfigUpdate::OperatorFee { scalar: 20_000, constant: 500 }),
    ];
    let mut acc = B256::ZERO;
    let rows: Vec<Value> = (100u64..)
        .zip(&messages)
        .map(|(l1_number, message)| {
            let before = acc;
            let timestamp = 1_700_000_000 + 12 * l1_number;
            let bytes = message.encode();
            acc = message_chain_next(acc, l1_number, timestamp, &bytes);
            json!({
                "accumulator": before,
                "l1Number": l1_number,
                "timestamp": timestamp,
                "message": bytes,
                "next": acc,
            })
        })
        .collect();
    crate::golden::check("messages.json", &Value::Array(rows));
}
