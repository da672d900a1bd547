//! What a contract needs to take a step from a hash alone: the state's fields and what the step reads, with proofs.
//!
//! A step writes one word at most and does so last, so every proof is one under the root before the step; the root after
//! it follows from the proof of the word that is written. Invariant: a state has one proof and no other, byte for byte.

use alloc::vec::Vec;
use alloy_primitives::B256;

use super::{
    Call, Instruction, Machine, Memory, Openings, Operation, Words, buffer_height, keys::Key,
    memory::is_within,
};

impl Machine {
    /// The proof of the next step (`docs/spec/fault-proof.md`, section 5).
    ///
    /// # Errors
    /// The step reads a preimage that the host lacks.
    pub fn proof<H: Openings>(&mut self, host: &mut H) -> Result<Vec<u8>, H::Error> {
        let mut proof = self.encode().to_vec();
        if self.exit.is_some() {
            return Ok(proof);
        }
        let Some(word) = self.memory.read(self.pc) else { return Ok(proof) };
        put_buffer(&mut proof, &mut self.memory, self.pc, 0);
        match Instruction::decode(u32::from_le_bytes(word)) {
            Some(Instruction { operation: Operation::Ecall, .. }) => {
                if let Some(call) = self.call() {
                    put_call(&mut proof, &mut self.memory, call, host)?;
                }
            }
            Some(instruction) => {
                if let Some(at) = self.accessed(instruction) {
                    put_buffer(&mut proof, &mut self.memory, at, 0);
                }
            }
            None => {}
        }
        Ok(proof)
    }

    /// The address that a load or store reaches, if it is one and does not trap.
    fn accessed(&self, instruction: Instruction) -> Option<u64> {
        let size = access_bytes(instruction.operation)?;
        let offset = i64::from(instruction.immediate);
        let at = self.register(instruction.rs1).wrapping_add_signed(offset);
        is_within(at, size).then_some(at)
    }
}

const fn access_bytes(operation: Operation) -> Option<usize> {
    use Operation::{Lb, Lbu, Ld, Lh, Lhu, Lw, Lwu, Sb, Sd, Sh, Sw};
    Some(match operation {
        Lb | Lbu | Sb => 1,
        Lh | Lhu | Sh => 2,
        Lw | Lwu | Sw => 4,
        Ld | Sd => 8,
        _ => return None,
    })
}

fn put_call<H: Openings>(
    proof: &mut Vec<u8>,
    memory: &mut Memory,
    call: Call,
    host: &mut H,
) -> Result<(), H::Error> {
    match call {
        Call::Preimage { key: key_at, destination, .. } => {
            put_buffer(proof, memory, key_at, 0);
            put_buffer(proof, memory, destination, 0);
            let key = word(memory, key_at);
            match Key::of(key) {
                Key::Keccak256 => proof.extend_from_slice(host.preimage(key)?),
                Key::Opened => proof.extend_from_slice(host.opening(key)?),
                Key::Local(_) | Key::Unknown => {}
            }
        }
        Call::Keccak256 { from, length, destination } => {
            put_buffer(proof, memory, from, buffer_height(length).expect(WITHIN));
            put_buffer(proof, memory, destination, 0);
        }
        Call::Recover { from, destination } => {
            put_buffer(proof, memory, from, 2);
            put_buffer(proof, memory, destination, 0);
        }
        Call::Commit { from } => put_buffer(proof, memory, from, 0),
        Call::Exit { .. } => {}
    }
    Ok(())
}

/// What is put into a proof was found to be in memory before: else the step traps, and reads nothing.
const WITHIN: &str = "the step does not trap";

fn word(memory: &Memory, at: u64) -> B256 {
    memory.word(at).expect(WITHIN)
}

/// The words of the buffer of this height that an address is in, and the nodes beside the way from it to the root.
fn put_buffer(proof: &mut Vec<u8>, memory: &mut Memory, at: u64, height: u32) {
    let size = 32 << height;
    let start = at - at % size;
    for at in (start..start + size).step_by(32) {
        proof.extend_from_slice(word(memory, at).as_slice());
    }
    let siblings = memory.proof(start).expect(WITHIN);
    for sibling in siblings.iter().skip(height as usize) {
        proof.extend_from_slice(sibling.as_slice());
    }
}
