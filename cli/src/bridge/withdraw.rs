//! From L2 to L1, the first step: ether by the message passer where nobody can refuse it, everything else by the bridge,
//! whose messages can be tried again when they fail on L1.

use alloy::{
    primitives::{Address, Bytes, U256},
    signers::local::PrivateKeySigner,
};
use bindings::{L2StandardBridge, L2ToL1MessagePasser};
use eyre::{Result, ensure, eyre};
use protocol::predeploys::{L2_STANDARD_BRIDGE, L2_TO_L1_MESSAGE_PASSER};
use serde_json::json;

use super::{
    amount::ether,
    args::{WhichArgs, WithdrawArgs},
    console::Console,
    follow,
    layer::Call,
    link::{self, Link},
    tokens::{self, Token},
    withdrawals::{self, Initiated},
};

/// Gas on L1 for giving out what a message brings; the messenger adds its own.
const MESSAGE_GAS: u32 = 200_000;
/// Gas on L1 for a payment to an account without code. What is not used costs nothing.
const TRANSFER_GAS: u32 = 30_000;

pub(crate) async fn run(link: &Link, args: &WithdrawArgs, console: &mut Console) -> Result<()> {
    let signer = link::key(&args.key.key_file)?;
    let to = args.to.unwrap_or_else(|| signer.address());
    let l2 = link.l2().await?;
    let (call, amount) = match args.token {
        Some(token) => tokens(link, &signer, args, token, to, console).await?,
        None => of_ether(link, args, to).await?,
    };
    let what = format!("the withdrawal of {amount}");
    let receipt = l2.execute(&what, &signer, &call, console).await?;
    let initiated = withdrawals::of_receipt(l2, &receipt, None).await?;
    let begin = format!("initiated in L2 block {}: {amount} to {to}", initiated.block);
    said(&initiated, &begin, args.follow, console);
    if !args.follow {
        return Ok(());
    }
    let which = WhichArgs { transaction: receipt.transaction_hash, index: None };
    follow::to_the_end(link, &signer, &which, console).await
}

fn said(initiated: &Initiated, begin: &str, is_followed: bool, console: &mut Console) {
    let (hash, transaction) = (initiated.hash, initiated.transaction);
    let next = if is_followed {
        format!("should this be interrupted: braid bridge finalize --follow {transaction}")
    } else {
        format!("from now on: braid bridge status {transaction}")
    };
    let fields = json!({
        "withdrawalHash": hash,
        "l2Transaction": transaction,
        "l2Block": initiated.block,
    });
    console.step("initiated", &format!("{begin}\nwithdrawal {hash}\n{next}"), fields);
}

async fn of_ether(link: &Link, args: &WithdrawArgs, to: Address) -> Result<(Call, String)> {
    let value = args.amount.in_wei()?;
    ensure!(!value.is_zero(), "a withdrawal of nothing: see --amount");
    link.portal_must_have(value).await?;
    let is_contract = link.l1.has_code(to).await?;
    let call = if is_contract {
        // The portal would call it once and for all; a message that it refuses can be tried again.
        let call = L2StandardBridge::bridgeETHToCall {
            to: receiver(link, to).await?,
            minGasLimit: args.gas.unwrap_or(MESSAGE_GAS),
            extraData: Bytes::new(),
        };
        Call::new(L2_STANDARD_BRIDGE, &call)
    } else {
        let call = L2ToL1MessagePasser::initiateWithdrawalCall {
            target: to,
            gasLimit: U256::from(args.gas.unwrap_or(TRANSFER_GAS)),
            data: Bytes::new(),
        };
        Call::new(L2_TO_L1_MESSAGE_PASSER, &call)
    };
    Ok((call.paying(value), ether(value)))
}

async fn tokens(
    link: &Link,
    signer: &PrivateKeySigner,
    args: &WithdrawArgs,
    token: Address,
    to: Address,
    console: &mut Console,
) -> Result<(Call, String)> {
    let l2 = link.l2().await?;
    let to = receiver(link, to).await?;
    let on_l2 = Token::at(l2, token).await?;
    let l1 = args.l1_token.or(on_l2.stands_for).ok_or_else(|| {
        eyre!("token {token} on L2 stands for none of L1: name its token on L1 with --l1-token")
    })?;
    let on_l1 = Token::at(&link.l1, l1).await?;
    tokens::must_be_pair(&on_l1, &on_l2)?;
    let amount = on_l2.amount(l2, signer.address(), args.amount).await?;
    on_l2.allow(l2, signer, L2_STANDARD_BRIDGE, amount, console).await?;
    let call = L2StandardBridge::bridgeERC20ToCall {
        localToken: token,
        remoteToken: l1,
        to,
        amount,
        minGasLimit: args.gas.unwrap_or(MESSAGE_GAS),
        extraData: Bytes::new(),
    };
    Ok((Call::new(L2_STANDARD_BRIDGE, &call), on_l2.shown(amount)))
}

/// Who receives, if that is not one of the contracts in which it would be lost.
async fn receiver(link: &Link, to: Address) -> Result<Address> {
    let contracts = link.chain.contracts;
    let bridge = link.bridge().await?;
    let own = [bridge, contracts.portal, contracts.output_oracle, contracts.system_config];
    ensure!(
        !own.contains(&to),
        "{to} is a contract of the chain itself, and would keep what it gets"
    );
    Ok(to)
}
