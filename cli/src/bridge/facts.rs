//! What L1 knows of a withdrawal: every answer is of the same L1 block. L2 is not asked.

use alloy::eips::BlockId;
use bindings::Portal;
use eyre::{Result, WrapErr};

use super::{
    link::Link,
    stage::{Facts, Newest, Proof, Standing, Terms},
    withdrawals::Initiated,
};

/// Reads them.
pub(crate) async fn read(link: &Link, initiated: &Initiated, terms: Terms) -> Result<Facts> {
    at_newest(link, initiated, terms).await.wrap_err("cannot read the progress of the withdrawal")
}

async fn at_newest(link: &Link, initiated: &Initiated, terms: Terms) -> Result<Facts> {
    let (block_hash, now) = link.l1_now().await?;
    let block = BlockId::hash(block_hash);
    let hash = initiated.hash;
    let portal = link.chain.contracts.portal;
    let count = link.outputs.count(block).await?;
    let newest = match count.checked_sub(1) {
        Some(index) => Some(link.outputs.proposal(index, block).await?),
        None => None,
    };
    let newest = newest.map(|found| Newest {
        block: found.l2_block,
        made_at: found.timestamp,
        decided: found.decided,
    });
    let call = Portal::finalizedWithdrawalsCall { withdrawalHash: hash };
    let finalized = link.client.call(portal, call, block).await?;
    let paused_until = link.client.call(portal, Portal::pausedUntilCall {}, block).await?;
    Ok(Facts {
        now,
        block: initiated.block,
        timestamp: initiated.timestamp,
        newest,
        covering: link.outputs.covering(initiated.block, block_hash).await?,
        proof: proof(link, initiated, count, block).await?,
        finalized,
        paused_until: u64::try_from(paused_until).unwrap_or(u64::MAX),
        terms,
    })
}

/// The proof, and whether its proposal is still what it was: the portal asks the same before it pays.
async fn proof(
    link: &Link,
    initiated: &Initiated,
    count: u64,
    block: BlockId,
) -> Result<Option<Proof>> {
    let call = Portal::provenWithdrawalsCall { withdrawalHash: initiated.hash };
    let proven = link.client.call(link.chain.contracts.portal, call, block).await?;
    let made_at = u64::try_from(proven.timestamp).wrap_err("a proof is from beyond all time")?;
    if made_at == 0 {
        return Ok(None);
    }
    let index = u64::try_from(proven.l2OutputIndex).ok().filter(|index| *index < count);
    let Some(index) = index else { return Ok(Some(Proof { made_at, proposal: None })) };
    let proposal = link.outputs.proposal(index, block).await?;
    if proposal.output_root != proven.outputRoot {
        return Ok(Some(Proof { made_at, proposal: None }));
    }
    let is_final = link.outputs.is_final(index, block).await?;
    let (proposed_at, decided) = (proposal.timestamp, proposal.decided);
    let proposal = Some(Standing { made_at: proposed_at, decided, is_final });
    Ok(Some(Proof { made_at, proposal }))
}
