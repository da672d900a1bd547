//! False results of a block: what executing it does not give.

use alloy::primitives::{B256, Bloom, U256};
use protocol::{Header, predeploys::L2_TO_L1_MESSAGE_PASSER};
use state::{Account, AccountDiff, StateDiff, StateTrie};
use transition::BlockClaim;

use super::{LieKind, inputs::LIAR};

/// What is stolen, in wei.
const STOLEN: u64 = 1_000_000_000_000_000_000;

/// What a kind of lie adds to the state after a block.
pub(super) fn of_state(kind: LieKind, trie: &StateTrie, word: B256) -> Option<StateDiff> {
    let of = |address| trie.proof(&address, &[]).account;
    let (address, change) = match kind {
        LieKind::StolenEther => {
            let account = of(LIAR).unwrap_or_default();
            let balance = account.balance.saturating_add(U256::from(STOLEN));
            let account = Some(Account { balance, ..account });
            (LIAR, AccountDiff { account, ..AccountDiff::default() })
        }
        LieKind::ForgedWithdrawal => {
            let account = of(L2_TO_L1_MESSAGE_PASSER);
            let slot = protocol::Withdrawal::storage_slot(word).into();
            let storage = [(slot, U256::from(1))].into();
            let change = AccountDiff { account, storage, storage_cleared: false };
            (L2_TO_L1_MESSAGE_PASSER, change)
        }
        _ => return None,
    };
    Some(StateDiff { accounts: [(address, change)].into(), ..StateDiff::default() })
}

/// Changes the header; what follows from it is made of the changed one.
pub(super) fn of_header(kind: LieKind, header: &mut Header, word: B256) {
    match kind {
        LieKind::ReceiptsRoot => header.receipts_root = word,
        LieKind::TransactionsRoot => header.transactions_root = word,
        LieKind::LogsBloom => header.logs_bloom |= Bloom::repeat_byte(word[0] | 1),
        LieKind::GasUsed => header.gas_used = header.gas_used.saturating_add(1),
        LieKind::WithdrawalsRoot => header.withdrawals_root = Some(word),
        // Those about a place too: what they claim there matters less than where.
        LieKind::StateRoot
        | LieKind::RightEnd
        | LieKind::FirstSegment
        | LieKind::LastBlock
        | LieKind::FirstStride
        | LieKind::LastStride
        | LieKind::FirstStep
        | LieKind::LastStep => header.state_root = word,
        _ => {}
    }
}

/// Nothing follows from what is false in these claims, so it is said again in each that comes after.
pub(super) const fn is_about_each_claim(kind: LieKind) -> bool {
    matches!(kind, LieKind::Cursor | LieKind::OriginHash | LieKind::ClaimedSequenceNumber)
}

/// Changes the claim alone.
pub(super) fn of_claim(kind: LieKind, claim: &mut BlockClaim, word: B256) {
    match kind {
        LieKind::BlockHash => claim.block_hash = word,
        LieKind::Cursor => claim.cursor.entries = claim.cursor.entries.wrapping_add(1),
        LieKind::OriginHash => claim.origin_hash = word,
        LieKind::ClaimedSequenceNumber => {
            claim.sequence_number = claim.sequence_number.saturating_add(1);
        }
        LieKind::ClaimedNumber => claim.number = claim.number.saturating_add(1),
        LieKind::LastSegment => claim.state_root = word,
        _ => {}
    }
}
