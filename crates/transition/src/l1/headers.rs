//! L1 headers by number, found by their parents' hashes from the nearest hash above that is trusted.
//!
//! Invariant: a hash is trusted because an accumulator or the pin holds it, or because a header below a trusted hash names
//! it as its parent.

use alloc::collections::BTreeMap;
use alloy_primitives::B256;

use super::L1Header;
use crate::{Invalid, Preimages, halt::Halt};

/// Trusted hashes by number.
#[derive(Clone, Debug, Default)]
pub(crate) struct Headers {
    hashes: BTreeMap<u64, B256>,
}

impl Headers {
    /// Trusts the hash of an L1 block.
    pub(crate) fn trust(&mut self, number: u64, hash: B256) {
        self.hashes.insert(number, hash);
    }

    /// The header with this number, which lies below a trusted one.
    pub(crate) fn get(&mut self, host: &impl Preimages, number: u64) -> Result<L1Header, Halt> {
        let hash = self.hash(host, number)?;
        let header = L1Header::read(host, hash)?;
        if header.number == number { Ok(header) } else { Err(Invalid::L1.into()) }
    }

    /// The hash of the L1 block with this number. All on the way down to it are kept, as they will be asked for next.
    pub(crate) fn hash(&mut self, host: &impl Preimages, number: u64) -> Result<B256, Halt> {
        let nearest = self.hashes.range(number..).next();
        let (&from, &hash) = nearest.ok_or(Halt::Invalid(Invalid::L1))?;
        let mut hash = hash;
        for above in (number..from).rev() {
            let header = L1Header::read(host, hash)?;
            if Some(header.number) != above.checked_add(1) {
                return Err(Invalid::L1.into());
            }
            hash = header.parent_hash;
            self.hashes.insert(above, hash);
        }
        Ok(hash)
    }
}
