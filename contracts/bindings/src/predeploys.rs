//! What stands on L2 from genesis: our predeploys, and the contracts every Ethereum chain is expected to
//! have. The result goes into the genesis allocation as it is.
//!
//! Code that is not ours comes from the crates that carry it: Multicall3, the history and beacon roots
//! contracts from alloy. Permit2's address stays free, because its code depends on the chain.

use alloy::{
    eips::{
        eip2935::{HISTORY_STORAGE_ADDRESS, HISTORY_STORAGE_CODE},
        eip4788::{BEACON_ROOTS_ADDRESS, BEACON_ROOTS_CODE},
    },
    primitives::{Address, B256, Bytes, U256, address, bytes},
};

use crate::{
    contracts::{
        FeeVault, GasPriceOracle, L1Block, L2CrossDomainMessenger, L2StandardBridge,
        L2ToL1MessagePasser, OptimismMintableERC20Factory, WETH9,
    },
    multicall3,
};

/// Wrapped ether.
pub const WETH9_ADDRESS: Address = address!("0x4200000000000000000000000000000000000006");
/// Sends messages to L1 and calls those of L1.
pub const L2_CROSS_DOMAIN_MESSENGER: Address =
    address!("0x4200000000000000000000000000000000000007");
/// Takes ether and tokens to L1.
pub const L2_STANDARD_BRIDGE: Address = address!("0x4200000000000000000000000000000000000010");
/// Makes tokens that stand for those of L1.
pub const OPTIMISM_MINTABLE_ERC20_FACTORY: Address =
    address!("0x4200000000000000000000000000000000000012");
/// Tells what the L1 fee of a transaction will be.
pub const GAS_PRICE_ORACLE: Address = address!("0x420000000000000000000000000000000000000F");
/// Takes the tips.
pub const SEQUENCER_FEE_VAULT: Address = address!("0x4200000000000000000000000000000000000011");
/// Holds what is known of the L1 origin.
pub const L1_BLOCK: Address = address!("0x4200000000000000000000000000000000000015");
/// Records withdrawals.
pub const L2_TO_L1_MESSAGE_PASSER: Address = address!("0x4200000000000000000000000000000000000016");
/// Takes the base fees.
pub const BASE_FEE_VAULT: Address = address!("0x4200000000000000000000000000000000000019");
/// Takes the L1 fees.
pub const L1_FEE_VAULT: Address = address!("0x420000000000000000000000000000000000001A");
/// Takes the operator fees.
pub const OPERATOR_FEE_VAULT: Address = address!("0x420000000000000000000000000000000000001b");
/// Creates contracts at addresses that follow from their code alone.
pub const CREATE2_DEPLOYER: Address = address!("0x4e59b44847b379578588920cA78FbF26c0B4956C");

/// The deterministic deployment proxy: call data is a salt and creation code.
static CREATE2_DEPLOYER_CODE: Bytes = bytes!(
    "0x7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3"
);

/// Where `L2CrossDomainMessenger.sol` keeps its twin on L1.
pub const OTHER_MESSENGER_SLOT: B256 = B256::with_last_byte(3);
/// Where `L2StandardBridge.sol` does.
pub const OTHER_BRIDGE_SLOT: B256 = B256::with_last_byte(1);

/// Contracts have had this nonce at birth since EIP-161.
const CONTRACT_NONCE: u64 = 1;

/// One account of the genesis allocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Predeploy {
    /// Where it stands.
    pub address: Address,
    /// Its code.
    pub code: Bytes,
    /// Its storage slots that are not zero.
    pub storage: Vec<(B256, B256)>,
    /// Its nonce.
    pub nonce: u64,
    /// Its balance, in wei.
    pub balance: U256,
}

/// Where the recipient of a fee vault is. Numbers are those of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum WithdrawalNetwork {
    /// Paid by a withdrawal.
    L1 = 0,
    /// Paid on L2 at once.
    L2 = 1,
}

/// What genesis fixes of one fee vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeeVaultParams {
    /// Who is paid; a vault whose recipient is zero never pays.
    pub recipient: Address,
    /// Where the recipient is.
    pub network: WithdrawalNetwork,
    /// The least balance that is paid out, in wei.
    pub withdrawal_min: U256,
}

/// What genesis fixes of the predeploys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PredeployParams {
    /// The vault of the tips.
    pub sequencer_fee_vault: FeeVaultParams,
    /// The vault of the base fees.
    pub base_fee_vault: FeeVaultParams,
    /// The vault of the L1 fees.
    pub l1_fee_vault: FeeVaultParams,
    /// The vault of the operator fees.
    pub operator_fee_vault: FeeVaultParams,
    /// The messenger on L1.
    pub l1_messenger: Address,
    /// The bridge on L1.
    pub l1_bridge: Address,
}

impl PredeployParams {
    /// All four vaults alike.
    pub const fn all_vaults(
        vault: FeeVaultParams,
        l1_messenger: Address,
        l1_bridge: Address,
    ) -> Self {
        Self {
            l1_messenger,
            l1_bridge,
            sequencer_fee_vault: vault,
            base_fee_vault: vault,
            l1_fee_vault: vault,
            operator_fee_vault: vault,
        }
    }
}

/// All predeploys, sorted by address.
pub fn l2_predeploys(params: &PredeployParams) -> Vec<Predeploy> {
    let mut all = vec![
        contract(WETH9_ADDRESS, &WETH9::DEPLOYED_BYTECODE),
        knowing(
            L2_CROSS_DOMAIN_MESSENGER,
            &L2CrossDomainMessenger::DEPLOYED_BYTECODE,
            OTHER_MESSENGER_SLOT,
            params.l1_messenger,
        ),
        knowing(
            L2_STANDARD_BRIDGE,
            &L2StandardBridge::DEPLOYED_BYTECODE,
            OTHER_BRIDGE_SLOT,
            params.l1_bridge,
        ),
        contract(OPTIMISM_MINTABLE_ERC20_FACTORY, &OptimismMintableERC20Factory::DEPLOYED_BYTECODE),
        contract(GAS_PRICE_ORACLE, &GasPriceOracle::DEPLOYED_BYTECODE),
        contract(L1_BLOCK, &L1Block::DEPLOYED_BYTECODE),
        contract(L2_TO_L1_MESSAGE_PASSER, &L2ToL1MessagePasser::DEPLOYED_BYTECODE),
        fee_vault(SEQUENCER_FEE_VAULT, &params.sequencer_fee_vault),
        fee_vault(BASE_FEE_VAULT, &params.base_fee_vault),
        fee_vault(L1_FEE_VAULT, &params.l1_fee_vault),
        fee_vault(OPERATOR_FEE_VAULT, &params.operator_fee_vault),
        contract(multicall3::ADDRESS, &multicall3::runtime_code()),
        contract(CREATE2_DEPLOYER, &CREATE2_DEPLOYER_CODE),
        contract(HISTORY_STORAGE_ADDRESS, &HISTORY_STORAGE_CODE),
        contract(BEACON_ROOTS_ADDRESS, &BEACON_ROOTS_CODE),
    ];
    all.sort_by_key(|predeploy| predeploy.address);
    all
}

fn contract(address: Address, code: &Bytes) -> Predeploy {
    Predeploy {
        address,
        code: code.clone(),
        storage: Vec::new(),
        nonce: CONTRACT_NONCE,
        balance: U256::ZERO,
    }
}

/// A contract that finds its twin on L1 in one of its slots.
fn knowing(address: Address, code: &Bytes, slot: B256, twin: Address) -> Predeploy {
    let storage = vec![(slot, twin.into_word())];
    Predeploy { storage, ..contract(address, code) }
}

/// Writes the slots that `FeeVault.sol` draws: 1 holds network and recipient, 2 the least balance.
fn fee_vault(address: Address, params: &FeeVaultParams) -> Predeploy {
    let mut recipient = params.recipient.into_word();
    recipient[11] = params.network as u8;
    let slots = [(1, recipient), (2, B256::from(params.withdrawal_min))];
    Predeploy {
        storage: slots
            .into_iter()
            .filter(|(_, value)| !value.is_zero())
            .map(|(slot, value)| (B256::with_last_byte(slot), value))
            .collect(),
        ..contract(address, &FeeVault::DEPLOYED_BYTECODE)
    }
}
