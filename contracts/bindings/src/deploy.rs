//! Deploys the L1 contracts with an alloy provider that holds the deployer's wallet.
//!
//! The contracts name one another, so their addresses are computed from the deployer's nonce before the
//! first is made. Those that L2 is derived from come first and at once: no constructor calls another
//! contract, so their order inside a block does not matter. Their L1 block is where L2 begins, so only then
//! can its genesis be made; DisputeOracle, which names the genesis, comes after that with its machine, and last what only
//! users need.

mod creation;
mod disputes;

use std::time::Duration;

use alloy::{
    eips::BlockNumHash,
    network::TransactionBuilder,
    primitives::{Address, TxHash, U256},
    providers::{PendingTransactionBuilder, PendingTransactionError, Provider},
    rpc::types::{TransactionReceipt, TransactionRequest},
    transports::TransportError,
};

use crate::{Claims, multicall3};
use creation::{Creation, bridge_creations, creations_for_derivation, dispute_creations};

pub use disputes::{DisputeParams, DisputeParamsError};

/// How long one transaction may take to be included, in all.
const RECEIPT_TIMEOUT: Duration = Duration::from_secs(300);

/// Everything that the deployment fixes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeployParams {
    /// Who sends the transactions; the provider must hold its wallet.
    pub deployer: Address,
    /// Who may change the SystemConfig.
    pub owner: Address,
    /// The only account that may post batches.
    pub batcher: Address,
    /// Who may hold withdrawals up for a while; zero: nobody.
    pub guardian: Address,
    /// How long, in seconds.
    pub pause: u64,
    /// Gas limit of L2 blocks.
    pub gas_limit: u64,
    /// Weight of the L1 base fee in the L1 fee, in millionths.
    pub base_fee_scalar: u32,
    /// Weight of the L1 blob base fee in the L1 fee, in millionths.
    pub blob_base_fee_scalar: u32,
    /// Operator fee per gas, in millionths of a wei.
    pub operator_fee_scalar: u32,
    /// Operator fee per transaction, in wei.
    pub operator_fee_constant: u64,
    /// Proposals are for multiples of so many L2 blocks.
    pub proposal_interval: u64,
    /// Seconds between L2 blocks.
    pub l2_block_time: u64,
    /// What is fixed of disputes.
    pub disputes: DisputeParams,
}

/// Addresses of the L1 contracts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct L1Addresses {
    /// Holds the parameters of the chain.
    pub system_config: Address,
    /// Takes deposits, chains messages and makes withdrawals.
    pub portal: Address,
    /// Takes batches.
    pub batch_inbox: Address,
    /// `Step`: one step of the machine that decides disputes.
    pub step: Address,
    /// `DisputeOracle`: takes proposals and disputes about them.
    pub output_oracle: Address,
    /// Sends messages to L2 and calls those of L2. L2's genesis names it.
    pub messenger: Address,
    /// Takes ether and tokens to L2. L2's genesis names it.
    pub bridge: Address,
}

/// What stands on L1 after a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeployedL1 {
    /// Our contracts.
    pub contracts: L1Addresses,
    /// Multicall3, at its address on every chain.
    pub multicall3: Address,
    /// Where L2 begins.
    pub start: L1Start,
}

/// The first L1 block by which all contracts exist that L2 is derived from. L2's genesis must not be older.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct L1Start {
    /// Its number and hash.
    pub block: BlockNumHash,
    /// Its timestamp, in seconds.
    pub timestamp: u64,
}

/// The genesis block of an L2, as the contract of disputes wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct L2Genesis {
    /// What stands after it.
    pub claim: Claims::BlockClaim,
    /// Its time, in seconds.
    pub timestamp: u64,
}

/// Why a deployment did not succeed. What was sent before the failure stays on L1; deploying again makes
/// new contracts.
#[derive(Debug, thiserror::Error)]
pub enum DeployError {
    /// The contract of disputes would refuse the parameters.
    #[error("no chain can have these rules of disputes")]
    Disputes(#[source] DisputeParamsError),
    /// The account's state could not be read.
    #[error("failed to read {what} from L1")]
    Read {
        /// What was read.
        what: &'static str,
        /// The transport's answer.
        #[source]
        source: TransportError,
    },
    /// A transaction was refused.
    #[error("L1 refused the transaction for {what}")]
    Send {
        /// What the transaction was for.
        what: &'static str,
        /// The transport's answer.
        #[source]
        source: TransportError,
    },
    /// A transaction was sent and its receipt did not come.
    #[error("no receipt of transaction {hash} for {what}")]
    Receipt {
        /// What the transaction was for.
        what: &'static str,
        /// The transaction.
        hash: TxHash,
        /// Why waiting ended.
        #[source]
        source: PendingTransactionError,
    },
    /// A transaction was included and failed.
    #[error("transaction {hash} for {what} failed on L1")]
    Failed {
        /// What the transaction was for.
        what: &'static str,
        /// The transaction.
        hash: TxHash,
    },
    /// A contract stands at another address than computed: somebody else used the deployer's nonce.
    #[error("{what} is at {actual:?} instead of {expected}")]
    Address {
        /// Which contract.
        what: &'static str,
        /// Where it should be.
        expected: Address,
        /// Where the receipt says it is.
        actual: Option<Address>,
    },
    /// An L1 reorg took the contracts away meanwhile.
    #[error("L1 no longer has block {}, in which contracts were made", .block.number)]
    Reorganized {
        /// The block.
        block: BlockNumHash,
    },
    /// The receipt is of no block.
    #[error("the receipt of {what} names no block")]
    NoBlock {
        /// Which contract.
        what: &'static str,
    },
}

/// The addresses that [`deploy_l1`] gives the contracts when the deployer's next nonce is `nonce`. With
/// them the L2 genesis can be made before the contracts are.
pub fn predict_addresses(deployer: Address, nonce: u64) -> L1Addresses {
    L1Addresses {
        system_config: deployer.create(nonce),
        portal: deployer.create(nonce + 1),
        batch_inbox: deployer.create(nonce + 2),
        step: deployer.create(nonce + 3),
        output_oracle: deployer.create(nonce + 4),
        messenger: deployer.create(nonce + 5),
        bridge: deployer.create(nonce + 6),
    }
}

/// Deploys all L1 contracts, and Multicall3 where L1 does not have it. `genesis` gives an L2 genesis block that begins
/// there and names those contracts.
pub async fn deploy_l1<P: Provider>(
    provider: &P,
    params: &DeployParams,
    genesis: impl FnOnce(&L1Start, &L1Addresses) -> L2Genesis,
) -> Result<DeployedL1, DeployError> {
    let checked = params.disputes.check(params.proposal_interval, params.l2_block_time);
    checked.map_err(DeployError::Disputes)?;
    let nonce = provider
        .get_transaction_count(params.deployer)
        .pending()
        .await
        .map_err(|source| DeployError::Read { what: "the deployer's nonce", source })?;
    let multicall3_code = provider
        .get_code_at(multicall3::ADDRESS)
        .await
        .map_err(|source| DeployError::Read { what: "the code of Multicall3", source })?;

    let contracts = predict_addresses(params.deployer, nonce);
    let mut sent = Vec::new();
    for (nonce, creation) in (nonce..).zip(creations_for_derivation(params, &contracts)) {
        sent.push(create(provider, params.deployer, nonce, creation).await?);
    }
    let mut block = BlockNumHash::default();
    for creation in sent {
        let made = creation.block().await?;
        if made.number >= block.number {
            block = made;
        }
    }
    let start = L1Start { block, timestamp: timestamp(provider, block).await? };

    let genesis = genesis(&start, &contracts);
    let [step, oracle] = dispute_creations(params, &contracts, genesis);
    let [messenger, bridge] = bridge_creations(&contracts);
    let mut sent = Vec::new();
    for (nonce, creation) in (nonce + 3..).zip([step, oracle, messenger, bridge]) {
        sent.push(create(provider, params.deployer, nonce, creation).await?);
    }
    if multicall3_code.is_empty() {
        deploy_multicall3(provider, params.deployer, nonce + 7).await?;
    }
    for creation in sent {
        creation.block().await?;
    }
    Ok(DeployedL1 { contracts, multicall3: multicall3::ADDRESS, start })
}

async fn timestamp<P: Provider>(provider: &P, block: BlockNumHash) -> Result<u64, DeployError> {
    let what = "the block of the deployment";
    let found = provider.get_block_by_hash(block.hash).await;
    let found = found.map_err(|source| DeployError::Read { what, source })?;
    Ok(found.ok_or(DeployError::Reorganized { block })?.header.timestamp)
}

/// Its deployer must be paid before the signed deployment is sent, since no pool takes it otherwise.
async fn deploy_multicall3<P: Provider>(
    provider: &P,
    payer: Address,
    nonce: u64,
) -> Result<(), DeployError> {
    let payment = TransactionRequest::default()
        .with_from(payer)
        .with_nonce(nonce)
        .with_to(multicall3::DEPLOYER)
        .with_value(U256::from(multicall3::DEPLOYMENT_COST));
    send(provider, "the payment to Multicall3's deployer", payment).await?.receipt().await?;

    let what = "Multicall3";
    let pending = provider
        .send_raw_transaction(&multicall3::signed_deployment())
        .await
        .map_err(|source| DeployError::Send { what, source })?;
    Sent { what, pending }.receipt().await?;
    Ok(())
}

/// A contract on its way.
struct SentCreation {
    address: Address,
    sent: Sent,
}

impl SentCreation {
    /// The block in which it was made, at the address that was computed.
    async fn block(self) -> Result<BlockNumHash, DeployError> {
        let (what, expected) = (self.sent.what, self.address);
        let receipt = self.sent.receipt().await?;
        if receipt.contract_address != Some(expected) {
            let actual = receipt.contract_address;
            return Err(DeployError::Address { what, expected, actual });
        }
        match (receipt.block_number, receipt.block_hash) {
            (Some(number), Some(hash)) => Ok(BlockNumHash { number, hash }),
            _ => Err(DeployError::NoBlock { what }),
        }
    }
}

async fn create<P: Provider>(
    provider: &P,
    from: Address,
    nonce: u64,
    creation: Creation,
) -> Result<SentCreation, DeployError> {
    let Creation { name, address, code } = creation;
    let request =
        TransactionRequest::default().with_from(from).with_nonce(nonce).with_deploy_code(code);
    Ok(SentCreation { address, sent: send(provider, name, request).await? })
}

/// A transaction on its way.
struct Sent {
    what: &'static str,
    pending: PendingTransactionBuilder<alloy::network::Ethereum>,
}

impl Sent {
    async fn receipt(self) -> Result<TransactionReceipt, DeployError> {
        let hash = *self.pending.tx_hash();
        let what = self.what;
        let receipt = self
            .pending
            .with_timeout(Some(RECEIPT_TIMEOUT))
            .get_receipt()
            .await
            .map_err(|source| DeployError::Receipt { what, hash, source })?;
        if receipt.status() { Ok(receipt) } else { Err(DeployError::Failed { what, hash }) }
    }
}

async fn send<P: Provider>(
    provider: &P,
    what: &'static str,
    request: TransactionRequest,
) -> Result<Sent, DeployError> {
    let pending = provider
        .send_transaction(request)
        .await
        .map_err(|source| DeployError::Send { what, source })?;
    Ok(Sent { what, pending })
}
