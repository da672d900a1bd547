//! A hundred thousand requests that no client means, against a running devnet: each gets a JSON-RPC answer or a
//! documented status, nothing panics, and memory stays flat. `BRAID_SEED` repeats a run.

use std::{sync::Arc, time::Duration};

use alloy::{primitives::Address, providers::Provider};
use eyre::{Result, WrapErr, ensure, eyre};
use futures::{StreamExt, TryStreamExt, stream};
use harness::Devnet;
use serde_json::Value;
use tokio::{io::AsyncWriteExt, net::TcpStream};

use crate::{
    noise::{Noise, Odd},
    raw_bytes::RawBytes,
    support::{send, transfer},
};

const REQUESTS: u64 = 100_000;
/// Of them, those after which memory is looked at first: pools and caches are filled by then.
const WARM: u64 = 25_000;
const AT_A_TIME: usize = 32;
/// How much larger the process may be after the rest, in bytes. It holds a whole devnet, whose chain grows meanwhile.
const GROWTH_MAX: u64 = 128 << 20;
const HALF_OPEN: u64 = 200;
/// Statuses that `docs/rpc.md` names: answered, not POST, not JSON, slow down, not now. 400 ends a body that broke off.
const STATUSES: [u16; 6] = [200, 400, 405, 415, 429, 503];

#[tokio::test]
async fn requests_that_nobody_means() -> Result<()> {
    let devnet = Devnet::ephemeral(&[]).await?;
    let noise = Noise::from_environment();
    let client = reqwest::Client::builder().timeout(Duration::from_secs(60)).build()?;
    let open = half_open(&devnet, &noise).await?;
    batter(&devnet, &client, &noise, 0..WARM).await?;
    let warm = resident(&devnet)?;
    batter(&devnet, &client, &noise, WARM..REQUESTS).await?;
    let after = resident(&devnet)?;
    ensure!(
        after.saturating_sub(warm) <= GROWTH_MAX,
        "the process grew from {warm} to {after} bytes in {} requests",
        REQUESTS - WARM
    );
    drop(open);
    // Alive, well, and what it says of itself is true.
    let node = devnet.l2(0)?;
    let before = node.get_block_number().await?;
    send(&node, transfer(Address::repeat_byte(2), 1)).await?;
    ensure!(node.get_block_number().await? > before, "no new blocks");
    let ready = client.get(format!("{}/readyz", devnet.info.l2.rpc)).send().await?;
    ensure!(ready.status() == 200, "{ready:?}");
    devnet.stop().await
}

async fn batter(
    devnet: &Devnet,
    client: &reqwest::Client,
    noise: &Noise,
    range: std::ops::Range<u64>,
) -> Result<()> {
    let url: Arc<str> = devnet.info.l2.rpc.as_str().into();
    let asking = stream::iter(range).map(|number| {
        let (client, url, mut odd) = (client.clone(), url.clone(), noise.request(number));
        async move {
            let shown = odd.shown();
            let asked = ask(&client, &url, &mut odd).await;
            asked.wrap_err_with(|| format!("request {number}: {shown}"))
        }
    });
    asking.buffer_unordered(AT_A_TIME).try_collect::<()>().await
}

async fn ask(client: &reqwest::Client, url: &str, odd: &mut Odd) -> Result<()> {
    let mut request = client.request(odd.method.parse()?, url);
    if let Some(media) = odd.media {
        request = request.header("content-type", media);
    }
    let answer = request.body(std::mem::take(&mut odd.body)).send().await?;
    let status = answer.status().as_u16();
    let text = answer.text().await?;
    ensure!(STATUSES.contains(&status), "status {status}: {text}");
    if status != 200 || text.is_empty() || text == "null" {
        // A notification has no answer but that, and other statuses none that is JSON-RPC.
        return Ok(());
    }
    let json: Value = serde_json::from_str(&text).wrap_err("the answer is not JSON")?;
    let answers = json.as_array().map_or_else(|| std::slice::from_ref(&json), Vec::as_slice);
    for answer in answers {
        let error = &answer["error"];
        let well_formed = answer["jsonrpc"] == "2.0"
            && answer.get("id").is_some()
            && match answer.get("result") {
                Some(_) => error.is_null(),
                None => error["code"].is_i64() && error["message"].is_string(),
            };
        let start: String = text.chars().take(500).collect();
        ensure!(well_formed, "not a JSON-RPC answer: {start}");
        ensure!(error["code"] != -32_603, "a fault of the node: {start}");
    }
    Ok(())
}

/// WebSockets that begin and do not go on. They stay open until they are dropped.
async fn half_open(devnet: &Devnet, noise: &Noise) -> Result<Vec<TcpStream>> {
    let address = devnet.info.l2.rpc.strip_prefix("http://").ok_or_else(|| eyre!("no address"))?;
    let mut open = Vec::new();
    for number in 0..HALF_OPEN {
        let mut stream = TcpStream::connect(address).await?;
        for part in noise.websocket(number) {
            // The server may have closed it for what came before.
            if stream.write_all(&part).await.is_err() {
                break;
            }
        }
        open.push(stream);
    }
    Ok(open)
}

/// Resident memory of the devnet's process, in bytes.
fn resident(devnet: &Devnet) -> Result<u64> {
    let id = devnet.process_id().ok_or_else(|| eyre!("the devnet has ended"))?;
    let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    Ok(kib.ok_or_else(|| eyre!("no VmRSS in {status}"))? * 1_024)
}

const MESSAGES: u64 = 10_000;
const CALLS: [&str; 8] = [
    "/braid.sequencer.v1.TransactionService/Submit",
    "/braid.sequencer.v1.TransactionService/SubmitStream",
    "/braid.sequencer.v1.TransactionService/GetTransactionStatus",
    "/braid.sequencer.v1.ChainService/WatchSubBlocks",
    "/braid.sequencer.v1.ChainService/WatchBlocks",
    "/braid.sequencer.v1.ChainService/WatchAccessLists",
    "/braid.sequencer.v1.ChainService/GetHeads",
    "/grpc.health.v1.Health/Check",
];

#[tokio::test]
async fn messages_that_nobody_means() -> Result<()> {
    let devnet = Devnet::ephemeral(&[]).await?;
    let noise = Noise::from_environment();
    let channel = tonic::transport::Channel::from_shared(devnet.info.l2.grpc.clone())?;
    let channel = channel.connect().await?;
    let sending = stream::iter(0..MESSAGES).map(|number| {
        let channel = channel.clone();
        async move {
            let sent = tell(channel, number, noise.message(number)).await;
            sent.wrap_err_with(|| format!("message {number}: {:x?}", noise.message(number)))
        }
    });
    sending.buffer_unordered(AT_A_TIME).try_collect::<()>().await?;
    ensure!(devnet.l2(0)?.get_block_number().await? > 0, "no blocks");
    devnet.stop().await
}

/// Sends bytes where a message belongs. What comes back is an answer or one of the statuses for a bad request.
async fn tell(channel: tonic::transport::Channel, number: u64, message: Vec<u8>) -> Result<()> {
    let call = CALLS[usize::try_from(number)? % CALLS.len()];
    let mut client = tonic::client::Grpc::new(channel);
    client.ready().await?;
    let request = tonic::Request::new(stream::iter([message]));
    let path = call.parse()?;
    let status = match client.streaming(request, path, RawBytes).await {
        // A stream that was understood goes on for ever; its first message is enough.
        Ok(answer) => match answer.into_inner().message().await {
            Ok(_) => return Ok(()),
            Err(status) => status,
        },
        Err(status) => status,
    };
    let expected = [
        tonic::Code::InvalidArgument,
        tonic::Code::OutOfRange,
        tonic::Code::NotFound,
        // What the library says of bytes that are no message.
        tonic::Code::Internal,
    ];
    ensure!(expected.contains(&status.code()), "{call}: {status:?}");
    ensure!(
        status.code() != tonic::Code::Internal || status.message().contains("decode"),
        "{call}: {status:?}"
    );
    Ok(())
}
