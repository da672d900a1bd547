//! Why a contract refused, by the name that it gave its error.

use alloy::{
    primitives::Bytes,
    sol_types::{ContractError, GenericContractError, SolInterface},
    transports::TransportError,
};
use bindings::{
    DisputeOracle::DisputeOracleErrors, L1CrossDomainMessenger::L1CrossDomainMessengerErrors,
    L1StandardBridge::L1StandardBridgeErrors, OptimismMintableERC20::OptimismMintableERC20Errors,
    Portal::PortalErrors,
};

/// The error of the contract that a simulation ran into; none if it was not refused by a contract.
pub(crate) fn of(error: &TransportError) -> Option<String> {
    let payload = error.as_error_resp()?;
    payload.as_revert_data().map(|data| named(&data))
}

/// Whether the answer is one of a contract, or of the node about the call; and not that there is no answer.
pub(crate) fn is_answer(error: &TransportError) -> bool {
    error.as_error_resp().is_some()
}

fn named(data: &Bytes) -> String {
    let known = decoded::<PortalErrors>(data)
        .or_else(|| decoded::<L1StandardBridgeErrors>(data))
        .or_else(|| decoded::<L1CrossDomainMessengerErrors>(data))
        .or_else(|| decoded::<OptimismMintableERC20Errors>(data))
        .or_else(|| decoded::<DisputeOracleErrors>(data));
    if let Some(name) = known {
        return name;
    }
    match GenericContractError::abi_decode(data) {
        Ok(ContractError::Revert(revert)) => revert.reason,
        Ok(ContractError::Panic(panic)) => panic.to_string(),
        _ if data.is_empty() => "reverted without a reason".to_owned(),
        _ => format!("reverted with {data}"),
    }
}

/// The enum prints as `Variant(Struct { … })`; the struct says it all.
fn decoded<E: SolInterface + std::fmt::Debug>(data: &[u8]) -> Option<String> {
    let error = format!("{:?}", E::abi_decode(data).ok()?);
    let inner = error.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
    Some(inner.map_or_else(|| error.clone(), str::to_owned))
}

#[cfg(test)]
mod tests {
    use alloy::{
        primitives::{Address, U256},
        sol_types::{Revert, SolError},
    };
    use bindings::{OptimismMintableERC20::ERC20InsufficientBalance, Portal};

    use super::*;

    #[test]
    fn errors_of_contracts_have_their_names() {
        let error = Portal::OptimismPortal_ProofNotOldEnough {}.abi_encode();
        assert_eq!(named(&error.into()), "OptimismPortal_ProofNotOldEnough");
        let error = Portal::NotEnoughEther { held: U256::from(3), needed: U256::from(4) };
        assert_eq!(named(&error.abi_encode().into()), "NotEnoughEther { held: 3, needed: 4 }");
        let error = ERC20InsufficientBalance {
            sender: Address::ZERO,
            balance: U256::from(1),
            needed: U256::from(2),
        };
        let said = named(&error.abi_encode().into());
        assert!(said.starts_with("ERC20InsufficientBalance {"), "{said}");
        assert!(said.contains("needed: 2"), "{said}");
    }

    #[test]
    fn other_errors_are_shown_as_far_as_they_go() {
        let text = Revert { reason: "not you".to_owned() }.abi_encode();
        assert_eq!(named(&text.into()), "not you");
        assert_eq!(named(&Bytes::new()), "reverted without a reason");
        assert_eq!(named(&Bytes::from(vec![1, 2, 3, 4])), "reverted with 0x01020304");
    }
}
