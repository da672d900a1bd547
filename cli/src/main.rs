//! The `braid` binary: parses the command line, sets the process up, runs one subcommand.

mod allocator;
mod args;
mod ask;
mod bench;
mod bridge;
mod chain;
mod deploy;
mod devnet;
mod force;
mod run;
mod services;
mod settings;

use std::process::ExitCode;

use clap::Parser;
use eyre::{Report, Result, WrapErr, eyre};

use args::{Cli, Command};
use bridge::error::BridgeError;
use run::Leads;

fn main() -> ExitCode {
    allocator::keep_memory();
    let cli = Cli::parse();
    let is_for_users = match &cli.command {
        Command::Bridge(_) | Command::Force(_) | Command::Bench(_) => true,
        Command::Verifier(args) => args.question.is_some(),
        _ => false,
    };
    match start(cli) {
        Ok(()) => ExitCode::SUCCESS,
        // Once, where it is handled, with all causes.
        Err(error) if is_for_users => told(&error),
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "braid failed");
            ExitCode::FAILURE
        }
    }
}

/// What somebody at a terminal reads is no log. Programs read the exit code.
#[expect(clippy::print_stderr, reason = "the command was given by a person")]
fn told(error: &Report) -> ExitCode {
    eprintln!("error: {error:#}");
    match error.downcast_ref::<BridgeError>() {
        Some(error) => ExitCode::from(error.exit_code()),
        None => ExitCode::FAILURE,
    }
}

fn start(cli: Cli) -> Result<()> {
    let logs = service::init_telemetry(cli.logs.log_format, &cli.logs.log)
        .wrap_err("cannot set up logging")?;
    // Every HTTP client asks for it when it is built, even for plain http.
    rustls::crypto::ring::default_provider()
        .install_default()
        .map_err(|_| eyre!("a TLS provider is installed already"))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("braid-io")
        .build()
        .wrap_err("cannot start the runtime")?;
    runtime.block_on(async {
        match cli.command {
            Command::Devnet(args) => Box::pin(devnet::run(args, logs)).await,
            Command::Sequencer(args) => Box::pin(run::sequencer(args, Leads::Yes, logs)).await,
            Command::Node(args) => Box::pin(run::sequencer(args, Leads::No, logs)).await,
            Command::Batcher(args) => Box::pin(run::batcher(args)).await,
            Command::Verifier(args) => match args.question {
                Some(question) => ask::run(question).await,
                None => Box::pin(run::verifier(args.service)).await,
            },
            Command::Deploy(args) => Box::pin(deploy::run(args)).await,
            Command::Bridge(args) => Box::pin(bridge::run(args)).await,
            Command::Force(args) => Box::pin(force::run(args)).await,
            Command::Bench(args) => Box::pin(bench::run(args)).await,
        }
    })
}
