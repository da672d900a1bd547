//! What an endpoint says to a transaction, out of the words of many endpoints.

use alloy::hex;
use serde::Deserialize;

use super::super::lane::Item;

/// What was said to one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::run) enum Answer {
    /// It was taken.
    Accepted,
    /// It is there already, or its place is taken.
    Known {
        /// The error's code.
        code: String,
        /// Its words.
        message: String,
    },
    /// There is no room now.
    Later {
        /// The error's code.
        code: String,
        /// Its words.
        message: String,
        /// Whether it may have been taken all the same.
        may_be_there: bool,
    },
    /// It will never be taken.
    Refused {
        /// The error's code.
        code: String,
        /// Its words.
        message: String,
    },
}

/// Words for a transaction that is there already.
const KNOWN: [&str; 4] =
    ["already known", "already imported", "nonce too low", "known transaction"];
/// Words for a lack of room.
const NO_ROOM: [&str; 6] = [
    "txpool is full",
    "waiting already",
    "rate limit",
    "too many",
    "account limit exceeded",
    // One before it is still to be sent again.
    "nonce too high",
];

/// An answer of JSON-RPC.
#[derive(Debug, Deserialize)]
pub(super) struct Reply<'a> {
    #[serde(default)]
    pub(super) id: Option<u64>,
    #[serde(default, borrow)]
    result: Option<&'a serde_json::value::RawValue>,
    #[serde(default)]
    error: Option<Fault>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Fault {
    code: i64,
    #[serde(default)]
    message: String,
}

impl Reply<'_> {
    pub(super) fn answer(&self) -> Answer {
        match (&self.error, self.result) {
            (Some(fault), _) => fault.answer(),
            (None, Some(_)) => Answer::Accepted,
            (None, None) => Answer::Refused {
                code: "no result".to_owned(),
                message: "neither a result nor an error".to_owned(),
            },
        }
    }
}

impl Fault {
    fn answer(&self) -> Answer {
        /// Code of a limit exceeded (EIP-1474), and of an endpoint that is not ready.
        const LATER: [i64; 2] = [-32_005, -32_002];
        of(self.code.to_string(), self.message.clone(), LATER.contains(&self.code))
    }
}

/// Sorts an error by its words, unless it is known that it will pass.
pub(super) fn of(code: String, message: String, is_later: bool) -> Answer {
    let words = message.to_lowercase();
    let says = |known: &[&str]| known.iter().any(|known| words.contains(known));
    if says(&KNOWN) {
        Answer::Known { code, message }
    } else if is_later || says(&NO_ROOM) {
        Answer::Later { code, message, may_be_there: false }
    } else {
        Answer::Refused { code, message }
    }
}

/// The call that sends `item`.
pub(super) fn call(out: &mut String, id: u64, item: &Item) {
    out.push_str(r#"{"jsonrpc":"2.0","id":"#);
    out.push_str(&id.to_string());
    out.push_str(r#","method":"eth_sendRawTransaction","params":["0x"#);
    out.push_str(&hex::encode(&item.raw));
    out.push_str(r#""]}"#);
}

/// The calls that send `items`, with ids from `first` on: one plain, several as a JSON-RPC batch.
pub(super) fn calls(items: &[Item], first: u64, batch: usize) -> String {
    let bytes: usize = items.iter().map(|item| item.raw.len() * 2 + 96).sum();
    let mut out = String::with_capacity(bytes + 2);
    if batch == 1 {
        for (id, item) in (first..).zip(items) {
            call(&mut out, id, item);
        }
        return out;
    }
    out.push('[');
    for (place, (id, item)) in (first..).zip(items).enumerate() {
        if place > 0 {
            out.push(',');
        }
        call(&mut out, id, item);
    }
    out.push(']');
    out
}

/// The answers to calls with ids from `first` on; `None` where it is not that.
pub(super) fn answers(text: &[u8], first: u64, count: usize) -> Option<Vec<Answer>> {
    let replies: Vec<Reply<'_>> = if text.trim_ascii_start().starts_with(b"[") {
        serde_json::from_slice(text).ok()?
    } else {
        let reply: Reply<'_> = serde_json::from_slice(text).ok()?;
        // One error for all of a batch.
        if let (true, Some(fault)) = (count > 1 || reply.id.is_none(), &reply.error) {
            return Some(vec![fault.answer(); count]);
        }
        vec![reply]
    };
    let mut answers = vec![None; count];
    for reply in replies {
        let place = usize::try_from(reply.id?.checked_sub(first)?).ok()?;
        *answers.get_mut(place)? = Some(reply.answer());
    }
    answers.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_sorted_by_what_to_do() {
        let text =
            br#"[{"id":8,"jsonrpc":"2.0","error":{"code":-32000,"message":"Txpool is full"}},
            {"id":7,"jsonrpc":"2.0","result":"0x1"},
            {"id":9,"error":{"code":-32000,"message":"insufficient funds"}}]"#;
        let found = answers(text, 7, 3).unwrap();
        assert_eq!(found[0], Answer::Accepted);
        assert!(matches!(&found[1], Answer::Later { code, .. } if code == "-32000"));
        assert!(matches!(found[2], Answer::Refused { .. }));
        assert!(answers(text, 8, 3).is_none(), "an id that was not asked");
        assert!(answers(text, 7, 4).is_none(), "an answer is missing");
        assert!(answers(b"<html>", 0, 1).is_none());
    }

    #[test]
    fn one_error_is_for_all() {
        let text = br#"{"id":null,"error":{"code":-32005,"message":"rate limit exceeded"}}"#;
        let found = answers(text, 0, 2).unwrap();
        assert_eq!(found.len(), 2);
        assert!(found.iter().all(|answer| matches!(answer, Answer::Later { .. })));
    }

    #[test]
    fn what_is_there_already_is_no_new_refusal() {
        let known = of("-32000".to_owned(), "already known".to_owned(), false);
        assert!(matches!(known, Answer::Known { .. }));
    }
}
