//! Which signatures go through the lanes, and in what chunks.

use alloy_primitives::Address;

#[cfg(target_arch = "x86_64")]
use crate::wide::{CHUNK_MAX, Wide};
use crate::{HighS, Signed, portable};

/// Fewest signatures for which lanes are faster: eight of them take as long as one and a half alone.
#[cfg(target_arch = "x86_64")]
const WIDE_MIN: usize = 2;

/// Recovers signers. Keeps its memory between calls, some 4 MiB at most; a thread that recovers has one of its own.
#[derive(Debug)]
pub struct Recoverer {
    high_s: HighS,
    #[cfg(target_arch = "x86_64")]
    wide: Option<Wide>,
    given_back: u64,
}

impl Recoverer {
    /// Uses lanes where this CPU has them. The first one of a process builds a table, which takes some 15 ms.
    pub fn new(high_s: HighS) -> Self {
        Self {
            high_s,
            #[cfg(target_arch = "x86_64")]
            wide: Wide::detect(),
            given_back: 0,
        }
    }

    /// Does without lanes.
    pub const fn portable(high_s: HighS) -> Self {
        Self {
            high_s,
            #[cfg(target_arch = "x86_64")]
            wide: None,
            given_back: 0,
        }
    }

    /// Whether this one uses lanes.
    pub const fn is_wide(&self) -> bool {
        #[cfg(target_arch = "x86_64")]
        let wide = self.wide.is_some();
        #[cfg(not(target_arch = "x86_64"))]
        let wide = false;
        wide
    }

    /// Chunks that the lanes gave back undecided. That cannot happen (`wide` says why), and costs time, not truth, if it does.
    pub const fn given_back(&self) -> u64 {
        self.given_back
    }

    /// Who signed each, in order; `None` if nobody did. What `signers` held is forgotten.
    pub fn recover(&mut self, signed: &[Signed], signers: &mut Vec<Option<Address>>) {
        signers.clear();
        #[cfg(target_arch = "x86_64")]
        if let Some(wide) = &mut self.wide
            && signed.len() >= WIDE_MIN
        {
            // Chunks of one size: a small one at the end would have its inversions to itself.
            let chunks = signed.len().div_ceil(CHUNK_MAX);
            let size = signed.len().div_ceil(chunks).next_multiple_of(8);
            for chunk in signed.chunks(size) {
                if wide.recover(chunk, self.high_s, signers).is_err() {
                    self.given_back += 1;
                    one_by_one(chunk, self.high_s, signers);
                }
            }
            return;
        }
        one_by_one(signed, self.high_s, signers);
    }
}

fn one_by_one(signed: &[Signed], high_s: HighS, signers: &mut Vec<Option<Address>>) {
    signers.extend(signed.iter().map(|signed| portable::recover(signed, high_s)));
}
