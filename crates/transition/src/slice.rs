//! Executing one slice of a block, and the claim after it.
//!
//! Invariant: where a slice ends follows from the block's inputs and the gas they use, and a block cut into slices has the
//! header that it has in one piece.

use alloc::{boxed::Box, vec::Vec};

use alloy_eips::Encodable2718;
use alloy_primitives::{B256, Bloom, Bytes};
use derivation::DerivedBlock;
use executor::{
    BlockContext, BodyRoots, ChainSpec, ExecuteError, RecoveredTransaction, SerialExecutor,
    forced_transactions, seal_with_roots,
};
use protocol::predeploys::L2_TO_L1_MESSAGE_PASSER;
use state::StateDiff;

use crate::{
    BlockClaim, Claim, Invalid, PLACES_PER_BLOCK, Preimages, SliceClaim,
    claim::{RECEIPT_LINK_BYTES, receipts_next},
    halt::{Halt, keccak},
    parent::Parent,
    reader::{ChainState, ReadError, halt},
};

/// How far the block has been executed.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    /// What stands at the end of a slice; at the beginning of a block, its parent's state and zeros.
    claim: SliceClaim,
}

impl Progress {
    /// Before the first transaction of the block after this one.
    pub(crate) const fn begin(parent: B256, claim: &BlockClaim) -> Self {
        let claim = SliceClaim {
            parent,
            state_root: claim.state_root,
            receipts: B256::ZERO,
            slices: 0,
            inputs: 0,
            gas_used: 0,
            bloom: Bloom::ZERO,
        };
        Self { claim }
    }

    /// After some slices.
    pub(crate) const fn after(claim: SliceClaim) -> Self {
        Self { claim }
    }
}

/// Executes the next slice of a block.
pub(crate) fn execute(
    host: &impl Preimages,
    segment_gas: u64,
    parent: &Parent,
    progress: Progress,
    block: Box<DerivedBlock>,
) -> Result<Claim, Halt> {
    let before = progress.claim;
    let spec = ChainSpec::from(&*parent.config);
    let context = BlockContext::new(&spec, &parent.header, &block.inputs.opening);
    let newest = (parent.head.block.number, parent.head.block.hash);
    let state = ChainState::new(host, before.state_root, newest);
    let inputs = Inputs::new(&block);
    let done = run(&context, &state, &inputs, &before, segment_gas)?;
    let malformed = |error| halt(error, Invalid::State);
    if done.is_cut {
        let state_root = state.root_after(&done.diff).map_err(malformed)?;
        let included = done.included.iter();
        let receipts = included
            .fold(before.receipts, |chain, (input, receipt)| receipts_next(chain, *input, receipt));
        let slices = before.slices.saturating_add(1);
        let Executed { inputs, gas_used, bloom, .. } = done;
        let parent = before.parent;
        let slice = SliceClaim { parent, state_root, receipts, slices, inputs, gas_used, bloom };
        return Ok(Claim::Slice(slice.into()));
    }
    let roots = state.roots_after(&done.diff, &L2_TO_L1_MESSAGE_PASSER);
    let (state_root, withdrawals_root) = roots.map_err(malformed)?;
    let mut body = BodyRoots::default();
    let earlier = receipts_so_far(host, before.receipts)?;
    for (input, receipt) in earlier.iter().chain(&done.included) {
        body.push_encoded(&inputs.encoded(*input).ok_or(Invalid::Receipts)?, receipt);
    }
    body.add_bloom(&done.bloom);
    let sealed = seal_with_roots(&context, body, done.gas_used, state_root, withdrawals_root);
    Ok(Claim::Block(BlockClaim {
        block_hash: sealed.hash,
        state_root,
        withdrawals_root,
        cursor: block.cursor,
        origin_hash: context.opening.origin.hash,
        sequence_number: context.opening.sequence_number,
        number: sealed.header.number,
    }))
}

/// What came of a slice.
struct Executed {
    /// Whether the block goes on.
    is_cut: bool,
    diff: StateDiff,
    /// Numbers of the included inputs, with the bytes of their receipts.
    included: Vec<(u64, Bytes)>,
    /// How many of the block's inputs were taken so far.
    inputs: u64,
    /// So far.
    gas_used: u64,
    /// So far.
    bloom: Bloom,
}

fn run<P: Preimages>(
    context: &BlockContext,
    state: &ChainState<'_, P>,
    inputs: &Inputs,
    before: &SliceClaim,
    segment_gas: u64,
) -> Result<Executed, Halt> {
    let mut executor = if before.slices == 0 {
        SerialExecutor::new(*context, state).map_err(unread)?
    } else {
        SerialExecutor::continuing(*context, state, before.gas_used)
    };
    let is_last = before.slices.saturating_add(1) >= PLACES_PER_BLOCK;
    let (mut next, mut bloom, mut included) = (before.inputs, before.bloom, Vec::new());
    let mut is_cut = false;
    while !is_cut && next < inputs.len() {
        let input = next;
        next += 1;
        let Some(transaction) = inputs.recovered(input) else { continue };
        let outcome = match executor.execute(&transaction) {
            Ok(outcome) => outcome,
            Err(ExecuteError::Invalid(_)) => continue,
            Err(error) => return Err(unread(error)),
        };
        let mut receipt = Vec::new();
        bloom |= outcome.encode_receipt(&mut receipt);
        included.push((input, receipt.into()));
        let used = executor.executed().gas_used.saturating_sub(before.gas_used);
        is_cut = used >= segment_gas && next < inputs.len() && !is_last;
    }
    let executed = executor.finish();
    let (diff, gas_used) = (executed.diff, executed.gas_used);
    Ok(Executed { is_cut, diff, included, inputs: next, gas_used, bloom })
}

/// A transaction was not executed because the state could not be read. Nothing else keeps a forced one out.
fn unread(error: ExecuteError<ReadError>) -> Halt {
    match error {
        ExecuteError::State(error) => halt(error, Invalid::State),
        ExecuteError::Invalid(_) => Halt::Invalid(Invalid::State),
    }
}

/// The receipts of the slices before, oldest first, with the numbers of their inputs.
fn receipts_so_far(host: &impl Preimages, mut chain: B256) -> Result<Vec<(u64, Bytes)>, Halt> {
    let mut receipts = Vec::new();
    while chain != B256::ZERO {
        let link = keccak(host, &chain)?;
        let link: &[u8; RECEIPT_LINK_BYTES] = link[..].try_into().map_err(|_| Invalid::Receipts)?;
        let (before, rest) = link.split_at(32);
        let (input, receipt) = rest.split_at(8);
        let input = u64::from_be_bytes(input.try_into().map_err(|_| Invalid::Receipts)?);
        receipts.push((input, keccak(host, &B256::from_slice(receipt))?));
        chain = B256::from_slice(before);
    }
    receipts.reverse();
    Ok(receipts)
}

/// A block's transactions in order, those that will be skipped too: L1 attributes, deposits, user transactions.
struct Inputs {
    forced: Vec<RecoveredTransaction>,
    raw: Vec<Bytes>,
}

impl Inputs {
    fn new(block: &DerivedBlock) -> Self {
        let inputs = &block.inputs;
        let forced = forced_transactions(&inputs.opening, &inputs.deposits).collect();
        Self { forced, raw: inputs.transactions.clone() }
    }

    fn len(&self) -> u64 {
        (self.forced.len() + self.raw.len()) as u64
    }

    /// The transaction with its sender; `None` if it has none, or is of no kind that can be included.
    fn recovered(&self, input: u64) -> Option<RecoveredTransaction> {
        let place = usize::try_from(input).ok()?;
        match place.checked_sub(self.forced.len()) {
            None => self.forced.get(place).cloned(),
            Some(place) => RecoveredTransaction::decode(self.raw.get(place)?).ok(),
        }
    }

    /// The bytes of the transaction, as the block's trie holds them.
    fn encoded(&self, input: u64) -> Option<Bytes> {
        let place = usize::try_from(input).ok()?;
        match place.checked_sub(self.forced.len()) {
            None => self.forced.get(place).map(|forced| forced.tx.encoded_2718().into()),
            Some(place) => self.raw.get(place).cloned(),
        }
    }
}
