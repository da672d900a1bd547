//! What is measured of the instructions: those that take most steps for their gas.

use alloy_primitives::{Address, U256};

use crate::{
    code::{POP, call, push, pushes},
    measured::Measured,
};

/// Times that an instruction is repeated within a loop.
const REPEATED: usize = 50;

fn ones() -> Vec<u8> {
    push(U256::MAX)
}

/// An instruction of two numbers.
fn binary(name: &str, opcode: u8, top: U256, below: U256) -> Measured {
    Measured::opcode(name, [push(below), push(top), vec![opcode, POP]].concat().repeat(REPEATED))
}

fn ternary(name: &str, opcode: u8, modulus: U256) -> Measured {
    let dense = U256::MAX - U256::from(0x1234_5678_9abc_u64);
    Measured::opcode(
        name,
        [push(modulus), ones(), push(dense), vec![opcode, POP]].concat().repeat(REPEATED),
    )
}

pub(crate) fn all() -> Vec<Measured> {
    let wide = (U256::ONE << 255) | (U256::ONE << 64) | U256::from(0xffff_ffff_u64);
    let middle = (U256::ONE << 130) | U256::from(0xffff_ffff_u64);
    let mut cases = vec![
        Measured::opcode("JUMPDEST", vec![0x5b; 500]),
        Measured::opcode("PUSH0 POP", [0x5f, POP].repeat(200)),
        binary("MUL", 0x02, U256::MAX, U256::MAX - U256::ONE),
        binary("DIV, 256 by 131 bits", 0x04, U256::MAX, middle),
        binary("DIV, 256 by 64 bits", 0x04, U256::MAX, U256::from(u64::MAX)),
        binary("SDIV", 0x05, U256::MAX >> 1, middle),
        binary("MOD", 0x06, U256::MAX, middle),
        binary("SMOD", 0x07, U256::MAX >> 1, middle),
        binary("EXP, 32 bytes", 0x0a, U256::MAX - U256::from(2), U256::MAX),
        binary("EXP, 1 byte", 0x0a, U256::MAX - U256::from(2), U256::from(255)),
        binary("SIGNEXTEND", 0x0b, U256::from(3), U256::MAX),
        ternary("ADDMOD, 131 bits", 0x08, middle),
        ternary("ADDMOD, 256 bits", 0x08, wide),
        ternary("MULMOD, 64 bits", 0x09, U256::from(u64::MAX)),
        ternary("MULMOD, 131 bits", 0x09, middle),
        ternary("MULMOD, 256 bits", 0x09, wide),
    ];
    for bytes in [32_u64, 136, 1_024, 65_536, 65_537, 1 << 18] {
        let body = [pushes([bytes, 0]), vec![0x20, POP]].concat();
        cases.push(Measured {
            gas: 9_000_000,
            ..Measured::opcode(format!("KECCAK256, {bytes} bytes"), body)
        });
    }
    for bytes in [32_u64, 1_024, 65_536] {
        let body = [pushes([bytes, 1, 0]), vec![0x5e]].concat();
        cases.push(Measured::opcode(format!("MCOPY, {bytes} bytes from 1 to 0"), body.repeat(5)));
        let body = [pushes([bytes, 0, 1]), vec![0x37]].concat();
        cases.push(Measured::opcode(format!("CALLDATACOPY, {bytes} bytes"), body.repeat(5)));
        let body = [pushes([bytes, 3, 1]), vec![0x39]].concat();
        cases.push(Measured::opcode(format!("CODECOPY, {bytes} bytes"), body.repeat(5)));
    }
    let nobody = Address::repeat_byte(0x77);
    for bytes in [0_usize, 1 << 18] {
        let body = [call(nobody, bytes, None), vec![POP]].concat();
        cases.push(Measured {
            gas: 9_000_000,
            ..Measured::opcode(format!("STATICCALL of nobody, {bytes} bytes"), body)
        });
        // A precompile that refuses, with no gas to lose.
        let body = [call(Address::with_last_byte(9), bytes, Some(0)), vec![POP]].concat();
        cases.push(Measured {
            gas: 9_000_000,
            ..Measured::opcode(format!("STATICCALL of BLAKE2F without gas, {bytes} bytes"), body)
        });
    }
    cases
}
