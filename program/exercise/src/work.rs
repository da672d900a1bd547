//! What the exercise computes: the same source runs in the machine and natively.

use alloc::{collections::BTreeMap, vec::Vec};

use alloy_primitives::{Address, B256, I256, Keccak256, U256, keccak256};

/// Numbers that follow from a seed.
struct Numbers(u64);

impl Numbers {
    fn of(seed: B256) -> Self {
        Self(
            seed.as_slice()
                .iter()
                .fold(1, |number, byte| number << 7 ^ number >> 57 ^ u64::from(*byte)),
        )
    }

    /// A multiplicative generator with its high bits folded in; good enough to be different every time.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        self.0 ^ self.0 >> 29
    }

    fn word(&mut self) -> [u8; 32] {
        let mut word = [0; 32];
        word.chunks_exact_mut(8)
            .for_each(|chunk| chunk.copy_from_slice(&self.next().to_le_bytes()));
        word
    }
}

/// The hash of all results. `recover` is how a signer is found.
pub(crate) fn work(
    seed: B256,
    bytes: &[u8],
    rounds: u64,
    recover: impl Fn(&[u8; 32], &[u8; 64], bool) -> Option<Address>,
) -> B256 {
    let mut state = keccak256([seed.as_slice(), bytes].concat());
    for _ in 0..rounds {
        let mut numbers = Numbers::of(state);
        let results = [
            sorted(&mut numbers),
            wide(&mut numbers),
            narrow(&mut numbers),
            in_software(bytes),
            of_many_lengths(bytes),
            signers(&mut numbers, &recover),
        ];
        state = keccak256([state.as_slice(), results.as_flattened()].concat());
    }
    state
}

/// The heap: vectors that grow, maps whose nodes come and go.
fn sorted(numbers: &mut Numbers) -> [u8; 32] {
    let mut list: Vec<u64> = (0..2_000).map(|_| numbers.next()).collect();
    let mut map: BTreeMap<u64, Vec<u8>> = BTreeMap::new();
    for number in &list {
        map.entry(number % 500).or_default().extend(number.to_le_bytes());
        map.remove(&(number % 499));
    }
    list.sort_unstable();
    let bytes = list.iter().flat_map(|number| number.to_be_bytes());
    let kept = map.into_iter().flat_map(|(key, bytes)| key.to_be_bytes().into_iter().chain(bytes));
    keccak256(bytes.chain(kept).collect::<Vec<_>>()).0
}

/// Arithmetic on 256 bits: multiplications with high halves, long divisions.
fn wide(numbers: &mut Numbers) -> [u8; 32] {
    let mut sum = U256::ZERO;
    for _ in 0..100 {
        let [a, b, c] = [0; 3].map(|_: u8| U256::from_be_bytes(numbers.word()));
        sum ^= a.mul_mod(b, c) + a / (b >> 100) + a % (c >> 77) + a.pow(b & U256::from(15));
        let signed = I256::from_raw(a).wrapping_div(I256::from_raw(b.arithmetic_shr(90)));
        sum = sum.wrapping_add(signed.into_raw()).rotate_left(3);
    }
    sum.to_be_bytes()
}

/// Arithmetic on 8 to 64 bits, with signs and without: all divisions, shifts and comparisons.
fn narrow(numbers: &mut Numbers) -> [u8; 32] {
    let (mut long, mut short) = (1_u64, 1_u32);
    for _ in 0..1_000 {
        let (a, b) = (numbers.next(), numbers.next() >> (numbers.next() & 63));
        let (x, y) = (a.cast_signed(), b.cast_signed());
        long = long.rotate_left(5) ^ a.checked_div(b).unwrap_or(a) ^ a.checked_rem(b).unwrap_or(b);
        long ^= x.checked_div(y).unwrap_or(y).cast_unsigned();
        long ^= x.checked_rem(y).unwrap_or(x).cast_unsigned();
        long ^=
            ((i128::from(x) * i128::from(y)) >> 64).cast_unsigned() as u64 ^ (x >> (b & 63)) as u64;
        let (a, b) = (a as u32, b as u32);
        let (x, y) = (a.cast_signed(), b.cast_signed());
        short =
            short.rotate_left(3) ^ a.checked_div(b).unwrap_or(a) ^ a.checked_rem(b).unwrap_or(b);
        short ^= x.checked_div(y).unwrap_or(y).cast_unsigned();
        short ^= x.checked_rem(y).unwrap_or(x).cast_unsigned() ^ (x >> (b & 31)) as u32;
        long ^= u64::from(x < y)
            | u64::from(a < b) << 1
            | (x as i8 as i64 as u64) << 2 ^ (y as i16 as u64);
    }
    let mut word = [0; 32];
    word[..8].copy_from_slice(&long.to_be_bytes());
    word[8..12].copy_from_slice(&short.to_be_bytes());
    word
}

/// Keccak-256 that no host call does.
fn in_software(bytes: &[u8]) -> [u8; 32] {
    let mut hasher = Keccak256::new();
    bytes.chunks(100).for_each(|chunk| hasher.update(chunk));
    hasher.finalize().0
}

/// Hashes of beginnings and of ends, wherever in memory they are.
fn of_many_lengths(bytes: &[u8]) -> [u8; 32] {
    let lengths =
        [0, 1, 31, 32, 33, 64, 135, 136, 137, 1_000, 1_024, 1_025, 65_535, 65_536, 65_537];
    let mut hashes = Vec::new();
    for length in lengths.into_iter().filter(|length| *length <= bytes.len()) {
        hashes.extend(keccak256(&bytes[..length]));
        hashes.extend(keccak256(&bytes[bytes.len() - length..]));
    }
    keccak256(hashes).0
}

/// Of signatures that are nobody's and of those that are somebody's, as random ones are half of the time.
fn signers(
    numbers: &mut Numbers,
    recover: impl Fn(&[u8; 32], &[u8; 64], bool) -> Option<Address>,
) -> [u8; 32] {
    let mut signers = Vec::new();
    for round in 0..4 {
        let mut signature = [0; 64];
        signature[..32].copy_from_slice(&numbers.word());
        signature[32..].copy_from_slice(&numbers.word());
        match recover(&numbers.word(), &signature, round % 2 == 1) {
            Some(signer) => signers.extend(signer),
            None => signers.push(0),
        }
    }
    keccak256(signers).0
}
