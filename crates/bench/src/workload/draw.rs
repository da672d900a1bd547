//! Who sends what, from a seed: the same on every machine, whatever the number of threads.

use super::{Act, Kind, Spec};

/// The generator of the SplitMix64 paper: small, and the same in every version of every library.
#[derive(Debug, Clone, Copy)]
struct SplitMix(u64);

impl SplitMix {
    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed(self.0)
    }

    /// From 0 up to, and without, `end`, which is above zero. The bias is below `end / 2^64`.
    const fn below(&mut self, end: u32) -> u32 {
        let wide = (self.next() as u128 * end as u128) >> 64;
        #[expect(clippy::cast_possible_truncation, reason = "smaller than `end`")]
        let index = wide as u32;
        index
    }

    /// From 0 up to, and without, 1.
    #[expect(clippy::cast_precision_loss, reason = "53 bits are what a float holds")]
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

const fn mixed(mut value: u64) -> u64 {
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// A transaction that is to be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Planned {
    /// Who sends it.
    pub sender: u32,
    /// How many of this sender's come before it in the workload.
    pub nonce: u32,
    /// What it does.
    pub act: Act,
    /// Who gets it; of swaps: which way they go.
    pub recipient: u32,
    /// How much.
    pub amount: u64,
}

/// Draws the transactions of a workload in order.
#[derive(Debug)]
pub struct Draw {
    random: SplitMix,
    kind: Kind,
    /// The share of the senders up to each one; empty where all are alike.
    shares: Vec<f64>,
    /// How many transactions each sender has by now.
    counts: Vec<u32>,
    left: u32,
}

impl Draw {
    /// Of a valid specification.
    #[must_use]
    pub fn new(spec: &Spec) -> Self {
        let mut shares = Vec::new();
        if spec.zipf > 0.0 {
            let mut sum = 0.0;
            shares = (1..=spec.senders)
                .map(|rank| {
                    sum += f64::from(rank).powf(-spec.zipf);
                    sum
                })
                .collect();
            for share in &mut shares {
                *share /= sum;
            }
        }
        Self {
            random: SplitMix(mixed(spec.seed)),
            kind: spec.kind,
            shares,
            counts: vec![0; spec.senders as usize],
            left: spec.transactions,
        }
    }

    fn sender(&mut self) -> u32 {
        // So many senders fit into 32 bits.
        let senders = u32::try_from(self.counts.len()).unwrap_or(u32::MAX);
        if self.shares.is_empty() {
            return self.random.below(senders);
        }
        let point = self.random.unit();
        let at = self.shares.partition_point(|share| *share <= point);
        std::cmp::min(u32::try_from(at).unwrap_or(u32::MAX), senders - 1)
    }

    const fn act(&mut self) -> Act {
        match self.kind {
            Kind::Transfers => Act::Transfer,
            Kind::Erc20 => Act::Token,
            Kind::Swaps => Act::Swap,
            Kind::Mix => match self.random.below(10) {
                0..5 => Act::Transfer,
                5..8 => Act::Token,
                _ => Act::Swap,
            },
        }
    }
}

impl Iterator for Draw {
    type Item = Planned;

    fn next(&mut self) -> Option<Planned> {
        self.left = self.left.checked_sub(1)?;
        let sender = self.sender();
        let act = self.act();
        let senders = u32::try_from(self.counts.len()).unwrap_or(u32::MAX);
        let count = &mut self.counts[sender as usize];
        let nonce = *count;
        *count += 1;
        let recipient = self.random.below(senders);
        // Small against the balances that senders get, large against rounding in a swap.
        let amount = (1 << 20) + u64::from(self.random.below(1 << 20));
        Some(Planned { sender, nonce, act, recipient, amount })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn spec() -> impl Strategy<Value = Spec> {
        (prop::sample::select(&Kind::ALL[..]), any::<u64>(), 1..50_u32, 1..500_u32, 0.0..2.0_f64)
            .prop_map(|(kind, seed, senders, transactions, zipf)| Spec {
                kind,
                seed,
                senders,
                transactions,
                zipf,
            })
    }

    proptest! {
        #[test]
        fn nonces_have_no_gaps(spec in spec()) {
            let mut next = vec![0; spec.senders as usize];
            let mut count = 0;
            for planned in Draw::new(&spec) {
                let nonce = &mut next[planned.sender as usize];
                prop_assert_eq!(planned.nonce, *nonce);
                prop_assert!(planned.recipient < spec.senders);
                *nonce += 1;
                count += 1;
            }
            prop_assert_eq!(count, spec.transactions);
            prop_assert!(Draw::new(&spec).eq(Draw::new(&spec)));
        }
    }

    fn first_of(zipf: f64) -> usize {
        let spec = Spec { kind: Kind::Mix, seed: 7, senders: 100, transactions: 10_000, zipf };
        Draw::new(&spec).filter(|planned| planned.sender == 0).count()
    }

    #[test]
    fn zipf_prefers_the_first() {
        // The first of a hundred has 1 / H(100) = 19 % with exponent 1, and 1 % of an even share.
        assert!((1_800..2_060).contains(&first_of(1.0)), "{}", first_of(1.0));
        assert!((70..135).contains(&first_of(0.0)), "{}", first_of(0.0));
    }

    #[test]
    fn a_mix_has_its_shares() {
        let spec = Spec { kind: Kind::Mix, seed: 1, senders: 9, transactions: 10_000, zipf: 0.0 };
        let of = |act| Draw::new(&spec).filter(|planned| planned.act == act).count();
        assert!((4_800..5_200).contains(&of(Act::Transfer)));
        assert!((2_800..3_200).contains(&of(Act::Token)));
        assert!((1_800..2_200).contains(&of(Act::Swap)));
    }
}
