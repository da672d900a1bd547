//! The seam through which execution reads state: Postgres, the cache, overlays and witnesses stand behind it.
//!
//! Invariant: an implementation answers for one moment of the chain; absence is `None` or zero, never an error.

use alloc::{sync::Arc, vec::Vec};
use alloy_primitives::{Address, B256, Bytes, U256};

use crate::Account;

/// Reads accounts, storage, code and block hashes of one state.
pub trait StateReader {
    /// Why a read failed. Absence is not a failure.
    type Error: core::error::Error + Send + Sync + 'static;

    /// The account, or `None` where none exists.
    fn account(&self, address: &Address) -> Result<Option<Account>, Self::Error>;

    /// The value of a slot; zero where nothing was written.
    fn storage(&self, address: &Address, slot: &U256) -> Result<U256, Self::Error>;

    /// Many accounts, an answer for each question in its place: for whoever answers many faster than one after the other.
    fn accounts(&self, addresses: &[Address]) -> Result<Vec<Option<Account>>, Self::Error> {
        addresses.iter().map(|address| self.account(address)).collect()
    }

    /// The same for slots.
    fn slots(&self, slots: &[(Address, U256)]) -> Result<Vec<U256>, Self::Error> {
        slots.iter().map(|(address, slot)| self.storage(address, slot)).collect()
    }

    /// The code of that hash. A hash that no account ever had is an error, not empty code.
    fn code(&self, hash: &B256) -> Result<Bytes, Self::Error>;

    /// The hash of an earlier block, as `BLOCKHASH` asks for it.
    fn block_hash(&self, number: u64) -> Result<B256, Self::Error>;

    /// What a precompiled contract of L1 gives when it is called with this gas; `None` where whoever executes computes it.
    /// It depends on no state. It is asked for here because a run that may only read, as that of a dispute, reads this too.
    fn precompile(&self, address: u16, gas: u64, input: &[u8]) -> Option<PrecompileResult> {
        let (_, _, _) = (address, gas, input);
        None
    }
}

/// The output of a precompiled contract, or that the call failed.
pub type PrecompileResult = Result<Bytes, PrecompileFailed>;

/// A call to a precompiled contract failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the precompiled contract failed")]
pub struct PrecompileFailed;

macro_rules! read_through_pointer {
    ($pointer:ty) => {
        impl<R: StateReader + ?Sized> StateReader for $pointer {
            type Error = R::Error;

            fn account(&self, address: &Address) -> Result<Option<Account>, Self::Error> {
                (**self).account(address)
            }

            fn storage(&self, address: &Address, slot: &U256) -> Result<U256, Self::Error> {
                (**self).storage(address, slot)
            }

            fn accounts(&self, addresses: &[Address]) -> Result<Vec<Option<Account>>, Self::Error> {
                (**self).accounts(addresses)
            }

            fn slots(&self, slots: &[(Address, U256)]) -> Result<Vec<U256>, Self::Error> {
                (**self).slots(slots)
            }

            fn code(&self, hash: &B256) -> Result<Bytes, Self::Error> {
                (**self).code(hash)
            }

            fn block_hash(&self, number: u64) -> Result<B256, Self::Error> {
                (**self).block_hash(number)
            }

            fn precompile(&self, address: u16, gas: u64, input: &[u8]) -> Option<PrecompileResult> {
                (**self).precompile(address, gas, input)
            }
        }
    };
}

read_through_pointer!(&R);
read_through_pointer!(Arc<R>);
