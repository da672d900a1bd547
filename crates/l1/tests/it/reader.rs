//! L1 blocks with everything in them, read back from a real L1. The accumulators are compared in every test.

use std::sync::Arc;

use alloy::{
    consensus::{SidecarBuilder, SimpleCoder},
    eips::BlockNumberOrTag,
    network::{TransactionBuilder, TransactionBuilder4844},
    primitives::{Address, Bytes, U256},
    providers::{Provider, ProviderBuilder},
    rpc::types::TransactionRequest,
    signers::local::{MnemonicBuilder, coins_bip39::English},
    sol_types::SolCall,
};
use bindings::{
    BatchInbox::{postBatchCall, postBatchCalldataCall},
    Portal::depositTransactionCall,
    SystemConfig::{setBatcherCall, setGasLimitCall},
};
use futures::StreamExt;
use l1::{
    BlobReader, EndpointUrl, Kzg, L1Config, L1Error, L1Reader, Severity,
    anvil::{AnvilOptions, Hardfork, MNEMONIC},
};
use protocol::{ConfigUpdate, L1Message, blob::BLOB_PAYLOAD_BYTES_MAX};

use crate::{
    harness::{L1, OWNER, batcher},
    running_sender::{Sender, call_with_blobs},
};

fn deposit(value: u64) -> depositTransactionCall {
    depositTransactionCall {
        to: Address::repeat_byte(7),
        value: U256::from(value),
        gasLimit: 100_000,
        isCreation: false,
        data: Bytes::from_static(b"hello"),
    }
}

#[tokio::test]
async fn messages_and_calldata_batches() {
    let l1 = L1::start().await;
    let rollup = l1.deploy().await;
    let reader = l1.reader(&rollup);
    let contracts = rollup.contracts;

    let receipt = l1.call(OWNER, contracts.portal, 5, deposit(3)).await;
    let block = reader.block(receipt.block_number.unwrap()).await.unwrap();
    assert_eq!(Some(block.origin.hash), receipt.block_hash);
    assert!(block.batches.is_empty());
    let [(log_index, L1Message::Deposit(message))] = block.messages.as_slice() else {
        panic!("{block:?}")
    };
    assert_eq!(*log_index, 0);
    assert_eq!(message.from, OWNER);
    let tx = message.to_deposit(Default::default()).unwrap();
    assert_eq!((tx.mint, tx.value, tx.gas_limit), (5, U256::from(3), 100_000));
    assert_eq!(tx.input, Bytes::from_static(b"hello"));

    let call = setGasLimitCall { newGasLimit: 70_000_000 };
    let receipt = l1.call(OWNER, contracts.system_config, 0, call).await;
    let block = reader.block(receipt.block_number.unwrap()).await.unwrap();
    let update = L1Message::Config(ConfigUpdate::GasLimit(70_000_000));
    assert_eq!(block.messages, [(0, update)]);

    let data = Bytes::from(vec![9; 120_000]);
    let call = postBatchCalldataCall { firstBlock: 1, lastBlock: 7, data: data.clone() };
    let receipt = l1.call(batcher().address(), contracts.batch_inbox, 0, call).await;
    let block = reader.block(receipt.block_number.unwrap()).await.unwrap();
    let [batch] = block.batches.as_slice() else { panic!("{block:?}") };
    assert_eq!((batch.index, batch.first_block, batch.last_block), (0, 1, 7));
    assert_eq!(batch.data, Some(data));
}

#[tokio::test]
async fn one_block_with_everything_keeps_the_order_of_logs() {
    let l1 = L1::start().await;
    let rollup = l1.deploy().await;
    let contracts = rollup.contracts;
    l1.set_automine(false).await;
    let batcher = batcher().address();
    let batch = |number: u64| postBatchCalldataCall {
        firstBlock: number,
        lastBlock: number,
        data: Bytes::from(number.to_be_bytes().to_vec()),
    };
    let calls: [(Address, Address, u64, Vec<u8>); 5] = [
        (OWNER, contracts.portal, 1, deposit(1).abi_encode()),
        (OWNER, contracts.system_config, 0, setBatcherCall { newBatcher: batcher }.abi_encode()),
        (OWNER, contracts.portal, 2, deposit(2).abi_encode()),
        (batcher, contracts.batch_inbox, 0, batch(1).abi_encode()),
        (batcher, contracts.batch_inbox, 0, batch(2).abi_encode()),
    ];
    for (from, to, value, input) in calls {
        let request = TransactionRequest::default()
            .with_from(from)
            .with_to(to)
            .with_value(U256::from(value))
            .with_gas_limit(1_000_000)
            .with_input(Bytes::from(input));
        let _ = l1.client.provider().send_transaction(request).await.unwrap();
    }
    l1.mine(1).await;
    let block = l1.reader(&rollup).block(l1.head().await).await.unwrap();
    let kinds: Vec<bool> = block
        .messages
        .iter()
        .map(|(_, message)| matches!(message, L1Message::Deposit(_)))
        .collect();
    assert_eq!(kinds, [true, false, true]);
    assert!(block.messages.windows(2).all(|pair| pair[0].0 < pair[1].0));
    let batches: Vec<u64> = block.batches.iter().map(|batch| batch.first_block).collect();
    assert_eq!(batches, [1, 2]);
}

async fn blobs_there_and_back(hardfork: Hardfork) {
    let l1 = L1::start_with(AnvilOptions { hardfork, ..AnvilOptions::default() }).await;
    let rollup = l1.deploy().await;
    let sender = Sender::start(&l1);
    let reader = l1.reader(&rollup);
    let six_blobs: Vec<u8> = (0..=250).cycle().take(BLOB_PAYLOAD_BYTES_MAX).collect();
    for (number, payload) in [(1, b"small".to_vec()), (2, six_blobs)] {
        let call = postBatchCall { firstBlock: number, lastBlock: number };
        let request = call_with_blobs(rollup.contracts.batch_inbox, &call, payload.clone());
        let inclusion = sender.confirmed(&number.to_string(), request).await;
        let block = reader.block(inclusion.block.number).await.unwrap();
        let [batch] = block.batches.as_slice() else { panic!("{block:?}") };
        assert_eq!(batch.first_block, number);
        assert!(batch.data == Some(payload.into()), "other bytes came back");
    }
}

#[tokio::test]
async fn blobs_there_and_back_prague() {
    blobs_there_and_back(Hardfork::Prague).await;
}

#[tokio::test]
async fn blobs_there_and_back_osaka() {
    blobs_there_and_back(Hardfork::Osaka).await;
}

#[tokio::test]
async fn blobs_that_hold_no_packing_are_an_absent_batch() {
    let l1 = L1::start().await;
    let rollup = l1.deploy().await;
    let wallet =
        MnemonicBuilder::<English>::default().phrase(MNEMONIC).index(1).unwrap().build().unwrap();
    let provider = ProviderBuilder::new().wallet(wallet).connect(&l1.anvil.url()).await.unwrap();
    // Alloy's own packing is not ours.
    let sidecar = SidecarBuilder::<SimpleCoder>::from_slice(b"not ours").build_7594().unwrap();
    let call = postBatchCall { firstBlock: 1, lastBlock: 1 };
    let request = TransactionRequest::default()
        .with_to(rollup.contracts.batch_inbox)
        .with_input(Bytes::from(call.abi_encode()))
        .with_gas_limit(500_000)
        .with_blob_sidecar(sidecar.into());
    let receipt = provider.send_transaction(request).await.unwrap().get_receipt().await.unwrap();
    assert!(receipt.status());
    let number = receipt.block_number.unwrap();
    let block = l1.reader(&rollup).block(number).await.unwrap();
    assert_eq!(block.batches.len(), 1);
    assert_eq!(block.batches[0].data, None);

    // The same block without its blobs is no block at all.
    let config = L1Config {
        beacon_endpoints: vec![EndpointUrl::new("http://127.0.0.1:9")],
        request_attempts_max: 2,
        ..l1.config.clone()
    };
    let blobs = BlobReader::new(&config, Kzg::start_lazily().unwrap()).unwrap();
    let blind = L1Reader::new(l1.client.clone(), blobs, Arc::new(rollup), &config);
    let error = blind.block(number).await.unwrap_err();
    assert!(matches!(error, L1Error::Blob { .. }), "{error:?}");
    assert_eq!(error.severity(), Severity::Temporary);
}

#[tokio::test]
async fn a_range_comes_in_order_and_ends_at_the_head() {
    let l1 = L1::start().await;
    let rollup = l1.deploy().await;
    l1.mine(30).await;
    l1.call(OWNER, rollup.contracts.portal, 1, deposit(1)).await;
    let reader = l1.reader(&rollup);
    let head = l1.head().await;
    let results: Vec<_> = reader.blocks(1..=head + 20).collect().await;
    let (last, blocks) = results.split_last().unwrap();
    assert_eq!(blocks.len() as u64, head);
    let blocks: Vec<_> = blocks.iter().map(|block| block.as_ref().unwrap()).collect();
    assert!(blocks.windows(2).all(|pair| pair[1].parent_hash == pair[0].origin.hash));
    assert_eq!(blocks.iter().map(|block| block.messages.len()).sum::<usize>(), 1);
    let error = last.as_ref().unwrap_err();
    assert!(matches!(error, L1Error::BlockMissing { .. }), "{error:?}");
    assert_eq!(error.severity(), Severity::Temporary);
}

#[tokio::test]
async fn the_origin_has_the_fees_that_l1_names() {
    let l1 = L1::start().await;
    let rollup = l1.deploy().await;
    let origin = l1.reader(&rollup).origin(BlockNumberOrTag::Latest).await.unwrap();
    let header = l1.client.header(BlockNumberOrTag::Latest).await.unwrap();
    assert_eq!(origin.hash, header.hash);
    assert_eq!(Some(origin.base_fee), header.base_fee_per_gas);
    assert_eq!(origin.prev_randao, header.mix_hash);
    assert_eq!(origin.blob_base_fee, 1);
}

#[tokio::test]
async fn a_message_that_is_not_seen_shows_in_the_accumulator() {
    let l1 = L1::start().await;
    let mut rollup = l1.deploy().await;
    let call = setGasLimitCall { newGasLimit: 70_000_000 };
    let receipt = l1.call(OWNER, rollup.contracts.system_config, 0, call).await;
    rollup.contracts.system_config = Address::repeat_byte(0xee);
    let error = l1.reader(&rollup).block(receipt.block_number.unwrap()).await.unwrap_err();
    assert!(matches!(error, L1Error::Accumulator { chain: "message", .. }), "{error:?}");
    assert_eq!(error.severity(), Severity::Critical);
}
