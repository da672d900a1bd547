//! What a node holds before it is asked: a token, a million logs, a crowded block. The same on every node.

use std::time::Duration;

use alloy::{
    consensus::{SignableTransaction, TxEip1559},
    eips::Encodable2718,
    network::TransactionBuilder,
    primitives::{Address, B256, Bytes, TxKind, U256, hex},
    providers::{DynProvider, Provider, ProviderBuilder},
    rpc::types::{TransactionReceipt, TransactionRequest},
    signers::{SignerSync, local::PrivateKeySigner},
    sol,
    sol_types::{SolCall, SolValue},
};
use eyre::{Result, ensure, eyre};
use harness::{Funded, eventually, published_code};
use serde_json::{Value, json};

sol! {
    function transfer(address to, uint256 amount) external returns (bool);
    function balanceOf(address owner) external view returns (uint256);
}

/// Makes 500 logs whose second topics are the numbers from its input on. Creation code.
const EMITTER: [u8; 33] =
    hex!("60188060095f395ff3" "5f355f5b81810160aa5f5fa2600101806101f41160035700");
/// Logs of one call of it.
const LOGS_PER_CALL: u64 = 500;
/// Its calls: a million logs.
const CALLS: u64 = 2_000;
/// Gas that is enough for a call.
const CALL_GAS: u64 = 1_000_000;
/// Topics in one question for logs.
pub(super) const TOPICS_ASKED: usize = 100;
/// Transfers in the crowded block.
const CROWD: u64 = 200;
/// Tries to get them into one block.
const CROWD_TRIES: usize = 8;
/// Transactions sent in one batch.
const BATCH: usize = 200;
/// Batches of one sender that may wait for a block: mempools have limits.
const BATCHES_WAITING: usize = 4;
/// Longest wait for transactions to be in blocks.
const PATIENCE: Duration = Duration::from_secs(120);

/// A node with contents, and what to ask for.
#[derive(Debug)]
pub(super) struct Scene {
    pub(super) name: &'static str,
    /// Host and port.
    pub(super) address: String,
    node: DynProvider,
    url: String,
    signer: PrivateKeySigner,
    chain_id: u64,
    /// Blocks are made on request.
    pub(super) is_manual: bool,
    /// An account with ether and tokens.
    pub(super) holder: Address,
    token: Address,
    emitter: Address,
    /// A transfer of the token in one of the first blocks.
    pub(super) traced: B256,
    /// Its block.
    pub(super) early: String,
    logs: (u64, u64),
    /// Blocks in which the logs lie.
    pub(super) blocks: u64,
    /// The crowded block, and how many receipts it has at least.
    pub(super) crowded: String,
    pub(super) crowd: usize,
}

impl Scene {
    pub(super) async fn make(
        name: &'static str,
        url: &str,
        account: &Funded,
        is_manual: bool,
    ) -> Result<Self> {
        let signer = account.signer()?;
        let node =
            ProviderBuilder::new().wallet(signer.clone()).connect_http(url.parse()?).erased();
        let mut scene = Self {
            name,
            address: super::host_of(url)?,
            chain_id: node.get_chain_id().await?,
            node,
            url: url.to_owned(),
            holder: account.address,
            signer,
            is_manual,
            token: Address::ZERO,
            emitter: Address::ZERO,
            traced: B256::ZERO,
            early: String::new(),
            logs: (0, 0),
            blocks: 0,
            crowded: String::new(),
            crowd: usize::try_from(CROWD)?,
        };
        let supply = U256::from(1_u64 << 40).abi_encode();
        let code =
            [&published_code("@uniswap/v2-core/build/ERC20.json")?, supply.as_slice()].concat();
        scene.token = scene.deploy(code).await?;
        scene.emitter = scene.deploy(EMITTER.to_vec()).await?;
        let input =
            transferCall { to: Address::repeat_byte(7), amount: U256::from(1) }.abi_encode();
        let request = TransactionRequest::default().with_to(scene.token).with_input(input);
        let moved = scene.send(request).await?;
        scene.traced = moved.transaction_hash;
        scene.early = format!("{:#x}", moved.block_number.unwrap_or_default());
        scene.emit().await?;
        scene.crowd().await?;
        Ok(scene)
    }

    /// The node serves from another address now.
    pub(super) fn has_moved(&mut self, url: &str) -> Result<()> {
        self.address = super::host_of(url)?;
        Ok(())
    }

    /// A question for the token's balance of the holder.
    pub(super) fn balance_of(&self) -> Value {
        let input = balanceOfCall { owner: self.holder }.abi_encode();
        json!({ "to": self.token, "input": Bytes::from(input) })
    }

    /// A question for a hundred of the logs, far apart.
    pub(super) fn logs_by_topic(&self) -> Value {
        let step = CALLS * LOGS_PER_CALL / TOPICS_ASKED as u64;
        let topics: Vec<B256> = (0..TOPICS_ASKED as u64)
            .map(|index| B256::from(U256::from(index * step + 7)))
            .collect();
        let (first, last) = self.range();
        json!({
            "address": self.emitter, "fromBlock": first, "toBlock": last,
            "topics": [B256::from(U256::from(0xaa)), topics],
        })
    }

    /// A question that no log answers.
    pub(super) fn no_logs(&self) -> Value {
        let (first, last) = self.range();
        json!({ "address": self.holder, "fromBlock": first, "toBlock": last })
    }

    fn range(&self) -> (String, String) {
        (format!("{:#x}", self.logs.0), format!("{:#x}", self.logs.1))
    }

    /// Makes a block where nobody else does.
    pub(super) async fn mine(&self) -> Result<()> {
        if self.is_manual {
            let _: Value = self.node.raw_request("evm_mine".into(), ()).await?;
        }
        Ok(())
    }

    async fn deploy(&self, code: Vec<u8>) -> Result<Address> {
        let receipt = self.send(TransactionRequest::default().with_deploy_code(code)).await?;
        receipt.contract_address.ok_or_else(|| eyre!("nothing was deployed"))
    }

    async fn send(&self, request: TransactionRequest) -> Result<TransactionReceipt> {
        let hash = *self.node.send_transaction(request).await?.tx_hash();
        self.receipt(hash).await
    }

    async fn receipt(&self, hash: B256) -> Result<TransactionReceipt> {
        let receipt = eventually("a transaction in a block", PATIENCE, || async {
            self.mine().await?;
            Ok(self.node.get_transaction_receipt(hash).await?)
        })
        .await?;
        ensure!(receipt.status(), "{hash} failed");
        Ok(receipt)
    }

    /// Makes the logs.
    async fn emit(&mut self) -> Result<()> {
        let calls = (0..CALLS).map(|call| {
            let input = U256::from(call * LOGS_PER_CALL).abi_encode();
            (self.emitter, CALL_GAS, input.into())
        });
        let sent = self.send_all(calls.collect()).await?;
        let number = async |hash: Option<&B256>| {
            let hash = *hash.ok_or_else(|| eyre!("nothing was sent"))?;
            Ok::<_, eyre::Report>(self.receipt(hash).await?.block_number.unwrap_or_default())
        };
        let last = number(sent.last()).await?;
        self.logs = (number(sent.first()).await?, last);
        self.blocks = self.logs.1 - self.logs.0 + 1;
        Ok(())
    }

    /// Gets many transfers into one block.
    async fn crowd(&mut self) -> Result<()> {
        for _ in 0..CROWD_TRIES {
            let transfers = (0..CROWD).map(|_| (Address::repeat_byte(8), 21_000, Bytes::new()));
            let sent = self.send_all(transfers.collect()).await?;
            let ends = [sent.first(), sent.last()].map(|hash| hash.copied().unwrap_or_default());
            let [first, last] = [self.receipt(ends[0]).await?, self.receipt(ends[1]).await?];
            if first.block_number == last.block_number {
                self.crowded = format!("{:#x}", first.block_number.unwrap_or_default());
                return Ok(());
            }
        }
        Err(eyre!("{CROWD} transfers are never in one block"))
    }

    /// Signs and sends transactions of one wei each, and gives their hashes.
    async fn send_all(&self, calls: Vec<(Address, u64, Bytes)>) -> Result<Vec<B256>> {
        let nonce = self.node.get_transaction_count(self.holder).pending().await?;
        let signed: Vec<Bytes> = (nonce..)
            .zip(calls)
            .map(|(nonce, (to, gas_limit, input))| {
                let tx = TxEip1559 {
                    chain_id: self.chain_id,
                    nonce,
                    gas_limit,
                    max_fee_per_gas: 100_000_000_000,
                    max_priority_fee_per_gas: 1_000_000,
                    to: TxKind::Call(to),
                    value: U256::from(1),
                    input,
                    ..TxEip1559::default()
                };
                let signature = self.signer.sign_hash_sync(&tx.signature_hash())?;
                Ok(tx.into_signed(signature).encoded_2718().into())
            })
            .collect::<Result<_>>()?;
        let client = reqwest::Client::new();
        let mut hashes = Vec::with_capacity(signed.len());
        for (number, batch) in signed.chunks(BATCH).enumerate() {
            if let (Some(last), 0) = (hashes.last(), number % BATCHES_WAITING) {
                self.receipt(*last).await?;
            }
            let method = "eth_sendRawTransaction";
            let requests = (0..).zip(batch).map(|(id, raw)| {
                json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": [raw] })
            });
            let requests: Vec<Value> = requests.collect();
            let answers = client.post(&self.url).json(&requests).send().await?;
            for answer in answers.json::<Vec<Value>>().await? {
                let hash = answer["result"].as_str().ok_or_else(|| eyre!("{answer}"))?;
                hashes.push(hash.parse()?);
            }
        }
        Ok(hashes)
    }
}
