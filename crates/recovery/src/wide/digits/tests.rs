//! Digits add up to the number they are made of, and lie within the bounds on which [`super::super`] rests.

use alloy_primitives::{U256, U512, aliases::I512};
use proptest::prelude::*;

use super::{
    super::{G_WIDTH, G_WINDOWS, WIDTH, WINDOWS},
    *,
};

const ORDER: U256 =
    U256::from_limbs([0xbfd2_5e8c_d036_4141, 0xbaae_dce6_af48_a03b, u64::MAX - 1, u64::MAX]);
const LAMBDA: U256 = U256::from_limbs([
    0xdf02_967c_1b23_bd72,
    0x122e_22ea_2081_6678,
    0xa526_1c02_8812_645a,
    0x5363_ad4c_c05c_30e0,
]);

/// The number that the digits of a lane stand for, the low windows left out.
fn value<const L: usize>(
    signs: &Signs<L>,
    lane: usize,
    windows: (usize, usize),
    width: usize,
) -> I512 {
    (windows.0..windows.1).rev().fold(I512::ZERO, |sum, i| {
        let (index, negative) = signs.digit(i, width);
        let digit = I512::unchecked_from(2 * index.store()[lane] + 1);
        let digit = if negative >> lane & 1 == 1 { -digit } else { digit };
        (sum << width) + digit
    })
}

fn signed(x: U256) -> I512 {
    I512::from_raw(U512::from(x))
}

fn check(numbers: [U256; 8]) {
    let Some(cpu) = Cpu::detect() else { return };
    let k = Scalar::from_words(each!(4, w => cpu.load(&each!(8, i => numbers[i].as_limbs()[w]))));
    let whole = odd(&k, G_WIDTH * G_WINDOWS);
    let [first, second] = odd_halves(&k, WIDTH * WINDOWS);
    let n = signed(ORDER);
    for (lane, number) in numbers.into_iter().map(signed).enumerate() {
        let even = number % I512::unchecked_from(2) == I512::ZERO;
        let expected = if even { number - n } else { number };
        assert_eq!(value(&whole, lane, (0, G_WINDOWS), G_WIDTH), expected);
        let half = |signs, low| value(signs, lane, (low, WINDOWS), WIDTH);
        let sum = half(&first, 0) + half(&second, 0) * signed(LAMBDA) - number;
        assert_eq!(sum % n, I512::ZERO);
        // Before the last window, points cannot meet.
        let bound = I512::unchecked_from(1) << 125;
        for half in [half(&first, 1), half(&second, 1)] {
            assert!(half <= bound && half >= -bound, "{half}");
        }
    }
}

/// What is said of G's tree rests on this: n has one way to be written in odd digits, and it needs all windows.
#[test]
fn the_order_needs_every_window() {
    let window = |i: usize| (ORDER >> (G_WIDTH * i)) & U256::from((1 << G_WIDTH) - 1);
    let all = U256::from((1 << G_WIDTH) - 1);
    // A window can be left out only where n's own bits there are all alike, but for what the digit below borrows.
    for i in 0..10 {
        assert!(window(i) != U256::ZERO && window(i) != all, "window {i}");
    }
    // Above these all bits are ones up to 2^256, so the digits are 8191 up to the top one, which cannot be 512.
    assert_eq!(ORDER >> 129, (U256::from(1) << 127) - U256::from(1));
}

#[test]
fn of_numbers_at_the_edges() {
    let mut numbers = vec![U256::ZERO, LAMBDA, ORDER - LAMBDA];
    for bit in 0..256 {
        let power = U256::from(1) << bit;
        let around = [power - U256::from(1), power, power + U256::from(1)];
        numbers.extend(
            around.into_iter().filter(|x| *x < ORDER).flat_map(|x| [x, (ORDER - x) % ORDER]),
        );
    }
    numbers.resize(numbers.len().next_multiple_of(8), U256::from(1));
    for eight in numbers.chunks_exact(8) {
        check(core::array::from_fn(|i| eight[i]));
    }
}

proptest! {
    #[test]
    fn of_any_number(limbs: [[u64; 4]; 8]) {
        check(limbs.map(|limbs| U256::from_limbs(limbs) % ORDER));
    }
}
