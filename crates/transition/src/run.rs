//! One run: from the claim that both sides agree on to the next one.

use alloy_primitives::{B256, U256};

use crate::{
    BlockClaim, ChainParameters, Claim, INVALID, Invalid, LocalInput, Missing, PLACES_PER_BLOCK,
    Preimages,
    derive::next_block,
    halt::{Halt, keccak},
    l1::local,
    parent::Parent,
    slice::{Progress, execute},
};

/// What a run comes to. Which of the last two a claim is, is the dispute's to know by its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The next claim.
    Claim(Claim),
    /// The place only fills up, or the view gives no next block: the claim before it stands there too.
    Repeated(B256),
    /// There is no next claim.
    Invalid(Invalid),
}

impl Outcome {
    /// The leaf that stands for it: [`INVALID`] if there is no claim.
    pub fn leaf(&self) -> B256 {
        match self {
            Self::Claim(claim) => claim.hash(),
            Self::Repeated(claim) => *claim,
            Self::Invalid(_) => INVALID,
        }
    }
}

/// Runs the transition for one place of the tree over an interval's claims.
///
/// # Errors
/// When the host lacks a preimage. Then nothing is known; with more preimages it can be tried again.
pub fn run<P: Preimages>(host: &P) -> Result<Outcome, Missing> {
    match advance(host) {
        Ok(outcome) => Ok(outcome),
        Err(Halt::Invalid(reason)) => Ok(Outcome::Invalid(reason)),
        Err(Halt::Missing(missing)) => Err(missing),
    }
}

fn advance<P: Preimages>(host: &P) -> Result<Outcome, Halt> {
    let previous = local(host, LocalInput::PreviousClaim)?;
    let place = U256::from_be_bytes(local(host, LocalInput::Place)?.0);
    let place = u64::try_from(place).unwrap_or(u64::MAX);
    if previous == INVALID {
        return Err(Invalid::Previous.into());
    }
    if place >= PLACES_PER_BLOCK {
        return Ok(Outcome::Repeated(previous));
    }
    let claim = Claim::decode(&keccak(host, &previous)?).ok_or(Invalid::PreviousForm)?;
    let (base, progress) = match claim {
        Claim::Block(_) if place > 0 => return Ok(Outcome::Repeated(previous)),
        Claim::Block(claim) => (claim, Progress::begin(previous, &claim)),
        Claim::Slice(slice) if slice.slices == place && place > 0 => {
            (block_before(host, &slice.parent)?, Progress::after(*slice))
        }
        Claim::Slice(_) => return Err(Invalid::Place { place }.into()),
    };
    let parameters = keccak(host, &local(host, LocalInput::Parameters)?)?;
    let parameters = ChainParameters::decode(&parameters).ok_or(Invalid::Parameters)?;
    let parent = Parent::read(host, &parameters, &base)?;
    let block = match next_block(host, &parent.config, &parent.head, base.cursor) {
        // In this view the chain ends here. Within a block it cannot: the view that gave its first slice gives the block.
        Err(Halt::Invalid(Invalid::NotDerivable { .. })) if place == 0 => {
            return Ok(Outcome::Repeated(previous));
        }
        derived => derived?,
    };
    execute(host, parameters.segment_gas, &parent, progress, block).map(Outcome::Claim)
}

/// The block claim that a slice's block stands on.
fn block_before(host: &impl Preimages, hash: &B256) -> Result<BlockClaim, Halt> {
    match Claim::decode(&keccak(host, hash)?) {
        Some(Claim::Block(claim)) => Ok(claim),
        _ => Err(Invalid::PreviousForm.into()),
    }
}
