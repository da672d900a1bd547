//! Signed transfers in advance, of ether or of a token: many accounts, each with rising nonces, interleaved.

use alloy::{
    consensus::{SignableTransaction, TxEip1559},
    eips::Encodable2718,
    network::TransactionBuilder,
    primitives::{Address, Bytes, U256, keccak256},
    providers::{DynProvider, Provider},
    rpc::types::TransactionRequest,
    signers::{SignerSync, local::PrivateKeySigner},
    sol,
    sol_types::{SolCall, SolValue},
};
use eyre::{Result, eyre};
use harness::{Devnet, eventually, published_code};

sol! {
    function transfer(address to, uint256 amount) external returns (bool);
}

/// Longest wait for the accounts to be funded, or for the last transfers to settle.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(120);

/// The gas limit of a token transfer: what it uses where it makes a new balance, and some air.
const TOKEN_GAS: u64 = 65_000;

/// What is transferred.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Asset {
    /// Ether.
    Ether,
    /// The ERC-20 token at this address.
    Token(Address),
}

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
        let wei = U256::from(1_000_000_000_000_000_000_u64);
        self.give(&devnet.l2(0)?, |to| TransactionRequest::default().with_to(to).with_value(wei))
            .await
    }

    /// Deploys the ERC-20 token of Uniswap V2 and gives each account some.
    pub(crate) async fn issue_token(&self, devnet: &Devnet) -> Result<Asset> {
        let node = devnet.l2(0)?;
        let code = published_code("@uniswap/v2-core/build/ERC20.json")?;
        let amount = U256::from(1_u64 << 40);
        let supply = amount * U256::from(self.accounts.len());
        let code = [code.as_ref(), &supply.abi_encode()].concat();
        let sent =
            node.send_transaction(TransactionRequest::default().with_deploy_code(code)).await?;
        let receipt = eventually("the token", PATIENCE, || async {
            Ok(node.get_transaction_receipt(*sent.tx_hash()).await?)
        })
        .await?;
        let token = receipt.contract_address.ok_or_else(|| eyre!("the token was not deployed"))?;
        self.give(&node, |to| {
            let input = transferCall { to, amount }.abi_encode();
            TransactionRequest::default().with_to(token).with_input(input)
        })
        .await?;
        Ok(Asset::Token(token))
    }

    async fn give(
        &self,
        node: &DynProvider,
        request: impl Fn(Address) -> TransactionRequest,
    ) -> Result<()> {
        let mut last = None;
        for (account, _) in &self.accounts {
            last = Some(*node.send_transaction(request(account.address())).await?.tx_hash());
        }
        let last = last.ok_or_else(|| eyre!("no accounts"))?;
        eventually("the accounts to be funded", PATIENCE, || async {
            Ok(node.get_transaction_receipt(last).await?.map(|_| ()))
        })
        .await
    }

    /// Signs `count` transfers, round by round over all accounts, on all cores.
    pub(crate) fn sign(&self, asset: Asset, count: usize) -> Result<Vec<Bytes>> {
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
                                        transfer(
                                            asset,
                                            account,
                                            chain_id,
                                            nonce + round,
                                            recipients,
                                        )
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
    pub(crate) async fn read_nonces(&mut self, devnet: &Devnet) -> Result<()> {
        let node = devnet.l2(0)?;
        for (account, nonce) in &mut self.accounts {
            *nonce = node.get_transaction_count(account.address()).pending().await?;
        }
        Ok(())
    }
}

fn transfer(
    asset: Asset,
    account: &PrivateKeySigner,
    chain_id: u64,
    nonce: u64,
    recipients: &[Address],
) -> Result<Bytes> {
    let recipient = usize::from_be_bytes(keccak256(nonce.to_be_bytes())[..8].try_into()?);
    let (to, amount) = (recipients[recipient % recipients.len()], U256::from(nonce + 1));
    let (gas_limit, to, value, input) = match asset {
        Asset::Ether => (21_000, to, amount, Bytes::new()),
        Asset::Token(token) => {
            (TOKEN_GAS, token, U256::ZERO, transferCall { to, amount }.abi_encode().into())
        }
    };
    let tx = TxEip1559 {
        chain_id,
        nonce,
        gas_limit,
        max_fee_per_gas: 100_000_000_000,
        max_priority_fee_per_gas: 1_000_000,
        to: to.into(),
        value,
        input,
        ..Default::default()
    };
    let signature = account.sign_hash_sync(&tx.signature_hash())?;
    Ok(tx.into_signed(signature).encoded_2718().into())
}
