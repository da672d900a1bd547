//! A running sender of the batcher's account, and what tests wait for.

use std::time::Duration;

use alloy::{
    primitives::{Address, B256},
    providers::Provider,
    sol_types::SolCall,
};
use bindings::BatchInbox::postBatchCall;
use l1::{
    Kzg,
    tx::{
        Inclusion, Outcome, TxConfig, TxEvent, TxEventKind, TxHandle, TxRecord, TxRequest,
        TxSender, TxStatus,
    },
};
use tokio::{sync::broadcast, task::JoinHandle};

use crate::{
    harness::{L1, batcher, soon},
    memory_store::MemoryStore,
};

pub(crate) fn quick() -> TxConfig {
    TxConfig {
        l1_poll_interval: Duration::from_millis(20),
        resubmission_timeout: Duration::from_millis(300),
        ..TxConfig::for_anvil()
    }
}

/// A running sender of the batcher's account.
pub(crate) struct Sender {
    pub(crate) handle: TxHandle,
    pub(crate) store: MemoryStore,
    events: broadcast::Receiver<TxEvent>,
    task: JoinHandle<()>,
}

impl Sender {
    pub(crate) fn start(l1: &L1) -> Self {
        Self::start_with(l1, MemoryStore::default(), quick())
    }

    pub(crate) fn start_with(l1: &L1, store: MemoryStore, config: TxConfig) -> Self {
        let kzg = Kzg::start_lazily().unwrap();
        let (sender, handle) =
            TxSender::new(l1.client.clone(), batcher(), kzg, store.clone(), config);
        let events = handle.subscribe();
        let task = tokio::spawn(async move {
            let error = sender.run().await.unwrap_err();
            panic!("the sender ended: {error:?}");
        });
        Self { handle, store, events, task }
    }

    /// Ends the sender in the middle of whatever it does.
    pub(crate) async fn kill(self) -> MemoryStore {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
        self.store
    }

    pub(crate) async fn submit(&self, key: &str, request: TxRequest) -> TxRecord {
        self.handle.submit(key, request).await.unwrap()
    }

    /// Submits and waits for a good end.
    pub(crate) async fn confirmed(&self, key: &str, request: TxRequest) -> Inclusion {
        self.submit(key, request).await;
        match self.outcome(key).await {
            Outcome::Confirmed(inclusion) => inclusion,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn outcome(&self, key: &str) -> Outcome {
        soon(async {
            loop {
                assert!(!self.task.is_finished(), "the sender ended");
                if let Some(outcome) = self.store.get(key).outcome {
                    return outcome;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await
    }

    /// Waits for an event about this key.
    pub(crate) async fn event(
        &mut self,
        key: &str,
        wanted: impl Fn(&TxEventKind) -> bool,
    ) -> TxEventKind {
        soon(async {
            loop {
                let event = self.events.recv().await.unwrap();
                if event.key == key && wanted(&event.kind) {
                    return event.kind;
                }
            }
        })
        .await
    }

    pub(crate) async fn sent(&mut self, key: &str) -> (B256, u64) {
        match self.event(key, |kind| matches!(kind, TxEventKind::Sent { .. })).await {
            TxEventKind::Sent { hash, nonce, .. } => (hash, nonce),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn status(&self, wanted: impl FnMut(&TxStatus) -> bool) -> TxStatus {
        let mut status = self.handle.status();
        let status = soon(status.wait_for(wanted)).await.unwrap();
        status.clone()
    }
}

pub(crate) fn call_with_blobs(to: Address, call: &postBatchCall, payload: Vec<u8>) -> TxRequest {
    let mut request = TxRequest::call(to, call.abi_encode().into());
    request.blob_data = Some(payload.into());
    request
}

/// Waits until L1 knows an attempt: it is told of as soon as it is on its way.
pub(crate) async fn wait_for_pool(l1: &L1, hash: B256) {
    soon(async {
        while l1.client.provider().get_transaction_by_hash(hash).await.unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

/// Makes blocks until the key has ended.
pub(crate) async fn mine_until_closed(l1: &L1, sender: &Sender, key: &str) -> Outcome {
    soon(async {
        loop {
            if let Some(outcome) = sender.store.get(key).outcome {
                return outcome;
            }
            l1.mine(1).await;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await
}
