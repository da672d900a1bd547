//! Deployment: what stands afterwards, and how it fails.

use alloy::{
    primitives::{B256, U256, address},
    providers::{Provider, ext::AnvilApi},
};
use bindings::{
    BatchInbox, DeployError, L1Addresses, L1CrossDomainMessenger, L1StandardBridge, L1Start,
    OutputOracle, Portal, SystemConfig, deploy_l1, multicall3, predict_addresses,
};

use crate::node::{Anvil, DEPLOYER, params};

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
        B256::repeat_byte(7)
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
    let oracle = OutputOracle::new(predicted.output_oracle, provider);
    assert_eq!(oracle.batchInbox().call().await.unwrap(), predicted.batch_inbox);
    assert_eq!(oracle.portal().call().await.unwrap(), predicted.portal);
    assert_eq!(oracle.BOND().call().await.unwrap(), params.bond);
    let genesis = oracle.getL2Output(U256::ZERO).call().await.unwrap();
    assert_eq!(genesis.outputRoot, B256::repeat_byte(7));

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
    let deployed = deploy_l1(provider, &params(), |_, _| B256::ZERO).await.unwrap();
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
    let first = deploy_l1(&anvil.provider, &params(), |_, _| B256::ZERO).await.unwrap();
    // Six contracts, and the payment to Multicall3's deployer.
    assert_eq!(anvil.provider.get_transaction_count(DEPLOYER).await.unwrap(), 7);
    let second = deploy_l1(&anvil.provider, &params(), |_, _| B256::ZERO).await.unwrap();
    assert_eq!(anvil.provider.get_transaction_count(DEPLOYER).await.unwrap(), 13);
    assert_eq!(second.contracts, predict_addresses(DEPLOYER, 7));
    assert_ne!(first.contracts, second.contracts);
}

#[tokio::test]
async fn an_l1_with_a_block_time_takes_what_derivation_needs_in_one_block() {
    let anvil = Anvil::start(&["--block-time", "2"]).await;
    let deployed = deploy_l1(&anvil.provider, &params(), |_, _| B256::ZERO).await.unwrap();
    let config = SystemConfig::new(deployed.contracts.system_config, &anvil.provider);
    let start = config.startBlock().call().await.unwrap();
    // Sending takes far less than a block, but may fall across the end of one.
    assert!(deployed.start.block.number - start.to::<u64>() <= 1);
}

#[tokio::test]
async fn a_deployer_without_ether_is_an_error_that_names_the_contract() {
    let anvil = Anvil::start(&[]).await;
    anvil.provider.anvil_set_balance(DEPLOYER, U256::ZERO).await.unwrap();
    let error = deploy_l1(&anvil.provider, &params(), |_, _| B256::ZERO).await.unwrap_err();
    assert!(matches!(error, DeployError::Send { what: "SystemConfig", .. }), "{error:?}");
}

#[tokio::test]
async fn parameters_out_of_bounds_are_refused() {
    let anvil = Anvil::start(&[]).await;
    let mut params = params();
    params.proposal_interval = 1_025;
    let error = deploy_l1(&anvil.provider, &params, |_, _| B256::ZERO).await.unwrap_err();
    assert!(matches!(error, DeployError::Send { what: "OutputOracle", .. }), "{error:?}");
}

#[tokio::test]
async fn an_account_the_wallet_does_not_hold_is_refused() {
    let anvil = Anvil::start(&[]).await;
    let mut params = params();
    params.deployer = address!("0x00000000000000000000000000000000000000aa");
    let error = deploy_l1(&anvil.provider, &params, |_, _| B256::ZERO).await.unwrap_err();
    assert!(matches!(error, DeployError::Send { what: "SystemConfig", .. }), "{error:?}");
}
