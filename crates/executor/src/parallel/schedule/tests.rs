//! Whatever the graph and however workers interleave: everybody is given out once, after those it waits for.

use std::collections::{BTreeMap, BTreeSet};

use proptest::{collection::vec, prelude::*};

use super::*;

/// A graph from costs and pairs of any order.
fn graph(costs: &[Cost], pairs: &[(usize, usize)]) -> (Graph, BTreeMap<Turn, BTreeSet<Turn>>) {
    let turn = |index: usize| Turn::try_from(index % costs.len() + 1).unwrap();
    let mut waits = BTreeMap::<Turn, BTreeSet<Turn>>::new();
    for (one, other) in pairs {
        let (one, other) = (turn(*one), turn(*other));
        if one != other {
            let (earlier, later) = (std::cmp::min(one, other), std::cmp::max(one, other));
            waits.entry(later).or_default().insert(earlier);
        }
    }
    let mut graph = Graph::with_capacity(costs.len());
    for (index, cost) in costs.iter().enumerate() {
        graph.push(*cost);
        for earlier in waits.get(&turn(index)).into_iter().flatten() {
            graph.wait(*earlier, turn(index));
        }
    }
    (graph, waits)
}

/// Goes through a schedule with workers of which `order` says who acts next. Gives the turns as they were run.
fn run(schedule: &mut Schedule, workers: usize, budget: Cost, order: &[usize]) -> Vec<Turn> {
    let mut batches = vec![Vec::new(); workers];
    let mut ran = Vec::new();
    let mut order = order.iter().cycle();
    // Every step gives something out or completes something, unless a worker has nothing to do.
    for _ in 0..10_000 {
        let worker = order.next().unwrap() % workers;
        let batch: &mut Vec<Turn> = &mut batches[worker];
        if batch.is_empty() {
            schedule.take(budget, batch);
        } else {
            ran.extend(batch.iter());
            schedule.done(batch);
            batch.clear();
        }
        if schedule.is_over() && batches.iter().all(Vec::is_empty) {
            return ran;
        }
    }
    panic!("nobody can go on: {schedule:?}, {batches:?}");
}

proptest! {
    #[test]
    fn everybody_once_and_nobody_early(
        costs in vec(0_u64..40_000, 1..60),
        pairs in vec((0_usize..60, 0_usize..60), 0..150),
        workers in 1_usize..17,
        budget in 0_u64..60_000,
        order in vec(0_usize..64, 64),
    ) {
        let (graph, waits) = graph(&costs, &pairs);
        let mut schedule = graph.schedule(workers);
        // Every worker gets a chance now and then.
        let order: Vec<usize> = order.into_iter().chain(0..workers).collect();
        let ran = run(&mut schedule, workers, std::cmp::max(budget, 1), &order);
        let mut done = BTreeSet::new();
        for turn in &ran {
            for earlier in waits.get(turn).into_iter().flatten() {
                prop_assert!(done.contains(earlier), "{turn} before {earlier}");
            }
            prop_assert!(done.insert(*turn), "{turn} twice");
        }
        prop_assert_eq!(done.len(), costs.len());
    }

    #[test]
    fn the_longest_chain_is_that_of_the_costs(
        costs in vec(1_u64..100, 1..30),
        pairs in vec((0_usize..30, 0_usize..30), 0..60),
    ) {
        let (graph, waits) = graph(&costs, &pairs);
        let mut ends = Vec::new();
        for (index, cost) in costs.iter().enumerate() {
            let turn = Turn::try_from(index + 1).unwrap();
            let before = waits.get(&turn).into_iter().flatten();
            let before = before.map(|earlier| ends[*earlier as usize - 1]).max().unwrap_or(0);
            ends.push(before + cost);
        }
        prop_assert_eq!(graph.tails().1, ends.into_iter().max().unwrap());
    }
}

#[test]
fn a_long_chain_goes_first_and_the_rest_in_order() {
    let mut graph = Graph::with_capacity(6);
    for cost in [1, 1, 50, 1, 50, 1] {
        graph.push(cost);
    }
    graph.wait(3, 5);
    let mut schedule = graph.schedule(2);
    let mut batch = Vec::new();
    schedule.take(1, &mut batch);
    assert_eq!(batch, [3]);
    schedule.take(3, &mut batch);
    assert_eq!(batch, [3, 5], "its next link comes along");
    let mut rest = Vec::new();
    schedule.take(4, &mut rest);
    assert_eq!(rest, [1, 2, 4, 6]);
    assert!(schedule.is_over() && !schedule.has_ready());
}

#[test]
fn nothing_comes_out_of_a_stopped_schedule() {
    let mut graph = Graph::with_capacity(2);
    graph.push(1);
    graph.push(1);
    let mut schedule = graph.schedule(1);
    schedule.stop();
    let mut batch = Vec::new();
    schedule.take(10, &mut batch);
    assert!(batch.is_empty() && schedule.is_over());
}
