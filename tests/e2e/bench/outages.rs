//! `braid bench run` goes on where a connection breaks or the node is killed, and its check holds over it.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use eyre::{Result, ensure};
use harness::Devnet;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

use super::{bench, is_right, workload};

/// An address that stays, before a node that does not.
struct Door {
    address: SocketAddr,
    /// Where it leads; whoever is connected when that is set anew is cut off.
    leads_to: Arc<watch::Sender<Option<String>>>,
    task: JoinHandle<()>,
}

impl Door {
    async fn open() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let leads_to = Arc::new(watch::Sender::new(None));
        let to = leads_to.clone();
        let task = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(carry(socket, to.subscribe()));
            }
        });
        Ok(Self { address, leads_to, task })
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Leads to the node at `url` from now on; `None`: to nobody.
    fn lead_to(&self, url: Option<&str>) {
        let node =
            url.map(|url| url.trim_start_matches("http://").trim_end_matches('/').to_owned());
        self.leads_to.send_replace(node);
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn carry(mut socket: TcpStream, mut to: watch::Receiver<Option<String>>) {
    let Some(node) = to.borrow_and_update().clone() else { return };
    let Ok(mut node) = TcpStream::connect(node).await else { return };
    tokio::select! {
        _ended = tokio::io::copy_bidirectional(&mut socket, &mut node) => {}
        _cut = to.changed() => {}
    }
}

/// Plays a workload in a task of its own.
fn play(file: &str, door: &Door, more: &[&str]) -> JoinHandle<Result<serde_json::Value>> {
    let url = door.url();
    let arguments = [&["run", file, "--url", &url], more].concat();
    let arguments: Vec<String> = arguments.into_iter().map(str::to_owned).collect();
    tokio::spawn(async move {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        bench(&arguments).await
    })
}

#[tokio::test]
async fn every_way_in_is_opened_again() -> Result<()> {
    let devnet = Devnet::ephemeral(&[]).await?;
    let folder = tempfile::tempdir()?;
    let door = Door::open().await?;
    let node = devnet.info.l2.rpc.clone();
    door.lead_to(Some(&node));
    for (kind, transport) in
        [("transfers", "grpc=8"), ("erc20", "http"), ("swaps", "ws=4"), ("mix", "grpc-durable=8")]
    {
        let file = workload(folder.path(), kind, &node, 600).await?;
        // The preparation has to be over before connections break.
        let first =
            bench(&["run", &file, "--url", &node, "--open", "50", "--seconds", "1"]).await?;
        is_right(&first, 50)?;
        let load = ["--transport", transport, "--open", "150", "--seconds", "60"];
        let run = play(&file, &door, &load);
        for _ in 0..4 {
            tokio::time::sleep(Duration::from_millis(600)).await;
            door.lead_to(None);
            tokio::time::sleep(Duration::from_millis(200)).await;
            door.lead_to(Some(&node));
        }
        let report = run.await??;
        is_right(&report, 550)?;
        ensure!(report["outages"].as_u64() > Some(0), "nothing broke with {transport}: {report}");
    }
    devnet.stop().await
}

#[tokio::test]
async fn a_run_over_a_kill_finds_all_that_was_acknowledged() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let datadir = folder.path().join("devnet").display().to_string();
    let mut first = Devnet::start(&["--datadir", &datadir]).await?;
    let door = Door::open().await?;
    door.lead_to(Some(&first.info.l2.rpc));
    let file = workload(folder.path(), "transfers", &first.info.l2.rpc, 6_000).await?;
    let load = ["--transport", "grpc-durable=32", "--open", "600", "--seconds", "60"];
    let run = play(&file, &door, &load);
    tokio::time::sleep(Duration::from_secs(5)).await;
    first.process().kill().await?;
    door.lead_to(None);

    let second = Devnet::start(&["--datadir", &datadir]).await?;
    door.lead_to(Some(&second.info.l2.rpc));
    let report = run.await??;
    is_right(&report, 6_000)?;
    ensure!(report["outages"].as_u64() > Some(0), "the kill was not noticed: {report}");
    second.stop().await
}
