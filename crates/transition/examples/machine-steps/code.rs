//! Contracts that do one thing again and again.

use alloy_primitives::{Address, U256};

pub(crate) const STOP: u8 = 0x00;
pub(crate) const POP: u8 = 0x50;
const CODECOPY: u8 = 0x39;
const SSTORE: u8 = 0x55;
const JUMPI: u8 = 0x57;
pub(crate) const GAS: u8 = 0x5a;
const JUMPDEST: u8 = 0x5b;
pub(crate) const PUSH0: u8 = 0x5f;
const GT: u8 = 0x11;
pub(crate) const STATICCALL: u8 = 0xfa;

/// The shortest push of a number.
pub(crate) fn push(number: impl TryInto<U256>) -> Vec<u8> {
    let number = number.try_into().ok().expect("a number of 256 bits");
    let bytes = number.to_be_bytes_trimmed_vec();
    let length = u8::try_from(bytes.len()).expect("at most 32");
    [vec![PUSH0 + length], bytes].concat()
}

/// Pushes numbers, the last of them to the top.
pub(crate) fn pushes(numbers: impl IntoIterator<Item = u64>) -> Vec<u8> {
    numbers.into_iter().flat_map(|number| push(U256::from(number))).collect()
}

/// A call that leaves whether it succeeded. `gas`: `None` for all there is.
pub(crate) fn call(to: Address, input_bytes: usize, gas: Option<u64>) -> Vec<u8> {
    let mut code = pushes([0, 0, input_bytes as u64, 0]);
    code.extend(push(U256::from_be_slice(to.as_slice())));
    code.extend(gas.map_or_else(|| vec![GAS], |gas| push(U256::from(gas))));
    code.push(STATICCALL);
    code
}

/// A contract with `data` in memory from 0 on, which does `once`, puts what that leaves into slot 0, and then does `body` until less
/// gas is left than `stop_at`.
pub(crate) fn looping(data: &[u8], once: &[u8], body: &[u8], stop_at: u64) -> Vec<u8> {
    // The length of the code before the data does not depend on where the data is.
    let make = |data_at: u64| {
        let mut code = Vec::new();
        // PUSH4, whatever the number.
        code.push(PUSH0 + 4);
        code.extend(u32::try_from(data.len()).expect("short").to_be_bytes());
        code.push(PUSH0 + 4);
        code.extend(u32::try_from(data_at).expect("short").to_be_bytes());
        code.extend([PUSH0, CODECOPY]);
        if !once.is_empty() {
            code.extend(once);
            code.extend([PUSH0, SSTORE]);
        }
        let again = u32::try_from(code.len()).expect("short");
        code.push(JUMPDEST);
        code.extend(body);
        code.extend(push(U256::from(stop_at)));
        code.extend([GAS, GT, PUSH0 + 4]);
        code.extend(again.to_be_bytes());
        code.extend([JUMPI, STOP]);
        code
    };
    let length = make(0).len() as u64;
    [make(length), data.to_vec()].concat()
}
