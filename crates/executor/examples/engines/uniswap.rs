//! Swaps on the published Uniswap V2, by way of its router.

use alloy_primitives::{Address, U256, keccak256};

use crate::{
    contracts::{
        BALANCES, World, address_word, call, deploy, invoke, mapping, published, token,
        transfer_input, word,
    },
    workload::{Numbers, Send, Workload, transfer, user},
};

/// Where the token keeps its allowances.
const ALLOWANCES: u64 = 2;

/// Tokens in each pool, of either kind.
const LIQUIDITY: u64 = 1 << 60;

/// A router and pools.
struct Exchange {
    router: Address,
    /// The tokens of each pool.
    pools: Vec<[Address; 2]>,
}

pub(crate) fn workloads() -> impl Iterator<Item = Workload> {
    let swaps: [(&'static str, u64, u64); 3] = [
        ("swaps, 500 pools", 500, 3_000),
        ("swaps, 8 pools", 8, 6_400),
        ("swaps, one pool", 1, 6_400),
    ];
    let swaps = swaps.into_iter().map(|(name, pools, count)| {
        let mut world = World::new(0);
        let exchange = Exchange::new(&mut world, pools);
        let mut numbers = Numbers::new(3);
        let mut swap = |i: u64| {
            let pool = if pools > 100 { i % pools } else { numbers.below(pools) };
            exchange.swap(&mut world, i, pool)
        };
        let sends = (0..count).map(&mut swap).collect();
        Workload::new(name, world, sends)
    });
    swaps.chain([mix(50), mix(2)])
}

/// 60 % transfers, 20 % of three tokens, 20 % swaps.
fn mix(pools: u64) -> Workload {
    let name = if pools == 2 { "60/20/20 mix, 2 pools" } else { "60/20/20 mix, 50 pools" };
    let mut world = World::new(20_000);
    let exchange = Exchange::new(&mut world, pools);
    let tokens = [(); 3].map(|()| token(&mut world));
    let mut numbers = Numbers::new(4);
    let mut sends = Vec::new();
    for _ in 0..20_000 {
        let (from, to) = (numbers.below(20_000), numbers.below(20_000));
        sends.push(match numbers.below(10) {
            0..=5 => transfer(from, to),
            6 | 7 => {
                let token = tokens[usize::try_from(numbers.below(3)).expect("small")];
                world.set(token, mapping(user(from), BALANCES), 1 << 40);
                call(from, token, transfer_input(user(to), 1))
            }
            _ => exchange.swap(&mut world, from, numbers.below(pools)),
        });
    }
    Workload::new(name, world, sends)
}

impl Exchange {
    fn new(world: &mut World, pools: u64) -> Self {
        let owner = user(0);
        let with = |path: &str, words: &[Vec<u8>]| {
            let mut initcode = published(path).to_vec();
            words.iter().for_each(|word| initcode.extend(word));
            initcode.into()
        };
        let rich = state::Account { balance: U256::MAX >> 8, ..Default::default() };
        world.state.accounts.insert(owner, rich);
        let factory = with("v2-core/build/UniswapV2Factory.json", &[address_word(owner)]);
        let factory = deploy(world, owner, factory);
        let weth = token(world);
        let words = [address_word(factory), address_word(weth)];
        let router =
            deploy(world, owner, with("v2-periphery/build/UniswapV2Router02.json", &words));
        let pools = (0..pools).map(|_| pool(world, factory)).collect();
        Self { router, pools }
    }

    /// A swap of one token of a pool for the other, which its sender has been made ready for.
    fn swap(&self, world: &mut World, from: u64, pool: u64) -> Send {
        let [give, take] = self.pools[usize::try_from(pool).expect("small")];
        let sender = user(from);
        world.set(give, mapping(sender, BALANCES), 1 << 40);
        let of_router =
            keccak256([address_word(self.router), word(mapping(sender, ALLOWANCES))].concat());
        world.set(give, of_router.into(), 1 << 40);
        let signature = "swapExactTokensForTokens(uint256,uint256,address[],address,uint256)";
        let words = [
            word(U256::from(1_000_000)),
            word(U256::ZERO),
            word(U256::from(5 * 32)),
            address_word(sender),
            word(U256::MAX),
            word(U256::from(2)),
            address_word(give),
            address_word(take),
        ];
        let input = [keccak256(signature)[..4].to_vec(), words.concat()].concat();
        call(from, self.router, input)
    }
}

/// Makes a pool of two new tokens.
fn pool(world: &mut World, factory: Address) -> [Address; 2] {
    let owner = user(0);
    let tokens = [token(world), token(world)];
    let selector = |signature: &str| keccak256(signature)[..4].to_vec();
    let create =
        [selector("createPair(address,address)"), address_word(tokens[0]), address_word(tokens[1])];
    let pair = Address::from_slice(&invoke(world, owner, factory, create.concat())[12..]);
    for token in tokens {
        invoke(world, owner, token, transfer_input(pair, LIQUIDITY));
    }
    invoke(world, owner, pair, [selector("mint(address)"), address_word(owner)].concat());
    tokens
}
