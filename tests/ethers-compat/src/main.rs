//! The smoke test of `tests/clients`, in Rust on ethers-contract: bindings, types, fee estimate, decoding and
//! signatures are those of ethers 2, against a running node named by the environment. Prints `ok` or fails.

#[cfg(test)]
mod lock;
mod node;
mod token;
mod wallet;

use std::{env, fs};

use ethers_contract::{EthError, EthEvent, parse_log};
use ethers_core::{
    abi::{Abi, AbiEncode, Token},
    types::{Address, Bytes, Filter, Log, Transaction, TransactionReceipt, U64, U256},
};
use eyre::{OptionExt, Result, WrapErr, ensure};
use node::{Node, NodeError};
use serde::Deserialize;
use token::{
    BalanceOfCall, BalanceOfReturn, DecimalsCall, DecimalsReturn, NameCall, NameReturn,
    TotalSupplyCall, TotalSupplyReturn, TransferCall, TransferFilter,
};
use wallet::Wallet;

/// Wei of the plain payment.
const PAYMENT: u64 = 123;
/// Token units of the transfer.
const TRANSFER: u64 = 5;
/// Gas of a payment to an account without code.
const PAYMENT_GAS: u64 = 21_000;
/// No transfer of this token comes near.
const TRANSFER_GAS_MAX: u64 = 100_000;
/// What the token says when it is asked for more than there is.
const UNDERFLOW: &str = "ds-math-sub-underflow";

/// The part of a compiler's artifact that a deployment needs.
#[derive(Debug, Deserialize)]
struct Artifact {
    abi: Abi,
    bytecode: String,
}

/// A token on the node, as this test uses it.
#[derive(Debug)]
struct Erc20 {
    address: Address,
    deployed_in: U64,
    supply: U256,
}

fn main() -> Result<()> {
    let node = Node::new(variable("BRAID_RPC")?);
    let chain_id: u64 =
        variable("BRAID_CHAIN_ID")?.parse().wrap_err("BRAID_CHAIN_ID is no number")?;
    let wallet = Wallet::new(&node, &variable("BRAID_KEY")?, chain_id)?;
    let to: Address = variable("BRAID_TO")?.parse().wrap_err("BRAID_TO is no address")?;

    let answered: U256 = node.request("eth_chainId", ())?;
    ensure!(answered == U256::from(chain_id), "the node has chain id {answered}, not {chain_id}");
    let token = deploy(&wallet)?;
    pay(&node, &wallet, to)?;
    transfer(&node, &wallet, &token, to)?;
    filter_history(&node, &wallet, &token, to)?;
    meet_revert(&node, &wallet, &token, to)?;
    #[expect(clippy::print_stdout, reason = "the caller waits for this word")]
    {
        println!("ok");
    }
    Ok(())
}

fn variable(name: &str) -> Result<String> {
    env::var(name).wrap_err_with(|| format!("{name} is not set"))
}

/// Deploys the token and reads what its constructor wrote.
fn deploy(wallet: &Wallet<'_>) -> Result<Erc20> {
    let path = variable("BRAID_TOKEN")?;
    let text = fs::read_to_string(&path).wrap_err_with(|| format!("cannot read {path}"))?;
    let artifact: Artifact =
        serde_json::from_str(&text).wrap_err_with(|| format!("{path} is no artifact"))?;
    let code: Bytes = artifact.bytecode.parse().wrap_err("the artifact's bytecode is not hex")?;
    // A thousand tokens of 18 decimals.
    let supply = U256::exp10(21);
    let constructor = artifact.abi.constructor().ok_or_eyre("the artifact has no constructor")?;
    let data = constructor.encode_input(code.to_vec(), &[Token::Uint(supply)])?;

    let receipt = wallet.send(wallet.create(data.into()))?;
    let address = receipt.contract_address.ok_or_eyre("the receipt names no contract")?;
    let token = Erc20 {
        address,
        deployed_in: receipt.block_number.ok_or_eyre("the receipt names no block")?,
        supply,
    };

    let NameReturn(name) = wallet.call(address, NameCall)?;
    ensure!(name == "Uniswap V2", "the token calls itself {name}");
    let DecimalsReturn(decimals) = wallet.call(address, DecimalsCall)?;
    ensure!(decimals == 18, "{decimals} decimals");
    let TotalSupplyReturn(total) = wallet.call(address, TotalSupplyCall)?;
    ensure!(total == supply, "a supply of {total}");
    let BalanceOfReturn(balance) =
        wallet.call(address, BalanceOfCall { owner: wallet.address() })?;
    ensure!(balance == supply, "the deployer holds {balance}");
    Ok(token)
}

/// Pays ether with a legacy transaction, as wallets of that age do.
fn pay(node: &Node, wallet: &Wallet<'_>, to: Address) -> Result<()> {
    let balance = || node.request::<_, U256>("eth_getBalance", (to, "latest"));
    let before = balance()?;
    let receipt = wallet.send(wallet.payment(to, PAYMENT.into()))?;
    ensure!(
        receipt.gas_used == Some(PAYMENT_GAS.into()),
        "the payment used {:?} gas",
        receipt.gas_used
    );
    let received = balance()?.saturating_sub(before);
    ensure!(received == PAYMENT.into(), "the payment delivered {received}");
    Ok(())
}

/// Estimates a transfer, sends it with that estimate, and sees it in the receipt, in a polled filter and in the
/// signed transaction that the node gives back.
fn transfer(node: &Node, wallet: &Wallet<'_>, token: &Erc20, to: Address) -> Result<()> {
    let filter: U256 = node.request("eth_newFilter", [transfers(token)])?;
    let call = wallet
        .to_contract(token.address, TransferCall { to, value: TRANSFER.into() }.encode().into());
    let estimate: U256 = node.request("eth_estimateGas", [&call])?;
    ensure!(
        estimate > PAYMENT_GAS.into() && estimate < TRANSFER_GAS_MAX.into(),
        "the estimate for a transfer is {estimate}"
    );

    let receipt = wallet.send(call)?;
    ensure!(receipt.gas_used.is_some_and(|used| used <= estimate), "{estimate} gas is not enough");
    let BalanceOfReturn(balance) = wallet.call(token.address, BalanceOfCall { owner: to })?;
    ensure!(balance == TRANSFER.into(), "the receiver holds {balance}");

    let expected = TransferFilter { from: wallet.address(), to, value: TRANSFER.into() };
    same_events(receipt.logs.clone(), std::slice::from_ref(&expected))
        .wrap_err("logs of the receipt")?;
    let polled: Vec<Log> = node.request("eth_getFilterChanges", [filter])?;
    same_events(polled, &[expected]).wrap_err("changes of the filter")?;
    let known: bool = node.request("eth_uninstallFilter", [filter])?;
    ensure!(known, "the filter was forgotten");
    same_transaction(node, wallet, token, &receipt)
}

/// The node's JSON has every signed field: ethers computes the same hash from it and recovers the sender.
fn same_transaction(
    node: &Node,
    wallet: &Wallet<'_>,
    token: &Erc20,
    receipt: &TransactionReceipt,
) -> Result<()> {
    let hash = receipt.transaction_hash;
    let found: Option<Transaction> = node.request("eth_getTransactionByHash", [hash])?;
    let found = found.ok_or_eyre("the transaction is unknown")?;
    ensure!(found.hash() == hash, "its fields hash to {:?}", found.hash());
    ensure!(
        found.recover_from()? == wallet.address(),
        "it was signed by {:?}",
        found.recover_from()?
    );
    ensure!(found.to == Some(token.address), "it went to {:?}", found.to);
    ensure!(found.transaction_type == Some(2.into()), "its type is {:?}", found.transaction_type);
    let next: U256 = node.request("eth_getTransactionCount", (wallet.address(), "latest"))?;
    ensure!(found.nonce + 1 == next, "nonce {} is followed by {next}", found.nonce);
    Ok(())
}

/// All transfers since the deployment, then those to the receiver, which the node has to pick by topic.
fn filter_history(node: &Node, wallet: &Wallet<'_>, token: &Erc20, to: Address) -> Result<()> {
    let minted =
        TransferFilter { from: Address::zero(), to: wallet.address(), value: token.supply };
    let sent = TransferFilter { from: wallet.address(), to, value: TRANSFER.into() };
    let since = transfers(token).from_block(token.deployed_in);
    let all: Vec<Log> = node.request("eth_getLogs", [&since])?;
    same_events(all, &[minted, sent.clone()]).wrap_err("logs since the deployment")?;
    let received: Vec<Log> = node.request("eth_getLogs", [since.topic2(to)])?;
    same_events(received, &[sent]).wrap_err("logs of the receiver")
}

/// A call that reverts says why, in an error whose data ethers decodes; so does the estimate for it.
fn meet_revert(node: &Node, wallet: &Wallet<'_>, token: &Erc20, to: Address) -> Result<()> {
    let too_much = TransferCall { to, value: token.supply * 2 };
    let call = wallet.to_contract(token.address, too_much.encode().into());
    reverted(node.request::<_, Bytes>("eth_call", (&call, "latest"))).wrap_err("eth_call")?;
    reverted(node.request::<_, U256>("eth_estimateGas", [&call])).wrap_err("eth_estimateGas")
}

fn reverted<T>(answer: Result<T, NodeError>) -> Result<()> {
    let Err(error) = answer else { eyre::bail!("should have reverted") };
    let data = error.revert_data().ok_or_else(|| eyre::eyre!("no revert data in: {error}"))?;
    let reason = <String as EthError>::decode_with_selector(&data);
    ensure!(reason.as_deref() == Some(UNDERFLOW), "the reason is {reason:?}");
    Ok(())
}

fn transfers(token: &Erc20) -> Filter {
    Filter::new().address(token.address).event(&TransferFilter::abi_signature())
}

fn same_events(logs: Vec<Log>, expected: &[TransferFilter]) -> Result<()> {
    let decoded: Vec<TransferFilter> = logs.into_iter().map(parse_log).collect::<Result<_, _>>()?;
    ensure!(decoded == expected, "expected {expected:?}, got {decoded:?}");
    Ok(())
}
