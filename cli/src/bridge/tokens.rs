//! What the bridge needs to know of an ERC-20 token, and its leave to take some.

use alloy::{
    primitives::{Address, U256},
    signers::local::PrivateKeySigner,
    sol,
};
use bindings::OptimismMintableERC20::remoteTokenCall;
use eyre::{Result, ensure, eyre};

use super::{
    amount::{Amount, shown},
    console::Console,
    layer::{Call, Layer},
};

sol! {
    function balanceOf(address owner) external view returns (uint256);
    function allowance(address owner, address spender) external view returns (uint256);
    function decimals() external view returns (uint8);
    // Some tokens return nothing, and nothing is read.
    function approve(address spender, uint256 amount) external;
}

/// A token on one of the chains.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Token {
    pub(crate) address: Address,
    decimals: Option<u8>,
    /// The token of the other chain that it says it stands for.
    pub(crate) stands_for: Option<Address>,
}

impl Token {
    pub(crate) async fn at(layer: &Layer, address: Address) -> Result<Self> {
        let name = layer.name;
        ensure!(layer.has_code(address).await?, "there is no contract at {address} on {name}");
        let decimals = layer.view_if_there(address, decimalsCall {}).await?;
        let stands_for = layer.view_if_there(address, remoteTokenCall {}).await?;
        Ok(Self { address, decimals, stands_for })
    }

    /// The amount in the smallest unit, which `owner` must have.
    pub(crate) async fn amount(
        &self,
        layer: &Layer,
        owner: Address,
        amount: Amount,
    ) -> Result<U256> {
        let wanted = amount.in_token(self.decimals)?;
        let balance = layer.view(self.address, balanceOfCall { owner }).await?;
        ensure!(
            balance >= wanted,
            "{owner} has {} of token {} on {}, and {} are to go",
            self.shown(balance),
            self.address,
            layer.name,
            self.shown(wanted)
        );
        Ok(wanted)
    }

    /// The amount for people.
    pub(crate) fn shown(&self, amount: U256) -> String {
        match self.decimals {
            Some(decimals) => format!("{} tokens", shown(amount, decimals)),
            None => format!("{amount} units"),
        }
    }

    /// Lets `spender` take `amount` if it may not yet. A token that stands for another one is burnt, which needs no leave.
    pub(crate) async fn allow(
        &self,
        layer: &Layer,
        signer: &PrivateKeySigner,
        spender: Address,
        amount: U256,
        console: &mut Console,
    ) -> Result<()> {
        if self.stands_for.is_some() {
            return Ok(());
        }
        let owner = signer.address();
        let allowance = layer.view(self.address, allowanceCall { owner, spender }).await?;
        if allowance >= amount {
            return Ok(());
        }
        let approve = |amount| Call::new(self.address, &approveCall { spender, amount });
        let what = format!("the leave for the bridge to take {}", self.shown(amount));
        // Some tokens want an old leave to be taken back first.
        let needs_reset =
            !allowance.is_zero() && layer.simulate(&what, owner, &approve(amount)).await.is_err();
        if needs_reset {
            let what = "the end of an old leave";
            layer.execute(what, signer, &approve(U256::ZERO), console).await?;
        }
        layer.execute(&what, signer, &approve(amount), console).await?;
        Ok(())
    }
}

/// Whether one of two tokens stands for the other: otherwise what one bridge takes the other cannot give out.
pub(crate) fn must_be_pair(l1: &Token, l2: &Token) -> Result<()> {
    let is_pair = l2.stands_for == Some(l1.address) || l1.stands_for == Some(l2.address);
    is_pair.then_some(()).ok_or_else(|| {
        eyre!(
            "token {} on L2 does not stand for {} on L1, so what is sent could not be given out: OptimismMintableERC20Factory on L2 makes tokens that do",
            l2.address,
            l1.address
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_must_belong_together() {
        let token = |address: u8, stands_for: Option<u8>| Token {
            address: Address::repeat_byte(address),
            decimals: Some(18),
            stands_for: stands_for.map(Address::repeat_byte),
        };
        assert!(must_be_pair(&token(1, None), &token(2, Some(1))).is_ok());
        assert!(must_be_pair(&token(1, Some(2)), &token(2, None)).is_ok());
        assert!(must_be_pair(&token(1, None), &token(2, None)).is_err());
        assert!(must_be_pair(&token(1, None), &token(2, Some(3))).is_err());
    }
}
