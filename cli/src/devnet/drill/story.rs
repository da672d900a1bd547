//! What happens in a dispute, in plain words, from the oracle's events alone.

use std::{collections::BTreeMap, time::Instant};

use alloy::{
    primitives::{Address, B256, U256, utils::format_ether},
    sol_types::SolEventInterface,
};
use bindings::DisputeOracle::DisputeOracleEvents as Event;
use serde_json::json;

/// Where the story is told: lines for people, or one JSON object to a line for programs.
#[derive(Debug)]
pub(super) struct Console {
    json: bool,
    began: Instant,
    names: BTreeMap<Address, String>,
}

impl Console {
    pub(super) fn new(json: bool, names: Vec<(Address, String)>) -> Self {
        Self { json, began: Instant::now(), names: names.into_iter().collect() }
    }

    #[expect(clippy::print_stdout, reason = "what the command is for; logs go to stderr")]
    pub(super) fn say(&self, event: &str, text: &str) {
        let seconds = self.began.elapsed().as_secs_f64();
        if self.json {
            println!("{}", json!({ "seconds": seconds, "event": event, "text": text }));
        } else {
            println!("{seconds:7.1} s  {text}");
        }
    }

    /// What somebody is called.
    pub(super) fn name(&self, account: Address) -> String {
        self.names.get(&account).cloned().unwrap_or_else(|| account.to_string())
    }
}

/// What the levels of a dispute are about.
const LEVELS: [(&str, &str); 3] =
    [("segments", "segment"), ("strides", "stride"), ("steps", "step")];

/// What was told so far, so that hashes have names.
#[derive(Debug, Default)]
pub(super) struct Story {
    /// Level of a tournament.
    levels: BTreeMap<B256, usize>,
    /// Tournament of a match, and its two sides.
    matches: BTreeMap<B256, (B256, [B256; 2])>,
    /// Who joined with a commitment.
    sides: BTreeMap<(B256, B256), Address>,
}

impl Story {
    /// What an event says, if that is worth telling; `mover` sent the transaction. With a short name of the event.
    pub(super) fn tell(
        &mut self,
        log: &alloy::primitives::Log,
        mover: Address,
        console: &Console,
    ) -> Option<(&'static str, String)> {
        let event = Event::decode_log(log).ok()?.data;
        let who = console.name(mover);
        self.of_tournament(&event, console)
            .or_else(|| self.of_match(&event, &who, console))
            .or_else(|| self.of_list(&event, &who, console))
    }

    /// Who is in a tournament, and how it ends.
    fn of_tournament(
        &mut self,
        event: &Event,
        console: &Console,
    ) -> Option<(&'static str, String)> {
        Some(match event {
            Event::TournamentOpened(event) => {
                self.levels.insert(event.tournament, usize::from(event.level));
                let (about, window) = (self.about(event.tournament), event.window);
                ("opened", format!("a tournament about {about} opens, for {window} s"))
            }
            Event::Joined(event) => {
                self.sides.insert((event.tournament, event.commitment), event.joiner);
                let (who, about) = (console.name(event.joiner), self.about(event.tournament));
                ("joined", format!("{who} joins about {about} and has {} s", event.clock))
            }
            Event::Paired(event) => {
                self.matches.insert(event.matchId, (event.tournament, [event.one, event.two]));
                let side = |side| self.side(event.tournament, side, console);
                let (one, two, about) =
                    (side(event.one), side(event.two), self.about(event.tournament));
                ("met", format!("{one} and {two} meet about {about}"))
            }
            Event::TournamentConcluded(event) => {
                let about = self.about(event.tournament);
                let winner = self.side(event.tournament, event.winner, console);
                ("concluded", format!("the tournament about {about} is over; {winner} has won it"))
            }
            _ => return None,
        })
    }

    /// What happens in a match.
    fn of_match(
        &self,
        event: &Event,
        who: &str,
        console: &Console,
    ) -> Option<(&'static str, String)> {
        Some(match event {
            Event::Advanced(event) => {
                let (_, part) = self.level_of(event.matchId)?;
                let first = event.position;
                let last = first.saturating_add((1_u64 << event.height).saturating_sub(1));
                let places =
                    if last > first { format!("{first} to {last}") } else { first.to_string() };
                ("moved", format!("{who} moves: the first difference is in {part} {places}"))
            }
            Event::Sealed(event) => {
                let (_, part) = self.level_of(event.matchId)?;
                let text = format!("{part} {} is the first that differs", event.position);
                ("sealed", format!("{who} seals: {text}"))
            }
            Event::Won(event) => {
                let (tournament, _) = *self.matches.get(&event.matchId)?;
                let side = |side| self.side(tournament, side, console);
                let (winner, loser) = (side(event.winner), side(event.loser));
                let about = self.about(tournament);
                ("won", format!("{winner} wins about {about} against {loser}"))
            }
            Event::BothOut(event) => {
                let (tournament, _) = *self.matches.get(&event.matchId)?;
                let about = self.about(tournament);
                ("both out", format!("both sides of a match about {about} are out"))
            }
            _ => return None,
        })
    }

    /// What happens to proposals and their bonds.
    fn of_list(
        &mut self,
        event: &Event,
        who: &str,
        console: &Console,
    ) -> Option<(&'static str, String)> {
        let money = |account: Address, amount: U256, what: &str| {
            format!("{} {what} {} ether", console.name(account), format_ether(amount))
        };
        Some(match event {
            Event::OutputProposed(event) => {
                let block = event.l2BlockNumber;
                ("proposed", format!("{who} has an output root for block {block} stand on L1"))
            }
            Event::ProposalPinned(event) => {
                self.sides.insert((B256::ZERO, event.segmentsRoot), event.proposer);
                return None;
            }
            Event::ProposalDisputed(event) => {
                ("disputed", format!("{who} disputes proposal {}", event.id))
            }
            Event::OutputsDeleted(event) => (
                "removed",
                format!("what stood from index {} on is gone", event.newNextOutputIndex),
            ),
            Event::ProposalReplaced(event) => {
                ("replaced", format!("proposal {} stands in the place of {}", event.byId, event.id))
            }
            Event::ProposalDefended(event) => {
                ("defended", format!("proposal {} is confirmed", event.id))
            }
            Event::Credited(event) => ("credited", money(event.account, event.amount, "is owed")),
            Event::Withdrawn(event) => ("paid", money(event.account, event.amount, "is paid")),
            _ => return None,
        })
    }

    fn about(&self, tournament: B256) -> &'static str {
        self.levels
            .get(&tournament)
            .and_then(|level| LEVELS.get(*level))
            .map_or("segments", |names| names.0)
    }

    fn level_of(&self, of_match: B256) -> Option<(&'static str, &'static str)> {
        let (tournament, _) = self.matches.get(&of_match)?;
        LEVELS.get(*self.levels.get(tournament)?).copied()
    }

    /// Who plays for a commitment, by name.
    fn side(&self, tournament: B256, commitment: B256, console: &Console) -> String {
        if commitment.is_zero() {
            return "nobody".to_owned();
        }
        let joined = self.sides.get(&(tournament, commitment));
        let joiner = joined.or_else(|| self.sides.get(&(B256::ZERO, commitment)));
        joiner.map_or_else(|| commitment.to_string(), |joiner| console.name(*joiner))
    }
}

/// Wei that somebody has more or less.
pub(super) fn difference(before: U256, after: U256) -> String {
    match after.checked_sub(before) {
        Some(more) => format!("{} ether more", format_ether(more)),
        None => format!("{} ether less", format_ether(before.saturating_sub(after))),
    }
}

#[cfg(test)]
mod tests {
    use alloy::{primitives::Log, sol_types::SolEvent};
    use bindings::DisputeOracle::{Advanced, Joined, Paired, TournamentOpened, Won};

    use super::*;

    const TOURNAMENT: B256 = B256::repeat_byte(1);
    const MATCH: B256 = B256::repeat_byte(2);
    const LIAR: Address = Address::repeat_byte(3);
    const HONEST: Address = Address::repeat_byte(4);

    fn told(story: &mut Story, event: &impl SolEvent, mover: Address) -> String {
        let names = vec![(LIAR, "the liar".to_owned()), (HONEST, "the verifier".to_owned())];
        let log = Log { address: Address::ZERO, data: event.encode_log_data() };
        let (_, text) = story.tell(&log, mover, &Console::new(false, names)).unwrap();
        text
    }

    #[test]
    fn a_match_is_told_by_who_plays_it() {
        let (mut story, [one, two]) = (Story::default(), [5, 6].map(B256::repeat_byte));
        let opened = TournamentOpened {
            tournament: TOURNAMENT,
            outer: B256::ZERO,
            level: 1,
            initial: B256::ZERO,
            start: 0,
            window: 60,
        };
        let text = told(&mut story, &opened, HONEST);
        assert_eq!(text, "a tournament about strides opens, for 60 s");
        for (commitment, joiner) in [(one, LIAR), (two, HONEST)] {
            let (tournament, left, right, clock) = (TOURNAMENT, B256::ZERO, B256::ZERO, 50);
            let joined = Joined { tournament, commitment, joiner, left, right, clock };
            assert!(
                told(&mut story, &joined, joiner).ends_with("joins about strides and has 50 s")
            );
        }
        let paired = Paired { tournament: TOURNAMENT, matchId: MATCH, one, two };
        let text = told(&mut story, &paired, HONEST);
        assert_eq!(text, "the liar and the verifier meet about strides");
        let (left, right) = (B256::ZERO, B256::ZERO);
        let moved = Advanced { matchId: MATCH, position: 8, height: 2, left, right };
        let text = told(&mut story, &moved, LIAR);
        assert_eq!(text, "the liar moves: the first difference is in stride 8 to 11");
        let won = Won { matchId: MATCH, winner: two, loser: one };
        let text = told(&mut story, &won, HONEST);
        assert_eq!(text, "the verifier wins about strides against the liar");
    }
}
