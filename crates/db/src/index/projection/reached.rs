//! Which accounts a transaction reached besides those that it names itself.
//!
//! Emitters of its logs, and whatever it changed: balance, nonce, code or a slot, as the block's access list says. Not
//! the vaults that every transaction pays into. Without an access list (genesis, a verifier's database) the emitters
//! alone are known.

use std::collections::BTreeSet;

use alloy_consensus::TxReceipt as _;
use alloy_eip7928::{AccountChanges, BlockAccessList};
use alloy_primitives::{Address, Bytes};
use alloy_rlp::Decodable;
use protocol::{Receipt, predeploys};

/// Every transaction pays into them: a row for each would say nothing.
const VAULTS: [Address; 4] = [
    predeploys::SEQUENCER_FEE_VAULT,
    predeploys::BASE_FEE_VAULT,
    predeploys::L1_FEE_VAULT,
    predeploys::OPERATOR_FEE_VAULT,
];

/// Accounts that transactions reached, with the place of the transaction in the block, in order.
pub type Reached = BTreeSet<(u32, Address)>;

/// What the transactions of a block reached, by its receipts and the RLP of its access list. The sender, the recipient
/// and the created contract may be among it.
///
/// # Errors
/// When the list does not decode.
pub fn reached_accounts<'a>(
    receipts: impl Iterator<Item = &'a Receipt>,
    access_list: Option<&Bytes>,
) -> Result<Reached, alloy_rlp::Error> {
    let mut reached = Reached::new();
    for (index, receipt) in (0_u32..).zip(receipts) {
        reached.extend(receipt.logs().iter().map(|log| (index, log.address)));
    }
    let list = access_list.map(|list| BlockAccessList::decode(&mut &list[..])).transpose()?;
    for account in list.iter().flatten() {
        if !VAULTS.contains(&account.address) {
            // Index 0 is the block's opening.
            let places =
                places(account).filter_map(|place| u32::try_from(place.checked_sub(1)?).ok());
            reached.extend(places.map(|index| (index, account.address)));
        }
    }
    Ok(reached)
}

/// Where an account changed, by the list's own indices.
fn places(account: &AccountChanges) -> impl Iterator<Item = u64> {
    let slots = account.storage_changes.iter().flat_map(|slot| &slot.changes);
    let slots = slots.map(|change| change.block_access_index);
    let balances = account.balance_changes.iter().map(|change| change.block_access_index);
    let nonces = account.nonce_changes.iter().map(|change| change.block_access_index);
    let codes = account.code_changes.iter().map(|change| change.block_access_index);
    slots.chain(balances).chain(nonces).chain(codes).map(|index| index.get())
}
