//! Nodes that were kept as slots changed prove every earlier state of an account that only gains slots.

use alloc::{collections::BTreeMap, vec::Vec};
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use proptest::prelude::*;

use crate::{
    Account, AccountDiff, EMPTY_ROOT, SlotWalk, StateDiff, StateTrie, StorageProof, WalkError,
};

const PASSER: Address = Address::repeat_byte(0x16);

fn sent(slots: &[U256]) -> StateDiff {
    let change = AccountDiff {
        account: Some(Account { nonce: 1, ..Account::default() }),
        storage_cleared: false,
        storage: slots.iter().map(|slot| (*slot, U256::from(1))).collect(),
    };
    StateDiff { accounts: [(PASSER, change)].into(), ..StateDiff::default() }
}

fn walk(nodes: &BTreeMap<B256, Bytes>, root: B256, slot: U256) -> Option<StorageProof> {
    let mut walk = SlotWalk::new(root, slot);
    while let Some(hash) = walk.needs() {
        walk.take(nodes.get(&hash)?.clone()).unwrap();
    }
    Some(walk.finish())
}

#[test]
fn test_nodes_kept_as_slots_change_prove_every_state_since() {
    let slots: Vec<U256> =
        (0..600_u64).map(|n| U256::from_be_bytes(keccak256(n.to_be_bytes()).0)).collect();
    let mut trie = StateTrie::new();
    let (mut kept, mut states) = (BTreeMap::new(), Vec::new());
    let mut known = 0;
    // Blocks of 1 to 30 withdrawals, and a counter that each of them raises.
    for block in 0_usize.. {
        let new = &slots[known..std::cmp::min(known + 1 + block * 7 % 30, slots.len())];
        if new.is_empty() {
            break;
        }
        known += new.len();
        let mut diff = sent(new);
        let counter = diff.accounts.get_mut(&PASSER).unwrap();
        counter.storage.insert(U256::from(1), U256::from(known));
        let changed: Vec<U256> = counter.storage.keys().copied().collect();
        trie.apply(&diff);
        kept.extend(trie.slot_nodes(&PASSER, &changed));
        let asked: Vec<U256> = slots.iter().copied().step_by(3).chain([U256::from(1)]).collect();
        states.push((trie.storage_root(&PASSER), trie.proof(&PASSER, &asked).storage));
    }
    assert!(states.len() > 30);
    for (root, proofs) in states {
        for proof in proofs {
            assert_eq!(walk(&kept, root, proof.slot), Some(proof));
        }
    }
}

#[test]
fn test_a_walk_through_nothing_needs_nothing() {
    let walk = SlotWalk::new(EMPTY_ROOT, U256::from(7));
    assert_eq!(walk.needs(), None);
    let proof = walk.finish();
    assert_eq!((proof.value, proof.proof.len()), (U256::ZERO, 0));
}

#[test]
fn test_another_node_is_refused_and_still_needed() {
    let mut trie = StateTrie::new();
    trie.apply(&sent(&[U256::from(1), U256::from(2)]));
    let root = trie.storage_root(&PASSER);
    let mut walk = SlotWalk::new(root, U256::from(1));
    let node = Bytes::from_static(&[0x80]);
    let refused = WalkError::AnotherNode { got: keccak256(&node), wanted: Some(root) };
    assert_eq!(walk.take(node), Err(refused));
    assert_eq!(walk.needs(), Some(root));
}

proptest! {
    /// Whatever the bytes are, a walk ends or goes on; nodes of a real trie with a byte changed are among them.
    #[test]
    fn test_no_bytes_make_a_walk_panic(
        random in prop::collection::vec(any::<u8>(), 0..600),
        slot in any::<u64>(),
        (at, bit) in (any::<prop::sample::Index>(), 0_u8..8),
    ) {
        let mut trie = StateTrie::new();
        trie.apply(&sent(&(0..20).map(U256::from).collect::<Vec<_>>()));
        let slot = U256::from(slot % 40);
        let mut nodes: Vec<Vec<u8>> = trie.proof(&PASSER, &[slot]).storage[0].proof.iter().map(|node| node.to_vec()).collect();
        for node in &mut nodes {
            let place = at.index(node.len());
            node[place] ^= 1 << bit;
        }
        for node in nodes.into_iter().chain([random]) {
            let mut walk = SlotWalk::new(keccak256(&node), slot);
            let _ = walk.take(node.into());
        }
    }
}
