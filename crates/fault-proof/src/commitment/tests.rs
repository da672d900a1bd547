//! Commitments against trees that are written out, and traces against machines that are run step by step.

use std::{vec, vec::Vec};

use alloy_primitives::{B256, keccak256};
use proptest::prelude::*;

use super::*;
use crate::vm::{Machine, Memory, Recorded};

fn words(count: usize) -> Vec<B256> {
    (0..count).map(|number| keccak256(number.to_be_bytes())).collect()
}

/// All nodes by height, leaves first.
fn written_out(height: usize, words: &[B256]) -> Vec<Vec<B256>> {
    let mut leaves = words.to_vec();
    leaves.resize(1 << height, *words.last().unwrap());
    let mut levels = vec![leaves];
    while levels[levels.len() - 1].len() > 1 {
        let below = &levels[levels.len() - 1];
        let above =
            below.chunks(2).map(|pair| keccak256([pair[0], pair[1]].concat())).collect::<Vec<_>>();
        levels.push(above);
    }
    levels
}

fn folded(leaf: B256, index: usize, proof: &[B256]) -> B256 {
    (0..).zip(proof).fold(leaf, |node, (height, beside)| match index >> height & 1 {
        0 => keccak256([node, *beside].concat()),
        _ => keccak256([*beside, node].concat()),
    })
}

#[test]
fn a_tree_is_that_over_its_words_and_their_last() {
    for (height, count) in (0..6).flat_map(|height| (1..=1 << height).map(move |c| (height, c))) {
        let tree = Commitment::new(height, words(count)).unwrap();
        let levels = written_out(height, &words(count));
        assert_eq!(tree.root(), levels[height][0]);
        for (at, level) in levels.iter().enumerate() {
            for (index, node) in level.iter().enumerate() {
                assert_eq!(tree.node(at, index), Some(*node));
                let below = at.checked_sub(1);
                let children =
                    below.map(|below| [0, 1].map(|side| levels[below][2 * index + side]));
                assert_eq!(tree.children(at, index), children);
            }
            assert_eq!(tree.node(at, level.len()), None);
            assert_eq!(tree.children(at, level.len()), None);
        }
        for (index, leaf) in levels[0].iter().enumerate() {
            assert_eq!(folded(*leaf, index, &tree.proof(index).unwrap()), tree.root());
        }
        assert_eq!(tree.proof(1 << height), None);
    }
    assert_eq!(Commitment::new(3, vec![]), None);
    assert_eq!(Commitment::new(3, words(9)), None);
}

/// A tree over runs is the tree over the words written out, and one that is continued elsewhere too.
#[test]
fn runs_are_the_words_that_they_stand_for() {
    let [a, b, c] = [1, 2, 3].map(B256::repeat_byte);
    let cases: [&[(B256, u64)]; 6] = [
        &[(a, 64)],
        &[(a, 32), (b, 32)],
        &[(a, 5), (b, 1), (a, 20), (c, 0), (a, 3), (b, 35)],
        &[(a, 63), (b, 1)],
        &[(a, 1), (b, 2), (c, 3)],
        &[(a, 8), (b, 8), (a, 8), (c, 9)],
    ];
    for runs in cases {
        let words: Vec<B256> = runs
            .iter()
            .flat_map(|(word, count)| std::iter::repeat_n(*word, usize::try_from(*count).unwrap()))
            .collect();
        let (tree, levels) =
            (Commitment::of_runs(6, runs.iter().copied()).unwrap(), written_out(6, &words));
        assert_eq!(Some(&tree), Commitment::new(6, words).as_ref());
        for (height, level) in levels.iter().enumerate() {
            let nodes = (0..level.len()).map(|index| tree.node(height, index).unwrap());
            assert_eq!(nodes.collect::<Vec<_>>(), *level);
        }
        assert_eq!(tree.proof(63), Some(tree.proof_of_last()));
        for from in 0..64 {
            let mut words = levels[0][..from].to_vec();
            words.extend([c, a]);
            let continued = tree.continued(from as u64, [c, a]);
            assert_eq!(continued, Commitment::new(6, words), "from {from}");
        }
        assert_eq!(tree.continued(64, [a]), None, "no place is left");
        assert_eq!(tree.continued(3, []), None);
    }
    assert_eq!(Commitment::of_runs(6, [(a, 65)]), None);
    assert_eq!(Commitment::of_runs(6, [(a, u64::MAX), (b, 1)]), None);
    assert_eq!(Commitment::of_runs(6, [(a, 0)]), None);
}

/// A wide tree with little in it costs little.
#[test]
fn a_wide_tree_is_its_few_words() {
    let [a, b] = [1, 2].map(B256::repeat_byte);
    let (wide, last) = (Commitment::of_runs(40, [(a, 1 << 39), (b, 1)]).unwrap(), (1 << 40) - 1);
    let mut same = (a, b);
    for _ in 0..39 {
        same = (keccak256([same.0, same.0].concat()), keccak256([same.1, same.1].concat()));
    }
    assert_eq!(wide.root(), keccak256([same.0, same.1].concat()));
    let other = wide.continued(last as u64, [a]).unwrap();
    assert_eq!(wide.first_difference(&other), Some(last));
    assert_eq!(folded(a, last, &other.proof_of_last()), other.root());
}

proptest! {
    #[test]
    fn the_first_difference_is_found(
        count in 1_usize..300,
        other in 1_usize..300,
        changed in prop::option::of(0_usize..300),
    ) {
        let (mine, mut theirs) = (words(count), words(other));
        if let Some(word) = changed.and_then(|at| theirs.get_mut(at)) {
            *word = B256::ZERO;
        }
        let trees = [&mine, &theirs].map(|words| Commitment::new(9, words.clone()).unwrap());
        let leaves = |tree: &Commitment| (0..512).map(|at| tree.leaf(at).unwrap()).collect::<Vec<_>>();
        let (a, b) = (leaves(&trees[0]), leaves(&trees[1]));
        let expected = (0..512).find(|at| a[*at] != b[*at]);
        prop_assert_eq!(trees[0].first_difference(&trees[1]), expected);
    }
}

/// Counts down from `rounds`, storing each number, and exits: `4 · rounds` steps and three more.
fn countdown(rounds: u32) -> Machine {
    let words = [
        rounds << 12 | 0x537, // lui a0, rounds
        0x00c5_5513,          // srli a0, a0, 12
        0x00a0_3023,          // sd a0, 0(x0)
        0xfff5_0513,          // addi a0, a0, -1
        0x0000_000f,          // fence
        0xfe05_1ae3,          // bne a0, x0, -12
        0x05d0_0893,          // addi a7, x0, 93
        0x0000_0073,          // ecall
    ];
    let mut memory = Memory::new();
    for (at, word) in (0x1_0000..).step_by(4).zip(words) {
        memory.write(at, word.to_le_bytes()).unwrap();
    }
    Machine::new(memory, 0x1_0000)
}

/// A state every stride and every state of a stride, by running step after step.
fn slowly(mut machine: Machine, stride: usize) -> (Vec<B256>, Vec<B256>, Machine) {
    let (mut strides, mut steps, mut host) = (vec![], vec![], Recorded::default());
    while machine.exit.is_none() {
        machine.proceed(&mut host).unwrap();
        if strides.len() == stride {
            steps.push(machine.hash());
        }
        if machine.step.is_multiple_of(STRIDE_STEPS) {
            strides.push(machine.hash());
        }
    }
    strides.push(machine.hash());
    (strides, steps, machine)
}

#[test]
fn the_commitments_of_a_run_are_those_over_its_states() {
    // Two whole strides and a part of a third; the countdown begins below 2^20.
    let start = countdown(150_000);
    let (strides, steps, mut last) = slowly(start.clone(), 2);
    let mut host = Recorded::default();
    let (run, mut end) = Strides::new(start.clone()).commit(&mut host).unwrap();
    assert_eq!(Some(run.clone()), Commitment::new(18, strides.clone()));
    assert_eq!((end.hash(), end.exit), (last.hash(), Some(0)));
    assert_eq!(run.leaf((1 << 18) - 1), Some(last.hash()));

    let mut before = before_stride(start, 2, &mut host).unwrap();
    assert_eq!(before.hash(), strides[1]);
    let (stride, mut end) = steps_of_stride(before, &mut host).unwrap();
    assert_eq!(Some(stride.clone()), Commitment::new(18, steps));
    // The last state of the stride is the leaf of the run.
    assert_eq!(stride.leaf((1 << 18) - 1), run.leaf(2));
    assert_eq!(end.hash(), last.hash());
}

#[test]
fn a_run_that_has_ended_is_one_state_for_ever() {
    let (mut host, mut machine) = (Recorded::default(), countdown(1));
    machine.exit = Some(7);
    let state = machine.hash();
    let (run, _) = Strides::new(machine.clone()).commit(&mut host).unwrap();
    let (stride, _) = steps_of_stride(machine, &mut host).unwrap();
    assert_eq!(Some(run.clone()), Commitment::new(18, vec![state]));
    assert_eq!(run, stride);
}

/// The trace of an interrupted run is that of one that was not.
#[test]
fn a_missing_preimage_can_be_brought_later() {
    // addi a7, x0, 1 · addi a0, x0, 64 · ecall · addi a7, x0, 93 · addi a0, x0, 0 · ecall
    let code = [0x0010_0893_u32, 0x0400_0513, 0x0000_0073, 0x05d0_0893, 0x0000_0513, 0x0000_0073];
    let mut memory = Memory::new();
    for (at, word) in (0x1_0000..).step_by(4).zip(code) {
        memory.write(at, word.to_le_bytes()).unwrap();
    }
    let mut host = Recorded::default();
    let key = host.clone().record(b"late".to_vec());
    memory.write(64, key.0).unwrap();
    let machine = Machine::new(memory, 0x1_0000);
    let mut late = Strides::new(machine.clone());
    assert!(late.advance(&mut host).is_err());
    host.record(b"late".to_vec());
    let (late, _) = late.commit(&mut host).unwrap();
    let (whole, end) = Strides::new(machine).commit(&mut host).unwrap();
    assert_eq!((late, end.exit), (whole, Some(0)));
}
