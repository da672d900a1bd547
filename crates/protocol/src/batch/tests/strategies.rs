//! Random raw transactions and batches, built with alloy's types and not with the code under test.

use alloc::vec::Vec;

use alloy_consensus::{Signed, TxEip1559, TxEip2930, TxEip7702, TxLegacy};
use alloy_eips::{
    eip2718::Encodable2718,
    eip2930::{AccessList, AccessListItem},
    eip7702::{Authorization, SignedAuthorization},
};
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U256};
use proptest::{collection::vec, prelude::*};

use crate::{Transaction, batch::*};

/// Chain id of the tests' L2.
pub(in crate::batch) const CHAIN_ID: u64 = 420_690;

/// Numbers of all lengths, not nearly always long ones.
pub(in crate::batch) fn word() -> impl Strategy<Value = U256> {
    (any::<[u8; 32]>(), 0usize..=256).prop_map(|(bytes, shift)| {
        U256::from_be_bytes(bytes).checked_shr(shift).unwrap_or_default()
    })
}

fn short() -> impl Strategy<Value = u64> {
    (any::<u64>(), 0u32..64).prop_map(|(value, shift)| value >> shift)
}

fn fee() -> impl Strategy<Value = u128> {
    (any::<u128>(), 0u32..128).prop_map(|(value, shift)| value >> shift)
}

/// Few enough addresses that some repeat.
fn address() -> impl Strategy<Value = Address> {
    prop_oneof![(0u8..12).prop_map(Address::repeat_byte), any::<[u8; 20]>().prop_map(Address::new)]
}

fn recipient() -> impl Strategy<Value = TxKind> {
    prop_oneof![1 => Just(TxKind::Create), 5 => address().prop_map(TxKind::Call)]
}

fn data() -> impl Strategy<Value = Bytes> {
    prop_oneof![
        3 => Just(Bytes::new()),
        // One byte is RLP's special case; 55 and 56 bytes are the edge between its two forms.
        2 => vec(any::<u8>(), 1..2).prop_map(Bytes::from),
        2 => vec(any::<u8>(), 54..58).prop_map(Bytes::from),
        2 => vec(any::<u8>(), 0..700).prop_map(Bytes::from),
    ]
}

fn signature() -> impl Strategy<Value = Signature> {
    (word(), word(), any::<bool>()).prop_map(|(r, s, parity)| Signature::new(r, s, parity))
}

fn access_list() -> impl Strategy<Value = AccessList> {
    let item = (address(), vec(any::<[u8; 32]>().prop_map(B256::new), 0..4))
        .prop_map(|(address, storage_keys)| AccessListItem { address, storage_keys });
    vec(item, 0..4).prop_map(AccessList)
}

fn authorizations() -> impl Strategy<Value = Vec<SignedAuthorization>> {
    let item = (word(), address(), short(), any::<u8>(), word(), word()).prop_map(
        |(chain_id, address, nonce, parity, r, s)| {
            let inner = Authorization { chain_id, address, nonce };
            SignedAuthorization::new_unchecked(inner, parity, r, s)
        },
    );
    vec(item, 0..4)
}

/// The fields that all kinds share.
type Common = (u64, u64, u128, u128, U256, Bytes, Signature);

fn common() -> impl Strategy<Value = Common> {
    (short(), short(), fee(), fee(), word(), data(), signature())
}

fn legacy() -> impl Strategy<Value = Transaction> {
    (common(), recipient(), any::<bool>()).prop_map(|(common, to, protected)| {
        let (nonce, gas_limit, gas_price, _, value, input, signature) = common;
        let chain_id = protected.then_some(CHAIN_ID);
        let tx = TxLegacy { chain_id, nonce, gas_price, gas_limit, to, value, input };
        Transaction::Legacy(Signed::new_unhashed(tx, signature))
    })
}

fn access_list_tx() -> impl Strategy<Value = Transaction> {
    (common(), recipient(), access_list()).prop_map(|(common, to, access_list)| {
        let (nonce, gas_limit, gas_price, _, value, input, signature) = common;
        let chain_id = CHAIN_ID;
        let tx = TxEip2930 { chain_id, nonce, gas_price, gas_limit, to, value, access_list, input };
        Transaction::Eip2930(Signed::new_unhashed(tx, signature))
    })
}

fn dynamic_fee_tx() -> impl Strategy<Value = Transaction> {
    let list = prop_oneof![Just(AccessList::default()), access_list()];
    (common(), recipient(), list).prop_map(|(common, to, access_list)| {
        let (nonce, gas_limit, max_fee_per_gas, max_priority_fee_per_gas, value, input, signature) =
            common;
        let tx = TxEip1559 {
            chain_id: CHAIN_ID,
            nonce,
            gas_limit,
            max_fee_per_gas,
            max_priority_fee_per_gas,
            to,
            value,
            access_list,
            input,
        };
        Transaction::Eip1559(Signed::new_unhashed(tx, signature))
    })
}

fn set_code_tx() -> impl Strategy<Value = Transaction> {
    (common(), address(), access_list(), authorizations()).prop_map(|(common, to, list, auths)| {
        let (nonce, gas_limit, max_fee_per_gas, max_priority_fee_per_gas, value, input, signature) =
            common;
        let tx = TxEip7702 {
            chain_id: CHAIN_ID,
            nonce,
            gas_limit,
            max_fee_per_gas,
            max_priority_fee_per_gas,
            to,
            value,
            access_list: list,
            authorization_list: auths,
            input,
        };
        Transaction::Eip7702(Signed::new_unhashed(tx, signature))
    })
}

/// A transaction of any kind that a batch carries.
pub(in crate::batch) fn transaction() -> impl Strategy<Value = Transaction> {
    prop_oneof![
        2 => legacy(),
        1 => access_list_tx(),
        4 => dynamic_fee_tx(),
        1 => set_code_tx(),
    ]
}

/// Its raw bytes.
pub(in crate::batch) fn raw() -> impl Strategy<Value = Bytes> {
    transaction().prop_map(|tx| Bytes::from(tx.encoded_2718()))
}

fn block() -> impl Strategy<Value = BatchBlock> {
    let hints = vec((short(), 0u32..5), 0..6).prop_map(|steps| {
        let mut next = 0u32;
        let mut hints = Vec::new();
        for (jump, small) in steps {
            let jump = u32::try_from(jump % 5_000_000).unwrap() * u32::from(small == 0);
            next += small + jump;
            hints.push(next);
            next += 1;
        }
        hints
    });
    (any::<bool>(), hints, vec(raw(), 0..12)).prop_map(|(origin_advances, hints, transactions)| {
        let deposit_log_indexes = if origin_advances { hints } else { Vec::new() };
        BatchBlock { origin_advances, deposit_log_indexes, transactions }
    })
}

/// A batch that encodes: one in three carries a part of a block.
pub(in crate::batch) fn batch() -> impl Strategy<Value = Batch> {
    let checks = any::<([u8; CHECK_BYTES], [u8; CHECK_BYTES])>();
    let part = prop_oneof![
        4 => Just((0, false)),
        1 => (0..=BLOCK_TRANSACTIONS_MAX).prop_map(|skip| (skip, false)),
        1 => (0..=BLOCK_TRANSACTIONS_MAX).prop_map(|skip| (skip, true)),
    ];
    (short(), checks, part, vec(block(), 1..20), raw()).prop_map(
        |(first_block, checks, (skip, unfinished), mut blocks, raw)| {
            if skip > 0 {
                blocks[0].origin_advances = false;
                blocks[0].deposit_log_indexes.clear();
            }
            if unfinished {
                blocks.truncate(1);
                blocks[0].transactions.push(raw);
            }
            Batch {
                first_block: first_block % (u64::MAX - 100),
                skip,
                unfinished,
                parent_check: checks.0,
                origin_check: checks.1,
                blocks,
            }
        },
    )
}
