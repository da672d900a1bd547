//! How many transactions fill one L1 transaction: a few measurements instead of one for each. Pure.
//!
//! Invariant: what it settles on has been measured and fits.

/// Measurements of one part.
const TRIES_MAX: usize = 6;
/// A part as full as this, in percent, is full.
const FULL_PERCENT: usize = 95;
/// How full the next guess is to be, in percent of the carrier.
const AIM_PERCENT: usize = 98;

/// The search for the most transactions that fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fill {
    /// Bytes that the carrier holds.
    capacity: usize,
    /// Raw bytes of the first transaction, the first two, and so on.
    raw: Vec<usize>,
    /// The most that were found to fit, and their payload's bytes.
    fits: (usize, usize),
    /// The fewest that were found not to fit.
    over: usize,
    /// Raw bytes for the next guess.
    aim: usize,
    tries: usize,
}

impl Fill {
    /// For transactions of these sizes, at least one.
    pub(super) fn new(sizes: impl Iterator<Item = usize>, capacity: usize) -> Self {
        let raw: Vec<usize> = sizes
            .scan(0, |sum, size| {
                *sum += size;
                Some(*sum)
            })
            .collect();
        let over = raw.len() + 1;
        Self { capacity, raw, fits: (0, 0), over, aim: capacity, tries: 0 }
    }

    /// How many to measure next; `None` when the search is over.
    pub(super) fn guess(&self) -> Option<usize> {
        let (fits, bytes) = self.fits;
        let full = bytes * 100 >= self.capacity * FULL_PERCENT;
        if fits + 1 >= self.over || (fits > 0 && (full || self.tries >= TRIES_MAX)) {
            return None;
        }
        let count = self.raw.partition_point(|raw| *raw <= self.aim);
        Some(count.clamp(fits + 1, self.over - 1))
    }

    /// Tells how many bytes so many transactions need; `None` if they are more than any batch holds.
    /// Returns whether they fit.
    pub(super) fn measured(&mut self, count: usize, payload: Option<usize>) -> bool {
        self.tries += 1;
        let raw = count.checked_sub(1).and_then(|last| self.raw.get(last)).copied().unwrap_or(0);
        let fits = payload.filter(|payload| *payload <= self.capacity);
        match fits {
            Some(payload) => self.fits = (count, payload),
            None => self.over = count,
        }
        self.aim = match payload {
            // As many bytes for each raw byte as here.
            Some(payload) if self.tries < TRIES_MAX => {
                let room = self.capacity / 100 * AIM_PERCENT;
                raw.saturating_mul(room) / std::cmp::max(payload, 1)
            }
            // It does not tell, or it has misled too often: halve.
            _ => raw / 2,
        };
        fits.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Searches where `payload` says how many bytes so many transactions need. Returns the result and the tries.
    fn search(
        sizes: &[usize],
        capacity: usize,
        payload: impl Fn(usize) -> Option<usize>,
    ) -> (usize, usize) {
        let mut fill = Fill::new(sizes.iter().copied(), capacity);
        let (mut best, mut tries) = (0, 0);
        while let Some(count) = fill.guess() {
            assert!((1..=sizes.len()).contains(&count));
            tries += 1;
            if fill.measured(count, payload(count)) {
                assert!(payload(count).unwrap() <= capacity);
                best = count;
            }
        }
        (best, tries)
    }

    #[test]
    fn transfers_need_two_tries() {
        let (count, tries) = search(&[118; 30_000], 761_850, |count| Some(500 + count * 82));
        assert!((8_800..=9_300).contains(&count), "{count}");
        assert!(tries <= 2, "{tries}");
        let (count, tries) = search(&[118; 30_000], 120_000, |count| Some(500 + count * 82));
        assert!(count * 82 > 112_000 && tries <= 3, "{count} in {tries}");
    }

    #[test]
    fn all_that_is_left_is_taken_at_once() {
        assert_eq!(search(&[118; 700], 761_850, |count| Some(count * 82)), (700, 1));
        assert_eq!(search(&[118], 761_850, |_| Some(82)), (1, 1));
    }

    #[test]
    fn what_compresses_well_is_bounded_by_the_batch() {
        let most = 131_072;
        let payload = |count: usize| (count <= most).then_some(1_000 + count / 8);
        let (count, tries) = search(&[50_000; 1_000], 120_000, |count| payload(count * 1_000));
        assert!((66..=131).contains(&count), "{count}");
        assert!(tries <= 10, "{tries}");
    }

    #[test]
    fn sizes_may_jump() {
        // Small ones compress to nothing, then come large ones that do not.
        let sizes = [vec![200; 3_000], vec![100_000; 50]].concat();
        let payload = |count: usize| Some(count + count.saturating_sub(3_000) * 100_000);
        let (count, tries) = search(&sizes, 761_850, payload);
        assert!((3_000..=3_007).contains(&count) && tries <= 12, "{count} in {tries}");
    }

    #[test]
    fn one_that_fits_nowhere_is_found_out() {
        let (count, tries) = search(&[130_000; 9], 120_000, |count| Some(count * 131_000));
        assert_eq!((count, tries), (0, 1));
        let (count, _) = search(&[70_000; 900], 120_000, |count| Some(count * 131_000));
        assert_eq!(count, 0);
    }
}
