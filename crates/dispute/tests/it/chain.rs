//! An L1 with the dispute contracts, in an EVM of its own whose clock the test sets. Each transaction is a block.

use std::collections::BTreeMap;

use alloy::{
    primitives::{Address, B256, Bytes, TxKind, U256, keccak256},
    sol_types::{SolCall, SolConstructor},
};
use bindings::{
    DisputeOracle::{self, OracleParameters},
    ITournaments, Step,
    contracts::Claims::BlockClaim,
};
use dispute::Game;
use fault_proof::commitment::{STRIDE_HEIGHT, STRIDES_HEIGHT};
use l1::{DisputeNames, DisputeRules, DisputeViews};
use revm::{
    Context, ExecuteCommitEvm, ExecuteEvm, MainBuilder, MainContext,
    context::{BlockEnv, CfgEnv, TxEnv, result::ExecutionResult},
    database::{CacheDB, EmptyDB},
    primitives::hardfork::SpecId,
    state::{AccountInfo, Bytecode},
};

use crate::{
    program::{claim, machine},
    truth::{HEIGHT, INTERVAL},
    views::game_of,
};

pub(crate) const WINDOW: u64 = 2_000;
pub(crate) const EFFORT: u64 = 300;
/// Wei per gas, as much as is refunded.
const GAS_PRICE: u64 = 10;
/// Of each level.
pub(crate) const BOND: u64 = 1_000_000_000;
const RICH: u64 = 1_000_000_000_000;
const PARAMETERS: B256 = B256::repeat_byte(0x9a);
const DEPLOYER: Address = Address::repeat_byte(0xde);
/// Answers any call with a word of zeros: what stands for the inbox and the portal, of which only accumulators are read.
const ZEROS: [u8; 8] = [0x5f, 0x5f, 0x52, 0x60, 0x20, 0x5f, 0xf3, 0x00];
const ACCUMULATORS: Address = Address::repeat_byte(0xac);

#[derive(Debug)]
pub(crate) struct Chain {
    db: CacheDB<EmptyDB>,
    number: u64,
    time: u64,
    pub(crate) oracle: Address,
    names: DisputeNames,
}

impl Chain {
    pub(crate) fn new() -> Self {
        let mut db = CacheDB::new(EmptyDB::new());
        let zeros = Bytecode::new_raw(Bytes::from_static(&ZEROS));
        db.insert_account_info(ACCUMULATORS, AccountInfo::default().with_code(zeros));
        let (oracle, names) = (Address::ZERO, DisputeNames::default());
        let mut chain = Self { db, number: 1_000, time: 1_000_000, oracle, names };
        chain.fund(DEPLOYER);
        let step = chain.create(Step::BYTECODE.to_vec());
        let constructor =
            DisputeOracle::constructorCall { rules: rules(step), chain: parameters() };
        let code = [DisputeOracle::BYTECODE.to_vec(), constructor.abi_encode()].concat();
        chain.oracle = chain.create(code);
        chain
    }

    /// An account with as much as all others.
    pub(crate) fn fund(&mut self, account: Address) {
        let info = AccountInfo::default().with_balance(U256::from(RICH));
        self.db.insert_account_info(account, info);
    }

    pub(crate) fn balance(&mut self, account: Address) -> u128 {
        let info = self.db.load_account(account).unwrap().info.clone();
        info.balance.to()
    }

    /// What an account has won or lost.
    pub(crate) fn gain(&mut self, account: Address) -> i128 {
        i128::try_from(self.balance(account)).unwrap() - i128::from(RICH)
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

    /// What a proposal that is made now pins: words 1 to 5 of the local inputs.
    pub(crate) fn pins_of(&mut self, id: u64) -> [B256; 5] {
        let proposal = self.view(DisputeOracle::proposalByIdCall { id: U256::from(id) });
        let number = U256::from(proposal.l1BlockNumber).into();
        let accumulators = [proposal.batchAccumulator, proposal.messageAccumulator];
        [accumulators[0], accumulators[1], number, proposal.l1ParentHash, PARAMETERS]
    }

    /// The newest block that a proposal can name.
    pub(crate) fn last_block(&self) -> (B256, u64) {
        (keccak256(self.number.to_string()), self.number)
    }

    /// What an account sees of a dispute.
    pub(crate) fn game(&mut self, id: u64, account: Address) -> Game {
        let views = self.views(id, account);
        let rules = DisputeRules {
            heights: heights(),
            bonds: [U256::from(BOND); 3],
            window: WINDOW,
            effort: EFFORT,
        };
        let earlier = self.names.disputed().filter(|other| *other != id).collect::<Vec<_>>();
        let waits = earlier.into_iter().any(|other| {
            let other = self.views(other, account);
            other.stands && !other.proposal.decided && other.proposal.index < views.proposal.index
        });
        game_of(&rules, &views, waits).unwrap()
    }

    fn views(&mut self, id: u64, account: Address) -> DisputeViews {
        let proposal = self.view(DisputeOracle::proposalByIdCall { id: U256::from(id) });
        let names = self.names.game(proposal.tournament).cloned().unwrap_or_default();
        let tournaments = names.tournaments.iter().map(|tournament| {
            let call = DisputeOracle::tournamentOfCall { tournament: *tournament };
            (*tournament, self.view(call))
        });
        let tournaments: BTreeMap<_, _> = tournaments.collect();
        let commitments = names.commitments.iter().map(|(tournament, root)| {
            let call = DisputeOracle::commitmentOfCall { tournament: *tournament, root: *root };
            ((*tournament, *root), self.view(call))
        });
        let commitments = commitments.collect();
        let matches = names.matches.iter();
        let matches = matches.map(|id| (*id, self.view(DisputeOracle::matchOfCall { id: *id })));
        let matches: BTreeMap<_, _> = matches.collect();
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
        DisputeViews {
            time: self.time,
            id,
            children: self.names.proposal(id).map(|names| names.children).unwrap_or_default(),
            stands,
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
        if commits { evm.transact_commit(tx).unwrap() } else { evm.transact(tx).unwrap().result }
    }
}

fn heights() -> [u8; 3] {
    [HEIGHT, STRIDES_HEIGHT, STRIDE_HEIGHT].map(|height| u8::try_from(height).unwrap())
}

fn rules(machine_at: Address) -> ITournaments::Parameters {
    ITournaments::Parameters {
        heights: heights(),
        bonds: [U256::from(BOND); 3],
        window: WINDOW,
        effort: EFFORT,
        refundPriceMax: U256::from(GAS_PRICE),
        stepGasMax: U256::from(2_000_000),
        machine: machine_at,
        initialState: machine().hash(),
    }
}

fn parameters() -> OracleParameters {
    OracleParameters {
        batchInbox: ACCUMULATORS,
        portal: ACCUMULATORS,
        proposalInterval: INTERVAL.into(),
        l2BlockTime: 1,
        parametersHash: PARAMETERS,
        genesis: block_claim(0),
    }
}

pub(crate) fn block_claim(block: u8) -> BlockClaim {
    use alloy::sol_types::SolValue;
    BlockClaim::abi_decode(&claim(block)).unwrap()
}
