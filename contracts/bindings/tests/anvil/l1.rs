//! The L1 contracts through their bindings: batches in both carriers, messages, proposals.

use alloy::{
    consensus::{SidecarBuilder, SimpleCoder},
    eips::BlockNumberOrTag,
    network::TransactionBuilder4844,
    primitives::{Address, B256, Bytes, U256, keccak256},
    providers::{Provider, ext::AnvilApi},
    rpc::types::{Block, TransactionReceipt, TransactionRequest},
    sol_types::{SolEvent, SolValue},
};
use bindings::{BatchInbox, Claims, DeployedL1, DisputeOracle, Portal, SystemConfig, deploy_l1};

use crate::node::{Anvil, DEPLOYER, genesis, genesis_at, params};

async fn start() -> (Anvil, DeployedL1) {
    let anvil = Anvil::start(&[]).await;
    let deployed =
        deploy_l1(&anvil.provider, &params(), genesis_at).await.expect("anvil takes the contracts");
    (anvil, deployed)
}

async fn block(anvil: &Anvil, number: impl Into<BlockNumberOrTag>) -> Block {
    let block = anvil.provider.get_block(number.into().into()).await;
    block.expect("anvil answers").expect("the block exists")
}

fn event<E: SolEvent>(receipt: &TransactionReceipt) -> E {
    let mut found = receipt.logs().iter().filter_map(|log| E::decode_log(&log.inner).ok());
    found.next().expect("the event was emitted").data
}

/// The preimage of one link as protocol.md, section 3, draws it.
fn link(before: B256, carrier: u8, data_hash: B256, range: (u64, u64), made_in: &Block) -> B256 {
    let header = &made_in.header;
    let preimage = [
        before.as_slice(),
        &[carrier],
        data_hash.as_slice(),
        &range.0.to_be_bytes(),
        &range.1.to_be_bytes(),
        &header.number.to_be_bytes(),
        &header.timestamp.to_be_bytes(),
        header.parent_hash.as_slice(),
    ];
    keccak256(preimage.concat())
}

#[tokio::test]
async fn batches_in_calldata_and_blobs_chain() {
    let (anvil, deployed) = start().await;
    let inbox = BatchInbox::new(deployed.contracts.batch_inbox, &anvil.provider);

    let data = Bytes::from_static(b"a batch in calldata");
    let call = inbox.postBatchCalldata(1, 40, data.clone());
    let receipt = call.send().await.unwrap().get_receipt().await.unwrap();
    let posted: BatchInbox::BatchPosted = event(&receipt);
    assert_eq!((posted.index, posted.firstBlock, posted.lastBlock), (U256::ZERO, 1, 40));
    assert_eq!(posted.dataHash, keccak256(&data));
    assert!(posted.blobHashes.is_empty());
    assert_eq!(event::<BatchInbox::BatchCalldata>(&receipt).data, data);
    let made_in = block(&anvil, receipt.block_number.unwrap()).await;
    let first = link(B256::ZERO, 0, posted.dataHash, (1, 40), &made_in);
    assert_eq!(inbox.accumulator().call().await.unwrap(), first);

    let sidecar = SidecarBuilder::<SimpleCoder>::from_slice(&[0xb7; 200_000]).build_7594().unwrap();
    let hashes: Vec<B256> = sidecar.versioned_hashes().collect();
    assert_eq!(hashes.len(), 2);
    let request: TransactionRequest = inbox.postBatch(41, 80).into_transaction_request();
    let request = request.from(DEPLOYER).with_blob_sidecar(sidecar.into());
    let pending = anvil.provider.send_transaction(request).await.unwrap();
    let receipt = pending.get_receipt().await.unwrap();
    let posted: BatchInbox::BatchPosted = event(&receipt);
    assert_eq!(posted.blobHashes, hashes);
    assert_eq!(posted.dataHash, keccak256(hashes.concat()));
    let made_in = block(&anvil, receipt.block_number.unwrap()).await;
    let second = link(first, 1, posted.dataHash, (41, 80), &made_in);
    assert_eq!(inbox.accumulator().call().await.unwrap(), second);
    assert_eq!(inbox.batchCount().call().await.unwrap(), 2);
}

#[tokio::test]
async fn deposits_and_updates_share_one_chain() {
    let (anvil, deployed) = start().await;
    let portal = Portal::new(deployed.contracts.portal, &anvil.provider);
    let config = SystemConfig::new(deployed.contracts.system_config, &anvil.provider);
    let to = Address::repeat_byte(0xaa);
    let value = U256::from(5);

    let call = portal.depositTransaction(to, value, 100_000, false, Bytes::from_static(b"hi"));
    let receipt = call.value(value).send().await.unwrap().get_receipt().await.unwrap();
    let made: Portal::TransactionDeposited = event(&receipt);
    assert_eq!((made.from, made.to, made.version), (DEPLOYER, to, U256::ZERO));
    // Paid by burning: at a base fee of at most one gwei, L1 gas is used one to one.
    assert!(receipt.gas_used >= 100_000, "{}", receipt.gas_used);
    let deposit = [&[0], DEPLOYER.as_slice(), to.as_slice(), &made.opaqueData].concat();
    let chained = message_link(B256::ZERO, &deposit, &block_of(&anvil, &receipt).await);
    assert_eq!(portal.messageAccumulator().call().await.unwrap(), chained);

    let receipt = config.setGasLimit(30_000_000).send().await.unwrap().get_receipt().await.unwrap();
    let made: SystemConfig::ConfigUpdate = event(&receipt);
    assert_eq!((made.version, made.updateType), (U256::ZERO, 2));
    let update = [&[1, 2], made.data.as_ref()].concat();
    let chained = message_link(chained, &update, &block_of(&anvil, &receipt).await);
    assert_eq!(portal.messageAccumulator().call().await.unwrap(), chained);
    assert_eq!(portal.messageCount().call().await.unwrap(), 2);
}

async fn block_of(anvil: &Anvil, receipt: &TransactionReceipt) -> Block {
    block(anvil, receipt.block_number.expect("a receipt is of a block")).await
}

fn message_link(before: B256, message: &[u8], made_in: &Block) -> B256 {
    let header = &made_in.header;
    let preimage = [
        before.as_slice(),
        &header.number.to_be_bytes(),
        &header.timestamp.to_be_bytes(),
        keccak256(message).as_slice(),
    ]
    .concat();
    keccak256(preimage)
}

#[tokio::test]
async fn a_proposal_pins_its_view_and_gives_the_bond_back() {
    let (anvil, deployed) = start().await;
    let provider = &anvil.provider;
    let oracle = DisputeOracle::new(deployed.contracts.output_oracle, provider);
    let inbox = BatchInbox::new(deployed.contracts.batch_inbox, provider);
    let call = inbox.postBatchCalldata(1, 60, Bytes::from_static(b"batch"));
    call.send().await.unwrap().get_receipt().await.unwrap();

    let head = block(&anvil, BlockNumberOrTag::Latest).await.header;
    let last = Claims::BlockClaim { blockHash: B256::repeat_byte(6), number: 60, ..genesis() };
    let claim = keccak256(last.abi_encode());
    let proof = vec![B256::repeat_byte(7); 30];
    let parent = keccak256(genesis().abi_encode());
    let number = U256::from(head.number);
    let (next, bond) = (U256::from(60), params().disputes.bonds[0]);
    let call = oracle.proposeOutput(last, proof.clone(), parent, next, head.hash, number);
    let receipt = call.value(bond).send().await.unwrap().get_receipt().await.unwrap();
    let proposed: DisputeOracle::OutputProposed = event(&receipt);
    assert_eq!((proposed.l2OutputIndex, proposed.l2BlockNumber), (U256::ONE, next));
    let pinned: DisputeOracle::ProposalPinned = event(&receipt);
    assert_eq!((pinned.id, pinned.claim), (U256::ONE, claim));
    // It is the last leaf, so all its siblings are on the left.
    let root = proof.iter().fold(claim, |root, left| keccak256([*left, root].concat()));
    assert_eq!(pinned.segmentsRoot, root);
    assert_eq!(pinned.batchAccumulator, inbox.accumulator().call().await.unwrap());
    let made_in = block_of(&anvil, &receipt).await.header;
    assert_eq!((pinned.l1BlockNumber, pinned.l1ParentHash), (made_in.number, made_in.parent_hash));

    let early = oracle.claimBond(U256::ONE).call().await.err().unwrap();
    let refusal = early.as_decoded_error::<DisputeOracle::NoBond>();
    assert_eq!(refusal, Some(DisputeOracle::NoBond { id: U256::ONE }));

    provider.anvil_increase_time(params().disputes.window + 1).await.unwrap();
    provider.anvil_mine(Some(1), None).await.unwrap();
    assert!(oracle.isFinal(U256::ONE).call().await.unwrap());
    oracle.claimBond(U256::ONE).send().await.unwrap().get_receipt().await.unwrap();
    assert_eq!(oracle.credit(DEPLOYER).call().await.unwrap(), bond);
    oracle.withdraw(DEPLOYER).send().await.unwrap().get_receipt().await.unwrap();
    let left = provider.get_balance(deployed.contracts.output_oracle).await.unwrap();
    assert_eq!(left, U256::ZERO);
}

#[tokio::test]
async fn waiting_to_prove_is_told_by_the_text_that_clients_know() {
    let (anvil, deployed) = start().await;
    let oracle = DisputeOracle::new(deployed.contracts.output_oracle, &anvil.provider);
    let error = oracle.getL2OutputIndexAfter(U256::from(61)).call().await.unwrap_err();
    let text = "L2OutputOracle: cannot get output for a block that has not been proposed";
    assert!(error.to_string().contains(text), "{error}");
}
