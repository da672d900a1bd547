//! The kinds of lie, their names, and what each says in a sentence.

use std::{fmt, str::FromStr};

/// A kind of lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each has a sentence in the table below")]
pub enum LieKind {
    SkippedDeposit,
    InventedDeposit,
    RaisedDeposit,
    RedirectedDeposit,
    DroppedTransaction,
    EarlyTransaction,
    ReplacedTransaction,
    ReorderedTransactions,
    IgnoredBatch,
    InventedBatch,
    WrongOrigin,
    WrongTimestamp,
    WrongSequenceNumber,
    WrongL1Fee,
    WrongFeeScalar,
    WrongOperatorFee,
    WrongBaseFee,
    WrongGasLimit,
    WrongBatcher,
    WrongRandomness,
    StolenEther,
    ForgedWithdrawal,
    StateRoot,
    WithdrawalsRoot,
    ReceiptsRoot,
    TransactionsRoot,
    LogsBloom,
    GasUsed,
    BlockHash,
    Cursor,
    OriginHash,
    ClaimedSequenceNumber,
    ClaimedNumber,
    RightEnd,
    InvalidInside,
    EndedInside,
    FirstSegment,
    LastBlock,
    LastSegment,
    FirstStride,
    LastStride,
    FirstStep,
    LastStep,
    PerjuredStrides,
    PerjuredSteps,
}

use LieKind as L;

/// Name and sentence of each, in the order in which they are listed.
const TABLE: [(LieKind, &str, &str); 45] = [
    (
        L::SkippedDeposit,
        "skipped-deposit",
        "A deposit made on L1 is left out, so that somebody's money is gone.",
    ),
    (
        L::InventedDeposit,
        "invented-deposit",
        "A deposit that nobody made on L1 mints ether for the liar.",
    ),
    (L::RaisedDeposit, "raised-deposit", "A deposit mints a thousand times what was paid on L1."),
    (
        L::RedirectedDeposit,
        "redirected-deposit",
        "A deposit goes to the liar and not to whom it was meant for.",
    ),
    (
        L::DroppedTransaction,
        "dropped-transaction",
        "A transaction that was posted is not executed.",
    ),
    (
        L::EarlyTransaction,
        "early-transaction",
        "A transaction of a later block is executed in this one too.",
    ),
    (
        L::ReplacedTransaction,
        "replaced-transaction",
        "A transaction that nobody posted stands in the place of one that was.",
    ),
    (
        L::ReorderedTransactions,
        "reordered-transactions",
        "The transactions of a block are executed in another order.",
    ),
    (
        L::IgnoredBatch,
        "ignored-batch",
        "A block is claimed to be empty, as if its batch did not count.",
    ),
    (L::InventedBatch, "invented-batch", "A block is made of a batch that was never posted."),
    (L::WrongOrigin, "wrong-origin", "A block is claimed to come from another block of L1."),
    (L::WrongTimestamp, "wrong-timestamp", "A block has a later time than the rules give it."),
    (
        L::WrongSequenceNumber,
        "wrong-sequence-number",
        "A block is counted wrongly among those of its L1 origin.",
    ),
    (L::WrongL1Fee, "wrong-l1-fee", "L2 is told a base fee of L1 that L1 did not have."),
    (
        L::WrongFeeScalar,
        "wrong-fee-scalar",
        "Users are charged for L1 data by a scalar that nobody set.",
    ),
    (
        L::WrongOperatorFee,
        "wrong-operator-fee",
        "Users are charged an operator fee that nobody set.",
    ),
    (L::WrongBaseFee, "wrong-base-fee", "The base fee does not follow from the block before."),
    (L::WrongGasLimit, "wrong-gas-limit", "The gas limit is another than L1 says."),
    (L::WrongBatcher, "wrong-batcher", "The liar is named as the one who may post batches."),
    (
        L::WrongRandomness,
        "wrong-randomness",
        "The random value of L1 is replaced by one that the liar chose.",
    ),
    (
        L::StolenEther,
        "stolen-ether",
        "The liar has ether after the block that no transaction gave it.",
    ),
    (
        L::ForgedWithdrawal,
        "forged-withdrawal",
        "A withdrawal stands in the state that nobody has initiated.",
    ),
    (L::StateRoot, "state-root", "The state root is made up."),
    (
        L::WithdrawalsRoot,
        "withdrawals-root",
        "The withdrawals root is made up, and all else is true.",
    ),
    (
        L::ReceiptsRoot,
        "receipts-root",
        "The receipts root is made up, as if other logs had been written.",
    ),
    (L::TransactionsRoot, "transactions-root", "The transactions root is made up."),
    (L::LogsBloom, "logs-bloom", "The bloom over the logs claims logs that are not there."),
    (L::GasUsed, "gas-used", "The block is claimed to have used one gas more."),
    (L::BlockHash, "block-hash", "Only the block hash is made up; both roots are true."),
    (
        L::Cursor,
        "cursor",
        "The place on L1 where derivation stands is wrong, so that entries would be passed over.",
    ),
    (L::OriginHash, "origin-hash", "The claim names another L1 origin than its own block does."),
    (
        L::ClaimedSequenceNumber,
        "claimed-sequence-number",
        "The claim counts another sequence number than its own block does.",
    ),
    (
        L::ClaimedNumber,
        "claimed-number",
        "The claim of a block in the midst has the number of another block.",
    ),
    (L::RightEnd, "right-end", "One claim in the midst is false, and all after it are true again."),
    (
        L::InvalidInside,
        "invalid-inside",
        "A valid block is claimed to be INVALID, and what follows is not.",
    ),
    (
        L::EndedInside,
        "ended-inside",
        "The chain is claimed to end before a block that was posted, and to go on behind it.",
    ),
    (L::FirstSegment, "first-segment", "The lie is in the first segment of the interval."),
    (L::LastBlock, "last-block", "The lie is in the last block of the interval."),
    (
        L::LastSegment,
        "last-segment",
        "Every block is true, and the lie is in the last place of the tree, where nothing happens any more.",
    ),
    (
        L::FirstStride,
        "first-stride",
        "The run of the false block is false from its first stride on.",
    ),
    (
        L::LastStride,
        "last-stride",
        "The run of the false block is true until long after its end, but for the last stride.",
    ),
    (L::FirstStep, "first-step", "The first step of a stride is false."),
    (L::LastStep, "last-step", "The last step of a stride is false."),
    (
        L::PerjuredStrides,
        "perjured-strides",
        "Somebody plays for the true claim with a run that has the right end and a false stride inside.",
    ),
    (
        L::PerjuredSteps,
        "perjured-steps",
        "Somebody plays for the true run with a stride that has the right end and a false step inside.",
    ),
];

impl LieKind {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|(kind, ..)| *kind)
    }

    fn row(self) -> &'static (Self, &'static str, &'static str) {
        // The table is in the order of the enumeration, which a test checks.
        &TABLE[self as usize]
    }

    /// Its name, as it is given on a command line.
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// What is claimed falsely, for people.
    pub fn sentence(self) -> &'static str {
        self.row().2
    }

    /// True claims with something false below them. They are about a lie of somebody else, whom they seem to fight.
    pub const fn is_perjury(self) -> bool {
        matches!(self, Self::PerjuredStrides | Self::PerjuredSteps)
    }
}

impl fmt::Display for LieKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// No kind of lie has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no lie {0:?}; `list` prints those that there are")]
pub struct UnknownLie(String);

impl FromStr for LieKind {
    type Err = UnknownLie;

    fn from_str(name: &str) -> Result<Self, UnknownLie> {
        Self::all().find(|kind| kind.name() == name).ok_or_else(|| UnknownLie(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_kind_has_a_name_and_a_sentence_of_its_own() {
        for (place, kind) in LieKind::all().enumerate() {
            assert_eq!(kind as usize, place, "{kind}");
            assert_eq!(kind.name().parse(), Ok(kind));
            assert!(kind.sentence().ends_with('.') && !kind.name().contains(['_', ' ']), "{kind}");
        }
        assert_eq!(LieKind::PerjuredSteps as usize + 1, TABLE.len());
        let names: BTreeSet<_> = LieKind::all().map(LieKind::name).collect();
        let sentences: BTreeSet<_> = LieKind::all().map(LieKind::sentence).collect();
        assert_eq!((names.len(), sentences.len()), (TABLE.len(), TABLE.len()));
        assert!("truth".parse::<LieKind>().is_err());
    }
}
