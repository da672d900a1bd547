//! `KECCAK256` that remembers what short inputs hash to. Contracts hash the same few again and again: the place of a
//! balance once to read it and once to write it, the address of a pool with every call through it.
//!
//! Inputs are compared in full, so who makes them meet on purpose gets them hashed again and nothing else.

use alloc::vec::Vec;
use alloy_primitives::{B256, keccak256};
use revm::{
    context::JournalTr,
    context_interface::host::Host,
    interpreter::{
        InstructionContext, InstructionExecResult, gas, instructions::system,
        interpreter::EthInterpreter, interpreter_types::MemoryTr,
    },
};
use state::StateReader;

use super::ContextOf;
use crate::StateDatabase;

/// Bytes of the longest input that is remembered: an address by CREATE2 takes 85.
const INPUT_MAX: usize = 96;

/// How many are: as many as a byte tells apart. Few, so that they stay close to the core.
const INPUTS_MAX: usize = 256;

/// What inputs hash to, as far as that is remembered.
#[derive(Clone, Debug, Default)]
pub struct Hashes(Vec<Entry>);

#[derive(Clone, Debug)]
struct Entry {
    input: [u8; INPUT_MAX],
    /// Zero: none yet.
    len: usize,
    hash: B256,
}

impl Entry {
    const NONE: Self = Self { input: [0; INPUT_MAX], len: 0, hash: B256::ZERO };
}

impl Hashes {
    /// Hashes an input of at most [`INPUT_MAX`] bytes, and at least one.
    fn hash(&mut self, input: &[u8]) -> B256 {
        let Self(entries) = self;
        if entries.is_empty() {
            entries.resize(INPUTS_MAX, Entry::NONE);
        }
        let entry = &mut entries[usize::from(place(input))];
        if entry.len != input.len() || entry.input[..entry.len] != *input {
            entry.len = input.len();
            entry.input[..entry.len].copy_from_slice(input);
            entry.hash = keccak256(input);
        }
        entry.hash
    }
}

/// Where an input is remembered: the first byte of the sum of its words, each times an odd number of its own.
fn place(input: &[u8]) -> u8 {
    let mut factor = 0x9e37_79b9_7f4a_7c15_u64;
    let mut sum = 0_u64;
    for word in input.chunks(8) {
        let mut bytes = [0; 8];
        bytes[..word.len()].copy_from_slice(word);
        sum = sum.wrapping_add(u64::from_le_bytes(bytes).wrapping_mul(factor));
        factor = factor.wrapping_add(0xbf58_476d_1ce4_e5b8);
    }
    let [first, ..] = sum.to_be_bytes();
    first
}

/// The instruction. What is not a short input in the memory that there is, is left to revm.
pub(super) fn keccak256_instruction<R, J>(
    context: InstructionContext<'_, ContextOf<R, J>, EthInterpreter>,
) -> InstructionExecResult
where
    R: StateReader,
    J: JournalTr<Database = StateDatabase<R>>,
{
    let InstructionContext { interpreter, host } = context;
    let [.., len, offset] = interpreter.stack.data()[..] else {
        return system::keccak256(InstructionContext { interpreter, host });
    };
    let (offset, len) = (offset.saturating_to::<usize>(), len.saturating_to::<usize>());
    let is_short = (1..=INPUT_MAX).contains(&len);
    if !is_short || offset.saturating_add(len) > interpreter.memory.size() {
        return system::keccak256(InstructionContext { interpreter, host });
    }
    gas!(interpreter, host.gas_params().keccak256_cost(len));
    let hash = host.chain.hash(&interpreter.memory.slice_len(offset, len));
    if let Some(([_], top)) = interpreter.stack.popn_top() {
        *top = hash.into();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use revm::handler::instructions::EthInstructions;

    use super::*;
    use crate::{
        Evm,
        testing::{ALICE, BOB, GAS_LIMIT, World, tx::Tx},
    };

    /// Status, gas, logs and output, or that it is refused: of revm's instruction, and twice of ours.
    fn outcomes(code: &str, gas: u64) -> [alloc::string::String; 3] {
        let mut world = World::new();
        world.contract(BOB, code);
        let tx = Tx::call(ALICE, 0, BOB).gas(gas).build();
        let mut evm = Evm::new(&world.context(), &world.state);
        let remembering = evm.inner.instruction.clone();
        evm.inner.instruction = EthInstructions::new_mainnet_with_spec(remembering.spec);
        let stock = evm.run(&tx, GAS_LIMIT).map(|executed| executed.result);
        evm.inner.instruction = remembering;
        let mut ours = || format!("{:?}", evm.run(&tx, GAS_LIMIT).map(|executed| executed.result));
        [format!("{stock:?}"), ours(), ours()]
    }

    #[test]
    fn the_instruction_does_what_that_of_revm_does() {
        let huge = "115792089237316195423570985008687907853269984665640564039457584007913129639935";
        let numbers = ["0", "1", "31", "32", "33", "64", "95", "96", "97", "160", "4096", huge];
        let mut cases = alloc::vec![("KECCAK256".into(), 100_000), ("1 KECCAK256".into(), 100_000)];
        for offset in numbers {
            for len in numbers {
                let code = format!(
                    "{ALICE} PUSH0 MSTORE 7 32 MSTORE 9 64 MSTORE
                     {len} {offset} KECCAK256 PUSH0 MSTORE MSIZE 32 MSTORE 64 PUSH0 RETURN"
                );
                cases.extend([21_050, 21_070, 21_100, 100_000].map(|gas| (code.clone(), gas)));
            }
        }
        let mut hashed = 0;
        for (code, gas) in cases {
            let [stock, first, again] = outcomes(&code, gas);
            assert_eq!((&first, &again), (&stock, &stock), "{gas} gas for {code}");
            hashed += u32::from(stock.contains("Success"));
        }
        assert!(hashed > 100, "{hashed}");
    }

    #[test]
    fn inputs_hash_to_what_they_hash_to_however_often_and_however_many() {
        let mut hashes = Hashes::default();
        for round in 0..3_u64 {
            for number in 0..4 * INPUTS_MAX as u64 {
                let len = usize::try_from(number % INPUT_MAX as u64).unwrap() + 1;
                let mut input = [0; INPUT_MAX];
                input[..8].copy_from_slice(&(number * (round / 2 + 1)).to_le_bytes());
                let input = &input[..len];
                assert_eq!(hashes.hash(input), keccak256(input));
                assert_eq!(hashes.hash(input), keccak256(input));
            }
        }
        assert_eq!(hashes.0.len(), INPUTS_MAX);
    }

    /// Balances of many accounts in the first mappings of a contract, and numbers in mappings.
    #[test]
    fn what_contracts_hash_is_spread() {
        let mut places = alloc::collections::BTreeSet::new();
        for number in 0..INPUTS_MAX as u64 {
            let mut input = [0; 64];
            input[24..32].copy_from_slice(&number.to_be_bytes());
            input[63] = 3;
            places.insert(place(&input));
        }
        for slot in 0..=255 {
            let mut input = [0x11; 64];
            input[63] = slot;
            places.insert(place(&input));
        }
        // Random ones would leave e⁻² of them, 35.
        assert!(places.len() > INPUTS_MAX * 3 / 4, "{}", places.len());
    }
}
