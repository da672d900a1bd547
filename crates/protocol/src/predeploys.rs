//! Fixed L2 addresses: OP predeploys, preinstalls that wallets and tools expect, and system accounts.
//! Not their code: genesis brings that from the `contracts` folder.

use alloy_primitives::{Address, address};

/// Sender of the L1 attributes transaction. Nobody holds its key.
pub const DEPOSITOR: Address = address!("deaddeaddeaddeaddeaddeaddeaddeaddead0001");

/// `WETH9`, wrapped ether.
pub const WETH: Address = address!("4200000000000000000000000000000000000006");
/// `L2CrossDomainMessenger`.
pub const L2_CROSS_DOMAIN_MESSENGER: Address = address!("4200000000000000000000000000000000000007");
/// `GasPriceOracle`, where wallets ask for the L1 and operator fee.
pub const GAS_PRICE_ORACLE: Address = address!("420000000000000000000000000000000000000f");
/// `L2StandardBridge`.
pub const L2_STANDARD_BRIDGE: Address = address!("4200000000000000000000000000000000000010");
/// `SequencerFeeVault`: tips, and the fee recipient of every block.
pub const SEQUENCER_FEE_VAULT: Address = address!("4200000000000000000000000000000000000011");
/// `OptimismMintableERC20Factory`.
pub const OPTIMISM_MINTABLE_ERC20_FACTORY: Address =
    address!("4200000000000000000000000000000000000012");
/// `L2ERC721Bridge`.
pub const L2_ERC721_BRIDGE: Address = address!("4200000000000000000000000000000000000014");
/// `L1Block`, which holds what the L1 attributes transaction brings.
pub const L1_BLOCK: Address = address!("4200000000000000000000000000000000000015");
/// `L2ToL1MessagePasser`; its storage root is every header's `withdrawalsRoot`.
pub const L2_TO_L1_MESSAGE_PASSER: Address = address!("4200000000000000000000000000000000000016");
/// `OptimismMintableERC721Factory`.
pub const OPTIMISM_MINTABLE_ERC721_FACTORY: Address =
    address!("4200000000000000000000000000000000000017");
/// `ProxyAdmin`.
pub const PROXY_ADMIN: Address = address!("4200000000000000000000000000000000000018");
/// `BaseFeeVault`.
pub const BASE_FEE_VAULT: Address = address!("4200000000000000000000000000000000000019");
/// `L1FeeVault`.
pub const L1_FEE_VAULT: Address = address!("420000000000000000000000000000000000001a");
/// `OperatorFeeVault`.
pub const OPERATOR_FEE_VAULT: Address = address!("420000000000000000000000000000000000001b");

/// `Multicall3`, at its address on every chain.
pub const MULTICALL3: Address = address!("ca11bde05977b3631167028862be2a173976ca11");
/// Deterministic CREATE2 deployer (Arachnid's proxy).
pub const CREATE2_DEPLOYER: Address = address!("4e59b44847b379578588920ca78fbf26c0b4956c");
/// `Permit2`. Genesis keeps the address free so that it can be deployed where tools expect it.
pub const PERMIT2: Address = address!("000000000022d473030f116ddee9f6b43ac78ba3");
/// EIP-2935: block hashes of the last 8,191 blocks.
pub const HISTORY_STORAGE: Address = address!("0000f90827f1c53a10cb7a02335b175320002935");
/// EIP-4788: beacon roots by timestamp.
pub const BEACON_ROOTS: Address = address!("000f3df6d732807ef1319fb7b8bb8522d0beac02");
/// Sender of system calls (EIP-4788, EIP-2935).
pub const SYSTEM: Address = address!("fffffffffffffffffffffffffffffffffffffffe");
/// secp256r1 verification, a precompile (RIP-7212, EIP-7951).
pub const P256_VERIFY: Address = address!("0000000000000000000000000000000000000100");
