//! Blobs pruned: L1 has them for some 18 days, and a dispute may read them later.

use std::time::Duration;

use fault_proof::vm::{Machine, NotRecorded, Openings, Progress};
use verifier::{SegmentError, first_machine};

use crate::{
    segments::{Scene, block_on},
    steps::{Contract, world_in_a_blob},
};

/// A dispute may last longer than L1 keeps blobs: the verifier has kept those that it derived from, and shows their elements.
#[test]
fn a_segment_is_run_and_shown_after_l1_forgot_its_blobs() {
    let world = world_in_a_blob();
    let l1_number = world.l1.number() + 1;
    block_on(async {
        let scene = Scene::without_blobs(world, transition::SEGMENT_GAS).await;
        let segment = scene.segment(scene.leaves[0][0], 0, l1_number).await;
        assert_eq!(segment.leaf(), scene.leaves[1][0]);
        let (contract, mut host) = (Contract::start().await, segment.host());
        let mut machine = first_machine();
        assert!(reaches_blob_element(&mut machine, &mut host), "the run reads its batch in a blob");
        contract.check(&segment, &mut machine, &mut host).await;

        // What is kept is what makes the difference.
        let tables = db::VerifierStore::new(scene.test.database.clone());
        let leases = db::Leases::new(scene.test.database.clone());
        let duration = Duration::from_secs(60);
        let fence = leases.lead(db::Role::Verifier, "test", duration).await.unwrap();
        assert!(tables.forget_blobs(fence, u64::MAX >> 1).await.unwrap() > 0);
        let lacking = scene.try_segment(scene.leaves[0][0], 0, l1_number).await;
        let Err(SegmentError::L1(::l1::L1Error::Blob { .. })) = lacking else {
            panic!("{lacking:?}");
        };
    });
}

/// Runs on to where an element of a blob is read next.
fn reaches_blob_element(
    machine: &mut Machine,
    host: &mut impl Openings<Error = NotRecorded>,
) -> bool {
    loop {
        match machine.advance() {
            Progress::Stepped => {}
            Progress::Ended => return false,
            Progress::Calls => {
                let key = machine.memory.read::<32>(machine.register(10));
                if machine.register(17) == 1 && key.unwrap()[0] == 5 {
                    return true;
                }
                machine.proceed(host).unwrap();
            }
        }
    }
}
