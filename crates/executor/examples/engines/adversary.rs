//! Transactions that are made to cost a parallel engine time: their places cannot be guessed, and they meet.

use alloy_primitives::{Address, U256};

use crate::{
    contracts::{World, call, word},
    workload::{Send, Workload},
};

/// Rounds of a loop that takes tens of microseconds.
const LONG: u64 = 1_500;

/// Makes a state and transactions on it.
type Make = fn() -> (World, Vec<Send>);

pub(crate) fn workloads() -> impl Iterator<Item = Workload> {
    let made: [(&'static str, Make, bool); 4] = [
        ("mispredictions, 16 slots", || hidden(16, 0, 20_000), false),
        ("conflict bomb, two slots", || hidden(2, LONG, 2_000), false),
        ("the same, never seen before", || hidden(2, LONG, 2_000), true),
        ("bomb through 1,000 doors", doors, true),
    ];
    made.into_iter().map(|(name, make, is_new)| {
        let (world, sends) = make();
        Workload { is_new, ..Workload::new(name, world, sends) }
    })
}

/// Takes a while: it counts down.
fn pause(rounds: u64) -> String {
    match rounds {
        0 => String::new(),
        _ => format!("{rounds} again: 1 SWAP1 SUB DUP1 @again JUMPI POP"),
    }
}

/// Reads one of a few slots, which follows from the call data in a way that no template knows, and writes it in the end.
fn hidden(slots: u64, rounds: u64, count: u64) -> (World, Vec<Send>) {
    let mut world = World::new(0);
    let source = format!(
        "PUSH0 CALLDATALOAD 7 MUL 3 ADD {} AND DUP1 SLOAD {} 1 ADD SWAP1 SSTORE",
        slots - 1,
        pause(rounds)
    );
    let contract = world.contract(20, &source);
    (world, (0..count).map(|i| call(i, contract, word(U256::from(i)))).collect())
}

/// Every transaction calls another contract, of another code; all of them write one slot behind it.
fn doors() -> (World, Vec<Send>) {
    let mut world = World::new(0);
    let source = format!("PUSH0 SLOAD {} 1 ADD PUSH0 SSTORE", pause(LONG));
    let victim = world.contract(21, &source);
    let door =
        |number: u64| format!("{number} POP PUSH0 PUSH0 PUSH0 PUSH0 PUSH0 {victim} GAS CALL POP");
    let doors: Vec<Address> =
        (0..1_000).map(|number| world.contract(1_000 + number, &door(number))).collect();
    (world, (0..).zip(doors).map(|(i, door)| call(i, door, vec![])).collect())
}
