//! Host calls: what they mean. Register a7 says which, a0 to a2 are the arguments, a0 gets the result.
//!
//! Each has one outcome for every value of the registers. An unknown number, a pointer that is not aligned or beyond the
//! end of memory and a length that is too large are traps. A call writes one word of memory at most, after all its reads.

use alloy_primitives::{B256, Keccak256, Signature, U256};

use super::{Host, MEMORY_BYTES, Memory, keys::Key};

/// The longest input of call 2.
pub const KECCAK_BYTES_MAX: u64 = 64 << 10;
/// Bytes that call 3 reads.
pub const RECOVER_BYTES: u64 = 128;

/// A host call that can be carried out: its pointers are aligned and within memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// 1: 32 bytes of a preimage.
    Preimage {
        /// Where the key is.
        key: u64,
        /// Of the first byte that is wanted.
        offset: u64,
        /// Where they go.
        destination: u64,
    },
    /// 2: the hash of bytes.
    Keccak256 {
        /// Where they are; a multiple of the size of the buffer that [`buffer_height`] gives.
        from: u64,
        /// How many.
        length: u64,
        /// Where the hash goes.
        destination: u64,
    },
    /// 3: the signer of a hash.
    Recover {
        /// Where the hash, `v`, `r` and `s` are, a word each.
        from: u64,
        /// Where the address goes.
        destination: u64,
    },
    /// 4: sets the output.
    Commit {
        /// Where it is.
        from: u64,
    },
    /// 93: ends the run.
    Exit {
        /// The exit code.
        code: u8,
    },
}

/// What a host call does to the state, besides the step that it is. All but an exit go on behind the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Writes a word of memory.
    Word {
        /// Where: a multiple of 32 within memory.
        at: u64,
        /// What.
        word: B256,
        /// What register a0 becomes, if it changes.
        result: Option<u64>,
    },
    /// Sets the output.
    Output(B256),
    /// Ends the run with this code.
    Exit(u8),
}

/// Memory as a call reads it.
pub trait Words {
    /// The 32 bytes at an address; `None` if it is not a multiple of 32 or beyond the end.
    fn word(&self, address: u64) -> Option<B256>;
}

impl Words for Memory {
    fn word(&self, address: u64) -> Option<B256> {
        self.read(address).map(B256::new)
    }
}

impl Call {
    /// The call that the registers a7 and a0 to a2 ask for; `None` for a trap.
    pub const fn of(number: u64, [a0, a1, a2]: [u64; 3]) -> Option<Self> {
        let (call, is_possible) = match number {
            1 => {
                let call = Self::Preimage { key: a0, offset: a1, destination: a2 };
                (call, is_buffer(a0, 32) && is_buffer(a2, 32))
            }
            2 => {
                let Some(height) = buffer_height(a1) else { return None };
                let call = Self::Keccak256 { from: a0, length: a1, destination: a2 };
                (call, is_buffer(a0, 32 << height) && is_buffer(a2, 32))
            }
            3 => {
                let call = Self::Recover { from: a0, destination: a1 };
                (call, is_buffer(a0, RECOVER_BYTES) && is_buffer(a1, 32))
            }
            4 => (Self::Commit { from: a0 }, is_buffer(a0, 32)),
            93 => (Self::Exit { code: exit_code(a0) }, true),
            _ => return None,
        };
        if is_possible { Some(call) } else { None }
    }

    /// What the call does.
    ///
    /// # Errors
    /// Only if the host lacks the preimage. The call then has an outcome that this host cannot know.
    pub fn carry_out<H: Host>(
        self,
        memory: &impl Words,
        host: &mut H,
    ) -> Result<Option<Effect>, H::Error> {
        Ok(match self {
            Self::Preimage { key, offset, destination } => {
                let Some(key) = memory.word(key) else { return Ok(None) };
                let (word, length) = preimage_word(key, offset, host)?;
                Some(Effect::Word { at: destination, word, result: Some(length) })
            }
            Self::Keccak256 { from, length, destination } => hashed(memory, from, length)
                .map(|word| Effect::Word { at: destination, word, result: None }),
            Self::Recover { from, destination } => inputs(memory, from).map(|inputs| {
                let signer = recovered(inputs);
                let result = Some(u64::from(signer.is_some()));
                Effect::Word { at: destination, word: signer.unwrap_or_default(), result }
            }),
            Self::Commit { from } => memory.word(from).map(Effect::Output),
            Self::Exit { code } => Some(Effect::Exit(code)),
        })
    }
}

/// The height of the tree over the buffer of a length: its bytes are the smallest power of two that holds them, and a word
/// at least. `None` where the length is too large for call 2.
pub const fn buffer_height(length: u64) -> Option<u32> {
    if length > KECCAK_BYTES_MAX {
        return None;
    }
    Some(length.div_ceil(32).next_power_of_two().trailing_zeros())
}

/// 0 is success and nothing else is: what does not fit a byte is 255.
const fn exit_code(a0: u64) -> u8 {
    if a0 < 0xff { a0.to_le_bytes()[0] } else { 0xff }
}

/// Whether a buffer of `size` bytes, a power of two, can be there.
const fn is_buffer(at: u64, size: u64) -> bool {
    at < MEMORY_BYTES && at.is_multiple_of(size)
}

/// Bytes `offset..offset + 32` of a preimage, with zeros behind its end, and its length.
fn preimage_word<H: Host>(key: B256, offset: u64, host: &mut H) -> Result<(B256, u64), H::Error> {
    let bytes = match Key::of(key) {
        Key::Local(number) => local(host.locals(), number),
        Key::Keccak256 | Key::Opened => host.preimage(key)?,
        Key::Unknown => &[],
    };
    let offset = usize::try_from(offset).unwrap_or(usize::MAX);
    let rest = bytes.get(offset..).unwrap_or_default();
    let taken = &rest[..core::cmp::min(rest.len(), 32)];
    Ok((B256::right_padding_from(taken), bytes.len() as u64))
}

fn local(locals: &[B256], number: U256) -> &[u8] {
    let place = usize::try_from(number).ok().and_then(|number| locals.get(number));
    place.map_or(&[], |word| word.as_slice())
}

fn hashed(memory: &impl Words, from: u64, length: u64) -> Option<B256> {
    let mut hasher = Keccak256::new();
    let mut rest = usize::try_from(length).ok()?;
    for at in (from..).step_by(32) {
        let taken = core::cmp::min(rest, 32);
        if taken == 0 {
            break;
        }
        hasher.update(&memory.word(at)?[..taken]);
        rest -= taken;
    }
    Some(hasher.finalize())
}

fn inputs(memory: &impl Words, from: u64) -> Option<[B256; 4]> {
    let [hash, v, r, s] = [0, 32, 64, 96].map(|at| memory.word(from + at));
    Some([hash?, v?, r?, s?])
}

/// The signer's address with zeros before it, as the precompile at address 1 gives it; `s` may be in the upper half.
fn recovered([hash, v, r, s]: [B256; 4]) -> Option<B256> {
    let is_odd = v == B256::with_last_byte(28);
    if !is_odd && v != B256::with_last_byte(27) {
        return None;
    }
    let signature = Signature::new(r.into(), s.into(), is_odd);
    signature.recover_address_from_prehash(&hash).ok().map(|address| address.into_word())
}
