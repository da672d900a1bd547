//! Host calls, right and wrong, on states made by hand.

use std::{string::ToString, vec, vec::Vec};

use alloy_primitives::{B256, U256, address, b256, keccak256};

use super::super::*;

const CODE: u64 = 0x1000;
const DATA: u64 = 0x2_0000;
const DESTINATION: u64 = 0x8_0000;

/// A machine before a host call, with bytes at [`DATA`].
fn before(number: u64, arguments: [u64; 3], data: &[u8]) -> Machine {
    let mut memory = Memory::new();
    memory.write(CODE, 0x73_u32.to_le_bytes()).unwrap();
    (DATA..).zip(data).for_each(|(at, byte)| memory.write(at, [*byte]).unwrap());
    memory.write(DESTINATION, [0xee; 32]).unwrap();
    let mut machine = Machine::new(memory, CODE);
    machine.set_register(17, number);
    (10..).zip(arguments).for_each(|(register, value)| machine.set_register(register, value));
    machine
}

/// The machine after it, and the word at [`DESTINATION`].
fn after(mut machine: Machine, host: &mut Recorded) -> (Machine, B256) {
    machine.proceed(host).unwrap();
    assert_eq!(machine.step, 1);
    let word = machine.memory.word(DESTINATION).unwrap();
    (machine, word)
}

fn read(key: B256, offset: u64, host: &mut Recorded) -> (B256, u64) {
    let (machine, word) = after(before(1, [DATA, offset, DESTINATION], &key[..]), host);
    assert_eq!((machine.pc, machine.exit), (CODE + 4, None));
    (word, machine.register(10))
}

#[test]
fn a_preimage_is_read_word_by_word_with_zeros_behind_its_end() {
    let mut host = Recorded::default();
    let key = host.record((1..=40).collect());
    let end: Vec<u8> = (33..=40).collect();
    assert_eq!(read(key, 0, &mut host), (B256::from_slice(&(1..=32).collect::<Vec<u8>>()), 40));
    assert_eq!(read(key, 32, &mut host), (B256::right_padding_from(&end), 40));
    assert_eq!(read(key, 39, &mut host), (B256::right_padding_from(&[40]), 40));
    for past in [40, 41, 1 << 32, u64::MAX] {
        assert_eq!(read(key, past, &mut host), (B256::ZERO, 40));
    }
    let none = host.record(Vec::new());
    assert_eq!(none, b256!("0x02d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"));
    assert_eq!(read(none, 0, &mut host), (B256::ZERO, 0));
}

#[test]
fn local_inputs_are_of_one_word_and_unknown_keys_of_none() {
    let words = vec![B256::repeat_byte(0x11), B256::repeat_byte(0x22)];
    let mut host = Recorded::new(words.clone());
    assert_eq!(read(local_key(1), 0, &mut host), (words[1], 32));
    assert_eq!(read(local_key(0), 31, &mut host), (B256::right_padding_from(&[0x11]), 32));
    assert_eq!(read(local_key(0), 32, &mut host), (B256::ZERO, 32));
    let mut large = local_key(0);
    large[1] = 1;
    for unknown in [local_key(2), local_key(255), large, B256::ZERO, B256::repeat_byte(0xff)] {
        assert_eq!(read(unknown, 0, &mut host), (B256::ZERO, 0), "{unknown}");
    }
}

#[test]
fn a_preimage_that_the_host_lacks_is_its_error_and_no_step() {
    let key = keccak_key(keccak256("nobody has it"));
    let mut machine = before(1, [DATA, 0, DESTINATION], &key[..]);
    let state = machine.hash();
    let error = machine.proceed(&mut Recorded::default()).unwrap_err();
    assert_eq!(error, NotRecorded(key));
    assert!(error.to_string().contains(&key.to_string()));
    assert_eq!(machine.hash(), state);
}

#[test]
fn any_length_is_hashed_in_a_buffer_of_its_size() {
    let data: Vec<u8> = (0..65_536_u32).map(|at| at.to_le_bytes()[usize::from(at > 255)]).collect();
    for length in [0, 1, 31, 32, 33, 64, 65, 532, 1_024, 1_025, 65_535, 65_536] {
        let call = before(2, [DATA, length as u64, DESTINATION], &data);
        let (machine, word) = after(call, &mut Recorded::default());
        assert_eq!(word, keccak256(&data[..length]), "{length}");
        assert_eq!((machine.pc, machine.exit), (CODE + 4, None));
        assert_eq!(machine.register(10), DATA);
    }
    let heights = [0, 1, 32, 33, 64, 65, 1_024, 65_536, 65_537, u64::MAX].map(buffer_height);
    let some = [0, 0, 0, 1, 1, 2, 5, 11].map(Some);
    assert_eq!(heights, [&some[..], &[None, None]].concat()[..]);
}

/// A published example of the precompile at address 1.
const SIGNED: [B256; 4] = [
    b256!("0x456e9aea5e197a1f1af7a3e85a3212fa4049a3ba34c2289b4c860fc0b0c64ef3"),
    b256!("0x000000000000000000000000000000000000000000000000000000000000001c"),
    b256!("0x9242685bf161793cc25603c231bc2f568eb630ea16aa137d2664ac8038825608"),
    b256!("0x4f8ae3bd7535248d0bd448298cc2e2071e56992d0774dc340c368ae950852ada"),
];

fn recover(words: [B256; 4]) -> (B256, u64) {
    let call = before(3, [DATA, DESTINATION, 0], &words.concat());
    let (machine, word) = after(call, &mut Recorded::default());
    assert_eq!((machine.pc, machine.exit), (CODE + 4, None));
    (word, machine.register(10))
}

#[test]
fn signers_are_recovered_as_by_the_precompile() {
    let signer = address!("0x7156526fbd7a3c72969b54f64e42c10fbb768c8a").into_word();
    let [hash, v, r, s] = SIGNED;
    assert_eq!(recover(SIGNED), (signer, 1));
    // The same signature with the other sign: `s` in the upper half.
    let order = U256::from_be_bytes(
        b256!("0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141").0,
    );
    let high = B256::from(order - U256::from_be_bytes(s.0));
    assert_eq!(recover([hash, B256::with_last_byte(27), r, high]), (signer, 1));
    let mut long = v;
    long[0] = 1;
    let bad = [
        [hash, B256::ZERO, r, s],
        [hash, B256::with_last_byte(29), r, s],
        [hash, long, r, s],
        [hash, v, B256::ZERO, s],
        [hash, v, r, B256::ZERO],
        [hash, v, r, B256::from(order)],
        [hash, v, B256::repeat_byte(0xff), s],
    ];
    for words in bad {
        assert_eq!(recover(words), (B256::ZERO, 0), "{words:?}");
    }
}

#[test]
fn the_output_is_set_and_the_run_goes_on() {
    let word = keccak256("claim");
    let call = before(4, [DATA, 0, 0], &word[..]);
    let (machine, _) = after(call, &mut Recorded::default());
    assert_eq!((machine.output, machine.pc, machine.exit), (word, CODE + 4, None));
}

#[test]
fn only_zero_exits_with_success() {
    let codes =
        [(0, 0), (1, 1), (254, 254), (255, 255), (256, 255), (1 << 32, 255), (u64::MAX, 255)];
    for (argument, code) in codes {
        let (mut machine, _) = after(before(93, [argument, 0, 0], &[]), &mut Recorded::default());
        assert_eq!((machine.exit, machine.pc), (Some(code), CODE));
        let ended = machine.hash();
        machine.proceed(&mut Recorded::default()).unwrap();
        assert_eq!(machine.hash(), ended);
    }
}

#[test]
fn calls_that_are_none_trap_and_change_nothing_else() {
    let (good, high) = (DATA, DATA | 1 << 32);
    let beyond = MEMORY_BYTES;
    let traps = [
        (0, [good, 0, good]),
        (5, [good, 0, good]),
        (92, [0; 3]),
        (94, [0; 3]),
        (1 << 32 | 93, [0; 3]),
        (1, [good + 1, 0, good]),
        (1, [good, 0, good + 16]),
        (1, [high, 0, good]),
        (1, [good, 0, beyond]),
        (1, [good, 0, u64::MAX - 31]),
        (2, [good + 32, 33, good]),
        (2, [good + 64, 65, good]),
        (2, [good, 65_537, good]),
        (2, [good, u64::MAX, good]),
        (2, [beyond, 0, good]),
        (2, [good, 0, high]),
        (2, [good, 1, good + 8]),
        (3, [good + 64, good, 0]),
        (3, [good, good + 4, 0]),
        (3, [high, good, 0]),
        (3, [good, high, 0]),
        (4, [good + 8, 0, 0]),
        (4, [beyond, 0, 0]),
    ];
    for (number, arguments) in traps {
        let mut call = before(number, arguments, &[1; 64]);
        let (root, registers) =
            (call.memory.root(), [10, 11, 12, 17].map(|number| call.register(number)));
        let (mut machine, _) = after(call, &mut Recorded::default());
        assert_eq!(machine.exit, Some(TRAP_CODE), "{number} {arguments:x?}");
        assert_eq!((machine.pc, machine.memory.root()), (CODE, root));
        assert_eq!([10, 11, 12, 17].map(|number| machine.register(number)), registers);
        assert_eq!(machine.output, B256::ZERO);
    }
}
