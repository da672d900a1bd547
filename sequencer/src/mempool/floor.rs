//! What a full mempool asks for a place, so that who pays less is refused before its signature is looked at.

use super::{Rejection, price::PriceClass};

/// The price of a place in a full mempool, as of a moment.
#[derive(Debug, Clone)]
pub struct Floor {
    /// The class that is evicted next; `None`: nothing is here that could be.
    pub(super) cheapest: Option<PriceClass>,
    pub(super) full: Rejection,
}

impl Floor {
    /// Whether a transaction with this tip, in wei per gas, may find a place.
    ///
    /// It is refused only if the pool would refuse it, whoever sent it: as one that could be executed it would be in the class
    /// that is evicted next, or below. One that replaces another of its sender pays a tenth more than that, which is another
    /// class, and what has a place in the chain is told so when there is room again; with a lower `replacement_bump_percent` than 7 it may have to be sent again.
    ///
    /// # Errors
    /// [`Rejection::PoolFull`].
    pub fn check(&self, tip: u128) -> Result<(), Rejection> {
        let class = PriceClass::of(true, tip);
        match self.cheapest {
            Some(cheapest) if cheapest < class => Ok(()),
            _ => Err(self.full.clone()),
        }
    }
}
