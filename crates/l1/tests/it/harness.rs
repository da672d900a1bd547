//! One private L1 per test, with our contracts on it where a test needs them.

use std::{sync::Arc, time::Duration};

use alloy::{
    network::TransactionBuilder,
    primitives::{Address, B256, Bytes, U256, address},
    providers::{Provider, ext::AnvilApi},
    rpc::types::{TransactionReceipt, TransactionRequest, anvil::ReorgOptions},
    sol_types::SolCall,
};
use bindings::{Claims, DeployParams, DisputeParams, L1Addresses, L1Start, L2Genesis, deploy_l1};
use l1::{
    BlobReader, Kzg, L1Client, L1Config, L1Reader, LocalSigner,
    anvil::{Anvil, AnvilOptions, MNEMONIC},
};
use protocol::{BlobFee, BlockId, Eip1559Params, Genesis, L1Contracts, RollupConfig, SystemConfig};

pub(crate) const CHAIN_ID: u64 = 900;
/// Anvil's first account: deploys, owns SystemConfig, deposits.
pub(crate) const OWNER: Address = address!("f39Fd6e51aad88F6F4ce6aB8827279cffFb92266");
/// What a proposal costs, in wei.
pub(crate) const BOND: u64 = 1_000;
/// Longest wait for anything in a test.
const PATIENCE: Duration = Duration::from_secs(60);

/// The account that posts batches.
pub(crate) fn batcher() -> LocalSigner {
    LocalSigner::from_mnemonic(MNEMONIC, 1).unwrap()
}

/// What every program does first.
pub(crate) fn install_tls() {
    // Fails only if another test of this process was first.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// An anvil and a client to it.
pub(crate) struct L1 {
    pub(crate) anvil: Anvil,
    pub(crate) config: L1Config,
    pub(crate) client: L1Client,
}

impl L1 {
    pub(crate) async fn start() -> Self {
        Self::start_with(AnvilOptions::default()).await
    }

    pub(crate) async fn start_with(options: AnvilOptions) -> Self {
        install_tls();
        let anvil = Anvil::spawn(options).await.unwrap();
        let config = L1Config {
            l1_poll_interval: Duration::from_millis(20),
            ..L1Config::for_anvil(&anvil.url())
        };
        let client = L1Client::connect(&config, CHAIN_ID).await.unwrap();
        Self { anvil, config, client }
    }

    pub(crate) async fn deploy(&self) -> RollupConfig {
        let params = DeployParams {
            deployer: OWNER,
            owner: OWNER,
            batcher: batcher().address(),
            guardian: OWNER,
            pause: 60,
            gas_limit: 60_000_000,
            base_fee_scalar: 1_368,
            blob_base_fee_scalar: 810_949,
            operator_fee_scalar: 0,
            operator_fee_constant: 0,
            proposal_interval: 10,
            l2_block_time: 1,
            disputes: DisputeParams {
                bonds: [U256::from(BOND); 3],
                window: 60,
                effort: 20,
                proposal_lag: 3_600,
                refund_price_max: 0,
                step_gas_max: 0,
                initial_state: B256::repeat_byte(8),
                parameters_hash: B256::repeat_byte(9),
            },
        };
        // As old as the lag, so that many blocks can be proposed at once and none has to be.
        let genesis = |start: &L1Start, _: &L1Addresses| L2Genesis {
            claim: claim(0),
            timestamp: start.timestamp - 3_600,
        };
        let deployed = deploy_l1(self.client.provider(), &params, genesis).await.unwrap();
        rollup(
            L1Contracts {
                system_config: deployed.contracts.system_config,
                batch_inbox: deployed.contracts.batch_inbox,
                portal: deployed.contracts.portal,
                output_oracle: deployed.contracts.output_oracle,
            },
            BlockId { number: deployed.start.block.number, hash: deployed.start.block.hash },
        )
    }

    pub(crate) fn reader(&self, rollup: &RollupConfig) -> L1Reader {
        let config = L1Config { verify_accumulators: true, ..self.config.clone() };
        let blobs = BlobReader::new(&config, Kzg::start_lazily().unwrap()).unwrap();
        L1Reader::new(self.client.clone(), blobs, Arc::new(rollup.clone()), &config)
    }

    pub(crate) async fn head(&self) -> u64 {
        self.client.provider().get_block_number().await.unwrap()
    }

    pub(crate) async fn mine(&self, blocks: u64) {
        self.client.provider().anvil_mine(Some(blocks), None).await.unwrap();
    }

    pub(crate) async fn reorg(&self, depth: u64) {
        let options = ReorgOptions { depth, tx_block_pairs: Vec::new() };
        self.client.provider().anvil_reorg(options).await.unwrap();
    }

    pub(crate) async fn set_automine(&self, on: bool) {
        self.client.provider().anvil_set_auto_mine(on).await.unwrap();
    }

    /// Sends a call from one of anvil's own accounts and waits for it.
    pub(crate) async fn call<C: SolCall>(
        &self,
        from: Address,
        to: Address,
        value: u64,
        call: C,
    ) -> TransactionReceipt {
        let request = TransactionRequest::default()
            .with_from(from)
            .with_to(to)
            .with_value(U256::from(value))
            .with_input(Bytes::from(call.abi_encode()));
        let sent = self.client.provider().send_transaction(request).await.unwrap();
        let receipt = sent.get_receipt().await.unwrap();
        assert!(receipt.status(), "{receipt:?}");
        receipt
    }
}

/// A claim about block 0, or another that nobody made.
pub(crate) fn claim(number: u8) -> Claims::BlockClaim {
    Claims::BlockClaim {
        blockHash: B256::repeat_byte(number),
        stateRoot: B256::ZERO,
        withdrawalsRoot: B256::ZERO,
        cursor: B256::ZERO,
        originHash: B256::ZERO,
        sequenceNumber: 0,
        number: 0,
    }
}

/// A configuration that only names the contracts; the L2 side is not looked at here.
fn rollup(contracts: L1Contracts, l1: BlockId) -> RollupConfig {
    RollupConfig {
        l1_chain_id: CHAIN_ID,
        l2_chain_id: 901,
        block_time: 1,
        sequencing_window: 40,
        sequencer_drift_max: 600,
        proposal_interval: 10,
        dispute_window: 60,
        fees: Eip1559Params { elasticity: 6, denominator: 50, base_fee_min: 1 },
        // The update fraction of Prague.
        blob_schedule: vec![BlobFee { from_timestamp: 0, update_fraction: 5_007_716 }],
        contracts,
        genesis: Genesis {
            l1,
            timestamp: 0,
            gas_limit: 60_000_000,
            base_fee: 1,
            system_config: SystemConfig::default(),
            alloc: Default::default(),
        },
    }
}

/// Waits for a future, but not for ever.
pub(crate) async fn soon<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(PATIENCE, future).await.expect("it happens within a minute")
}
