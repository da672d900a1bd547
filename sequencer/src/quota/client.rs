//! A client of the doors, and what it has used. The work that is done for one knows it by [`Client::current`].

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use super::{ClientQuota, Reason, Refused, bucket::Bucket, table::Forgettable};

tokio::task_local! {
    static CURRENT: Client;
}

/// How long a client is asked to wait where nobody knows when there will be room.
const ROOM_WAIT: Duration = Duration::from_secs(1);

/// Who work is done for. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Client(Option<Counted>);

#[derive(Debug, Clone)]
struct Counted {
    used: Arc<Used>,
    quota: ClientQuota,
    start: Instant,
    keyed: bool,
}

/// What a client has used of its quota.
#[derive(Debug, Default)]
pub(super) struct Used {
    requests: Bucket,
    gas: Bucket,
    cpu_us: Bucket,
    running: AtomicU32,
    sockets: AtomicU32,
}

impl Forgettable for Used {
    fn is_as_new(&self, now: u64) -> bool {
        self.requests.is_full(now)
            && self.gas.is_full(now)
            && self.cpu_us.is_full(now)
            && self.running.load(Ordering::Relaxed) == 0
            && self.sockets.load(Ordering::Relaxed) == 0
    }
}

/// Something that the client has under way, or open. Over when dropped.
#[derive(Debug)]
pub(crate) struct Running(Option<(Arc<Used>, Kind)>);

#[derive(Debug, Clone, Copy)]
enum Kind {
    Work,
    Socket,
}

impl Used {
    const fn number(&self, kind: Kind) -> &AtomicU32 {
        match kind {
            Kind::Work => &self.running,
            Kind::Socket => &self.sockets,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some((used, kind)) = &self.0 {
            used.number(*kind).fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Client {
    /// Nobody whose work is counted: ourselves, or who is exempt.
    pub const fn exempt() -> Self {
        Self(None)
    }

    pub(super) const fn counted(
        used: Arc<Used>,
        quota: ClientQuota,
        start: Instant,
        keyed: bool,
    ) -> Self {
        Self(Some(Counted { used, quota, start, keyed }))
    }

    /// Who the present work is done for.
    pub(crate) fn current() -> Self {
        CURRENT.try_with(Self::clone).unwrap_or_default()
    }

    /// Does `work` for this client.
    pub(crate) async fn scope<F: Future>(&self, work: F) -> F::Output {
        CURRENT.scope(self.clone(), work).await
    }

    /// Calls `work` for this client, and counts the CPU time of this thread.
    pub(crate) fn spend<T>(&self, work: impl FnOnce() -> T) -> T {
        let Some(counted) = &self.0 else { return work() };
        let began = thread_time();
        let done = CURRENT.sync_scope(self.clone(), work);
        let micros = thread_time().saturating_sub(began).as_micros();
        let micros = u64::try_from(micros).unwrap_or(u64::MAX);
        counted.used.cpu_us.charge(counted.quota.cpu_us, micros, counted.now());
        done
    }

    /// Counts gas that a call used.
    pub(crate) fn used_gas(&self, gas: u64) {
        if let Some(counted) = &self.0 {
            counted.used.gas.charge(counted.quota.gas, gas, counted.now());
        }
    }

    /// Asks for `requests` requests.
    pub(crate) fn request(&self, requests: usize) -> Result<(), Refused> {
        let Some(counted) = &self.0 else { return Ok(()) };
        let requests = u64::try_from(requests).unwrap_or(u64::MAX);
        let taken = counted.used.requests.take(counted.quota.requests, requests, counted.now());
        taken.map_err(|wait| Refused::new(Reason::Requests, wait))
    }

    /// Counts requests that turned out to be in one that was let in.
    pub(crate) fn more_requests(&self, requests: usize) {
        if let Some(counted) = &self.0 {
            let requests = u64::try_from(requests).unwrap_or(u64::MAX);
            counted.used.requests.charge(counted.quota.requests, requests, counted.now());
        }
    }

    /// Asks for the gas limit of a transaction.
    pub(crate) fn send_gas(&self, gas: u64) -> Result<(), Refused> {
        let Some(counted) = &self.0 else { return Ok(()) };
        let taken = counted.used.gas.take(counted.quota.gas, gas, counted.now());
        taken.map_err(|wait| Refused::new(Reason::Gas, wait))
    }

    /// Asks whether there is anything left for a call, which is paid for afterwards.
    pub(crate) fn call(&self) -> Result<(), Refused> {
        let Some(counted) = &self.0 else { return Ok(()) };
        let (used, quota, now) = (&counted.used, &counted.quota, counted.now());
        let left = used.cpu_us.take(quota.cpu_us, 1, now);
        left.map_err(|wait| Refused::new(Reason::Cpu, wait))?;
        let left = used.gas.take(quota.gas, 1, now);
        left.map_err(|wait| Refused::new(Reason::Gas, wait))
    }

    /// Asks to have one more thing under way.
    pub(crate) fn enter(&self) -> Result<Running, Refused> {
        self.open(Kind::Work, |quota| quota.running_max, Reason::Running)
    }

    /// Asks to have one more connection.
    pub(crate) fn connect(&self) -> Result<Running, Refused> {
        self.open(Kind::Socket, |quota| quota.sockets_max, Reason::Sockets)
    }

    fn open(
        &self,
        kind: Kind,
        most: impl Fn(&ClientQuota) -> u32,
        reason: Reason,
    ) -> Result<Running, Refused> {
        let Some(counted) = &self.0 else { return Ok(Running(None)) };
        let number = counted.used.number(kind);
        let entered = number.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |number| {
            (number < most(&counted.quota)).then_some(number + 1)
        });
        match entered {
            Ok(_) => Ok(Running(Some((counted.used.clone(), kind)))),
            Err(_) => Err(Refused::new(reason, ROOM_WAIT)),
        }
    }

    /// Whether the senders of its transactions have quotas.
    pub(super) fn counts_senders(&self) -> bool {
        self.0.as_ref().is_some_and(|counted| !counted.keyed)
    }
}

impl Counted {
    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

/// CPU time of this thread.
fn thread_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}
