//! Kills at random moments: what was acknowledged is there afterwards, once, in a chain with the same hashes.

use std::{collections::BTreeMap, time::Duration};

use alloy::primitives::{B256, U256, keccak256};
use state::StateReader;

use super::support::{NOBODY, World, transfer};
use crate::{chain::At, publisher::Published};

/// Lives of the sequencer in one test.
const LIVES: u64 = 5;

#[test]
fn acknowledged_transactions_survive_kills_and_hashes_stay() {
    let world = World::new(0);
    let mut durable: BTreeMap<B256, u64> = BTreeMap::new();
    let mut sealed: BTreeMap<u64, B256> = BTreeMap::new();
    let mut nonces = [0_u64; 4];
    for life in 0..LIVES {
        let node = world.start();
        for (number, hash) in &sealed {
            let block = node.block_on(node.handle.view.block(*number)).unwrap().unwrap();
            assert_eq!(block.hash, *hash, "block {number} in life {life}");
        }
        for (hash, block) in &durable {
            let found = node.block_on(node.handle.view.transaction(*hash)).unwrap();
            assert_eq!(found.expect("durable is durable").block_number, *block);
        }
        let mut events = node.handle.publisher.subscribe();
        // Not a multiple of anything the builder does, so that each life ends elsewhere.
        let end = std::time::Instant::now() + Duration::from_millis(1_300 + life * 217);
        while std::time::Instant::now() < end {
            for (from, nonce) in (0_u8..).zip(nonces.iter_mut()) {
                let raw = transfer(from, *nonce, 1);
                if node.block_on(node.handle.submitter.submit(raw)).is_ok() {
                    *nonce += 1;
                }
            }
            node.block_on(async {
                let pause = tokio::time::timeout(Duration::from_millis(7), async {
                    loop {
                        match events.next().await.unwrap() {
                            Published::SubBlock(sub_block) => {
                                for included in &sub_block.transactions {
                                    durable.insert(included.hash, sub_block.cursor.block);
                                }
                            }
                            Published::Block(block) => {
                                sealed.insert(block.number(), block.hash);
                            }
                            _ => {}
                        }
                    }
                });
                let _ = pause.await;
            });
        }
        node.kill();
        // What was only received died with the process; its senders send it again.
        for (from, nonce) in (0_u8..).zip(nonces.iter_mut()) {
            while *nonce > 0 && !durable.contains_key(&keccak256(transfer(from, *nonce - 1, 1))) {
                *nonce -= 1;
            }
        }
    }
    let node = world.start();
    let newest = *sealed.last_key_value().unwrap().0;
    node.until_block(newest + 1);
    let state = node.block_on(node.handle.view.state(At::Number(newest))).unwrap();
    let transfers = durable.values().filter(|block| **block <= newest).count();
    assert!(sealed.len() >= 5 && durable.len() > 50, "{} {}", sealed.len(), durable.len());
    let balance = state.account(&NOBODY).unwrap().unwrap().balance;
    assert!(balance > U256::from(40), "{balance} of {transfers}");
    node.stop();
}
