//! The accounts of a devnet: all from the well-known test mnemonic, none of them worth anything.

use alloy::signers::local::{
    LocalSignerError, MnemonicBuilder, PrivateKeySigner, coins_bip39::English,
};

/// The mnemonic of anvil and hardhat. Its keys are publicly known.
pub(crate) const MNEMONIC: &str = "test test test test test test test test test test test junk";
/// Accounts for users; they come first, so they are the ones that every tool knows.
pub(crate) const USERS: u32 = 10;

/// Who runs the devnet, each with an account of its own, so that no two share a nonce.
#[derive(Debug, Clone)]
pub(crate) struct Operators {
    /// Deploys the contracts and owns the configuration.
    pub(crate) deployer: PrivateKeySigner,
    /// Posts batches.
    pub(crate) batcher: PrivateKeySigner,
    /// Proposes output roots.
    pub(crate) proposer: PrivateKeySigner,
    /// Plays disputes.
    pub(crate) challenger: PrivateKeySigner,
}

/// The account at `index` of the mnemonic.
///
/// # Errors
/// Never for the fixed mnemonic; the library's error otherwise.
pub(crate) fn account(index: u32) -> Result<PrivateKeySigner, LocalSignerError> {
    MnemonicBuilder::<English>::default().phrase(MNEMONIC).index(index)?.build()
}

/// The accounts for users.
///
/// # Errors
/// As [`account`].
pub(crate) fn users() -> Result<Vec<PrivateKeySigner>, LocalSignerError> {
    (0..USERS).map(account).collect()
}

/// The accounts of the operators.
///
/// # Errors
/// As [`account`].
pub(crate) fn operators() -> Result<Operators, LocalSignerError> {
    Ok(Operators {
        deployer: account(USERS)?,
        batcher: account(USERS + 1)?,
        proposer: account(USERS + 2)?,
        challenger: account(USERS + 3)?,
    })
}

/// The account of a liar in a drill.
///
/// # Errors
/// As [`account`].
pub(crate) fn liar(number: u32) -> Result<PrivateKeySigner, LocalSignerError> {
    account(USERS + 4 + number)
}

#[cfg(test)]
mod tests {
    use alloy::primitives::address;

    use super::*;

    #[test]
    fn the_first_account_is_the_one_that_every_tool_knows() {
        let users = users().unwrap();
        assert_eq!(users[0].address(), address!("f39Fd6e51aad88F6F4ce6aB8827279cffFb92266"));
        let operators = operators().unwrap();
        assert!(users.iter().all(|user| user.address() != operators.batcher.address()));
    }
}
