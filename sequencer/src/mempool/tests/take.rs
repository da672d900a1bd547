//! What fits a sub-block is taken, and what does not holds nobody up.

use super::*;

#[test]
fn too_much_gas_waits_for_the_next_block_and_holds_nobody_up() {
    let mut pool = pool(MempoolLimits::default());
    pool.insert(tx_with(1, 0, 90, 100, 5_000_000), account(0)).unwrap();
    pool.insert(tx_with(2, 0, 10, 100, GAS), account(0)).unwrap();
    let little = TakeLimits { block_gas_left: 1_000_000, ..all() };
    assert_eq!(nonces(&pool.take(little)), [(2, 0)]);
    assert!(pool.take(all()).is_empty(), "this block has seen it");
    pool.open_block(0, None);
    assert_eq!(nonces(&pool.take(all())), [(1, 0)]);
}

#[test]
fn what_has_too_many_bytes_stays() {
    let mut pool = pool(MempoolLimits::default());
    for from in 1..=3 {
        pool.insert(tx(from, 0, 100 - u128::from(from)), account(0)).unwrap();
    }
    let bytes = tx(1, 0, 99).raw.len();
    assert_eq!(
        nonces(&pool.take(TakeLimits { bytes_left: 2 * bytes + 1, ..all() })),
        [(1, 0), (2, 0)]
    );
    assert_eq!(nonces(&pool.take(TakeLimits { bytes_left: bytes - 1, ..all() })), []);
    assert_eq!(nonces(&pool.take(all())), [(3, 0)]);
}
