//! An executed block as the index keeps it.
//!
//! There is no journal here, so the row holds all transactions. Invariant: senders are recovered, never believed.

use std::sync::Arc;

use alloy::consensus::TxReceipt as _;
use alloy::eips::Encodable2718;
use db::{BlockRecord, Bodies, IndexedReceipt, PackedBlock};
use executor::ExecutedBlock;
use protocol::{Header, RollupConfig, predeploys::L2_TO_L1_MESSAGE_PASSER};
use recovery::Senders;
use state::{AccountDiff, MemoryState, StateDiff, StateTrie};

use crate::{VerifierError, chain::Derived};

/// The block's rows.
pub(super) fn pack(block: Derived) -> Result<PackedBlock, VerifierError> {
    let number = block.header.number;
    let transactions = block.executed.transactions.iter();
    let record = BlockRecord {
        hash: block.reference.hash,
        bodies: Bodies {
            own: transactions.map(|tx| tx.encoded_2718().into()).collect(),
            journaled: Vec::new(),
        },
        receipts: receipts(number, block.executed)?,
        diff: Arc::unwrap_or_clone(block.diff),
        undo: block.undo,
        header: block.header,
        access_list: None,
    };
    record.pack().map_err(VerifierError::Index)
}

fn receipts(number: u64, executed: ExecutedBlock) -> Result<Vec<IndexedReceipt>, VerifierError> {
    let mut first_log_index = 0;
    let transactions: Vec<_> = executed.transactions.iter().collect();
    let senders = Senders::new().recover(&transactions);
    let outcomes = senders.into_iter().zip(executed.outcomes);
    let receipts = outcomes.map(|(sender, outcome)| {
        let logs = u64::try_from(outcome.receipt.logs().len()).unwrap_or(u64::MAX);
        let receipt = IndexedReceipt {
            sender: sender.map_err(|source| VerifierError::Sender { number, source })?,
            receipt: outcome.receipt,
            created: outcome.created,
            gas_used: outcome.gas_used,
            effective_gas_price: outcome.effective_gas_price,
            l1_fee: outcome.l1_fee,
            operator_fee: outcome.operator_fee,
            first_log_index,
        };
        first_log_index += logs;
        Ok(receipt)
    });
    receipts.collect()
}

/// What the verifier remembers of where the block comes from.
pub(super) fn row(block: &Derived) -> db::DerivedRow {
    let cursor = block.claims.claim.cursor;
    let slices = block.claims.slices.iter().map(|slice| slice.encode().to_vec().into());
    db::DerivedRow {
        block: block.reference,
        output_root: block.output_root,
        derived_from: block.derived_from,
        claims: Some(db::StoredClaims {
            cursor_l1: cursor.l1_number,
            cursor_entries: cursor.entries,
            cursor_blocks: cursor.blocks,
            slices: slices.collect(),
        }),
    }
}

/// Block 0: the state that the configuration allocates. Its hash follows from `rollup.json` alone.
pub(crate) fn genesis_record(rollup: &RollupConfig) -> BlockRecord {
    let diff = allocated(&MemoryState::from_genesis(&rollup.genesis.alloc));
    let mut trie = StateTrie::new();
    let root = trie.apply(&diff);
    let header: Header = rollup.genesis_header(root, trie.storage_root(&L2_TO_L1_MESSAGE_PASSER));
    let gone = diff.accounts.keys().map(|address| (*address, AccountDiff::gone())).collect();
    BlockRecord {
        hash: header.hash_slow(),
        header,
        bodies: Bodies::default(),
        receipts: Vec::new(),
        undo: StateDiff { accounts: gone, ..StateDiff::default() },
        diff,
        access_list: None,
    }
}

/// A state as a diff from the empty one.
fn allocated(state: &MemoryState) -> StateDiff {
    let mut diff = StateDiff::default();
    for (address, account) in state.accounts() {
        let change = AccountDiff { account: Some(account), ..AccountDiff::default() };
        diff.accounts.insert(address, change);
    }
    for (address, slot, value) in state.slots() {
        diff.accounts.entry(address).or_default().storage.insert(slot, value);
    }
    diff.codes = state.codes().map(|(hash, code)| (hash, code.clone())).collect();
    diff
}
