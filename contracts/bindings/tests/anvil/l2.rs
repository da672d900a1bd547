//! The predeploys, put on an anvil as genesis puts them on L2.

use alloy::{
    eips::{eip2935::HISTORY_STORAGE_ADDRESS, eip4788::BEACON_ROOTS_ADDRESS},
    primitives::{Address, B256, Bytes, U256, address, keccak256},
    providers::{PendingTransactionBuilder, Provider, ext::AnvilApi},
    rpc::types::TransactionRequest,
    sol_types::SolCall,
};
use bindings::{
    FeeVault, FeeVaultParams, GasPriceOracle, L1Block, L2CrossDomainMessenger, L2StandardBridge,
    L2ToL1MessagePasser, PredeployParams, WETH9, WithdrawalNetwork, l2_predeploys, multicall3,
    predeploys,
};

use crate::node::{Anvil, DEPLOYER};

const DEPOSITOR: Address = address!("0xDeaDDEaDDeAdDeAdDEAdDEaddeAddEAdDEAd0001");
const RECIPIENT: Address = address!("0x00000000000000000000000000000000000000fe");
const GWEI: u64 = 1_000_000_000;

fn params() -> PredeployParams {
    let on_l2 = FeeVaultParams {
        recipient: RECIPIENT,
        network: WithdrawalNetwork::L2,
        withdrawal_min: U256::from(GWEI),
    };
    let on_l1 = FeeVaultParams { network: WithdrawalNetwork::L1, ..on_l2 };
    let (messenger, bridge) = (Address::repeat_byte(0x51), Address::repeat_byte(0x52));
    PredeployParams { l1_fee_vault: on_l1, ..PredeployParams::all_vaults(on_l2, messenger, bridge) }
}

async fn genesis() -> Anvil {
    let anvil = Anvil::start(&[]).await;
    for account in l2_predeploys(&params()) {
        anvil.provider.anvil_set_code(account.address, account.code).await.expect("anvil answers");
        for (slot, value) in account.storage {
            let slot = U256::from_be_bytes(slot.0);
            anvil
                .provider
                .anvil_set_storage_at(account.address, slot, value)
                .await
                .expect("anvil answers");
        }
    }
    anvil
}

#[test]
fn predeploys_are_sorted_distinct_and_have_code() {
    let all = l2_predeploys(&params());
    assert_eq!(all.len(), 15);
    assert!(all.windows(2).all(|pair| pair[0].address < pair[1].address));
    assert!(all.iter().all(|account| !account.code.is_empty() && account.nonce == 1));
    assert!(all.iter().all(|account| account.balance.is_zero()));
}

#[test]
fn foreign_code_is_the_canonical_one() {
    let hash_of = |wanted: Address| {
        let all = l2_predeploys(&params());
        let found = all.iter().find(|account| account.address == wanted).expect("is a predeploy");
        keccak256(&found.code)
    };
    // Code hashes as chains report them.
    for (address, hash) in [
        (
            predeploys::CREATE2_DEPLOYER,
            "0x2fa86add0aed31f33a762c9d88e807c475bd51d0f52bd0955754b2608f7e4989",
        ),
        (multicall3::ADDRESS, "0xd5c15df687b16f2ff992fc8d767b4216323184a2bbc6ee2f9c398c318e770891"),
        (
            HISTORY_STORAGE_ADDRESS,
            "0x6e49e66782037c0555897870e29fa5e552daf4719552131a0abce779daec0a5d",
        ),
        (
            BEACON_ROOTS_ADDRESS,
            "0xf57acd40259872606d76197ef052f3d35588dadf919ee1f0e3cb9b62d3f4b02c",
        ),
    ] {
        assert_eq!(hash_of(address), hash.parse::<B256>().unwrap(), "{address}");
    }
}

/// anvil puts the CREATE2 deployer on every chain it makes.
#[tokio::test]
async fn create2_deployer_is_the_one_that_anvil_has() {
    let anvil = Anvil::start(&[]).await;
    let theirs = anvil.provider.get_code_at(predeploys::CREATE2_DEPLOYER).await.unwrap();
    let all = l2_predeploys(&params());
    let ours = all.iter().find(|account| account.address == predeploys::CREATE2_DEPLOYER).unwrap();
    assert_eq!(theirs, ours.code);
}

#[tokio::test]
async fn messenger_and_bridge_know_their_twins() {
    let anvil = genesis().await;
    let messenger =
        L2CrossDomainMessenger::new(predeploys::L2_CROSS_DOMAIN_MESSENGER, &anvil.provider);
    assert_eq!(messenger.otherMessenger().call().await.unwrap(), params().l1_messenger);
    let bridge = L2StandardBridge::new(predeploys::L2_STANDARD_BRIDGE, &anvil.provider);
    assert_eq!(bridge.otherBridge().call().await.unwrap(), params().l1_bridge);
    assert_eq!(bridge.messenger().call().await.unwrap(), predeploys::L2_CROSS_DOMAIN_MESSENGER);
}

#[tokio::test]
async fn l1_attributes_reach_the_gas_price_oracle() {
    let anvil = genesis().await;
    let provider = &anvil.provider;
    let (base_fee, blob_base_fee) = (U256::from(10 * GWEI), U256::from(2 * GWEI));
    let hash = B256::repeat_byte(0x33);
    let calldata = [
        L1Block::setL1BlockValuesIsthmusCall::SELECTOR.as_slice(),
        &1_368_u32.to_be_bytes(),
        &810_949_u32.to_be_bytes(),
        &4_u64.to_be_bytes(),
        &1_700_000_000_u64.to_be_bytes(),
        &1_000_u64.to_be_bytes(),
        &base_fee.to_be_bytes::<32>(),
        &blob_base_fee.to_be_bytes::<32>(),
        hash.as_slice(),
        DEPLOYER.into_word().as_slice(),
        &2_000_000_u32.to_be_bytes(),
        &7_u64.to_be_bytes(),
    ]
    .concat();
    assert_eq!(calldata.len(), 176);
    provider.anvil_impersonate_account(DEPOSITOR).await.unwrap();
    provider.anvil_set_balance(DEPOSITOR, U256::from(GWEI) * U256::from(GWEI)).await.unwrap();
    let request = TransactionRequest::default()
        .from(DEPOSITOR)
        .to(predeploys::L1_BLOCK)
        .input(Bytes::from(calldata).into());
    // The node signs for the account it impersonates, our wallet cannot.
    let sent: B256 = provider.raw_request("eth_sendTransaction".into(), (request,)).await.unwrap();
    // anvil answers before it has made the block.
    let pending = PendingTransactionBuilder::new(provider.root().clone(), sent);
    let receipt = pending.get_receipt().await.unwrap();
    assert!(receipt.status());

    let l1_block = L1Block::new(predeploys::L1_BLOCK, provider);
    assert_eq!(l1_block.number().call().await.unwrap(), 1_000);
    assert_eq!(l1_block.sequenceNumber().call().await.unwrap(), 4);
    assert_eq!(l1_block.hash().call().await.unwrap(), hash);
    let oracle = GasPriceOracle::new(predeploys::GAS_PRICE_ORACLE, provider);
    // The floor of 100 bytes, at 1,368·16·10 gwei + 810,949·2 gwei in millionths per byte.
    let expected = U256::from(100 * (1_368 * 16 * 10 + 810_949 * 2) * GWEI / 1_000_000);
    let small = Bytes::from_static(&[2]);
    assert_eq!(oracle.getL1Fee(small.clone()).call().await.unwrap(), expected);
    assert_eq!(oracle.getL1GasUsed(small).call().await.unwrap(), U256::from(1_600));
    let operator_fee = oracle.getOperatorFee(U256::from(21_000)).call().await.unwrap();
    assert_eq!(operator_fee, U256::from(21_000 * 2 + 7));
}

#[tokio::test]
async fn vaults_pay_where_genesis_says() {
    let anvil = genesis().await;
    let provider = &anvil.provider;
    let amount = U256::from(5 * GWEI);
    for vault in [predeploys::SEQUENCER_FEE_VAULT, predeploys::L1_FEE_VAULT] {
        provider.anvil_set_balance(vault, amount).await.unwrap();
        let vault = FeeVault::new(vault, provider);
        assert_eq!(vault.recipient().call().await.unwrap(), RECIPIENT);
        assert_eq!(vault.minWithdrawalAmount().call().await.unwrap(), U256::from(GWEI));
        let receipt = vault.withdraw().send().await.unwrap().get_receipt().await.unwrap();
        assert!(receipt.status());
    }
    assert_eq!(provider.get_balance(RECIPIENT).await.unwrap(), amount);
    let passer = predeploys::L2_TO_L1_MESSAGE_PASSER;
    assert_eq!(provider.get_balance(passer).await.unwrap(), amount);
    let passer = L2ToL1MessagePasser::new(passer, provider);
    let nonce = passer.messageNonce().call().await.unwrap();
    assert_eq!(nonce, (U256::ONE << 240) + U256::ONE);
}

#[tokio::test]
async fn wrapped_ether_wraps() {
    let anvil = genesis().await;
    let weth = WETH9::new(predeploys::WETH9_ADDRESS, &anvil.provider);
    let amount = U256::from(GWEI);
    weth.deposit().value(amount).send().await.unwrap().get_receipt().await.unwrap();
    assert_eq!(weth.balanceOf(DEPLOYER).call().await.unwrap(), amount);
    assert_eq!(weth.symbol().call().await.unwrap(), "WETH");
}
