//! Random numbers as signatures, half of which nobody can have made; and signatures that somebody made.

use std::thread;

use alloy_primitives::U256;
use recovery::{HighS, Recoverer, Signed};

use super::{
    both, check,
    numbers::{N, P, Random},
};

/// Signatures compared, if nothing else is asked for.
const COUNT: u64 = 1_000_000;

fn variable(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is a number, not {text:?}")))
}

/// Numbers up to 2^256; one in sixteen at the edge of a range.
fn number(random: &mut Random) -> U256 {
    let near = match random.word() % 64 {
        0 => U256::ZERO,
        1 => N,
        2 => N >> 1,
        3 => P,
        _ => return random.number(),
    };
    near.wrapping_add(U256::from(random.word() % 4)).wrapping_sub(U256::from(2))
}

#[test]
fn random_signatures_are_as_by_libsecp256k1() {
    let count = variable("BRAID_RANDOM_SIGNATURES").unwrap_or(COUNT);
    let seed = variable("BRAID_RANDOM_SEED").unwrap_or(7);
    let threads = thread::available_parallelism().unwrap().get() as u64;
    println!("{count} random signatures on {threads} threads, BRAID_RANDOM_SEED={seed}");
    let work = |thread: u64| {
        let mut random = Random(seed.wrapping_mul(1_000_003).wrapping_add(thread));
        let mut recoverer = Recoverer::new(HighS::Allowed);
        let (mut done, mut keys) = (0, 0);
        while done < count.div_ceil(threads) {
            let any = |random: &mut Random| Signed {
                hash: number(random).into(),
                r: number(random),
                s: number(random),
                odd_y: random.word() & 1 == 1,
            };
            let signed: Vec<_> = (0..1 + random.below(700)).map(|_| any(&mut random)).collect();
            keys += check(&mut recoverer, HighS::Allowed, &signed) as u64;
            done += signed.len() as u64;
        }
        (done, keys)
    };
    let (done, keys) = thread::scope(|scope| {
        let threads: Vec<_> =
            (0..threads).map(|thread| scope.spawn(move || work(thread))).collect();
        let counts = threads.into_iter().map(|thread| thread.join().unwrap());
        counts.fold((0, 0), |sum, more| (sum.0 + more.0, sum.1 + more.1))
    });
    println!("{done} compared, {keys} of them with a signer");
    assert!(keys * 5 > done * 2, "half of all numbers are the x of a point");
}

#[test]
fn every_count_of_signatures() {
    let mut random = Random(2);
    let signed = random.many_signed(2_000);
    for mut recoverer in both(HighS::Refused) {
        assert_eq!(check(&mut recoverer, HighS::Refused, &signed), signed.len());
        for count in (0..70).chain([255, 256, 257, 300, 513]) {
            assert_eq!(check(&mut recoverer, HighS::Refused, &signed[count..2 * count]), count);
        }
        // One R in all lanes and groups.
        assert_eq!(check(&mut recoverer, HighS::Refused, &[signed[0]; 100]), 100);
    }
}

#[test]
fn a_high_s_is_the_callers_choice() {
    let mut random = Random(3);
    let mut signed = random.many_signed(40);
    // The twin of a signature: -s and the other y.
    for signed in signed.iter_mut().step_by(3) {
        signed.s = N - signed.s;
        signed.odd_y = !signed.odd_y;
    }
    for mut recoverer in both(HighS::Allowed) {
        assert_eq!(check(&mut recoverer, HighS::Allowed, &signed), 40);
    }
    for mut recoverer in both(HighS::Refused) {
        assert_eq!(check(&mut recoverer, HighS::Refused, &signed), 26);
    }
}
