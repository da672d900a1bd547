//! The withdrawals of an L2 transaction, as its receipt shows them. Whatever the node says, their hashes are computed.

use alloy::{primitives::B256, rpc::types::Log, sol_types::SolEvent};
use bindings::{L2ToL1MessagePasser::MessagePassed, Portal::WithdrawalTransaction};
use eyre::{Result, WrapErr, bail, ensure, eyre};
use protocol::{Withdrawal, predeploys::L2_TO_L1_MESSAGE_PASSER};

use super::{
    args::WhichArgs,
    error::BridgeError,
    layer::{Layer, Receipt},
};

/// A withdrawal and where it was initiated.
#[derive(Debug, Clone)]
pub(crate) struct Initiated {
    pub(crate) hash: B256,
    pub(crate) withdrawal: Withdrawal,
    /// The L2 transaction.
    pub(crate) transaction: B256,
    /// The L2 block.
    pub(crate) block: u64,
    /// Its timestamp.
    pub(crate) timestamp: u64,
}

impl Initiated {
    /// As the portal takes it.
    pub(crate) fn for_portal(&self) -> WithdrawalTransaction {
        let Withdrawal { nonce, sender, target, value, gas_limit, data } = self.withdrawal.clone();
        WithdrawalTransaction { nonce, sender, target, value, gasLimit: gas_limit, data }
    }
}

/// Finds the withdrawal that is meant.
pub(crate) async fn find(l2: &Layer, which: &WhichArgs) -> Result<Initiated> {
    let transaction = which.transaction;
    let receipt = l2.receipt(transaction).await?.ok_or_else(|| {
        eyre!("L2 knows no transaction {transaction}: is it the hash of the L2 transaction that initiated the withdrawal?")
    })?;
    of_receipt(l2, &receipt, which.index).await
}

/// The withdrawal at `index` of a transaction, or its only one.
pub(crate) async fn of_receipt(
    l2: &Layer,
    receipt: &Receipt,
    index: Option<usize>,
) -> Result<Initiated> {
    let transaction = receipt.transaction_hash;
    ensure!(receipt.succeeded(), "L2 transaction {transaction} failed, so nothing was withdrawn");
    let (hash, withdrawal) = choose(transaction, decode(&receipt.logs)?, index)?;
    let block = receipt.block();
    let timestamp = l2.timestamp(block).await?;
    Ok(Initiated { hash, withdrawal, transaction, block, timestamp })
}

fn choose<T>(transaction: B256, mut found: Vec<T>, index: Option<usize>) -> Result<T> {
    let count = found.len();
    match index {
        None if count == 1 => Ok(found.remove(0)),
        _ if count == 0 => bail!("L2 transaction {transaction} has initiated no withdrawal"),
        None => bail!(
            "L2 transaction {transaction} has initiated {count} withdrawals: choose one with --index, from 0 to {}",
            count - 1
        ),
        Some(index) if index < count => Ok(found.remove(index)),
        Some(index) => {
            bail!("L2 transaction {transaction} has no withdrawal {index}, but {count} of them")
        }
    }
}

/// All withdrawals of a receipt, in order, with the hash of each.
fn decode(logs: &[Log]) -> Result<Vec<(B256, Withdrawal)>> {
    let of_passer = |log: &&Log| {
        log.inner.address == L2_TO_L1_MESSAGE_PASSER
            && log.topic0() == Some(&MessagePassed::SIGNATURE_HASH)
    };
    let events = logs.iter().filter(of_passer).map(|log| {
        let event = MessagePassed::decode_log(&log.inner);
        let event = event.wrap_err("cannot read an event of the message passer")?.data;
        let withdrawal = Withdrawal {
            nonce: event.nonce,
            sender: event.sender,
            target: event.target,
            value: event.value,
            gas_limit: event.gasLimit,
            data: event.data,
        };
        let (named, computed) = (event.withdrawalHash, withdrawal.hash());
        ensure!(named == computed, BridgeError::Hash { named, computed });
        Ok((computed, withdrawal))
    });
    events.collect()
}

#[cfg(test)]
mod tests {
    use alloy::primitives::{Address, Bytes, Log as PrimitiveLog, U256};

    use super::*;

    fn passed(nonce: u64, named: Option<B256>) -> Log {
        let withdrawal = Withdrawal {
            nonce: U256::from(nonce),
            sender: Address::repeat_byte(1),
            target: Address::repeat_byte(2),
            value: U256::from(3),
            gas_limit: U256::from(4),
            data: Bytes::from(vec![5]),
        };
        let event = MessagePassed {
            nonce: withdrawal.nonce,
            sender: withdrawal.sender,
            target: withdrawal.target,
            value: withdrawal.value,
            gasLimit: withdrawal.gas_limit,
            data: withdrawal.data.clone(),
            withdrawalHash: named.unwrap_or_else(|| withdrawal.hash()),
        };
        let data = event.encode_log_data();
        let inner = PrimitiveLog { address: L2_TO_L1_MESSAGE_PASSER, data };
        Log { inner, ..Log::default() }
    }

    #[test]
    fn withdrawals_are_read_and_others_passed_over() {
        let mut other = passed(9, None);
        other.inner.address = Address::repeat_byte(9);
        let found = decode(&[other, passed(1, None), passed(2, None)]).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found[1].1.nonce, U256::from(2));
        assert_eq!(found[1].0, found[1].1.hash());
    }

    #[test]
    fn a_hash_that_is_not_one_of_the_withdrawal_is_noticed() {
        let error = decode(&[passed(1, Some(B256::repeat_byte(7)))]).unwrap_err();
        let error = error.downcast_ref::<BridgeError>().unwrap();
        assert!(matches!(error, BridgeError::Hash { .. }), "{error}");
        assert_eq!(error.exit_code(), 3);
    }

    #[test]
    fn several_withdrawals_need_a_choice() {
        let choose = |found: &[u8], index| choose(B256::ZERO, found.to_vec(), index);
        assert_eq!(choose(&[7], None).unwrap(), 7);
        assert_eq!(choose(&[7, 8], Some(1)).unwrap(), 8);
        let error = choose(&[7, 8], None).unwrap_err().to_string();
        assert!(error.contains("--index, from 0 to 1"), "{error}");
        assert!(choose(&[7], Some(1)).is_err());
        assert!(choose(&[], None).unwrap_err().to_string().contains("no withdrawal"));
    }
}
