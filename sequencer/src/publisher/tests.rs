//! Slow readers are told, and callers who wait are answered once and not kept for ever.

use alloy::primitives::B256;

use super::*;

#[tokio::test]
async fn a_slow_reader_is_closed_with_the_number_it_missed_and_others_go_on() {
    let publisher = Publisher::new(4, 10);
    let (mut slow, mut quick) = (publisher.subscribe(), publisher.subscribe());
    for number in 0..10_u8 {
        publisher.send(Published::Received([B256::repeat_byte(number)].into()));
        let event = quick.next().await.unwrap();
        assert!(
            matches!(event, Published::Received(hashes) if *hashes == [B256::repeat_byte(number)])
        );
    }
    assert_eq!(slow.next().await.unwrap_err(), Closed::Slow { missed: 6 });
    assert_eq!(slow.next().await.unwrap_err(), Closed::Shutdown, "it does not go on with a gap");
    drop(publisher);
    assert_eq!(quick.next().await.unwrap_err(), Closed::Shutdown);
}

#[tokio::test]
async fn a_dropped_transaction_answers_all_who_wait_for_it_and_nobody_else() {
    let publisher = Publisher::new(4, 10);
    let [one, other] = [1, 2].map(B256::repeat_byte);
    let first = publisher.wait(one).unwrap();
    let second = publisher.wait(one).unwrap();
    let mut unrelated = publisher.wait(other).unwrap();
    publisher.dropped(one, Rejection::Evicted);
    for answer in [first, second] {
        assert!(matches!(*answer.await.unwrap().unwrap_err(), Rejection::Evicted));
    }
    assert!(unrelated.try_recv().is_err());
}

#[test]
fn callers_who_gave_up_make_room_for_others() {
    let publisher = Publisher::new(4, 2);
    let first = publisher.wait(B256::repeat_byte(1)).unwrap();
    let _second = publisher.wait(B256::repeat_byte(2)).unwrap();
    assert_eq!(
        publisher.wait(B256::repeat_byte(3)).unwrap_err(),
        TooManyWaiters { waiting_max: 2 }
    );
    drop(first);
    let _third = publisher.wait(B256::repeat_byte(3)).unwrap();
}

#[tokio::test]
async fn who_waits_for_many_is_told_once_of_all() {
    let publisher = Publisher::new(4, 10);
    let hashes = [1, 2, 3, 4].map(B256::repeat_byte);
    let together = publisher.wait_for_all(&hashes).unwrap();
    let mut alone = publisher.wait(hashes[1]).unwrap();
    publisher.dropped(hashes[1], Rejection::Evicted);
    assert!(alone.try_recv().unwrap().is_err());
    // Told again, and of one that was left: nothing is counted twice.
    publisher.dropped(hashes[1], Rejection::Evicted);
    together.leave(1);
    together.leave(2);
    together.leave(2);
    together.leave(9);
    publisher.dropped(hashes[2], Rejection::Evicted);
    let settled = tokio::spawn(together.settled());
    tokio::task::yield_now().await;
    publisher.dropped(hashes[0], Rejection::Removed);
    tokio::task::yield_now().await;
    assert!(!settled.is_finished(), "the last one is open");
    publisher.dropped(hashes[3], Rejection::Evicted);
    let dropped = settled.await.unwrap().unwrap();
    let places: Vec<_> = dropped.iter().map(|(place, _)| *place).collect();
    assert_eq!(places, [1, 0, 3]);
    assert!(matches!(*dropped[1].1, Rejection::Removed));
}

#[test]
fn a_group_has_room_as_a_whole_or_none() {
    let publisher = Publisher::new(4, 3);
    let hashes = [1, 2, 3].map(B256::repeat_byte);
    let one = publisher.wait(hashes[0]).unwrap();
    assert!(publisher.wait_for_all(&hashes).is_err());
    drop(one);
    let together = publisher.wait_for_all(&hashes).unwrap();
    assert!(publisher.wait(hashes[0]).is_err());
    drop(together);
    drop(publisher.wait_for_all(&hashes).unwrap());
}

#[tokio::test]
async fn the_end_of_the_sequencer_ends_the_wait_for_many() {
    let publisher = Publisher::new(4, 10);
    let hashes = [1, 2].map(B256::repeat_byte);
    let together = publisher.wait_for_all(&hashes).unwrap();
    publisher.dropped(hashes[0], Rejection::Evicted);
    drop(publisher);
    assert!(together.settled().await.is_none());
}
