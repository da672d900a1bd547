//! `braid deploy`: puts the contracts of a new chain on L1 and writes `rollup.json`.

use std::{collections::BTreeMap, fs};

use alloy::{providers::ProviderBuilder, signers::local::PrivateKeySigner};
use bindings::FeeVaultParams;
use eyre::{Result, WrapErr, ensure};

use crate::{
    args::DeployArgs,
    chain::{self, BridgeOnL1, ChainParams, L1_BLOCK_TIME},
};

/// Gas of one L2 block of a new chain.
const GAS_LIMIT: u64 = 300_000_000;
/// Seconds that both sides gain when they meet in a dispute, unless the window is short.
const EFFORT: u64 = 1_800;
/// Seconds that a block with user transactions may lie after its L1 origin.
const SEQUENCER_DRIFT_MAX: u64 = 600;

pub(crate) async fn run(args: DeployArgs) -> Result<()> {
    ensure!(!args.out.exists(), "{} exists already: a chain is made once", args.out.display());
    let key = fs::read_to_string(&args.key_file)
        .wrap_err_with(|| format!("cannot read the key file {}", args.key_file.display()))?;
    // The parser's own error could show what it could not parse.
    let signer: PrivateKeySigner =
        key.trim().parse().map_err(|_| eyre::eyre!("the key file does not hold a private key"))?;
    let deployer = signer.address();
    let url = args.l1_rpc.parse().wrap_err("the L1 endpoint is not a URL")?;
    let l1 = ProviderBuilder::new().wallet(signer).connect_http(url);
    let params = ChainParams {
        l2_chain_id: args.l2_chain_id,
        block_time: args.block_time,
        l1_block_time: L1_BLOCK_TIME,
        gas_limit: GAS_LIMIT,
        sequencing_window: args.sequencing_window,
        sequencer_drift_max: SEQUENCER_DRIFT_MAX,
        proposal_interval: args.proposal_interval,
        dispute_window: args.dispute_window,
        effort: chain::effort(args.dispute_effort, EFFORT, args.dispute_window),
        bonds: args.bonds,
        deployer,
        batcher: args.batcher,
        guardian: args.guardian.unwrap_or_default(),
        pause: args.pause,
        fees: FeeVaultParams {
            recipient: args.fee_recipient.unwrap_or(deployer),
            network: args.fee_layer.into(),
            withdrawal_min: args.fee_withdrawal_min,
        },
        funded: BTreeMap::new(),
    };
    let config = chain::create(&l1, &params).await?;
    let json = serde_json::to_string_pretty(&config).wrap_err("cannot encode the configuration")?;
    fs::write(&args.out, json + "\n")
        .wrap_err_with(|| format!("cannot write {}", args.out.display()))?;
    let BridgeOnL1 { messenger, bridge } = chain::bridge_on_l1(&config);
    tracing::info!(
        out = %args.out.display(),
        system_config = %config.contracts.system_config,
        batch_inbox = %config.contracts.batch_inbox,
        portal = %config.contracts.portal,
        output_oracle = %config.contracts.output_oracle,
        messenger = messenger.map(tracing::field::display),
        bridge = bridge.map(tracing::field::display),
        multicall3 = %bindings::multicall3::ADDRESS,
        "the contracts are on L1"
    );
    Ok(())
}
