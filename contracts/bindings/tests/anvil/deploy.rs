//! Deployment: what stands afterwards, and how it fails.

use alloy::{
    primitives::{B256, U256, address, keccak256},
    providers::{Provider, ext::AnvilApi},
    sol_types::SolValue,
};
use bindings::{
    BatchInbox, DeployError, DeployParams, DisputeOracle, ITournaments, L1Addresses,
    L1CrossDomainMessenger, L1StandardBridge, L1Start, Portal, SystemConfig, deploy_l1, multicall3,
    predict_addresses,
};

use crate::node::{Anvil, DEPLOYER, genesis, genesis_at, params};

#[tokio::test]
async fn contracts_stand_where_predicted_and_name_one_another() {
    let anvil = Anvil::start(&[]).await;
    let provider = &anvil.provider;
    let predicted = predict_addresses(DEPLOYER, 0);
    let params = params();
    let mut told = None;
    let root = |start: &L1Start, contracts: &L1Addresses| {
        assert_eq!(*contracts, predicted);
        told = Some(*start);
        genesis_at(start, contracts)
    };
    let deployed = deploy_l1(provider, &params, root).await.unwrap();
    assert_eq!(deployed.contracts, predicted);

    let config = SystemConfig::new(predicted.system_config, provider);
    assert_eq!(config.optimismPortal().call().await.unwrap(), predicted.portal);
    assert_eq!(config.batchInbox().call().await.unwrap(), predicted.batch_inbox);
    let values = config.parameters().call().await.unwrap();
    assert_eq!(values.batcher, params.batcher);
    assert_eq!(values.gasLimit, params.gas_limit);
    assert_eq!(values.baseFeeScalar, params.base_fee_scalar);
    assert_eq!(values.blobBaseFeeScalar, params.blob_base_fee_scalar);
    assert_eq!(values.operatorFeeScalar, params.operator_fee_scalar);
    assert_eq!(values.operatorFeeConstant, params.operator_fee_constant);

    let portal = Portal::new(predicted.portal, provider);
    assert_eq!(portal.systemConfig().call().await.unwrap(), predicted.system_config);
    let inbox = BatchInbox::new(predicted.batch_inbox, provider);
    assert_eq!(inbox.systemConfig().call().await.unwrap(), predicted.system_config);
    assert_eq!(portal.outputOracle().call().await.unwrap(), predicted.output_oracle);
    let messenger = L1CrossDomainMessenger::new(predicted.messenger, provider);
    assert_eq!(messenger.portal().call().await.unwrap(), predicted.portal);
    let bridge = L1StandardBridge::new(predicted.bridge, provider);
    assert_eq!(bridge.messenger().call().await.unwrap(), predicted.messenger);
    let oracle = DisputeOracle::new(predicted.output_oracle, provider);
    assert_eq!(oracle.batchInbox().call().await.unwrap(), predicted.batch_inbox);
    assert_eq!(oracle.portal().call().await.unwrap(), predicted.portal);
    assert_eq!(oracle.MACHINE().call().await.unwrap(), predicted.step);
    for (level, bond) in (0..3).zip(params.disputes.bonds) {
        assert_eq!(oracle.bond(level).call().await.unwrap(), bond);
    }
    assert_eq!(oracle.WINDOW().call().await.unwrap(), params.disputes.window);
    assert_eq!(oracle.EFFORT().call().await.unwrap(), params.disputes.effort);
    let lag = U256::from(params.disputes.proposal_lag);
    assert_eq!(oracle.PROPOSAL_LAG().call().await.unwrap(), lag);
    let genesis_time = U256::from(deployed.start.timestamp - 3_600);
    assert_eq!(oracle.GENESIS_TIME().call().await.unwrap(), genesis_time);
    assert_eq!(oracle.INITIAL_STATE().call().await.unwrap(), params.disputes.initial_state);
    assert_eq!(oracle.PARAMETERS_HASH().call().await.unwrap(), params.disputes.parameters_hash);
    let first = oracle.proposal(U256::ZERO).call().await.unwrap();
    assert_eq!(first.claim, keccak256(genesis().abi_encode()));
    let parts = [B256::ZERO, genesis().stateRoot, genesis().withdrawalsRoot, genesis().blockHash];
    assert_eq!(first.outputRoot, keccak256(parts.concat()));

    assert_eq!(told, Some(deployed.start));
    let start = deployed.start.block.number;
    let block = provider.get_block(start.into()).await.unwrap().unwrap();
    assert_eq!(block.header.hash, deployed.start.block.hash);
    assert_eq!(block.header.timestamp, deployed.start.timestamp);
    for (contract, there) in [(predicted.batch_inbox, true), (predicted.output_oracle, false)] {
        let code = provider.get_code_at(contract).number(start).await.unwrap();
        assert_eq!(!code.is_empty(), there, "{contract}");
    }
}

#[tokio::test]
async fn multicall3_stands_at_its_address_and_batches_reads() {
    let anvil = Anvil::start(&[]).await;
    let provider = &anvil.provider;
    let deployed = deploy_l1(provider, &params(), genesis_at).await.unwrap();
    assert_eq!(deployed.multicall3, multicall3::ADDRESS);
    let code = provider.get_code_at(multicall3::ADDRESS).await.unwrap();
    assert_eq!(code, multicall3::runtime_code());

    let config = SystemConfig::new(deployed.contracts.system_config, provider);
    let portal = Portal::new(deployed.contracts.portal, provider);
    let (gas_limit, count) = provider
        .multicall()
        .add(config.gasLimit())
        .add(portal.messageCount())
        .aggregate()
        .await
        .unwrap();
    assert_eq!((gas_limit, count), (60_000_000, 0));
}

#[tokio::test]
async fn a_second_deployment_makes_new_contracts_and_keeps_multicall3() {
    let anvil = Anvil::start(&[]).await;
    let first = deploy_l1(&anvil.provider, &params(), genesis_at).await.unwrap();
    // Seven contracts, and the payment to Multicall3's deployer.
    assert_eq!(anvil.provider.get_transaction_count(DEPLOYER).await.unwrap(), 8);
    let second = deploy_l1(&anvil.provider, &params(), genesis_at).await.unwrap();
    assert_eq!(anvil.provider.get_transaction_count(DEPLOYER).await.unwrap(), 15);
    assert_eq!(second.contracts, predict_addresses(DEPLOYER, 8));
    assert_ne!(first.contracts, second.contracts);
}

#[tokio::test]
async fn an_l1_with_a_block_time_takes_what_derivation_needs_in_one_block() {
    let anvil = Anvil::start(&["--block-time", "2"]).await;
    let deployed = deploy_l1(&anvil.provider, &params(), genesis_at).await.unwrap();
    let config = SystemConfig::new(deployed.contracts.system_config, &anvil.provider);
    let start = config.startBlock().call().await.unwrap();
    // Sending takes far less than a block, but may fall across the end of one.
    assert!(deployed.start.block.number - start.to::<u64>() <= 1);
}

#[tokio::test]
async fn a_deployer_without_ether_is_an_error_that_names_the_contract() {
    let anvil = Anvil::start(&[]).await;
    anvil.provider.anvil_set_balance(DEPLOYER, U256::ZERO).await.unwrap();
    let error = deploy_l1(&anvil.provider, &params(), genesis_at).await.unwrap_err();
    assert!(matches!(error, DeployError::Send { what: "SystemConfig", .. }), "{error:?}");
}

/// Both say the same of the least bonds and the longest interval, so no deployment fails half way.
#[tokio::test]
async fn bounds_are_those_of_the_contract() {
    let anvil = Anvil::start(&[]).await;
    let mut params = params();
    params.proposal_interval = 33_554_432;
    params.disputes.bonds = params.disputes.least_bonds();
    deploy_l1(&anvil.provider, &params, genesis_at).await.unwrap();
    let nonce = anvil.provider.get_transaction_count(DEPLOYER).await.unwrap();
    let mut refused = Vec::new();
    for level in 0..3 {
        let mut short = params.clone();
        short.disputes.bonds[level] -= U256::ONE;
        refused.push(short);
    }
    let mut long = params.clone();
    long.proposal_interval = 33_554_433;
    refused.push(long);
    let mut prompt = params.clone();
    prompt.disputes.proposal_lag = 0;
    refused.push(prompt);
    let mut slow = params;
    slow.disputes.effort = slow.disputes.window + 1;
    refused.push(slow);
    for params in refused {
        let error = deploy_l1(&anvil.provider, &params, genesis_at).await.unwrap_err();
        assert!(matches!(error, DeployError::Disputes(_)), "{error:?}");
        let call = DisputeOracle::deploy_builder(&anvil.provider, rules(&params), chain(&params));
        let error = call.call().await.unwrap_err();
        let refusal = error.as_decoded_error::<DisputeOracle::ParameterOutOfBounds>();
        assert!(refusal.is_some(), "{error:?}");
    }
    assert_eq!(anvil.provider.get_transaction_count(DEPLOYER).await.unwrap(), nonce);
}

fn rules(params: &DeployParams) -> ITournaments::Parameters {
    let disputes = params.disputes;
    ITournaments::Parameters {
        heights: [26, 18, 18],
        bonds: disputes.bonds,
        window: disputes.window,
        effort: disputes.effort,
        refundPriceMax: U256::from(disputes.refund_price_max),
        stepGasMax: U256::from(disputes.step_gas_max),
        machine: DEPLOYER,
        initialState: disputes.initial_state,
    }
}

fn chain(params: &DeployParams) -> DisputeOracle::OracleParameters {
    DisputeOracle::OracleParameters {
        batchInbox: DEPLOYER,
        portal: DEPLOYER,
        proposalInterval: params.proposal_interval,
        l2BlockTime: params.l2_block_time,
        proposalLag: params.disputes.proposal_lag,
        genesisTime: 1,
        parametersHash: params.disputes.parameters_hash,
        genesis: genesis(),
    }
}

#[tokio::test]
async fn an_account_the_wallet_does_not_hold_is_refused() {
    let anvil = Anvil::start(&[]).await;
    let mut params = params();
    params.deployer = address!("0x00000000000000000000000000000000000000aa");
    let error = deploy_l1(&anvil.provider, &params, genesis_at).await.unwrap_err();
    assert!(matches!(error, DeployError::Send { what: "SystemConfig", .. }), "{error:?}");
}
