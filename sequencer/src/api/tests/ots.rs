//! `ots_*`: what Otterscan shows of blocks, transactions and accounts.

use alloy::primitives::{Address, B256, Bytes, keccak256};
use serde_json::{Value, json};

use super::{
    scene::{DEPOSITOR, POOR, SENDER, Scene},
    support::{LOGGER, NOBODY, NOPE, REVERTER, key, quantity, transfer},
};

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap_or_else(|| panic!("no list: {value}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_by_the_page() {
    let scene = Scene::play().await;
    let node = &scene.node;
    assert_eq!(node.call("ots_getApiLevel", json!([])).await, 8);
    let header = node.call("erigon_getHeaderByNumber", json!(["latest"])).await;
    assert!(header["hash"].is_string() && header.get("transactions").is_none());
    assert_eq!(node.call("erigon_getHeaderByNumber", json!([1])).await["number"], "0x1");
    // The block with most transactions of the scene.
    let number = scene.receipts.iter().map(|receipt| quantity(&receipt["blockNumber"]));
    let number = number.max_by_key(|number| {
        let here = |receipt: &&Value| quantity(&receipt["blockNumber"]) == *number;
        scene.receipts.iter().filter(here).count()
    });
    let number = number.unwrap();
    let block = node.call("eth_getBlockByNumber", json!([format!("{number:#x}"), true])).await;
    let all = list(&block["transactions"]);
    let receipts = node.call("eth_getBlockReceipts", json!([format!("{number:#x}")])).await;
    let details = node.call("ots_getBlockDetails", json!([number])).await;
    assert_eq!(details["block"]["hash"], block["hash"]);
    assert_eq!(details["block"]["transactionCount"], json!(all.len()));
    assert!(details["block"].get("transactions").is_none());
    assert_eq!(details["issuance"]["issuance"], "0x0");
    let fee =
        |receipt: &Value| quantity(&receipt["gasUsed"]) * quantity(&receipt["effectiveGasPrice"]);
    let fees: u64 = list(&receipts).iter().map(fee).sum();
    assert_eq!(quantity(&details["totalFees"]), fees);
    let by_hash = node.call("ots_getBlockDetailsByHash", json!([block["hash"]])).await;
    assert_eq!(by_hash, details);

    let mut seen = Vec::new();
    for page in 0.. {
        let page = json!([number, page, 2]);
        let page = node.call("ots_getBlockTransactions", page).await;
        let transactions = list(&page["fullblock"]["transactions"]);
        assert_eq!(page["fullblock"]["transactionCount"], json!(all.len()));
        if transactions.is_empty() {
            break;
        }
        assert_eq!(transactions.len(), list(&page["receipts"]).len());
        for (tx, receipt) in transactions.iter().zip(list(&page["receipts"])).rev() {
            assert_eq!(tx["hash"], receipt["transactionHash"]);
            assert!(receipt["logs"].is_null() && receipt["logsBloom"].is_null());
            assert!(tx["input"].as_str().unwrap().len() <= 10);
            seen.push(tx["hash"].clone());
        }
    }
    let newest: Vec<Value> = all.iter().rev().map(|tx| tx["hash"].clone()).collect();
    assert_eq!(seen, newest, "the last transactions are on the first page");

    for method in ["ots_getBlockDetails", "erigon_getHeaderByNumber"] {
        assert_eq!(node.call(method, json!([99_999])).await, Value::Null);
    }
    let (code, text, _) = node.fail("ots_getBlockTransactions", json!([1, 0, 26])).await;
    assert_eq!((code, &text[..]), (-32_602, "invalid argument 2: page size must be 1 to 25"));
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_from_inside() {
    let scene = Scene::play().await;
    let node = &scene.node;
    let hash = |place: usize| scene.receipts[place]["transactionHash"].clone();
    let error =
        async |place: usize| node.call("ots_getTransactionError", json!([hash(place)])).await;
    assert_eq!(error(7).await, NOPE);
    assert_eq!((error(3).await, error(8).await), (json!("0x"), json!("0x")));
    let inside =
        async |place: usize| node.call("ots_getInternalOperations", json!([hash(place)])).await;
    assert_eq!(inside(3).await, json!([]));
    let moved = json!([{ "type": 0, "from": scene.relay, "to": NOBODY, "value": "0x9" }]);
    assert_eq!(inside(11).await, moved);
    let kinds: Vec<Value> =
        list(&inside(9).await).iter().map(|operation| operation["type"].clone()).collect();
    assert_eq!(kinds, [2, 1], "created, and gone");
    assert_eq!(inside(10).await[0]["type"], 3);

    let calls = node.call("ots_traceTransaction", json!([hash(6)])).await;
    let sender = key(SENDER).address();
    let outer = (&calls[0]["type"], &calls[0]["depth"], &calls[0]["from"], &calls[0]["to"]);
    assert_eq!(outer, (&json!("CALL"), &json!(0), &json!(sender), &json!(scene.relay)));
    let inner = (&calls[1]["depth"], &calls[1]["to"], &calls[1]["output"]);
    assert_eq!(inner, (&json!(1), &json!(REVERTER), &json!(NOPE)));
    let calls = node.call("ots_traceTransaction", json!([hash(9)])).await;
    let kinds: Vec<(&Value, &Value)> =
        list(&calls).iter().map(|call| (&call["type"], &call["depth"])).collect();
    let (call, create, gone) = (json!("CALL"), json!("CREATE"), json!("SELFDESTRUCT"));
    assert_eq!(kinds, [(&call, &json!(0)), (&create, &json!(1)), (&gone, &json!(2))]);
    for method in ["ots_traceTransaction", "ots_getInternalOperations", "ots_getTransactionError"] {
        let (code, text, _) = node.fail(method, json!([keccak256("nothing")])).await;
        assert_eq!((code, &text[..]), (-32_000, "transaction not found"), "{method}");
    }
}

/// Pages through all transactions of an account, newest first.
async fn history(scene: &Scene, address: Address, size: usize) -> Vec<Value> {
    let (mut found, mut block) = (Vec::new(), 0);
    loop {
        let params = json!([address, block, size]);
        let page = scene.node.call("ots_searchTransactionsBefore", params).await;
        assert_eq!(page["firstPage"], json!(block == 0));
        for (tx, receipt) in list(&page["txs"]).iter().zip(list(&page["receipts"])) {
            assert_eq!(tx["hash"], receipt["transactionHash"]);
            assert!(receipt["timestamp"].is_string() && receipt["logs"].is_null());
            found.push(tx["hash"].clone());
        }
        if page["lastPage"] == true {
            return found;
        }
        block = quantity(&page["txs"].as_array().unwrap().last().unwrap()["blockNumber"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_and_their_pasts() {
    let scene = Scene::play().await;
    let node = &scene.node;
    // The lists that say what was reached from inside come with the check, and the projection a little later.
    for receipt in &scene.receipts {
        node.access_list(&receipt["blockNumber"]).await;
    }
    node.until_projected(scene.last_block()).await;
    let hashes = |places: &[usize]| -> Vec<Value> {
        let places = places.iter().rev();
        places.map(|place| scene.receipts[*place]["transactionHash"].clone()).collect()
    };
    let sender = key(SENDER).address();
    let deposits =
        node.call("eth_getBlockByNumber", json!([format!("{:#x}", scene.deposits), true]));
    let deposits = deposits.await;
    let deposit = |place: usize| deposits["transactions"][place]["hash"].clone();
    let sorted = |mut hashes: Vec<Value>| {
        hashes.sort_by_key(Value::to_string);
        hashes
    };
    let with = |mut hashes: Vec<Value>, more: &[usize]| {
        hashes.extend(more.iter().map(|place| deposit(*place)));
        sorted(hashes)
    };
    for size in [1, 3, 25] {
        let all: Vec<usize> = (0..12).collect();
        assert_eq!(sorted(history(&scene, sender, size).await), sorted(hashes(&all)));
        // Called, called from inside, and by a deposit.
        assert_eq!(sorted(history(&scene, LOGGER, size).await), with(hashes(&[4, 5]), &[4]));
        // Paid by a transaction, from inside, and by a deposit; and by one that did not pay.
        assert_eq!(sorted(history(&scene, NOBODY, size).await), with(hashes(&[3, 11]), &[1, 3]));
        assert_eq!(history(&scene, POOR, size).await, [deposit(3)]);
        let depositor = key(DEPOSITOR).address();
        assert_eq!(sorted(history(&scene, depositor, size).await), with(Vec::new(), &[1, 2, 4]));
        // Created, then called.
        assert_eq!(
            sorted(history(&scene, scene.relay, size).await),
            sorted(hashes(&[0, 5, 6, 11]))
        );
    }
    assert!(history(&scene, Address::repeat_byte(0xdd), 5).await.is_empty());

    // The other way: the oldest come first, each page newest first.
    let page = json!([sender, 0, 3]);
    let page = node.call("ots_searchTransactionsAfter", page).await;
    // It is the newest page as well where all of them came in one block.
    let whole = list(&page["txs"]).len() == scene.receipts.len();
    assert_eq!((&page["lastPage"], &page["firstPage"]), (&json!(true), &json!(whole)));
    let first = list(&page["txs"]).last().unwrap();
    let blocks: Vec<u64> =
        list(&page["txs"]).iter().map(|tx| quantity(&tx["blockNumber"])).collect();
    assert!(blocks.is_sorted_by(|newer, older| newer >= older) && blocks.len() >= 3);
    assert!(blocks.contains(&quantity(&first["blockNumber"])));
    let newest = json!([sender, scene.last_block(), 3]);
    let newest = node.call("ots_searchTransactionsAfter", newest).await;
    assert_eq!((list(&newest["txs"]).len(), &newest["firstPage"]), (0, &json!(true)));

    for (nonce, receipt) in scene.receipts.iter().enumerate().take(3) {
        let hash = node.call("ots_getTransactionBySenderAndNonce", json!([sender, nonce])).await;
        assert_eq!(hash, receipt["transactionHash"]);
        let whole = json!([sender, format!("{nonce:#x}")]);
        let whole = node.call("eth_getTransactionBySenderAndNonce", whole).await;
        assert_eq!(whole["hash"], hash);
    }
    let none = node.call("ots_getTransactionBySenderAndNonce", json!([NOBODY, 0])).await;
    assert!(none.is_null());
    // Found at once, also before the projection has it.
    let receipt = node.send(&transfer(9, 0)).await;
    let params = json!([key(9).address(), 0]);
    let hash = node.call("ots_getTransactionBySenderAndNonce", params).await;
    assert_eq!(hash, receipt["transactionHash"]);
    let recent = json!([key(9).address(), 0, 5]);
    let recent = node.call("ots_searchTransactionsBefore", recent).await;
    assert_eq!(recent["txs"][0]["hash"], hash);
}

#[tokio::test(flavor = "multi_thread")]
async fn contracts_and_their_creators() {
    let scene = Scene::play().await;
    let node = &scene.node;
    let creator =
        async |address: Address| node.call("ots_getContractCreator", json!([address])).await;
    let sender = key(SENDER).address();
    let expected = json!({ "hash": scene.receipts[0]["transactionHash"], "creator": sender });
    assert_eq!(creator(scene.relay).await, expected);
    // By CREATE2 inside of a factory.
    let factory = sender.create(2);
    let code: Bytes = super::scene::initcode(super::scene::RELAY);
    let child = factory.create2_from_code(B256::ZERO, &code);
    let expected = json!({ "hash": scene.receipts[10]["transactionHash"], "creator": factory });
    assert_eq!(creator(child).await, expected);
    for nobodys in [sender, LOGGER, Address::repeat_byte(0xdd)] {
        assert!(creator(nobodys).await.is_null(), "{nobodys}: no contract, or from genesis");
    }
    let has_code = async |address: Address, block: &str| {
        node.call("ots_hasCode", json!([address, block])).await
    };
    assert_eq!(has_code(child, "latest").await, true);
    assert_eq!(has_code(child, "0x0").await, false);
    assert_eq!(has_code(sender, "latest").await, false);
}
