//! How a run ends: the codes of its exit, and that what has ended is its own successor.

use fault_proof::vm::{MEMORY_BYTES, Recorded, TRAP_CODE};

use super::{
    contract::check,
    states::{CODE, DATA, call, machine},
};

#[test]
fn the_output_and_the_exit() {
    for at in [0, DATA, DATA + 32, MEMORY_BYTES - 32] {
        let mut machine = call(4, [at, 0, 0]);
        check(&mut machine, &mut Recorded::default());
        assert_eq!(machine.output.0, machine.memory.read::<32>(at).unwrap());
    }
    for code in [0, 1, 2, 93, 254, 255, 256, 257, 1 << 32, 1 << 63, u64::MAX] {
        let mut machine = call(93, [code, 0, 0]);
        check(&mut machine, &mut Recorded::default());
        let expected = u8::try_from(code).unwrap_or(u8::MAX);
        assert_eq!((machine.exit, machine.pc), (Some(expected), CODE));
    }
}

#[test]
fn what_has_ended_follows_itself() {
    for code in [0, 1, 0x80, TRAP_CODE] {
        for word in [0x13, 0x73, 0] {
            let mut machine = machine(word);
            machine.exit = Some(code);
            let state = machine.hash();
            check(&mut machine, &mut Recorded::default());
            assert_eq!(machine.hash(), state);
        }
    }
}
