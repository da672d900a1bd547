//! The liars of a drill: each with an account, a database and a player of its own, and all with the verifier's data to
//! make their lies of.

use std::{sync::Arc, time::Duration};

use alloy::providers::{ProviderBuilder, ext::AnvilApi};
use eyre::{Result, WrapErr, eyre};
use l1::{L1Config, L1Evidence, L1Source, tx::TxConfig};
use protocol::RollupConfig;
use tokio::task::JoinSet;
use transition::ChainParameters;
use verifier::{
    claims::Interval,
    lies::{Forged, Forger, Liar, LiarDeps, LiarHand, LieError, LieKind, Truth},
    watch_tip,
};

use super::{
    super::{Databases, Ground, OPERATOR_ETHER, VERIFIER_DATABASE, accounts, ether, signer},
    Plan,
    watch::{Told, Watch},
};
use crate::run::{Process, connect_l1};

/// The block of the interval from which on something is looked for to lie about.
const FROM: usize = 3;
/// How often it is looked whether the interval is derived.
const POLL: Duration = Duration::from_millis(500);
/// Intervals that are looked through for something to lie about.
const INTERVALS_MAX: usize = 4;

/// All of them.
pub(super) struct Liars<'a> {
    plan: &'a Plan,
    rollup: Arc<RollupConfig>,
    ground: &'a Ground,
    databases: &'a Databases,
    process: &'a Process,
    forger: Forger,
    config: L1Config,
    playing: JoinSet<eyre::Report>,
}

impl<'a> Liars<'a> {
    pub(super) async fn new(
        plan: &'a Plan,
        rollup: &Arc<RollupConfig>,
        ground: &'a Ground,
        databases: &'a Databases,
        process: &'a Process,
    ) -> Result<Self> {
        let config = L1Config::for_anvil(&ground.anvil.url());
        let l1 = connect_l1(&config, rollup, &ground.kzg).await?;
        let parameters = ChainParameters::new(rollup);
        let (rollup, derived) = (rollup.clone(), &databases.verifier);
        let forger = Forger::new(rollup.clone(), parameters, derived, L1Source::Node(l1.reader))
            .wrap_err("cannot start a thread")?;
        let playing = JoinSet::new();
        Ok(Self { plan, rollup, ground, databases, process, forger, config, playing })
    }

    /// Makes the lies as soon as there is something to lie about, and tells them.
    pub(super) async fn tell(&mut self, watch: &mut Watch<'_>) -> Result<Told> {
        for _ in 0..INTERVALS_MAX {
            let (parent, l2_block) = watch.next_blocks().await?;
            let truth = self.truth((parent, l2_block), watch).await?;
            let mut lies = Vec::new();
            for (salt, kind) in (0..).zip(&self.plan.kinds) {
                match self.lie(*kind, &truth, salt).await? {
                    Some(lie) => lies.push(lie),
                    None => break,
                }
            }
            if lies.len() == self.plan.kinds.len() {
                return self.begin(&truth.interval, lies, l2_block, watch).await;
            }
            watch.console.say(
                "passed over",
                &format!("the interval up to block {l2_block} has nothing of the kind; it is proposed truly"),
            );
            self.pass_over(&truth, l2_block, watch).await?;
        }
        Err(eyre!("{INTERVALS_MAX} intervals had nothing to lie about"))
    }

    /// What is true of the interval, once it is derived.
    async fn truth(&self, (parent, l2_block): (u64, u64), watch: &mut Watch<'_>) -> Result<Truth> {
        loop {
            watch.look().await?;
            if let Some(truth) = self.forger.truth(parent, l2_block).await? {
                return Ok(truth);
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// A lie about the interval; `None` if it has nothing of the kind.
    async fn lie(&self, kind: LieKind, truth: &Truth, salt: u64) -> Result<Option<Forged>> {
        loop {
            match self.forger.lie(kind, truth, (FROM, salt)).await {
                Ok(Some(lie)) => return Ok(Some(lie)),
                // The state before is stored in a moment.
                Ok(None) => tokio::time::sleep(POLL).await,
                Err(LieError::Nothing { .. }) => return Ok(None),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The first lie is proposed, or waits for a proposal to dispute; the others are for whoever joins.
    async fn begin(
        &mut self,
        interval: &Interval,
        lies: Vec<Forged>,
        l2_block: u64,
        watch: &mut Watch<'_>,
    ) -> Result<Told> {
        let told = Told { l2_block, truth: interval.last, root: interval.root() };
        for (number, lie) in (0..).zip(&lies) {
            if let Some(block) = lie.block {
                let first = l2_block.saturating_sub(interval.blocks.len() as u64) + 1;
                let block = first + block as u64;
                let text = format!(
                    "block {block} is false in the claims of the interval {first} to {l2_block}"
                );
                watch.console.say("forged", &text);
            }
            let hand = self.liar(number, lie, l2_block).await?;
            if number == 0 && !self.plan.challenges {
                self.propose(&hand, lie, l2_block, watch).await?;
            }
        }
        Ok(told)
    }

    /// A liar who plays from now on.
    async fn liar(&mut self, number: u32, lie: &Forged, l2_block: u64) -> Result<LiarHand> {
        let account = accounts::liar(number)?;
        let url = self.ground.anvil.url().parse().wrap_err("anvil's address")?;
        let l1 = ProviderBuilder::new().connect_http(url);
        let funded = l1.anvil_set_balance(account.address(), ether(OPERATOR_ETHER)).await;
        funded.wrap_err("cannot fund a liar")?;
        let name = format!("liar{number}_{l2_block}");
        let server = self.process.database(&self.ground.postgres.url(VERIFIER_DATABASE)).await?;
        server.create_missing(&name).await.wrap_err("cannot create a liar's database")?;
        server.close().await;
        let database = self.process.database(&self.ground.postgres.url(&name)).await?;
        let l1 = connect_l1(&self.config, &self.rollup, &self.ground.kzg).await?;
        let health = self.process.health.component("liar", None);
        let (tip, _watching) = watch_tip(l1.watcher, health.clone());
        let deps = LiarDeps {
            rollup: self.rollup.clone(),
            parameters: ChainParameters::new(&self.rollup),
            derived: self.databases.verifier.clone(),
            database,
            l1: L1Source::Node(l1.reader.clone()),
            evidence: L1Evidence::Node(l1.reader),
            tip,
            client: l1.client,
            signer: signer(&account)?,
            kzg: self.ground.kzg.clone(),
            tx: TxConfig::for_anvil(),
            health,
        };
        let (liar, hand) = Liar::new(deps, lie, l2_block).await?;
        self.playing.spawn(async move {
            match liar.run().await {
                Ok(never) => match never {},
                Err(error) => eyre::Report::new(error).wrap_err("a liar gave up"),
            }
        });
        Ok(hand)
    }

    async fn propose(
        &self,
        hand: &LiarHand,
        lie: &Forged,
        l2_block: u64,
        watch: &mut Watch<'_>,
    ) -> Result<()> {
        let recent = watch.recent().await?;
        hand.propose(lie, l2_block, recent).await?;
        loop {
            watch.look().await?;
            if watch.next_blocks().await?.0 >= l2_block {
                return Ok(());
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Has the truth proposed, so that the next interval can be lied about.
    async fn pass_over(
        &mut self,
        truth: &Truth,
        l2_block: u64,
        watch: &mut Watch<'_>,
    ) -> Result<()> {
        let told = truth.told();
        if self.plan.challenges {
            // Somebody proposes it anyway.
            while watch.next_blocks().await?.0 < l2_block {
                watch.look().await?;
                tokio::time::sleep(POLL).await;
            }
            return Ok(());
        }
        let hand = self.liar(0, &told, l2_block).await?;
        self.propose(&hand, &told, l2_block, watch).await?;
        self.playing.abort_all();
        while self.playing.join_next().await.is_some() {}
        Ok(())
    }

    /// Waits until one of them ends, which none is to do.
    pub(super) async fn ended(&mut self) -> Result<()> {
        match self.playing.join_next().await {
            Some(Ok(error)) => Err(error),
            Some(Err(error)) => Err(error).wrap_err("a liar is gone"),
            None => Err(eyre!("there is no liar")),
        }
    }
}
