//! Code with its jump destinations, which take longer to find than a short call takes to run.
//!
//! With `std`, what was found is kept for the whole process, within a bound. Invariant: what comes out depends on the code
//! alone. A hash is only where to look: code under a hash that is not its own finds nothing that is not its own.

use alloy_primitives::{B256, Bytes};
use revm::state::Bytecode;

#[cfg(feature = "std")]
pub(crate) use kept::analysed;

/// Without threads and memory to share: the fault-proof program.
#[cfg(not(feature = "std"))]
pub(crate) fn analysed(_: B256, raw: Bytes) -> Bytecode {
    analyse(raw)
}

fn analyse(raw: Bytes) -> Bytecode {
    // No deployment can make code that starts like a delegation and is none, but genesis or an override might.
    Bytecode::new_raw_checked(raw.clone()).unwrap_or_else(|_| Bytecode::new_legacy(raw))
}

#[cfg(feature = "std")]
mod kept {
    use std::sync::LazyLock;

    use quick_cache::{Weighter, sync::Cache};

    use super::{B256, Bytecode, Bytes, analyse};

    /// The most bytes of code that are kept.
    const BYTES_MAX: u64 = 64 << 20;
    /// What a code counts beside its bytes.
    const CODE_BYTES: u64 = 256;
    /// How many codes are expected, for the first size of the table.
    const CODES_EXPECTED: usize = 4_096;

    static KEPT: LazyLock<Cache<B256, Bytecode, Size>> =
        LazyLock::new(|| Cache::with_weighter(CODES_EXPECTED, BYTES_MAX, Size));

    #[derive(Debug, Clone)]
    struct Size;

    impl Weighter<B256, Bytecode> for Size {
        fn weight(&self, _: &B256, code: &Bytecode) -> u64 {
            code.bytes_ref().len() as u64 + CODE_BYTES
        }
    }

    /// The code, analysed. `hash` is where it is looked for.
    pub(crate) fn analysed(hash: B256, raw: Bytes) -> Bytecode {
        if let Some(code) = KEPT.get(&hash)
            && *code.original_byte_slice() == *raw
        {
            return code;
        }
        let code = analyse(raw);
        KEPT.insert(hash, code.clone());
        code
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use alloy_primitives::keccak256;

    use super::*;

    #[test]
    fn code_is_analysed_once_and_never_taken_for_another() {
        let [one, other] = [[0x5b; 100], [0x60; 100]].map(Bytes::from);
        let hash = keccak256(&one);
        let first = analysed(hash, one.clone());
        let again = analysed(hash, one.clone());
        assert_eq!(first.bytes_ref().as_ptr(), again.bytes_ref().as_ptr(), "it was kept");
        assert_eq!(first, analyse(one.clone()));
        // Somebody calls with other code under that hash.
        assert_eq!(analysed(hash, other.clone()), analyse(other));
        assert_eq!(analysed(hash, one.clone()), analyse(one));
    }

    #[test]
    fn what_only_looks_like_a_delegation_is_code() {
        for raw in [&[0xef, 0x01, 0x00][..], &[0xef, 0x01, 0x00, 1, 2], &[]] {
            let raw = Bytes::copy_from_slice(raw);
            assert_eq!(analysed(keccak256(&raw), raw.clone()).original_byte_slice(), &*raw);
        }
    }
}
