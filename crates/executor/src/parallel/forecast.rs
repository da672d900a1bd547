//! What a run would take with other numbers of workers: the schedule, played with expected costs instead of threads.
//!
//! Workers take batches, execute them and commit what is complete, as in a run; only time is made up. The same graph
//! gives the same times on every machine.

use std::{cmp::Reverse, collections::BinaryHeap};

use super::{
    memory::Turn,
    plan::{AHEAD_COST, PLAN_COST, START_COST},
    schedule::{Cost, Graph},
};

/// What it costs to commit a transaction that holds. One commits at a time.
const COMMIT_COST: Cost = 150;

/// One who works, by the time at which the batch is done.
type Busy = (Reverse<Cost>, usize);

/// Expected time of a run of these transactions, planning included, with so many workers.
pub(super) fn play(graph: Graph, workers: usize) -> Cost {
    let (len, costs) = (graph.len(), graph.costs().to_vec());
    let batch_cost = graph.batch_cost(workers);
    let mut schedule = graph.schedule(workers);
    let mut head = Head { done: vec![false; len], next: 0, free_at: 0 };
    let mut batches: Vec<Vec<Turn>> = vec![Vec::new(); workers];
    let (mut busy, mut idle) = (BinaryHeap::<Busy>::new(), (0..workers).rev().collect::<Vec<_>>());
    let mut now = 0;
    loop {
        // Whoever is idle takes what there is, one after the other.
        while let Some(worker) = idle.pop() {
            schedule.take(batch_cost, &mut batches[worker]);
            if batches[worker].is_empty() {
                idle.push(worker);
                break;
            }
            let cost = batches[worker].iter().map(|turn| costs[*turn as usize - 1] + AHEAD_COST);
            busy.push((Reverse(now + cost.sum::<Cost>()), worker));
        }
        let Some((Reverse(then), worker)) = busy.pop() else { break };
        let batch = std::mem::take(&mut batches[worker]);
        schedule.done(&batch);
        batch.iter().for_each(|turn| head.done[*turn as usize - 1] = true);
        now = then;
        // Its own time passes while it commits; the others go on.
        match head.commit(now) {
            Some(until) => busy.push((Reverse(until), worker)),
            None => idle.push(worker),
        }
    }
    PLAN_COST * len as Cost + START_COST + std::cmp::max(now, head.free_at)
}

/// What is committed.
struct Head {
    done: Vec<bool>,
    next: usize,
    /// Until when somebody commits.
    free_at: Cost,
}

impl Head {
    /// Commits what is complete, unless somebody is at it. Gives when that is done.
    fn commit(&mut self, now: Cost) -> Option<Cost> {
        if self.free_at > now {
            return None;
        }
        let first = self.next;
        while self.done.get(self.next) == Some(&true) {
            self.next += 1;
        }
        let committed = (self.next - first) as Cost;
        self.free_at = now + committed * COMMIT_COST;
        (committed > 0).then_some(self.free_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(costs: &[Cost], edges: &[(Turn, Turn)]) -> Graph {
        let mut graph = Graph::with_capacity(costs.len());
        costs.iter().for_each(|cost| graph.push(*cost));
        edges.iter().for_each(|(earlier, later)| graph.wait(*earlier, *later));
        graph
    }

    #[test]
    fn what_does_not_wait_scales_and_a_chain_does_not() {
        let costs = [500_000; 640];
        let free = graph(&costs, &[]);
        let chain: Vec<_> = (1..640).map(|turn| (turn, turn + 1)).collect();
        let chain = graph(&costs, &chain);
        let total = free.total();
        let ratio = |graph: &Graph, workers| total as f64 / play(graph.clone(), workers) as f64;
        assert!((0.95..1.0).contains(&ratio(&free, 1)), "{}", ratio(&free, 1));
        assert!(ratio(&free, 16) > 14.0, "{}", ratio(&free, 16));
        assert!(ratio(&free, 64) > 40.0, "{}", ratio(&free, 64));
        for workers in [1, 2, 64] {
            assert!((0.9..1.0).contains(&ratio(&chain, workers)), "{workers}");
        }
    }

    #[test]
    fn no_time_is_below_what_has_to_be_done() {
        let costs: Vec<_> = (0..500).map(|i| 1_000 + i * 37 % 5_000).collect();
        let edges: Vec<_> = (1..500).filter(|i| i % 3 > 0).map(|i| (i, i + 1)).collect();
        let graph = graph(&costs, &edges);
        let (_, longest) = graph.tails();
        let mut before = Cost::MAX;
        for workers in [1, 2, 3, 4, 8, 64, 1_000] {
            let time = play(graph.clone(), workers);
            assert!(time >= longest && time >= graph.total() / workers as Cost);
            assert_eq!(time, play(graph.clone(), workers), "the same each time");
            assert!(time <= before.saturating_add(START_COST), "{workers} workers");
            before = time;
        }
        assert_eq!(play(Graph::default(), 2), START_COST);
    }
}
