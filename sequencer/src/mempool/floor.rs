//! What a full mempool asks for a place, so that who pays less is refused before its signature is looked at.

use super::{Rejection, price::PriceClass};

/// The price of a place in a mempool that is full, or nearly so, as of a moment.
#[derive(Debug, Clone)]
pub struct Floor {
    /// Bytes of a transaction that finds a place at any price.
    pub(super) free_bytes: usize,
    /// The class that is evicted next; `None`: nothing is here that could be.
    pub(super) cheapest: Option<PriceClass>,
    pub(super) full: Rejection,
}

impl Floor {
    /// Whether a transaction of so many bytes with this tip, in wei per gas, may find a place.
    ///
    /// It is refused only if the pool would refuse it, whoever sent it: as one that could be executed it would be in the class
    /// that is evicted next, or below. One that replaces another of its sender pays a tenth more than that, which is another
    /// class; with a `replacement_bump_percent` below 7 it may have to be sent again. What has a place in the chain already is
    /// told so when there is room again.
    ///
    /// # Errors
    /// [`Rejection::PoolFull`].
    pub fn check(&self, bytes: usize, tip: u128) -> Result<(), Rejection> {
        if bytes <= self.free_bytes {
            return Ok(());
        }
        let class = PriceClass::of(true, tip);
        match self.cheapest {
            Some(cheapest) if cheapest < class => Ok(()),
            _ => Err(self.full.clone()),
        }
    }
}
