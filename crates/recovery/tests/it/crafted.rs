//! Signatures made so that points meet: who knows k of R = kG, or only chooses r and s, chooses u1 and u2 at will.

use alloy_primitives::{U256, U512};
use recovery::HighS;

use super::{
    both, check,
    numbers::{LAMBDA, N, Nonce, Random, add, mul, neg},
};

fn small(x: u64) -> U256 {
    U256::from(x)
}

/// Small, shaped like the lattice, and at the edges of windows.
fn scalars() -> Vec<U256> {
    let mut all = vec![U256::ZERO];
    for i in 1..=40 {
        all.extend([small(i), neg(small(i))]);
    }
    for (a, b) in [(1, 1), (1, 2), (2, 1), (31, 31), (30, 62), (5, 0), (64, 32), (33, 33)] {
        let l = mul(small(b), LAMBDA);
        all.extend([add(small(a), l), add(small(a), neg(l)), l]);
    }
    for bit in [5, 8, 13, 26, 52, 64, 127, 128, 129, 130, 247, 255] {
        let power = U256::from(1) << bit;
        for x in [power - U256::from(1), power, power + U256::from(1)] {
            all.extend([x % N, neg(x)]);
        }
    }
    let half = N >> 1;
    all.extend([half, half + U256::from(1)]);
    all
}

/// u2 for which the last window of Horner's scheme doubles: twice what that window says. All that could be.
pub(crate) fn doubled_in_the_last_window() -> Vec<U256> {
    let digits = || (1..32).step_by(2).flat_map(|d| [small(d), neg(small(d))]);
    let sum = |a, b| mul(small(2), add(a, mul(b, LAMBDA)));
    digits().flat_map(|a| digits().map(move |b| sum(a, b))).collect()
}

/// u1 for which the two halves of the tree for u1*G are one point: those windows of n in one half, taken twice.
pub(crate) fn doubled_at_the_root() -> [U256; 4] {
    // n in odd digits of 13 bits: its signs are (n + 2^260 - 1) / 2.
    let signs: U512 = (U512::from(N) + (U512::from(1) << 260) - U512::from(1)) >> 1;
    let digit = |i: usize| {
        let window = ((signs >> (13 * i)) & U512::from(0x1fff)).to::<u64>();
        let value = 2 * window + 1;
        if value >= 8192 { small(value - 8192) } else { neg(small(8192 - value)) }
    };
    let place = |i: usize| (0..13 * i).fold(U256::from(1), |power, _| add(power, power));
    let term = |i: usize| mul(digit(i), place(i));
    assert_eq!((0..20).map(term).fold(U256::ZERO, add), U256::ZERO, "all of them are n");
    // Twenty points, then ten, five, three, two: these come to the left.
    let left = (0..20).filter(|i| [0, 2, 3].contains(&(i % 5)));
    let sum = left.map(term).fold(U256::ZERO, add);
    let twice = add(sum, sum);
    [twice, neg(twice), sum, neg(sum)]
}

#[test]
fn points_that_meet() {
    let mut chosen = scalars();
    chosen.extend(doubled_at_the_root());
    let mut random = Random(5);
    let mut signed = Vec::new();
    let mut infinite = 0;
    for k in [1, 2, 3, 4, 5, 16, 31, 32, 33, 1 << 13, (1 << 13) + 1] {
        for k in [small(k), neg(small(k)), mul(small(k), LAMBDA)] {
            let nonce = Nonce::new(k);
            for (i, &u2) in chosen.iter().enumerate() {
                let u2_k = mul(u2, nonce.k);
                // Q at infinity; the last addition is a doubling; Q = u2*R.
                signed.extend([neg(u2_k), u2_k, U256::ZERO].map(|u1| nonce.signed(u1, u2)));
                infinite += usize::from(!u2.is_zero());
                for step in [7, 11] {
                    signed.push(nonce.signed(chosen[(i * step + 3) % chosen.len()], u2));
                }
            }
        }
    }
    println!("{} crafted signatures, {infinite} of them with Q at infinity", signed.len());
    for mut recoverer in both(HighS::Allowed) {
        check(&mut recoverer, HighS::Allowed, &signed);
    }
    let mut mixed = [signed, random.many_signed(3_000)].concat();
    random.shuffle(&mut mixed);
    for high_s in [HighS::Allowed, HighS::Refused] {
        check(&mut both(high_s)[0], high_s, &mixed);
    }
}

#[test]
fn points_that_meet_within_the_multiples() {
    let mut random = Random(6);
    let mut signed = Vec::new();
    for u2 in doubled_in_the_last_window() {
        let nonce = Nonce::new(random.number() % N);
        signed.push(nonce.signed(random.number() % N, u2));
        // Here the doubling is followed by one more, by a sum that is infinite, and by one with nothing.
        let u2_k = mul(u2, nonce.k);
        signed.extend([u2_k, neg(u2_k), U256::ZERO].map(|u1| nonce.signed(u1, u2)));
    }
    for u1 in doubled_at_the_root() {
        for _ in 0..64 {
            let nonce = Nonce::new(random.number() % N);
            signed.push(nonce.signed(u1, random.number() % N));
            signed.extend(
                doubled_in_the_last_window().iter().take(8).map(|&u2| nonce.signed(u1, u2)),
            );
            let meets = mul(u1, nonce.k.inv_mod(N).unwrap());
            signed.extend([meets, neg(meets)].map(|u2| nonce.signed(u1, u2)));
        }
    }
    for mut recoverer in both(HighS::Allowed) {
        check(&mut recoverer, HighS::Allowed, &signed);
    }
    signed.extend(random.many_signed(2_000));
    random.shuffle(&mut signed);
    check(&mut both(HighS::Allowed)[0], HighS::Allowed, &signed);
}
