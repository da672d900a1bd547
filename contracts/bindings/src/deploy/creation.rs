//! The contracts that a deployment makes, with their arguments.

use alloy::{
    primitives::{Address, Bytes, U256},
    sol_types::SolConstructor,
};

use super::{DeployParams, L1Addresses, L2Genesis};
use crate::contracts::{
    BatchInbox, DisputeOracle, ISystemConfig, L1CrossDomainMessenger, L1StandardBridge, Portal,
    Step, SystemConfig,
};

/// One contract to be made.
pub(super) struct Creation {
    pub(super) name: &'static str,
    pub(super) address: Address,
    /// With the arguments.
    pub(super) code: Bytes,
}

impl Creation {
    fn new<C: SolConstructor>(
        name: &'static str,
        address: Address,
        bytecode: &Bytes,
        arguments: &C,
    ) -> Self {
        let code = [bytecode.as_ref(), &arguments.abi_encode()].concat().into();
        Self { name, address, code }
    }
}

/// The contracts that L2 is derived from, in the order of [`predict_addresses`].
pub(super) fn creations_for_derivation(
    params: &DeployParams,
    addresses: &L1Addresses,
) -> [Creation; 3] {
    let system_config = SystemConfig::constructorCall {
        owner_: params.owner,
        portal: addresses.portal,
        inbox: addresses.batch_inbox,
        parameters_: ISystemConfig::Parameters {
            batcher: params.batcher,
            gasLimit: params.gas_limit,
            baseFeeScalar: params.base_fee_scalar,
            blobBaseFeeScalar: params.blob_base_fee_scalar,
            operatorFeeScalar: params.operator_fee_scalar,
            operatorFeeConstant: params.operator_fee_constant,
        },
    };
    let portal = Portal::constructorCall {
        systemConfig_: addresses.system_config,
        outputOracle_: addresses.output_oracle,
        guardian_: params.guardian,
        pause_: U256::from(params.pause),
    };
    let batch_inbox = BatchInbox::constructorCall { systemConfig_: addresses.system_config };
    [
        Creation::new(
            "SystemConfig",
            addresses.system_config,
            &SystemConfig::BYTECODE,
            &system_config,
        ),
        Creation::new("Portal", addresses.portal, &Portal::BYTECODE, &portal),
        Creation::new("BatchInbox", addresses.batch_inbox, &BatchInbox::BYTECODE, &batch_inbox),
    ]
}

/// The machine, and the contract that names it and the genesis.
pub(super) fn dispute_creations(
    params: &DeployParams,
    addresses: &L1Addresses,
    genesis: L2Genesis,
) -> [Creation; 2] {
    let arguments = DisputeOracle::constructorCall {
        rules: params.disputes.encode(addresses.step),
        chain: DisputeOracle::OracleParameters {
            batchInbox: addresses.batch_inbox,
            portal: addresses.portal,
            proposalInterval: params.proposal_interval,
            l2BlockTime: params.l2_block_time,
            proposalLag: params.disputes.proposal_lag,
            genesisTime: genesis.timestamp,
            parametersHash: params.disputes.parameters_hash,
            genesis: genesis.claim,
        },
    };
    let step = Creation { name: "Step", address: addresses.step, code: Step::BYTECODE.clone() };
    let (address, code) = (addresses.output_oracle, &DisputeOracle::BYTECODE);
    [step, Creation::new("DisputeOracle", address, code, &arguments)]
}

/// What only users need, and L2's genesis names.
pub(super) fn bridge_creations(addresses: &L1Addresses) -> [Creation; 2] {
    let messenger = L1CrossDomainMessenger::constructorCall { portal_: addresses.portal };
    let bridge = L1StandardBridge::constructorCall { messenger_: addresses.messenger };
    [
        Creation::new(
            "L1CrossDomainMessenger",
            addresses.messenger,
            &L1CrossDomainMessenger::BYTECODE,
            &messenger,
        ),
        Creation::new("L1StandardBridge", addresses.bridge, &L1StandardBridge::BYTECODE, &bridge),
    ]
}
