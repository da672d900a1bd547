//! The operators' door: who may come in, and what they can do.

use std::net::SocketAddr;

use alloy::primitives::{Address, Bytes, keccak256};
use db::PendingTransactions;
use jsonrpsee::core::client::ClientT;
use serde_json::{Value, json};
use service::{LogFilter, Secret};

use super::{
    scene::deposit,
    support::{Node, key, quantity, transfer},
};
use crate::{
    api::{AdminError, AdminSettings, Doors, open_admin},
    mempool::Rejection,
    quota::Client,
};

const TOKEN: &str = "0123456789abcdef";

fn here() -> AdminSettings {
    AdminSettings { listen: ([127, 0, 0, 1], 0).into(), token: None, allow_remote: false }
}

/// The operators' door of a node.
struct Operators {
    http: reqwest::Client,
    address: SocketAddr,
    _doors: Doors,
    /// Without it nothing is logged, so no filter could be changed.
    _filter: Box<dyn std::any::Any>,
}

impl Operators {
    async fn of(node: &Node, settings: AdminSettings) -> Self {
        let (filter, logs) = LogFilter::new("info").unwrap();
        let doors = open_admin(settings, &node.handle, logs).await.unwrap();
        let (address, http) = (doors.address, node.http.clone());
        Self { http, address, _doors: doors, _filter: Box::new(filter) }
    }

    fn request(&self, method: &str, params: Value) -> reqwest::RequestBuilder {
        let call = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let request = self.http.post(format!("http://{}/", self.address));
        request.header("content-type", "application/json").body(call.to_string())
    }

    async fn ask(&self, method: &str, params: Value) -> Value {
        self.request(method, params).send().await.unwrap().json().await.unwrap()
    }

    async fn call(&self, method: &str, params: Value) -> Value {
        let mut answer = self.ask(method, params).await;
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].take()
    }
}

/// Gets transactions into the mempool while the doors take none.
async fn wait_in_mempool(node: &Node, raws: Vec<Bytes>) {
    let admitted = node.handle.submitter.queue.admit(raws, Client::exempt()).await;
    assert!(admitted.iter().all(Result::is_ok), "{admitted:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sequencing_is_stopped_drained_and_started() {
    let node = Node::start().await;
    let operators = Operators::of(&node, here()).await;
    assert_eq!(operators.call("admin_sequencerActive", json!([])).await, true);
    node.until_block(1).await;
    let head = operators.call("admin_stopSequencer", json!([])).await;
    assert!(node.call("eth_getBlockByHash", json!([head, false])).await.is_object());
    assert_eq!(operators.call("admin_sequencerActive", json!([])).await, false);

    let send = json!({ "jsonrpc": "2.0", "id": 7, "method": "eth_sendRawTransaction", "params": [transfer(1, 0)] });
    let (status, answer) = node.post(send.to_string()).await;
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!((status, &answer["error"]["code"]), (503, &json!(-32_002)), "{answer}");
    let text = "the sequencer takes no transactions now: stopped by its operator";
    assert_eq!(answer["error"]["message"], text);

    // Blocks go on with what L1 brings, and without what waits.
    wait_in_mempool(&node, vec![transfer(2, 0)]).await;
    let to = Address::repeat_byte(0x77);
    node.messages(vec![deposit(key(0).address(), to, 5, 5, 100_000)]);
    while node.call("eth_getBalance", json!([to, "latest"])).await != "0x5" {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let number = node.number().await;
    node.until_block(number + 1).await;
    let waiting = keccak256(transfer(2, 0));
    assert!(node.call("eth_getTransactionReceipt", json!([waiting])).await.is_null());
    let info = operators.call("admin_nodeInfo", json!([])).await;
    assert_eq!(
        (&info["sequencing"], &info["mempoolExecutable"]),
        (&json!("stopped"), &json!("0x1"))
    );
    assert_eq!(quantity(&info["chainId"]), 42_069);

    // What waits is executed; nothing new is taken.
    operators.call("admin_drainSequencer", json!([])).await;
    node.receipt(&json!(waiting)).await;
    assert_eq!(node.post(send.to_string()).await.0, 503);

    let wrong = operators.ask("admin_startSequencer", json!([waiting])).await;
    assert_eq!(wrong["error"]["code"], -32_602, "{wrong}");
    assert_eq!(operators.call("admin_startSequencer", json!([head])).await, Value::Null);
    node.send(&transfer(1, 0)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_can_be_removed_for_good() {
    let node = Node::start().await;
    let operators = Operators::of(&node, here()).await;
    let raws = [transfer(1, 1), transfer(1, 2), transfer(1, 3), transfer(2, 1)];
    for raw in &raws {
        node.call("eth_sendRawTransaction", json!([raw])).await;
    }
    let hash = keccak256(&raws[1]);
    let told = node.handle.publisher.wait(hash).unwrap();
    assert_eq!(operators.call("admin_dropTransaction", json!([hash])).await, true);
    let told = told.await.unwrap();
    assert!(matches!(told.as_ref().map_err(|why| &**why), Err(Rejection::Removed)), "{told:?}");
    assert_eq!(operators.call("admin_dropTransaction", json!([hash])).await, false);
    assert_eq!(node.call("eth_getTransactionByHash", json!([hash])).await, Value::Null);

    let removed = operators.call("admin_dropSender", json!([key(1).address()])).await;
    assert_eq!(removed, json!([keccak256(&raws[2]), keccak256(&raws[0])]));
    let saved = PendingTransactions::new(node.handle.view.database().clone());
    assert_eq!(saved.load().await.unwrap(), [raws[3].clone()]);
    node.call("eth_sendRawTransaction", json!([raws[0]])).await;
    assert_eq!(operators.call("admin_saveMempool", json!([])).await, "0x2");
    assert_eq!(saved.load().await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_level_changes() {
    let node = Node::start().await;
    let operators = Operators::of(&node, here()).await;
    assert_eq!(operators.call("admin_logLevel", json!([])).await, "info");
    operators.call("admin_setLogLevel", json!(["sequencer=debug,warn"])).await;
    let level = operators.call("admin_logLevel", json!([])).await;
    assert!(level.as_str().unwrap().contains("sequencer=debug"), "{level}");
    let wrong = operators.ask("admin_setLogLevel", json!(["a=b=c"])).await;
    assert_eq!(wrong["error"]["code"], -32_602, "{wrong}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_operators_come_in() {
    let node = Node::start().await;
    let (code, text, _) = node.fail("admin_stopSequencer", json!([])).await;
    let unknown = "the method admin_stopSequencer does not exist/is not available";
    assert_eq!((code, text.as_str()), (-32_601, unknown));
    let url = format!("ws://{}", node.address);
    let client = jsonrpsee::ws_client::WsClientBuilder::default().build(&url).await.unwrap();
    let asked = client.request::<Value, _>("admin_sequencerActive", jsonrpsee::rpc_params![]).await;
    assert!(asked.unwrap_err().to_string().contains("does not exist"));

    let operators = Operators::of(&node, here()).await;
    let answer = operators.ask("eth_chainId", json!([])).await;
    assert_eq!(answer["error"]["code"], -32_601, "{answer}");
    assert_eq!(
        answer["error"]["message"],
        "the method eth_chainId does not exist/is not available"
    );
    let modules = operators.call("rpc_modules", json!([])).await;
    assert_eq!(modules, json!({ "admin": "1.0", "rpc": "1.0" }));
    let status = async |request: reqwest::RequestBuilder| request.send().await.unwrap().status();
    let stop = || operators.request("admin_stopSequencer", json!([]));
    for origin in ["null", "http://localhost:3000", "https://example.org"] {
        assert_eq!(status(stop().header("origin", origin)).await, 403, "{origin}");
    }
    for host in ["example.org", "10.0.0.1:9546", "localhost.example.org"] {
        assert_eq!(status(stop().header("host", host)).await, 403, "{host}");
    }
    let get = operators.http.get(format!("http://{}/", operators.address));
    assert_eq!(status(get).await, 405);
    assert_eq!(operators.call("admin_sequencerActive", json!([])).await, true);
    for host in ["localhost", "localhost:9546", "127.0.0.1:1", "[::1]:9546"] {
        let asked = operators.request("admin_sequencerActive", json!([])).header("host", host);
        assert_eq!(status(asked).await, 200, "{host}");
    }

    let settings = AdminSettings { token: Some(Secret::new(TOKEN.into())), ..here() };
    let guarded = Operators::of(&node, settings).await;
    let ask = || guarded.request("admin_sequencerActive", json!([]));
    assert_eq!(status(ask()).await, 403);
    assert_eq!(status(ask().bearer_auth("0123456789abcdeF")).await, 403);
    assert_eq!(status(ask().bearer_auth(TOKEN)).await, 200);
    assert_eq!(status(ask().bearer_auth(TOKEN).header("origin", "null")).await, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_machines_need_leave_and_a_token() {
    let node = Node::start().await;
    let anywhere = AdminSettings { listen: ([0, 0, 0, 0], 0).into(), ..here() };
    let token = || Some(Secret::new(TOKEN.into()));
    let (_filter, logs) = LogFilter::new("info").unwrap();
    let open = async |settings| open_admin(settings, &node.handle, logs.clone()).await;
    for settings in [
        anywhere.clone(),
        AdminSettings { allow_remote: true, ..anywhere.clone() },
        AdminSettings { token: token(), ..anywhere.clone() },
    ] {
        assert!(matches!(open(settings).await, Err(AdminError::Exposed(_))));
    }
    let short = AdminSettings { token: Some(Secret::new("short".into())), ..here() };
    assert!(matches!(open(short).await, Err(AdminError::TokenTooShort)));
    open(AdminSettings { allow_remote: true, token: token(), ..anywhere }).await.unwrap();
}
