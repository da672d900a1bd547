//! Points of the table are the multiples that their places say.

use alloy_primitives::{U256, U512};

use super::*;

const ORDER: U256 =
    U256::from_limbs([0xbfd2_5e8c_d036_4141, 0xbaae_dce6_af48_a03b, u64::MAX - 1, u64::MAX]);

fn check(table: &Table, window: usize, digit: usize) {
    let multiple = (U512::from(2 * digit + 1) << (G_WIDTH * window)) % U512::from(ORDER);
    let key = SecretKey::from_byte_array(multiple.to::<U256>().to_be_bytes()).unwrap();
    let point = PublicKey::from_secret_key(SECP256K1, &key).serialize_uncompressed();
    let Row([x0, x1, x2, x3, y0, y1, y2, y3]) = table.window(window)[digit];
    assert_eq!(U256::from_limbs([x0, x1, x2, x3]), U256::from_be_slice(&point[1..33]));
    assert_eq!(U256::from_limbs([y0, y1, y2, y3]), U256::from_be_slice(&point[33..]));
}

#[test]
fn every_kind_of_place() {
    let Some(cpu) = Cpu::detect() else { return };
    let table = Table::shared(cpu);
    for window in 0..G_WINDOWS {
        for digit in (0..10).chain((10..DIGITS).step_by(97)).chain([DIGITS - 1]) {
            check(table, window, digit);
        }
    }
    assert!(core::ptr::eq(table, Table::shared(cpu)), "there is one table");
}
