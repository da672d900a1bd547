//! One head to a thousand subscribers: how long after the first of them each hears of it.

use std::{
    collections::BTreeMap,
    net::Ipv4Addr,
    time::{Duration, Instant},
};

use eyre::{Result, ensure, eyre};
use serde_json::json;
use tokio::sync::mpsc;

use super::{
    milliseconds,
    scene::Scene,
    wire::{Connection, Socket},
};

const SUBSCRIBERS: usize = 1_000;
/// How many of them one client is, by its address.
const SUBSCRIBERS_EACH: usize = 250;
const HEADS: usize = 10;
/// Longest wait for a head to reach all.
const PATIENCE: Duration = Duration::from_secs(60);

/// A head's number, as text, and when it was there.
type Arrival = (String, Instant);

#[expect(clippy::print_stdout, reason = "a report for people")]
pub(super) async fn run(ours: &Scene, theirs: &Scene) -> Result<()> {
    println!("\nnewHeads to {SUBSCRIBERS} WebSockets, {HEADS} heads: after the first has it");
    for scene in [ours, theirs] {
        let mut waits = waits(scene).await?;
        println!(
            "  {:<8} p50 {:>7.2} ms   p99 {:>7.2} ms   last {:>7.2} ms",
            scene.name,
            milliseconds(&mut waits, 50),
            milliseconds(&mut waits, 99),
            milliseconds(&mut waits, 100)
        );
    }
    Ok(())
}

/// For each head and subscriber, microseconds since the first subscriber had it.
async fn waits(scene: &Scene) -> Result<Vec<u64>> {
    let (heard, mut arrivals) = mpsc::unbounded_channel();
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..SUBSCRIBERS {
        let socket = subscribe(scene, number / SUBSCRIBERS_EACH).await?;
        tasks.spawn(listen(socket, heard.clone()));
    }
    drop(heard);
    let mut heads: BTreeMap<String, Vec<Instant>> = BTreeMap::new();
    let mut complete = Vec::new();
    scene.mine().await?;
    while complete.len() < HEADS {
        let arrival = tokio::time::timeout(PATIENCE, arrivals.recv()).await?;
        let Some((number, at)) = arrival else {
            let ended = tasks.join_next().await;
            return Err(eyre!("the subscribers ended: {ended:?}"));
        };
        let known = heads.entry(number.clone()).or_default();
        known.push(at);
        if known.len() == SUBSCRIBERS {
            complete.extend(heads.remove(&number));
            scene.mine().await?;
        }
    }
    tasks.shutdown().await;
    let waits = complete.iter().flat_map(|arrivals| {
        let first = arrivals.iter().min().copied();
        arrivals.iter().filter_map(move |at| Some(at.duration_since(first?)))
    });
    Ok(waits.map(|wait| u64::try_from(wait.as_micros()).unwrap_or(u64::MAX)).collect())
}

/// From the client of this number.
async fn subscribe(scene: &Scene, client: usize) -> Result<Socket> {
    let address = Ipv4Addr::new(127, 0, 0, u8::try_from(client + 2)?);
    let connection = Connection::open_from(address, &scene.address).await?;
    let mut socket = connection.upgrade(&scene.address).await?;
    let request =
        json!({ "jsonrpc": "2.0", "id": 1, "method": "eth_subscribe", "params": ["newHeads"] });
    socket.send(&request.to_string()).await?;
    let answer = String::from_utf8(socket.next().await?)?;
    ensure!(answer.contains("\"result\""), "{answer}");
    Ok(socket)
}

async fn listen(mut socket: Socket, heard: mpsc::UnboundedSender<Arrival>) -> Result<()> {
    const NUMBER: &str = "\"number\":\"";
    loop {
        let message = socket.next().await?;
        let at = Instant::now();
        let message = std::str::from_utf8(&message)?;
        let number = message.split_once(NUMBER).and_then(|(_, rest)| rest.split_once('"'));
        let (number, _) = number.ok_or_else(|| eyre!("no head: {message}"))?;
        heard.send((number.to_owned(), at))?;
    }
}
