//! A very small EVM assembler.
//!
//! Words are opcode names, numbers (pushed with the shortest PUSH), `name:` (a JUMPDEST) and `@name` (pushes its place).

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use revm::bytecode::opcode::{JUMPDEST, OpCode, PUSH0, PUSH2};

/// Assembles a source text.
pub(crate) fn assemble(source: &str) -> Bytes {
    let mut code = Vec::new();
    let (mut labels, mut uses) = (BTreeMap::new(), Vec::new());
    for word in source.split_whitespace() {
        if let Some(name) = word.strip_suffix(':') {
            labels.insert(name, u16::try_from(code.len()).unwrap());
            code.push(JUMPDEST);
        } else if let Some(name) = word.strip_prefix('@') {
            uses.push((code.len() + 1, name));
            code.extend([PUSH2, 0, 0]);
        } else if let Some(opcode) = opcode(word) {
            code.push(opcode);
        } else {
            let number: U256 = word.parse().unwrap_or_else(|_| panic!("unknown word {word}"));
            let bytes = number.to_be_bytes_trimmed_vec();
            code.push(PUSH0 + u8::try_from(bytes.len()).unwrap());
            code.extend(bytes);
        }
    }
    for (at, name) in uses {
        code[at..at + 2].copy_from_slice(&labels[name].to_be_bytes());
    }
    code.into()
}

fn opcode(word: &str) -> Option<u8> {
    (0..=u8::MAX).find(|byte| OpCode::new(*byte).is_some_and(|opcode| opcode.as_str() == word))
}

/// Initcode that deploys `runtime`.
pub(crate) fn deployer(runtime: &[u8]) -> Bytes {
    let prefix = |length: usize| {
        format!("{length} DUP1 @end 1 ADD PUSH0 CODECOPY PUSH0 RETURN end:", length = length)
    };
    // The label is a JUMPDEST in front of the runtime, which the copy skips.
    [assemble(&prefix(runtime.len())).as_ref(), runtime].concat().into()
}

/// Source that writes `data` to memory from offset 0 on.
pub(crate) fn store_bytes(data: &[u8]) -> String {
    let words = data.chunks(32).enumerate().map(|(index, chunk)| {
        let mut word = [0; 32];
        word[..chunk.len()].copy_from_slice(chunk);
        format!("0x{} {} MSTORE", B256::from(word).to_string().trim_start_matches("0x"), index * 32)
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Source that creates with CREATE2, salt 0 and the given endowment (source of one word), and leaves the address.
pub(crate) fn create2(initcode: &[u8], endowment: &str) -> String {
    let size = initcode.len();
    format!("{} PUSH0 {size} PUSH0 {endowment} CREATE2", store_bytes(initcode))
}

/// Where [`create2`] of `factory` puts its contract.
pub(crate) fn create2_address(factory: Address, initcode: &[u8]) -> Address {
    factory.create2(B256::ZERO, keccak256(initcode))
}

/// Source of a call with all gas and no return data; leaves the success flag. Input is memory `0..size`.
pub(crate) fn call(to: impl std::fmt::Display, value: &str, size: usize) -> String {
    format!("PUSH0 PUSH0 {size} PUSH0 {value} {to} GAS CALL")
}

#[test]
fn assembles_labels_and_numbers() {
    let code = assemble("CALLDATASIZE @kill JUMPI STOP kill: PUSH0 CALLDATALOAD SELFDESTRUCT");
    assert_eq!(code.as_ref(), [0x36, 0x61, 0, 6, 0x57, 0, 0x5b, 0x5f, 0x35, 0xff]);
    assert_eq!(assemble("0 1 256").as_ref(), [0x5f, 0x60, 1, 0x61, 1, 0]);
}
