//! Blobs from beacon nodes as they are on a real L1: addressed by slot, and not to be trusted.

use std::sync::{Arc, Mutex};

use alloy::{hex, sol_types::SolCall};
use bindings::BatchInbox::{BatchPosted, postBatchCall};
use l1::{
    BlobAddressing, BlobReader, Blobs, EndpointUrl, Kzg, L1Config, L1Error, L1Reader, tx::TxRequest,
};
use protocol::blob;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::{harness::L1, running_sender::Sender};

const SLOT_SECONDS: u64 = 3;

/// A beacon node that answers every request for blobs with these; and the paths it was asked for.
async fn beacon(genesis: u64, blobs: Vec<Vec<u8>>) -> (EndpointUrl, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = EndpointUrl::new(format!("http://{}/base/", listener.local_addr().unwrap()));
    let asked = Arc::new(Mutex::new(Vec::new()));
    let paths = asked.clone();
    let list: Vec<String> =
        blobs.iter().map(|blob| format!("\"{}\"", hex::encode_prefixed(blob))).collect();
    let blobs = format!("{{\"data\":[{}]}}", list.join(","));
    let genesis = format!("{{\"data\":{{\"genesis_time\":\"{genesis}\"}}}}");
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut buffer = vec![0; 8192];
            let length = socket.read(&mut buffer).await.unwrap();
            let request = String::from_utf8_lossy(&buffer[..length]).into_owned();
            let path = request.split(' ').nth(1).unwrap().to_owned();
            let body = if path.ends_with("/genesis") { &genesis } else { &blobs };
            paths.lock().unwrap().push(path);
            let head = format!(
                "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
                body.len()
            );
            socket.write_all(head.as_bytes()).await.unwrap();
            socket.write_all(body.as_bytes()).await.unwrap();
        }
    });
    (url, asked)
}

#[tokio::test]
async fn a_lie_is_noticed_and_another_node_is_asked() {
    let l1 = L1::start().await;
    let rollup = l1.deploy().await;
    let sender = Sender::start(&l1);
    // Two blobs, so that their order counts.
    let payload: Vec<u8> = (0..=250).cycle().take(blob::BLOB_BYTES_USABLE + 1).collect();
    let call = postBatchCall { firstBlock: 1, lastBlock: 1 };
    let mut request = TxRequest::call(rollup.contracts.batch_inbox, call.abi_encode().into());
    request.blob_data = Some(payload.clone().into());
    let number = sender.confirmed("batch", request).await.block.number;
    let header = l1.client.header(number.into()).await.unwrap();
    let topic = <BatchPosted as alloy::sol_types::SolEvent>::SIGNATURE_HASH;
    let logs =
        l1.client.logs(header.hash, &[rollup.contracts.batch_inbox], &[topic]).await.unwrap();
    let posted = logs[0].log_decode::<BatchPosted>().unwrap().inner.data;

    let honest: Vec<Vec<u8>> =
        blob::pack(&payload).unwrap().into_iter().map(|blob| blob.to_vec()).collect();
    let genesis = header.timestamp - 10 * SLOT_SECONDS - 1;
    let lies = blob::pack(b"lies").unwrap()[0].to_vec();
    let no_blob = vec![0xff; blob::BLOB_BYTES];
    let (liar, liar_asked) = beacon(genesis, vec![lies, honest[0].clone()]).await;
    let (broken, broken_asked) = beacon(genesis, vec![no_blob]).await;
    let backwards = honest.iter().rev().cloned().collect();
    let (honest, honest_asked) = beacon(genesis, backwards).await;
    let config = L1Config {
        beacon_endpoints: vec![liar, broken, honest],
        blob_addressing: BlobAddressing::Slot { slot_seconds: SLOT_SECONDS },
        ..l1.config.clone()
    };
    let blobs = BlobReader::new(&config, Kzg::start_lazily().unwrap()).unwrap();
    let reader = L1Reader::new(l1.client.clone(), blobs, Arc::new(rollup), &config);
    let block = reader.block(number).await.unwrap();
    assert!(block.batches[0].data == Some(payload.into()), "other bytes came back");

    let [first, second] = posted.blobHashes.as_slice() else { panic!("{posted:?}") };
    let expected =
        format!("/base/eth/v1/beacon/blobs/10?versioned_hashes={first}&versioned_hashes={second}");
    for asked in [honest_asked, broken_asked] {
        assert_eq!(asked.lock().unwrap().join(" "), expected);
    }
    let genesis = "/base/eth/v1/beacon/genesis".to_owned();
    assert_eq!(*liar_asked.lock().unwrap(), [genesis, expected]);
}

/// A beacon node forgets blobs; what was read before is read again from what was kept.
#[tokio::test]
async fn what_was_kept_is_not_asked_for() {
    let l1 = L1::start().await;
    let rollup = l1.deploy().await;
    let sender = Sender::start(&l1);
    let payload = b"kept".to_vec();
    let call = postBatchCall { firstBlock: 1, lastBlock: 1 };
    let mut request = TxRequest::call(rollup.contracts.batch_inbox, call.abi_encode().into());
    request.blob_data = Some(payload.clone().into());
    let number = sender.confirmed("batch", request).await.block.number;
    let (block, blobs) = l1.reader(&rollup).block_with(number, &Blobs::new()).await.unwrap();
    assert_eq!(blobs.len(), 1);

    let (empty, asked) = beacon(0, Vec::new()).await;
    let config = L1Config { beacon_endpoints: vec![empty], ..l1.config.clone() };
    let reader = BlobReader::new(&config, Kzg::start_lazily().unwrap()).unwrap();
    let reader = L1Reader::new(l1.client.clone(), reader, Arc::new(rollup), &config);
    assert_eq!(reader.block_with(number, &blobs).await.unwrap(), (block, blobs));
    assert!(asked.lock().unwrap().is_empty());
    let gone = reader.block(number).await;
    assert!(matches!(gone, Err(L1Error::Blob { .. })), "{gone:?}");
    assert!(!asked.lock().unwrap().is_empty());
}
