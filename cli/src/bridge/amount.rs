//! Amounts as people write them: `0.5ether`, `20gwei`, `1.5tokens`, or the smallest unit. Nothing is ever rounded.

use std::str::FromStr;

use alloy::primitives::U256;

/// Decimals of ether.
pub(crate) const ETHER_DECIMALS: u8 = 18;
const GWEI_DECIMALS: u8 = 9;

/// An amount of something whose decimals may not be known yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Amount {
    /// The digits, without the point.
    digits: U256,
    /// How many of them are behind it.
    behind_point: u8,
    unit: Unit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    /// Wei, or the smallest unit of a token.
    Smallest,
    Wei,
    Gwei,
    Ether,
    Token,
}

/// Why a text is no amount, or not one of this.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AmountError {
    #[error("{0:?} is not an amount: write 0.5ether, 20gwei, 1.5tokens, or the smallest unit")]
    Text(String),
    #[error("an amount in {0} is not one of ether")]
    NotEther(&'static str),
    #[error("an amount in {0} is not one of a token: write 1.5tokens, or the smallest unit")]
    NotToken(&'static str),
    #[error("the amount has more than {0} decimals, which is all there are")]
    TooFine(u8),
    #[error("the amount is too large")]
    TooLarge,
    #[error(
        "the token does not say how many decimals it has: give the amount in its smallest unit"
    )]
    NoDecimals,
}

impl Amount {
    /// In wei.
    pub(crate) fn in_wei(self) -> Result<U256, AmountError> {
        match self.unit {
            Unit::Smallest | Unit::Wei => self.scaled(0),
            Unit::Gwei => self.scaled(GWEI_DECIMALS),
            Unit::Ether => self.scaled(ETHER_DECIMALS),
            Unit::Token => Err(AmountError::NotEther("tokens")),
        }
    }

    /// In the smallest unit of a token, which may not say how many decimals it has.
    pub(crate) fn in_token(self, decimals: Option<u8>) -> Result<U256, AmountError> {
        match self.unit {
            Unit::Smallest => self.scaled(0),
            Unit::Token => self.scaled(decimals.ok_or(AmountError::NoDecimals)?),
            Unit::Wei => Err(AmountError::NotToken("wei")),
            Unit::Gwei => Err(AmountError::NotToken("gwei")),
            Unit::Ether => Err(AmountError::NotToken("ether")),
        }
    }

    fn scaled(self, decimals: u8) -> Result<U256, AmountError> {
        let more = decimals.checked_sub(self.behind_point).ok_or(AmountError::TooFine(decimals))?;
        let factor = U256::from(10).checked_pow(U256::from(more));
        factor.and_then(|factor| self.digits.checked_mul(factor)).ok_or(AmountError::TooLarge)
    }
}

impl FromStr for Amount {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, AmountError> {
        let wrong = || AmountError::Text(text.to_owned());
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (number, unit) = text.split_at(end);
        let unit = match unit.trim_start() {
            "" => Unit::Smallest,
            "wei" => Unit::Wei,
            "gwei" => Unit::Gwei,
            "ether" | "eth" => Unit::Ether,
            "token" | "tokens" => Unit::Token,
            _ => return Err(wrong()),
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() || fraction.contains('.') || number.ends_with('.') {
            return Err(wrong());
        }
        let fraction = fraction.trim_end_matches('0');
        let behind_point = u8::try_from(fraction.len()).map_err(|_| wrong())?;
        let digits = U256::from_str_radix(&format!("{whole}{fraction}"), 10);
        Ok(Self { digits: digits.map_err(|_| AmountError::TooLarge)?, behind_point, unit })
    }
}

/// The amount with its decimals, without zeros at the end.
pub(crate) fn shown(amount: U256, decimals: u8) -> String {
    let digits = format!("{amount:0>width$}", width = usize::from(decimals) + 1);
    let (whole, fraction) = digits.split_at(digits.len() - usize::from(decimals));
    match fraction.trim_end_matches('0') {
        "" => whole.to_owned(),
        fraction => format!("{whole}.{fraction}"),
    }
}

/// An amount of ether for people.
pub(crate) fn ether(amount: U256) -> String {
    format!("{} ether", shown(amount, ETHER_DECIMALS))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wei(text: &str) -> Result<U256, AmountError> {
        text.parse::<Amount>()?.in_wei()
    }

    #[test]
    fn ether_is_read_to_the_wei() {
        for (text, expected) in [
            ("0", 0_u64),
            ("17", 17),
            ("17wei", 17),
            ("20gwei", 20_000_000_000),
            ("0.5ether", 500_000_000_000_000_000),
            ("0.5 eth", 500_000_000_000_000_000),
            ("1.000000000000000001ether", 1_000_000_000_000_000_001),
            ("2.50gwei", 2_500_000_000),
        ] {
            assert_eq!(wei(text), Ok(U256::from(expected)), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_exactly_is_refused() {
        assert_eq!(wei("0.0000000001gwei"), Err(AmountError::TooFine(9)));
        assert_eq!(wei("1.5"), Err(AmountError::TooFine(0)));
        assert_eq!(wei("1.5tokens"), Err(AmountError::NotEther("tokens")));
        let huge = format!("{}ether", U256::MAX);
        assert_eq!(wei(&huge), Err(AmountError::TooLarge));
        for wrong in ["", ".5ether", "5.", "1.2.3ether", "-1", "1e18", "0x10", "ether", "1 000"] {
            assert_eq!(wei(wrong), Err(AmountError::Text(wrong.to_owned())), "{wrong}");
        }
    }

    #[test]
    fn tokens_have_decimals_of_their_own() {
        let token = |text: &str, decimals| text.parse::<Amount>().unwrap().in_token(Some(decimals));
        assert_eq!(token("700", 18), Ok(U256::from(700)));
        assert_eq!(token("1.5tokens", 6), Ok(U256::from(1_500_000)));
        assert_eq!(token("1token", 0), Ok(U256::from(1)));
        assert_eq!(token("0.0000001tokens", 6), Err(AmountError::TooFine(6)));
        assert_eq!(token("1ether", 18), Err(AmountError::NotToken("ether")));
        let amount = "1.5tokens".parse::<Amount>().unwrap();
        assert_eq!(amount.in_token(None), Err(AmountError::NoDecimals));
    }

    #[test]
    fn amounts_are_shown_without_zeros_at_the_end() {
        assert_eq!(ether(U256::from(500_000_000_000_000_000_u64)), "0.5 ether");
        assert_eq!(ether(U256::from(1)), "0.000000000000000001 ether");
        assert_eq!(shown(U256::ZERO, 18), "0");
        assert_eq!(shown(U256::from(1_500_000), 6), "1.5");
        assert_eq!(shown(U256::from(42), 0), "42");
    }
}
