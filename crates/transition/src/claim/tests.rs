//! Claims as bytes.

use proptest::prelude::*;

use super::*;

fn cursor() -> impl Strategy<Value = Cursor> {
    any::<(u64, u32, u32)>().prop_map(|(l1_number, entries, blocks)| Cursor {
        l1_number,
        entries,
        blocks,
    })
}

proptest! {
    #[test]
    fn block_claims_are_their_bytes(words in any::<[[u8; 32]; 4]>(), cursor in cursor(), sequence_number: u64, number: u64) {
        let [block_hash, state_root, withdrawals_root, origin_hash] = words.map(B256::new);
        let claim = BlockClaim {
            block_hash, state_root, withdrawals_root, cursor, origin_hash, sequence_number, number,
        };
        prop_assert_eq!(Claim::decode(&claim.encode()), Some(Claim::Block(claim)));
    }

    #[test]
    fn slice_claims_are_their_bytes(words in any::<[[u8; 32]; 3]>(), numbers: [u64; 3], bloom in any::<[u8; 32]>()) {
        let [parent, state_root, receipts] = words.map(B256::new);
        let [slices, inputs, gas_used] = numbers;
        let bloom = Bloom::from_slice(&bloom.repeat(8));
        let claim = SliceClaim { parent, state_root, receipts, slices, inputs, gas_used, bloom };
        prop_assert_eq!(Claim::decode(&claim.encode()), Some(Claim::Slice(claim.into())));
    }

    #[test]
    fn bytes_are_one_claim_or_none(bytes in prop::collection::vec(any::<u8>(), 0..400), to in 0_usize..4) {
        let mut bytes = bytes;
        if let Some(len) = [BLOCK_CLAIM_BYTES, SLICE_CLAIM_BYTES].get(to) {
            bytes.resize(*len, 0);
        }
        match Claim::decode(&bytes) {
            Some(Claim::Block(claim)) => prop_assert_eq!(&claim.encode()[..], &bytes[..]),
            Some(Claim::Slice(claim)) => prop_assert_eq!(&claim.encode()[..], &bytes[..]),
            None => {}
        }
    }
}

#[test]
fn padding_is_zero() {
    let mut bytes = [0; BLOCK_CLAIM_BYTES];
    assert!(BlockClaim::decode(&bytes).is_some());
    bytes[96] = 1;
    assert_eq!(BlockClaim::decode(&bytes), None, "before the cursor");
    let mut bytes = [0; BLOCK_CLAIM_BYTES];
    bytes[183] = 1;
    assert_eq!(BlockClaim::decode(&bytes), None, "before the sequence number");
    let mut bytes = [0; BLOCK_CLAIM_BYTES];
    bytes[215] = 1;
    assert_eq!(BlockClaim::decode(&bytes), None, "before the number");
    let mut bytes = [0; SLICE_CLAIM_BYTES];
    bytes[103] = 1;
    assert_eq!(SliceClaim::decode(&bytes), None, "before the number of slices");
}

/// Golden: other programs hold these.
#[test]
fn constants_and_hashes_are_fixed() {
    assert_eq!(INVALID, keccak256("braid: no claim"));
    let claim = BlockClaim {
        block_hash: B256::repeat_byte(1),
        state_root: B256::repeat_byte(2),
        withdrawals_root: B256::repeat_byte(3),
        cursor: Cursor { l1_number: 4, entries: 5, blocks: 6 },
        origin_hash: B256::repeat_byte(7),
        sequence_number: 8,
        number: 15,
    };
    assert_eq!(
        claim.hash(),
        b256!("7b3d6a21152a9085959f89bb41929c354e35f181990c93449134b81579eb8027")
    );
    let slice = SliceClaim {
        parent: claim.hash(),
        state_root: B256::repeat_byte(9),
        receipts: receipts_next(B256::ZERO, 10, b"receipt"),
        slices: 11,
        inputs: 12,
        gas_used: 13,
        bloom: Bloom::repeat_byte(14),
    };
    assert_eq!(
        slice.hash(),
        b256!("fec028caf125bf517e6c107e849891713f904d98f796c5a08885fb82bc30e23f")
    );
}

/// The vectors that Solidity writes and checks: the dispute contracts hash the same bytes.
#[test]
fn the_contracts_hash_the_same() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../contracts/test/vectors/claims.json");
    let text = std::fs::read_to_string(path).unwrap();
    let cases: std::vec::Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    assert!(!cases.is_empty());
    for case in cases {
        let hash = |key: &str| case[key].as_str().unwrap().parse::<B256>().unwrap();
        let number = |key: &str| case[key].as_u64().unwrap();
        let claim = BlockClaim {
            block_hash: hash("blockHash"),
            state_root: hash("stateRoot"),
            withdrawals_root: hash("withdrawalsRoot"),
            cursor: Cursor {
                l1_number: number("cursorL1"),
                entries: u32::try_from(number("cursorEntries")).unwrap(),
                blocks: u32::try_from(number("cursorBlocks")).unwrap(),
            },
            origin_hash: hash("originHash"),
            sequence_number: number("sequenceNumber"),
            number: number("number"),
        };
        assert_eq!(claim.hash(), hash("claim"));
        assert_eq!(claim.output_root(), hash("outputRoot"));
        assert_eq!(INVALID, hash("invalid"));
    }
}
