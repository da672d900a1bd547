//! The loop: one round at each new L1 block, and one whenever a tree is built.

use std::{collections::BTreeMap, convert::Infallible, sync::Arc, time::Duration};

use alloy::primitives::{Address, U256};
use dispute::{Act, Decision, Game, GameSummary, Need, Player as Side, Why, decide};
use l1::{Disputes, L1Tip};
use protocol::BlockId;
use service::{Backoff, Component, error_chain};
use tokio::{sync::watch, task::JoinSet};

use super::{
    BoxedSource, Built, Mover, Part, Pinned, PlayerError, Trees,
    missed::{MissedMoves, NotMade},
    mover::Made,
    table::Table,
    views::game_of,
};
use crate::metrics;

const RETRY_PAUSE_MIN: Duration = Duration::from_millis(200);
const RETRY_PAUSE_MAX: Duration = Duration::from_secs(10);
/// L1 blocks after which a tree that could not be built is tried again.
const REBUILD_L1_BLOCKS: u64 = 5;

/// Makes the source that is played with of what is built. Only a liar's differs from that.
pub type Disguise = Arc<dyn Fn(&Pinned, Built) -> BoxedSource + Send + Sync>;

/// Plays with what is built.
pub fn honestly() -> Disguise {
    Arc::new(|_, built| Box::new(built))
}

/// What a player works with.
pub struct PlayerDeps<T> {
    /// Reads L1.
    pub disputes: Disputes,
    /// Builds our trees.
    pub trees: Arc<T>,
    /// The newest of L1.
    pub tip: watch::Receiver<L1Tip>,
    /// Makes the moves; `None`: they are only told of.
    pub mover: Option<Mover>,
    /// Nothing below this is collected, in wei.
    pub collect_min: U256,
    /// What is played with.
    pub disguise: Disguise,
    /// Where the games are shown.
    pub games: watch::Sender<Vec<GameSummary>>,
    /// Where health is shown.
    pub health: Component,
}

/// What a look at one proposal came to.
#[derive(Debug, Default)]
struct Seen {
    /// It stands and is in a dispute, so that later ones have to wait.
    holds_up: bool,
    /// How it is shown, if it is disputed or should be.
    game: Option<GameSummary>,
}

impl<T> std::fmt::Debug for PlayerDeps<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PlayerDeps").field("disputes", &self.disputes).finish_non_exhaustive()
    }
}

/// Plays all disputes of one oracle.
pub struct Player<T> {
    deps: PlayerDeps<T>,
    table: Option<Table>,
    /// One at a time: each may take gigabytes.
    building: JoinSet<(Pinned, Need, Result<Option<Part>, String>)>,
    /// What could not be built, and in which L1 block that was known.
    unbuilt: BTreeMap<(u64, Need), u64>,
    missed: MissedMoves,
}

impl<T> std::fmt::Debug for Player<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Player").field("table", &self.table).finish_non_exhaustive()
    }
}

impl<T: Trees> Player<T> {
    /// A player that knows nothing yet.
    pub fn new(deps: PlayerDeps<T>) -> Self {
        Self {
            deps,
            table: None,
            building: JoinSet::new(),
            unbuilt: BTreeMap::new(),
            missed: MissedMoves::default(),
        }
    }

    /// Plays as long as it is polled.
    ///
    /// # Errors
    /// When something fails that waiting cannot cure.
    pub async fn run(mut self) -> Result<Infallible, PlayerError> {
        let mut backoff = Backoff::new(RETRY_PAUSE_MIN, RETRY_PAUSE_MAX);
        loop {
            let head = self.deps.tip.borrow_and_update().head;
            let round = match head {
                Some(head) => self.round(head).await,
                None => Ok(()),
            };
            let pause = match round {
                Ok(()) => {
                    self.deps.health.up("playing");
                    backoff.reset();
                    None
                }
                Err(error) if error.is_temporary() => {
                    let error = error_chain(&error);
                    tracing::warn!(error, "cannot play now, trying again");
                    self.deps.health.down("cannot play");
                    Some(backoff.pause())
                }
                Err(error) => return Err(error),
            };
            self.wait(pause, head).await?;
        }
    }

    /// Until there is a new head, a tree is built, or the pause is over.
    async fn wait(
        &mut self,
        pause: Option<Duration>,
        head: Option<BlockId>,
    ) -> Result<(), PlayerError> {
        let is_building = !self.building.is_empty();
        tokio::select! {
            changed = self.deps.tip.changed() => {
                changed.map_err(|_| PlayerError::Lost("L1 watcher"))
            }
            Some(built) = self.building.join_next(), if is_building => {
                let (about, need, part) =
                    built.map_err(|_| PlayerError::Lost("building of a tree"))?;
                self.take_in(&about, need, part, head.map_or(0, |head| head.number));
                Ok(())
            }
            () = tokio::time::sleep(pause.unwrap_or_default()), if pause.is_some() => Ok(()),
        }
    }

    fn take_in(
        &mut self,
        about: &Pinned,
        need: Need,
        part: Result<Option<Part>, String>,
        l1_number: u64,
    ) {
        let id = about.id;
        let seat = self.table.as_ref().and_then(|table| table.seats.get(&id));
        // After a reorg another proposal can have the id, and nothing of this one is of use.
        let Some(seat) = seat.filter(|seat| seat.about == *about) else { return };
        let reason = match part {
            Ok(Some(part)) => match seat.built.put(need, part) {
                true => {
                    self.unbuilt.remove(&(id, need));
                    return;
                }
                false => "another tree than was asked for".to_owned(),
            },
            Ok(None) => {
                self.unbuilt.insert((id, need), l1_number);
                return;
            }
            Err(reason) => reason,
        };
        self.unbuilt.insert((id, need), l1_number.saturating_add(REBUILD_L1_BLOCKS));
        tracing::error!(
            proposal = id,
            ?need,
            reason,
            "A TREE CANNOT BE BUILT: without it no move is made"
        );
    }

    /// Builds what is missing, unless something is being built, or it was tried a moment ago.
    fn build(&mut self, about: Pinned, need: Need, l1_number: u64) {
        let failed = self.unbuilt.get(&(about.id, need));
        if !self.building.is_empty() || failed.is_some_and(|until| *until >= l1_number) {
            return;
        }
        let trees = self.deps.trees.clone();
        let earlier = self.table.as_ref().map(|table| table.earlier(about.id)).unwrap_or_default();
        self.building.spawn(async move {
            let part = trees.build(about, earlier, need).await;
            (about, need, part.map_err(|error| error_chain(&error)))
        });
    }

    async fn round(&mut self, head: BlockId) -> Result<(), PlayerError> {
        let disputes = self.deps.disputes.clone();
        let follows = match &mut self.table {
            Some(table) => table.follow(&disputes, head).await.map_err(PlayerError::L1)?,
            None => false,
        };
        if !follows {
            let table = Table::read(&disputes, head).await.map_err(PlayerError::L1)?;
            self.table = Some(table);
        }
        self.seat_newcomers(head).await?;
        let now = disputes.time(head.hash).await.map_err(PlayerError::L1)?;
        let ids: Vec<u64> =
            self.table.iter().flat_map(|table| table.seats.keys().copied()).collect();
        let (mut games, mut waits) = (Vec::new(), false);
        for id in ids.iter().copied() {
            let seen = self.look(id, head, now, waits).await?;
            // Standing disputes are decided in their order.
            waits |= seen.holds_up;
            games.extend(seen.game);
        }
        self.give_up_others(&ids).await?;
        // What is asked for no more was made by somebody.
        self.missed.keep(head.number);
        self.show(games);
        Ok(())
    }

    async fn seat_newcomers(&mut self, head: BlockId) -> Result<(), PlayerError> {
        let account = self.account();
        let Some(table) = &mut self.table else { return Ok(()) };
        for id in table.newcomers() {
            let views = self.deps.disputes.views(&table.names, id, account, head.hash).await;
            let views = views.map_err(PlayerError::L1)?;
            let (about, proposal) = (Pinned::from(&views), &views.proposal);
            let is_ours = proposal.proposer == account;
            table.sit(about, proposal.timestamp, is_ours, &self.deps.disguise);
        }
        Ok(())
    }

    /// Looks at one proposal.
    async fn look(
        &mut self,
        id: u64,
        head: BlockId,
        now: u64,
        waits_for_earlier: bool,
    ) -> Result<Seen, PlayerError> {
        let account = self.account();
        let Some(table) = &mut self.table else { return Ok(Seen::default()) };
        let Some(seat) = table.seats.get_mut(&id) else { return Ok(Seen::default()) };
        let (about, ours) = (seat.about, seat.source.segments().ok().map(|tree| tree.root()));
        let holds_up = table.names.proposal(id).is_some_and(|names| names.tournament.is_some());
        if ours.is_none() {
            self.build(about, Need::Segments, head.number);
            // Until it is known whose it is, it counts as open.
            return Ok(Seen { holds_up, game: None });
        }
        if !holds_up && !seat.is_ours && ours == Some(about.segments_root) {
            if now >= seat.open_until {
                table.leave(id);
            }
            self.give_up(id, &[]).await?;
            return Ok(Seen::default());
        }
        let views = self.deps.disputes.views(&table.names, id, account, head.hash).await;
        let views = views.map_err(PlayerError::L1)?;
        let game = game_of(&table.rules, &views, waits_for_earlier).map_err(PlayerError::Odd)?;
        let side = Side { account, collect_min: self.deps.collect_min };
        let decision = decide(&game, seat.source.as_mut(), &side);
        let trees = seat.built.trees();
        let shown: Vec<_> = trees.iter().map(AsRef::as_ref).collect();
        let summary = GameSummary::new(&game, &shown, &decision.acts);
        self.act(head, about, &decision).await?;
        if is_over(&game, &decision)
            && let Some(table) = &mut self.table
        {
            table.leave(id);
            return Ok(Seen::default());
        }
        let proposal = &game.proposal;
        let holds_up = proposal.stands && proposal.tournament.is_some() && !proposal.decided;
        let is_of_interest = proposal.tournament.is_some() || summary.is_true == Some(false);
        Ok(Seen { holds_up, game: is_of_interest.then_some(summary) })
    }

    async fn act(
        &mut self,
        head: BlockId,
        about: Pinned,
        decision: &Decision<Infallible>,
    ) -> Result<(), PlayerError> {
        let id = about.id;
        for lack in &decision.lacks {
            match lack.why {
                Why::NotYet => self.build(about, lack.need, head.number),
                Why::Contradicts => {
                    let need = lack.need;
                    tracing::error!(proposal = id, ?need, "OUR TREES CONTRADICT EACH OTHER OR L1");
                }
                Why::Failed(never) => match never {},
            }
        }
        for act in &decision.acts {
            self.make(id, act, head).await?;
        }
        if decision.lacks.is_empty() {
            self.give_up(id, &decision.acts).await?;
        }
        Ok(())
    }

    /// Takes back what is under way for a proposal and not asked for.
    async fn give_up(&mut self, id: u64, asked: &[Act]) -> Result<(), PlayerError> {
        let Some(mover) = &mut self.deps.mover else { return Ok(()) };
        mover.give_up_but(id, asked).await.map_err(PlayerError::Move)
    }

    /// Takes back what is under way for proposals of which nothing more is to come, or that a reorg of L1 took away.
    async fn give_up_others(&mut self, ids: &[u64]) -> Result<(), PlayerError> {
        let Some(mover) = &mut self.deps.mover else { return Ok(()) };
        let under_way = mover.under_way().await.map_err(PlayerError::Move)?;
        for id in under_way.into_iter().filter(|id| !ids.contains(id)) {
            self.give_up(id, &[]).await?;
        }
        Ok(())
    }

    async fn make(&mut self, id: u64, act: &Act, head: BlockId) -> Result<(), PlayerError> {
        let (name, key) = (act.name(), format!("{id}/{}", act.key()));
        let Some(mover) = &mut self.deps.mover else {
            self.missed.add((id, name), key, head.number, NotMade::NoKey);
            return Ok(());
        };
        let why = match mover.make(id, act, head).await.map_err(PlayerError::Move)? {
            Made::UnderWay => NotMade::UnderWay,
            Made::HandedOver(record) => {
                metrics::moved(name);
                let record = record.0;
                tracing::info!(
                    proposal = id,
                    act = name,
                    record,
                    key,
                    "move handed to the L1 sender"
                );
                NotMade::UnderWay
            }
            Made::Refused(reason) => {
                tracing::warn!(proposal = id, act = name, reason, "L1 would refuse a move");
                NotMade::Refused
            }
            Made::NoMoney { balance, required } => {
                tracing::debug!(%balance, %required, "a bond cannot be paid");
                NotMade::NoMoney
            }
            Made::GivenUp => NotMade::GivenUp,
        };
        self.missed.add((id, name), key, head.number, why);
        Ok(())
    }

    fn show(&mut self, games: Vec<GameSummary>) {
        metrics::games(&games, &self.deps.games.borrow());
        if let Some(mover) = &self.deps.mover {
            metrics::l1_balance("challenger", mover.balance());
        }
        self.deps.games.send_if_modified(|shown| {
            let is_new = *shown != games;
            *shown = games;
            is_new
        });
    }

    fn account(&self) -> Address {
        self.deps.mover.as_ref().map_or(Address::ZERO, Mover::account)
    }
}

/// Whether nothing more is to come.
fn is_over(game: &Game, decision: &Decision<Infallible>) -> bool {
    let is_decided = match game.outermost() {
        Some((_, tournament)) => tournament.concluded,
        None => game.proposal.is_final || !game.proposal.stands,
    };
    is_decided && decision.acts.is_empty()
}
