//! `debug_executionWitness`: all that it takes to execute a block again and find its state root, for who has nothing of the
//! state. The block is executed here to see what it reads.
//!
//! Invariant: what is shown is of the block that was asked for: a run that leaves another state than it did is a fault of
//! ours, and nothing of it is shown.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use alloy::{
    eips::BlockId,
    primitives::{Address, B256, Bytes, U256},
    rlp,
    rpc::types::debug::ExecutionWitness,
};
use executor::{BlockContext, SerialExecutor};
use jsonrpsee::{
    core::{RpcResult, async_trait},
    proc_macros::rpc,
};
use protocol::predeploys::L2_TO_L1_MESSAGE_PASSER;
use state::{Account, Reads, StateReader};

use crate::{
    api::{
        Api, errors,
        eth::proof_fault,
        limits::WITNESS_READS_MAX,
        read::Fault,
        replay::{recovered, unreadable},
    },
    chain::{ChainBlock, ReadError, State, StateOutlook},
};

const NAME: &str = "debug_executionWitness";

/// Witnesses.
#[rpc(server, namespace = "debug")]
pub(crate) trait DebugWitness {
    /// Trie nodes, codes, keys and headers that it takes to execute a recent block again.
    #[method(name = "executionWitness", aliases = ["debug_executionWitnessByBlockHash"])]
    async fn execution_witness(&self, block: BlockId) -> RpcResult<ExecutionWitness>;
}

/// Answers it.
#[derive(Debug)]
pub(crate) struct WitnessMethods(pub(crate) Api);

#[async_trait]
impl DebugWitnessServer for WitnessMethods {
    async fn execution_witness(&self, block: BlockId) -> RpcResult<ExecutionWitness> {
        let Some(found) = self.0.block(block).await? else { return Err(self.0.absent(block)) };
        let Some(parent) = found.number().checked_sub(1) else {
            return Err(errors::server("genesis is not traceable"));
        };
        let base_fee = found.header.base_fee_per_gas.unwrap_or_default();
        let context = self.0.context(&found.opening, base_fee, found.rules());
        let executed = found.clone();
        let work = move |state: &State, parent: &Arc<ChainBlock>, outlook: &StateOutlook| {
            if parent.hash != executed.header.parent_hash {
                return Err(errors::not_canonical().into());
            }
            witness(&executed, context, state, outlook)
        };
        let (mut witness, oldest) = self.0.with_outlook(NAME, parent.into(), work).await?;
        for number in oldest..=parent {
            let header = self.0.block_numbered(number).await;
            let header = header.map_err(|error| errors::read(NAME, &error))?;
            let header = header.ok_or_else(|| errors::unknown_block(number))?;
            witness.headers.push(rlp::encode(&header.header).into());
        }
        Ok(witness)
    }
}

/// The witness without headers, and the oldest block whose hash was asked for, at the latest the parent.
fn witness(
    block: &ChainBlock,
    context: BlockContext,
    state: &State,
    outlook: &StateOutlook,
) -> Result<(ExecutionWitness, u64), Fault> {
    let watched = Watched { state, seen: RefCell::default() };
    let mut serial = SerialExecutor::new(context, &watched).map_err(unreadable)?;
    for included in &block.transactions {
        serial.execute(&recovered(included)).map_err(unreadable)?;
    }
    if serial.finish().diff != *block.diff {
        let differs = Differs { number: block.number() };
        return Err(errors::internal(NAME, &differs).into());
    }
    let Seen { mut reads, codes, oldest } = watched.seen.into_inner();
    // The header names the root of its storage.
    reads.entry(L2_TO_L1_MESSAGE_PASSER).or_default();
    let count: usize = reads.values().map(|slots| 1 + slots.len()).sum();
    if count > WITNESS_READS_MAX {
        let text = format!("witness exceeds {WITNESS_READS_MAX} accounts and slots");
        return Err(errors::server(text).into());
    }
    let keys = reads.iter().flat_map(|(address, slots)| {
        let slots = slots.iter().map(|slot| Bytes::from(slot.to_be_bytes::<32>()));
        std::iter::once(Bytes::from(address.to_vec())).chain(slots)
    });
    let keys = keys.collect();
    let nodes = outlook.witness(reads, block.diff.clone()).map_err(proof_fault)?;
    let witness = ExecutionWitness {
        state: nodes.into_iter().collect(),
        codes: codes.into_values().collect(),
        keys,
        headers: Vec::new(),
    };
    let parent = block.number().saturating_sub(1);
    Ok((witness, oldest.map_or(parent, |oldest| std::cmp::min(oldest, parent))))
}

/// A block left another state than it did when it was built.
#[derive(Debug, thiserror::Error)]
#[error("execution of block {number} differs from the block")]
struct Differs {
    number: u64,
}

/// A state that remembers what was read of it. Lives on one thread.
#[derive(Debug)]
struct Watched<'a> {
    state: &'a State,
    seen: RefCell<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    reads: Reads,
    codes: BTreeMap<B256, Bytes>,
    /// The oldest block whose hash was asked for.
    oldest: Option<u64>,
}

impl StateReader for Watched<'_> {
    type Error = ReadError;

    fn account(&self, address: &Address) -> Result<Option<Account>, ReadError> {
        self.seen.borrow_mut().reads.entry(*address).or_default();
        self.state.account(address)
    }

    fn storage(&self, address: &Address, slot: &U256) -> Result<U256, ReadError> {
        let mut seen = self.seen.borrow_mut();
        let slots: &mut BTreeSet<U256> = seen.reads.entry(*address).or_default();
        slots.insert(*slot);
        self.state.storage(address, slot)
    }

    fn code(&self, hash: &B256) -> Result<Bytes, ReadError> {
        let code = self.state.code(hash)?;
        self.seen.borrow_mut().codes.insert(*hash, code.clone());
        Ok(code)
    }

    fn block_hash(&self, number: u64) -> Result<B256, ReadError> {
        let mut seen = self.seen.borrow_mut();
        seen.oldest = Some(seen.oldest.map_or(number, |oldest| std::cmp::min(oldest, number)));
        self.state.block_hash(number)
    }
}
