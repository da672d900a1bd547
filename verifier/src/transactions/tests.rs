//! As the executor decodes one by one.

use alloy::primitives::hex;

use super::*;

#[test]
fn as_one_by_one() {
    // The example of EIP-155, its signature spoilt, and no transaction.
    let good = hex!(
        "f86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a76400008025a028ef61340bd9"
        "39bc2195fe537567866003e1a15d3c71ff63e1590620aa636276a067cbe9d8997f761aecb703304b3800ccf555c9f3dc6421"
        "4b297fb1966a3b6d83"
    );
    let mut nobodys = good;
    nobodys[good.len() - 32] = 0xff;
    let raws: Vec<Bytes> =
        [&good[..], &nobodys, &good[1..], &good].map(Bytes::copy_from_slice).into();
    let expected: Vec<_> = raws.iter().map(|raw| RecoveredTransaction::decode(raw).ok()).collect();
    assert_eq!(
        expected.iter().map(Option::is_some).collect::<Vec<_>>(),
        [true, false, false, true]
    );
    assert_eq!(recovered(&raws), expected);
}
