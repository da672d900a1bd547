//! A false chain over one interval: true up to a block, then a false one, and then what would follow from that.

use std::collections::BTreeMap;

use alloy::primitives::{Address, B256, Bytes, U256, keccak256};
use derivation::{Cursor, DerivedHead};
use dispute::Where;
use executor::{BlockContext, ChainSpec, ExecuteError, seal};
use fault_proof::commitment::Commitment;
use protocol::{BlockInputs, Header, predeploys::L2_TO_L1_MESSAGE_PASSER};
use state::{Account, StateReader, StateTrie};
use transition::{BlockClaim, INVALID};

use super::{LieKind, inputs, results};
use crate::{
    VerifierError,
    claims::{BlockClaims, Interval, SEGMENTS_HEIGHT, block_claim, execute_in_slices, leaves},
};

/// Where a run is false, unless the kind of lie says otherwise: early, so that a drill is quick.
const STRIDE: u64 = 3;
/// The same of a stride.
const STEP: u64 = 4_711;
/// The last stride of a run, and the last step of a stride.
const LAST: u64 = (1 << 18) - 1;

/// A block as it truly was.
#[derive(Debug, Clone)]
pub struct TrueBlock {
    /// What it was made from.
    pub inputs: BlockInputs,
    /// Where derivation stood after it.
    pub cursor: Cursor,
}

/// What is true of an interval.
#[derive(Debug, Clone)]
pub struct Truth {
    /// The chain's rules.
    pub spec: ChainSpec,
    /// Gas of a slice.
    pub segment_gas: u64,
    /// Header of the block before the interval.
    pub parent: Header,
    /// The claims.
    pub interval: Interval,
    /// The blocks.
    pub blocks: Vec<TrueBlock>,
}

impl Truth {
    /// What somebody proposes who has nothing to lie about.
    pub fn told(&self) -> Forged {
        let (last, parent) = (self.interval.last, self.interval.parent);
        let place = place(LieKind::StateRoot, Vec::new(), 0, 0);
        Forged { place, last, tree: self.interval.tree.clone(), parent, block: None }
    }
}

/// A lie about an interval.
#[derive(Debug, Clone)]
pub struct Forged {
    /// How [`dispute::Lie`] plays it.
    pub place: Where,
    /// The last claim, which stands in a proposal.
    pub last: BlockClaim,
    /// The tree over the claims as the liar has them.
    pub tree: Commitment,
    /// The claim before, which is true.
    pub parent: BlockClaim,
    /// The block that is false, by its place in the interval; `None` where the claims are true.
    pub block: Option<usize>,
}

/// Why a lie could not be made.
#[derive(Debug, thiserror::Error)]
pub enum LieError {
    /// The interval has nothing of the kind.
    #[error("nothing in this interval can be lied about by {kind}")]
    Nothing {
        /// The kind.
        kind: LieKind,
    },
    /// A false block could not be executed.
    #[error("cannot execute a false block")]
    Execute(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// What is true could not be read.
    #[error("cannot read what is true")]
    Truth(#[source] Box<VerifierError>),
    /// The blocks could not be derived again, or the state before them not be made.
    #[error("cannot derive again what is to be lied about")]
    Segment(#[source] Box<crate::SegmentError>),
}

/// Makes a lie of this kind about an interval, in block `from` or the first after it that has something of the kind. `trie`
/// is of the state before the interval, `stored` gives codes and hashes of older blocks. Two lies with different salts
/// differ, where the kind has something to choose.
///
/// # Errors
/// When no block has anything of the kind, or one cannot be executed.
pub fn forge<S: StateReader>(
    kind: LieKind,
    truth: &Truth,
    trie: StateTrie,
    stored: &S,
    (from, salt): (usize, u64),
) -> Result<Forged, LieError> {
    let interval = &truth.interval;
    let last_block = truth.blocks.len().saturating_sub(1);
    let from = match kind {
        LieKind::FirstSegment => 0,
        LieKind::LastBlock | LieKind::LastSegment => last_block,
        LieKind::RightEnd | LieKind::ClaimedNumber => {
            let before_last = last_block.checked_sub(1).ok_or(LieError::Nothing { kind })?;
            std::cmp::min(from, before_last)
        }
        _ => std::cmp::min(from, last_block),
    };
    let word = keccak256([kind.name().as_bytes(), &salt.to_be_bytes()].concat());
    if kind.is_perjury() {
        let place = place(kind, Vec::new(), 0, salt);
        let (last, tree, parent) = (interval.last, interval.tree.clone(), interval.parent);
        return Ok(Forged { place, last, tree, parent, block: None });
    }
    let mut chain = Chain::new(truth, trie, stored);
    let mut blocks = Vec::with_capacity(truth.blocks.len());
    let mut lied_at = None;
    for (number, block) in truth.blocks.iter().enumerate() {
        let lies_on = lied_at.is_none() || results::is_about_each_claim(kind);
        let lie = (number >= from && lies_on).then_some((kind, word));
        let claims = chain.next(block, truth.blocks.get(number + 1..).unwrap_or_default(), lie)?;
        let is_false = interval.blocks.get(number) != Some(&claims);
        // This one lies about the leaf, and not about what it stands for.
        let is_about_leaf = matches!(kind, LieKind::InvalidInside | LieKind::EndedInside);
        let is_false = is_false || (is_about_leaf && lie.is_some());
        if lied_at.is_none() && is_false {
            lied_at = Some(number);
        }
        blocks.push(claims);
    }
    let block = lied_at.ok_or(LieError::Nothing { kind })?;
    let (from, leaves, last) = told(kind, interval, blocks, block);
    forged(kind, interval, (from, leaves), (last, block), salt)
}

/// The leaves as the liar has them from some place on, before which they are true, and the last claim.
fn told(
    kind: LieKind,
    interval: &Interval,
    mut blocks: Vec<BlockClaims>,
    block: usize,
) -> (usize, Vec<B256>, BlockClaim) {
    let goes_on_truly = matches!(
        kind,
        LieKind::RightEnd
            | LieKind::ClaimedNumber
            | LieKind::InvalidInside
            | LieKind::EndedInside
            | LieKind::LastSegment
    );
    if goes_on_truly {
        // What follows is true again.
        for (told, truth) in blocks.iter_mut().zip(&interval.blocks).skip(block + 1) {
            told.clone_from(truth);
        }
    }
    let last = blocks.last().map_or(interval.last, |block| block.claim);
    let of = |blocks: &[BlockClaims]| blocks.iter().flat_map(leaves).collect::<Vec<_>>();
    match kind {
        LieKind::LastSegment => ((1 << SEGMENTS_HEIGHT) - 1, vec![last.hash()], last),
        LieKind::InvalidInside | LieKind::EndedInside => {
            let before =
                block.checked_sub(1).map_or(interval.parent, |before| blocks[before].claim);
            let word = if kind == LieKind::EndedInside { before.hash() } else { INVALID };
            let mut told = of(&blocks[..block]);
            let of_block = leaves(&blocks[block]).count();
            told.extend(std::iter::repeat_n(word, of_block));
            told.extend(of(&blocks[block + 1..]));
            // Where the false block is the last one, its claim follows behind it.
            told.push(last.hash());
            (0, told, last)
        }
        _ => (0, of(&blocks), last),
    }
}

/// The lie that these leaves are.
fn forged(
    kind: LieKind,
    interval: &Interval,
    (from, leaves): (usize, Vec<B256>),
    (last, block): (BlockClaim, usize),
    salt: u64,
) -> Result<Forged, LieError> {
    let tree = interval.tree.continued(from as u64, leaves.iter().copied());
    let tree = tree.ok_or(LieError::Nothing { kind })?;
    let first = interval.tree.first_difference(&tree).ok_or(LieError::Nothing { kind })?;
    let place = place(kind, leaves[first.saturating_sub(from)..].to_vec(), first, salt);
    Ok(Forged { place, last, tree, parent: interval.parent, block: Some(block) })
}

fn place(kind: LieKind, claims: Vec<B256>, segment: usize, salt: u64) -> Where {
    let stride = match kind {
        LieKind::FirstStride => 0,
        LieKind::LastStride => LAST,
        _ => STRIDE,
    };
    let step = match kind {
        LieKind::FirstStep => 0,
        LieKind::LastStep => LAST,
        _ => STEP,
    };
    let only_steps = kind == LieKind::PerjuredSteps;
    Where { claims, segment: segment as u64, stride, step, only_steps, salt }
}

/// A chain that is executed here, true or not.
struct Chain<'a, S> {
    truth: &'a Truth,
    stored: &'a S,
    trie: StateTrie,
    header: Header,
    claim: BlockClaim,
    /// Codes that its blocks brought.
    codes: BTreeMap<B256, Bytes>,
    /// Hashes of its blocks.
    hashes: BTreeMap<u64, B256>,
}

impl<'a, S: StateReader> Chain<'a, S> {
    fn new(truth: &'a Truth, trie: StateTrie, stored: &'a S) -> Self {
        let (header, claim) = (truth.parent.clone(), truth.interval.parent);
        let hashes = [(header.number, claim.block_hash)].into();
        Self { truth, stored, trie, header, claim, codes: BTreeMap::new(), hashes }
    }

    /// Executes the next block, with a lie in it or without.
    fn next(
        &mut self,
        block: &TrueBlock,
        later: &[TrueBlock],
        lie: Option<(LieKind, B256)>,
    ) -> Result<BlockClaims, LieError> {
        let (mut inputs, mut parent) = (block.inputs.clone(), self.header.clone());
        inputs.opening.parent_hash = self.claim.block_hash;
        if let Some((kind, word)) = lie {
            let (mut changed, mut other) = (inputs.clone(), parent.clone());
            if inputs::change(kind, &mut changed, &mut other, later, word) {
                (inputs, parent) = (changed, other);
            }
        }
        // A lie about results is one about any block.
        let lie = lie.filter(|(kind, _)| !inputs::is_about_inputs(*kind));
        let (spec, gas) = (&self.truth.spec, self.truth.segment_gas);
        let state = Ground {
            trie: &self.trie,
            stored: self.stored,
            codes: &self.codes,
            hashes: &self.hashes,
        };
        let sliced = execute_in_slices(spec, &parent, &inputs, &state, gas);
        let sliced =
            sliced.map_err(|error: ExecuteError<S::Error>| LieError::Execute(error.into()))?;
        let slices = sliced.apply(self.claim.hash(), &mut self.trie);
        if let Some(more) = lie.and_then(|(kind, word)| results::of_state(kind, &self.trie, word)) {
            self.trie.apply(&more);
        }
        let (root, withdrawals) =
            (self.trie.root(), self.trie.storage_root(&L2_TO_L1_MESSAGE_PASSER));
        let context = BlockContext::new(spec, &parent, &inputs.opening);
        let mut header = seal(&context, &sliced.executed, root, withdrawals).header;
        if let Some((kind, word)) = lie {
            results::of_header(kind, &mut header, word);
        }
        let head = DerivedHead::after(&inputs.opening, header.hash_slow());
        let mut claim = block_claim(&head.block, &header, block.cursor);
        if let Some((kind, word)) = lie {
            results::of_claim(kind, &mut claim, word);
        }
        self.codes.extend(sliced.executed.diff.codes);
        self.hashes.insert(header.number, claim.block_hash);
        (self.header, self.claim) = (header, claim);
        Ok(BlockClaims { slices, claim })
    }
}

/// The state before the next block of such a chain.
struct Ground<'a, S> {
    trie: &'a StateTrie,
    stored: &'a S,
    codes: &'a BTreeMap<B256, Bytes>,
    hashes: &'a BTreeMap<u64, B256>,
}

impl<S: StateReader> StateReader for Ground<'_, S> {
    type Error = S::Error;

    fn account(&self, address: &Address) -> Result<Option<Account>, S::Error> {
        Ok(self.trie.proof(address, &[]).account)
    }

    fn storage(&self, address: &Address, slot: &U256) -> Result<U256, S::Error> {
        let proof = self.trie.proof(address, &[*slot]);
        Ok(proof.storage.first().map(|slot| slot.value).unwrap_or_default())
    }

    fn code(&self, hash: &B256) -> Result<Bytes, S::Error> {
        match self.codes.get(hash) {
            Some(code) => Ok(code.clone()),
            None => self.stored.code(hash),
        }
    }

    fn block_hash(&self, number: u64) -> Result<B256, S::Error> {
        match self.hashes.get(&number) {
            Some(hash) => Ok(*hash),
            None => self.stored.block_hash(number),
        }
    }
}
