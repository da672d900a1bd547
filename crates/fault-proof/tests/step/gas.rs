//! What a step costs on L1: the table in `gas.txt`, which `VECTORS_WRITE=true` writes anew.

use std::{fmt::Write, fs, path::Path};

use alloy::primitives::B256;
use fault_proof::vm::{Host, Machine, PrecompileCall, Recorded, local_key};

use super::{
    contract::{calldata, check},
    openings::ELEMENTS,
    states::{DATA, call, host, machine, put},
};

const MOST: u64 = 200_000;

/// A machine in memory that is full enough for no sibling to be that of zeros: the dearest calldata there is.
fn crowded(mut machine: Machine) -> Machine {
    for height in 0..27 {
        for place in [DATA, machine.pc] {
            let beside = (place >> 5 ^ 1 << height) << 5;
            machine.memory.write(beside + 16, [0xa5; 8]).unwrap();
        }
    }
    machine
}

fn keyed(key: B256, offset: u64) -> Machine {
    let mut machine = call(1, [DATA, offset, DATA + 0x40]);
    put(&mut machine, DATA, &key[..]);
    machine
}

/// Bytes that are all dear to hand over.
fn hashed(length: usize) -> Machine {
    let mut machine = call(2, [DATA, length as u64, DATA]);
    put(&mut machine, DATA, &vec![0xa5; length]);
    machine
}

fn with_address(word: u32) -> Machine {
    let mut machine = machine(word);
    machine.set_register(10, DATA + 8);
    machine
}

fn steps() -> (Vec<(&'static str, Machine, bool)>, Recorded) {
    let (mut host, [word, node, code, batch]) = host([32, 532, 24_576, 120_000]);
    let mut ended = machine(0x13);
    ended.exit = Some(0);
    let element = host.record_blob_element(&ELEMENTS[3]);
    let signed = PrecompileCall { address: 1, gas: 3_000, input: vec![0xa5; 128] };
    let signed = host.record_precompile(&signed, Some(&[]));
    let steps = vec![
        ("add", machine(0x00b5_0633), false),
        ("mulh", machine(0x02b5_1633), false),
        ("rem", machine(0x02b5_6633), false),
        ("remw", machine(0x02b5_663b), false),
        ("branch", machine(0x00b5_1463), false),
        ("jalr", machine(0x0005_0667), false),
        ("no instruction", machine(0), false),
        ("lb", with_address(0x0005_0603), false),
        ("ld", with_address(0x0005_3603), false),
        ("sb", with_address(0x00b5_0023), false),
        ("sd", with_address(0x00b5_3023), false),
        ("local input", keyed(local_key(1), 0), false),
        ("preimage of 32 bytes", keyed(word, 0), false),
        ("preimage of 532 bytes", keyed(node, 512), false),
        ("preimage of 24,576 bytes", keyed(code, 0), true),
        ("preimage of 120,000 bytes", keyed(batch, 0), true),
        ("element of a blob", keyed(element, 0), true),
        ("result of ecrecover", keyed(signed, 0), false),
        ("keccak256 of 64 bytes", hashed(64), false),
        ("keccak256 of 1,024 bytes", hashed(1_024), false),
        ("keccak256 of 2,048 bytes", hashed(2_048), true),
        ("keccak256 of 65,536 bytes", hashed(65_536), true),
        ("ecrecover", call(3, [DATA, DATA + 0x80, 0]), false),
        ("commit", call(4, [DATA, 0, 0]), false),
        ("exit", call(93, [0, 0, 0]), false),
        ("ended", ended, false),
    ];
    (steps, host)
}

#[test]
fn steps_cost_what_the_table_says() {
    let (steps, mut host) = steps();
    let mut table = String::new();
    writeln!(table, "{:<28}{:>10}{:>14}{:>14}", "step", "calldata", "execution", "transaction")
        .unwrap();
    for (name, machine, may_be_large) in steps {
        let mut machine = crowded(machine);
        let state = machine.hash();
        let (proof, gas) = check(&mut machine, &mut host);
        let data = calldata(state, &proof, host.locals());
        let zeros = data.iter().filter(|byte| **byte == 0).count() as u64;
        let others = data.len() as u64 - zeros;
        let execution = gas - 21_000 - 4 * zeros - 16 * others;
        let transaction = std::cmp::max(gas, 21_000 + 10 * zeros + 40 * others);
        assert!(may_be_large || transaction <= MOST, "{name}: {transaction}");
        writeln!(table, "{name:<28}{:>10}{execution:>14}{transaction:>14}", data.len()).unwrap();
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/step/gas.txt");
    if std::env::var("VECTORS_WRITE").is_ok_and(|value| value == "true") {
        fs::write(&path, &table).unwrap();
    }
    assert_eq!(fs::read_to_string(path).unwrap(), table, "VECTORS_WRITE=true writes it");
}
