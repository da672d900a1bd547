//! Scalars against arithmetic of long numbers, lane by lane.

use alloy_primitives::{U256, U512};
use proptest::prelude::*;

use super::*;

const ORDER: U256 =
    U256::from_limbs([0xbfd2_5e8c_d036_4141, 0xbaae_dce6_af48_a03b, u64::MAX - 1, u64::MAX]);

fn load(cpu: Cpu, numbers: &[U256; 8]) -> Scalar {
    Scalar::from_words(each!(4, w => cpu.load(&each!(8, lane => numbers[lane].as_limbs()[w]))))
}

fn values(scalar: &Scalar) -> [U256; 8] {
    let limbs = each!(5, i => scalar.0[i].store());
    let sum = |lane: usize| {
        limbs.iter().rev().fold(U512::ZERO, |sum, limb| (sum << 52) + U512::from(limb[lane]))
    };
    each!(8, lane => sum(lane).to())
}

fn numbers() -> impl Strategy<Value = [U256; 8]> {
    let near = (prop::sample::select(vec![U256::ZERO, ORDER, ORDER >> 1, U256::MAX]), 0_u8..5)
        .prop_map(|(edge, up)| edge.wrapping_add(U256::from(up)).wrapping_sub(U256::from(2)));
    let any = any::<[u64; 4]>().prop_map(U256::from_limbs);
    prop::array::uniform8(prop_oneof![near, any])
}

fn mask(numbers: &[U256; 8], f: impl Fn(&U256) -> bool) -> Mask {
    (0..8).fold(0, |mask, i| mask | u8::from(f(&numbers[i])) << i)
}

proptest! {
    #[test]
    fn ranges_and_products(a in numbers(), b in numbers()) {
        let Some(cpu) = Cpu::detect() else { return Ok(()) };
        let (x, y) = (load(cpu, &a), load(cpu, &b));
        prop_assert_eq!(values(&x), a);
        prop_assert_eq!(x.in_range(), mask(&a, |a| !a.is_zero() && *a < ORDER));
        prop_assert_eq!(x.is_high(), mask(&a, |a| *a > ORDER >> 1));
        prop_assert_eq!(x.is_zero(), mask(&a, U256::is_zero));
        let product = x.times(&y.in_montgomery()).canonical();
        prop_assert_eq!(values(&product), each!(8, i => a[i].mul_mod(b[i], ORDER)));
        // Where no lane is a multiple of n.
        let one = Scalar::one(cpu);
        let x = one.select(x.in_range(), &x);
        let inverse = cpu.run(Invert(x.in_montgomery()));
        prop_assert_eq!(values(&x.times(&inverse).canonical()), [U256::from(1); 8]);
    }
}
