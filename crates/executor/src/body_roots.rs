//! The roots of a block's transactions and receipts and its bloom, followed while the block grows: when it is closed, little
//! is left to hash. Equal to those of the finished lists.

use alloy_eips::Encodable2718;
use alloy_primitives::{B256, Bloom};
use protocol::Transaction;

use crate::{TransactionOutcome, list_root::ListRoot};

/// What a header says of the transactions and receipts so far.
#[derive(Debug, Default)]
pub struct BodyRoots {
    transactions: ListRoot,
    receipts: ListRoot,
    bloom: Bloom,
}

/// The finished roots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Roots {
    pub(crate) transactions: B256,
    pub(crate) receipts: B256,
    pub(crate) bloom: Bloom,
}

impl BodyRoots {
    /// Adds the next included transaction and its receipt.
    pub fn push(&mut self, transaction: &Transaction, outcome: &TransactionOutcome) {
        self.transactions.push_with(|out| transaction.encode_2718(out));
        let mut bloom = Bloom::ZERO;
        self.receipts.push_with(|out| bloom = outcome.encode_receipt(out));
        self.bloom |= bloom;
    }

    /// The same from the bytes of both, as the tries hold them. The bloom comes by [`Self::add_bloom`].
    pub fn push_encoded(&mut self, transaction: &[u8], receipt: &[u8]) {
        self.transactions.push_with(|out| out.extend_from_slice(transaction));
        self.receipts.push_with(|out| out.extend_from_slice(receipt));
    }

    /// Adds the bloom of receipts that were pushed as bytes.
    pub fn add_bloom(&mut self, bloom: &Bloom) {
        self.bloom |= *bloom;
    }

    pub(crate) fn finish(self) -> Roots {
        let Self { transactions, receipts, bloom } = self;
        Roots { transactions: transactions.finish(), receipts: receipts.finish(), bloom }
    }
}
