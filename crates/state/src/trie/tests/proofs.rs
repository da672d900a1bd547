//! Proofs as others check them: `alloy-trie` must accept ours, and nothing that was altered.

use alloc::{collections::BTreeMap, vec::Vec};
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_trie::{Nibbles, TrieAccount, proof::verify_proof};

use super::Numbers;
use crate::{Account, AccountDiff, AccountProof, EMPTY_ROOT, StateDiff, StateTrie};

fn address(number: u64) -> Address {
    Address::from_word(keccak256(number.to_be_bytes()))
}

/// Every third account has up to 40 slots.
fn state(accounts: u64) -> StateDiff {
    let mut numbers = Numbers(accounts);
    let mut diff = StateDiff::default();
    for number in 0..accounts {
        let account = Account { nonce: number, balance: U256::from(number), ..Account::default() };
        let slots = if number % 3 == 0 { 1 + numbers.below(40) } else { 0 };
        let storage = (0..slots).map(|slot| (U256::from(slot), U256::from(1 + slot * slot)));
        let change = AccountDiff {
            account: Some(account),
            storage_cleared: false,
            storage: storage.collect(),
        };
        diff.accounts.insert(address(number), change);
    }
    diff
}

fn account_holds(root: B256, proof: &AccountProof) -> bool {
    let value = proof.account.map(|Account { nonce, balance, code_hash }| {
        let storage_root = proof.storage_root;
        alloy_rlp::encode(TrieAccount { nonce, balance, storage_root, code_hash })
    });
    verify_proof(root, Nibbles::unpack(keccak256(proof.address)), value, &proof.proof).is_ok()
}

fn slot_holds(root: B256, slot: U256, value: U256, nodes: &[Bytes]) -> bool {
    let key = Nibbles::unpack(keccak256(slot.to_be_bytes::<32>()));
    let value = (!value.is_zero()).then(|| alloy_rlp::encode(value));
    verify_proof(root, key, value, nodes).is_ok()
}

fn assert_holds(trie: &StateTrie, proof: &AccountProof) {
    assert!(account_holds(trie.root(), proof), "account {}", proof.address);
    for slot in &proof.storage {
        assert!(
            slot_holds(proof.storage_root, slot.slot, slot.value, &slot.proof),
            "slot {} of {}",
            slot.slot,
            proof.address
        );
    }
}

#[test]
fn test_proofs_of_present_and_absent_accounts_and_slots_verify() {
    for count in [0, 1, 2, 3, 17, 300] {
        let diff = state(count);
        let mut trie = StateTrie::new();
        trie.apply(&diff);
        let slots: Vec<_> = (0..60u64).map(U256::from).collect();
        for number in 0..count + 40 {
            let proof = trie.proof(&address(number), &slots);
            let known = diff.accounts.get(&address(number));
            assert_eq!(proof.account, known.and_then(|change| change.account));
            for (slot, proven) in slots.iter().zip(&proof.storage) {
                let value = known.and_then(|change| change.storage.get(slot));
                assert_eq!(proven.value, value.copied().unwrap_or_default());
            }
            assert_holds(&trie, &proof);
        }
    }
}

#[test]
fn test_the_empty_state_proves_absence_without_nodes() {
    let trie = StateTrie::new();
    let proof = trie.proof(&address(1), &[U256::ZERO]);
    assert_eq!((proof.account, proof.storage_root), (None, EMPTY_ROOT));
    assert!(proof.proof.is_empty() && proof.storage[0].proof.is_empty());
    assert_holds(&trie, &proof);
}

#[test]
fn test_altered_proofs_fail() {
    let mut trie = StateTrie::new();
    trie.apply(&state(300));
    let root = trie.root();
    let proof = trie.proof(&address(3), &[U256::ZERO]);
    assert_holds(&trie, &proof);

    let mut richer = proof.clone();
    richer.account = proof.account.map(|a| Account { balance: a.balance + U256::from(1), ..a });
    assert!(!account_holds(root, &richer));
    let denied = AccountProof { account: None, ..proof.clone() };
    assert!(!account_holds(root, &denied));
    let elsewhere = AccountProof { address: address(4), ..proof.clone() };
    assert!(!account_holds(root, &elsewhere));
    assert!(!account_holds(B256::repeat_byte(1), &proof));

    for (index, node) in proof.proof.iter().enumerate() {
        let mut shorter = proof.clone();
        shorter.proof.remove(index);
        assert!(!account_holds(root, &shorter), "without node {index}");
        for byte in 0..node.len() {
            let mut bent = node.to_vec();
            bent[byte] ^= 1;
            let mut altered = proof.clone();
            altered.proof[index] = bent.into();
            assert!(!account_holds(root, &altered), "byte {byte} of node {index}");
        }
    }
    let slot = &proof.storage[0];
    assert!(!slot_holds(proof.storage_root, slot.slot, slot.value + U256::from(1), &slot.proof));
    assert!(!slot_holds(proof.storage_root, slot.slot, U256::ZERO, &slot.proof));
}

/// Proofs stay right while the trie changes, also after most of it is gone.
#[test]
fn test_proofs_follow_changes() {
    let mut trie = StateTrie::new();
    trie.apply(&state(120));
    let gone = (3..120).map(|number| (address(number), AccountDiff::gone()));
    trie.apply(&StateDiff { accounts: gone.collect(), codes: BTreeMap::new() });
    for number in 0..120 {
        let proof = trie.proof(&address(number), &[U256::ZERO, U256::from(99)]);
        assert_eq!(proof.account.is_some(), number < 3);
        assert_holds(&trie, &proof);
    }
}
