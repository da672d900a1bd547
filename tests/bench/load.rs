//! Signed transfers in advance: many accounts, each with rising nonces, interleaved.

use alloy::{
    consensus::{SignableTransaction, TxEip1559},
    eips::Encodable2718,
    network::TransactionBuilder,
    primitives::{Bytes, U256, keccak256},
    providers::Provider,
    rpc::types::TransactionRequest,
    signers::{SignerSync, local::PrivateKeySigner},
};
use eyre::{Result, eyre};
use harness::{Devnet, eventually};

/// Longest wait for the accounts to be funded, or for the last transfers to settle.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(120);

/// The accounts and their next nonces.
pub(crate) struct Load {
    chain_id: u64,
    accounts: Vec<(PrivateKeySigner, u64)>,
}

impl Load {
    pub(crate) fn new(accounts: usize, chain_id: u64) -> Result<Self> {
        let key = |index: usize| PrivateKeySigner::from_bytes(&keccak256(index.to_le_bytes()));
        let accounts =
            (0..accounts).map(|index| Ok((key(index)?, 0))).collect::<Result<Vec<_>>>()?;
        Ok(Self { chain_id, accounts })
    }

    /// Gives each account an ether.
    pub(crate) async fn fund(&self, devnet: &Devnet) -> Result<()> {
        let node = devnet.l2(0)?;
        let mut last = None;
        for (account, _) in &self.accounts {
            let wei = U256::from(1_000_000_000_000_000_000_u64);
            let request = TransactionRequest::default().with_to(account.address()).with_value(wei);
            last = Some(*node.send_transaction(request).await?.tx_hash());
        }
        let last = last.ok_or_else(|| eyre!("no accounts"))?;
        eventually("the accounts to be funded", PATIENCE, || async {
            Ok(node.get_transaction_receipt(last).await?.map(|_| ()))
        })
        .await
    }

    /// Signs `count` transfers, round by round over all accounts, on all cores.
    pub(crate) fn sign(&mut self, count: usize) -> Result<Vec<Bytes>> {
        let rounds = count.div_ceil(self.accounts.len());
        let recipients: Vec<_> =
            self.accounts.iter().map(|(account, _)| account.address()).collect();
        let chain_id = self.chain_id;
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let chunk = self.accounts.len().div_ceil(threads);
        let signed: Vec<Vec<Bytes>> = std::thread::scope(|scope| {
            let workers: Vec<_> = self
                .accounts
                .chunks(chunk)
                .map(|part| {
                    let recipients = &recipients;
                    scope.spawn(move || {
                        part.iter()
                            .map(|(account, nonce)| {
                                (0..rounds as u64)
                                    .map(|round| {
                                        transfer(account, chain_id, nonce + round, recipients)
                                    })
                                    .collect::<Result<Vec<_>>>()
                            })
                            .collect::<Result<Vec<_>>>()
                    })
                })
                .collect();
            workers
                .into_iter()
                .map(|worker| worker.join().map_err(|_| eyre!("a signing thread panicked"))?)
                .collect::<Result<Vec<_>>>()
                .map(|parts| parts.into_iter().flatten().collect())
        })?;
        Ok((0..rounds).flat_map(|round| signed.iter().map(move |own| own[round].clone())).collect())
    }

    /// The next round begins with the nonces that the chain has now: what was not sent is forgotten.
    pub(crate) async fn forget_unsent(&mut self, devnet: &Devnet) -> Result<()> {
        let node = devnet.l2(0)?;
        for (account, nonce) in &mut self.accounts {
            *nonce = node.get_transaction_count(account.address()).pending().await?;
        }
        Ok(())
    }
}

fn transfer(
    account: &PrivateKeySigner,
    chain_id: u64,
    nonce: u64,
    recipients: &[alloy::primitives::Address],
) -> Result<Bytes> {
    let recipient = usize::from_be_bytes(keccak256(nonce.to_be_bytes())[..8].try_into()?);
    let tx = TxEip1559 {
        chain_id,
        nonce,
        gas_limit: 21_000,
        max_fee_per_gas: 100_000_000_000,
        max_priority_fee_per_gas: 1_000_000,
        to: recipients[recipient % recipients.len()].into(),
        value: U256::from(nonce + 1),
        ..Default::default()
    };
    let signature = account.sign_hash_sync(&tx.signature_hash())?;
    Ok(tx.into_signed(signature).encoded_2718().into())
}
