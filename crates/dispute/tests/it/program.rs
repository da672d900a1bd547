//! A program whose run means the next claim: at place 0 the claim of the block after, elsewhere the same claim again.
//!
//! It waits for two strides and a half before it does anything, so that a run has strides to differ in.

use alloy::primitives::{B256, keccak256};
use dispute::CLAIM_BYTES;
use fault_proof::vm::{Machine, Memory, Recorded, local_key};

const CODE: u64 = 0x1_0000;
const KEY_OF_PARENT: u64 = 0x2000;
const KEY_OF_PLACE: u64 = 0x2020;
const PARENT: u64 = 0x2040;
const PLACE: u64 = 0x2060;
const OUTPUT: u64 = 0x2080;
const KEY_OF_CLAIM: u64 = 0x20a0;
const CLAIM: u64 = 0x2100;

/// Rounds of waiting, in 4,096; two steps each.
const WAITING: u32 = 80;

const T0: u32 = 5;
const A0: u32 = 10;
const A1: u32 = 11;
const A2: u32 = 12;
const A7: u32 = 17;

/// Words of code in order.
#[derive(Default)]
struct Code(Vec<u32>);

impl Code {
    fn addi(&mut self, rd: u32, rs1: u32, immediate: i32) {
        self.0.push(low12(immediate) << 20 | rs1 << 15 | rd << 7 | 0x13);
    }

    /// Loads an address.
    fn address(&mut self, rd: u32, address: u64) {
        let address = u32::try_from(address).unwrap();
        self.0.push((address & 0xffff_f000) | rd << 7 | 0x37);
        self.addi(rd, rd, i32::try_from(address & 0xfff).unwrap());
    }

    fn load(&mut self, width: u32, rd: u32, rs1: u32, offset: i32) {
        self.0.push(low12(offset) << 20 | rs1 << 15 | width << 12 | rd << 7 | 0x03);
    }

    fn store(&mut self, width: u32, rs2: u32, rs1: u32, offset: i32) {
        let offset = low12(offset);
        let high = offset >> 5 << 25 | rs2 << 20 | rs1 << 15;
        self.0.push(high | width << 12 | (offset & 31) << 7 | 0x23);
    }

    /// Branches `words` words on, or back, if the register is not zero.
    fn branch_unless_zero(&mut self, rs1: u32, words: i32) {
        let offset = low13(words * 4);
        let high = (offset >> 12 & 1) << 31 | (offset >> 5 & 0x3f) << 25 | rs1 << 15 | 1 << 12;
        self.0.push(high | (offset >> 1 & 15) << 8 | (offset >> 11 & 1) << 7 | 0x63);
    }

    fn call(&mut self, number: i32) {
        self.addi(A7, 0, number);
        self.0.push(0x73);
    }

    /// 32 bytes of the preimage of the key at an address.
    fn preimage(&mut self, key: u64, offset: i32, to: u64) {
        self.address(A0, key);
        self.addi(A1, 0, offset);
        self.address(A2, to);
        self.call(1);
    }

    fn end_with(&mut self, output: u64) {
        self.address(A0, output);
        self.call(4);
        self.addi(A0, 0, 0);
        self.call(93);
    }
}

fn low12(number: i32) -> u32 {
    number.cast_unsigned() & 0xfff
}

fn low13(number: i32) -> u32 {
    number.cast_unsigned() & 0x1fff
}

fn code() -> Vec<u32> {
    let mut code = Code::default();
    code.0.push(WAITING << 12 | T0 << 7 | 0x37);
    code.addi(T0, T0, -1);
    code.branch_unless_zero(T0, -1);
    code.preimage(KEY_OF_PARENT, 0, PARENT);
    code.preimage(KEY_OF_PLACE, 0, PLACE);
    code.address(A0, PLACE);
    code.load(4, T0, A0, 31);
    let mut next = Code::default();
    next.address(A0, PARENT);
    for word in 0..4 {
        next.load(3, T0, A0, 8 * word);
        next.store(3, T0, A0, i32::try_from(KEY_OF_CLAIM - PARENT).unwrap() + 8 * word);
    }
    next.addi(T0, 0, 2);
    next.store(0, T0, A0, i32::try_from(KEY_OF_CLAIM - PARENT).unwrap());
    for word in 0..7 {
        next.preimage(KEY_OF_CLAIM, 32 * word, CLAIM + 32 * word.cast_unsigned() as u64);
    }
    next.address(A0, CLAIM);
    next.load(4, T0, A0, 31);
    next.addi(T0, T0, 1);
    next.store(0, T0, A0, 31);
    next.store(0, T0, A0, 223);
    next.addi(A1, 0, 224);
    next.address(A2, OUTPUT);
    next.call(2);
    next.end_with(OUTPUT);
    code.branch_unless_zero(T0, i32::try_from(next.0.len()).unwrap() + 1);
    code.0.extend(next.0);
    code.end_with(PARENT);
    code.0
}

/// The machine before its first step.
pub(crate) fn machine() -> Machine {
    let mut memory = Memory::new();
    for (at, word) in (CODE..).step_by(4).zip(code()) {
        memory.write(at, word.to_le_bytes()).unwrap();
    }
    memory.write(KEY_OF_PARENT, local_key(0).0).unwrap();
    memory.write(KEY_OF_PLACE, local_key(6).0).unwrap();
    Machine::new(memory, CODE)
}

/// What stands after a block, as the bytes of its claim.
pub(crate) type Claim = [u8; CLAIM_BYTES];

/// The claim of a block by its number, below 256.
pub(crate) fn claim(block: u8) -> Claim {
    let mut claim = [0; CLAIM_BYTES];
    claim[0] = 0xb1;
    claim[31] = block;
    // Its number, for the contract.
    claim[223] = block;
    claim
}

/// What a liar says stands after that block.
pub(crate) fn false_claim(block: u8) -> Claim {
    let mut claim = claim(200);
    claim[223] = block;
    claim
}

/// The inputs of a run.
pub(crate) fn host(locals: Vec<B256>, parent: &Claim) -> Recorded {
    let mut host = Recorded::new(locals);
    host.record(parent.to_vec());
    host
}

#[test]
fn a_run_means_the_next_claim() {
    let words = |place| {
        let mut locals = vec![B256::ZERO; 7];
        (locals[0], locals[6]) = (keccak256(claim(4)), B256::with_last_byte(place));
        locals
    };
    for (place, expected) in [(0, 5), (1, 4), (32, 4)] {
        let mut replay = dispute::Replay::new(machine(), host(words(place), &claim(4)));
        let run = replay.strides().unwrap();
        assert_eq!(run.claim(), keccak256(claim(expected)), "place {place}");
        assert_ne!(run.strides.leaf(1), run.strides.leaf(2));
        assert_eq!(run.strides.leaf(2), run.strides.leaf(3));
    }
}
