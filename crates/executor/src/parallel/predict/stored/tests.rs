//! What is stored comes back, and damage is noticed.

use alloy_primitives::keccak256;
use proptest::prelude::*;

use super::*;

fn word(hashes: usize) -> impl Strategy<Value = Word> {
    prop_oneof![
        Just(Word::Caller),
        Just(Word::To),
        (0..32_u16).prop_map(Word::Input),
        (0..std::cmp::max(hashes, 1)).prop_map(move |number| match hashes {
            0 => Word::Caller,
            _ => Word::Address(number),
        }),
        any::<[u64; 4]>().prop_map(|limbs| Word::Same(U256::from_limbs(limbs))),
    ]
}

fn slot(hashes: usize) -> impl Strategy<Value = Slot> {
    word(hashes).prop_map(Slot::Word).prop_recursive(4, 12, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone())
                .prop_map(|(key, base)| Slot::Mapping(Box::new(key), Box::new(base))),
            (inner, 1..16_u64).prop_map(|(slot, members)| Slot::Behind(Box::new(slot), members)),
        ]
    })
}

fn piece(hashes: usize) -> impl Strategy<Value = Piece> {
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..40).prop_map(Piece::Bytes),
        word(hashes).prop_map(Piece::Address),
        (word(hashes), word(hashes)).prop_map(|(one, other)| Piece::Sorted(one, other)),
        (0..std::cmp::max(hashes, 1)).prop_map(move |number| match hashes {
            0 => Piece::Bytes(vec![1]),
            _ => Piece::Hash(number),
        }),
    ]
}

fn template() -> impl Strategy<Value = Template> {
    let pieces = |hashes| proptest::collection::vec(piece(hashes), 0..4);
    let places = proptest::collection::vec((word(2), any::<bool>()), 0..6);
    let slots = proptest::collection::vec((word(2), slot(2), any::<bool>()), 0..6);
    (pieces(0), pieces(1), places, slots).prop_map(|(first, second, accounts, slots)| Template {
        hashes: vec![first, second],
        accounts,
        slots,
    })
}

fn predictor(templates: Vec<Template>) -> Predictor {
    let predictor = Predictor::default();
    for (number, template) in (0_u64..).zip(templates) {
        let (code_hash, to) = (keccak256(number.to_be_bytes()), Address::with_last_byte(9));
        predictor.contracts.write().insert(to, code_hash);
        let knowledge = Knowledge {
            template: RwLock::new(Some(Arc::new(template))),
            cost: AtomicU64::new(5_000 + number),
            patience: AtomicU32::new(64),
            number,
            ..Knowledge::default()
        };
        let kind = Kind::default();
        kind.routes.write().push(3);
        kind.variants.write().insert((Some(to), vec![U256::from(number)]), Arc::new(knowledge));
        predictor.kinds.write().insert((code_hash, FixedBytes([1, 2, 3, 4])), Arc::new(kind));
    }
    predictor
}

fn assert_same(one: &Predictor, other: &Predictor) {
    assert_eq!(*one.contracts.read(), *other.contracts.read());
    let (one, other) = (one.kinds.read(), other.kinds.read());
    assert_eq!(one.len(), other.len());
    for (key, kind) in one.iter() {
        assert_eq!(*kind.routes.read(), *other[key].routes.read());
        for (route, known) in kind.variants.read().iter() {
            let same = other[key].variants.read()[route].clone();
            assert_eq!(known.template(), same.template());
            let numbers = |known: &Knowledge| {
                let [cost, patience] = [
                    &known.cost.load(Ordering::Relaxed),
                    &u64::from(known.patience.load(Ordering::Relaxed)),
                ]
                .map(|n| *n);
                (cost, patience, known.number)
            };
            assert_eq!(numbers(known), numbers(&same));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn what_was_learned_comes_back(templates in proptest::collection::vec(template(), 0..5)) {
        let known = predictor(templates);
        let restored = Predictor::default();
        restored.restore(&known.encode()).unwrap();
        assert_same(&known, &restored);
    }

    #[test]
    fn damaged_bytes_are_refused_or_understood(
        templates in proptest::collection::vec(template(), 1..4),
        place: prop::sample::Index,
        value: u8,
        cut: prop::sample::Index,
    ) {
        let mut bytes = predictor(templates).encode();
        let place = place.index(bytes.len());
        bytes[place] = value;
        let restored = Predictor::default();
        let _ = restored.restore(&bytes);
        // What it took over, it can give again.
        let again = Predictor::default();
        again.restore(&restored.encode()).unwrap();
        assert_same(&restored, &again);
        let cut = cut.index(bytes.len());
        prop_assert!(Predictor::default().restore(&bytes[..cut]).is_err());
    }
}

#[test]
fn another_version_is_refused_and_nothing_is_lost() {
    let known = predictor(vec![Template { hashes: vec![], accounts: vec![], slots: vec![] }]);
    let before = known.encode();
    let other = Stored { version: 2, contracts: Vec::new(), kinds: Vec::new() };
    assert_eq!(known.restore(&alloy_rlp::encode(other)), Err(StoredError::Version(2)));
    assert!(known.restore(b"nothing").is_err());
    assert_eq!(known.encode(), before);
}
