//! `braid force`: a transaction that L2 must execute, sent through the portal on L1. The sequencer is not asked; with
//! `--rollup-config` and `--gas` nothing of L2 is.

use alloy::{
    network::TransactionBuilder,
    primitives::{Address, Bytes, U64, U256},
    providers::Provider,
    rpc::types::TransactionRequest,
};
use bindings::Portal;
use eyre::{Result, WrapErr, ensure, eyre};
use serde_json::json;

use crate::bridge::{
    args::ForceArgs,
    arrival,
    console::Console,
    layer::{Call, Layer},
    link::{self, Link},
    refusal,
};

/// Part of an estimate that is added to it: other transactions come first.
const GAS_MARGIN_PARTS: u64 = 5;

pub(crate) async fn run(args: ForceArgs) -> Result<()> {
    let mut console = Console::new(args.link.json);
    let signer = link::key(&args.key.key_file)?;
    let link = Link::connect(&args.link).await?;
    let forced = Forced::new(&args)?;
    let gas = match args.gas {
        Some(gas) => gas,
        None => forced.gas(&link, signer.address()).await?,
    };
    let portal = link.chain.contracts.portal;
    let call = Portal::depositTransactionCall {
        to: forced.to.unwrap_or_default(),
        value: forced.value,
        gasLimit: gas,
        isCreation: forced.to.is_none(),
        data: forced.data.clone(),
    };
    let call = Call::new(portal, &call).paying(forced.mint);
    let receipt = link.l1.execute("the forced transaction", &signer, &call, &mut console).await?;
    let text = "the forced transaction is";
    let deposited = arrival::announce(&link, &receipt, text, &mut console).await?;
    if !args.wait {
        return Ok(());
    }
    let executed = arrival::wait(&link, receipt.transaction_hash, &mut console).await?;
    ensure!(
        executed.succeeded(),
        "the forced transaction failed on L2; what was brought along is the balance of {} there",
        deposited.from
    );
    Ok(())
}

/// What L2 is to execute.
#[derive(Debug, Clone)]
struct Forced {
    /// None: a creation.
    to: Option<Address>,
    value: U256,
    mint: U256,
    data: Bytes,
}

impl Forced {
    fn new(args: &ForceArgs) -> Result<Self> {
        Ok(Self {
            to: args.to,
            value: args.value.in_wei().wrap_err("--value")?,
            mint: args.mint.in_wei().wrap_err("--mint")?,
            data: args.data.clone().unwrap_or_default(),
        })
    }

    /// What it takes by L2's newest state.
    async fn gas(&self, link: &Link, from: Address) -> Result<u64> {
        let l2 = link.l2().await;
        let l2 = l2.wrap_err("cannot estimate the gas on L2: give it with --gas")?;
        let estimate = self.estimate(l2, from).await?;
        let bytes = u64::try_from(self.data.len())?;
        let minimum = Portal::minimumGasLimitCall { byteCount: bytes };
        let minimum = link.l1.view(link.chain.contracts.portal, minimum).await?;
        Ok(std::cmp::max(estimate + estimate / GAS_MARGIN_PARTS, minimum))
    }

    async fn estimate(&self, l2: &Layer, from: Address) -> Result<u64> {
        let request = TransactionRequest::default().from(from).value(self.value);
        let request = request.input(self.data.clone().into());
        let request = match self.to {
            Some(to) => request.to(to),
            None => request.into_create(),
        };
        // What is brought along is there before it is executed.
        let balance = l2.provider.get_balance(from).await;
        let balance = balance.wrap_err("cannot read your balance on L2")?;
        let balance = balance.saturating_add(self.mint);
        let pretended = json!({ from.to_string(): { "balance": balance } });
        let params = (request, "latest", pretended);
        let estimate = l2.provider.raw_request::<_, U64>("eth_estimateGas".into(), params).await;
        let estimate = estimate.map_err(|error| match refusal::of(&error) {
            Some(why) => eyre!("it would fail on L2: {why}; --gas sends it all the same"),
            None => eyre!(error).wrap_err("cannot estimate the gas on L2: give it with --gas"),
        })?;
        Ok(estimate.to())
    }
}
