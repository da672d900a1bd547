//! What questions cost: requests per second and how long each takes, beside anvil with the same contents.
//!
//! Both serve from this machine, and so does what asks; they take turns. Anvil has all of its chain in memory, Braid
//! reads Postgres. Some questions are asked once more where quotas count them, as on a public sequencer.

mod fan_out;
mod scene;
mod wire;

use std::{
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use alloy::primitives::U256;
use eyre::{Result, ensure, eyre};
use harness::Devnet;
use l1::anvil::{Anvil, AnvilOptions, Mining};
use serde_json::{Value, json};

use self::{
    scene::{Scene, TOPICS_ASKED},
    wire::Connection,
};

/// Connections that ask side by side, each one question at a time.
const CONNECTIONS: usize = 8;
/// Rounds, in which the nodes take turns.
const ROUNDS: usize = 3;
/// Longest wait for a devnet to end.
const END_PATIENCE: Duration = Duration::from_secs(60);
/// Requests from one address where they are counted: less than what a client may ask at once.
const REQUESTS_COUNTED: usize = 4_000;
/// A round's share of the time that one question is asked for.
const SHARES: u32 = 10;

/// Where those clients begin whose requests are counted.
const FIRST_CLIENT: Ipv4Addr = Ipv4Addr::new(127, 1, 0, 1);
/// The client that asks too much.
const REFUSED_CLIENT: Ipv4Addr = Ipv4Addr::new(127, 2, 0, 1);
/// The names of the questions that are asked there.
const COUNTED: [&str; 2] = ["eth_getBalance", "eth_call, balanceOf of a token"];

/// One kind of question.
struct Question {
    name: &'static str,
    method: &'static str,
    params: fn(&Scene) -> Value,
    /// What a right answer's result looks like.
    is_right: fn(&Scene, &Value) -> bool,
}

/// What asking gave.
#[derive(Debug, Default)]
struct Answers {
    per_second: Vec<f64>,
    /// Of every answer, in microseconds.
    waits: Vec<u64>,
}

const QUESTIONS: [Question; 9] = [
    Question {
        name: "eth_getBalance",
        method: "eth_getBalance",
        params: |scene| json!([scene.holder, "latest"]),
        is_right: |_, result| result.as_str().is_some_and(|balance| balance.len() > 10),
    },
    Question {
        name: "eth_getBalance, at the first blocks",
        method: "eth_getBalance",
        params: |scene| json!([scene.holder, scene.early]),
        is_right: |_, result| result.as_str().is_some_and(|balance| balance.len() > 10),
    },
    Question {
        name: "eth_call, balanceOf of a token",
        method: "eth_call",
        params: |scene| json!([scene.balance_of(), "latest"]),
        is_right: |_, result| is_positive(result),
    },
    Question {
        name: "eth_call, at the first blocks",
        method: "eth_call",
        params: |scene| json!([scene.balance_of(), scene.early]),
        is_right: |_, result| is_positive(result),
    },
    Question {
        name: "eth_getLogs, 100 of a million by topic",
        method: "eth_getLogs",
        params: |scene| json!([scene.logs_by_topic()]),
        is_right: |_, result| result.as_array().is_some_and(|logs| logs.len() == TOPICS_ASKED),
    },
    Question {
        name: "eth_getLogs, none of a million by address",
        method: "eth_getLogs",
        params: |scene| json!([scene.no_logs()]),
        is_right: |_, result| result.as_array().is_some_and(Vec::is_empty),
    },
    Question {
        name: "eth_getBlockReceipts, 200 transfers",
        method: "eth_getBlockReceipts",
        params: |scene| json!([scene.crowded]),
        is_right: |scene, result| {
            result.as_array().is_some_and(|receipts| receipts.len() >= scene.crowd)
        },
    },
    Question {
        name: "eth_getTransactionReceipt",
        method: "eth_getTransactionReceipt",
        params: |scene| json!([scene.traced]),
        is_right: |_, result| result["status"] == "0x1",
    },
    Question {
        name: "debug_traceTransaction, callTracer, early",
        method: "debug_traceTransaction",
        params: |scene| json!([scene.traced, { "tracer": "callTracer" }]),
        is_right: |_, result| result["type"] == "CALL",
    },
];

/// Prints the table.
pub(crate) async fn run(time: Duration) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let datadir = folder.path().join("devnet").display().to_string();
    let mut devnet = Devnet::start(&["--datadir", &datadir]).await?;
    let options = AnvilOptions {
        chain_id: devnet.info.l2.chain_id,
        mining: Mining::Manual,
        ..AnvilOptions::default()
    };
    let anvil = Anvil::spawn(options).await?;
    let account = devnet.info.accounts[0].clone();
    let mut ours = Scene::make("braid", &devnet.info.l2.rpc, &account, false).await?;
    let theirs = Scene::make("anvil", &anvil.url(), &account, true).await?;
    // After a restart, what is asked for is in Postgres alone, as most of a chain is.
    end(devnet).await?;
    devnet = Devnet::start(&["--datadir", &datadir]).await?;
    ours.has_moved(&devnet.info.l2.rpc)?;
    print_head(&ours);
    for question in &QUESTIONS {
        let (mut ours_said, mut theirs_said) = (Answers::default(), Answers::default());
        for _ in 0..ROUNDS {
            ask(&ours, question, time / SHARES, None, &mut ours_said).await?;
            ask(&theirs, question, time / SHARES, None, &mut theirs_said).await?;
        }
        print_row(question.name, &mut ours_said, &mut theirs_said);
    }
    fan_out::run(&ours, &theirs).await?;
    end(devnet).await?;
    let devnet = Devnet::start(&["--datadir", &datadir, "--quotas"]).await?;
    ours.has_moved(&devnet.info.l2.rpc)?;
    counted(&ours, &theirs, time / SHARES).await?;
    refused(&ours, time / SHARES).await?;
    anvil.stop().await?;
    end(devnet).await
}

/// The same where quotas count: each client asks from an address of its own, and from another before its quota ends.
async fn counted(ours: &Scene, theirs: &Scene, time: Duration) -> Result<()> {
    print_title("Questions, counted by quotas");
    let clients = Arc::new(AtomicU32::new(0));
    for question in QUESTIONS.iter().filter(|question| COUNTED.contains(&question.name)) {
        let (mut ours_said, mut theirs_said) = (Answers::default(), Answers::default());
        for _ in 0..ROUNDS {
            ask(ours, question, time, Some(&clients), &mut ours_said).await?;
            ask(theirs, question, time, Some(&clients), &mut theirs_said).await?;
        }
        print_row(question.name, &mut ours_said, &mut theirs_said);
    }
    Ok(())
}

/// One client that has used its quota up and goes on asking for calls.
#[expect(clippy::print_stdout, reason = "a report for people")]
async fn refused(ours: &Scene, time: Duration) -> Result<()> {
    let params = json!([ours.balance_of(), "latest"]);
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "eth_call", "params": params });
    let request = wire::post(&ours.address, &body.to_string());
    let deadline = Instant::now() + time * SHARES;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (address, request) = (ours.address.clone(), request.clone());
        tasks.spawn(async move {
            let mut connection = Connection::open_from(REFUSED_CLIENT, &address).await?;
            let (mut waits, mut answered) = (Vec::new(), 0_u64);
            while Instant::now() < deadline {
                let asked = Instant::now();
                match connection.ask_any(&request).await?.0 {
                    429 => waits.push(asked.elapsed()),
                    200 => answered += 1,
                    status => return Err(eyre!("status {status}")),
                }
            }
            Ok((waits, answered))
        });
    }
    let (mut waits, mut answered) = (Vec::new(), 0);
    while let Some(done) = tasks.join_next().await {
        let (refused, others) = done??;
        waits
            .extend(refused.iter().map(|wait| u64::try_from(wait.as_micros()).unwrap_or(u64::MAX)));
        answered += others;
    }
    ensure!(!waits.is_empty(), "nothing was refused");
    println!(
        "\neth_call of one client beyond its quota, {:.1} s: {} refused, p50 {:.2} ms, p99 {:.2} ms; {answered} answered",
        (time * SHARES).as_secs_f64(),
        waits.len(),
        milliseconds(&mut waits, 50),
        milliseconds(&mut waits, 99)
    );
    Ok(())
}

/// The next address of this machine.
fn next_client(clients: &AtomicU32) -> Ipv4Addr {
    Ipv4Addr::from_bits(FIRST_CLIENT.to_bits() + clients.fetch_add(1, Ordering::Relaxed))
}

/// Ends a devnet, which may have complained of the size of its blocks.
async fn end(mut devnet: Devnet) -> Result<()> {
    let status = devnet.process().terminate(END_PATIENCE).await?;
    ensure!(status.success(), "the devnet ended with {status}");
    Ok(())
}

/// Asks the same over and over.
async fn ask(
    scene: &Scene,
    question: &Question,
    time: Duration,
    clients: Option<&Arc<AtomicU32>>,
    said: &mut Answers,
) -> Result<()> {
    let params = (question.params)(scene);
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": question.method, "params": params });
    let request = wire::post(&scene.address, &body.to_string());
    let first = Connection::open(&scene.address).await?.ask(&request).await?.to_vec();
    let answer: Value = serde_json::from_slice(&first)?;
    let is_right = answer.get("result").is_some_and(|result| (question.is_right)(scene, result));
    ensure!(is_right, "{}: {} answers {answer:.400}", question.name, scene.name);

    let began = Instant::now();
    let deadline = began + time;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (address, request, length) = (scene.address.clone(), request.clone(), first.len());
        let clients = clients.cloned();
        tasks.spawn(async move {
            let mut connection = Connection::open(&address).await?;
            let mut waits = Vec::new();
            while Instant::now() < deadline {
                if let Some(clients) = clients.as_ref()
                    && waits.len().is_multiple_of(REQUESTS_COUNTED)
                {
                    connection = Connection::open_from(next_client(clients), &address).await?;
                }
                let asked = Instant::now();
                let answer = connection.ask(&request).await?;
                // The state that is asked for stands still, so each answer is the first one again.
                ensure!(answer.len() == length, "an answer of {} bytes", answer.len());
                waits.push(u64::try_from(asked.elapsed().as_micros()).unwrap_or(u64::MAX));
            }
            Ok(waits)
        });
    }
    let before = said.waits.len();
    while let Some(done) = tasks.join_next().await {
        said.waits.extend(done??);
    }
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    said.per_second.push((said.waits.len() - before) as f64 / began.elapsed().as_secs_f64());
    Ok(())
}

fn is_positive(result: &Value) -> bool {
    let number = result.as_str().and_then(|text| text.parse::<U256>().ok());
    number.is_some_and(|number| !number.is_zero())
}

fn print_head(ours: &Scene) {
    let blocks = ours.blocks;
    print_title(&format!(
        "Questions, {CONNECTIONS} connections; a million logs lie in {blocks} blocks"
    ));
}

#[expect(clippy::print_stdout, reason = "a report for people")]
fn print_title(title: &str) {
    println!("\n{title}");
    println!("  {:<44} {:>27}   {:>27}", "", "braid", "anvil");
    println!(
        "  {:<44} {:>9} {:>8} {:>8}   {:>9} {:>8} {:>8}   {:>6}",
        "", "req/s", "p50 ms", "p99 ms", "req/s", "p50 ms", "p99 ms", "ratio"
    );
}

#[expect(clippy::print_stdout, reason = "a report for people")]
fn print_row(name: &str, ours: &mut Answers, theirs: &mut Answers) {
    let (us, them) = (median(&mut ours.per_second), median(&mut theirs.per_second));
    let columns = |per_second: f64, waits: &mut Vec<u64>| {
        format!(
            "{per_second:>9.0} {:>8.2} {:>8.2}",
            milliseconds(waits, 50),
            milliseconds(waits, 99)
        )
    };
    println!(
        "  {name:<44} {}   {}   {:>5.2}×",
        columns(us, &mut ours.waits),
        columns(them, &mut theirs.waits),
        us / them
    );
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// The wait that so many of a hundred do not exceed.
#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn milliseconds(waits: &mut [u64], percent: usize) -> f64 {
    waits.sort_unstable();
    let at = std::cmp::min(waits.len() * percent / 100, waits.len().saturating_sub(1));
    waits.get(at).copied().unwrap_or_default() as f64 / 1e3
}

/// The host and port of an HTTP address.
fn host_of(url: &str) -> Result<String> {
    let host = url.strip_prefix("http://").ok_or_else(|| eyre!("not plain HTTP: {url}"))?;
    Ok(host.trim_end_matches('/').to_owned())
}
