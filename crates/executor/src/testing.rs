//! A small chain for tests: accounts, contracts written by hand, transactions without signatures.
//!
//! Numbers are chosen so that expected balances can be written as literals: base fee 1,000 wei, L1 fees off unless a
//! test turns them on.

pub(crate) mod asm;
pub(crate) mod supply;
pub(crate) mod twin;
pub(crate) mod tx;

use alloy_consensus::Header;
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256, address, keccak256};
use protocol::{BlockInputs, BlockOpening, Eip1559Params, L1Origin, SystemConfig, predeploys};
use state::{Account, AccountDiff, MemoryState, StateDiff, StateReader};

use crate::{BlockContext, ChainSpec, ExecutedBlock, execute_block};
pub(crate) use twin::Twin;

pub(crate) const CHAIN_ID: u64 = 901;
pub(crate) const BASE_FEE: u64 = 1_000;
pub(crate) const GAS_LIMIT: u64 = 30_000_000;
/// One ether.
pub(crate) const ETHER: U256 = U256::from_limbs([1_000_000_000_000_000_000, 0, 0, 0]);

pub(crate) const ALICE: Address = address!("00000000000000000000000000000000000a11ce");
pub(crate) const BOB: Address = address!("0000000000000000000000000000000000000b0b");
pub(crate) const CAROL: Address = address!("00000000000000000000000000000000000ca301");

/// A state, and the block to execute on it.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub state: MemoryState,
    pub spec: ChainSpec,
    pub parent: Header,
    pub opening: BlockOpening,
}

impl World {
    /// Alice, Bob and Carol with an ether each; fee vaults and L1Block as predeploys with code.
    pub(crate) fn new() -> Self {
        let parent = Header {
            number: 9,
            gas_limit: GAS_LIMIT,
            gas_used: GAS_LIMIT / 2,
            timestamp: 1_000,
            base_fee_per_gas: Some(BASE_FEE),
            ..Default::default()
        };
        let opening = BlockOpening {
            number: 10,
            parent_hash: B256::repeat_byte(0x77),
            timestamp: 1_001,
            origin: L1Origin {
                number: 500,
                hash: B256::repeat_byte(0x51),
                timestamp: 990,
                prev_randao: B256::repeat_byte(0x52),
                parent_beacon_block_root: B256::repeat_byte(0x53),
                ..Default::default()
            },
            sequence_number: 0,
            system_config: SystemConfig { gas_limit: GAS_LIMIT, ..Default::default() },
        };
        let fees = Eip1559Params { elasticity: 2, denominator: 250, base_fee_min: 0 };
        let spec = ChainSpec { chain_id: CHAIN_ID, fees };
        let mut world = Self { state: MemoryState::new(), spec, parent, opening };
        for user in [ALICE, BOB, CAROL] {
            world.fund(user, ETHER);
        }
        let vaults = [
            predeploys::SEQUENCER_FEE_VAULT,
            predeploys::BASE_FEE_VAULT,
            predeploys::L1_FEE_VAULT,
            predeploys::OPERATOR_FEE_VAULT,
            predeploys::L1_BLOCK,
        ];
        for predeploy in vaults {
            world.contract(predeploy, "STOP");
        }
        world
    }

    /// Gas costs nothing, so that balances move by values alone.
    pub(crate) fn free() -> Self {
        let mut world = Self::new();
        world.parent.base_fee_per_gas = Some(0);
        world
    }

    pub(crate) fn put(&mut self, address: Address, account: Account) {
        let diff = AccountDiff { account: Some(account), ..Default::default() };
        self.state.apply(&StateDiff { accounts: [(address, diff)].into(), ..Default::default() });
    }

    pub(crate) fn fund(&mut self, address: Address, balance: U256) {
        let account = self.account(address).unwrap_or_default();
        self.put(address, Account { balance, ..account });
    }

    pub(crate) fn set_nonce(&mut self, address: Address, nonce: u64) {
        let account = self.account(address).unwrap_or_default();
        self.put(address, Account { nonce, ..account });
    }

    /// Puts assembled code at an address.
    pub(crate) fn contract(&mut self, address: Address, source: &str) {
        self.code(address, asm::assemble(source));
    }

    pub(crate) fn code(&mut self, address: Address, code: Bytes) {
        let account = self.account(address).unwrap_or_default();
        let code_hash = if code.is_empty() { KECCAK256_EMPTY } else { keccak256(&code) };
        let nonce = core::cmp::max(account.nonce, 1);
        let diff = AccountDiff {
            account: Some(Account { code_hash, nonce, ..account }),
            ..Default::default()
        };
        self.state.apply(&StateDiff {
            accounts: [(address, diff)].into(),
            codes: [(code_hash, code)].into(),
        });
    }

    /// Makes `account` delegate to `target` (EIP-7702), as if an earlier block had done it.
    pub(crate) fn delegate(&mut self, account: Address, target: Address) {
        let designator = [&[0xef, 0x01, 0x00], target.as_slice()].concat();
        self.code(account, designator.into());
    }

    pub(crate) fn set_slot(&mut self, address: Address, slot: u64, value: u64) {
        let storage = [(U256::from(slot), U256::from(value))].into();
        let account = self.account(address);
        let diff = AccountDiff { account, storage_cleared: false, storage };
        self.state.apply(&StateDiff { accounts: [(address, diff)].into(), ..Default::default() });
    }

    pub(crate) fn account(&self, address: Address) -> Option<Account> {
        self.state.account(&address).unwrap()
    }

    pub(crate) fn context(&self) -> BlockContext {
        BlockContext::new(&self.spec, &self.parent, &self.opening)
    }

    /// An open block. When it is finished, the parallel engine has to have made the same of it.
    pub(crate) fn executor(&self) -> Twin<'_> {
        Twin::new(self)
    }

    pub(crate) fn inputs(&self) -> BlockInputs {
        BlockInputs { opening: self.opening, ..Default::default() }
    }

    pub(crate) fn execute(&self, inputs: &BlockInputs) -> ExecutedBlock {
        execute_block(&self.spec, &self.parent, inputs, &self.state).unwrap()
    }
}

/// Reads of a state, with absence as zero.
pub(crate) trait Peek: StateReader<Error: core::fmt::Debug> {
    fn balance(&self, address: Address) -> U256 {
        self.account(&address).unwrap().map_or(U256::ZERO, |account| account.balance)
    }

    fn nonce(&self, address: Address) -> u64 {
        self.account(&address).unwrap().map_or(0, |account| account.nonce)
    }

    fn slot(&self, address: Address, slot: u64) -> U256 {
        self.storage(&address, &U256::from(slot)).unwrap()
    }

    fn exists(&self, address: Address) -> bool {
        self.account(&address).unwrap().is_some()
    }

    fn has_code(&self, address: Address) -> bool {
        self.account(&address).unwrap().is_some_and(|account| account.has_code())
    }
}

impl<R: StateReader<Error: core::fmt::Debug>> Peek for R {}
