//! What is measured of the instructions that read and write the state: each time around something else, so that nothing is
//! there already.

use alloy_primitives::{Address, U256};
use protocol::GenesisAccount;

use crate::{
    code::{GAS, POP, PUSH0, STATICCALL, push, pushes},
    measured::Measured,
    scene::{Accounts, contract},
};

/// Slots of the contract, and accounts besides it: tries as deep as those of a small chain.
const SLOTS: u64 = 20_000;
/// The largest code, and the largest that makes one.
const CODE_BYTES: usize = 24_576;
const INIT_BYTES: usize = 2 * CODE_BYTES;
/// Contracts with a large code, each with another: as many as are called at most.
const CONTRACTS: u64 = 1_200;

const ADD: u8 = 0x01;
const JUMPDEST: u8 = 0x5b;
const SLOAD: u8 = 0x54;
const SSTORE: u8 = 0x55;
const CREATE: u8 = 0xf0;
const CREATE2: u8 = 0xf5;

/// Leaves a number, the next each time: it is kept in the first word of memory.
fn counter() -> Vec<u8> {
    let (mload, dup1, mstore) = (0x51, 0x80, 0x52);
    [vec![PUSH0, mload, dup1], push(U256::ONE), vec![ADD, PUSH0, mstore]].concat()
}

/// One of the accounts that there are.
fn account(number: u64) -> Address {
    Address::from_word((base() + U256::from(number)).into())
}

fn base() -> U256 {
    U256::from(0xc0de) << 144
}

/// Leaves the address of the next of them.
fn next_account() -> Vec<u8> {
    [counter(), push(base()), vec![ADD]].concat()
}

/// A static call of what stands on the stack, with nothing, for nothing.
fn called() -> Vec<u8> {
    vec![GAS, STATICCALL, POP]
}

/// A code that ends at once and is long to look through.
fn large_code(number: u64, bytes: usize) -> Vec<u8> {
    let mut code = vec![JUMPDEST; bytes];
    code[0] = 0;
    code[bytes - 8..].copy_from_slice(&number.to_be_bytes());
    code
}

fn rich(count: u64) -> Accounts {
    let funded = GenesisAccount { balance: U256::ONE, ..GenesisAccount::default() };
    (0..count).map(|number| (account(number), funded.clone())).collect()
}

fn large(count: u64) -> Accounts {
    (0..count).map(|number| (account(number), contract(large_code(number, CODE_BYTES)))).collect()
}

fn of_slots(name: &str, body: Vec<u8>) -> Measured {
    Measured { slots: SLOTS, ..Measured::opcode(name, body) }
}

fn of_accounts(name: &str, accounts: Accounts, body: Vec<u8>) -> Measured {
    Measured { accounts, ..Measured::opcode(name, body) }
}

fn slots() -> Vec<Measured> {
    let (tload, tstore) = (0x5c, 0x5d);
    vec![
        of_slots("SLOAD of another slot", [counter(), vec![SLOAD, POP]].concat()),
        of_slots("SLOAD of a slot that is not there", vec![GAS, SLOAD, POP]),
        of_slots("SLOAD of the same slot", [PUSH0, SLOAD, POP].repeat(100)),
        of_slots("SSTORE to another slot", [vec![GAS], counter(), vec![SSTORE]].concat()),
        of_slots("SSTORE of zero to another slot", [vec![PUSH0], counter(), vec![SSTORE]].concat()),
        of_slots("SSTORE to a new slot", vec![GAS, GAS, SSTORE]),
        of_slots("SSTORE to the same slot", [GAS, PUSH0, SSTORE].repeat(50)),
        of_slots("TLOAD", [GAS, tload, POP].repeat(50)),
        of_slots("TSTORE", [GAS, GAS, tstore].repeat(50)),
    ]
}

fn accounts() -> Vec<Measured> {
    let (balance, size, hash, copy) = (0x31, 0x3b, 0x3f, 0x3c);
    let next = |rest: &[u8]| [next_account(), rest.to_vec()].concat();
    let call_next = [pushes([0; 4]), next_account(), called()].concat();
    let one = push(U256::from_be_slice(account(0).as_slice()));
    let call_one = [pushes([0; 4]), one.clone(), called()].concat();
    let copy_next = [pushes([0; 3]), next(&[copy])].concat();
    let copy_one = [pushes([0; 3]), one, vec![copy]].concat();
    let (value, call) = (push(U256::ONE), 0xf1);
    let pay = [pushes([0; 4]), value, vec![GAS, PUSH0, call, POP]].concat();
    vec![
        of_accounts("BALANCE of another account", rich(SLOTS), next(&[balance, POP])),
        of_accounts("BALANCE of nobody", rich(SLOTS), vec![GAS, balance, POP]),
        of_accounts("CALL that pays somebody new", rich(SLOTS), pay),
        of_accounts("EXTCODESIZE of another contract", large(CONTRACTS), next(&[size, POP])),
        of_accounts("EXTCODEHASH of another contract", large(CONTRACTS), next(&[hash, POP])),
        of_accounts("EXTCODECOPY of another contract", large(CONTRACTS), copy_next),
        of_accounts("STATICCALL of another contract", large(CONTRACTS), call_next),
        of_accounts("EXTCODECOPY of the same contract", large(1), copy_one.repeat(20)),
        of_accounts("STATICCALL of the same contract", large(1), call_one.repeat(20)),
    ]
}

fn made() -> Vec<Measured> {
    let init = large_code(0, INIT_BYTES);
    let size = init.len() as u64;
    let create = [pushes([size, 0, 0]), vec![CREATE, POP]].concat();
    let create2 = [vec![GAS], pushes([size, 0, 0]), vec![CREATE2, POP]].concat();
    // Returns as many zeros.
    let returns = [push(U256::from(CODE_BYTES)), vec![PUSH0, 0xf3]].concat();
    let deploy = [pushes([returns.len() as u64, 0, 0]), vec![CREATE, POP]].concat();
    let with = |name: &str, data: Vec<u8>, body, gas| Measured {
        data,
        gas,
        ..Measured::opcode(name, body)
    };
    vec![
        with("CREATE by a code of 48 KiB", init.clone(), create, 6_000_000),
        with("CREATE2 by a code of 48 KiB", init, create2, 6_000_000),
        with("CREATE of a code of 24 KiB", returns, deploy, 27_000_000),
    ]
}

fn logs() -> Vec<Measured> {
    let (log0, log4) = (0xa0, 0xa4);
    vec![
        Measured::opcode("LOG4, no bytes", [vec![GAS; 4], vec![PUSH0, PUSH0, log4]].concat()),
        Measured {
            gas: 9_000_000,
            ..Measured::opcode("LOG0, 32 KiB", [pushes([32_768, 0]), vec![log0]].concat())
        },
    ]
}

pub(crate) fn all() -> Vec<Measured> {
    [slots(), accounts(), made(), logs()].concat()
}
