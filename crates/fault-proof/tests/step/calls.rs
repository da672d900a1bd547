//! Host calls, right and wrong. What preimages are is in `preimages`, how a run ends in `exit`.

use alloy::primitives::{B256, U256, keccak256};
use fault_proof::vm::{MEMORY_BYTES, Recorded, TRAP_CODE};
use proptest::prelude::*;

use super::{
    contract::check,
    states::{CODE, DATA, call, host, number, put},
};

const DESTINATION: u64 = DATA + 0x1_0000;

/// Reading a word and writing it may concern one place, or that of the call itself.
#[test]
fn places_may_coincide() {
    let (mut host, [key]) = host([100]);
    for (key_at, destination) in [(DATA, DATA), (DATA, CODE), (DATA, DATA + 32), (CODE, DATA)] {
        let mut machine = call(1, [key_at, 32, destination]);
        put(&mut machine, DATA, &key[..]);
        check(&mut machine, &mut host);
        assert_eq!(machine.exit, None);
    }
    for (number, arguments) in [
        (2, [DATA, 100, DATA]),
        (2, [DATA, 100, DATA + 96]),
        (2, [CODE, 64, CODE]),
        (3, [DATA, DATA + 32, 0]),
        (4, [CODE, 0, 0]),
    ] {
        let mut machine = call(number, arguments);
        check(&mut machine, &mut host);
        assert_eq!(machine.exit, None);
    }
}

#[test]
fn hashes_of_all_lengths() {
    let bytes: Vec<u8> = (0_u8..251).cycle().take(65_536).collect();
    for length in [0, 1, 31, 32, 33, 63, 64, 65, 135, 136, 137, 532, 1_024, 1_025, 9_000, 65_536] {
        let mut machine = call(2, [DATA, length as u64, DESTINATION]);
        put(&mut machine, DATA, &bytes[..length]);
        check(&mut machine, &mut Recorded::default());
        let word = machine.memory.read::<32>(DESTINATION).unwrap();
        assert_eq!(B256::new(word), keccak256(&bytes[..length]));
    }
    // Below the end of memory.
    for (from, length) in [(MEMORY_BYTES - 65_536, 65_535), (MEMORY_BYTES - 32, 32), (0, 0)] {
        let mut machine = call(2, [from, length, MEMORY_BYTES - 32]);
        check(&mut machine, &mut Recorded::default());
        assert_eq!(machine.exit, None);
    }
}

fn recover(words: [B256; 4]) -> u64 {
    let mut machine = call(3, [DATA, DESTINATION, 0]);
    put(&mut machine, DATA, &words.concat());
    check(&mut machine, &mut Recorded::default());
    machine.register(10)
}

/// A published example of the precompile, and what it refuses.
#[test]
fn signers() {
    let word = |text: &str| text.parse::<B256>().unwrap();
    let hash = word("0x456e9aea5e197a1f1af7a3e85a3212fa4049a3ba34c2289b4c860fc0b0c64ef3");
    let r = word("0x9242685bf161793cc25603c231bc2f568eb630ea16aa137d2664ac8038825608");
    let s = word("0x4f8ae3bd7535248d0bd448298cc2e2071e56992d0774dc340c368ae950852ada");
    let v = B256::with_last_byte;
    let order = word("0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");
    let high = B256::from(U256::from_be_bytes(order.0) - U256::from_be_bytes(s.0));
    assert_eq!(recover([hash, v(28), r, s]), 1);
    assert_eq!(recover([hash, v(27), r, high]), 1);
    assert_eq!(recover([hash, v(28), r, high]), 1);
    let mut long = v(28);
    long[0] = 1;
    for v in [v(0), v(1), v(26), v(29), v(255), long] {
        assert_eq!(recover([hash, v, r, s]), 0);
    }
    let below = B256::from(U256::from_be_bytes(order.0) - U256::from(1));
    for (r, s) in [(B256::ZERO, s), (r, B256::ZERO), (order, s), (r, order), (B256::ZERO, order)] {
        assert_eq!(recover([hash, v(27), r, s]), 0);
    }
    recover([hash, v(27), below, below]);
    recover([hash, v(28), r, below]);
    for hash in [B256::ZERO, order, B256::repeat_byte(0xff)] {
        recover([hash, v(27), r, s]);
    }
}

#[test]
fn pointers_that_are_none_and_unknown_calls() {
    let bad = [1, 8, 16, 31, DATA + 1, DATA + 16, MEMORY_BYTES, DATA | 1 << 32, 1 << 63, u64::MAX];
    let mut calls: Vec<(u64, [u64; 3])> = Vec::new();
    for bad in bad {
        calls.extend([(1, [bad, 0, DATA]), (1, [DATA, 0, bad]), (2, [bad, 0, DATA])]);
        calls.extend([(2, [DATA, 64, bad]), (3, [bad, DATA, 0]), (3, [DATA, bad, 0])]);
        calls.push((4, [bad, 0, 0]));
    }
    // Aligned, but not to the buffer; too long.
    calls.extend([(2, [DATA + 32, 33, DATA]), (2, [DATA + 0x8000, 0x8001, DATA])]);
    calls.extend([(2, [0, 0x1_0001, DATA]), (2, [0, u64::MAX, DATA]), (2, [0, 1 << 32, DATA])]);
    calls.extend([(3, [DATA + 32, DATA, 0]), (3, [DATA + 64, DATA, 0])]);
    let unknown = [0, 5, 6, 92, 94, 1 << 32 | 1, 1 << 63 | 93, u64::MAX];
    calls.extend(unknown.map(|number| (number, [DATA, 0, DATA])));
    for (number, arguments) in calls {
        let mut machine = call(number, arguments);
        check(&mut machine, &mut Recorded::default());
        assert_eq!((machine.exit, machine.pc), (Some(TRAP_CODE), CODE), "{number} {arguments:x?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn any_call_with_any_arguments(
        number in prop_oneof![9 => 0_u64..6, 1 => number()],
        arguments in prop::array::uniform3(number().prop_map(|at| at & !31)),
        length in 0_usize..200,
        offset in prop_oneof![0_u64..250, number()],
        is_known in any::<bool>(),
    ) {
        let (mut host, [key]) = host([length]);
        let mut machine = call(number, arguments);
        if is_known {
            put(&mut machine, DATA, &key[..]);
            machine.set_register(10, DATA);
            machine.set_register(11, if number == 3 { arguments[1] } else { offset });
        } else if number == 1 {
            // Whatever is at the key's place, it is not of the type that the host would be asked for.
            let place = arguments[0];
            if place < MEMORY_BYTES {
                put(&mut machine, place, &[1]);
                prop_assume!(arguments[0] != CODE);
            }
        }
        check(&mut machine, &mut host);
    }

    #[test]
    fn any_signature(hash in any::<[u8; 32]>(), r in any::<[u8; 32]>(), s in any::<[u8; 32]>(), v in 26_u8..30) {
        recover([hash.into(), B256::with_last_byte(v), r.into(), s.into()]);
    }
}
