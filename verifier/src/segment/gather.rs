//! Looks up what a run asks for.
//!
//! Which of the parts a hash belongs to follows from the claims and pins: the accumulators, the block before and the state
//! root are known by their hashes, payloads by the entries. What is none of these can only be a header of L1.

use std::collections::BTreeMap;

use alloy::{
    primitives::{B256, Bytes},
    rlp,
};
use alloy_trie::{HashBuilder, Nibbles, proof::ProofRetainer};
use executor::ChainSpec;
use l1::PostedEntry;
use protocol::Header;
use transition::{BlockClaim, Claim, PreimageKey};

use super::{
    Parts, SegmentError, SegmentRequest,
    before::trie_after,
    chains::Reach,
    inputs::next_block,
    known::Known,
    watched::{Block, Reading},
};
use crate::VerifierError;

/// Headers of L1 that are read together, downwards from one that is asked for.
const L1_HEADERS_AT_ONCE: u64 = 64;

/// The search for one segment's preimages.
#[derive(Debug)]
pub(super) struct Gathering<'a> {
    parts: &'a Parts,
    request: SegmentRequest,
    /// The claim of the block before.
    base: Option<BlockClaim>,
    /// Root of the state before the segment.
    state_root: Option<B256>,
    /// Entries of the inbox, once the chains were read.
    entries: Option<Vec<PostedEntry>>,
}

impl<'a> Gathering<'a> {
    pub(super) fn new(parts: &'a Parts, request: SegmentRequest) -> Self {
        let is_previous = |claim: &&Claim| claim.hash() == request.previous;
        let previous = request.claims.iter().find(is_previous);
        let state_root = previous.map(|claim| match claim {
            Claim::Block(claim) => claim.state_root,
            Claim::Slice(claim) => claim.state_root,
        });
        let base = previous.and_then(|previous| match previous {
            Claim::Block(claim) => Some(*claim),
            Claim::Slice(slice) => request.claims.iter().find_map(|claim| match claim {
                Claim::Block(claim) if claim.hash() == slice.parent => Some(*claim),
                _ => None,
            }),
        });
        Self { parts, base, state_root, entries: None, request }
    }

    /// Whether a key is of the first that is read of the state before the segment.
    pub(super) fn is_state(&self, key: &PreimageKey) -> bool {
        self.state_root.is_some_and(|root| *key == PreimageKey::Keccak(root))
    }

    /// What is known, with what is behind a key that it lacks.
    pub(super) async fn filled(
        &mut self,
        key: PreimageKey,
        lacking: Box<Known>,
    ) -> Result<Known, SegmentError> {
        let mut known = *lacking;
        self.find(&key, &mut known).await?;
        if known.has(&key) { Ok(known) } else { Err(SegmentError::Unknown(key)) }
    }

    /// Looks up what is behind a key, and what will be asked for with it.
    async fn find(&mut self, key: &PreimageKey, known: &mut Known) -> Result<(), SegmentError> {
        match key {
            PreimageKey::Local(_) => Ok(()),
            PreimageKey::BlobElement { versioned_hash, .. } => {
                self.find_blob(versioned_hash, known).await
            }
            PreimageKey::Keccak(hash) => self.find_bytes(*hash, known).await,
        }
    }

    async fn find_bytes(&mut self, hash: B256, known: &mut Known) -> Result<(), SegmentError> {
        let pins = self.request.pins;
        let is_accumulator = [pins.batch_accumulator, pins.message_accumulator].contains(&hash);
        if let Some(base) = self.base {
            if hash == base.block_hash {
                return self.find_block_before(&base, known).await;
            }
            if is_accumulator {
                return self.find_chains(&base, known).await;
            }
            if Some(hash) == self.state_root {
                return self.find_state(&base, known).await;
            }
        }
        let entries = self.entries.iter().flatten();
        let mut entries = entries.filter(|posted| posted.entry.data_hash == hash);
        match entries.next() {
            Some(posted) => self.find_payload(posted, known).await,
            None => self.find_l1_headers(hash, known).await,
        }
    }

    /// The header of the block before, and the way to its first transaction.
    async fn find_block_before(
        &self,
        base: &BlockClaim,
        known: &mut Known,
    ) -> Result<(), SegmentError> {
        let header = self.parts.chain.header_by_hash(base.block_hash).await;
        let header = header.map_err(VerifierError::ReadIndex)?;
        let number = header.map(|header| header.header.number);
        let number = number.ok_or(SegmentError::Unknown(PreimageKey::Keccak(base.block_hash)))?;
        let block = self.parts.index.block(number).await.map_err(VerifierError::Index)?;
        let block = block.ok_or(VerifierError::BlockMissing { number })?;
        known.add(rlp::encode(&block.header));
        first_of(block.bodies.iter()).into_iter().for_each(|node| known.add(node));
        Ok(())
    }

    /// The links of both hash chains, and what they hold of messages and blobs.
    async fn find_chains(
        &mut self,
        base: &BlockClaim,
        known: &mut Known,
    ) -> Result<(), SegmentError> {
        let origin = self.l1_number(base.origin_hash, known).await?;
        let reach = Reach {
            evidence: &self.parts.evidence,
            pins: &self.request.pins,
            earlier: &self.request.earlier,
            origin,
            genesis_l1: self.parts.rollup.genesis.l1.number,
        };
        let (inbox, messages) = tokio::try_join!(reach.inbox(), reach.messages())?;
        inbox.links.into_iter().chain(messages.links).for_each(|link| known.add(link));
        messages.items.iter().for_each(|sent| known.add(sent.message.encode()));
        for posted in inbox.items.iter().filter(|posted| !posted.blob_hashes.is_empty()) {
            known.add(posted.blob_hashes.concat());
        }
        self.entries = Some(inbox.items);
        Ok(())
    }

    /// Number of an L1 block whose header is known, as the run has read it before.
    async fn l1_number(&self, hash: B256, known: &mut Known) -> Result<u64, SegmentError> {
        if known.keccak(&hash).is_none() {
            self.find_l1_headers(hash, known).await?;
        }
        let header = known.keccak(&hash).and_then(decoded);
        let unknown = SegmentError::Unknown(PreimageKey::Keccak(hash));
        header.map(|header| header.number).ok_or(unknown)
    }

    async fn find_payload(
        &self,
        posted: &PostedEntry,
        known: &mut Known,
    ) -> Result<(), SegmentError> {
        let payload = self.parts.evidence.payload(&posted.entry).await;
        payload.map_err(SegmentError::L1)?.into_iter().for_each(|payload| known.add(payload));
        Ok(())
    }

    async fn find_blob(&self, hash: &B256, known: &mut Known) -> Result<(), SegmentError> {
        let mut entries = self.entries.iter().flatten();
        let posted = entries.find(|posted| posted.blob_hashes.contains(hash));
        let Some(posted) = posted else { return Ok(()) };
        let blobs = self.parts.l1.blobs(&self.parts.evidence, posted).await?;
        for (hash, blob) in posted.blob_hashes.iter().zip(blobs) {
            known.add_blob(*hash, blob);
        }
        Ok(())
    }

    /// A header of L1, and those below it that will be asked for next.
    async fn find_l1_headers(&self, hash: B256, known: &mut Known) -> Result<(), SegmentError> {
        let evidence = &self.parts.evidence;
        let found = evidence.header(hash).await.map_err(SegmentError::L1)?;
        let Some(bytes) = found else { return Ok(()) };
        let number = decoded(&bytes).map(|header| header.number);
        known.add(bytes);
        let origin = self.base.and_then(|base| known.keccak(&base.origin_hash).cloned());
        let lowest = origin.and_then(|origin| decoded(&origin)).map(|origin| origin.number);
        let (Some(number), Some(lowest)) = (number, lowest) else { return Ok(()) };
        // Where the chain begins, the block before the origin is not read.
        let first = std::cmp::max(lowest, number.saturating_sub(L1_HEADERS_AT_ONCE));
        if let Some(last) = number.checked_sub(1).filter(|last| first <= *last) {
            let below = evidence.headers(first, last).await.map_err(SegmentError::L1)?;
            below.into_iter().for_each(|bytes| known.add(bytes));
        }
        Ok(())
    }

    /// What the segment reads of the state before it, of blocks before, and of receipts of the block's earlier slices.
    async fn find_state(&self, base: &BlockClaim, known: &mut Known) -> Result<(), SegmentError> {
        let header = known.keccak(&base.block_hash).and_then(decoded);
        let unknown = SegmentError::Unknown(PreimageKey::Keccak(base.block_hash));
        let parent = header.ok_or(unknown)?;
        let reading = self.read_state(base, parent.clone()).await?;
        if let Some(claimed) = self.state_root.filter(|claimed| *claimed != reading.state_root) {
            return Err(SegmentError::OtherState { computed: reading.state_root, claimed });
        }
        reading.preimages.into_iter().for_each(|bytes| known.add(bytes));
        // The hash of a block stands in the header of the next.
        let Some(oldest) = reading.oldest.filter(|oldest| *oldest < parent.number) else {
            return Ok(());
        };
        let count = u32::try_from(parent.number - oldest).unwrap_or(u32::MAX);
        let headers = self.parts.chain.headers(oldest.saturating_add(1), count).await;
        for header in headers.map_err(VerifierError::ReadIndex)? {
            known.add(rlp::encode(&header.header));
        }
        Ok(())
    }

    async fn read_state(&self, base: &BlockClaim, parent: Header) -> Result<Reading, SegmentError> {
        let (parts, number) = (self.parts, parent.number);
        let head = parts.points.head(number).await?.head;
        if head.block.hash != base.block_hash {
            return Err(SegmentError::OtherBlock { number });
        }
        let l1_last = self.request.pins.l1_number;
        let block = next_block(&parts.rollup, &parts.l1, head, base.cursor, l1_last).await?;
        let block = block.ok_or(SegmentError::NotDerived { number })?;
        let _one = parts.tries.acquire().await.map_err(|_| SegmentError::CutOff)?;
        let trie = trie_after(&parts.database, number, parts.trie_threads).await?;
        let computed = trie.root();
        if computed != base.state_root {
            return Err(SegmentError::OtherState { computed, claimed: base.state_root });
        }
        let (spec, stored) = (ChainSpec::from(parts.rollup.as_ref()), parts.stored.clone());
        let (segment_gas, place) = (parts.parameters.segment_gas, self.request.place);
        let watching = tokio::task::spawn_blocking(move || {
            let (parent, inputs) = (&parent, &block.inputs);
            Block { spec: &spec, parent, inputs, segment_gas }.watch(trie, &stored, place)
        });
        watching.await.map_err(|_| SegmentError::CutOff)?
    }
}

fn decoded(bytes: &Bytes) -> Option<Header> {
    rlp::Decodable::decode(&mut &bytes[..]).ok()
}

/// The nodes that lead to the first transaction of a block.
fn first_of<'a>(transactions: impl Iterator<Item = &'a Bytes>) -> Vec<Bytes> {
    let leaves = transactions.enumerate().map(|(index, raw)| (rlp::encode(index), raw));
    let leaves: BTreeMap<Vec<u8>, &Bytes> = leaves.collect();
    let first = Nibbles::unpack(rlp::encode(0_usize));
    let retainer = ProofRetainer::from_iter([first]);
    let mut builder = HashBuilder::default().with_proof_retainer(retainer);
    for (key, raw) in leaves {
        builder.add_leaf(Nibbles::unpack(key), raw);
    }
    builder.root();
    builder.take_proof_nodes().into_nodes_sorted().into_iter().map(|(_, node)| node).collect()
}
