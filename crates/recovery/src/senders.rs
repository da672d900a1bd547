//! Senders of many transactions: their hashes and their signatures, each many at a time.
//!
//! Invariant: each answer is that of [`protocol::recover`], and each decoded transaction that of
//! [`protocol::decode_user_transaction`], refused if it asks for more gas than one may: what is skipped here is skipped by
//! the executor that decodes one by one.

use std::{num::NonZero, thread};

use alloy_consensus::{SignableTransaction, Signed as SignedTransaction, Transaction as _};
use alloy_primitives::{Address, B256, Bytes, Signature};
use lanes::Hasher;
use protocol::{TRANSACTION_GAS_MAX, Transaction, TransactionError};

use crate::{HighS, Recoverer, Signed};

/// Fewest transactions for which a thread is worth starting.
const PER_THREAD_MIN: usize = 256;

/// A user's transaction with what takes time to find out.
#[derive(Debug, Clone)]
pub struct Decoded {
    /// The transaction; it knows its hash.
    pub tx: Transaction,
    /// Who signed it.
    pub sender: Address,
    /// Its hash.
    pub hash: B256,
}

/// Finds senders. Keeps its memory between calls; a thread has one of its own.
#[derive(Debug)]
pub struct Senders {
    recoverer: Recoverer,
    hasher: Hasher,
    /// What is signed of each transaction, one after the other, and where each ends.
    texts: Vec<u8>,
    ends: Vec<usize>,
    signatures: Vec<Signature>,
    hashes: Vec<B256>,
    signed: Vec<Signed>,
    signers: Vec<Option<Address>>,
}

impl Default for Senders {
    fn default() -> Self {
        Self::new()
    }
}

impl Senders {
    /// Uses lanes where this CPU has them.
    pub fn new() -> Self {
        Self {
            recoverer: Recoverer::new(HighS::Refused),
            hasher: Hasher::new(),
            texts: Vec::new(),
            ends: Vec::new(),
            signatures: Vec::new(),
            hashes: Vec::new(),
            signed: Vec::new(),
            signers: Vec::new(),
        }
    }

    /// Hashes of raw transactions.
    pub fn hash(&mut self, raws: &[&[u8]]) -> &[B256] {
        self.hasher.hash(raws, &mut self.hashes);
        &self.hashes
    }

    /// The sender of each transaction, in order.
    pub fn recover(&mut self, txs: &[&Transaction]) -> Vec<Result<Address, TransactionError>> {
        self.texts.clear();
        self.ends.clear();
        self.signatures.clear();
        let mut is_signed = Vec::with_capacity(txs.len());
        for tx in txs {
            let signature = signature_and_text(tx, &mut self.texts);
            is_signed.push(signature.is_some());
            if let Some(signature) = signature {
                self.signatures.push(signature);
                self.ends.push(self.texts.len());
            }
        }
        let starts = std::iter::once(&0).chain(&self.ends);
        let texts: Vec<&[u8]> =
            starts.zip(&self.ends).map(|(start, end)| &self.texts[*start..*end]).collect();
        self.hasher.hash(&texts, &mut self.hashes);
        self.signed.clear();
        let signatures = self.hashes.iter().zip(&self.signatures);
        self.signed.extend(signatures.map(|(hash, signature)| Signed::new(*hash, signature)));
        self.recoverer.recover(&self.signed, &mut self.signers);
        let mut signers = self.signers.iter();
        let one = |(tx, is_signed): (&&Transaction, bool)| match signers
            .by_ref()
            .take(usize::from(is_signed))
            .next()
        {
            Some(signer) => signer.ok_or(TransactionError::Signature),
            // A deposit says who sent it.
            None => protocol::recover(tx),
        };
        txs.iter().zip(is_signed).map(one).collect()
    }

    /// Decodes raw transactions of users.
    pub fn decode(&mut self, raws: &[Bytes]) -> Vec<Result<Decoded, TransactionError>> {
        let decoded: Vec<_> =
            raws.iter().map(|raw| within_gas(protocol::decode_user_transaction(raw)?)).collect();
        // What does not decode is not hashed: it may be of any size.
        let good = raws.iter().zip(&decoded).filter(|(_, decoded)| decoded.is_ok());
        let good: Vec<&[u8]> = good.map(|(raw, _)| &raw[..]).collect();
        let hashes = self.hash(&good).to_vec();
        let txs: Vec<_> = decoded.iter().flatten().collect();
        let mut known = self.recover(&txs).into_iter().zip(hashes);
        let one = |tx: Result<Transaction, TransactionError>| {
            let tx = tx?;
            let (sender, hash) =
                known.next().expect("each decoded transaction has a sender and a hash");
            Ok(Decoded { tx: with_hash(tx, hash), sender: sender?, hash })
        };
        decoded.into_iter().map(one).collect()
    }
}

/// The rule for blocks, which is the executor's.
fn within_gas(tx: Transaction) -> Result<Transaction, TransactionError> {
    match tx.gas_limit() {
        gas_limit if gas_limit > TRANSACTION_GAS_MAX => Err(TransactionError::Gas(gas_limit)),
        _ => Ok(tx),
    }
}

/// As [`Senders::decode`], on as many threads as there are cores, if there is enough to do.
pub fn decode(raws: &[Bytes]) -> Vec<Result<Decoded, TransactionError>> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = std::cmp::min(cores, raws.len() / PER_THREAD_MIN);
    if threads < 2 {
        return Senders::new().decode(raws);
    }
    let parts = raws.chunks(raws.len().div_ceil(threads));
    thread::scope(|scope| {
        let start = |part| {
            let thread = thread::Builder::new().name("braid-recover".into());
            // Where the system refuses a thread, this one does its part.
            thread.spawn_scoped(scope, move || Senders::new().decode(part)).map_err(|_| part)
        };
        let parts: Vec<_> = parts.map(start).collect();
        let finish = |part: Result<thread::ScopedJoinHandle<'_, _>, &[Bytes]>| match part {
            Ok(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Err(part) => Senders::new().decode(part),
        };
        parts.into_iter().flat_map(finish).collect()
    })
}

/// Lets a transaction know its hash, so that nobody computes it again.
pub fn with_hash(tx: Transaction, hash: B256) -> Transaction {
    fn known<T>(tx: SignedTransaction<T>, hash: B256) -> SignedTransaction<T> {
        let signature = *tx.signature();
        SignedTransaction::new_unchecked(tx.strip_signature(), signature, hash)
    }
    match tx {
        Transaction::Legacy(tx) => Transaction::Legacy(known(tx, hash)),
        Transaction::Eip2930(tx) => Transaction::Eip2930(known(tx, hash)),
        Transaction::Eip1559(tx) => Transaction::Eip1559(known(tx, hash)),
        Transaction::Eip7702(tx) => Transaction::Eip7702(known(tx, hash)),
        // These come with theirs.
        tx @ (Transaction::Deposit(_) | Transaction::PostExec(_)) => tx,
    }
}

/// Appends what was signed. `None` for what nobody signs.
fn signature_and_text(tx: &Transaction, texts: &mut Vec<u8>) -> Option<Signature> {
    fn of<T: SignableTransaction<Signature>>(
        tx: &SignedTransaction<T>,
        texts: &mut Vec<u8>,
    ) -> Signature {
        tx.tx().encode_for_signing(texts);
        *tx.signature()
    }
    match tx {
        Transaction::Legacy(tx) => Some(of(tx, texts)),
        Transaction::Eip2930(tx) => Some(of(tx, texts)),
        Transaction::Eip1559(tx) => Some(of(tx, texts)),
        Transaction::Eip7702(tx) => Some(of(tx, texts)),
        Transaction::Deposit(_) | Transaction::PostExec(_) => None,
    }
}

#[cfg(test)]
mod tests;
