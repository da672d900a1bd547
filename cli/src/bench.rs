//! `braid bench`: makes workloads, plays them, and shows what came of it. The work is done by the crate `bench`.

pub(crate) mod args;
mod facts;
mod show;

use std::{
    fs,
    io::BufWriter,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use bench::{
    Comparison, Rpc, RunOptions, RunReport, Spec, Stages, Workload,
    run::{Outcome, Progress},
    stages::Page,
    workload::Key,
};
use eyre::{Result, WrapErr, bail, ensure, eyre};

use self::args::{BenchArgs, BenchCommand, CompareArgs, GenerateArgs, RunArgs, StagesArgs};

pub(crate) async fn run(args: BenchArgs) -> Result<()> {
    match args.command {
        BenchCommand::Generate(args) => generate(args).await,
        BenchCommand::Run(args) => play(args).await,
        BenchCommand::Compare(args) => compare(args).await,
        BenchCommand::Stages(args) => stages(args).await,
    }
}

async fn generate(args: GenerateArgs) -> Result<()> {
    let spec = Spec {
        kind: args.kind.into(),
        seed: args.seed,
        senders: args.senders,
        transactions: args.transactions,
        zipf: args.zipf,
    };
    spec.validate()?;
    let key = match &args.key_file {
        Some(path) => {
            let text = fs::read_to_string(path)
                .wrap_err_with(|| format!("cannot read the key file {}", path.display()))?;
            text.trim().parse().wrap_err("the key file holds no key in hexadecimal")?
        }
        None => crate::devnet::first_user_key()?,
    };
    let funder = Key::new(key)?;
    let facts = facts::find(&args, &spec, &funder).await?;
    let file = fs::File::create(&args.out)
        .wrap_err_with(|| format!("cannot create {}", args.out.display()))?;
    let all = u64::from(spec.transactions);
    let is_json = args.json;
    // Signing takes all cores; nothing else runs here.
    let signed = tokio::task::spawn_blocking(move || {
        let began = Instant::now();
        let bar = show::Bar::new(!is_json);
        let made = bench::generate(&spec, &facts, &funder, BufWriter::new(file), |done| {
            bar.signed(done, all);
        });
        bar.end();
        made.map(|made| (made, facts, began.elapsed()))
    });
    let (made, facts, took) = signed.await.wrap_err("signing has ended early")??;
    if let Some(url) = &args.rpc {
        facts::afford(url, funder.address(), made.cost).await?;
    }
    show::generated(&args, &spec, &facts, funder.address(), &made, took);
    Ok(())
}

async fn play(args: RunArgs) -> Result<()> {
    let workload = open(&args.file)?;
    let options = args.load.options(args.url.clone(), args.grpc_url.clone())?;
    let (report, _) = measured(&workload, &options, !args.json).await?;
    if let Some(path) = &args.svg {
        fs::write(path, bench::report::svg(&report))
            .wrap_err_with(|| format!("cannot write {}", path.display()))?;
    }
    show::report(&report, args.json)?;
    ensure!(report.check.is_right, "what was acknowledged is not what is on the chain");
    Ok(())
}

/// Rounds in turn, so that what else the machine does disturbs both alike.
async fn compare(args: CompareArgs) -> Result<()> {
    let workload = open(&args.file)?;
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for round in 1..=args.rounds {
        for (url, reports) in [(&args.first, &mut first), (&args.second, &mut second)] {
            let options = args.load.options(url.clone(), None)?;
            let (report, _) = measured(&workload, &options, !args.json)
                .await
                .wrap_err_with(|| format!("round {round} against {url}"))?;
            ensure!(
                report.check.is_right,
                "round {round} against {url}: what was acknowledged is not what is on the chain"
            );
            show::round(round, &report, args.json);
            reports.push(report);
        }
    }
    let comparison = Comparison::of(&first, &second).ok_or_else(|| eyre!("no rounds"))?;
    show::comparison(&comparison, args.json)
}

/// Reads the node's metrics twice.
async fn stages(args: StagesArgs) -> Result<()> {
    let read = || async {
        let page = reqwest::get(&args.metrics).await.and_then(reqwest::Response::error_for_status);
        let page = page.wrap_err_with(|| format!("cannot read {}", args.metrics))?;
        eyre::Ok(Page::parse(&page.text().await?))
    };
    let (before, began) = (read().await?, Instant::now());
    tokio::time::sleep(Duration::from_secs(args.seconds)).await;
    let after = read().await?;
    let stages = Stages::between(&before, &after, began.elapsed().as_secs_f64())?;
    show::stages(&stages, args.json)
}

fn open(path: &Path) -> Result<Workload> {
    Workload::open(path).wrap_err_with(|| format!("cannot use {}", path.display()))
}

/// Plays once, with a line of progress where somebody looks.
async fn measured(
    workload: &Workload,
    options: &RunOptions,
    is_shown: bool,
) -> Result<(RunReport, Outcome)> {
    let progress = Arc::new(Progress::default());
    let bar = show::Bar::new(is_shown);
    let running = bench::run(workload, options, &progress);
    tokio::pin!(running);
    let began = Instant::now();
    let mut ticks = tokio::time::interval(show::TICK);
    let outcome = loop {
        tokio::select! {
            outcome = &mut running => break outcome,
            _ = ticks.tick() => bar.running(&progress, began.elapsed()),
        }
    };
    bar.end();
    let outcome = outcome?;
    if outcome.tally.accepted == 0 {
        let first = outcome.tally.errors.values().next();
        bail!("nothing was acknowledged: {}", first.map_or("no answer", |error| &error.example));
    }
    let client = Rpc::new(&options.url)?.client_version().await;
    Ok((RunReport::new(workload, options, &outcome, client), outcome))
}
