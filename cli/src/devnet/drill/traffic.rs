//! Users who do something while a drill runs, so that there is something to lie about.

use std::time::Duration;

use alloy::{
    network::{EthereumWallet, TransactionBuilder},
    primitives::{Address, Bytes, U256},
    providers::{DynProvider, Provider, ProviderBuilder},
    rpc::types::TransactionRequest,
    sol_types::SolCall,
};
use bindings::Portal::depositTransactionCall;
use eyre::{Result, WrapErr};
use tokio::task::JoinHandle;

use super::super::{accounts, info::DevnetInfo};

/// Between two rounds of transactions.
const PAUSE: Duration = Duration::from_millis(700);
/// Rounds between two deposits.
const DEPOSIT_ROUNDS: u32 = 4;
/// Rounds after which everybody has done enough for one drill.
const ROUNDS_MAX: u32 = 300;
/// What is moved, in wei.
const AMOUNT: u64 = 1_000_000;
/// L2 gas of a deposit.
const DEPOSIT_GAS: u64 = 100_000;

/// Users at work. Dropping it sends them home.
#[derive(Debug)]
pub(super) struct Traffic {
    task: JoinHandle<()>,
}

impl Traffic {
    pub(super) fn start(info: &DevnetInfo, portal: Address) -> Result<Self> {
        let users = accounts::users()?;
        let connect = |url: &str, user: usize| -> Result<(Address, DynProvider)> {
            let signer = users[user].clone();
            let (address, wallet) = (signer.address(), EthereumWallet::from(signer));
            let url = url.parse().wrap_err("an address of the devnet")?;
            Ok((address, ProviderBuilder::new().wallet(wallet).connect_http(url).erased()))
        };
        let senders = [connect(&info.l2.rpc, 0)?, connect(&info.l2.rpc, 1)?];
        let depositor = connect(&info.l1.rpc, 2)?;
        let task = tokio::spawn(async move {
            for round in 0..ROUNDS_MAX {
                for (from, l2) in &senders {
                    send(l2, transfer(*from)).await;
                }
                if round % DEPOSIT_ROUNDS == 0 {
                    send(&depositor.1, deposit(portal, depositor.0)).await;
                }
                tokio::time::sleep(PAUSE).await;
            }
        });
        Ok(Self { task })
    }
}

impl Drop for Traffic {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Nobody waits for what becomes of it: there is more to come.
async fn send(provider: &DynProvider, request: TransactionRequest) {
    if let Err(error) = provider.send_transaction(request).await {
        tracing::debug!(%error, "a user's transaction was not taken");
    }
}

fn transfer(to: Address) -> TransactionRequest {
    TransactionRequest::default().with_to(to).with_value(U256::from(AMOUNT))
}

fn deposit(portal: Address, to: Address) -> TransactionRequest {
    let call = depositTransactionCall {
        to,
        value: U256::from(AMOUNT),
        gasLimit: DEPOSIT_GAS,
        isCreation: false,
        data: Bytes::new(),
    };
    let request = TransactionRequest::default().with_to(portal).with_input(call.abi_encode());
    request.with_value(U256::from(AMOUNT))
}
