//! Deploys the L1 contracts with an alloy provider that holds the deployer's wallet.
//!
//! The contracts name one another, so their addresses are computed from the deployer's nonce before the
//! first is made. All transactions are sent before the first receipt is waited for: no constructor calls
//! another contract, so their order inside a block does not matter.

use std::time::Duration;

use alloy::{
    eips::BlockNumHash,
    network::TransactionBuilder,
    primitives::{Address, B256, Bytes, TxHash, U256},
    providers::{PendingTransactionBuilder, PendingTransactionError, Provider},
    rpc::types::{TransactionReceipt, TransactionRequest},
    sol_types::SolConstructor,
    transports::TransportError,
};

use crate::{
    contracts::{BatchInbox, ISystemConfig, OutputOracle, Portal, SystemConfig},
    multicall3,
};

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
    /// L2 blocks between proposals.
    pub proposal_interval: u64,
    /// Seconds between L2 blocks.
    pub l2_block_time: u64,
    /// Seconds during which a proposal can be disputed.
    pub dispute_window: u64,
    /// Bond of one proposal, in wei.
    pub bond: U256,
    /// Output root of the L2 genesis block, or zero to start without a first output. Clients cannot tell
    /// how long to wait for a proposal before there is one.
    pub genesis_output_root: B256,
}

/// Addresses of the L1 contracts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct L1Addresses {
    /// Holds the parameters of the chain.
    pub system_config: Address,
    /// Takes deposits and chains messages.
    pub portal: Address,
    /// Takes batches.
    pub batch_inbox: Address,
    /// Takes proposals.
    pub output_oracle: Address,
}

/// What stands on L1 after a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeployedL1 {
    /// Our contracts.
    pub contracts: L1Addresses,
    /// Multicall3, at its address on every chain.
    pub multicall3: Address,
    /// The first L1 block by which all of our contracts exist.
    pub block: BlockNumHash,
}

/// Why a deployment did not succeed. What was sent before the failure stays on L1; deploying again makes
/// new contracts.
#[derive(Debug, thiserror::Error)]
pub enum DeployError {
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
        output_oracle: deployer.create(nonce + 3),
    }
}

/// Deploys all L1 contracts, and Multicall3 where L1 does not have it.
pub async fn deploy_l1<P: Provider>(
    provider: &P,
    params: &DeployParams,
) -> Result<DeployedL1, DeployError> {
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
    for (nonce, creation) in (nonce..).zip(creations(params, &contracts)) {
        let request = TransactionRequest::default()
            .with_from(params.deployer)
            .with_nonce(nonce)
            .with_deploy_code(creation.code);
        sent.push((creation.address, send(provider, creation.name, request).await?));
    }
    if multicall3_code.is_empty() {
        deploy_multicall3(provider, params.deployer, nonce + 4).await?;
    }

    let mut block = BlockNumHash::default();
    for (expected, transaction) in sent {
        let what = transaction.what;
        let receipt = transaction.receipt().await?;
        if receipt.contract_address != Some(expected) {
            let actual = receipt.contract_address;
            return Err(DeployError::Address { what, expected, actual });
        }
        let (Some(number), Some(hash)) = (receipt.block_number, receipt.block_hash) else {
            return Err(DeployError::NoBlock { what });
        };
        if number >= block.number {
            block = BlockNumHash { number, hash };
        }
    }
    Ok(DeployedL1 { contracts, multicall3: multicall3::ADDRESS, block })
}

/// One contract to be made.
struct Creation {
    name: &'static str,
    address: Address,
    code: Bytes,
}

/// The contracts in the order of [`predict_addresses`].
fn creations(params: &DeployParams, addresses: &L1Addresses) -> [Creation; 4] {
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
    let portal = Portal::constructorCall { systemConfig_: addresses.system_config };
    let batch_inbox = BatchInbox::constructorCall { systemConfig_: addresses.system_config };
    let output_oracle = OutputOracle::constructorCall {
        parameters: OutputOracle::Parameters {
            batchInbox: addresses.batch_inbox,
            portal: addresses.portal,
            proposalInterval: params.proposal_interval,
            l2BlockTime: params.l2_block_time,
            disputeWindow: params.dispute_window,
            bond: params.bond,
            genesisOutputRoot: params.genesis_output_root,
        },
    };
    let code =
        |bytecode: &Bytes, arguments: Vec<u8>| [bytecode.as_ref(), &arguments].concat().into();
    [
        Creation {
            name: "SystemConfig",
            address: addresses.system_config,
            code: code(&SystemConfig::BYTECODE, system_config.abi_encode()),
        },
        Creation {
            name: "Portal",
            address: addresses.portal,
            code: code(&Portal::BYTECODE, portal.abi_encode()),
        },
        Creation {
            name: "BatchInbox",
            address: addresses.batch_inbox,
            code: code(&BatchInbox::BYTECODE, batch_inbox.abi_encode()),
        },
        Creation {
            name: "OutputOracle",
            address: addresses.output_oracle,
            code: code(&OutputOracle::BYTECODE, output_oracle.abi_encode()),
        },
    ]
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
