//! An L1 with the dispute contracts, in an EVM of its own whose clock the test sets. Each transaction is a block.

use std::collections::BTreeMap;

use alloy::{
    primitives::{Address, B256, Bytes, TxKind, U256},
    sol_types::{SolCall, SolConstructor},
};
use bindings::{
    DisputeOracle::{self, OracleParameters},
    ITournaments, Step,
};
use dispute::Game;
use l1::{DisputeNames, DisputeRules, DisputeViews, disputes::GameNames};
use revm::{
    Context, Database, ExecuteCommitEvm, ExecuteEvm, MainBuilder, MainContext,
    context::{BlockEnv, CfgEnv, TxEnv, result::ExecutionResult},
    database::{CacheDB, EmptyDB},
    primitives::hardfork::SpecId,
    state::{AccountInfo, Bytecode},
};

use crate::views::game_of;

/// Wei per gas that everybody pays.
pub(crate) const GAS_PRICE: u64 = 10_000_000_000;
/// What is put down at each level, and what is refunded at most: what `braid deploy` gives if it is told nothing else.
pub(crate) const BONDS: [u64; 3] =
    [150_000_000_000_000_000, 100_000_000_000_000_000, 500_000_000_000_000_000];
const REFUND_PRICE_MAX: u64 = 30_000_000_000;
const STEP_GAS_MAX: u64 = 8_000_000;
/// Seconds.
pub(crate) const WINDOW: u64 = 2_000;
pub(crate) const EFFORT: u64 = 300;
/// What an account begins with, in wei.
pub(crate) const RICH: u128 = 100_000_000_000_000_000_000;
const DEPLOYER: Address = Address::repeat_byte(0xde);
/// What stand for the inbox and the portal, of which only accumulators are read.
const ACCUMULATORS: [Address; 2] = [Address::repeat_byte(0xac), Address::repeat_byte(0xad)];

/// What the contracts find on L1, and what they are deployed with.
#[derive(Debug)]
pub(crate) struct Ground {
    /// The newest block: its number and timestamp.
    pub(crate) number: u64,
    pub(crate) time: u64,
    /// Its hash.
    pub(crate) hash: B256,
    /// Those of the inbox and of the portal.
    pub(crate) accumulators: [B256; 2],
    /// Of the machine.
    pub(crate) initial_state: B256,
    /// With no inbox and no portal.
    pub(crate) chain: OracleParameters,
}

/// All of one dispute, by name.
#[derive(Clone, Debug)]
struct Seen {
    tournaments: BTreeMap<B256, ITournaments::Tournament>,
    commitments: BTreeMap<(B256, B256), ITournaments::Commitment>,
    matches: BTreeMap<B256, ITournaments::Match>,
}

#[derive(Debug)]
pub(crate) struct Chain {
    db: CacheDB<EmptyDB>,
    pub(crate) number: u64,
    pub(crate) time: u64,
    pub(crate) oracle: Address,
    rules: DisputeRules,
    names: DisputeNames,
    /// What was read since the last transaction.
    seen: BTreeMap<u64, Seen>,
    /// Those who were given ether, and the gas of their transactions.
    gas: BTreeMap<Address, u64>,
}

impl Chain {
    pub(crate) fn new(ground: Ground) -> Self {
        let Ground { number, time, hash, accumulators, initial_state, mut chain } = ground;
        let mut db = CacheDB::new(EmptyDB::new());
        for (address, word) in ACCUMULATORS.into_iter().zip(accumulators) {
            let code = Bytecode::new_raw(answers(word));
            db.insert_account_info(address, AccountInfo::default().with_code(code));
        }
        db.cache.block_hashes.insert(U256::from(number), hash);
        let rules = DisputeRules {
            heights: [30, 18, 18],
            bonds: BONDS.map(U256::from),
            window: WINDOW,
            effort: EFFORT,
        };
        let (oracle, names) = (Address::ZERO, DisputeNames::default());
        let gas = BTreeMap::new();
        let mut made = Self { db, number, time, oracle, rules, names, seen: BTreeMap::new(), gas };
        made.fund(DEPLOYER);
        let machine = made.create(Step::BYTECODE.to_vec());
        let rules = made.parameters(machine, initial_state);
        [chain.batchInbox, chain.portal] = ACCUMULATORS;
        let constructor = DisputeOracle::constructorCall { rules, chain };
        let code = [DisputeOracle::BYTECODE.to_vec(), constructor.abi_encode()].concat();
        made.oracle = made.create(code);
        made
    }

    fn parameters(&self, machine: Address, initial_state: B256) -> ITournaments::Parameters {
        let DisputeRules { heights, bonds, window, effort } = self.rules;
        ITournaments::Parameters {
            heights,
            bonds,
            window,
            effort,
            refundPriceMax: U256::from(REFUND_PRICE_MAX),
            stepGasMax: U256::from(STEP_GAS_MAX),
            machine,
            initialState: initial_state,
        }
    }

    /// An account with as much as all others.
    pub(crate) fn fund(&mut self, account: Address) {
        let info = AccountInfo::default().with_balance(U256::from(RICH));
        self.db.insert_account_info(account, info);
        self.gas.insert(account, 0);
    }

    pub(crate) fn balance(&mut self, account: Address) -> u128 {
        let info = self.db.load_account(account).unwrap().info.clone();
        info.balance.to()
    }

    /// What an account has won or lost.
    pub(crate) fn gain(&mut self, account: Address) -> i128 {
        i128::try_from(self.balance(account)).unwrap() - i128::try_from(RICH).unwrap()
    }

    /// The same if gas were free.
    pub(crate) fn gain_without_gas(&mut self, account: Address) -> i128 {
        self.gain(account) + i128::from(self.gas_of(account)) * i128::from(GAS_PRICE)
    }

    /// Bonds in are bonds out: what everybody has won and lost, and what nobody has won, is nothing.
    pub(crate) fn assert_bonds_are_out(&mut self) {
        let nobody = self.view(DisputeOracle::NOBODYCall {});
        let lost = self.view(DisputeOracle::creditCall { account: nobody });
        let oracle = self.oracle;
        assert_eq!(U256::from(self.balance(oracle)), lost, "all who are owed something have it");
        let accounts: Vec<_> = self.gas.keys().copied().collect();
        let won: i128 = accounts.iter().map(|account| self.gain_without_gas(*account)).sum();
        assert_eq!(won + i128::try_from(self.balance(oracle)).unwrap(), 0, "to the wei");
    }

    /// Gas of an account's transactions, those that were refused too.
    pub(crate) fn gas_of(&self, account: Address) -> u64 {
        self.gas.get(&account).copied().unwrap_or_default()
    }

    pub(crate) fn pass(&mut self, seconds: u64) {
        self.number += 1;
        self.time += seconds;
    }

    /// Carries a call out in a block of its own.
    pub(crate) fn send(&mut self, from: Address, value: U256, data: Vec<u8>) -> Result<(), Bytes> {
        self.pass(1);
        let call = TxKind::Call(self.oracle);
        let result = self.execute(from, value, data.into(), call, true);
        match result {
            ExecutionResult::Success { logs, .. } => {
                logs.iter().for_each(|log| self.names.add(log).unwrap());
                self.seen.clear();
                Ok(())
            }
            ExecutionResult::Revert { output, .. } => Err(output),
            ExecutionResult::Halt { reason, .. } => panic!("{reason:?}"),
        }
    }

    pub(crate) fn view<C: SolCall>(&mut self, call: C) -> C::Return {
        C::abi_decode_returns(&self.ask(call).unwrap()).unwrap()
    }

    fn ask<C: SolCall>(&mut self, call: C) -> Option<Bytes> {
        let (kind, data) = (TxKind::Call(self.oracle), call.abi_encode().into());
        match self.execute(DEPLOYER, U256::ZERO, data, kind, false) {
            ExecutionResult::Success { output, .. } => Some(output.into_data()),
            ExecutionResult::Revert { .. } => None,
            ExecutionResult::Halt { reason, .. } => panic!("{reason:?}"),
        }
    }

    /// The newest block that a proposal can name.
    pub(crate) fn last_block(&mut self) -> (B256, u64) {
        (self.db.block_hash(self.number).unwrap(), self.number)
    }

    /// What an account sees of a dispute.
    pub(crate) fn game(&mut self, id: u64, account: Address) -> Game {
        let views = self.views(id, account);
        let earlier = self.names.disputed().filter(|other| *other != id).collect::<Vec<_>>();
        let waits = earlier.into_iter().any(|other| {
            let other = self.views(other, account);
            other.stands && !other.proposal.decided && other.proposal.index < views.proposal.index
        });
        game_of(&self.rules, &views, waits).unwrap()
    }

    /// What the oracle says of a dispute and has for an account.
    pub(crate) fn views(&mut self, id: u64, account: Address) -> DisputeViews {
        let proposal = self.view(DisputeOracle::proposalByIdCall { id: U256::from(id) });
        let names = self.names.game(proposal.tournament).cloned().unwrap_or_default();
        let Seen { tournaments, commitments, matches } = self.see(id, &names);
        let refunds = names.owed_to(account, &matches).collect::<Vec<_>>().into_iter();
        let refunds = refunds.filter(|(id, _)| {
            self.ask(DisputeOracle::collectRefundCall { id: *id, mover: account }).is_some()
        });
        let refunds = refunds.collect();
        let index = U256::from(proposal.index);
        let stands = index < self.view(DisputeOracle::proposalCountCall {})
            && self.view(DisputeOracle::idOfCall { index }) == U256::from(id);
        let parent_claim = match tournaments.get(&proposal.tournament) {
            Some(outermost) => Some(outermost.initial),
            None => stands.then(|| {
                let index = index - U256::from(1);
                self.view(DisputeOracle::proposalCall { index }).claim
            }),
        };
        let is_open = stands && !proposal.tournament.is_zero() && !proposal.decided;
        let is_held_up = is_open && self.is_held_up(proposal.index);
        DisputeViews {
            time: self.time,
            id,
            children: self.names.proposal(id).map(|names| names.children).unwrap_or_default(),
            stands,
            is_held_up,
            is_final: stands && self.view(DisputeOracle::isFinalCall { index }),
            parent_claim,
            proposal,
            tournaments,
            commitments,
            matches,
            refunds,
            credit: self.view(DisputeOracle::creditCall { account }),
        }
    }

    /// What does not change but by transactions, and is the same for all accounts.
    fn see(&mut self, id: u64, names: &GameNames) -> Seen {
        if let Some(seen) = self.seen.get(&id) {
            return seen.clone();
        }
        let tournaments = names.tournaments.iter().map(|tournament| {
            let call = DisputeOracle::tournamentOfCall { tournament: *tournament };
            (*tournament, self.view(call))
        });
        let tournaments = tournaments.collect();
        let commitments = names.commitments.iter().map(|(tournament, root)| {
            let call = DisputeOracle::commitmentOfCall { tournament: *tournament, root: *root };
            ((*tournament, *root), self.view(call))
        });
        let commitments = commitments.collect();
        let matches = names.matches.iter();
        let matches = matches.map(|id| (*id, self.view(DisputeOracle::matchOfCall { id: *id })));
        let seen = Seen { tournaments, commitments, matches: matches.collect() };
        self.seen.insert(id, seen.clone());
        seen
    }

    /// Whether some place before this one should be final and is not.
    fn is_held_up(&mut self, index: u64) -> bool {
        (0..index).any(|before| {
            let index = U256::from(before);
            let proposal = self.view(DisputeOracle::proposalCall { index });
            let has_passed = self.time > proposal.timestamp + self.rules.window;
            (proposal.decided || has_passed) && !self.view(DisputeOracle::isFinalCall { index })
        })
    }

    fn create(&mut self, code: Vec<u8>) -> Address {
        let result = self.execute(DEPLOYER, U256::ZERO, code.into(), TxKind::Create, true);
        result.created_address().unwrap_or_else(|| panic!("{result:?}"))
    }

    fn execute(
        &mut self,
        from: Address,
        value: U256,
        data: Bytes,
        kind: TxKind,
        commits: bool,
    ) -> ExecutionResult {
        let mut config = CfgEnv::new_with_spec(SpecId::PRAGUE);
        config.disable_nonce_check = true;
        let block = BlockEnv {
            number: U256::from(self.number),
            timestamp: U256::from(self.time),
            gas_limit: 60_000_000,
            ..BlockEnv::default()
        };
        let context = Context::mainnet().with_db(&mut self.db).with_block(block);
        let mut evm = context.modify_cfg_chained(|cfg| *cfg = config).build_mainnet();
        let gas_price = GAS_PRICE.into();
        let (caller, gas_limit) = (from, 30_000_000);
        let tx = TxEnv { caller, gas_limit, gas_price, kind, value, data, ..TxEnv::default() };
        if !commits {
            return evm.transact(tx).unwrap().result;
        }
        let result = evm.transact_commit(tx).unwrap();
        *self.gas.entry(from).or_default() += result.tx_gas_used();
        result
    }
}

/// Code that answers any call with a word.
fn answers(word: B256) -> Bytes {
    [&[0x7f][..], word.as_slice(), &[0x5f, 0x52, 0x60, 0x20, 0x5f, 0xf3]].concat().into()
}
