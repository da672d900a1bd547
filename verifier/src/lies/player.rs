//! Somebody who lies on L1: proposes the lie, or joins a dispute with it, and plays for it by all rules.
//!
//! Its trees are made of a verifier's database, which it only reads; its own holds nothing but its L1 transactions.
//! Invariant: about other intervals than the one that it lies about it says what is true.

use std::{convert::Infallible, sync::Arc, time::Duration};

use alloy::{
    primitives::{Address, U256},
    sol_types::{SolCall, SolValue},
};
use bindings::{DisputeOracle::proposeOutputCall, contracts::Claims};
use db::{Coverage, Database, Fence, Leases, Role};
use dispute::Lie;
use l1::{
    Disputes, Kzg, L1Client, L1Error, L1Evidence, L1Source, L1Tip, LocalSigner,
    tx::{SubmitError, TxConfig, TxHandle, TxRecord, TxRequest, TxSender},
};
use outbox::Outbox;
use protocol::{BlockId, RollupConfig};
use service::Component;
use tokio::sync::watch;
use transition::ChainParameters;

use super::Forged;
use crate::{
    Segments, VerifierError,
    player::{Disguise, Mover, OwnTrees, Player, PlayerDeps, PlayerError},
};

/// For how long its database is its own at a time.
const LEASE: Duration = Duration::from_secs(30);
/// Gas of a proposal, with room.
const PROPOSE_GAS: u64 = 500_000;

/// What a liar works with.
#[derive(Debug)]
pub struct LiarDeps {
    /// The chain's rules.
    pub rollup: Arc<RollupConfig>,
    /// The chain's parameters in disputes.
    pub parameters: ChainParameters,
    /// A verifier's, which is only read.
    pub derived: Database,
    /// Its own.
    pub database: Database,
    /// Where L1 blocks come from.
    pub l1: L1Source,
    /// What runs of segments read of L1.
    pub evidence: L1Evidence,
    /// The newest of L1.
    pub tip: watch::Receiver<L1Tip>,
    /// L1.
    pub client: L1Client,
    /// Puts down the bonds that it loses.
    pub signer: LocalSigner,
    /// The sender's.
    pub kzg: Kzg,
    /// How L1 transactions are sent.
    pub tx: TxConfig,
    /// Where health is shown.
    pub health: Component,
}

/// Why a liar could not go on.
#[derive(Debug, thiserror::Error)]
pub enum LiarError {
    /// Its own database is not its own, or does not answer.
    #[error("a liar cannot use its database")]
    Database(#[source] db::DatabaseError),
    /// The same.
    #[error("a liar lost its database")]
    Lease(#[source] db::LeaseError),
    /// Its trees cannot be made.
    #[error("a liar cannot make trees")]
    Segments(#[source] Box<crate::SegmentError>),
    /// It cannot play.
    #[error("a liar cannot play")]
    Play(#[source] Box<PlayerError>),
    /// Its transactions cannot be sent.
    #[error("a liar cannot send")]
    Send(#[source] Box<VerifierError>),
    /// Its proposal cannot be handed over.
    #[error("a lie cannot be proposed")]
    Submit(#[source] SubmitError),
    /// L1 was asked in vain.
    #[error("a liar cannot read L1")]
    L1(#[source] L1Error),
    /// What a lie has to say is no claim.
    #[error("a lie is no claim")]
    NoClaim(#[source] alloy::sol_types::Error),
}

/// A liar who is ready to play.
#[derive(Debug)]
pub struct Liar {
    player: Player<OwnTrees>,
    sender: TxSender<Outbox>,
    leases: Leases,
    fence: Fence,
}

/// Proposes for a liar.
#[derive(Debug, Clone)]
pub struct LiarHand {
    oracle: Address,
    disputes: Disputes,
    handle: TxHandle,
}

impl Liar {
    /// A liar with this lie about the interval that ends with L2 block `l2_block`.
    ///
    /// # Errors
    /// When its database cannot be used, or a thread not be started.
    pub async fn new(
        deps: LiarDeps,
        lie: &Forged,
        l2_block: u64,
    ) -> Result<(Self, LiarHand), LiarError> {
        deps.database.migrate().await.map_err(LiarError::Database)?;
        let leases = Leases::new(deps.database.clone());
        let fence = leases.lead(Role::Verifier, "liar", LEASE).await.map_err(LiarError::Lease)?;
        let oracle = deps.rollup.contracts.output_oracle;
        let (l1, evidence) = (deps.l1, deps.evidence);
        let segments = Segments::new(deps.rollup, deps.parameters, &deps.derived, l1, evidence, 1);
        let segments = segments.map_err(|source| LiarError::Segments(Box::new(source)))?;
        let account = deps.signer.address();
        let outbox = Outbox::new(&deps.database, fence, account, |_| Coverage::Other);
        let (client, tx) = (deps.client, deps.tx);
        let (sender, handle) = TxSender::new(client.clone(), deps.signer, deps.kzg, outbox, tx);
        let disputes = Disputes::new(client.clone(), oracle);
        let player = Player::new(PlayerDeps {
            disputes: disputes.clone(),
            trees: Arc::new(OwnTrees::new(segments)),
            tip: deps.tip,
            mover: Some(Mover::new(client, oracle, account, handle.clone())),
            collect_min: U256::ZERO,
            disguise: disguise(lie, l2_block),
            games: watch::Sender::new(Vec::new()),
            health: deps.health,
        });
        Ok((Self { player, sender, leases, fence }, LiarHand { oracle, disputes, handle }))
    }

    /// Plays as long as it is polled.
    ///
    /// # Errors
    /// When something fails that waiting cannot cure.
    pub async fn run(self) -> Result<Infallible, LiarError> {
        let Self { player, sender, leases, fence } = self;
        tokio::select! {
            ended = player.run() => ended.map_err(|source| LiarError::Play(Box::new(source))),
            ended = sender.run() => match ended {
                Ok(never) => match never {},
                Err(source) => {
                    Err(LiarError::Send(Box::new(VerifierError::L1Sender(Box::new(source)))))
                }
            },
            ended = leases.keep(fence, LEASE) => ended.map_err(LiarError::Lease),
        }
    }
}

impl LiarHand {
    /// Proposes the lie. The L1 block is one that it may rest on: a recent one.
    ///
    /// # Errors
    /// When L1 does not answer, or the liar is gone.
    pub async fn propose(
        &self,
        lie: &Forged,
        l2_block: u64,
        l1: BlockId,
    ) -> Result<TxRecord, LiarError> {
        let [bond, ..] = self.disputes.rules(l1.hash).await.map_err(LiarError::L1)?.bonds;
        let last = lie.last.encode();
        let last = Claims::BlockClaim::abi_decode(&last).map_err(LiarError::NoClaim)?;
        let call = proposeOutputCall {
            last,
            proof: lie.tree.proof_of_last(),
            parentClaim: lie.parent.hash(),
            l2BlockNumber: U256::from(l2_block),
            l1BlockHash: l1.hash,
            l1BlockNumber: U256::from(l1.number),
        };
        let request = TxRequest {
            to: self.oracle,
            value: bond,
            input: call.abi_encode().into(),
            gas_limit: Some(PROPOSE_GAS),
            blob_data: None,
        };
        let key = format!("lie/{l2_block}");
        self.handle.submit(&key, request).await.map_err(LiarError::Submit)
    }
}

/// Lies about one interval, and about no other.
fn disguise(lie: &Forged, l2_block: u64) -> Disguise {
    let (place, last) = (lie.place.clone(), lie.last.encode());
    Arc::new(move |about, built| {
        if about.l2_block != l2_block {
            return Box::new(built);
        }
        Box::new(Lie::new(built, place.clone(), Some(last)))
    })
}
