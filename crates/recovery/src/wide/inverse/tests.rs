//! Inverses, by multiplying.

use alloy_primitives::U256;
use proptest::prelude::*;

use super::*;

const MODULI: [[u64; 4]; 2] = [
    [0xffff_fffe_ffff_fc2f, u64::MAX, u64::MAX, u64::MAX],
    [0xbfd2_5e8c_d036_4141, 0xbaae_dce6_af48_a03b, u64::MAX - 1, u64::MAX],
];

fn check(x: U256) {
    for words in MODULI {
        let (modulus, prime) = (Modulus::new(words), U256::from_limbs(words));
        let x = x % prime;
        let inverse = U256::from_limbs(invert(*x.as_limbs(), &modulus));
        assert!(inverse < prime);
        assert_eq!(inverse.mul_mod(x, prime), U256::from(u8::from(!x.is_zero())), "{x}");
    }
}

#[test]
fn of_numbers_at_the_edges() {
    for bit in 0..256 {
        let power = U256::from(1) << bit;
        for x in
            [power, power - U256::from(1), power + U256::from(1), U256::ZERO.wrapping_sub(power)]
        {
            check(x);
        }
    }
    for words in MODULI {
        for down in 0..10 {
            check(U256::from_limbs(words) - U256::from(down));
            check((U256::from_limbs(words) >> 1) - U256::from(down));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]
    #[test]
    fn of_any_number(limbs: [u64; 4]) {
        check(U256::from_limbs(limbs));
    }
}
