//! An account that fills in, signs and sends transactions the way ethers' `SignerMiddleware` does, and waits
//! for them. Nobody else uses the account meanwhile, so the nonce is the node's.

use std::{
    thread,
    time::{Duration, Instant},
};

use ethers_contract::EthCall;
use ethers_core::{
    abi::AbiDecode,
    types::{
        Address, Block, Bytes, Eip1559TransactionRequest, FeeHistory, H256, TransactionReceipt,
        TransactionRequest, U256, transaction::eip2718::TypedTransaction,
    },
    utils::{
        EIP1559_FEE_ESTIMATION_PAST_BLOCKS, EIP1559_FEE_ESTIMATION_REWARD_PERCENTILE,
        eip1559_default_estimator, keccak256,
    },
};
use ethers_signers::{LocalWallet, Signer};
use eyre::{OptionExt, Result, WrapErr, bail, ensure};

use crate::node::Node;

/// A transaction without a receipt after this time is lost.
const RECEIPT_WAIT_MAX: Duration = Duration::from_secs(20);
const RECEIPT_POLL_INTERVAL: Duration = Duration::from_millis(50);

/// A key with the node that knows its account.
#[derive(Debug)]
pub(crate) struct Wallet<'a> {
    node: &'a Node,
    signer: LocalWallet,
}

impl<'a> Wallet<'a> {
    pub(crate) fn new(node: &'a Node, key: &str, chain_id: u64) -> Result<Self> {
        let signer: LocalWallet =
            key.trim_start_matches("0x").parse().wrap_err("BRAID_KEY is no private key")?;
        Ok(Self { node, signer: signer.with_chain_id(chain_id) })
    }

    pub(crate) fn address(&self) -> Address {
        self.signer.address()
    }

    /// A transaction that creates a contract.
    pub(crate) fn create(&self, data: Bytes) -> TypedTransaction {
        Eip1559TransactionRequest::new().from(self.address()).data(data).into()
    }

    /// A transaction or call to a contract.
    pub(crate) fn to_contract(&self, to: Address, data: Bytes) -> TypedTransaction {
        Eip1559TransactionRequest::new().from(self.address()).to(to).data(data).into()
    }

    /// A legacy transaction that pays ether.
    pub(crate) fn payment(&self, to: Address, value: U256) -> TypedTransaction {
        TransactionRequest::new().from(self.address()).to(to).value(value).into()
    }

    /// Calls a function that abigen knows and decodes what it returns.
    pub(crate) fn call<C: EthCall, R: AbiDecode>(&self, to: Address, call: C) -> Result<R> {
        let request = self.to_contract(to, call.encode().into());
        let output: Bytes = self.node.request("eth_call", (request, "latest"))?;
        R::decode(&output)
            .wrap_err_with(|| format!("cannot decode what {} returned", C::function_name()))
    }

    /// Fills in, signs, sends and waits for a receipt of success.
    pub(crate) fn send(&self, mut tx: TypedTransaction) -> Result<TransactionReceipt> {
        self.fill(&mut tx)?;
        let signature = self.signer.sign_transaction_sync(&tx)?;
        let raw = tx.rlp_signed(&signature);
        let expected = H256(keccak256(&raw));
        let hash: H256 = self.node.request("eth_sendRawTransaction", [raw])?;
        ensure!(hash == expected, "the node calls {expected:?} {hash:?}");
        let receipt = self.wait(hash)?;
        ensure!(receipt.status == Some(1.into()), "the transaction failed: {receipt:?}");
        ensure!(receipt.from == self.address(), "the receipt is from {:?}", receipt.from);
        Ok(receipt)
    }

    fn fill(&self, tx: &mut TypedTransaction) -> Result<()> {
        if let TypedTransaction::Eip1559(request) = tx {
            let (fee_max, tip_max) = self.estimate_fees()?;
            request.max_fee_per_gas = Some(fee_max);
            request.max_priority_fee_per_gas = Some(tip_max);
        } else {
            tx.set_gas_price::<U256>(self.node.request("eth_gasPrice", ())?);
        }
        tx.set_chain_id(self.signer.chain_id());
        tx.set_nonce::<U256>(
            self.node.request("eth_getTransactionCount", (self.address(), "pending"))?,
        );
        let gas: U256 = self.node.request("eth_estimateGas", [&*tx])?;
        tx.set_gas(gas);
        Ok(())
    }

    /// The fee and the tip at most, as ethers estimates them from the latest blocks.
    fn estimate_fees(&self) -> Result<(U256, U256)> {
        let latest: Block<H256> = self.node.request("eth_getBlockByNumber", ("latest", false))?;
        let base_fee = latest.base_fee_per_gas.ok_or_eyre("the latest block has no base fee")?;
        let history: FeeHistory = self.node.request(
            "eth_feeHistory",
            (
                U256::from(EIP1559_FEE_ESTIMATION_PAST_BLOCKS),
                "latest",
                [EIP1559_FEE_ESTIMATION_REWARD_PERCENTILE],
            ),
        )?;
        // One more: that of the block to come.
        ensure!(
            history.base_fee_per_gas.len() == history.gas_used_ratio.len() + 1,
            "the fee history is incomplete: {history:?}"
        );
        Ok(eip1559_default_estimator(base_fee, history.reward))
    }

    fn wait(&self, hash: H256) -> Result<TransactionReceipt> {
        let began = Instant::now();
        while began.elapsed() < RECEIPT_WAIT_MAX {
            let receipt: Option<TransactionReceipt> =
                self.node.request("eth_getTransactionReceipt", [hash])?;
            if let Some(receipt) = receipt {
                return Ok(receipt);
            }
            thread::sleep(RECEIPT_POLL_INTERVAL);
        }
        bail!("no receipt of {hash:?} after {RECEIPT_WAIT_MAX:?}")
    }
}
