//! The field against arithmetic of long numbers, lane by lane, up to the bounds that each operation names.

use alloy_primitives::{U256, U512};
use proptest::prelude::*;

use super::{super::root::Roots, *};

const PRIME: U256 = U256::from_limbs([0xffff_fffe_ffff_fc2f, u64::MAX, u64::MAX, u64::MAX]);

/// Any limbs below 2^52, the top one below 2^bits; often all ones or all zeros.
fn limbs(top: u32) -> impl Strategy<Value = [[u64; 5]; 8]> {
    let limb = prop_oneof![3 => 0..=M52, 1 => Just(0), 1 => Just(M52)];
    let lane = prop::array::uniform5(limb).prop_map(move |mut lane| {
        lane[4] &= (1 << top) - 1;
        lane
    });
    prop::array::uniform8(lane)
}

fn load(cpu: Cpu, lanes: &[[u64; 5]; 8]) -> Fe {
    Fe(each!(5, i => cpu.load(&each!(8, lane => lanes[lane][i]))))
}

fn value(limbs: [u64; 5]) -> U256 {
    let sum = limbs.iter().rev().fold(U512::ZERO, |sum, limb| (sum << 52) + U512::from(*limb));
    (sum % U512::from(PRIME)).to()
}

fn values(fe: &Fe) -> [U256; 8] {
    let limbs = each!(5, i => fe.0[i].store());
    assert!(limbs.iter().flatten().all(|limb| *limb <= M52), "an element may be multiplied");
    each!(8, lane => value(each!(5, i => limbs[i][lane])))
}

fn times(a: U256, b: U256) -> U256 {
    a.mul_mod(b, PRIME)
}

fn minus(a: U256, b: U256) -> U256 {
    a.add_mod(PRIME - b % PRIME, PRIME)
}

proptest! {
    #[test]
    fn products_and_sums(a in limbs(52), b in limbs(52), c in limbs(48), d in limbs(48)) {
        let Some(cpu) = Cpu::detect() else { return Ok(()) };
        let [x, y, z, w] = [&a, &b, &c, &d].map(|lanes| load(cpu, lanes));
        let [a, b, c, d] = [a, b, c, d].map(|lanes| lanes.map(value));
        prop_assert_eq!(values(&x.times(&y)), each!(8, i => times(a[i], b[i])));
        prop_assert_eq!(values(&x.square()), each!(8, i => times(a[i], a[i])));
        let two = Cols::product(&x, &z).plus_product(&z, &w).plus(&z.sum().doubled()).reduce();
        let twice = |c: U256| c.add_mod(c, PRIME);
        let sum = |a, c, d| times(a, c).add_mod(times(c, d), PRIME).add_mod(twice(c), PRIME);
        let expected = each!(8, i => sum(a[i], c[i], d[i]));
        prop_assert_eq!(values(&two), expected);
        let difference = z.sum().plus(&w.negated(2)).carry();
        prop_assert_eq!(values(&difference), each!(8, i => minus(c[i], d[i])));
        let negated = z.sum().negated_where(0b1010_0110, 2).carry();
        let expected = each!(8, i => if 0b1010_0110 >> i & 1 == 1 { minus(U256::ZERO, c[i]) } else { c[i] });
        prop_assert_eq!(values(&negated), expected);
    }

    #[test]
    fn canonical_numbers(mut a in limbs(49), same: Mask, near in 0_u64..5) {
        let Some(cpu) = Cpu::detect() else { return Ok(()) };
        // Around p and twice p.
        a[0] = [P[0] - 2 + near, P[1], P[2], P[3], P[4]];
        a[1] = [2 * P[0] - (M52 + 1) - 2 + near, M52, M52, M52, 2 * P[4] + 1];
        let x = load(cpu, &a);
        let values = a.map(value);
        let words = x.canonical().words().map(|word| word.store());
        let found = each!(8, i => U256::from_limbs(each!(4, w => words[w][i])));
        prop_assert_eq!(found, values);
        let bits = |f: fn(&U256) -> bool| (0..8).fold(0, |mask, i| mask | u8::from(f(&values[i])) << i);
        prop_assert_eq!(x.is_zero(), bits(U256::is_zero));
        prop_assert_eq!(x.canonical().is_odd(), bits(|value| value.bit(0)));
        let mut b = a;
        for (i, lane) in b.iter_mut().enumerate() {
            lane[0] ^= u64::from(same >> i & 1 == 0);
        }
        prop_assert_eq!(x.equals(&load(cpu, &b)), same);
    }

    #[test]
    fn inverses_and_roots(a in limbs(48)) {
        let Some(cpu) = Cpu::detect() else { return Ok(()) };
        let x = load(cpu, &a);
        let x = x.select(x.is_zero(), &Fe::one(cpu));
        let inverse = cpu.run(Invert(x));
        prop_assert_eq!(values(&inverse.times(&x)), [U256::from(1); 8]);
        let square = x.square();
        let roots = cpu.run(Roots(&[square, x]));
        prop_assert_eq!(roots[0].square().equals(&square), 0xff);
        // Either a number has a root or its negative has, as p is 3 modulo 4.
        let negative = cpu.run(Roots(&[x.negated(2).carry()]))[0].square();
        prop_assert_eq!(roots[1].square().equals(&x) ^ negative.equals(&x.negated(2).carry()), 0xff);
    }
}
