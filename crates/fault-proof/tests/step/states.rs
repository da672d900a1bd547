//! States to take a step from.

use alloy::primitives::B256;
use fault_proof::vm::{MEMORY_BYTES, Machine, Memory, Recorded};
use proptest::prelude::*;

pub(crate) const CODE: u64 = 0x1_0000;
pub(crate) const DATA: u64 = 0x8_0000;

/// Numbers at which something changes: signs, widths, amounts of shifts, addresses.
pub(crate) const EDGES: [u64; 20] = [
    0,
    1,
    2,
    u64::MAX,
    u64::MAX - 1,
    1 << 63,
    (1 << 63) - 1,
    (1 << 63) + 1,
    31,
    32,
    33,
    63,
    64,
    65,
    (1 << 31) - 1,
    1 << 31,
    u32::MAX as u64,
    1 << 32,
    0xffff_ffff_8000_0000,
    0x0123_4567_89ab_cdef,
];

/// A machine whose next instruction is this word, with something in every register and around.
pub(crate) fn machine(word: u32) -> Machine {
    let mut memory = Memory::new();
    for at in (DATA..DATA + 0x100).step_by(8) {
        memory.write(at, at.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes()).unwrap();
    }
    let mut machine = Machine::new(memory, CODE);
    set_instruction(&mut machine, word);
    for number in 1..32 {
        machine.set_register(number, u64::from(number) * 0x0101_0101_0101_0101);
    }
    machine.step = 1_000;
    machine.output = B256::repeat_byte(0x77);
    machine
}

/// Writes the word that is executed next.
pub(crate) fn set_instruction(machine: &mut Machine, word: u32) {
    machine.memory.write(machine.pc, word.to_le_bytes()).unwrap();
}

/// A machine before a host call.
pub(crate) fn call(number: u64, arguments: [u64; 3]) -> Machine {
    let mut machine = machine(0x73);
    machine.set_register(17, number);
    (10..).zip(arguments).for_each(|(register, value)| machine.set_register(register, value));
    machine
}

pub(crate) fn put(machine: &mut Machine, at: u64, bytes: &[u8]) {
    (at..).zip(bytes).for_each(|(at, byte)| machine.memory.write(at, [*byte]).unwrap());
}

/// A host with two local inputs, and the key of one preimage of each of these lengths.
pub(crate) fn host<const COUNT: usize>(lengths: [usize; COUNT]) -> (Recorded, [B256; COUNT]) {
    let mut host = Recorded::new(vec![B256::repeat_byte(0x11), B256::repeat_byte(0x22)]);
    let keys = lengths.map(|length| host.record((0_u8..251).cycle().take(length).collect()));
    (host, keys)
}

/// Numbers of all sizes, edges among them, and addresses in and near memory.
pub(crate) fn number() -> impl Strategy<Value = u64> {
    prop_oneof![
        2 => prop::sample::select(EDGES.to_vec()),
        2 => any::<u64>(),
        1 => (any::<u64>(), 0_u32..64).prop_map(|(value, shift)| value >> shift),
        2 => (DATA..DATA + 0x100).prop_map(|at| at & !7),
        1 => CODE - 0x40..CODE + 0x40,
        1 => MEMORY_BYTES - 0x40..MEMORY_BYTES + 0x40,
    ]
}
