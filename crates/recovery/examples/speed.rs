//! How long senders and hashes take, many at a time, beside libsecp256k1 and Keccak one by one, in CPU time of one thread.
//!
//! The argument is the number of rounds; the best of them is shown, and alternatives take turns within a round, so that all see
//! the same machine.

use std::{hint::black_box, time::Duration};

use alloy_primitives::{B256, U256, keccak256};
use lanes::Hasher;
use recovery::{HighS, Recoverer, Signed};
use rustix::time::{ClockId, clock_gettime};
use secp256k1::{Message, PublicKey, SECP256K1, Scalar, SecretKey};

const COUNT: usize = 1_024;
const SIZES: [usize; 9] = [1, 2, 3, 4, 8, 16, 64, 256, 1_024];

fn now() -> Duration {
    clock_gettime(ClockId::ThreadCPUTime).try_into().expect("time is not negative")
}

/// Nanoseconds that each of `count` things takes.
fn time(count: usize, work: impl FnOnce()) -> f64 {
    let began = now();
    work();
    (now() - began).as_secs_f64() * 1e9 / count as f64
}

fn key(i: usize) -> SecretKey {
    SecretKey::from_byte_array(keccak256(i.to_be_bytes()).0).expect("a hash is hardly ever zero")
}

/// A signature that somebody made.
fn honest(i: usize) -> Signed {
    let hash = keccak256((i + COUNT).to_be_bytes());
    let signature = SECP256K1.sign_ecdsa_recoverable(Message::from_digest(hash.0), &key(i));
    let (id, bytes) = signature.serialize_compact();
    let (r, s) = (U256::from_be_slice(&bytes[..32]), U256::from_be_slice(&bytes[32..]));
    Signed { hash, r, s, odd_y: i32::from(id) & 1 == 1 }
}

/// R = kG, and k * s for a hash: the key is infinite. With minus that, the last addition is a doubling.
fn crafted(i: usize, infinite: bool) -> Signed {
    let (k, s) = (key(i), key(i + COUNT));
    let point = PublicKey::from_secret_key(SECP256K1, &k).serialize();
    let hash = k.mul_tweak(&Scalar::from(s)).expect("not zero");
    let hash = if infinite { hash } else { hash.negate() };
    Signed {
        hash: B256::from(hash.secret_bytes()),
        r: U256::from_be_slice(&point[1..]),
        s: U256::from_be_bytes(s.secret_bytes()),
        odd_y: point[0] & 1 == 1,
    }
}

#[expect(clippy::print_stdout, reason = "this is what it is for")]
fn main() {
    let rounds =
        std::env::args().nth(1).map_or(15, |text| text.parse().expect("a number of rounds"));
    let mut lanes = Recoverer::new(HighS::Allowed);
    println!("recovery: lanes {}", if lanes.is_wide() { "used" } else { "MISSING on this CPU" });
    recover(&mut lanes, rounds);
    hash(rounds);
}

#[expect(clippy::print_stdout, reason = "this is what it is for")]
fn recover(lanes: &mut Recoverer, rounds: usize) {
    let signed: Vec<_> = (0..COUNT).map(honest).collect();
    let infinite: Vec<_> = (0..COUNT).map(|i| crafted(i, true)).collect();
    let doubled: Vec<_> = (0..COUNT).map(|i| crafted(i, false)).collect();
    let mut one_by_one = Recoverer::portable(HighS::Allowed);
    let mut signers = Vec::new();
    let mut alone = f64::INFINITY;
    let mut best = [f64::INFINITY; SIZES.len()];
    let mut best_crafted = [f64::INFINITY; 2];
    for _ in 0..rounds {
        alone = alone.min(time(COUNT, || one_by_one.recover(black_box(&signed), &mut signers)));
        for (best, size) in best.iter_mut().zip(SIZES) {
            let pass = || {
                for chunk in signed.chunks(size) {
                    lanes.recover(black_box(chunk), &mut signers);
                }
            };
            *best = best.min(time(COUNT, pass));
        }
        for (best, crafted) in best_crafted.iter_mut().zip([&infinite, &doubled]) {
            *best = best.min(time(COUNT, || lanes.recover(black_box(crafted), &mut signers)));
        }
    }
    println!("libsecp256k1, one by one        {:7.2} us", alone / 1e3);
    for (size, best) in SIZES.into_iter().zip(best) {
        println!(
            "{size:5} at a time             {:7.2} us, {:.1} times as fast",
            best / 1e3,
            alone / best
        );
    }
    let honest = best[SIZES.len() - 1];
    for (what, best) in ["key infinite", "last sum a doubling"].into_iter().zip(best_crafted) {
        println!(
            "crafted, {what:20} {:6.2} us, {:.2} times honest ones",
            best / 1e3,
            best / honest
        );
    }
    assert_eq!(lanes.given_back(), 0);
}

#[expect(clippy::print_stdout, reason = "this is what it is for")]
fn hash(rounds: usize) {
    let mut hasher = Hasher::new();
    for length in [32, 64, 110, 180, 532, 2_000] {
        let messages: Vec<_> = (0..256).map(|i: usize| vec![i.to_le_bytes()[0]; length]).collect();
        let messages: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
        let mut hashes = Vec::new();
        let (mut alone, mut best) = (f64::INFINITY, f64::INFINITY);
        for _ in 0..rounds {
            let pass = || {
                for message in &messages {
                    black_box(keccak256(black_box(message)));
                }
            };
            alone = alone.min(time(messages.len(), pass));
            best =
                best.min(time(messages.len(), || hasher.hash(black_box(&messages), &mut hashes)));
        }
        println!(
            "Keccak of {length:5} bytes: {best:6.0} ns, {:.1} times as fast as {alone:.0} ns alone",
            alone / best
        );
    }
}
