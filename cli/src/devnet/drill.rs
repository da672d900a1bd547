//! `braid devnet --drill LIE`: a whole network on which somebody lies, and what becomes of that, told as it happens.
//!
//! ```text
//! devnet, ephemeral ─▶ traffic ─▶ an interval is derived ─▶ liars: propose, join ─▶ dispute ─▶ the truth is final ─▶ end
//!                                                       L1's events ─▶ Story ─▶ console
//! ```
//! The honest side is a verifier as anybody runs it, with a challenger's key: a part of this process, or with
//! `--drill-restart` one of its own that is killed again and again (`child.rs`). Invariant: the drill ends with success only
//! if the true claim of the interval is final on L1 and the honest side has got back more than its bonds.

mod child;
mod liars;
mod purse;
mod story;
mod traffic;
mod watch;

use std::{fs, time::Duration};

use alloy::{primitives::Address, signers::local::PrivateKeySigner};
use eyre::{Result, WrapErr, ensure};
use l1::{L1Client, L1Config};
use service::LogFilter;
use verifier::lies::LieKind;

use self::{
    child::{MortalVerifier, VerifierFile},
    liars::Liars,
    story::Console,
    traffic::Traffic,
    watch::Watch,
};
use super::{
    Databases, Ground, VERIFIER_DATABASE, VerifierPages, accounts, info::DevnetInfo,
    layout::Layout, local, proposes, start,
};
use crate::{args::DevnetArgs, run::Process, settings};

/// Dispute window of a drill, in seconds: as short as machines that build trees on two busy cores can follow.
const WINDOW: u64 = 90;
/// Seconds that both sides gain when they meet.
const EFFORT: u64 = 30;
/// Blocks of the interval that is lied about: enough that some have a deposit and transactions.
const INTERVAL: u64 = 24;
/// Windows that the whole may take: one for the proposal, and what a round of a dispute takes for each doubling of liars.
const WINDOWS_MAX: u64 = 4;
/// What is added to that: starting, deriving, posting.
const SLACK: Duration = Duration::from_secs(300);

/// What is played.
#[derive(Debug, Clone)]
struct Plan {
    /// The first is proposed, or disputes a true proposal; the others join.
    kinds: Vec<LieKind>,
    /// The first disputes a true proposal.
    challenges: bool,
}

impl Plan {
    fn new(told: &str, challenges: bool) -> Result<Self> {
        let kinds = told.split(',').map(|name| name.trim().parse::<LieKind>());
        let mut kinds = kinds.collect::<Result<Vec<_>, _>>()?;
        // A perjurer plays for the truth, as it seems, and so needs somebody to play against.
        if kinds.first().is_some_and(|kind| kind.is_perjury()) {
            kinds.insert(0, LieKind::StateRoot);
        }
        ensure!(kinds.len() <= LIARS_MAX, "{} lies are more than {LIARS_MAX}", kinds.len());
        Ok(Self { kinds, challenges })
    }

    /// How long the dispute may take.
    fn patience(&self) -> Duration {
        let rounds = u64::from(usize::BITS - self.kinds.len().leading_zeros());
        Duration::from_secs(WINDOW * WINDOWS_MAX * (1 + rounds)) + SLACK
    }
}

/// Liars at a time; each needs a database and a player.
const LIARS_MAX: usize = 10;

pub(super) async fn run(told: &str, args: DevnetArgs, logs: LogFilter) -> Result<()> {
    if told == "list" {
        list();
        return Ok(());
    }
    let plan = Plan::new(told, args.drill_challenge)?;
    let args = DevnetArgs {
        ephemeral: true,
        dispute_window: std::cmp::max(args.dispute_window, WINDOW),
        dispute_effort: Some(args.dispute_effort.unwrap_or(EFFORT)),
        proposal_interval: INTERVAL,
        ..args
    };
    let layout = Layout::new(&args)?;
    let pages = VerifierPages::default();
    let process = Process::start(local(args.metrics_port), pages.router()).await?;
    let ground = Ground::start(&args, &layout).await?;
    let databases = Box::pin(Databases::open(&ground, &process)).await?;
    let playing = play(&plan, &args, &layout, (&ground, &databases), &process, &pages, logs);
    let played = Box::pin(process.unless_told(playing)).await;
    process.shutdown.trigger();
    let ended = process.until_told().await;
    databases.close().await;
    ground.stop().await?;
    let finished = played?;
    ended?;
    ensure!(finished.is_some(), "the drill was broken off");
    Ok(())
}

#[expect(clippy::print_stdout, reason = "what was asked for")]
fn list() {
    for kind in LieKind::all() {
        println!("{:24} {}", kind.name(), kind.sentence());
    }
}

async fn play(
    plan: &Plan,
    args: &DevnetArgs,
    layout: &Layout,
    (ground, databases): (&Ground, &Databases),
    process: &Process,
    pages: &VerifierPages,
    logs: LogFilter,
) -> Result<()> {
    let info = start(args, layout, ground, databases, process, pages, logs.clone()).await?;
    let start_mortal = || start_verifier(args, layout, ground, &info, &logs);
    let mortal = args.drill_restart.then(start_mortal).transpose()?;
    let rollup = std::sync::Arc::new(settings::rollup(&layout.rollup())?);
    let l1 = L1Config::for_anvil(&ground.anvil.url());
    let client = L1Client::connect(&l1, rollup.l1_chain_id).await.wrap_err("cannot reach L1")?;
    let console = Console::new(args.json, names(plan)?);
    for kind in &plan.kinds {
        console.say("lie", &format!("{}: {}", kind.name(), kind.sentence()));
    }
    let _traffic = Traffic::start(&info, rollup.contracts.portal)?;
    let mut liars = Liars::new(plan, &rollup, ground, databases, process).await?;
    let honest = accounts::operators()?.challenger.address();
    let oracle = rollup.contracts.output_oracle;
    let mut watch = Watch::begin(client, oracle, honest, console, (pages, mortal)).await?;
    let told = Box::pin(liars.tell(&mut watch)).await?;
    let deciding = async {
        tokio::select! {
            ended = watch.until_true(&told) => ended,
            ended = liars.ended() => ended,
        }
    };
    let decided = tokio::time::timeout(plan.patience(), deciding).await;
    decided.wrap_err_with(|| format!("nothing is final after {:?}", plan.patience()))?
}

/// The verifier as a process of its own.
fn start_verifier(
    args: &DevnetArgs,
    layout: &Layout,
    ground: &Ground,
    info: &DevnetInfo,
    logs: &LogFilter,
) -> Result<MortalVerifier> {
    let operators = accounts::operators()?;
    let key = |whose: &str, signer: &PrivateKeySigner| {
        let path = layout.key(whose);
        let written = fs::write(&path, signer.to_bytes().to_string());
        written.map(|()| path).wrap_err("cannot write a key file")
    };
    let proposer_key = proposes(args).then(|| key("proposer", &operators.proposer)).transpose()?;
    let file = VerifierFile {
        rollup: layout.rollup(),
        database: ground.postgres.url(VERIFIER_DATABASE),
        l1: ground.anvil.url(),
        access_lists: info.l2.grpc.clone(),
        challenger_key: key("challenger", &operators.challenger)?,
        proposer_key,
    };
    MortalVerifier::start(&file, layout.verifier(), logs.current())
}

/// What people are called in the story.
fn names(plan: &Plan) -> Result<Vec<(Address, String)>> {
    let operators = accounts::operators()?;
    let mut names = vec![
        (operators.challenger.address(), "the verifier".to_owned()),
        (operators.proposer.address(), "the proposer".to_owned()),
    ];
    for (number, kind) in (0..).zip(&plan.kinds) {
        let liar = accounts::liar(number)?.address();
        let name = if plan.kinds.len() == 1 {
            "the liar".to_owned()
        } else {
            format!("liar {} ({kind})", number + 1)
        };
        names.push((liar, name));
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_made_of_names() {
        let kinds = |told: &str| Plan::new(told, false).map(|plan| plan.kinds);
        assert_eq!(kinds("cursor").unwrap(), [LieKind::Cursor]);
        assert_eq!(kinds("cursor, gas-used").unwrap(), [LieKind::Cursor, LieKind::GasUsed]);
        let perjury = [LieKind::StateRoot, LieKind::PerjuredSteps];
        assert_eq!(kinds("perjured-steps").unwrap(), perjury, "it needs somebody to play against");
        assert!(kinds("truth").is_err() && kinds("").is_err());
        assert!(kinds(&["cursor"; LIARS_MAX].join(",")).is_ok());
        assert!(kinds(&["cursor"; LIARS_MAX + 1].join(",")).is_err());
    }

    #[test]
    fn more_liars_may_take_longer() {
        let patience = |told: &str| Plan::new(told, false).unwrap().patience();
        assert!(patience("cursor") < patience("cursor,gas-used"));
        assert!(patience("cursor").as_secs() > 3 * (WINDOW + EFFORT));
    }
}
