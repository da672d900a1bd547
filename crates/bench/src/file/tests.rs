//! What is written is what is read, and anything else is an error.

use proptest::{prelude::*, strategy::ValueTree};

use super::*;
use crate::workload::{Kind, Spec};

type Parts = (Header, Vec<Sender>, Vec<Record>);

fn parts() -> impl Strategy<Value = Parts> {
    let numbers = (any::<u64>(), any::<u64>(), any::<u64>(), any::<u64>());
    let kind = prop::sample::select(&Kind::ALL[..]);
    (1..6_u32, 0..4_u32, 0..3_u32, 1..9_u32, numbers, kind, 0.0..4.0_f64).prop_flat_map(
        |(senders, funding, each, transactions, numbers, kind, zipf)| {
            let (chain_id, seed, max_fee, funder_nonce) = numbers;
            let spec = Spec { kind, seed, senders, transactions, zipf };
            let header = Header {
                chain_id,
                spec,
                max_fee,
                funder: Address::repeat_byte(1),
                funder_nonce,
                setup: Address::repeat_byte(2),
                funding,
                approvals: each * senders,
            };
            let one = (any::<[u8; 20]>(), any::<u64>())
                .prop_map(|(address, nonce)| Sender { address: address.into(), nonce });
            let raw = prop::collection::vec(any::<u8>(), 0..300).prop_map(Bytes::from);
            let paid = raw.clone().prop_map(|raw| Record { sender: FUNDER, raw });
            let sent = (0..senders, raw).prop_map(|(sender, raw)| Record { sender, raw });
            let (all_paid, all_sent) = (funding as usize, (each * senders + transactions) as usize);
            let records = (
                prop::collection::vec(paid, all_paid..=all_paid),
                prop::collection::vec(sent, all_sent..=all_sent),
            )
                .prop_map(|(paid, sent)| [paid, sent].concat());
            let count = senders as usize;
            (Just(header), prop::collection::vec(one, count..=count), records)
        },
    )
}

fn written((header, senders, records): &Parts) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut out, *header, senders).unwrap();
    for record in records {
        writer.record(record.sender, &record.raw).unwrap();
    }
    let bytes = writer.finish().unwrap();
    assert_eq!(bytes, out.len() as u64);
    out
}

proptest! {
    #[test]
    fn reading_gives_what_was_written(parts in parts()) {
        let read = Workload::decode(written(&parts).into()).unwrap();
        let (header, senders, records) = parts;
        prop_assert_eq!(read.header, header);
        prop_assert_eq!(&read.senders, &senders);
        let all: Vec<_> = read.funding().chain(read.approvals()).chain(read.transactions()).collect();
        prop_assert_eq!(all, records);
        prop_assert_eq!(read.transactions().count(), header.spec.transactions as usize);
    }

    #[test]
    fn a_part_is_no_workload(parts in parts(), cut in any::<prop::sample::Index>()) {
        let whole = written(&parts);
        let part = whole[..cut.index(whole.len())].to_vec();
        prop_assert!(Workload::decode(part.into()).is_err());
        prop_assert!(matches!(Workload::decode([&whole[..], &[0]].concat().into()), Err(FileError::TooLong(1))));
    }

    #[test]
    fn a_changed_bit_is_noticed(parts in parts(), at in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let mut bytes = written(&parts);
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        prop_assert!(Workload::decode(bytes.into()).is_err());
    }

    #[test]
    fn garbage_is_an_error(bytes in prop::collection::vec(any::<u8>(), 0..500), has_head in any::<bool>()) {
        let head = [&MAGIC[..], &VERSION.to_le_bytes(), &0_u32.to_le_bytes()].concat();
        let bytes = if has_head { [head, bytes].concat() } else { bytes };
        prop_assert!(Workload::decode(bytes.into()).is_err());
    }
}

#[test]
fn a_writer_keeps_its_word() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (header, senders, records) = parts().new_tree(&mut runner).unwrap().current();
    let fewer = Writer::new(Vec::new(), header, &senders[1..]);
    assert!(matches!(fewer, Err(FileError::Count { what: "senders", .. })));
    let mut writer = Writer::new(Vec::new(), header, &senders).unwrap();
    let stranger = writer.record(header.spec.senders, &[]);
    assert!(matches!(stranger, Err(FileError::Sender { .. })));
    for record in &records[1..] {
        writer.record(record.sender, &record.raw).unwrap();
    }
    assert!(matches!(writer.finish(), Err(FileError::Count { what: "transactions", .. })));
}
