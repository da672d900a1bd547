//! The last stage: keys by their own coordinates, their hashes, and the addresses in those.

use alloy_primitives::Address;
use lanes::{Cpu, Kernel, M52, each, permute};

use super::{Work, field::Fe, inverter::Met, jacobian::Jacobian};

/// 1/2 modulo p.
const HALF: [u64; 5] = [0x000f_ffff_7fff_fe18, M52, M52, M52, M52 >> 5];

#[derive(Debug)]
pub(super) struct Finish<'a> {
    pub(super) work: &'a mut Work,
    /// Signatures of the chunk.
    pub(super) count: usize,
    pub(super) signers: &'a mut Vec<Option<Address>>,
}

impl Kernel for Finish<'_> {
    type Output = Result<(), Met>;

    #[inline(always)]
    fn run(self, cpu: Cpu) -> Result<(), Met> {
        let Work { groups, keys, inverter, .. } = self.work;
        for key in keys.iter() {
            inverter.push(key.z);
        }
        inverter.invert()?;
        let began = self.signers.len();
        self.signers.resize(began + self.count, None);
        for (i, key) in keys.iter().enumerate().rev() {
            let words = hash(cpu, key, &inverter.pop());
            let eight = self.signers[began..].iter_mut().skip(8 * i).take(8);
            for (lane, signer) in eight.enumerate() {
                if groups[i].valid >> lane & 1 == 1 {
                    *signer = Some(address(each!(3, w => words[w][lane])));
                }
            }
        }
        Ok(())
    }
}

/// The last three words of the hashes of eight keys.
#[inline(always)]
fn hash(cpu: Cpu, key: &Jacobian, z_inverse: &Fe) -> [[u64; 8]; 3] {
    let inverse2 = z_inverse.square();
    let inverse3 = inverse2.times(z_inverse);
    let x = key.x.times(&inverse2).canonical().words();
    let y = key.w.times(&inverse3).times(&Fe::splat(cpu, HALF)).canonical().words();
    // 64 bytes, x before y, both big-endian; then Keccak's padding, which ends with the block's last byte.
    let mut state = [cpu.zero(); 25];
    let mut i = 0;
    while i < 4 {
        state[i] = x[3 - i].swap_bytes();
        state[4 + i] = y[3 - i].swap_bytes();
        i += 1;
    }
    state[8] = cpu.splat(1);
    state[16] = cpu.splat(1 << 63);
    let state = permute(state);
    each!(3, w => state[1 + w].store())
}

/// The last 20 of 24 bytes.
fn address(words: [u64; 3]) -> Address {
    let mut bytes = [0; 24];
    for (to, word) in bytes.chunks_exact_mut(8).zip(words) {
        to.copy_from_slice(&word.to_le_bytes());
    }
    Address::from_slice(&bytes[4..])
}
