//! Braid's contracts as Rust types, made from the committed `contracts/artifacts`.
//!
//! Not a place for rules: what the bytes mean is in `protocol`, and this crate knows none of our others.
//!
//! - [`contracts`]: one typed binding per contract.
//! - [`deploy`]: puts the L1 contracts on an L1.
//! - [`predeploys`]: code and storage of what stands on L2 from genesis.
//! - [`multicall3`]: the contract that clients batch their reads through, on both layers.

pub mod contracts;
pub mod deploy;
pub mod multicall3;
pub mod predeploys;

pub use contracts::{
    BatchInbox, BenchPair, BenchSetup, BenchToken, Claims, DisputeOracle, FeeVault, GasPriceOracle,
    IDisputeOracle, IL2OutputOracle, ISystemConfig, ITournaments, L1Block, L1CrossDomainMessenger,
    L1StandardBridge, L2CrossDomainMessenger, L2StandardBridge, L2ToL1MessagePasser,
    OptimismMintableERC20, OptimismMintableERC20Factory, Portal, Step, SystemConfig, WETH9,
};
pub use deploy::{
    DeployError, DeployParams, DeployedL1, DisputeParams, DisputeParamsError, L1Addresses, L1Start,
    L2Genesis, deploy_l1, predict_addresses,
};
pub use predeploys::{
    FeeVaultParams, Predeploy, PredeployParams, WithdrawalNetwork, l2_predeploys,
};
