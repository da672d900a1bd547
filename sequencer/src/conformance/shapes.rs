//! Every block, transaction and receipt of the chain has the shape that the methods' schemas ask for, whether it comes
//! from memory or from Postgres; and what the index gives back is what was imported.

use db::Index;
use serde_json::{Value, json};

use super::{cases::ResultSchemas, folder, import::import, node::serve};

async fn ask(url: &str, method: &str, params: Value) -> Value {
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    let post = reqwest::Client::new().post(url).header("content-type", "application/json");
    let answer = post.body(call.to_string()).send().await.unwrap().text().await.unwrap();
    let mut answer: Value = serde_json::from_str(&answer).unwrap();
    assert!(answer.get("error").is_none(), "{call}: {answer}");
    answer["result"].take()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_block_and_receipt_fits_its_schema() {
    let Some(folder) = folder() else { return };
    let _ = rustls::crypto::ring::default_provider().install_default();
    let chain = import(&folder);
    let records: Vec<_> = chain.blocks.iter().map(|imported| imported.record.clone()).collect();
    let node = serve(chain).await;
    let index = Index::new(node.database.database.clone());
    let url = format!("http://{}/", node.address);
    let mut schemas = ResultSchemas::read(&folder.join("openrpc.json"));
    let mut fits = |method: &str, result: &Value| {
        let checked = schemas.check(method, result);
        checked.unwrap_or_else(|why| panic!("{method}: {why}: {result}"));
    };
    for record in records {
        let number = record.header.number;
        let id = format!("{number:#x}");
        let block = ask(&url, "eth_getBlockByNumber", json!([id, true])).await;
        fits("eth_getBlockByNumber", &block);
        fits("eth_getBlockByNumber", &ask(&url, "eth_getBlockByNumber", json!([id, false])).await);
        assert_eq!(block["hash"], json!(record.hash));
        let receipts = ask(&url, "eth_getBlockReceipts", json!([id])).await;
        fits("eth_getBlockReceipts", &receipts);
        let pairs = block["transactions"].as_array().unwrap().iter();
        for (tx, receipt) in pairs.zip(receipts.as_array().unwrap()) {
            let by_hash = ask(&url, "eth_getTransactionByHash", json!([tx["hash"]])).await;
            fits("eth_getTransactionByHash", &by_hash);
            assert_eq!(&by_hash, tx);
            let own = ask(&url, "eth_getTransactionReceipt", json!([tx["hash"]])).await;
            fits("eth_getTransactionReceipt", &own);
            assert_eq!(&own, receipt);
            assert_eq!(receipt.get("root").is_some(), (1..9).contains(&number), "block {number}");
        }
        for (place, hash) in block["uncles"].as_array().unwrap().iter().enumerate() {
            let place = format!("{place:#x}");
            let uncle = ask(&url, "eth_getUncleByBlockNumberAndIndex", json!([id, place])).await;
            assert_eq!(&uncle["hash"], hash);
        }
        assert_eq!(index.block(number).await.unwrap(), Some(record));
    }
}
