//! What every block does before its first transaction: it stores the beacon root of its L1 origin (EIP-4788) and the
//! hash of its parent (EIP-2935).
//!
//! Both are calls by the system account. They use none of the block's gas. Where the contract is missing or fails,
//! nothing is stored and the block goes on: a block's result is defined for every state.

use alloy_primitives::Bytes;
use protocol::predeploys;
use revm::state::EvmState;
use state::StateReader;

use crate::{BlockContext, Evm, ExecuteError};

/// Gas of one system call.
const SYSTEM_CALL_GAS: u64 = 30_000_000;

/// Makes both calls, in the order of their EIPs' forks. `apply` writes the changes of one to the state that `evm` reads.
pub(crate) fn open_block<R: StateReader, I>(
    context: &BlockContext,
    evm: &mut Evm<R, I>,
    mut apply: impl FnMut(&mut R, &EvmState),
) -> Result<(), ExecuteError<R::Error>> {
    let rules = &context.rules;
    let root = (predeploys::BEACON_ROOTS, context.parent_beacon_block_root());
    let parent = (predeploys::HISTORY_STORAGE, context.opening.parent_hash);
    let calls = [(rules.stores_beacon_root(), root), (rules.stores_parent_hash(), parent)];
    for (_, (contract, word)) in calls.into_iter().filter(|(is_made, _)| *is_made) {
        let input = Bytes::copy_from_slice(word.as_slice());
        let call = evm.system_call(predeploys::SYSTEM, contract, input, SYSTEM_CALL_GAS);
        let (_, changes) = call?;
        apply(evm.state_mut(), &changes);
    }
    Ok(())
}
