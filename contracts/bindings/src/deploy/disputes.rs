//! What a deployment fixes of disputes, and whether the contract would take it.
//!
//! The bounds are those of the constructors in `contracts/src/dispute`. They are checked here too, because on L1 all that is
//! left of a refusal is `ParameterOutOfBounds`. Invariant: what [`DisputeParams::check`] lets pass, the contract does too.

use alloy::primitives::{Address, B256, U256};

use crate::contracts::ITournaments;

/// Heights of the trees of segments, strides and steps: constants of the protocol (`docs/spec/disputes.md`, section 1).
const HEIGHTS: [u8; 3] = [30, 18, 18];
/// Places of an L2 block in the tree of segments.
const PLACES_PER_BLOCK: u64 = 32;
/// Most gas that is refunded for opening a node, for sealing, and for the end of a match.
const ADVANCE_GAS_MAX: u64 = 90_000;
const SEAL_GAS_MAX: u64 = 180_000;
const WIN_GAS_MAX: u64 = 320_000;
/// The longest window, in seconds.
const WINDOW_MAX_S: u64 = 30 * 24 * 60 * 60;
/// The longest time between L2 blocks, in seconds.
const L2_BLOCK_TIME_MAX_S: u64 = 12;
/// The largest bond, in ether.
const BOND_MAX_ETHER: u64 = 1_000_000;

/// What a deployment fixes of disputes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DisputeParams {
    /// What joining a tournament of segments, strides and steps costs, in wei. The first is a proposal's bond too.
    pub bonds: [U256; 3],
    /// Seconds during which a proposal can be disputed; the most that a clock holds.
    pub window: u64,
    /// Seconds that two clocks gain when their sides meet.
    pub effort: u64,
    /// How old the block of a proposal may be, in seconds. By then it has to follow from L1, whatever the sequencer does.
    pub proposal_lag: u64,
    /// The highest gas price at which moves are refunded, in wei.
    pub refund_price_max: u64,
    /// The most gas that is refunded for a step.
    pub step_gas_max: u64,
    /// The state of the machine in which each run begins.
    pub initial_state: B256,
    /// The hash of the chain's parameters.
    pub parameters_hash: B256,
}

/// Why the contract would refuse the parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DisputeParamsError {
    /// The window is nothing, or too long.
    #[error("the dispute window is {window} s, it must be 1 to {WINDOW_MAX_S} s")]
    Window {
        /// Its seconds.
        window: u64,
    },
    /// The effort is nothing, or longer than the window.
    #[error(
        "the match effort is {effort} s, it must be 1 s up to the dispute window, which is {window} s"
    )]
    Effort {
        /// Its seconds.
        effort: u64,
        /// Seconds of the window.
        window: u64,
    },
    /// No block is new enough to be proposed when it is there.
    #[error(
        "the proposal lag is 0 s, it must be 1 s or more: by then a block has to follow from L1"
    )]
    ProposalLag,
    /// Not all segments of an interval have a place in the tree.
    #[error(
        "an interval of {interval} blocks does not fit the tree of segments: with {PLACES_PER_BLOCK} places for each block it \
         holds 1 to {most} blocks"
    )]
    Interval {
        /// L2 blocks between proposals.
        interval: u64,
        /// The longest that fits.
        most: u64,
    },
    /// L2 blocks come too seldom, or all at once.
    #[error("{block_time} s between L2 blocks, it must be 1 to {L2_BLOCK_TIME_MAX_S} s")]
    BlockTime {
        /// Seconds between L2 blocks.
        block_time: u64,
    },
    /// Refunds could eat up a bond.
    #[error(
        "the bond for joining at the level of {level} is {bond} wei: with refunds up to a gas price of {refund_price_max} wei \
         it must be at least {least} wei, one and a half times all that a match can refund"
    )]
    BondTooSmall {
        /// What the trees of the level are over.
        level: &'static str,
        /// The bond.
        bond: U256,
        /// The highest gas price at which moves are refunded.
        refund_price_max: u64,
        /// What it must be.
        least: U256,
    },
    /// More ether than there is.
    #[error(
        "the bond for joining at the level of {level} is {bond} wei, more than {BOND_MAX_ETHER} ether"
    )]
    BondTooLarge {
        /// What the trees of the level are over.
        level: &'static str,
        /// The bond.
        bond: U256,
    },
    /// The machine has a state before its first step.
    #[error("the hash of the machine's first state is zero")]
    InitialState,
}

impl DisputeParams {
    /// Whether the contract takes them with this interval and block time.
    ///
    /// # Errors
    /// The first bound that is not kept.
    pub fn check(&self, interval: u64, block_time: u64) -> Result<(), DisputeParamsError> {
        let (window, effort) = (self.window, self.effort);
        if !(1..=WINDOW_MAX_S).contains(&window) {
            return Err(DisputeParamsError::Window { window });
        }
        if !(1..=window).contains(&effort) {
            return Err(DisputeParamsError::Effort { effort, window });
        }
        if self.proposal_lag == 0 {
            return Err(DisputeParamsError::ProposalLag);
        }
        let most = (1 << HEIGHTS[0]) / PLACES_PER_BLOCK;
        if !(1..=most).contains(&interval) {
            return Err(DisputeParamsError::Interval { interval, most });
        }
        if !(1..=L2_BLOCK_TIME_MAX_S).contains(&block_time) {
            return Err(DisputeParamsError::BlockTime { block_time });
        }
        if self.initial_state.is_zero() {
            return Err(DisputeParamsError::InitialState);
        }
        let least = self.least_bonds();
        let levels = ["segments", "strides", "steps"].into_iter();
        for ((level, bond), least) in levels.zip(self.bonds).zip(least) {
            if bond < least {
                let refund_price_max = self.refund_price_max;
                return Err(DisputeParamsError::BondTooSmall {
                    level,
                    bond,
                    refund_price_max,
                    least,
                });
            }
            if bond > U256::from(BOND_MAX_ETHER) * U256::from(10).pow(U256::from(18)) {
                return Err(DisputeParamsError::BondTooLarge { level, bond });
            }
        }
        Ok(())
    }

    /// The least bonds that leave half of themselves to a winner, whatever is refunded.
    pub fn least_bonds(&self) -> [U256; 3] {
        let [segments, strides, steps] = HEIGHTS.map(|height| {
            U256::from(u64::from(height) * ADVANCE_GAS_MAX + SEAL_GAS_MAX + WIN_GAS_MAX)
        });
        let price = U256::from(self.refund_price_max);
        [segments, strides, steps + U256::from(self.step_gas_max)].map(|gas| {
            let least = gas * price * U256::from(3) / U256::from(2);
            // The contract wants a bond even where nothing is refunded.
            std::cmp::max(least, U256::ONE)
        })
    }

    pub(super) fn encode(&self, machine: Address) -> ITournaments::Parameters {
        ITournaments::Parameters {
            heights: HEIGHTS,
            bonds: self.bonds,
            window: self.window,
            effort: self.effort,
            refundPriceMax: U256::from(self.refund_price_max),
            stepGasMax: U256::from(self.step_gas_max),
            machine,
            initialState: self.initial_state,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params() -> DisputeParams {
        let mut params = DisputeParams {
            bonds: [U256::ZERO; 3],
            window: 60,
            effort: 20,
            proposal_lag: 1_008,
            refund_price_max: 30_000_000_000,
            step_gas_max: 8_000_000,
            initial_state: B256::repeat_byte(1),
            parameters_hash: B256::repeat_byte(2),
        };
        params.bonds = params.least_bonds();
        params
    }

    #[test]
    fn the_least_bonds_are_one_and_a_half_times_the_refunds() {
        let wei = |milliether: u64| U256::from(milliether) * U256::from(10).pow(U256::from(15));
        let [segments, strides, steps] = params().least_bonds();
        assert_eq!(segments, U256::from(144_000_000_000_000_000_u64));
        assert_eq!(strides, U256::from(95_400_000_000_000_000_u64));
        assert_eq!(steps, strides + wei(360));
        assert_eq!(DisputeParams { refund_price_max: 0, ..params() }.least_bonds(), [U256::ONE; 3]);
    }

    #[test]
    fn each_bound_is_told_in_words() {
        let told = |params: DisputeParams, interval, block_time| {
            params.check(interval, block_time).unwrap_err().to_string()
        };
        assert_eq!(params().check(33_554_432, 12), Ok(()));
        assert_eq!(
            told(params(), 33_554_433, 1),
            "an interval of 33554433 blocks does not fit the tree of segments: with 32 places for each block it holds 1 to 33554432 blocks"
        );
        assert_eq!(
            told(DisputeParams { effort: 61, ..params() }, 16, 1),
            "the match effort is 61 s, it must be 1 s up to the dispute window, which is 60 s"
        );
        let mut short = params();
        short.bonds[1] -= U256::ONE;
        assert_eq!(
            told(short, 16, 1),
            "the bond for joining at the level of strides is 95399999999999999 wei: with refunds up to a gas price of \
             30000000000 wei it must be at least 95400000000000000 wei, one and a half times all that a match can refund"
        );
        let mut dear = params();
        dear.bonds[2] = U256::MAX;
        assert!(matches!(dear.check(16, 1), Err(DisputeParamsError::BondTooLarge { .. })));
        assert!(matches!(params().check(16, 13), Err(DisputeParamsError::BlockTime { .. })));
        let without = DisputeParams { initial_state: B256::ZERO, ..params() };
        assert_eq!(without.check(16, 1), Err(DisputeParamsError::InitialState));
        let prompt = DisputeParams { proposal_lag: 0, ..params() };
        assert_eq!(prompt.check(16, 1), Err(DisputeParamsError::ProposalLag));
        for window in [0, WINDOW_MAX_S + 1] {
            let other = DisputeParams { window, ..params() };
            assert_eq!(other.check(16, 1), Err(DisputeParamsError::Window { window }));
        }
    }
}
