//! The transition against the native chain.
