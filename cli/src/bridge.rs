//! `braid bridge`: ether and tokens to L2 and back, each step by itself or a withdrawal to its end.
//!
//! | module | what it does |
//! |---|---|
//! | `deposit`, `arrival` | to L2; what becomes of it there |
//! | `withdraw`, `prove`, `finalize` | the three steps back |
//! | `follow`, `status` | all of them in turn; where one stands |
//! | `facts`, `stage`, `wait` | what L1 knows, what follows from it, time |
//! | `link`, `layer`, `withdrawals`, `tokens`, `refusal` | the two chains and what is read there |
//! | `args`, `amount`, `console`, `error` | what the user says, and is told |
//!
//! Nothing is kept between two commands: L1 and L2 know it all.

pub(crate) mod amount;
pub(crate) mod args;
pub(crate) mod arrival;
pub(crate) mod console;
mod deposit;
pub(crate) mod error;
mod facts;
mod finalize;
mod follow;
pub(crate) mod layer;
pub(crate) mod link;
mod prove;
pub(crate) mod refusal;
mod stage;
mod status;
mod tokens;
mod wait;
mod withdraw;
mod withdrawals;

use eyre::Result;

use self::{
    args::{BridgeArgs, BridgeCommand, FinalizeArgs, ProveArgs},
    console::Console,
    link::Link,
};

pub(crate) async fn run(args: BridgeArgs) -> Result<()> {
    let mut console = Console::new(args.link.json);
    let link = Link::connect(&args.link).await?;
    match &args.command {
        BridgeCommand::Deposit(args) => deposit::run(&link, args, &mut console).await,
        BridgeCommand::Withdraw(args) => withdraw::run(&link, args, &mut console).await,
        BridgeCommand::Prove(args) => prove(&link, args, &mut console).await,
        BridgeCommand::Finalize(args) => finalize(&link, args, &mut console).await,
        BridgeCommand::Status(args) => status::run(&link, &args.which, &mut console).await,
    }
}

async fn prove(link: &Link, args: &ProveArgs, console: &mut Console) -> Result<()> {
    let signer = link::key(&args.key.key_file)?;
    let initiated = withdrawals::find(link.l2().await?, &args.which).await?;
    let stage = facts::read(link, &initiated, link.terms().await?).await?.stage();
    prove::if_ready(link, &signer, &initiated, stage, console).await
}

async fn finalize(link: &Link, args: &FinalizeArgs, console: &mut Console) -> Result<()> {
    let signer = link::key(&args.key.key_file)?;
    if args.follow {
        return follow::to_the_end(link, &signer, &args.which, console).await;
    }
    let initiated = withdrawals::find(link.l2().await?, &args.which).await?;
    let stage = facts::read(link, &initiated, link.terms().await?).await?.stage();
    finalize::if_ready(link, &signer, &initiated, stage, console).await
}
