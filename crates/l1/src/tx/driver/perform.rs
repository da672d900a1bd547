//! One function per [`Action`]. The store comes first wherever something leaves the process.

use std::sync::Arc;

use alloy::{
    eips::eip7594::BlobTransactionSidecarVariant,
    primitives::{Address, Bytes},
    rpc::types::TransactionRequest,
};
use protocol::blob;
use service::error_chain;
use tracing::{debug, info};

use super::{BlobsError, TxError, TxSender};
use crate::{
    kzg::ProofForm,
    tx::{
        broadcast::{BroadcastError, classify},
        decide::{Action, L1View, LastBroadcast, TxTrack},
        handle::TxEventKind,
        record::{Attempt, Outcome, PoolKind, TxId, TxRequest},
        sign::{self, Signed, TRANSFER_GAS, Terms},
        store::Store,
    },
};

/// How to go on after an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// With the next action.
    Continue,
    /// With the next action, and then decide again without looking at L1.
    DecideAgain,
    /// At the next look at L1.
    Stop,
}

impl<S: Store> TxSender<S> {
    pub(super) async fn perform(
        &mut self,
        l1: &L1View,
        action: Action,
    ) -> Result<Next, TxError<S::Error>> {
        match action {
            Action::EstimateGas(id) => self.estimate_gas(l1, id).await,
            Action::Send { id, nonce, gas_limit, fees, cancels } => {
                let chain_id = self.client.chain_id();
                self.send(l1, id, Terms { chain_id, nonce, gas_limit, fees }, cancels).await
            }
            Action::Rebroadcast { id, .. } => self.rebroadcast(l1, id).await,
            Action::Include(id, inclusion) => {
                self.store.set_inclusion(id, Some(&inclusion)).await.map_err(TxError::Store)?;
                self.change(id, |track| track.record.inclusion = Some(inclusion));
                self.tell_of(id, TxEventKind::Mined(inclusion));
                Ok(Next::Continue)
            }
            Action::Exclude(id) => {
                self.store.set_inclusion(id, None).await.map_err(TxError::Store)?;
                self.change(id, |track| {
                    track.record.inclusion = None;
                    track.broadcast = None;
                });
                self.tell_of(id, TxEventKind::ReorgedOut);
                Ok(Next::DecideAgain)
            }
            Action::ReleaseNonce(id) => {
                self.store.release_nonce(id).await.map_err(TxError::Store)?;
                self.change(id, |track| {
                    track.record.nonce = None;
                    track.broadcast = None;
                    track.consumed_since = None;
                });
                self.tell_of(id, TxEventKind::NonceLost);
                Ok(Next::DecideAgain)
            }
            Action::Refuse(id) => {
                let reason = self.trouble.clone().unwrap_or_else(|| "refused by L1".to_owned());
                self.close(id, Outcome::Refused { reason }).await
            }
            Action::Close(id, outcome) => self.close(id, outcome).await,
            Action::FillGap { nonce, kind } => self.fill_gap(l1, nonce, kind).await,
        }
    }

    fn find(&self, id: TxId) -> Option<&TxTrack> {
        self.tracks.iter().find(|track| track.record.id == id)
    }

    fn tell_of(&self, id: TxId, kind: TxEventKind) {
        if let Some(track) = self.find(id) {
            self.tell(id, track.record.key.clone(), kind);
        }
    }

    async fn close(&mut self, id: TxId, outcome: Outcome) -> Result<Next, TxError<S::Error>> {
        self.store.close(id, &outcome).await.map_err(TxError::Store)?;
        info!(id = id.0, ?outcome, "L1 transaction ended");
        self.tell_of(id, TxEventKind::Closed(outcome));
        self.tracks.retain(|track| track.record.id != id);
        self.sidecars.retain(|(record, _), _| *record != id);
        Ok(Next::DecideAgain)
    }

    async fn estimate_gas(&mut self, l1: &L1View, id: TxId) -> Result<Next, TxError<S::Error>> {
        let Some(track) = self.find(id) else { return Ok(Next::Continue) };
        let request = track.record.request.clone();
        let mut call = call_of(&request, self.signer.address());
        if request.blob_data.is_some() {
            let sidecar = self.sidecar(id, &request, false).await?;
            call.blob_versioned_hashes = Some(sidecar.versioned_hashes().collect());
            call.max_fee_per_blob_gas = Some(l1.quote.blob_base_fee.saturating_mul(2));
        }
        match self.client.estimate_gas(call).await {
            Ok(gas) => {
                let margin = gas.saturating_mul(self.config.gas_margin_percent) / 100;
                self.change(id, |track| track.gas_limit = Some(gas.saturating_add(margin)));
                Ok(Next::DecideAgain)
            }
            Err(error) => match error.as_error_resp() {
                Some(payload)
                    if payload.as_revert_data().is_some() || payload.message.contains("revert") =>
                {
                    self.close(id, Outcome::Refused { reason: payload.message.to_string() }).await
                }
                _ => {
                    self.trouble = Some(error_chain(&error));
                    Ok(Next::Stop)
                }
            },
        }
    }

    async fn send(
        &mut self,
        l1: &L1View,
        id: TxId,
        terms: Terms,
        cancels: bool,
    ) -> Result<Next, TxError<S::Error>> {
        let Some(signed) = self.signed(id, terms, cancels).await? else {
            return Ok(Next::Continue);
        };
        let Terms { nonce, gas_limit, fees, .. } = terms;
        let attempt = Attempt { hash: signed.hash, nonce, gas_limit, fees, cancels };
        self.store.record_attempt(id, &attempt).await.map_err(TxError::Store)?;
        self.change(id, |track| {
            track.record.nonce = Some(nonce);
            track.record.attempts.push(attempt);
            track.broadcast = None;
        });
        self.tell_of(id, TxEventKind::Sent { hash: signed.hash, nonce, fees });
        info!(id = id.0, hash = %signed.hash, nonce, ?fees, cancels, "sending L1 transaction");
        Ok(self.broadcast(l1, id, &signed).await)
    }

    async fn rebroadcast(&mut self, l1: &L1View, id: TxId) -> Result<Next, TxError<S::Error>> {
        let last = self.find(id).and_then(|track| track.record.last_attempt());
        let Some(&Attempt { hash, nonce, gas_limit, fees, cancels }) = last else {
            return Ok(Next::Continue);
        };
        let terms = Terms { chain_id: self.client.chain_id(), nonce, gas_limit, fees };
        match self.signed(id, terms, cancels).await? {
            Some(signed) if signed.hash == hash => Ok(self.broadcast(l1, id, &signed).await),
            // The key or the blob packing is not the one of before: other bytes are another attempt.
            Some(_) => self.send(l1, id, terms, cancels).await,
            None => Ok(Next::Continue),
        }
    }

    async fn broadcast(&mut self, l1: &L1View, id: TxId, signed: &Signed) -> Next {
        let answer = self.client.send_raw(&signed.raw).await;
        let error = classify(answer.as_ref().map(|_| ())).err();
        if let (Some(kind), Err(cause)) = (error, &answer) {
            debug!(id = id.0, ?kind, error = %cause, "L1 did not take a transaction");
            self.trouble = Some(error_chain(cause));
        }
        let (at, head) = (self.now(), l1.head.number);
        self.change(id, |track| {
            let times = track.broadcast.as_ref().map_or(0, |last| last.times) + 1;
            track.broadcast = Some(LastBroadcast { at, head, times, error });
        });
        match error {
            None => Next::Continue,
            Some(BroadcastError::Refused) => Next::DecideAgain,
            Some(_) => Next::Stop,
        }
    }

    async fn signed(
        &mut self,
        id: TxId,
        terms: Terms,
        cancels: bool,
    ) -> Result<Option<Signed>, TxError<S::Error>> {
        let Some(track) = self.find(id) else { return Ok(None) };
        let request = if cancels {
            sign::cancelling(&track.record.request, self.signer.address())
        } else {
            track.record.request.clone()
        };
        let signed = if request.blob_data.is_some() {
            let sidecar = self.sidecar(id, &request, cancels).await?;
            sign::blob(&self.signer, &request, terms, &sidecar)
        } else {
            sign::plain(&self.signer, &request, terms)
        };
        signed.map(Some).map_err(|source| TxError::Sign { id, source })
    }

    /// The blobs of a request with commitments and proofs, made once per record.
    async fn sidecar(
        &mut self,
        id: TxId,
        request: &TxRequest,
        cancels: bool,
    ) -> Result<Arc<BlobTransactionSidecarVariant>, TxError<S::Error>> {
        if let Some(sidecar) = self.sidecars.get(&(id, cancels)) {
            return Ok(sidecar.clone());
        }
        let failed = |source| TxError::Blobs { id, source };
        let data: &[u8] = request.blob_data.as_ref().map_or(&[], |data| data);
        let blobs = blob::pack(data).map_err(|error| failed(BlobsError::Pack(error)))?;
        let form = ProofForm::of(self.config.blob_sidecar, &self.client).await;
        let sidecar = self.kzg.sidecar(blobs, form).await;
        let sidecar = sidecar.map_err(|error| failed(BlobsError::Kzg(error)))?;
        self.sidecars.insert((id, cancels), sidecar.clone());
        Ok(sidecar)
    }

    /// The transfer is a record like any other, so that it survives a restart and is priced like the rest.
    async fn fill_gap(
        &mut self,
        l1: &L1View,
        nonce: u64,
        kind: PoolKind,
    ) -> Result<Next, TxError<S::Error>> {
        let mut request = TxRequest::call(self.signer.address(), Bytes::new());
        request.gas_limit = Some(TRANSFER_GAS);
        request.blob_data = (kind == PoolKind::Blob).then(Bytes::new);
        // The head makes the key new when the same nonce has to be filled again after a reorg.
        let key = format!("fill-nonce-{nonce}-at-{}", l1.head.hash);
        let record = self.store.insert(&key, &request).await.map_err(TxError::Store)?;
        self.track(&record);
        self.gap = None;
        Ok(Next::DecideAgain)
    }
}

fn call_of(request: &TxRequest, from: Address) -> TransactionRequest {
    TransactionRequest {
        from: Some(from),
        to: Some(request.to.into()),
        value: Some(request.value),
        input: request.input.clone().into(),
        ..TransactionRequest::default()
    }
}
