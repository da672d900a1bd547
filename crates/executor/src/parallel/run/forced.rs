//! A run whose transactions are run ahead in an order that a test wants.

use super::*;

impl<R: StateReader, T: AsRef<PreparedTransaction>> Run<R, T> {
    /// Runs these ahead, one after the other, whatever the plan says; then commits what can be; and then takes the rest in
    /// their order, each as a worker would.
    pub(in crate::parallel) fn run_ahead_in_order(&self, lane: &mut Lane<R>, order: &[Turn]) {
        for turn in order {
            let (ran, reads) = lane.run_ahead(self.tx(*turn), *turn, false);
            // The plan did not say so.
            let attempt = self.show(lane, *turn, ran, reads);
            self.line.put(*turn, Attempt { as_planned: false, ..attempt });
        }
        self.commit(lane);
        let all = Turn::try_from(self.txs.len()).expect("few");
        for turn in (1..=all).filter(|turn| !order.contains(turn)) {
            self.run_ahead(lane, turn);
            self.commit(lane);
        }
    }
}
