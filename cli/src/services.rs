//! Starts services as tasks of this process, from clients that are ready. Used by the devnet and by the single commands.

use std::{
    net::SocketAddr,
    sync::{Arc, OnceLock},
};

use axum::{Json, Router, http::StatusCode, routing::get};
use batcher::BatcherConfig;
use db::Database;
use eyre::{Result, WrapErr};
use l1::{
    Kzg, L1Client, L1Evidence, L1Reader, L1Source, L1Watcher, LocalSigner, Outputs, ProposalSource,
    tx::TxConfig,
};
use protocol::RollupConfig;
use sequencer::{
    SequencerConfig,
    api::{self, AdminSettings, Proposals},
    follower::watch_tip,
};
use service::{Clock, Health, LogFilter, Shutdown};
use tokio::sync::watch;
use verifier::{
    AccessListSource, ProposerDeps, Status, VerifierConfig,
    player::{Challenger, DisputeDeps},
};

/// The way to L1.
#[derive(Debug)]
pub(crate) struct L1Parts {
    pub(crate) client: L1Client,
    pub(crate) reader: L1Reader,
    pub(crate) watcher: L1Watcher,
}

/// What a sequencer is made of.
#[derive(Debug)]
pub(crate) struct SequencerParts {
    pub(crate) rollup: Arc<RollupConfig>,
    pub(crate) database: Database,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) health: Health,
    pub(crate) listen: SocketAddr,
    /// The operators' door, if there is to be one.
    pub(crate) admin: Option<AdminSettings>,
    pub(crate) logs: LogFilter,
    pub(crate) config: SequencerConfig,
}

/// A sequencer with open doors.
#[derive(Debug)]
pub(crate) struct RunningSequencer {
    /// Where the doors are.
    pub(crate) address: SocketAddr,
    /// Where the operators' door is.
    pub(crate) admin: Option<SocketAddr>,
    /// The chain for readers.
    pub(crate) view: sequencer::chain::ChainView,
}

/// Starts the sequencer and opens its doors. When it ends, the process ends.
pub(crate) async fn start_sequencer(
    parts: SequencerParts,
    l1: L1Parts,
    shutdown: &Shutdown,
) -> Result<RunningSequencer> {
    let l1_health = parts.health.component("l1", None);
    let (tip, _watching) = watch_tip(l1.watcher, l1_health);
    let outputs = Outputs::new(l1.client, parts.rollup.contracts.output_oracle);
    let source = ProposalSource::Node(outputs);
    let proposals = Proposals::new(source, tip.clone());
    let inner = sequencer::SequencerParts {
        rollup: parts.rollup.clone(),
        database: parts.database,
        clock: parts.clock,
        l1: L1Source::Node(l1.reader),
        l1_tip: tip,
        health: parts.health.clone(),
    };
    let mut handle = sequencer::run(parts.config, inner, shutdown.token().clone())
        .await
        .wrap_err("cannot start the sequencer")?;
    let doors = api::open(
        parts.listen,
        handle.submitter.clone(),
        handle.view.clone(),
        parts.rollup,
        proposals,
        parts.health,
    )
    .await
    .wrap_err("cannot open the sequencer's doors")?;
    let operators = match parts.admin {
        None => None,
        Some(settings) => {
            let opened = api::open_admin(settings, &handle, parts.logs).await;
            Some(opened.wrap_err("cannot open the operators' door")?)
        }
    };
    let admin = operators.as_ref().map(|door| door.address);
    if let Some(address) = admin {
        tracing::info!(%address, "the operators' door is open");
    }
    let running = RunningSequencer { address: doors.address, admin, view: handle.view.clone() };
    let token = shutdown.token().clone();
    shutdown.spawn_critical("sequencer", async move {
        // Doors close first: what was admitted is still executed and made durable.
        tokio::select! {
            ended = handle.wait() => return ended,
            () = token.cancelled() => doors.close().await,
        }
        let ended = handle.wait().await;
        // Until here the operator can look.
        drop(operators);
        ended
    });
    Ok(running)
}

/// What a batcher is made of.
#[derive(Debug)]
pub(crate) struct BatcherParts {
    pub(crate) rollup: Arc<RollupConfig>,
    pub(crate) database: Database,
    pub(crate) kzg: Kzg,
    pub(crate) health: Health,
    pub(crate) batcher: LocalSigner,
    pub(crate) tx: TxConfig,
    pub(crate) config: BatcherConfig,
}

/// Starts the batcher. When it ends, the process ends.
pub(crate) fn start_batcher(parts: BatcherParts, l1: &L1Parts, shutdown: &Shutdown) {
    let deps = batcher::Deps {
        rollup: parts.rollup,
        database: parts.database,
        client: l1.client.clone(),
        reader: l1.reader.clone(),
        kzg: parts.kzg,
        health: parts.health,
        batcher: parts.batcher,
        tx: parts.tx,
    };
    let token = shutdown.token().clone();
    shutdown.spawn_critical("batcher", batcher::run(parts.config, deps, token));
}

/// What a verifier is made of.
#[derive(Debug)]
pub(crate) struct VerifierParts {
    pub(crate) rollup: Arc<RollupConfig>,
    pub(crate) database: Database,
    /// gRPC door of a sequencer that streams access lists.
    pub(crate) access_lists: Option<String>,
    pub(crate) kzg: Kzg,
    /// Proposes, if it is there.
    pub(crate) proposer: Option<LocalSigner>,
    /// Plays disputes, if it is there.
    pub(crate) challenger: Option<LocalSigner>,
    pub(crate) tx: TxConfig,
    pub(crate) health: Health,
    pub(crate) config: VerifierConfig,
}

/// The verifier's pages, which are mounted before the verifier runs.
#[derive(Debug, Clone, Default)]
pub(crate) struct VerifierPages {
    status: Arc<OnceLock<watch::Receiver<Status>>>,
}

impl VerifierPages {
    /// What the verifier knows, once it runs.
    pub(crate) fn status(&self) -> Option<watch::Receiver<Status>> {
        self.status.get().cloned()
    }

    /// `GET /status`.
    pub(crate) fn router(&self) -> Router {
        let pages = self.clone();
        Router::new().route(
            "/status",
            get(move || async move {
                match pages.status.get() {
                    Some(status) => Ok(Json(status.borrow().clone())),
                    None => Err(StatusCode::SERVICE_UNAVAILABLE),
                }
            }),
        )
    }
}

/// Starts the verifier. When it ends, the process ends.
pub(crate) async fn start_verifier(
    parts: VerifierParts,
    l1: L1Parts,
    pages: &VerifierPages,
    shutdown: &Shutdown,
) -> Result<()> {
    let l1_health = parts.health.component("verifier-l1", None);
    let (l1_tip, _watching) = verifier::watch_tip(l1.watcher, l1_health);
    let outputs = Outputs::new(l1.client.clone(), parts.rollup.contracts.output_oracle);
    let lists = parts.access_lists.as_deref().map(AccessListSource::sequencer).transpose();
    let proposer = parts.proposer.map(|signer| ProposerDeps {
        client: l1.client.clone(),
        signer,
        kzg: parts.kzg.clone(),
        tx: parts.tx.clone(),
    });
    let (kzg, tx) = (parts.kzg, parts.tx);
    let challenger = parts.challenger.map(|signer| Challenger { signer, kzg, tx });
    let evidence = L1Evidence::Node(l1.reader.clone());
    let deps = verifier::Deps {
        proposer,
        disputes: Some(DisputeDeps { client: l1.client, challenger }),
        lists: lists.wrap_err("access_lists is not an address")?,
        rollup: parts.rollup,
        database: parts.database,
        l1: L1Source::Node(l1.reader),
        evidence,
        proposals: ProposalSource::Node(outputs),
        l1_tip,
        health: parts.health,
        config: parts.config,
    };
    let mut handle = verifier::run(deps, shutdown.token().clone())
        .await
        .wrap_err("cannot start the verifier")?;
    // Set once: there is one verifier in a process.
    let _ = pages.status.set(handle.status());
    shutdown.spawn_critical("verifier", async move { handle.wait().await });
    Ok(())
}
