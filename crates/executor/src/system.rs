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
pub(crate) fn open_block<R: StateReader>(
    context: &BlockContext,
    evm: &mut Evm<R>,
    mut apply: impl FnMut(&mut R, &EvmState),
) -> Result<(), ExecuteError<R::Error>> {
    let calls = [
        (predeploys::BEACON_ROOTS, context.parent_beacon_block_root()),
        (predeploys::HISTORY_STORAGE, context.opening.parent_hash),
    ];
    for (contract, word) in calls {
        let input = Bytes::copy_from_slice(word.as_slice());
        let changes = evm.system_call(predeploys::SYSTEM, contract, input, SYSTEM_CALL_GAS)?;
        apply(evm.state_mut(), &changes);
    }
    Ok(())
}
