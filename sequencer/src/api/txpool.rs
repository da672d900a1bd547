//! `txpool_*`: what waits in the mempool, by sender and nonce. `queued` are transactions behind a gap.

use std::collections::BTreeMap;

use alloy::{
    consensus::Transaction as _,
    primitives::{Address, U64},
};
use jsonrpsee::{core::RpcResult, proc_macros::rpc};
use serde::Serialize;
use serde_json::Value;

use super::{
    Api,
    convert::{RpcTransaction, pooled_transaction},
    errors,
    limits::TXPOOL_TRANSACTIONS_MAX,
};
use crate::mempool::Admitted;

/// The namespace.
#[rpc(server, namespace = "txpool")]
pub(crate) trait Txpool {
    /// How many wait.
    #[method(name = "status")]
    fn status(&self) -> RpcResult<Parts<U64>>;
    /// All that wait.
    #[method(name = "content")]
    fn content(&self) -> RpcResult<Parts<BySender<RpcTransaction>>>;
    /// All of one sender.
    #[method(name = "contentFrom")]
    fn content_from(&self, address: Address) -> RpcResult<Parts<ByNonce<RpcTransaction>>>;
    /// All that wait, a line each.
    #[method(name = "inspect")]
    fn inspect(&self) -> RpcResult<Parts<BySender<Value>>>;
}

/// What could be executed, and what waits for transactions before it.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Parts<T> {
    pending: T,
    queued: T,
}

type ByNonce<T> = BTreeMap<u64, T>;
/// By the sender's checksummed address, as geth has it.
type BySender<T> = BTreeMap<String, ByNonce<T>>;

/// Answers it.
#[derive(Debug)]
pub(crate) struct TxpoolMethods(pub(crate) Api);

impl TxpoolMethods {
    fn of_sender<T>(&self, address: &Address, show: impl Fn(&Admitted) -> T) -> Parts<ByNonce<T>> {
        let mut parts = Parts { pending: ByNonce::new(), queued: ByNonce::new() };
        for (admitted, is_executable) in self.0.submitter.mempool().of_sender(address) {
            let part = if is_executable { &mut parts.pending } else { &mut parts.queued };
            part.insert(admitted.nonce(), show(&admitted));
        }
        parts
    }

    fn all<T>(&self, show: impl Fn(&Admitted) -> T) -> RpcResult<Parts<BySender<T>>> {
        let mempool = self.0.submitter.mempool();
        let waiting = mempool.size().transactions;
        if waiting > TXPOOL_TRANSACTIONS_MAX {
            return Err(errors::server(format!(
                "{waiting} transactions wait, more than the {TXPOOL_TRANSACTIONS_MAX} of one answer: use txpool_contentFrom"
            )));
        }
        let mut parts = Parts { pending: BySender::new(), queued: BySender::new() };
        for sender in mempool.senders() {
            let Parts { pending, queued } = self.of_sender(&sender, &show);
            for (part, found) in [(&mut parts.pending, pending), (&mut parts.queued, queued)] {
                if !found.is_empty() {
                    part.insert(sender.to_checksum(None), found);
                }
            }
        }
        Ok(parts)
    }
}

fn whole(admitted: &Admitted) -> RpcTransaction {
    pooled_transaction(admitted.tx.tx.tx.clone(), admitted.sender())
}

fn line(admitted: &Admitted) -> Value {
    let tx = &admitted.tx.tx.tx;
    let to = tx.to().map_or_else(|| "contract creation".to_owned(), |to| to.to_checksum(None));
    let (value, gas, price) = (tx.value(), tx.gas_limit(), tx.max_fee_per_gas());
    format!("{to}: {value} wei + {gas} gas × {price} wei").into()
}

impl TxpoolServer for TxpoolMethods {
    fn status(&self) -> RpcResult<Parts<U64>> {
        let size = self.0.submitter.mempool().size();
        let queued = size.transactions - size.executable;
        Ok(Parts { pending: U64::from(size.executable), queued: U64::from(queued) })
    }

    fn content(&self) -> RpcResult<Parts<BySender<RpcTransaction>>> {
        self.all(whole)
    }

    fn content_from(&self, address: Address) -> RpcResult<Parts<ByNonce<RpcTransaction>>> {
        Ok(self.of_sender(&address, whole))
    }

    fn inspect(&self) -> RpcResult<Parts<BySender<Value>>> {
        self.all(line)
    }
}
