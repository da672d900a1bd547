//! The lanes are several times as fast as libsecp256k1. What is compiled for them by mistake without AVX-512 is right and twenty
//! times slower, so no other test would find it.

use std::time::Duration;

use recovery::{HighS, Recoverer, Signed};
use rustix::time::{ClockId, clock_gettime};

use super::numbers::{N, Nonce, Random, mul, neg};

/// It is eight on a quiet machine, and both suffer from a busy one.
const RATIO_MIN: f64 = 3.0;

/// CPU time of this thread: other threads do not count.
fn now() -> Duration {
    clock_gettime(ClockId::ThreadCPUTime).try_into().expect("time is not negative")
}

/// The best of several rounds, in seconds.
fn best(recoverer: &mut Recoverer, signed: &[Signed], rounds: usize) -> f64 {
    let mut signers = Vec::new();
    let round = |_| {
        let began = now();
        recoverer.recover(signed, &mut signers);
        (now() - began).as_secs_f64()
    };
    (0..rounds).map(round).fold(f64::INFINITY, f64::min)
}

#[test]
fn lanes_are_fast_whoever_signs() {
    let mut wide = Recoverer::new(HighS::Refused);
    if !wide.is_wide() {
        println!("SKIPPED: this CPU has no AVX-512 IFMA, so there is no speed to check");
        return;
    }
    let mut random = Random(8);
    let honest = random.many_signed(256);
    let alone = best(&mut Recoverer::portable(HighS::Refused), &honest, 5);
    let lanes = best(&mut wide, &honest, 20);
    let ratio = alone / lanes;
    println!("libsecp256k1 takes {ratio:.1} times as long as the lanes");
    assert!(ratio > RATIO_MIN, "libsecp256k1 takes only {ratio:.1} times as long as the lanes");

    // Q at infinity in every lane.
    let crafted: Vec<_> = (0..256)
        .map(|_| {
            let nonce = Nonce::new(random.number() % N);
            let u2 = random.number() % N;
            nonce.signed(neg(mul(u2, nonce.k)), u2)
        })
        .collect();
    let crafted = best(&mut wide, &crafted, 20) / lanes;
    println!("crafted signatures take {crafted:.2} times as long as honest ones");
    assert!(crafted < 1.5, "crafted signatures take {crafted:.2} times as long as honest ones");
}
