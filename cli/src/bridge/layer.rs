//! One of the two chains: asked, simulated on, sent to. Every transaction is simulated before it is signed.

use std::{fmt, time::Duration};

use alloy::{
    eips::{BlockNumberOrTag, Encodable2718},
    network::{EthereumWallet, NetworkTransactionBuilder, TransactionBuilder},
    primitives::{Address, B256, Bytes, TxKind, U64, U256},
    providers::{DynProvider, Provider},
    rpc::types::{Log, TransactionRequest},
    signers::local::PrivateKeySigner,
    sol_types::SolCall,
};
use eyre::{Result, WrapErr, bail, ensure, eyre};
use serde::Deserialize;
use serde_json::json;

use super::{console::Console, refusal, wait::Outage};

/// Pause between two looks for a receipt.
const RECEIPT_PAUSE: Duration = Duration::from_millis(500);
/// A transaction that is not in a block by then is left to itself.
const RECEIPT_TIME_MAX: Duration = Duration::from_secs(1_800);
/// Part of an estimate that is added to it: prices of the deposit market move from block to block.
const GAS_MARGIN_PARTS: u64 = 4;

/// Which chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Name {
    L1,
    L2,
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::L1 => "L1",
            Self::L2 => "L2",
        })
    }
}

/// One chain.
#[derive(Debug, Clone)]
pub(crate) struct Layer {
    pub(crate) name: Name,
    pub(crate) provider: DynProvider,
    pub(crate) chain_id: u64,
}

/// A call of a contract that may carry value.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) to: Address,
    pub(crate) value: U256,
    pub(crate) input: Bytes,
}

impl Call {
    pub(crate) fn new(to: Address, call: &impl SolCall) -> Self {
        Self { to, value: U256::ZERO, input: call.abi_encode().into() }
    }

    pub(crate) fn paying(self, value: U256) -> Self {
        Self { value, ..self }
    }

    fn request(&self, from: Address) -> TransactionRequest {
        TransactionRequest {
            from: Some(from),
            to: Some(TxKind::Call(self.to)),
            value: Some(self.value),
            input: self.input.clone().into(),
            ..TransactionRequest::default()
        }
    }
}

/// What became of a transaction; of any type, deposits included.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Receipt {
    pub(crate) transaction_hash: B256,
    status: U64,
    block_number: U64,
    pub(crate) block_hash: B256,
    pub(crate) logs: Vec<Log>,
}

impl Receipt {
    pub(crate) fn succeeded(&self) -> bool {
        !self.status.is_zero()
    }

    pub(crate) fn block(&self) -> u64 {
        self.block_number.to()
    }
}

#[derive(Debug, Deserialize)]
struct BlockTime {
    timestamp: U64,
}

impl Layer {
    /// Calls a view function in the newest state.
    pub(crate) async fn view<C: SolCall>(&self, contract: Address, call: C) -> Result<C::Return> {
        let name = self.name;
        let request = Call::new(contract, &call).request(Address::ZERO);
        let what = || format!("cannot ask {contract} on {name} for {}", C::SIGNATURE);
        let output = self.provider.call(request).await.wrap_err_with(what)?;
        C::abi_decode_returns(&output).wrap_err_with(what)
    }

    /// The same of a contract that may not have the function: none if it has not.
    pub(crate) async fn view_if_there<C: SolCall>(
        &self,
        contract: Address,
        call: C,
    ) -> Result<Option<C::Return>> {
        let request = Call::new(contract, &call).request(Address::ZERO);
        match self.provider.call(request).await {
            Ok(output) => Ok(C::abi_decode_returns(&output).ok()),
            Err(error) if refusal::is_answer(&error) => Ok(None),
            Err(error) => Err(error).wrap_err_with(|| {
                format!("cannot ask {contract} on {} for {}", self.name, C::SIGNATURE)
            }),
        }
    }

    /// Whether there is code at this address.
    pub(crate) async fn has_code(&self, address: Address) -> Result<bool> {
        let code = self.provider.get_code_at(address).await;
        Ok(!code.wrap_err_with(|| format!("cannot read code on {}", self.name))?.is_empty())
    }

    /// What a call from `from` would do: its gas, or why it would fail.
    pub(crate) async fn simulate(&self, what: &str, from: Address, call: &Call) -> Result<u64> {
        let estimate = self.provider.estimate_gas(call.request(from)).await;
        estimate.map_err(|error| match refusal::of(&error) {
            Some(refused) => eyre!("{what} would fail on {}: {refused}", self.name),
            None => eyre!(error).wrap_err(format!("cannot simulate {what} on {}", self.name)),
        })
    }

    /// Simulates, signs and sends. Gives the hash, under which the transaction is found once it is in a block.
    pub(crate) async fn send(
        &self,
        what: &str,
        signer: &PrivateKeySigner,
        call: &Call,
    ) -> Result<B256> {
        let estimate = self.simulate(what, signer.address(), call).await?;
        let prepare = || format!("cannot prepare {what} on {}", self.name);
        let fees = self.provider.estimate_eip1559_fees().await.wrap_err_with(prepare)?;
        let nonce = self.provider.get_transaction_count(signer.address()).pending().await;
        let request = call
            .request(signer.address())
            .with_chain_id(self.chain_id)
            .with_nonce(nonce.wrap_err_with(prepare)?)
            .with_gas_limit(estimate + estimate / GAS_MARGIN_PARTS)
            .with_max_fee_per_gas(fees.max_fee_per_gas)
            .with_max_priority_fee_per_gas(fees.max_priority_fee_per_gas);
        let signed = request.build(&EthereumWallet::from(signer.clone())).await;
        let signed = signed.wrap_err_with(prepare)?;
        let hash = *signed.tx_hash();
        let sent = self.provider.send_raw_transaction(&signed.encoded_2718()).await;
        // The answer to a first attempt may have been lost, and a second one refused because of it.
        match sent {
            Err(error) if !self.knows(hash).await => {
                Err(error).wrap_err_with(|| format!("{} has not taken {what}", self.name))
            }
            _ => Ok(hash),
        }
    }

    async fn knows(&self, hash: B256) -> bool {
        let found = self
            .provider
            .raw_request::<_, Option<serde_json::Value>>("eth_getTransactionByHash".into(), [hash]);
        matches!(found.await, Ok(Some(_)))
    }

    /// The receipt; none while the transaction is in no block.
    pub(crate) async fn receipt(&self, hash: B256) -> Result<Option<Receipt>> {
        let receipt = self.provider.raw_request("eth_getTransactionReceipt".into(), [hash]).await;
        receipt.wrap_err_with(|| format!("cannot ask {} for the receipt of {hash}", self.name))
    }

    /// Sends, says so, and waits until the transaction is in a block, where it must have succeeded.
    pub(crate) async fn execute(
        &self,
        what: &str,
        signer: &PrivateKeySigner,
        call: &Call,
        console: &mut Console,
    ) -> Result<Receipt> {
        let hash = self.send(what, signer, call).await?;
        let name = self.name;
        let fields = json!({ "what": what, "chain": name.to_string(), "transaction": hash });
        console.step("sent", &format!("sent on {name}: {what}, transaction {hash}"), fields);
        self.included(what, hash, console).await
    }

    async fn included(&self, what: &str, hash: B256, console: &mut Console) -> Result<Receipt> {
        let name = self.name;
        let deadline = tokio::time::Instant::now() + RECEIPT_TIME_MAX;
        let mut outage = Outage::default();
        loop {
            match self.receipt(hash).await {
                Ok(Some(receipt)) => {
                    ensure!(receipt.succeeded(), "{what} failed on {name}: transaction {hash}");
                    return Ok(receipt);
                }
                Ok(None) => {
                    outage.over();
                    console.waiting("block", &format!("waiting for a block of {name}"));
                }
                Err(error) => console.waiting("outage", &outage.bear(error)?),
            }
            if tokio::time::Instant::now() >= deadline {
                let minutes = RECEIPT_TIME_MAX.as_secs() / 60;
                bail!(
                    "{what} is in no block of {name} after {minutes} minutes: transaction {hash}"
                );
            }
            tokio::time::sleep(RECEIPT_PAUSE).await;
        }
    }

    /// Number of the newest block.
    pub(crate) async fn head(&self) -> Result<u64> {
        let head = self.provider.get_block_number().await;
        head.wrap_err_with(|| format!("cannot read the head of {}", self.name))
    }

    /// Timestamp of a block, in seconds.
    pub(crate) async fn timestamp(&self, number: u64) -> Result<u64> {
        let what = || format!("cannot read block {number} of {}", self.name);
        let params = (BlockNumberOrTag::Number(number), false);
        let block = self.provider.raw_request("eth_getBlockByNumber".into(), params).await;
        let block: Option<BlockTime> = block.wrap_err_with(what)?;
        let block = block.ok_or_else(|| eyre!("{} has no block {number}", self.name))?;
        Ok(block.timestamp.to())
    }
}
