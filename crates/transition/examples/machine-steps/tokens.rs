//! A block as it is common: transfers of a token.

use alloy_primitives::{Address, B256, Bytes, U256, address, bytes, keccak256};
use fault_proof::vm::Machine;
use protocol::GenesisAccount;

use crate::{
    scene::{Accounts, Cost, measure},
    tx::{Act, KEYS, Key},
};

const TOKEN: Address = address!("00000000000000000000000000000000000000d1");
/// `transfer(to, amount)` of an ERC-20 with its balances in the mapping at slot 0, its event and its result.
const CODE: Bytes = bytes!(
    "335f5260405f208054602435808210605d5790039055"
    "6004355f5260405f208054602435019055"
    "6024355f5260043533"
    "7fddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
    "60205fa360015f5260205ff3"
    "5b5f5ffd"
);
/// Others who have some of it, so that the trie is as deep as that of a token that is used.
const HOLDERS: u64 = 10_000;
const BALANCE: u64 = 1_000_000;

/// What a block of so many transfers costs, each to somebody else.
pub(crate) fn transfers(machine: &Machine, count: u64) -> Cost {
    let keys = (0..KEYS).map(|key| Key::new(key).address());
    let holders = keys.chain((0..HOLDERS).map(somebody));
    let storage = holders.map(|holder| (slot(holder), U256::from(BALANCE).into())).collect();
    let token = GenesisAccount { nonce: 1, code: CODE, storage, ..GenesisAccount::default() };
    // The last key is poor.
    let senders = KEYS as u64 - 1;
    let acts = (0..count).map(|number| {
        let to = somebody(number * 2);
        let words = [to.into_word(), B256::with_last_byte(1)].concat();
        let input = [vec![0xa9, 0x05, 0x9c, 0xbb], words].concat();
        let act = Act::CallWith(TOKEN, input.into(), 80_000);
        (usize::try_from(number % senders).unwrap(), act)
    });
    measure(machine, &Accounts::from([(TOKEN, token)]), acts.collect(), vec![], true)
}

fn somebody(number: u64) -> Address {
    Address::from_word(keccak256(number.to_be_bytes()))
}

fn slot(holder: Address) -> B256 {
    keccak256([holder.into_word(), B256::ZERO].concat())
}
