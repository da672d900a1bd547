//! What has to be known of a chain before anything is signed for it: asked for, or given.

use alloy::primitives::{Address, U256};
use bench::{
    ChainFacts, Rpc, Spec,
    workload::{Key, Keys},
};
use eyre::{Result, WrapErr, ensure, eyre};

use super::args::GenerateArgs;

/// What a base fee is multiplied with: it may rise under the load that is to come.
const FEE_ROOM: u64 = 10;
/// The price where nobody was asked, in gwei.
const FEE_GWEI: u64 = 10;
const GWEI: u64 = 1_000_000_000;

pub(super) async fn find(args: &GenerateArgs, spec: &Spec, funder: &Key) -> Result<ChainFacts> {
    let too_much = || eyre!("that is more than a price can be");
    let given = args.max_fee_gwei.map(|gwei| gwei.checked_mul(GWEI).ok_or_else(too_much));
    let given = given.transpose()?;
    let Some(url) = &args.rpc else {
        return Ok(ChainFacts {
            chain_id: args.chain_id.ok_or_else(|| eyre!("a chain id, or an endpoint to ask"))?,
            max_fee: given.unwrap_or(FEE_GWEI * GWEI),
            funder_nonce: args.funder_nonce.unwrap_or_default(),
            nonces: Vec::new(),
        });
    };
    let rpc = Rpc::new(url)?;
    let chain_id = rpc.chain_id().await?;
    if let Some(wanted) = args.chain_id {
        ensure!(wanted == chain_id, "{url} is of chain {chain_id}, not {wanted}");
    }
    let max_fee = match given {
        Some(given) => given,
        None => {
            let base = rpc.base_fee().await.wrap_err("the base fee is not known")?;
            std::cmp::max(base.checked_mul(FEE_ROOM).ok_or_else(too_much)?, GWEI)
        }
    };
    let keys = Keys::new(spec.seed);
    let senders: Vec<Address> =
        (0..spec.senders).map(|index| Ok(keys.sender(index)?.address())).collect::<Result<_>>()?;
    let nonces = rpc.nonces(&senders, "pending").await?;
    let funder = rpc.nonces(&[funder.address()], "pending").await?;
    let funder_nonce = funder.first().copied().ok_or_else(|| eyre!("no nonce of the funder"))?;
    Ok(ChainFacts { chain_id, max_fee, funder_nonce, nonces })
}

/// Whether the funder has what a workload can cost.
pub(super) async fn afford(url: &str, funder: Address, cost: U256) -> Result<()> {
    let balance = Rpc::new(url)?.balance(funder).await?;
    ensure!(
        balance >= cost,
        "the funder {funder} has {balance} wei, and the workload can cost {cost}: a lower --max-fee-gwei or fewer transactions cost less"
    );
    Ok(())
}
