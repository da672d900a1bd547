//! Reads genesis and chain, executes every block, and puts it as the rest of the sequencer knows blocks.
//!
//! Invariant: headers are as in the file, each is the child of the one before, and state root, receipts root and gas
//! of each are what its execution gives.

use std::{path::Path, sync::Arc};

use alloy::{
    consensus::Receipt,
    eips::Encodable2718,
    genesis::{Genesis, GenesisAccount},
    primitives::Bytes,
    rlp::Decodable as _,
};
use db::{BlockRecord, Bodies};
use executor::TransactionOutcome;
use protocol::{L2BlockRef, Transaction};
use state::{Account, AccountDiff, MemoryState, StateDiff, StateTrie};

use super::execute::{EthereumBlock, Executed, World, header_of};
use crate::{
    chain::{
        ChainBlock, Included, ethereum,
        ethereum::{EthereumChain, EthereumParts},
    },
    indexer::indexed_receipt,
};

/// A block with everything that the index keeps of it.
pub(super) struct Imported {
    pub(super) block: Arc<ChainBlock>,
    pub(super) record: BlockRecord,
}

/// The whole chain, and the state after its last block.
pub(super) struct Chain {
    pub(super) blocks: Vec<Imported>,
    pub(super) trie: StateTrie,
    pub(super) ethereum: EthereumChain,
}

/// Reads and executes the chain in a folder.
pub(super) fn import(folder: &Path) -> Chain {
    let genesis = std::fs::read(folder.join("genesis.json")).unwrap();
    let genesis: Genesis = serde_json::from_slice(&genesis).unwrap();
    let diff = allocated(&genesis);
    let (mut state, mut trie) = (MemoryState::new(), StateTrie::new());
    state.apply(&diff);
    let header = header_of(&genesis, trie.apply(&diff));
    let undo = diff.undo(&MemoryState::new()).unwrap();
    let first = EthereumBlock { header, ..EthereumBlock::default() };
    let mut world = World { config: genesis.config.clone(), state, trie, diff };
    world.state.set_block_hash(0, first.header.hash_slow());
    let mut blocks = vec![imported(&world, &first, Vec::new(), undo)];

    let chain = std::fs::read(folder.join("chain.rlp")).unwrap();
    let mut rest = &chain[..];
    while !rest.is_empty() {
        let block = EthereumBlock::decode(&mut rest).unwrap();
        let parent = blocks.last().unwrap().block.hash;
        assert_eq!(block.header.parent_hash, parent, "block {}", block.header.number);
        let before = world.state.clone();
        let executed = world.execute(&block);
        let slots_of = |address: &_| Some(before.slots_of(address));
        let undo = world.diff.undo_with(&before, slots_of).unwrap();
        blocks.push(imported(&world, &block, executed, undo));
    }
    let parts = blocks.iter().filter_map(|imported| imported.block.ethereum.clone()).collect();
    let genesis_hash = blocks[0].block.hash;
    let ethereum = EthereumChain { config: genesis.config, genesis_hash, parts };
    Chain { blocks, trie: world.trie, ethereum }
}

fn allocated(genesis: &Genesis) -> StateDiff {
    let mut diff = StateDiff::default();
    for (address, account) in &genesis.alloc {
        let GenesisAccount { nonce, balance, .. } = account;
        let mut change = AccountDiff::default();
        let mut known =
            Account { nonce: nonce.unwrap_or(0), balance: *balance, ..Account::default() };
        if let (Some(hash), Some(code)) = (account.code_hash(), &account.code) {
            known.code_hash = hash;
            diff.codes.insert(hash, code.clone());
        }
        change.account = Some(known);
        change.storage =
            account.storage_slots().map(|(slot, value)| (slot.into(), value)).collect();
        diff.accounts.insert(*address, change);
    }
    diff
}

fn imported(
    world: &World,
    block: &EthereumBlock,
    executed: Vec<Executed>,
    undo: StateDiff,
) -> Imported {
    let header = &block.header;
    let hash = header.hash_slow();
    let opening = ethereum::opening(header);
    let raw: Vec<Bytes> =
        block.body.transactions.iter().map(|tx| tx.encoded_2718().into()).collect();
    let mut transactions = Vec::new();
    let (mut gas, mut logs) = (0, 0);
    for (raw, done) in raw.iter().zip(executed) {
        gas += done.gas_used;
        let next = logs + done.logs.len() as u64;
        transactions.push(included(transactions.len() as u64, raw, done, gas, logs));
        logs = next;
    }
    let record = BlockRecord {
        header: header.clone(),
        hash,
        bodies: Bodies { own: raw, journaled: Vec::new() },
        receipts: transactions.iter().map(indexed_receipt).collect(),
        diff: world.diff.clone(),
        undo,
        access_list: None,
    };
    let ethereum = EthereumParts {
        rules: ethereum::rules(&world.config, header),
        ommers: block.body.ommers.clone(),
        withdrawals: block.body.withdrawals.clone(),
    };
    let block = ChainBlock {
        reference: L2BlockRef {
            number: header.number,
            hash,
            parent_hash: header.parent_hash,
            timestamp: header.timestamp,
            ..L2BlockRef::default()
        },
        header: header.clone(),
        hash,
        opening,
        transactions: transactions.into_iter().collect(),
        diff: Arc::new(world.diff.clone()),
        sub_block_lengths: Vec::new(),
        raw: Vec::new(),
        execution: Default::default(),
        ethereum: Some(Arc::new(ethereum)),
        access_list: Default::default(),
        kept: Default::default(),
    };
    Imported { block: Arc::new(block), record }
}

fn included(index: u64, raw: &[u8], done: Executed, gas: u64, logs: u64) -> Included {
    let (transaction, blob) = ethereum::decode(raw).unwrap();
    let receipt = Receipt { status: done.status, cumulative_gas_used: gas, logs: done.logs };
    let receipt = match &transaction {
        Transaction::Legacy(_) => protocol::Receipt::Legacy(receipt),
        Transaction::Eip2930(_) => protocol::Receipt::Eip2930(receipt),
        Transaction::Eip1559(_) => protocol::Receipt::Eip1559(receipt),
        Transaction::Eip7702(_) => protocol::Receipt::Eip7702(receipt),
        Transaction::Deposit(_) | Transaction::PostExec(_) => panic!("not Ethereum's"),
    };
    Included {
        hash: alloy::primitives::keccak256(raw),
        transaction,
        sender: done.sender,
        index,
        log_index_first: logs,
        blob,
        outcome: TransactionOutcome {
            receipt,
            gas_used: done.gas_used,
            created: done.created,
            output: Bytes::new(),
            l1_fee: Default::default(),
            operator_fee: Default::default(),
            effective_gas_price: done.gas_price,
            halt: None,
        },
    }
}

#[test]
fn every_block_has_the_roots_of_its_header() {
    let Some(folder) = super::folder() else { return };
    let chain = import(&folder);
    assert_eq!(chain.blocks.len(), 55);
    assert_eq!(chain.trie.root(), chain.blocks[54].block.header.state_root);
}
