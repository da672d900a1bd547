//! All of a scripted L1, as a node of it would give it to who asks for evidence.

use std::collections::BTreeMap;

use ::l1::{Blobs, PostedEntry, RecordedEvidence, SentMessage};
use alloy_primitives::{B256, Bytes};
use protocol::{Carrier, InboxEntry, L1Message, blob::BLOB_BYTES};
use transition::Preimages;

use crate::{
    host::{Host, Known, Pins},
    world::World,
};

/// All of L1, as a node would give it.
pub(crate) fn evidence(world: &World) -> RecordedEvidence {
    let (l1, known) = (&world.l1, &world.known.keccak);
    let mut evidence = RecordedEvidence::default();
    for block in &l1.blocks {
        let (number, hash) = (block.origin.number, block.origin.hash);
        evidence.canonical.insert(number, hash);
        evidence.headers.insert(hash, known[&hash].clone());
    }
    let now = l1.accumulators_after(l1.number());
    let mut accumulator = now.batches;
    while accumulator != B256::ZERO {
        let link = &known[&accumulator];
        let posted = posted(link, known, &mut evidence);
        for hash in &posted.blob_hashes {
            evidence.blobs.insert(*hash, blob(&world.known, hash));
        }
        evidence.entries.insert(0, posted);
        accumulator = B256::from_slice(&link[..32]);
    }
    accumulator = now.messages;
    while accumulator != B256::ZERO {
        let link = &known[&accumulator];
        let message = L1Message::decode(&known[&B256::from_slice(&link[48..])]).unwrap();
        let (l1_number, l1_timestamp) = (number(link, 32), number(link, 40));
        evidence.messages.insert(0, SentMessage { l1_number, l1_timestamp, message });
        accumulator = B256::from_slice(&link[..32]);
    }
    evidence
}

fn number(link: &[u8], at: usize) -> u64 {
    u64::from_be_bytes(link[at..at + 8].try_into().unwrap())
}

fn posted(
    link: &[u8],
    known: &BTreeMap<B256, Bytes>,
    evidence: &mut RecordedEvidence,
) -> PostedEntry {
    let entry = InboxEntry {
        carrier: if link[32] == 0 { Carrier::Calldata } else { Carrier::Blobs },
        data_hash: B256::from_slice(&link[33..65]),
        first_block: number(link, 65),
        last_block: number(link, 73),
        l1_number: number(link, 81),
        l1_timestamp: number(link, 89),
        l1_parent_hash: B256::from_slice(&link[97..]),
    };
    let data = &known[&entry.data_hash];
    if entry.carrier == Carrier::Blobs {
        let blob_hashes = data.chunks(32).map(B256::from_slice).collect();
        return PostedEntry { entry, blob_hashes };
    }
    evidence.payloads.insert(entry.data_hash, data.clone());
    PostedEntry { entry, blob_hashes: Vec::new() }
}

fn blob(known: &Known, hash: &B256) -> Bytes {
    let nothing = Pins {
        previous: B256::ZERO,
        batches: B256::ZERO,
        messages: B256::ZERO,
        l1_number: 0,
        l1_parent_hash: B256::ZERO,
        parameters: B256::ZERO,
        place: 0,
    };
    let host = Host::new(known, nothing);
    let elements = 0..u32::try_from(BLOB_BYTES / 32).unwrap();
    elements.flat_map(|index| host.blob_element(hash, index).unwrap().0).collect::<Vec<_>>().into()
}

/// The blobs of each L1 block.
pub(crate) fn blobs(evidence: &RecordedEvidence) -> BTreeMap<u64, Blobs> {
    let mut blobs: BTreeMap<u64, Blobs> = BTreeMap::new();
    for posted in &evidence.entries {
        let found = posted.blob_hashes.iter().map(|hash| (*hash, evidence.blobs[hash].clone()));
        blobs.entry(posted.entry.l1_number).or_default().extend(found);
    }
    blobs
}
