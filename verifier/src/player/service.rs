//! The player as a part of the verifier: with its trees, its outbox, and its games in the verifier's status.

use std::{convert::Infallible, sync::Arc};

use alloy::primitives::U256;
use db::{Coverage, Database, Fence};
use dispute::GameSummary;
use l1::{
    DisputedProgram, Disputes, Kzg, L1Client, L1Tip, LocalSigner,
    tx::{TxConfig, TxSender},
};
use outbox::Outbox;
use protocol::RollupConfig;
use service::Health;
use tokio::sync::watch;

use super::{Mover, OwnTrees, Player, PlayerDeps, PlayerError, honestly, program::require_same};
use crate::{Segments, Status, VerifierConfig, VerifierError, initial_state};

/// What playing needs that a verifier does not have.
#[derive(Debug, Clone)]
pub struct DisputeDeps {
    /// L1.
    pub client: L1Client,
    /// Makes the moves; `None`: it only says which should be made.
    pub challenger: Option<Challenger>,
}

/// Who plays, and by which way.
#[derive(Debug, Clone)]
pub struct Challenger {
    /// Puts down the bonds.
    pub signer: LocalSigner,
    /// The sender's; no move carries blobs.
    pub kzg: Kzg,
    /// How L1 transactions are sent.
    pub tx: TxConfig,
}

/// Where a player works: what a verifier has.
pub(crate) struct Place<'a> {
    pub(crate) rollup: &'a Arc<RollupConfig>,
    pub(crate) segments: Segments,
    pub(crate) database: &'a Database,
    pub(crate) fence: Fence,
    pub(crate) config: &'a VerifierConfig,
}

/// The player and its sender of L1 transactions, which write the verifier's database under the verifier's fence.
#[derive(Debug)]
pub(crate) struct Playing {
    disputes: Disputes,
    ours: DisputedProgram,
    tip: watch::Receiver<L1Tip>,
    player: Player<OwnTrees>,
    sender: Option<TxSender<Outbox>>,
    games: watch::Receiver<Vec<GameSummary>>,
    status: watch::Sender<Status>,
}

impl Playing {
    pub(crate) fn new(
        deps: DisputeDeps,
        place: &Place<'_>,
        tip: watch::Receiver<L1Tip>,
        status: watch::Sender<Status>,
        health: &Health,
    ) -> Self {
        let oracle = place.rollup.contracts.output_oracle;
        let parameters_hash = place.segments.parameters_hash();
        let ours = DisputedProgram { initial_state: initial_state(), parameters_hash };
        let moving = deps.challenger.map(|challenger| {
            let Challenger { signer, kzg, tx } = challenger;
            let account = signer.address();
            let outbox = Outbox::new(place.database, place.fence, account, |_| Coverage::Other);
            let (sender, handle) = TxSender::new(deps.client.clone(), signer, kzg, outbox, tx);
            (sender, Mover::new(deps.client.clone(), oracle, account, handle))
        });
        let (sender, mover) = moving.unzip();
        let games = watch::Sender::new(Vec::new());
        let shown = games.subscribe();
        let disputes = Disputes::new(deps.client, oracle);
        let player = Player::new(PlayerDeps {
            disputes: disputes.clone(),
            trees: Arc::new(OwnTrees::new(place.segments.clone())),
            tip: tip.clone(),
            mover,
            collect_min: U256::from(place.config.collect_gwei_min) * U256::from(GWEI),
            disguise: honestly(),
            games,
            health: health.component("player", None),
        });
        Self { disputes, ours, tip, player, sender, games: shown, status }
    }

    /// Plays as long as it is polled.
    ///
    /// # Errors
    /// When something fails that waiting cannot cure.
    pub(crate) async fn run(self) -> Result<Infallible, VerifierError> {
        let Self { disputes, ours, tip, player, sender, games, status } = self;
        let play = |source: PlayerError| VerifierError::Play(Box::new(source));
        require_same(&disputes, ours, tip).await.map_err(play)?;
        let sending = async {
            match sender {
                Some(sender) => sender.run().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            ended = player.run() => ended.map_err(play),
            ended = sending => match ended {
                Ok(never) => match never {},
                Err(source) => Err(VerifierError::L1Sender(Box::new(source))),
            },
            lost = show(games, status) => Err(lost),
        }
    }
}

/// Wei.
const GWEI: u64 = 1_000_000_000;

/// Puts the games into the verifier's status.
async fn show(
    mut games: watch::Receiver<Vec<GameSummary>>,
    status: watch::Sender<Status>,
) -> VerifierError {
    while games.changed().await.is_ok() {
        let shown = games.borrow_and_update().clone();
        status.send_modify(|status| status.games = shown);
    }
    VerifierError::Lost { what: "player" }
}
