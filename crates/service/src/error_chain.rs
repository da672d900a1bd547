//! What a log line or a status page says of an error. Errors say their own layer only, so the causes are added here.

use std::error::Error;

/// An error and its causes in one line, for the place where it is handled.
pub fn error_chain(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        line.push_str(": ");
        line.push_str(&error.to_string());
        cause = error.source();
    }
    line
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot read block 7")]
    struct Outer(#[source] io::Error);

    #[test]
    fn causes_are_printed_once() {
        let error = Outer(io::Error::other("gone"));
        assert_eq!(error_chain(&error), "cannot read block 7: gone");
    }
}
