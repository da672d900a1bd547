//! Blocks that broke other executors, with the right answers as literals. The letters and numbers are those of the list
//! of known faults that the parallel engine is tested against too.

mod conflicts;
mod destroyed;
mod existence;
mod nonces;

use alloy_consensus::TxReceipt as _;
use alloy_primitives::{Address, Bytes, U256, address};

use crate::{
    InvalidTransaction, RecoveredTransaction, TransactionOutcome,
    testing::{World, asm},
};

/// The factory that creates, calls and pays a contract X.
const F: Address = address!("0000000000000000000000000000000000000fac");
/// Looks at X from outside.
const READER: Address = address!("00000000000000000000000000000000000000ad");
/// Where SELFDESTRUCT sends what is left.
const HEIR: Address = address!("000000000000000000000000000000000000b0b1");

/// X does nothing on empty calldata, and destroys itself in favour of the address in its calldata otherwise.
fn x_initcode() -> Bytes {
    asm::deployer(&asm::assemble(
        "CALLDATASIZE @kill JUMPI STOP kill: PUSH0 CALLDATALOAD SELFDESTRUCT",
    ))
}

fn x() -> Address {
    asm::create2_address(F, &x_initcode())
}

/// Creates X with the call's value when the calldata is empty. Otherwise creates it with nothing, has it destroy itself in
/// favour of the heir, and sends it the call's value in the same transaction.
fn factory() -> String {
    let initcode = x_initcode();
    let create = asm::create2(&initcode, "CALLVALUE");
    let create_empty = asm::create2(&initcode, "PUSH0");
    let kill = asm::call("DUP6", "PUSH0", 32);
    let pay = asm::call("DUP6", "CALLVALUE", 0);
    format!(
        "CALLDATASIZE @kill JUMPI {create} POP STOP kill: {create_empty} {HEIR} PUSH0 MSTORE {kill} POP {pay} POP STOP"
    )
}

/// Calldata that makes the factory kill.
const KILL: [u8; 1] = [1];

type Block<'a> = crate::testing::Twin<'a>;

/// Executes a transaction that must succeed.
fn succeed(block: &mut Block<'_>, tx: &RecoveredTransaction) -> TransactionOutcome {
    let outcome = block.execute(tx).expect("valid");
    assert!(outcome.receipt.status(), "{outcome:?}");
    outcome
}

/// Executes a transaction that must be rejected.
fn reject(block: &mut Block<'_>, tx: &RecoveredTransaction) -> InvalidTransaction {
    block.execute(tx).expect_err("invalid").invalid().expect("not a failed read").clone()
}

/// Closes the block and stores it: what is stored must have the root that the live changes have, and equal what a reader
/// of the open block saw.
fn store(world: &World, block: Block<'_>) -> state::MemoryState {
    let mut trie = world.state.trie();
    let mut stored = world.state.clone();
    let executed = block.finish();
    stored.apply(&executed.diff);
    assert_eq!(trie.apply(&executed.diff), stored.trie().root(), "live root and stored state");
    stored
}

fn wei(amount: u64) -> U256 {
    U256::from(amount)
}
