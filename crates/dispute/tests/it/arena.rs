//! Players who play by turns until nobody has anything more to do.

use std::{collections::BTreeMap, convert::Infallible};

use alloy::{
    primitives::{Address, B256, U256, keccak256},
    sol_types::{SolCall, SolValue},
};
use bindings::{
    DisputeOracle::{self, OracleParameters},
    contracts::Claims::BlockClaim,
};
use dispute::{Act, Decision, Game, Lie, Player, Source, Where, decide};

use crate::{
    calls::calldata,
    chain::{BONDS, Chain, Ground},
    program::{Claim, claim, false_claim, machine},
    truth::{INTERVAL, Truth},
};

pub(crate) const HONEST: Address = Address::repeat_byte(0x01);
/// Long beyond any dispute of a test.
const ROUNDS_MAX: usize = 20_000;
const PARAMETERS: B256 = B256::repeat_byte(0x9a);
/// The block that the interval begins after.
const PARENT: u8 = 0;

pub(crate) type Trees = Box<dyn Source<Error = Infallible>>;

/// One who plays.
pub(crate) struct Actor {
    pub(crate) account: Address,
    trees: Trees,
    /// Falls silent after so many acts.
    acts_max: usize,
    pub(crate) acts: Vec<Act>,
}

pub(crate) struct Arena {
    pub(crate) chain: Chain,
    pub(crate) truth: Truth,
    pub(crate) actors: Vec<Actor>,
    /// The proposal that is played about.
    pub(crate) id: u64,
}

impl Arena {
    /// An arena in which an account has proposed what these trees say.
    pub(crate) fn proposed_by(
        proposer: Address,
        truth: Option<&Truth>,
        lie: Option<Where>,
    ) -> Self {
        let mut chain = Chain::new(ground());
        chain.fund(proposer);
        let end = PARENT + INTERVAL;
        let last = if lie.is_some() { false_claim(end) } else { claim(end) };
        // The claims do not depend on the pins, which are known once the proposal is made.
        let without_pins = Truth::new(PARENT, [B256::ZERO; 5]);
        propose(&mut chain, proposer, PARENT, (trees(&without_pins, lie), &last));
        let id = 1;
        let pins = pins_of(&mut chain, id);
        let truth = truth.cloned().unwrap_or_else(|| Truth::new(PARENT, pins));
        Self { chain, truth, actors: Vec::new(), id }
    }

    pub(crate) fn honest(&mut self) {
        self.join(HONEST, None, usize::MAX);
    }

    pub(crate) fn liar(&mut self, number: u8, lie: Where) {
        self.join(liar(number), Some(lie), usize::MAX);
    }

    pub(crate) fn join(&mut self, account: Address, lie: Option<Where>, acts_max: usize) {
        if self.chain.balance(account) == 0 {
            self.chain.fund(account);
        }
        let trees = trees(&self.truth, lie);
        self.actors.push(Actor { account, trees, acts_max, acts: Vec::new() });
    }

    pub(crate) fn game(&mut self, account: Address) -> Game {
        self.chain.game(self.id, account)
    }

    /// What a player would do now.
    pub(crate) fn decision(&mut self, actor: usize) -> (Game, Decision<Infallible>) {
        let game = self.chain.game(self.id, self.actors[actor].account);
        let Actor { account, trees, .. } = &mut self.actors[actor];
        let player = Player { account: *account, collect_min: U256::ZERO };
        let decision = decide(&game, trees.as_mut(), &player);
        (game, decision)
    }

    /// Plays until nobody has acts and the dispute is decided.
    pub(crate) fn play(&mut self) {
        for _ in 0..ROUNDS_MAX {
            let acted = (0..self.actors.len()).filter(|actor| self.turn(*actor)).count();
            if acted > 0 {
                continue;
            }
            let game = self.game(HONEST);
            let is_over = match game.outermost() {
                Some((_, tournament)) => tournament.concluded,
                None => game.proposal.is_final,
            };
            if is_over {
                return;
            }
            self.chain.pass(20);
        }
        panic!("the dispute never ends");
    }

    /// Whether the player did anything. Every act is accepted: all that a decision holds can be done at once.
    pub(crate) fn turn(&mut self, number: usize) -> bool {
        let (_, decision) = self.decision(number);
        assert!(decision.lacks.is_empty(), "{:?}", decision.lacks);
        let keys: Vec<_> = decision.acts.iter().map(Act::key).collect();
        let actor = &mut self.actors[number];
        let left = actor.acts_max - std::cmp::min(actor.acts.len(), actor.acts_max);
        let mut acted = false;
        for act in decision.acts.into_iter().take(left) {
            let sent = self.chain.send(actor.account, act.bond(), calldata(&act));
            if let Err(error) = sent {
                panic!("actor {number}: {act:?} of {keys:?} was refused: {error}");
            }
            // Nobody does the same twice, but to take out what comes later.
            let again = actor.acts.iter().any(|done| done.key() == act.key());
            assert!(!again || matches!(act, Act::Withdraw { .. }), "{act:?} again");
            actor.acts.push(act);
            acted = true;
        }
        acted
    }

    /// What the acts of an actor were, by name.
    pub(crate) fn count(&self, account: Address) -> BTreeMap<&'static str, usize> {
        let mut count = BTreeMap::new();
        for actor in self.actors.iter().filter(|actor| actor.account == account) {
            for act in &actor.acts {
                *count.entry(act.name()).or_default() += 1;
            }
        }
        count
    }

    /// The truth stands in the list, final, and every bond is out; the honest account ends with more than it began.
    pub(crate) fn assert_truth_won(&mut self) {
        let standing = self.chain.view(DisputeOracle::proposalCall { index: U256::from(1) });
        assert_eq!(standing.claim, keccak256(self.truth.last()));
        assert!(self.chain.view(DisputeOracle::isFinalCall { index: U256::from(1) }));
        self.chain.assert_bonds_are_out();
        let gain = self.chain.gain(HONEST);
        assert!(gain > 0, "{gain} wei");
    }
}

/// What the program's chain has on L1: neither batches nor messages.
fn ground() -> Ground {
    Ground {
        number: 1_000,
        time: 1_000_000,
        hash: keccak256("L1"),
        accumulators: [B256::ZERO; 2],
        initial_state: machine().hash(),
        chain: OracleParameters {
            batchInbox: Address::ZERO,
            portal: Address::ZERO,
            proposalInterval: 1,
            l2BlockTime: 1,
            // So early and long that one interval after another may be proposed at any time.
            proposalLag: u64::from(u32::MAX),
            genesisTime: 1,
            parametersHash: PARAMETERS,
            genesis: block_claim(&claim(0)),
        },
    }
}

fn block_claim(claim: &Claim) -> BlockClaim {
    BlockClaim::abi_decode(claim).unwrap()
}

/// What a proposal pins: words 1 to 5 of the local inputs.
pub(crate) fn pins_of(chain: &mut Chain, id: u64) -> [B256; 5] {
    let proposal = chain.view(DisputeOracle::proposalByIdCall { id: U256::from(id) });
    let number = U256::from(proposal.l1BlockNumber).into();
    let accumulators = [proposal.batchAccumulator, proposal.messageAccumulator];
    [accumulators[0], accumulators[1], number, proposal.l1ParentHash, PARAMETERS]
}

/// Proposes what these trees say behind this block, up to that of the last claim.
pub(crate) fn propose(
    chain: &mut Chain,
    proposer: Address,
    parent: u8,
    (mut trees, last): (Trees, &Claim),
) {
    let tree = trees.segments().unwrap();
    let (hash, number) = chain.last_block();
    let call = DisputeOracle::proposeOutputCall {
        last: block_claim(last),
        proof: tree.proof_of_last(),
        parentClaim: keccak256(claim(parent)),
        l2BlockNumber: U256::from(last[223]),
        l1BlockHash: hash,
        l1BlockNumber: U256::from(number),
    };
    chain.send(proposer, U256::from(BONDS[0]), call.abi_encode()).unwrap();
}

pub(crate) fn liar(number: u8) -> Address {
    Address::repeat_byte(0x10 + number)
}

pub(crate) fn trees(truth: &Truth, lie: Option<Where>) -> Trees {
    match lie {
        None => Box::new(truth.clone()),
        Some(lie) => Box::new(Lie::new(truth.clone(), lie, Some(false_claim(truth.last()[223])))),
    }
}

/// A lie from these places on, in which all liars end.
pub(crate) fn lie(segment: u64, stride: u64, step: u64) -> Where {
    let claims = vec![keccak256(false_claim(PARENT + INTERVAL))];
    Where { claims, segment, stride, step, only_steps: false, salt: 0 }
}

/// True claims with something false in the run of whatever segment is contested.
pub(crate) fn perjury(stride: u64, step: u64, only_steps: bool) -> Where {
    Where { claims: Vec::new(), segment: 0, stride, step, only_steps, salt: 7 }
}
