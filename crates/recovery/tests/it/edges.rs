//! Numbers at the edges of every range, all with all.

use alloy_primitives::{B256, U256, uint};
use proptest::prelude::*;
use recovery::{HighS, Signed};

use super::{
    both, check,
    numbers::{N, P, Random},
};

/// The x of the generator.
const GX: U256 = uint!(0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798_U256);

fn edges() -> Vec<U256> {
    let mut edges = vec![U256::ZERO, U256::from(1), U256::from(2), U256::from(7), U256::MAX, GX];
    for number in [N, N >> 1, P, P - N, P >> 1, U256::from(1) << 128, U256::from(1) << 208] {
        edges.extend([number - U256::from(1), number, number + U256::from(1)]);
    }
    edges
}

#[test]
fn range_edges() {
    let (edges, mut random) = (edges(), Random(4));
    let mut signed = Vec::new();
    for &r in &edges {
        for &s in &edges {
            let last = [N - U256::from(1), N, N + U256::from(1), U256::MAX, random.number()];
            for z in [U256::ZERO, U256::from(1)].into_iter().chain(last) {
                for odd_y in [false, true] {
                    signed.push(Signed { hash: z.into(), r, s, odd_y });
                }
            }
        }
    }
    for high_s in [HighS::Allowed, HighS::Refused] {
        for mut recoverer in both(high_s) {
            println!(
                "{} of {} have a signer",
                check(&mut recoverer, high_s, &signed),
                signed.len()
            );
        }
        // A bad lane must not touch its neighbours.
        let mut mixed = [signed.clone(), random.many_signed(2_000)].concat();
        random.shuffle(&mut mixed);
        check(&mut both(high_s)[0], high_s, &mixed);
    }
}

/// A number near an edge, or anywhere.
fn near() -> impl Strategy<Value = U256> {
    let edge = (prop::sample::select(edges()), -3_i8..=3).prop_map(|(edge, by)| {
        let by_abs = U256::from(by.unsigned_abs());
        if by < 0 { edge.wrapping_sub(by_abs) } else { edge.wrapping_add(by_abs) }
    });
    prop_oneof![edge, any::<[u64; 4]>().prop_map(U256::from_limbs)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn any_numbers_near_edges(
        raw in prop::collection::vec((near(), near(), near(), any::<bool>()), 0..40),
        refused: bool,
    ) {
        let one = |(z, r, s, odd_y)| Signed { hash: B256::from(z), r, s, odd_y };
        let signed: Vec<_> = raw.into_iter().map(one).collect();
        let high_s = if refused { HighS::Refused } else { HighS::Allowed };
        check(&mut both(high_s)[0], high_s, &signed);
    }
}
