//! What a command tells its user: steps that were made, on stdout, one line each; what it waits for, on stderr.

use std::{
    io::{self, IsTerminal, Write},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

/// Where nobody looks on, a wait that goes on is mentioned again after this long.
const REMINDER_INTERVAL: Duration = Duration::from_secs(60);
/// Goes to the beginning of the line and clears it.
const CLEAR_LINE: &str = "\r\x1b[K";

/// The two streams.
#[derive(Debug)]
pub(crate) struct Console {
    json: bool,
    /// Whether a line on stderr can be written over.
    terminal: bool,
    waiting: Option<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    /// What is waited for, without the time that is left.
    what: &'static str,
    said_at: Instant,
}

impl Console {
    pub(crate) fn new(json: bool) -> Self {
        Self { json, terminal: io::stderr().is_terminal(), waiting: None }
    }

    /// A step: `text` for people, `fields` and the name of the step for programs.
    #[expect(clippy::print_stdout, reason = "what the command is for; logs go to stderr")]
    pub(crate) fn step(&mut self, name: &'static str, text: &str, fields: Value) {
        self.clear();
        if self.json {
            println!("{}", with_name(name, fields));
        } else {
            println!("{text}");
        }
    }

    /// Waits: `what` is the same for as long as it is the same wait, `text` has the time that is left.
    pub(crate) fn waiting(&mut self, what: &'static str, text: &str) {
        if self.terminal {
            self.on_stderr(&format!("{CLEAR_LINE}{text}"));
        } else if self.is_news(what) {
            self.on_stderr(&format!("{text}\n"));
        } else {
            return;
        }
        self.waiting = Some(Waiting { what, said_at: Instant::now() });
    }

    fn is_news(&self, what: &'static str) -> bool {
        self.waiting.as_ref().is_none_or(|waiting| {
            waiting.what != what || waiting.said_at.elapsed() >= REMINDER_INTERVAL
        })
    }

    fn clear(&mut self) {
        if self.waiting.take().is_some() && self.terminal {
            self.on_stderr(CLEAR_LINE);
        }
    }

    /// Progress that cannot be shown is no reason to stop.
    fn on_stderr(&self, text: &str) {
        let mut stderr = io::stderr().lock();
        let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        self.clear();
    }
}

fn with_name(name: &'static str, fields: Value) -> Value {
    let mut line = json!({ "step": name });
    if let (Some(line), Value::Object(mut fields)) = (line.as_object_mut(), fields) {
        line.append(&mut fields);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_for_programs_names_its_step() {
        let line = with_name("proven", json!({ "l1Block": 7 }));
        assert_eq!(line, json!({ "step": "proven", "l1Block": 7 }));
    }

    #[test]
    fn the_same_wait_is_said_once_where_nobody_looks_on() {
        let mut console = Console { json: false, terminal: false, waiting: None };
        assert!(console.is_news("proposal"));
        console.waiting = Some(Waiting { what: "proposal", said_at: Instant::now() });
        assert!(!console.is_news("proposal"));
        assert!(console.is_news("window"));
    }
}
