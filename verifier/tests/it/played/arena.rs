//! Players of one dispute on an L1 of their own, who act by turns until nobody has anything more to do.
//!
//! What they do is decided as the verifier's player decides it, with trees that are built when they are asked for. Time
//! passes only when nobody has anything to do, and then at once to where something happens by itself.

use std::convert::Infallible;

use alloy::{
    primitives::{Address, U256, keccak256},
    sol_types::{SolCall, SolValue},
};
use bindings::{
    DisputeOracle::{self, proposeOutputCall},
    contracts::Claims::BlockClaim,
};
use dispute::{
    Act, CLAIM_BYTES, Decision, Game, Level, Lie, Need, Phase, Player as Side, Where, Why, decide,
};
use verifier::{
    lies::Forged,
    player::{BoxedSource, Built, Part, Pinned},
};

use super::site::Site;
use crate::{
    calls::calldata,
    chain::{BONDS, Chain, EFFORT, WINDOW},
};

pub(crate) const HONEST: Address = Address::repeat_byte(0x01);
/// L1 blocks after which no dispute is still played.
const ROUNDS_MAX: usize = 20_000;
/// The proposal that is played about.
const ID: u64 = 1;

pub(crate) fn liar(number: u8) -> Address {
    Address::repeat_byte(0x10 + number)
}

/// For how long somebody thinks about each act, in seconds, at each level.
pub(crate) type Pace = [u64; 3];
pub(crate) const AT_ONCE: Pace = [0; 3];

/// One who plays.
struct Actor {
    account: Address,
    built: Built,
    source: BoxedSource,
    /// Does nothing before.
    asleep_until: u64,
    thinks: Pace,
    acts: Vec<Act>,
}

pub(crate) struct Arena<'a> {
    site: &'a Site,
    pub(crate) chain: Chain,
    actors: Vec<Actor>,
    proposed: u64,
}

/// What a dispute took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Course {
    /// From the proposal until its tournament was over, in seconds.
    pub(crate) seconds: u64,
    /// Transactions of the honest player, and their gas.
    pub(crate) moves: usize,
    pub(crate) gas: u64,
}

impl<'a> Arena<'a> {
    /// An arena in which an account has proposed this, when everything was posted.
    pub(crate) fn proposed_by(site: &'a Site, account: Address, told: &Forged) -> Self {
        Self::proposed_in(site, site.l1_last(), account, told)
    }

    /// The same in a block of L1, before anything was posted in it.
    pub(crate) fn proposed_in(
        site: &'a Site,
        l1_number: u64,
        account: Address,
        told: &Forged,
    ) -> Self {
        let mut chain = Chain::new(site.ground(l1_number));
        chain.fund(account);
        let (hash, number) = chain.last_block();
        let call = proposeOutputCall {
            last: BlockClaim::abi_decode(&told.last.encode()).unwrap(),
            proof: told.tree.proof_of_last(),
            parentClaim: told.parent.hash(),
            l2BlockNumber: U256::from(site.last_block()),
            l1BlockHash: hash,
            l1BlockNumber: U256::from(number),
        };
        chain.send(account, U256::from(BONDS[0]), call.abi_encode()).unwrap();
        let proposed = chain.time;
        Self { site, chain, actors: Vec::new(), proposed }
    }

    pub(crate) fn honest(&mut self) {
        self.honest_late(0);
    }

    /// One who tells the truth and comes so many seconds after the proposal.
    pub(crate) fn honest_late(&mut self, seconds: u64) {
        let built = Built::default();
        self.join(HONEST, built.clone(), Box::new(built), (self.proposed + seconds, AT_ONCE));
    }

    pub(crate) fn liar(&mut self, account: Address, lie: &Forged) {
        self.slow_liar(account, lie, AT_ONCE);
    }

    /// One who plays for time.
    pub(crate) fn slow_liar(&mut self, account: Address, lie: &Forged, thinks: Pace) {
        self.told(account, lie.place.clone(), Some(lie.last.encode()), thinks);
    }

    /// One who says this, and can show the last claim of it or not.
    pub(crate) fn told(
        &mut self,
        account: Address,
        place: Where,
        last: Option<[u8; CLAIM_BYTES]>,
        thinks: Pace,
    ) {
        let built = Built::default();
        let source = Box::new(Lie::new(built.clone(), place, last));
        self.join(account, built, source, (0, thinks));
    }

    /// The last block that follows from what was posted before the proposal.
    pub(crate) async fn followed(&mut self) -> u64 {
        let about = Pinned::from(&self.chain.views(ID, HONEST));
        let Part::Claims(claims) = self.site.trees.build(about, Need::Segments).await else {
            panic!("other trees than were asked for");
        };
        let last = claims.last.expect("every view ends with a block");
        BlockClaim::abi_decode(&last).unwrap().number
    }

    fn join(
        &mut self,
        account: Address,
        built: Built,
        source: BoxedSource,
        (asleep_until, thinks): (u64, Pace),
    ) {
        if self.chain.balance(account) == 0 {
            self.chain.fund(account);
        }
        let acts = Vec::new();
        self.actors.push(Actor { account, built, source, asleep_until, thinks, acts });
    }

    /// The honest player is ended and another one begins, who knows nothing.
    pub(crate) fn restart_honest(&mut self) {
        for actor in self.actors.iter_mut().filter(|actor| actor.account == HONEST) {
            actor.built = Built::default();
            actor.source = Box::new(actor.built.clone());
        }
    }

    /// The honest player does nothing for so many seconds.
    pub(crate) fn away(&mut self, seconds: u64) {
        let until = self.chain.time + seconds;
        for actor in self.actors.iter_mut().filter(|actor| actor.account == HONEST) {
            actor.asleep_until = until;
        }
    }

    /// Pays somebody out who does not play any more, if anything is owed.
    pub(crate) fn pay_out(&mut self, account: Address) {
        let credit = self.chain.view(DisputeOracle::creditCall { account });
        if !credit.is_zero() {
            let call = DisputeOracle::withdrawCall { account };
            self.chain.send(account, U256::ZERO, call.abi_encode()).unwrap();
        }
    }

    fn game(&mut self, account: Address) -> Game {
        self.chain.game(ID, account)
    }

    /// Plays to the end, and sees to it that nobody does anything twice and that all of it is as short as it must be.
    pub(crate) async fn play(&mut self) -> Course {
        for _ in 0..ROUNDS_MAX {
            if !self.round().await {
                return self.course();
            }
        }
        panic!("the dispute never ends");
    }

    /// Lets everybody act, or else time pass; false once there is nothing more to come.
    pub(crate) async fn round(&mut self) -> bool {
        let mut acted = false;
        for actor in 0..self.actors.len() {
            acted |= self.turn(actor).await;
        }
        if acted {
            return true;
        }
        let game = self.game(HONEST);
        let is_over = match game.outermost() {
            Some((_, tournament)) => tournament.concluded,
            None => game.proposal.is_final,
        };
        let asleep = self.actors.iter().map(|actor| actor.asleep_until);
        let is_over = is_over && asleep.clone().all(|until| until <= game.time);
        if !is_over {
            let next = next_time(&game, asleep);
            self.chain.pass(next - game.time);
        }
        !is_over
    }

    /// Whether the player did anything. L1 takes every act of a decision.
    async fn turn(&mut self, number: usize) -> bool {
        if self.chain.time < self.actors[number].asleep_until {
            return false;
        }
        let acts = self.decision(number).await;
        let actor = &mut self.actors[number];
        for act in &acts {
            if let Err(error) = self.chain.send(actor.account, act.bond(), calldata(act)) {
                panic!("actor {number}: {act:?} was refused: {error}");
            }
            // Nobody does the same twice, but to take out what comes later.
            let again = actor.acts.iter().any(|done| done.key() == act.key());
            assert!(!again || matches!(act, Act::Withdraw { .. }), "{act:?} again");
            actor.acts.push(act.clone());
        }
        if !acts.is_empty() {
            let account = actor.account;
            let level = deepest(&self.game(account));
            let thought = self.actors[number].thinks[level];
            self.actors[number].asleep_until = self.chain.time + thought;
        }
        !acts.is_empty()
    }

    /// What a player would do now, with all that it needs for that.
    async fn decision(&mut self, number: usize) -> Vec<Act> {
        let account = self.actors[number].account;
        let views = self.chain.views(ID, account);
        let about = Pinned::from(&views);
        let game = self.game(account);
        let side = Side { account, collect_min: U256::ZERO };
        if self.actors[number].source.segments().is_err() {
            // Without the claims nobody knows what the proposal is about.
            self.build(number, about, Need::Segments).await;
        }
        loop {
            let actor = &mut self.actors[number];
            let decision: Decision<Infallible> = decide(&game, actor.source.as_mut(), &side);
            if decision.lacks.is_empty() {
                return decision.acts;
            }
            for lack in decision.lacks {
                assert_eq!(lack.why, Why::NotYet, "actor {number}: {:?}", lack.need);
                self.build(number, about, lack.need).await;
            }
        }
    }

    async fn build(&self, number: usize, about: Pinned, need: Need) {
        let part = self.site.trees.build(about, need).await;
        assert!(self.actors[number].built.put(need, part));
    }

    /// How it went, which is never longer than `docs/spec/disputes.md`, section 7, says.
    fn course(&mut self) -> Course {
        let game = self.game(HONEST);
        let seconds = game.outermost().map_or(0, |(_, tournament)| {
            let closed = tournament.start + tournament.window;
            std::cmp::max(closed, tournament.quiet_since) - self.proposed
        });
        let bound = bound(&game);
        assert!(seconds <= bound, "{seconds} s are more than {bound} s");
        let honest = self.actors.iter().filter(|actor| actor.account == HONEST);
        let moves = honest.map(|actor| actor.acts.len()).sum();
        Course { seconds, moves, gas: self.chain.gas_of(HONEST) }
    }

    /// The truth is final, every bond is out, and the honest player has more than it began with, even for all its gas.
    pub(crate) fn assert_truth_won(&mut self) {
        let index = U256::from(1);
        let standing = self.chain.view(DisputeOracle::proposalCall { index });
        assert_eq!(standing.claim, keccak256(self.site.truth.interval.last.encode()));
        assert_eq!(standing.segmentsRoot, self.site.truth.interval.root());
        assert!(standing.decided && self.chain.view(DisputeOracle::isFinalCall { index }));
        self.chain.assert_bonds_are_out();
        let gain = self.chain.gain(HONEST);
        assert!(gain > 0, "the honest player has lost {gain} wei");
    }

    /// How often an account did something.
    pub(crate) fn count(&self, account: Address, name: &str) -> usize {
        let own = self.actors.iter().filter(|actor| actor.account == account);
        own.flat_map(|actor| &actor.acts).filter(|act| act.name() == name).count()
    }
}

/// The lowest level at which something is played.
fn deepest(game: &Game) -> usize {
    let open = game.tournaments.values().filter(|tournament| !tournament.concluded);
    open.fold(0, |deepest, tournament| std::cmp::max(deepest, tournament.level.index()))
}

/// The next time at which something happens by itself: a window closes, a clock runs out, somebody wakes up.
fn next_time(game: &Game, asleep: impl Iterator<Item = u64>) -> u64 {
    let open = game.tournaments.values().filter(|tournament| !tournament.concluded);
    let closing = open.map(|tournament| tournament.start + tournament.window);
    let played = game.matches.values().filter(|played| played.phase != Phase::Over);
    let clocks = played.flat_map(|played| [game.clock(played, false), game.clock(played, true)]);
    let out = clocks.filter_map(|clock| clock.since.map(|since| since + clock.left));
    let times = closing.chain(out).chain(asleep).chain([game.proposal.timestamp + WINDOW]);
    times.filter(|time| *time > game.time).min().unwrap_or(game.time + WINDOW)
}

/// `D` of `docs/spec/disputes.md`, section 7, with as many commitments as the largest tournament of each level had.
fn bound(game: &Game) -> u64 {
    let below = [Level::Steps, Level::Strides, Level::Segments].into_iter();
    below.fold(0, |below, level| {
        let of_level = game.tournaments.iter().filter(|(_, found)| found.level == level);
        let joined = of_level.map(|(id, _)| {
            game.commitments.keys().filter(|(tournament, _)| tournament == id).count()
        });
        let rounds = joined.max().unwrap_or_default().next_power_of_two().ilog2();
        WINDOW + u64::from(rounds) * (2 * WINDOW + below)
    })
}

/// What one liar takes at most who answers at once, against one who does too.
pub(crate) const PROMPT: u64 = 3 * (WINDOW + EFFORT);
