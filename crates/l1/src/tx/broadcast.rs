//! What a node's answer to `eth_sendRawTransaction` means. Nodes differ in words and codes, so this file knows the
//! words of geth, reth, erigon, nethermind, besu and anvil; whatever it does not know is taken as "try again later".

use alloy::transports::TransportError;

/// Why a node did not take a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BroadcastError {
    /// Its nonce is used up: something with this nonce was mined.
    NonceTooLow,
    /// The node misses the nonces before it.
    NonceGap,
    /// The pool holds another transaction with this nonce that offers too much to be replaced at this price.
    ReplacementUnderpriced,
    /// It offers less than the node takes.
    Underpriced,
    /// The account cannot pay for it.
    InsufficientFunds,
    /// The account has transactions in the other of the two pools.
    OtherPool,
    /// No node will ever take it.
    Refused,
    /// The node was not reached, or said something else; the transaction may or may not be known to it.
    Unknown,
}

/// Words that tell the answers apart, in lower case; the first line that matches decides.
const WORDS: [(BroadcastError, &[&str]); 7] = [
    (BroadcastError::NonceTooLow, &["nonce too low", "nonce is too low", "old nonce", "oldnonce"]),
    (
        BroadcastError::NonceGap,
        &[
            "nonce too high",
            "nonce gap",
            "gapped nonce",
            "nonce is too distant",
            "future transaction",
        ],
    ),
    (
        BroadcastError::ReplacementUnderpriced,
        &[
            "replacement transaction underpriced",
            "replacementnotallowed",
            "replacement not allowed",
            "replacement underpriced",
            "could not replace existing tx",
        ],
    ),
    (
        BroadcastError::OtherPool,
        &[
            "address already reserved",
            "conflicting transaction type",
            "pendingtxsofconflictingtype",
        ],
    ),
    (
        BroadcastError::InsufficientFunds,
        &[
            "insufficient funds",
            "insufficientfunds",
            "insufficient balance",
            "upfront cost exceeds",
        ],
    ),
    (
        BroadcastError::Underpriced,
        &[
            "underpriced",
            "max fee per gas less than block base fee",
            "feetoolow",
            "fee too low",
            "max fee per blob gas less than block blob gas fee",
            "gas price below",
            "less than the minimum",
            "block `blob_gas_price` is greater",
            "tip needed",
        ],
    ),
    (
        BroadcastError::Refused,
        &[
            "intrinsic gas",
            "oversized data",
            "exceeds block gas limit",
            "gas limit is too high",
            "gas limit too high",
            "exceeds transaction gas",
            "transaction gas limit",
            "max initcode size",
            "too many blobs",
            "invalid sender",
            "invalid chain id",
            "floor data gas",
            "gas floor",
            "blob transaction missing",
            "transaction type not supported",
        ],
    ),
];

/// Words for a transaction that the node has already: as good as accepted.
const KNOWN: [&str; 3] = ["already known", "alreadyknown", "already imported"];
/// Besu's words for the same; only at the start, because others say "unknown transaction type".
const KNOWN_START: &str = "known transaction";

/// Reads a node's answer. `Ok` means that the node has the transaction.
pub(super) fn classify(answer: Result<(), &TransportError>) -> Result<(), BroadcastError> {
    let Err(error) = answer else { return Ok(()) };
    let Some(payload) = error.as_error_resp() else { return Err(BroadcastError::Unknown) };
    let message = payload.message.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
    if says(&KNOWN) || message.starts_with(KNOWN_START) {
        return Ok(());
    }
    let known = WORDS.iter().find(|(_, words)| says(words));
    Err(known.map_or(BroadcastError::Unknown, |(error, _)| *error))
}

#[cfg(test)]
mod tests {
    use alloy::rpc::json_rpc::ErrorPayload;

    use super::*;

    fn check(message: &'static str, expected: Result<(), BroadcastError>) {
        let payload = ErrorPayload { code: -32000, message: message.into(), data: None };
        assert_eq!(classify(Err(&TransportError::ErrorResp(payload))), expected, "{message}");
    }

    #[test]
    fn words_of_the_nodes() {
        use BroadcastError::*;
        check("already known", Ok(()));
        check("transaction already imported", Ok(()));
        check("AlreadyKnown", Ok(()));
        check("Known transaction", Ok(()));
        check("unknown transaction type", Err(Unknown));
        check("nonce too low: next nonce 6, tx nonce 5", Err(NonceTooLow));
        check("nonce too high: address 0x…, tx: 9 state: 5", Err(NonceGap));
        check(
            "replacement transaction underpriced: new tx gas fee cap 1 <= 2",
            Err(ReplacementUnderpriced),
        );
        check("transaction underpriced: tip needed 1, tip permitted 0", Err(Underpriced));
        check("address already reserved", Err(OtherPool));
        check("Insufficient funds for gas * price + value", Err(InsufficientFunds));
        check("max fee per gas less than block base fee: maxFeePerGas: 1", Err(Underpriced));
        check("intrinsic gas too low: have 1, want 2", Err(Refused));
        check("exceeds block gas limit", Err(Refused));
        check("something nobody has seen before", Err(Unknown));
    }

    #[test]
    fn silence_is_unknown() {
        assert_eq!(classify(Err(&TransportError::NullResp)), Err(BroadcastError::Unknown));
        assert_eq!(classify(Ok(())), Ok(()));
    }
}
