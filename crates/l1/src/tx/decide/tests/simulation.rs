//! The decision core against a simulated L1 that loses, reorders, re-prices, reorganizes and restarts.
//!
//! Whatever happens, each record lands exactly once on the final chain, pools never mix, and nothing gets stuck.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::keccak256;
use proptest::prelude::*;

use super::{
    weather::{Event, event},
    *,
};

#[derive(Clone, Debug, PartialEq, Eq)]
struct PoolTx {
    hash: B256,
    nonce: u64,
    fees: Fees,
    kind: PoolKind,
    /// None: foreign.
    owner: Option<TxId>,
    cancels: bool,
}

#[derive(Clone, Debug, Default)]
struct Block {
    hash: B256,
    transactions: Vec<PoolTx>,
}

struct Simulation {
    config: TxConfig,
    tracks: Vec<TxTrack>,
    closed: BTreeMap<TxId, (TxRecord, Outcome)>,
    blocks: Vec<Block>,
    pool: BTreeMap<u64, PoolTx>,
    quote: FeeQuote,
    now: u64,
    gap: Option<(u64, Duration)>,
    outage: Option<bool>,
    next_id: u64,
    salt: u64,
}

impl Simulation {
    fn new() -> Self {
        let mut simulation = Self {
            config: config(),
            tracks: Vec::new(),
            closed: BTreeMap::new(),
            blocks: Vec::new(),
            pool: BTreeMap::new(),
            quote: QUOTE,
            now: 0,
            gap: None,
            outage: None,
            next_id: 0,
            salt: 0,
        };
        simulation.mine(0);
        simulation
    }

    fn nonce_in(&self, blocks: usize) -> u64 {
        self.blocks[..blocks].iter().map(|block| block.transactions.len() as u64).sum()
    }

    fn nonce(&self) -> u64 {
        self.nonce_in(self.blocks.len())
    }

    fn fresh_hash(&mut self) -> B256 {
        self.salt += 1;
        keccak256(self.salt.to_be_bytes())
    }

    fn mine(&mut self, transactions: usize) {
        let mut block = Block { hash: self.fresh_hash(), transactions: Vec::new() };
        for nonce in (self.nonce()..).take(transactions) {
            let Some(tx) = self.pool.get(&nonce) else { break };
            let underpriced = self.config.fees.is_underpriced(&tx.fees, &self.quote, tx.kind);
            if underpriced {
                break;
            }
            block.transactions.extend(self.pool.remove(&nonce));
        }
        self.blocks.push(block);
    }

    fn apply(&mut self, event: Event) {
        match event {
            Event::Submit { blob } => {
                let id = self.next_id;
                self.next_id += 1;
                self.tracks.push(if blob { queued_blob(id) } else { queued(id) });
            }
            Event::Mine { transactions } => self.mine(transactions),
            Event::Reorg { depth, keep_pool } => {
                for _ in 0..std::cmp::min(depth, self.blocks.len() - 1) {
                    let block = self.blocks.pop().unwrap();
                    for tx in block.transactions.into_iter().filter(|_| keep_pool) {
                        // A node puts back what fits beside the rest. Foreign ones are left out: one that sits in
                        // the other pool would block the account until the node forgets it.
                        let other = self.pool.values().any(|other| other.kind != tx.kind);
                        if !other && tx.owner.is_some() {
                            self.pool.insert(tx.nonce, tx);
                        }
                    }
                }
                // The other branch is longer, or nobody would switch to it.
                for _ in 0..=depth {
                    self.mine(0);
                }
            }
            Event::Restart => {
                for track in &mut self.tracks {
                    *track = TxTrack::new(track.record.clone());
                }
                self.gap = None;
            }
            Event::DropPool => self.pool.clear(),
            Event::Foreign => {
                let (nonce, hash) = (self.nonce(), self.fresh_hash());
                self.pool.remove(&nonce);
                let fees = first_fees(PoolKind::Plain);
                let kind = PoolKind::Plain;
                let tx = PoolTx { hash, nonce, fees, kind, owner: None, cancels: false };
                let hash = self.fresh_hash();
                self.blocks.push(Block { hash, transactions: vec![tx] });
            }
            Event::BaseFee(fee) => {
                self.quote.base_fee = fee;
                self.quote.blob_base_fee = fee;
            }
            Event::Outage { taken } => self.outage = Some(taken),
            Event::Wait(seconds) => self.now += seconds,
            Event::Cancel(place) => {
                if let Some(track) = self.tracks.get_mut(place) {
                    track.record.cancel_requested = true;
                }
            }
        }
    }

    fn view(&self) -> L1View {
        let number = self.blocks.len() - 1;
        let settled = (self.blocks.len() + 1)
            .saturating_sub(usize::try_from(self.config.confirmations).unwrap());
        L1View {
            head: BlockId { number: number as u64, hash: self.blocks[number].hash },
            nonce: self.nonce(),
            settled_nonce: self.nonce_in(settled),
            balance: U256::MAX,
            quote: self.quote,
        }
    }

    /// What the driver does in one look at L1.
    fn look(&mut self) {
        let l1 = self.view();
        let now = Duration::from_secs(self.now);
        for track in &mut self.tracks {
            track.seen = seen(&self.blocks, &track.record);
            if !track.is_consumed(&l1) {
                track.consumed_since = None;
            } else if track.consumed_since.is_none() {
                track.consumed_since = Some(now);
            }
        }
        for round in 0.. {
            assert!(round < 50, "decisions go round in circles: {:?}", self.tracks);
            let gap_since = self.gap.map(|(_, since)| since);
            let state = TxState { l1, tracks: std::mem::take(&mut self.tracks), gap_since };
            let decision = decide(&state, &self.config, now);
            self.tracks = state.tracks;
            self.gap = decision.gap.map(|nonce| match self.gap {
                Some((known, since)) if known == nonce => (nonce, since),
                _ => (nonce, now),
            });
            let mut again = false;
            for action in decision.actions {
                match self.perform(&l1, now, action) {
                    Some(decide_again) => again |= decide_again,
                    None => break,
                }
            }
            self.check_nonces();
            if !again {
                break;
            }
        }
        self.outage = None;
    }

    /// Returns whether to decide again, or none to stop.
    fn perform(&mut self, l1: &L1View, now: Duration, action: Action) -> Option<bool> {
        let at = |tracks: &[TxTrack], id| tracks.iter().position(|t| t.record.id == id).unwrap();
        match action {
            Action::EstimateGas(id) => panic!("{id} has a gas limit"),
            Action::Send { id, nonce, gas_limit, fees, cancels } => {
                let hash = self.fresh_hash();
                let place = at(&self.tracks, id);
                let track = &mut self.tracks[place];
                track.record.nonce = Some(nonce);
                track.record.attempts.push(Attempt { hash, nonce, gas_limit, fees, cancels });
                track.broadcast = None;
                self.broadcast(l1, now, place)
            }
            Action::Rebroadcast { id, .. } => self.broadcast(l1, now, at(&self.tracks, id)),
            Action::Include(id, inclusion) => {
                let place = at(&self.tracks, id);
                self.tracks[place].record.inclusion = Some(inclusion);
                Some(false)
            }
            Action::Exclude(id) => {
                let place = at(&self.tracks, id);
                self.tracks[place].record.inclusion = None;
                self.tracks[place].broadcast = None;
                Some(true)
            }
            Action::ReleaseNonce(id) => {
                let place = at(&self.tracks, id);
                self.tracks[place].record.nonce = None;
                self.tracks[place].broadcast = None;
                self.tracks[place].consumed_since = None;
                Some(true)
            }
            Action::Refuse(id) => panic!("{id} was never refused"),
            Action::Close(id, outcome) => {
                let track = self.tracks.remove(at(&self.tracks, id));
                self.closed.insert(id, (track.record, outcome));
                Some(true)
            }
            Action::FillGap { kind, .. } => {
                self.apply(Event::Submit { blob: kind == PoolKind::Blob });
                self.gap = None;
                Some(true)
            }
        }
    }

    fn broadcast(&mut self, l1: &L1View, now: Duration, place: usize) -> Option<bool> {
        let record = &self.tracks[place].record;
        let attempt = record.last_attempt().unwrap();
        let tx = PoolTx {
            hash: attempt.hash,
            nonce: attempt.nonce,
            fees: attempt.fees,
            kind: record.request.kind(),
            owner: Some(record.id),
            cancels: attempt.cancels,
        };
        let answer = match self.outage {
            Some(taken) => {
                if taken {
                    let _ = self.accept(tx);
                }
                Err(BroadcastError::Unknown)
            }
            None => self.accept(tx),
        };
        let track = &mut self.tracks[place];
        let times = track.broadcast.as_ref().map_or(0, |last| last.times) + 1;
        let error = answer.err();
        track.broadcast = Some(LastBroadcast { at: now, head: l1.head.number, times, error });
        answer.ok().map(|()| false)
    }

    /// The rules of a node's two pools.
    fn accept(&mut self, tx: PoolTx) -> Result<(), BroadcastError> {
        if tx.nonce < self.nonce() {
            return Err(BroadcastError::NonceTooLow);
        }
        if self.pool.values().any(|other| other.kind != tx.kind) {
            return Err(BroadcastError::OtherPool);
        }
        let executable = (self.nonce()..tx.nonce).all(|nonce| self.pool.contains_key(&nonce));
        if tx.kind == PoolKind::Blob && !executable {
            return Err(BroadcastError::NonceGap);
        }
        if let Some(old) = self.pool.get(&tx.nonce) {
            if old.hash == tx.hash {
                return Ok(());
            }
            let percent = if tx.kind == PoolKind::Blob { 100 } else { 10 };
            let enough = |new: u128, old: u128| new * 100 >= old * (100 + percent);
            if !enough(tx.fees.fee_per_gas, old.fees.fee_per_gas)
                || !enough(tx.fees.tip_per_gas, old.fees.tip_per_gas)
                || !enough(tx.fees.fee_per_blob_gas, old.fees.fee_per_blob_gas)
            {
                return Err(BroadcastError::ReplacementUnderpriced);
            }
        }
        self.pool.insert(tx.nonce, tx);
        Ok(())
    }

    fn check_nonces(&self) {
        let nonces: Vec<u64> = self.tracks.iter().filter_map(|track| track.record.nonce).collect();
        let distinct: BTreeSet<u64> = nonces.iter().copied().collect();
        assert_eq!(nonces.len(), distinct.len(), "a nonce belongs to one record");
        let kinds: BTreeSet<bool> =
            self.pool.values().map(|tx| tx.kind == PoolKind::Blob).collect();
        assert!(kinds.len() <= 1, "both pools are in use");
    }

    /// Calm weather: everything must end by itself.
    fn settle(&mut self) {
        for _ in 0..400 {
            if self.tracks.is_empty() {
                break;
            }
            self.now += 6;
            self.look();
            self.mine(4);
        }
        assert!(self.tracks.is_empty(), "stuck: {:#?}, pool {:#?}", self.tracks, self.pool);
    }

    fn check_landed(&self) {
        let mut landed: BTreeMap<TxId, Vec<bool>> = BTreeMap::new();
        for tx in self.blocks.iter().flat_map(|block| &block.transactions) {
            if let Some(owner) = tx.owner {
                landed.entry(owner).or_default().push(tx.cancels);
            }
        }
        for (id, (record, outcome)) in &self.closed {
            let landed = landed.get(id).cloned().unwrap_or_default();
            match outcome {
                Outcome::Confirmed(_) => assert_eq!(landed, [false], "{record:#?}"),
                Outcome::Cancelled(Some(_)) => assert_eq!(landed, [true], "{record:#?}"),
                Outcome::Cancelled(None) => assert!(landed.is_empty(), "{record:#?}"),
                Outcome::Reverted(_) | Outcome::Refused { .. } => panic!("{record:#?}"),
            }
            if !record.cancel_requested {
                assert!(matches!(outcome, Outcome::Confirmed(_)), "{record:#?}");
            }
        }
        assert_eq!(self.closed.len() as u64, self.next_id, "no record is forgotten");
    }
}

fn seen(blocks: &[Block], record: &TxRecord) -> Option<Inclusion> {
    blocks.iter().enumerate().find_map(|(number, block)| {
        let found = block
            .transactions
            .iter()
            .find(|tx| record.attempts.iter().any(|attempt| attempt.hash == tx.hash))?;
        let block = BlockId { number: number as u64, hash: block.hash };
        Some(Inclusion { hash: found.hash, block, succeeded: true })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn every_record_lands_exactly_once(events in prop::collection::vec(event(), 1..80)) {
        let mut simulation = Simulation::new();
        for event in events {
            simulation.apply(event);
            simulation.look();
        }
        simulation.settle();
        simulation.check_landed();
    }
}
