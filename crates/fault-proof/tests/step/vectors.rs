//! Somebody else's RISC-V as the referee: what qemu gives, from `dev/riscv-vectors.py`, the machine and the contract give too.

use fault_proof::vm::{Machine, Recorded};

use super::{
    contract::check,
    states::{CODE, DATA, machine},
};

const VECTORS: &str = include_str!("../../testdata/riscv.txt");

/// A piece of code, and what it leaves in a2.
struct Piece<'a> {
    assembly: &'a str,
    words: Vec<u32>,
    operands: Vec<(u64, u64)>,
    results: Vec<u64>,
}

fn number(text: &str) -> u64 {
    u64::from_str_radix(text, 16).unwrap()
}

fn pieces() -> Vec<Piece<'static>> {
    let mut operands = Vec::new();
    let mut pieces = Vec::new();
    for line in VECTORS.lines().filter(|line| !line.starts_with('#')) {
        let mut parts = line.split(" | ");
        let mut part = || parts.next().unwrap_or_default();
        let (assembly, second) = (part(), part());
        if assembly.starts_with("operands") {
            let pair = |text: &str| {
                let (a, b) = text.split_once(',').unwrap_or((text, "0"));
                (number(a), number(b))
            };
            operands = second.split(' ').map(pair).collect();
            continue;
        }
        let words = second.split(' ').map(|word| u32::from_str_radix(word, 16).unwrap()).collect();
        let results: Vec<u64> = part().split(' ').map(number).collect();
        assert_eq!(results.len(), operands.len(), "{assembly}");
        pieces.push(Piece { assembly, words, operands: operands.clone(), results });
    }
    pieces
}

/// Runs pieces with a step function, and compares what is in a2 at their ends.
fn run(pieces: &[Piece<'_>], mut step: impl FnMut(&mut Machine)) {
    let mut machine = machine(0);
    for piece in pieces {
        let end = CODE + 4 * piece.words.len() as u64;
        for (place, word) in (CODE..).step_by(4).zip(&piece.words) {
            machine.memory.write(place, word.to_le_bytes()).unwrap();
        }
        for ((a, b), result) in piece.operands.iter().zip(&piece.results) {
            machine.pc = CODE;
            for (register, value) in [(10, *a), (11, *b), (12, 0), (13, DATA)] {
                machine.set_register(register, value);
            }
            while machine.pc != end {
                step(&mut machine);
                assert_eq!(machine.exit, None, "{} of {a:#x}, {b:#x}", piece.assembly);
            }
            assert_eq!(machine.register(12), *result, "{} of {a:#x}, {b:#x}", piece.assembly);
        }
    }
}

#[test]
fn the_machine_computes_as_qemu() {
    let pieces = pieces();
    assert!(pieces.len() > 140);
    run(&pieces, |machine| machine.proceed(&mut Recorded::default()).unwrap());
}

#[test]
fn the_contract_computes_as_qemu() {
    run(&pieces(), |machine| {
        check(machine, &mut Recorded::default());
    });
}

/// Every operation of RV64IM but the host call is in some piece.
#[test]
fn all_operations_are_there() {
    let decoded = pieces()
        .into_iter()
        .flat_map(|piece| piece.words)
        .map(|word| fault_proof::vm::Instruction::decode(word).unwrap().operation);
    let found: std::collections::BTreeSet<_> = decoded.collect();
    assert_eq!(found.len(), 63);
}
