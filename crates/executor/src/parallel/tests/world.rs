//! A world made for conflicts, and random transactions in it.

use std::sync::{Arc, OnceLock};

use alloy_eips::eip7702::SignedAuthorization;
use alloy_primitives::{Address, TxKind, U256, address};
use protocol::predeploys;
use revm::primitives::hardfork::SpecId;

use super::Case;
use crate::{
    RecoveredTransaction, SerialExecutor,
    evm::Environment,
    fees::FeeRouting,
    testing::{
        ETHER, Peek, World, asm,
        tx::{Key, Tx, deposit},
    },
};

pub(super) const USERS: u64 = 12;
const COUNTER: Address = address!("0000000000000000000000000000000000c00073");
const TOKEN: Address = address!("00000000000000000000000000000000000707e2");
const FACTORY: Address = address!("0000000000000000000000000000000000000fac");
const REVERTER: Address = address!("00000000000000000000000000000000004e7e47");
const PROXY: Address = address!("0000000000000000000000000000000000960c50");
const WATCHER: Address = address!("0000000000000000000000000000000000a7c4e2");
const FORWARDER: Address = address!("0000000000000000000000000000000000f02a2d");
const BURNER: Address = address!("0000000000000000000000000000000000b02ae2");
const STORER: Address = address!("0000000000000000000000000000000000570e2e");

/// Numbers that follow from a seed.
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// SplitMix64.
    pub(super) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(super) const fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    pub(super) const fn one_in(&mut self, odds: u64) -> bool {
        self.below(odds) == 0
    }
}

fn keys() -> &'static [(Key, Address)] {
    static KEYS: OnceLock<Vec<(Key, Address)>> = OnceLock::new();
    KEYS.get_or_init(|| (0..USERS).map(Key::new).map(|key| (key.clone(), key.address())).collect())
}

fn user(number: u64) -> Address {
    keys()[usize::try_from(number % USERS).unwrap()].1
}

/// Signed once: signing is slow, and nonces stay small.
fn authorization(of: u64, target: usize, nonce: u64) -> SignedAuthorization {
    const NONCES: u64 = 24;
    static SIGNED: OnceLock<Vec<SignedAuthorization>> = OnceLock::new();
    let signed = SIGNED.get_or_init(|| {
        let one = |(key, _): &(Key, Address)| {
            let key = key.clone();
            TARGETS.iter().flat_map(move |target| {
                let key = key.clone();
                (0..NONCES).map(move |nonce| key.authorize(*target, nonce))
            })
        };
        keys().iter().flat_map(one).collect()
    });
    let targets = TARGETS.len() as u64;
    let index = ((of % USERS) * targets + target as u64) * NONCES + nonce % NONCES;
    signed[usize::try_from(index).unwrap()].clone()
}

/// What accounts delegate to; zero takes the delegation away.
const TARGETS: [Address; 6] = [COUNTER, TOKEN, STORER, FACTORY, FORWARDER, Address::ZERO];

/// The runtime of what the factory makes: keeps a slot, or dies when it is told to whom.
fn mortal() -> alloy_primitives::Bytes {
    asm::assemble(
        "CALLDATASIZE @kill JUMPI PUSH0 SLOAD 1 ADD PUSH0 SSTORE STOP kill: PUSH0 CALLDATALOAD SELFDESTRUCT",
    )
}

fn state() -> World {
    let mut world = World::new();
    for number in 0..USERS {
        // Some can hardly pay for a transaction until somebody funds them.
        let balance = if number % 4 == 3 { ETHER / U256::from(1_000_000_000) } else { ETHER };
        world.fund(user(number), balance);
    }
    world.contract(
        COUNTER,
        "PUSH0 SLOAD 1 ADD DUP1 PUSH0 SSTORE CALLVALUE DUP2 SSTORE PUSH0 MSTORE 32 PUSH0 LOG0",
    );
    // Moves one from the caller's slot to that of the address in the calldata, and logs.
    world.contract(
        TOKEN,
        "1 CALLER SLOAD ADD CALLER SSTORE 1 PUSH0 CALLDATALOAD SLOAD ADD PUSH0 CALLDATALOAD SSTORE \
         PUSH0 CALLDATALOAD CALLER PUSH0 PUSH0 LOG2",
    );
    world.contract(REVERTER, "1 PUSH0 SSTORE PUSH0 PUSH0 REVERT");
    world.contract(STORER, "PUSH0 SLOAD 1 SSTORE CALLER PUSH0 SSTORE");
    let copy = "CALLDATASIZE PUSH0 PUSH0 CALLDATACOPY";
    world.contract(
        PROXY,
        &format!("{copy} PUSH0 PUSH0 CALLDATASIZE PUSH0 7 SLOAD GAS DELEGATECALL POP"),
    );
    world.set_slot(PROXY, 7, 0x707e2);
    // Keeps balance, size and hash of code of whomever the calldata names.
    world.contract(
        WATCHER,
        "PUSH0 CALLDATALOAD DUP1 BALANCE PUSH0 SSTORE DUP1 EXTCODESIZE 1 SSTORE EXTCODEHASH 2 SSTORE",
    );
    world.contract(
        FORWARDER,
        &format!("{} 1 SSTORE", asm::call("PUSH0 CALLDATALOAD", "CALLVALUE", 0)),
    );
    // Uses gas as a slot says, until there is none.
    world.contract(
        BURNER,
        "PUSH0 SLOAD loop: 1 SWAP1 SUB DUP1 @loop JUMPI 1 PUSH0 SLOAD ADD PUSH0 SSTORE",
    );
    world.set_slot(BURNER, 0, 40);
    factory(&mut world);
    world
}

fn factory(world: &mut World) {
    let initcode = asm::deployer(&mortal());
    let (create, again) = (asm::create2(&initcode, "CALLVALUE"), asm::create2(&initcode, "PUSH0"));
    let (kill, pay) = (asm::call("DUP6", "PUSH0", 32), asm::call("DUP6", "CALLVALUE", 0));
    let heir = user(0);
    world.contract(
        FACTORY,
        &format!(
            "CALLDATASIZE @kill JUMPI {create} POP STOP kill: {again} {heir} PUSH0 MSTORE {kill} POP {pay} POP"
        ),
    );
}

/// Where the factory puts its contract.
fn made() -> Address {
    asm::create2_address(FACTORY, &asm::deployer(&mortal()))
}

/// Makes blocks from a seed.
#[derive(Debug)]
pub(super) struct Maker {
    random: Random,
    world: World,
    has_delegations: bool,
}

impl Maker {
    pub(super) fn new(seed: u64) -> Self {
        Self { random: Random::new(seed), world: state(), has_delegations: true }
    }

    /// A block of about so many transactions.
    pub(super) fn case(&mut self, len: u64) -> Case {
        let mut world = self.world.clone();
        if self.random.one_in(2) {
            world.opening.origin.base_fee = 1_000_000;
            world.opening.system_config.base_fee_scalar = 1_000_000;
            world.opening.system_config.operator_fee_scalar = 500_000;
        }
        if self.random.one_in(8) {
            world.opening.system_config.gas_limit = 400_000 + self.random.below(3_000_000);
        }
        let context = world.context();
        let mut rules = Environment::of(&context);
        self.has_delegations = true;
        if self.random.one_in(4) {
            // Contracts of earlier blocks die, with what they have stored; no delegations in such a block.
            rules.spec = SpecId::SHANGHAI;
            self.has_delegations = false;
            world.code(made(), mortal());
            world.set_slot(made(), 0, 5);
        }
        if self.random.one_in(3) {
            // The fee recipient takes part; sometimes it does not exist yet.
            let recipients = [user(1), Address::repeat_byte(0xfe), made(), user(3)];
            rules.block.beneficiary = recipients[self.index(recipients.len())];
            rules.routing =
                FeeRouting { base: self.random.one_in(2).then(|| user(2)), ..rules.routing };
        }
        let state = Arc::new(world.state);
        // Executed along the way, so that nonces are those that the transactions will meet.
        let mut block = SerialExecutor::with_environment(context, rules.clone(), &*state);
        let mut pieces = vec![Vec::new()];
        let count = len / 2 + self.random.below(len);
        for number in 0..count {
            let tx = self.transaction(number, |user| block.pending().nonce(user));
            // Refused or not, it is part of the block.
            let _ = block.execute(&tx);
            if self.random.one_in(40) {
                pieces.push(Vec::new());
            }
            pieces.last_mut().unwrap().push(tx);
        }
        Case { context, rules, state, pieces }
    }

    fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.random.below(len as u64)).unwrap()
    }

    fn transaction(
        &mut self,
        number: u64,
        nonce_of: impl Fn(Address) -> u64,
    ) -> RecoveredTransaction {
        let (from, other) = (self.random.below(USERS), self.random.below(USERS));
        if number < 6 && self.random.one_in(3) {
            let to = if self.random.one_in(2) { FORWARDER } else { user(other) };
            let value = self.random.below(500);
            let mint = u128::from(self.random.below(400));
            return RecoveredTransaction::deposit(deposit(
                user(from),
                TxKind::Call(to),
                mint,
                value,
            ));
        }
        let nonce = nonce_of(user(from));
        let skew = if self.random.one_in(25) { self.random.below(3) } else { 0 };
        let mut tx = self.call(from, other, nonce);
        let max_fee = u128::from(990 + self.random.below(400));
        tx = tx.fee(max_fee, u128::from(self.random.below(60)));
        tx.inner.nonce = (nonce + skew).saturating_sub(u64::from(self.random.one_in(50)));
        if self.random.one_in(60) {
            tx = tx.chain(7);
        }
        if self.random.one_in(12) {
            tx = tx.warm(COUNTER, &[0]);
        }
        if self.has_delegations && self.random.one_in(9) {
            let third = self.random.below(USERS);
            let list = [other, third].map(|of| {
                let next = nonce_of(user(of)) + u64::from(of == from);
                authorization(of, self.index(TARGETS.len()), next)
            });
            let list = list.to_vec();
            if tx.inner.to.is_call() {
                return tx.set_code(list);
            }
        }
        tx.build()
    }

    fn call(&mut self, from: u64, other: u64, nonce: u64) -> Tx {
        let sender = user(from);
        let word = |address: Address| address.into_word().to_vec();
        let amount = self.random.below(2_000);
        let call = |to| Tx::call(sender, nonce, to).value(amount);
        let watched = [user(other), made(), rules_vault(), user(1), Address::repeat_byte(0xfe)];
        match self.random.below(22) {
            0..=4 => call(user(other)).gas(21_000 + self.random.below(2) * 10_000),
            5 => call(user(other)).value(ETHER / U256::from(2 + amount)),
            6 => call(Address::with_last_byte(u8::try_from(self.random.below(12)).unwrap()))
                .gas(60_000),
            7 => call(Address::repeat_byte(u8::try_from(self.random.below(4)).unwrap() + 0xe0)),
            8 | 9 => call(COUNTER).gas(21_000 + self.random.below(90_000)),
            10 | 11 => call(TOKEN).input(word(user(other))).gas(150_000),
            12 => call(FACTORY),
            13 => call(FACTORY).input(vec![1]),
            14 => call(REVERTER),
            15 => call(PROXY).input(word(user(other))),
            16 => call(WATCHER).input(word(watched[self.index(watched.len())])),
            17 => {
                let targets = [user(other), made(), COUNTER, rules_vault(), BURNER];
                let target = targets[self.index(targets.len())];
                call(FORWARDER).input(word(target)).gas(40_000 + self.random.below(160_000))
            }
            18 => call(BURNER).gas(21_000 + self.random.below(30_000)),
            19 => Tx::create(sender, nonce, asm::deployer(&mortal())),
            20 => {
                call(made()).input(if self.random.one_in(3) { word(user(other)) } else { vec![] })
            }
            _ => call(STORER),
        }
    }
}

const fn rules_vault() -> Address {
    predeploys::SEQUENCER_FEE_VAULT
}
