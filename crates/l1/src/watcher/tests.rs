//! Tags move up only.

use super::*;

fn tag(number: u64, hash: u8) -> L1Head {
    let id = BlockId { number, hash: B256::repeat_byte(hash) };
    L1Head { id, parent_hash: B256::ZERO, timestamp: 0 }
}

#[test]
fn tags_move_up_only() {
    let (mut known, mut ready) = (None, VecDeque::new());
    for seen in
        [Some(tag(5, 1)), Some(tag(5, 1)), Some(tag(4, 2)), None, Some(tag(5, 3)), Some(tag(6, 4))]
    {
        note_tag(&mut known, seen, &mut ready, L1Event::Safe);
    }
    let numbers: Vec<(u64, B256)> = ready
        .iter()
        .map(|event| match event {
            L1Event::Safe(head) => (head.id.number, head.id.hash),
            other => panic!("{other:?}"),
        })
        .collect();
    let expected = [(5, 1), (5, 3), (6, 4)].map(|(number, hash)| (number, B256::repeat_byte(hash)));
    assert_eq!(numbers, expected);
}
