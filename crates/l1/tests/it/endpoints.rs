//! Endpoints that are down, lie, stall or flood: the client turns to the next one, or says what is wrong.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use alloy::eips::BlockNumberOrTag;
use l1::{EndpointUrl, L1Client, L1Config, L1Error, Severity};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::harness::{CHAIN_ID, L1, install_tls};

/// What a bad server does with every request.
#[derive(Clone, Copy, Debug)]
enum Manner {
    Status(u16),
    Body(&'static str),
    Cut,
    Flood,
    Stall,
}

/// A server with bad manners, and how often it was asked.
async fn bad_server(manner: Manner) -> (EndpointUrl, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = asked.clone();
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            counter.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(async move {
                let mut buffer = [0; 4096];
                let _ = socket.read(&mut buffer).await;
                let head = "Connection: close\r\nContent-Type: application/json";
                let answer = match manner {
                    Manner::Status(code) => {
                        format!("HTTP/1.1 {code} X\r\n{head}\r\nContent-Length: 0\r\n\r\n")
                    }
                    Manner::Body(body) => format!(
                        "HTTP/1.1 200 OK\r\n{head}\r\nContent-Length: {}\r\n\r\n{body}",
                        body.len()
                    ),
                    Manner::Cut => format!(
                        "HTTP/1.1 200 OK\r\n{head}\r\nContent-Length: 99\r\n\r\n{{\"jsonrpc\""
                    ),
                    Manner::Flood => format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n"),
                    Manner::Stall => return tokio::time::sleep(Duration::from_secs(60)).await,
                };
                let _ = socket.write_all(answer.as_bytes()).await;
                if matches!(manner, Manner::Flood) {
                    while socket.write_all(&[b' '; 65536]).await.is_ok() {}
                }
            });
        }
    });
    (EndpointUrl::new(url), asked)
}

fn patient_config(endpoints: Vec<EndpointUrl>) -> L1Config {
    L1Config {
        endpoints,
        request_timeout: Duration::from_millis(500),
        retry_delay_min: Duration::from_millis(5),
        response_bytes_max: 1024 * 1024,
        ..L1Config::default()
    }
}

#[tokio::test]
async fn the_next_endpoint_answers_where_one_fails() {
    let l1 = L1::start().await;
    let good = EndpointUrl::new(l1.anvil.url());
    let manners = [
        Manner::Status(500),
        Manner::Status(429),
        Manner::Status(403),
        Manner::Body("<html>"),
        Manner::Body(r#"{"jsonrpc":"2.0","id":0,"result":"0x1"}"#),
        Manner::Body(r#"{"jsonrpc":"2.0","id":0,"error":{"code":-32005,"message":"slow down"}}"#),
        Manner::Cut,
        Manner::Flood,
        Manner::Stall,
    ];
    for manner in manners {
        let (bad, asked) = bad_server(manner).await;
        let config = patient_config(vec![bad, good.clone()]);
        let client = L1Client::connect(&config, CHAIN_ID).await.unwrap();
        let header = client.header(BlockNumberOrTag::Latest).await.unwrap();
        assert_eq!(header.number, 0, "{manner:?}");
        assert_eq!(asked.load(Ordering::Relaxed), 1, "{manner:?}: the good endpoint is kept");
    }
}

#[tokio::test]
async fn a_dead_endpoint_is_left_and_its_successor_kept() {
    let l1 = L1::start().await;
    let dead = EndpointUrl::new("http://127.0.0.1:9");
    let config = patient_config(vec![dead, EndpointUrl::new(l1.anvil.url())]);
    let client = L1Client::connect(&config, CHAIN_ID).await.unwrap();
    assert_eq!(client.endpoints().current_host(), format!("127.0.0.1:{}", l1.anvil.port()));
}

#[tokio::test]
async fn retries_are_bounded() {
    install_tls();
    let (bad, asked) = bad_server(Manner::Status(503)).await;
    let client = L1Client::new(&patient_config(vec![bad]), CHAIN_ID).unwrap();
    let start = Instant::now();
    let error = client.header(BlockNumberOrTag::Latest).await.unwrap_err();
    assert_eq!(error.severity(), Severity::Temporary);
    assert_eq!(asked.load(Ordering::Relaxed), 4);
    assert!(start.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn another_chain_is_critical() {
    let l1 = L1::start().await;
    let error = L1Client::connect(&l1.config, 1).await.unwrap_err();
    assert!(matches!(error, L1Error::ChainId { expected: 1, found: 900 }), "{error:?}");
    assert_eq!(error.severity(), Severity::Critical);
}

#[tokio::test]
async fn addresses_with_keys_do_not_print() {
    install_tls();
    let secret = "http://user:hunter2@127.0.0.1:9/v2/s3cr3t?key=t0ken";
    let config = patient_config(vec![EndpointUrl::new(secret)]);
    let client = L1Client::new(&config, CHAIN_ID).unwrap();
    let error = client.header(BlockNumberOrTag::Latest).await.unwrap_err();
    let mut printed = format!("{config:?} {client:?} {error:?} {error}");
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        printed += &format!(" {error} {error:?}");
        cause = error.source();
    }
    for word in ["hunter2", "s3cr3t", "t0ken"] {
        assert!(!printed.contains(word), "{printed}");
    }
}

#[test]
fn configuration_is_checked_before_any_request() {
    let no_endpoint = L1Client::new(&patient_config(Vec::new()), CHAIN_ID).unwrap_err();
    assert!(matches!(no_endpoint, L1Error::NoEndpoint));
    let bad = patient_config(vec![EndpointUrl::new("ftp://x")]);
    let bad = L1Client::new(&bad, CHAIN_ID).unwrap_err();
    assert!(matches!(bad, L1Error::BadEndpoint { position: 0 }));
    assert_eq!(bad.severity(), Severity::Critical);
}
