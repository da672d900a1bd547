//! One situation per test: state in, actions out.

use alloy::primitives::{Address, B256, Bytes};

use super::*;
use crate::tx::{fees::FeePolicy, record::TxRequest};

mod simulation;
mod weather;

const GWEI: u128 = 1_000_000_000;
const GAS: u64 = 100_000;
const QUOTE: FeeQuote = FeeQuote { base_fee: GWEI, tip: GWEI, blob_base_fee: GWEI };

fn config() -> TxConfig {
    TxConfig {
        resubmission_timeout: Duration::from_secs(10),
        confirmations: 3,
        in_flight_max: 4,
        ..TxConfig::default()
    }
}

fn l1(number: u64, nonce: u64) -> L1View {
    L1View {
        head: block(number),
        nonce,
        settled_nonce: nonce,
        balance: U256::from(10).pow(U256::from(20)),
        quote: QUOTE,
    }
}

fn block(number: u64) -> BlockId {
    BlockId { number, hash: B256::from(U256::from(number)) }
}

fn queued(id: u64) -> TxTrack {
    let mut request = TxRequest::call(Address::repeat_byte(1), Bytes::new());
    request.gas_limit = Some(GAS);
    TxTrack::new(TxRecord::new(TxId(id), id.to_string(), request))
}

fn queued_blob(id: u64) -> TxTrack {
    let mut track = queued(id);
    track.record.request.blob_data = Some(Bytes::from_static(b"data"));
    track
}

fn first_fees(kind: PoolKind) -> Fees {
    FeePolicy::default().first(&QUOTE, kind).unwrap()
}

/// In flight since time 0, when L1 was at block 1.
fn in_flight(mut track: TxTrack, nonce: u64) -> TxTrack {
    let fees = first_fees(track.record.request.kind());
    let hash = B256::from(U256::from(nonce + 1));
    track.record.nonce = Some(nonce);
    track.record.attempts.push(Attempt { hash, nonce, gas_limit: GAS, fees, cancels: false });
    track.broadcast = Some(LastBroadcast { at: Duration::ZERO, head: 1, times: 1, error: None });
    track
}

fn mined(mut track: TxTrack, at: u64, succeeded: bool) -> TxTrack {
    let hash = track.record.attempts[0].hash;
    track.seen = Some(Inclusion { hash, block: block(at), succeeded });
    track
}

fn decide_at(seconds: u64, l1: L1View, tracks: Vec<TxTrack>) -> Decision {
    let state = TxState { l1, tracks, gap_since: None };
    decide(&state, &config(), Duration::from_secs(seconds))
}

fn rebroadcast(id: u64, nonce: u64) -> Action {
    Action::Rebroadcast { id: TxId(id), nonce }
}

fn sent(decision: &Decision) -> Vec<(u64, u64)> {
    let actions = decision.actions.iter();
    actions
        .filter_map(|action| match action {
            Action::Send { id, nonce, .. } => Some((id.0, *nonce)),
            _ => None,
        })
        .collect()
}

#[test]
fn nonces_follow_the_order_of_submission_up_to_the_limit() {
    let decision = decide_at(0, l1(1, 7), (0..6).map(queued).collect());
    assert_eq!(sent(&decision), [(0, 7), (1, 8), (2, 9), (3, 10)]);
    assert_eq!(decision.actions.len(), 4);
}

#[test]
fn gas_is_asked_for_before_a_nonce_is_given() {
    let mut track = queued(0);
    track.gas_limit = None;
    let decision = decide_at(0, l1(1, 7), vec![track, queued(1)]);
    assert_eq!(decision.actions, [Action::EstimateGas(TxId(0))]);
}

#[test]
fn pools_never_mix() {
    let decision = decide_at(0, l1(1, 7), vec![queued_blob(0), queued(1), queued_blob(2)]);
    assert_eq!(sent(&decision), [(0, 7)], "order matters more than the pool");
    let decision = decide_at(1, l1(1, 7), vec![in_flight(queued_blob(0), 7), queued(1)]);
    assert!(decision.actions.is_empty(), "{decision:?}");
    let included = mined(in_flight(queued_blob(0), 7), 2, true);
    let decision = decide_at(1, l1(3, 8), vec![included, queued(1), queued_blob(2)]);
    assert_eq!(sent(&decision), [], "a reorg could bring the blob transaction back");
}

#[test]
fn what_this_process_never_sent_is_sent_again_as_it_is() {
    let mut track = in_flight(queued(0), 7);
    track.broadcast = None;
    let decision = decide_at(0, l1(1, 7), vec![track]);
    assert_eq!(decision.actions, [rebroadcast(0, 7)]);
}

#[test]
fn patience_then_the_same_again_then_more_money() {
    let track = in_flight(queued(0), 7);
    let nothing = decide_at(9, l1(2, 7), vec![track.clone()]);
    assert!(nothing.actions.is_empty());
    let stalled = decide_at(60, l1(1, 7), vec![track.clone()]);
    assert!(stalled.actions.is_empty(), "while L1 stands still nothing helps");
    let again = decide_at(10, l1(2, 7), vec![track.clone()]);
    assert_eq!(again.actions, [rebroadcast(0, 7)]);
    let mut tried = track;
    tried.broadcast.as_mut().unwrap().times = 2;
    let more = decide_at(10, l1(2, 7), vec![tried.clone()]);
    let Action::Send { nonce: 7, fees, cancels: false, .. } = more.actions[0] else {
        panic!("{more:?}")
    };
    assert!(fees.tip_per_gas * 10 >= first_fees(PoolKind::Plain).tip_per_gas * 11);
    let second = decide_at(10, l1(2, 6), vec![in_flight(queued(1), 6), tried]);
    assert_eq!(
        second.actions,
        [rebroadcast(1, 6), rebroadcast(0, 7)],
        "only the first in line is worth more money"
    );
}

#[test]
fn a_risen_base_fee_raises_the_offer_of_every_transaction() {
    let mut view = l1(2, 7);
    view.quote.base_fee = 50 * GWEI;
    let tracks = vec![in_flight(queued(0), 7), in_flight(queued(1), 8)];
    let decision = decide_at(10, view, tracks);
    assert_eq!(sent(&decision), [(0, 7), (1, 8)]);
}

#[test]
fn above_the_cap_nothing_is_sent_and_the_reason_is_told() {
    let mut view = l1(2, 7);
    view.quote.base_fee = 600 * GWEI;
    let decision = decide_at(10, view, vec![in_flight(queued(0), 7), queued(1)]);
    assert_eq!(decision.actions, [rebroadcast(0, 7)]);
    let Some(Blocked::FeeCap(reached)) = decision.blocked else { panic!("{decision:?}") };
    assert_eq!(reached.cap, 500 * GWEI);
}

#[test]
fn funds_are_counted_over_all_in_flight() {
    let mut view = l1(1, 7);
    let each = U256::from(GAS) * U256::from(first_fees(PoolKind::Plain).fee_per_gas);
    view.balance = each * U256::from(5) / U256::from(2);
    let decision = decide_at(0, view, vec![queued(0), queued(1), queued(2)]);
    assert_eq!(sent(&decision).len(), 2);
    let required = each * U256::from(3);
    let expected = Blocked::InsufficientFunds { balance: view.balance, required };
    assert_eq!(decision.blocked, Some(expected));
}

#[test]
fn an_unknown_rival_in_the_pool_is_outbid_at_once() {
    let mut track = in_flight(queued_blob(0), 7);
    track.broadcast.as_mut().unwrap().error = Some(BroadcastError::ReplacementUnderpriced);
    let decision = decide_at(0, l1(1, 7), vec![track]);
    let Action::Send { fees, .. } = decision.actions[0] else { panic!("{decision:?}") };
    assert!(fees.fee_per_blob_gas >= 2 * first_fees(PoolKind::Blob).fee_per_blob_gas);
}

#[test]
fn depth_closes_and_says_how_it_ended() {
    let good = mined(in_flight(queued(0), 7), 5, true);
    let bad = mined(in_flight(queued(1), 8), 5, false);
    let shallow = decide_at(0, l1(6, 9), vec![good.clone(), bad.clone()]);
    let (good_at, bad_at) = (good.seen.unwrap(), bad.seen.unwrap());
    assert_eq!(
        shallow.actions,
        [Action::Include(TxId(0), good_at), Action::Include(TxId(1), bad_at)]
    );
    let deep = decide_at(0, l1(7, 9), vec![good, bad]);
    assert!(deep.actions.contains(&Action::Close(TxId(0), Outcome::Confirmed(good_at))));
    assert!(deep.actions.contains(&Action::Close(TxId(1), Outcome::Reverted(bad_at))));
}

#[test]
fn a_reorg_takes_the_inclusion_back() {
    let mut track = in_flight(queued(0), 7);
    track.record.inclusion = Some(Inclusion { hash: B256::ZERO, block: block(5), succeeded: true });
    let decision = decide_at(1, l1(6, 7), vec![track]);
    assert_eq!(decision.actions, [Action::Exclude(TxId(0))]);
}

#[test]
fn a_foreign_transaction_costs_the_nonce_but_not_in_haste() {
    let mut track = in_flight(queued(0), 7);
    track.consumed_since = Some(Duration::from_secs(20));
    let early = decide_at(29, l1(6, 8), vec![track.clone()]);
    assert!(early.actions.is_empty(), "the receipt may only be late");
    let late = decide_at(30, l1(6, 8), vec![track.clone()]);
    assert_eq!(late.actions, [Action::ReleaseNonce(TxId(0))]);
    let mut view = l1(6, 8);
    view.settled_nonce = 7;
    let unsettled = decide_at(30, view, vec![track]);
    assert!(unsettled.actions.is_empty(), "a reorg may bring the nonce back");
}

#[test]
fn cancelling_keeps_the_pool_and_the_nonce() {
    let mut track = in_flight(queued_blob(0), 7);
    track.record.cancel_requested = true;
    let decision = decide_at(1, l1(1, 7), vec![track]);
    let Action::Send { nonce: 7, gas_limit: TRANSFER_GAS, fees, cancels: true, .. } =
        decision.actions[0]
    else {
        panic!("{decision:?}")
    };
    assert!(fees.fee_per_blob_gas > 0, "a blob transaction is replaced by a blob transaction");
    let mut unsent = queued(1);
    unsent.record.cancel_requested = true;
    let decision = decide_at(1, l1(1, 7), vec![unsent]);
    assert_eq!(decision.actions, [Action::Close(TxId(1), Outcome::Cancelled(None))]);
}

#[test]
fn refused_for_good_only_if_no_earlier_attempt_is_out_there() {
    let mut track = in_flight(queued(0), 7);
    track.broadcast.as_mut().unwrap().error = Some(BroadcastError::Refused);
    let decision = decide_at(1, l1(1, 7), vec![track.clone()]);
    assert_eq!(decision.actions, [Action::Refuse(TxId(0))]);
    let earlier = track.record.attempts[0].clone();
    track.record.attempts.push(earlier);
    assert!(decide_at(1, l1(1, 7), vec![track]).actions.is_empty());
}

#[test]
fn a_gap_is_filled_by_the_queue_or_by_a_transfer_of_nothing() {
    let above = in_flight(queued_blob(0), 8);
    let by_queue = decide_at(1, l1(1, 7), vec![above.clone(), queued(1), queued_blob(2)]);
    assert_eq!(sent(&by_queue), [(2, 7)], "only the same pool can fill it");
    assert_eq!(by_queue.gap, None);
    let alone = decide_at(1, l1(1, 7), vec![above.clone()]);
    assert_eq!(alone.gap, Some(7));
    assert!(alone.actions.is_empty());
    let state =
        TxState { l1: l1(1, 7), tracks: vec![above], gap_since: Some(Duration::from_secs(1)) };
    let later = decide(&state, &config(), Duration::from_secs(11));
    assert_eq!(later.actions, [Action::FillGap { nonce: 7, kind: PoolKind::Blob }]);
}
