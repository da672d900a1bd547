//! Genesis, and what a complete state must say of what it does not hold.

use alloc::collections::BTreeMap;
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use protocol::GenesisAccount;

use super::*;
use crate::EMPTY_ROOT;

#[test]
fn test_genesis_has_its_accounts_codes_and_slots_without_zeros() {
    let code = Bytes::from_static(&[0x60, 0]);
    let contract = GenesisAccount {
        nonce: 1,
        balance: U256::from(5),
        code: code.clone(),
        storage: BTreeMap::from([
            (B256::with_last_byte(1), B256::with_last_byte(9)),
            (B256::with_last_byte(2), B256::ZERO),
        ]),
    };
    let address = Address::repeat_byte(1);
    let rich = GenesisAccount { balance: U256::MAX, ..GenesisAccount::default() };
    let state = MemoryState::from_genesis(&BTreeMap::from([
        (address, contract),
        (Address::repeat_byte(2), rich),
    ]));

    let code_hash = keccak256(&code);
    let expected = Account { nonce: 1, balance: U256::from(5), code_hash };
    assert_eq!(state.account(&address), Ok(Some(expected)));
    assert_eq!(state.code(&code_hash), Ok(code));
    assert_eq!(state.slots_of(&address), [(U256::from(1), U256::from(9))]);
    assert_eq!(state.storage(&address, &U256::from(2)), Ok(U256::ZERO));
    let rich = state.account(&Address::repeat_byte(2)).unwrap().unwrap();
    assert!(!rich.has_code() && !rich.is_empty());
    assert_ne!(state.trie().root(), EMPTY_ROOT);
}

#[test]
fn test_unknown_code_and_hashes_are_errors_and_no_code_is_empty() {
    let state = MemoryState::new();
    let hash = B256::repeat_byte(1);
    assert_eq!(state.code(&Account::default().code_hash), Ok(Bytes::new()));
    assert_eq!(state.code(&hash), Err(MemoryStateError::CodeUnknown(hash)));
    assert_eq!(state.block_hash(1), Err(MemoryStateError::BlockHashUnknown(1)));
    assert_eq!(state.account(&Address::ZERO), Ok(None));
    assert_eq!(state.trie().root(), EMPTY_ROOT);
}
