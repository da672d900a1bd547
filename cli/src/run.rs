//! Runs one service by itself: settings in, clients made, doors opened, and an orderly end.

use std::{fs, net::SocketAddr, path::Path, sync::Arc, time::Duration};

use axum::Router;
use db::{Database, DatabaseOptions};
use eyre::{Result, WrapErr, ensure};
use l1::{BlobReader, Kzg, L1Client, L1Config, L1Reader, L1Watcher, LocalSigner};
use protocol::{Genesis, RollupConfig};
use service::{Backoff, Exporter, Health, LogFilter, Severity, Shutdown, SystemClock};
use tokio::net::TcpListener;

use crate::{
    args::ServiceArgs,
    services::{self, L1Parts},
    settings::{self, BatcherSettings, SequencerSettings, VerifierSettings},
};

/// First pause before the database is tried again at start.
const CONNECT_PAUSE_MIN: Duration = Duration::from_millis(200);
/// Longest pause.
const CONNECT_PAUSE_MAX: Duration = Duration::from_secs(5);

/// Whether blocks of its own are built, or those of L1 alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leads {
    Yes,
    No,
}

pub(crate) async fn sequencer(args: ServiceArgs, leads: Leads, logs: LogFilter) -> Result<()> {
    let mut settings: SequencerSettings = settings::read(&args)?;
    settings.sequencer.leads &= leads == Leads::Yes;
    let admin = settings.admin.as_ref().map(settings::admin).transpose()?;
    let rollup = Arc::new(settings::rollup(&settings.rollup_config)?);
    let process = Process::start(settings.metrics_listen, Router::new()).await?;
    let start = async {
        let database = process.database(settings.database_url.reveal()).await?;
        let l1 = connect_l1(&settings.l1, &rollup, &Kzg::start()?).await?;
        let parts = services::SequencerParts {
            rollup,
            database,
            clock: Arc::new(SystemClock),
            health: process.health.clone(),
            listen: settings.listen,
            config: settings.sequencer,
            admin,
            logs,
        };
        let running = services::start_sequencer(parts, l1, &process.shutdown).await?;
        tracing::info!(address = %running.address, "the sequencer's doors are open");
        Ok(())
    };
    Box::pin(process.unless_told(start)).await?;
    process.until_told().await
}

pub(crate) async fn batcher(args: ServiceArgs) -> Result<()> {
    let settings: BatcherSettings = settings::read(&args)?;
    let rollup = Arc::new(settings::rollup(&settings.rollup_config)?);
    let process = Process::start(settings.metrics_listen, Router::new()).await?;
    let start = async {
        let database = process.database(settings.database_url.reveal()).await?;
        let kzg = Kzg::start()?;
        let l1 = connect_l1(&settings.l1, &rollup, &kzg).await?;
        let parts = services::BatcherParts {
            rollup,
            database,
            kzg,
            health: process.health.clone(),
            batcher: read_key(&settings.batcher_key_file)?,
            tx: settings.tx,
            config: settings.batcher,
        };
        services::start_batcher(parts, &l1, &process.shutdown);
        Ok(())
    };
    Box::pin(process.unless_told(start)).await?;
    process.until_told().await
}

pub(crate) async fn verifier(args: ServiceArgs) -> Result<()> {
    let settings: VerifierSettings = settings::read(&args)?;
    let rollup = Arc::new(settings::rollup(&settings.rollup_config)?);
    let pages = services::VerifierPages::default();
    let process = Process::start(settings.metrics_listen, pages.router()).await?;
    let start = async {
        let database = process.database(settings.database_url.reveal()).await?;
        let kzg = Kzg::start()?;
        let l1 = connect_l1(&settings.l1, &rollup, &kzg).await?;
        let parts = services::VerifierParts {
            rollup,
            database,
            access_lists: settings.access_lists,
            kzg,
            proposer: settings.proposer_key_file.as_deref().map(read_key).transpose()?,
            challenger: settings.challenger_key_file.as_deref().map(read_key).transpose()?,
            tx: settings.tx,
            health: process.health.clone(),
            config: settings.verifier,
        };
        services::start_verifier(parts, l1, &pages, &process.shutdown).await?;
        Ok(())
    };
    Box::pin(process.unless_told(start)).await?;
    process.until_told().await
}

/// What every process has: health, metrics, an end.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) health: Health,
    pub(crate) shutdown: Shutdown,
    /// Where metrics and health are.
    pub(crate) address: SocketAddr,
}

impl Process {
    /// Listens for signals, installs the metrics recorder and serves it beside health and `pages`.
    pub(crate) async fn start(listen: SocketAddr, pages: Router) -> Result<Self> {
        let exporter = Exporter::install()?;
        let health = Health::new();
        let shutdown = Shutdown::new();
        let drained = health.clone();
        let told = move |signal| {
            tracing::info!(signal, "stopping");
            drained.drain();
        };
        shutdown.trigger_on_signal(told).wrap_err("cannot listen for signals")?;
        let listener = TcpListener::bind(listen)
            .await
            .wrap_err_with(|| format!("cannot listen on {listen} for metrics"))?;
        let address = listener.local_addr().wrap_err("cannot tell where metrics are")?;
        let router = exporter.router().merge(service::health_router(health.clone())).merge(pages);
        let ended = shutdown.token().clone();
        tokio::spawn(async move {
            let served =
                axum::serve(listener, router).with_graceful_shutdown(ended.cancelled_owned());
            if let Err(error) = served.await {
                tracing::error!(%error, "the metrics page ended");
            }
        });
        Ok(Self { health, shutdown, address })
    }

    /// Connects and brings the schema up to date; waits for a server that is away.
    pub(crate) async fn database(&self, url: &str) -> Result<Database> {
        let mut backoff = Backoff::new(CONNECT_PAUSE_MIN, CONNECT_PAUSE_MAX);
        loop {
            let connected = Database::connect(url, &DatabaseOptions::default()).await;
            let error = match connected {
                Ok(database) => match database.migrate().await {
                    Ok(()) => return Ok(database),
                    Err(error) => error,
                },
                Err(error) => error,
            };
            if severity(&error) != Severity::Temporary || self.shutdown.is_triggered() {
                return Err(error).wrap_err("cannot use the database");
            }
            tracing::warn!(%error, "the database does not answer, trying again");
            tokio::time::sleep(backoff.pause()).await;
        }
    }

    /// Drives what belongs to the start; gives `None` when a signal or the end of a critical task breaks it off.
    pub(crate) async fn unless_told<T>(
        &self,
        start: impl Future<Output = Result<T>>,
    ) -> Result<Option<T>> {
        tokio::select! {
            biased;
            () = self.shutdown.token().cancelled() => Ok(None),
            started = start => started.map(Some),
        }
    }

    /// Runs until a signal or the end of a critical task, then waits for everything to be over. Only the former ends
    /// well: who runs us must see the difference, and start us again.
    pub(crate) async fn until_told(&self) -> Result<()> {
        self.shutdown.token().cancelled().await;
        self.health.drain();
        self.shutdown.wait().await;
        ensure!(!self.shutdown.has_failed(), "a task ended that had to go on: see the log");
        Ok(())
    }
}

fn severity(error: &db::DatabaseError) -> Severity {
    match db::Classify::severity(error) {
        db::Severity::Temporary => Severity::Temporary,
        db::Severity::Reset => Severity::Reset,
        db::Severity::Critical => Severity::Critical,
    }
}

/// Connects to L1 and makes the readers of it.
pub(crate) async fn connect_l1(
    config: &L1Config,
    rollup: &Arc<RollupConfig>,
    kzg: &Kzg,
) -> Result<L1Parts> {
    let client =
        L1Client::connect(config, rollup.l1_chain_id).await.wrap_err("cannot connect to L1")?;
    let blobs = BlobReader::new(config, kzg.clone()).wrap_err("cannot read blobs")?;
    let reader = L1Reader::new(client.clone(), blobs, rollup.clone(), config);
    check_genesis(&reader, &rollup.genesis).await?;
    let watcher = L1Watcher::new(client.clone(), config);
    Ok(L1Parts { client, reader, watcher })
}

/// Whether the chain begins where the configuration says, on this L1: otherwise nothing could be derived.
async fn check_genesis(reader: &L1Reader, genesis: &Genesis) -> Result<()> {
    let number = genesis.l1.number;
    let origin = reader.origin(number.into()).await;
    let origin = origin.wrap_err("cannot read the L1 block in which the chain begins")?;
    ensure!(
        origin.hash == genesis.l1.hash,
        "block {number} of this L1 is {}, and the chain begins in {}: another L1, or another chain",
        origin.hash,
        genesis.l1.hash
    );
    ensure!(
        origin.timestamp <= genesis.timestamp,
        "the genesis at {} is older than L1 block {number} at {}, in which the chain begins",
        genesis.timestamp,
        origin.timestamp
    );
    Ok(())
}

fn read_key(path: &Path) -> Result<LocalSigner> {
    let text = fs::read_to_string(path)
        .wrap_err_with(|| format!("cannot read the key file {}", path.display()))?;
    LocalSigner::from_hex(&text).wrap_err_with(|| format!("no key in {}", path.display()))
}
