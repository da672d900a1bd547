//! What can befall the sender in the simulation.

use proptest::prelude::*;

use super::GWEI;

/// Reorgs are shallower than the confirmations that close a record.
const REORG_DEPTH_MAX: usize = 2;

/// What befalls the sender between two looks at L1.
#[derive(Clone, Debug)]
pub(super) enum Event {
    Submit {
        blob: bool,
    },
    Mine {
        transactions: usize,
    },
    Reorg {
        depth: usize,
        keep_pool: bool,
    },
    Restart,
    DropPool,
    Foreign,
    BaseFee(u128),
    /// Requests fail; the node may have taken the transaction all the same.
    Outage {
        taken: bool,
    },
    Wait(u64),
    Cancel(usize),
}

pub(super) fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => any::<bool>().prop_map(|blob| Event::Submit { blob }),
        8 => (0usize..4).prop_map(|transactions| Event::Mine { transactions }),
        2 => (1..=REORG_DEPTH_MAX, any::<bool>())
            .prop_map(|(depth, keep_pool)| Event::Reorg { depth, keep_pool }),
        2 => Just(Event::Restart),
        1 => Just(Event::DropPool),
        1 => Just(Event::Foreign),
        2 => (1u128..100).prop_map(|gwei| Event::BaseFee(gwei * GWEI)),
        2 => any::<bool>().prop_map(|taken| Event::Outage { taken }),
        4 => (1u64..15).prop_map(Event::Wait),
        1 => (0usize..8).prop_map(Event::Cancel),
    ]
}
