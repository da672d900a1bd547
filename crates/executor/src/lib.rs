//! Executes L2 blocks: what a block's transactions do to the state, and the receipts and header that follow.
//!
//! Serial execution ([`execute_block`], [`SerialExecutor`]) is the definition of a block's result; anything faster
//! must give the same bytes. The EVM is revm with our own handler for deposits, the L1 data fee and the operator fee.
//!
//! No I/O, no clock, and no threads but those of [`parallel`]: state comes in through `state::StateReader`, results go out as values.
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

mod access_list;
mod body_roots;
mod changes;
mod codes;
mod database;
mod env;
mod error;
mod evm;
mod fees;
mod halt;
mod invalid;
mod list_root;
mod outcome;
#[cfg(feature = "std")]
pub mod parallel;
mod receipts;
mod seal;
mod serial;
mod simulate;
mod system;
mod transaction;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use access_list::BlockAccessList;
pub use body_roots::BodyRoots;
pub use changes::state_diff;
pub use database::{ReadError, StateDatabase};
pub use env::{BlockContext, BlockRules, ChainSpec, EthereumRules};
pub use error::ExecuteError;
#[cfg(feature = "std")]
pub use evm::result_on_l1;
pub use evm::{ChainPrecompiles, Evm, EvmContext, Executed, Hashes};
pub use fees::Fees;
pub use halt::HaltReason;
pub use invalid::{InvalidTransaction, Shortfall};
pub use outcome::{ExecutedBlock, TransactionOutcome};
pub use revm::primitives::hardfork::SpecId;
pub use seal::{SealedBlock, seal, seal_with_roots};
pub use serial::{SerialExecutor, execute_block, forced_transactions};
pub use simulate::{
    AccountOverride, BlockOverrides, BlockSimulator, Call, InspectedCall, LogPlaced, OverrideError,
    SimulatedCall, SimulatedRequests, Simulation, SimulationStatus, StateOverrides, inspect_call,
    simulate, simulate_with,
};
pub use transaction::RecoveredTransaction;
