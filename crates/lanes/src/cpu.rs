//! Whether this CPU has the instructions, as a value that proves it, and how code is compiled for them.
#![expect(unsafe_code, reason = "calls what is compiled for more than the least of x86-64")]

use super::Lanes;

/// Proof that this CPU has the instructions of this crate.
#[derive(Debug, Clone, Copy)]
pub struct Cpu(());

/// Work that is compiled for those instructions: [`Cpu::run`] runs it.
///
/// `run` must be `#[inline(always)]`, and so must everything in it that computes with lanes.
pub trait Kernel {
    /// What comes of it.
    type Output;

    /// Does the work.
    fn run(self, cpu: Cpu) -> Self::Output;
}

impl Cpu {
    /// `None` where an instruction is missing.
    pub fn detect() -> Option<Self> {
        let all = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512ifma");
        all.then_some(Self(()))
    }

    /// Lanes exist only where there was a `Cpu`.
    #[inline(always)]
    pub(crate) const fn of(_: Lanes) -> Self {
        Self(())
    }

    /// Runs a kernel with the instructions.
    #[inline(always)]
    pub fn run<K: Kernel>(self, kernel: K) -> K::Output {
        // SAFETY: the CPU has these features, or there would be no `self`.
        unsafe { compiled_for_it(self, kernel) }
    }
}

/// Never inlined: a stage that calls another shares no registers with it.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512ifma")]
fn compiled_for_it<K: Kernel>(cpu: Cpu, kernel: K) -> K::Output {
    kernel.run(cpu)
}
