//! A private anvil, and a provider with the wallet of its first account.

use std::{
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use alloy::{
    primitives::{Address, B256, U256, address, b256},
    providers::{DynProvider, Provider, ProviderBuilder},
    signers::local::PrivateKeySigner,
};
use bindings::{Claims, DeployParams, DisputeParams, L1Addresses, L1Start, L2Genesis};

/// The first of anvil's funded accounts, and its published key.
pub(crate) const DEPLOYER: Address = address!("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266");
const DEPLOYER_KEY: B256 =
    b256!("0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80");

/// A running anvil; killed when dropped, so a failed assertion leaves nothing behind.
pub(crate) struct Anvil {
    process: Child,
    pub(crate) provider: DynProvider,
}

impl Drop for Anvil {
    fn drop(&mut self) {
        // Both fail only if the process is gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Anvil {
    /// Starts anvil on a free port.
    pub(crate) async fn start(arguments: &[&str]) -> Self {
        // The second test of a process finds it installed.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut process = Command::new(binary())
            .args(["--port", "0", "--hardfork", "prague"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("anvil starts");
        let output = process.stdout.take().expect("stdout is piped");
        let mut lines = BufReader::new(output).lines().map_while(Result::ok);
        let address = lines.find_map(|line| line.strip_prefix("Listening on ").map(str::to_owned));
        let url = format!("http://{}", address.expect("anvil says where it listens"));
        // Keep reading: a full pipe would block anvil.
        std::thread::spawn(move || lines.for_each(drop));

        let signer = PrivateKeySigner::from_bytes(&DEPLOYER_KEY).expect("the key is valid");
        let provider = ProviderBuilder::new()
            .wallet(signer)
            .connect(&url)
            .await
            .expect("anvil answers")
            .erased();
        Self { process, provider }
    }
}

/// `ANVIL`, or the one that `npm ci` put into `contracts/node_modules`.
fn binary() -> PathBuf {
    let installed = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil");
    let binary = std::env::var_os("ANVIL").map_or(installed, PathBuf::from);
    assert!(binary.exists(), "no anvil at {}: run `npm ci` in contracts/", binary.display());
    binary
}

/// A devnet's deployment, with the deployer in every role.
pub(crate) fn params() -> DeployParams {
    DeployParams {
        deployer: DEPLOYER,
        owner: DEPLOYER,
        batcher: DEPLOYER,
        guardian: DEPLOYER,
        pause: 60,
        gas_limit: 60_000_000,
        base_fee_scalar: 1_368,
        blob_base_fee_scalar: 810_949,
        operator_fee_scalar: 5,
        operator_fee_constant: 7,
        proposal_interval: 60,
        l2_block_time: 1,
        disputes: DisputeParams {
            bonds: [1, 2, 3].map(|many| U256::from(many) * U256::from(10).pow(U256::from(16))),
            window: 60,
            effort: 20,
            proposal_lag: 3_600,
            refund_price_max: 1_000_000_000,
            step_gas_max: 8_000_000,
            initial_state: B256::repeat_byte(8),
            parameters_hash: B256::repeat_byte(9),
        },
    }
}

/// The genesis of that chain, which is an hour old.
pub(crate) fn genesis_at(start: &L1Start, _contracts: &L1Addresses) -> L2Genesis {
    L2Genesis { claim: genesis(), timestamp: start.timestamp - 3_600 }
}

/// What stands after its genesis block.
pub(crate) fn genesis() -> Claims::BlockClaim {
    Claims::BlockClaim {
        blockHash: B256::repeat_byte(1),
        stateRoot: B256::repeat_byte(2),
        withdrawalsRoot: B256::repeat_byte(3),
        cursor: B256::repeat_byte(4),
        originHash: B256::repeat_byte(5),
        sequenceNumber: 0,
        number: 0,
    }
}
