//! Every order in which the transactions of a small block can be run ahead gives what serial execution gives.

use super::*;
use crate::parallel::memory::Turn;

/// More have too many orders.
const ORDERED_MAX: usize = 5;

impl Case {
    /// Runs transactions ahead in the order given, and then those that are not in it.
    pub(crate) fn in_order(&self, engine: &Arc<TestEngine>, order: &[Turn]) -> (Done, RunReport) {
        let (rules, state) = (self.rules.clone(), self.state.clone());
        let limit = self.context.gas_limit;
        let mut block = ParallelExecutor::with_rules(rules, limit, state, engine.clone()).unwrap();
        let txs = self.pieces.concat();
        let prepare = |tx| Arc::new(engine.predictor().prepare(tx));
        let txs: Vec<Arc<PreparedTransaction>> = txs.into_iter().map(prepare).collect();
        let mut execution = Execution::with_capacity(txs.len());
        block.plans += 1;
        let (vaults, plans) = (block.fees.vaults(), block.plans);
        let plan = Plan::new(&block.memory, &vaults, engine.predictor(), plans, &txs);
        let run = block.run(txs, plan, || true);
        run.run_ahead_in_order(&mut block.lane, order);
        block.end_run(&run, &mut execution);
        assert!(execution.failure.is_none(), "{:?}", execution.failure);
        let Execution { verdicts, report, .. } = execution;
        let diffs = vec![block.take_diff()];
        (Done { verdicts, diffs, gas_used: block.gas_used() }, report)
    }

    /// Holds every order against the definition, if there are few. Whoever looks only when all before it are done is not
    /// run again, unless something before it is refused after all, or looks at a vault and cannot be done ahead.
    pub(crate) fn check_orders(&self, engine: &Arc<TestEngine>) {
        let all: Vec<Turn> = (1..).take(self.pieces.concat().len()).collect();
        if all.len() > ORDERED_MAX {
            return;
        }
        let serial = Self { pieces: vec![self.pieces.concat()], ..self.clone() }.serial();
        for order in orders(&all) {
            let (done, report) = self.in_order(engine, &order);
            assert_same(&serial, &done, &format!("ahead in the order {order:?}"));
            let is_refused = done.verdicts.iter().any(Result::is_err);
            let may_be_again = order != all || is_refused || report.at_head > 0;
            assert!(may_be_again || report.again == 0, "{report:?}");
        }
    }
}

fn orders(turns: &[Turn]) -> Vec<Vec<Turn>> {
    if turns.is_empty() {
        return vec![Vec::new()];
    }
    let with_first = |at: usize| {
        let rest = [&turns[..at], &turns[at + 1..]].concat();
        orders(&rest).into_iter().map(move |order| [&turns[at..=at], &order].concat())
    };
    (0..turns.len()).flat_map(with_first).collect()
}

#[test]
fn there_are_as_many_orders_as_permutations() {
    let mut orders = orders(&[1, 2, 3, 4]);
    orders.sort_unstable();
    orders.dedup();
    assert_eq!(orders.len(), 24);
}
