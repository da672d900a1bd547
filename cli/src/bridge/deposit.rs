//! From L1 to L2: ether by the portal, tokens by the bridge.

use alloy::{
    primitives::{Address, B256, Bytes, U256},
    providers::Provider,
    rpc::types::TransactionRequest,
    signers::local::PrivateKeySigner,
    sol_types::SolEvent,
};
use bindings::{L1StandardBridge, L2CrossDomainMessenger::FailedRelayedMessage, Portal};
use eyre::{Result, WrapErr, ensure, eyre};
use protocol::predeploys::L2_CROSS_DOMAIN_MESSENGER;

use super::{
    amount::ether,
    args::DepositArgs,
    arrival,
    console::Console,
    layer::{Call, Receipt},
    link::{self, Link},
    refusal,
    tokens::{self, Token},
};

/// Gas on L2 for giving out a token; the messenger adds its own.
const TOKEN_GAS: u32 = 200_000;
/// Gas of a transfer to an account without code.
const TRANSFER_GAS: u64 = 21_000;
/// Part of an estimate that is added to it.
const GAS_MARGIN_PARTS: u64 = 5;

pub(crate) async fn run(link: &Link, args: &DepositArgs, console: &mut Console) -> Result<()> {
    let signer = link::key(&args.key.key_file)?;
    let to = args.to.unwrap_or_else(|| signer.address());
    let (receipt, text) = match (args.token, args.l2_token) {
        (Some(l1), Some(l2)) => tokens(link, &signer, args, (l1, l2), to, console).await?,
        _ => of_ether(link, &signer, args, to, console).await?,
    };
    arrival::announce(link, &receipt, &text, console).await?;
    if args.wait { arrived(link, receipt.transaction_hash, console).await } else { Ok(()) }
}

async fn of_ether(
    link: &Link,
    signer: &PrivateKeySigner,
    args: &DepositArgs,
    to: Address,
    console: &mut Console,
) -> Result<(Receipt, String)> {
    let value = args.amount.in_wei()?;
    ensure!(!value.is_zero(), "a deposit of nothing: see --amount");
    let gas = match args.gas {
        Some(gas) => u64::from(gas),
        None => transfer_gas(link, to, value).await?,
    };
    let call = Portal::depositTransactionCall {
        to,
        value,
        gasLimit: gas,
        isCreation: false,
        data: Bytes::new(),
    };
    let call = Call::new(link.chain.contracts.portal, &call).paying(value);
    let what = format!("the deposit of {}", ether(value));
    let receipt = link.l1.execute(&what, signer, &call, console).await?;
    Ok((receipt, format!("deposited {} for {to}", ether(value))))
}

async fn tokens(
    link: &Link,
    signer: &PrivateKeySigner,
    args: &DepositArgs,
    (l1, l2): (Address, Address),
    to: Address,
    console: &mut Console,
) -> Result<(Receipt, String)> {
    let bridge = link.bridge().await?;
    let l1 = Token::at(&link.l1, l1).await?;
    let l2 = Token::at(link.l2().await?, l2).await?;
    tokens::must_be_pair(&l1, &l2)?;
    let amount = l1.amount(&link.l1, signer.address(), args.amount).await?;
    l1.allow(&link.l1, signer, bridge, amount, console).await?;
    let call = L1StandardBridge::bridgeERC20ToCall {
        localToken: l1.address,
        remoteToken: l2.address,
        to,
        amount,
        minGasLimit: args.gas.unwrap_or(TOKEN_GAS),
        extraData: Bytes::new(),
    };
    let what = format!("the deposit of {}", l1.shown(amount));
    let receipt = link.l1.execute(&what, signer, &Call::new(bridge, &call), console).await?;
    Ok((receipt, format!("deposited {} for {to}", l1.shown(amount))))
}

/// What it takes on L2 to give somebody ether.
async fn transfer_gas(link: &Link, to: Address, value: U256) -> Result<u64> {
    let l2 = link.l2().await.wrap_err(
        "cannot estimate the gas on L2: give it with --gas (21000 for an account without code)",
    )?;
    let request = TransactionRequest::default().to(to).value(value);
    let estimate = l2.provider.estimate_gas(request).await.map_err(|error| {
        let why = refusal::of(&error);
        let report = eyre!(error);
        match why {
            Some(why) => eyre!("{to} does not take ether on L2: {why}; --gas sends it all the same, and what is refused stays yours on L2"),
            None => report.wrap_err("cannot estimate the gas on L2: give it with --gas"),
        }
    })?;
    let with_margin = estimate + estimate / GAS_MARGIN_PARTS;
    Ok(if estimate <= TRANSFER_GAS { TRANSFER_GAS } else { with_margin })
}

async fn arrived(link: &Link, l1_transaction: B256, console: &mut Console) -> Result<()> {
    let receipt = arrival::wait(link, l1_transaction, console).await?;
    ensure!(
        receipt.succeeded(),
        "the deposit failed on L2: its ether is the sender's there, and can be sent on or withdrawn"
    );
    let failed = receipt.logs.iter().any(|log| {
        log.inner.address == L2_CROSS_DOMAIN_MESSENGER
            && log.topic0() == Some(&FailedRelayedMessage::SIGNATURE_HASH)
    });
    ensure!(
        !failed,
        "the message of the deposit failed on L2 and waits in the messenger {L2_CROSS_DOMAIN_MESSENGER}: anybody can call its relayMessage again, with more gas or at a better time"
    );
    Ok(())
}
