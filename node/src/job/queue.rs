//! Places for jobs that run, and who gets the next one: consumers take turns. A job belongs to the round after its
//! consumer's job before it, and to none that is past; rounds are served one after the other, each in the order in which
//! its jobs came. So one consumer's many jobs do not keep another's single one waiting behind all of them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use qianmo_proto::{Identity, JobId};
use tokio::sync::oneshot;

/// The node's places. Clones are one.
#[derive(Clone)]
pub(crate) struct Queue(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    free: usize,
    next: u64,
    /// The round that is served.
    round: u64,
    /// The round of each consumer's next job, where it is one to come.
    next_round: HashMap<Identity, u64>,
    /// The jobs that hold a place, by number.
    running: HashMap<u64, JobId>,
    /// Those who wait, the longest first.
    waiting: Vec<Waiting>,
}

struct Waiting {
    round: u64,
    number: u64,
    job: JobId,
    since_ms: i64,
    wake: oneshot::Sender<()>,
}

/// A place among the jobs that run; free again when it is dropped.
pub(crate) struct Place {
    queue: Queue,
    number: u64,
}

/// Where a waiting job stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Standing {
    /// 1 is next.
    pub(crate) place: usize,
    /// Since when it waits, UNIX milliseconds.
    pub(crate) since_ms: i64,
    /// The jobs that run.
    pub(crate) running: Vec<JobId>,
    /// The jobs that are before it.
    pub(crate) ahead: Vec<JobId>,
}

impl Queue {
    /// As many `places` as jobs may run at once.
    pub(crate) fn new(places: usize) -> Self {
        Self(Arc::new(Mutex::new(Inner { free: places, ..Inner::default() })))
    }

    /// A place for `job`, when it is its turn. Whoever stops waiting leaves the queue.
    pub(crate) async fn place(&self, job: &JobId, consumer: &Identity, now_ms: i64) -> Place {
        let (wake, woken) = oneshot::channel();
        // From here on dropping the place, waited for or got, gives back whatever is held under its number.
        let place = {
            let mut inner = self.lock();
            let number = inner.next;
            inner.next += 1;
            let job = job.clone();
            let round = inner.take_round(consumer);
            inner.waiting.push(Waiting { round, number, job, since_ms: now_ms, wake });
            inner.admit();
            Place { queue: self.clone(), number }
        };
        // The sender lives in the queue until it wakes us, and the queue as long as the place.
        let _ = woken.await;
        place
    }

    /// Where `job` stands, if it waits.
    pub(crate) fn standing(&self, job: &JobId) -> Option<Standing> {
        let inner = self.lock();
        let since_ms = inner.waiting.iter().find(|waiting| waiting.job == *job)?.since_ms;
        let turns = inner.turns();
        let at = turns.iter().position(|waiting| waiting.job == *job)?;
        let ahead = turns.iter().take(at).map(|waiting| waiting.job.clone()).collect();
        let running = inner.running.values().cloned().collect();
        Some(Standing { place: at + 1, since_ms, running, ahead })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Every change is whole before the lock is let go.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// The round of the next job of `consumer`.
    fn take_round(&mut self, consumer: &Identity) -> u64 {
        let round = self.next_round.get(consumer).copied().unwrap_or(0).max(self.round);
        self.next_round.insert(consumer.clone(), round + 1);
        round
    }

    /// Those who wait in the order in which they will be served.
    fn turns(&self) -> Vec<&Waiting> {
        let mut turns: Vec<&Waiting> = self.waiting.iter().collect();
        turns.sort_by_key(|waiting| (waiting.round, waiting.number));
        turns
    }

    fn admit(&mut self) {
        while self.free > 0 {
            let Some(number) = self.turns().first().map(|waiting| waiting.number) else { return };
            let Some(at) = self.waiting.iter().position(|waiting| waiting.number == number) else { return };
            let Waiting { round, job, wake, .. } = self.waiting.remove(at);
            self.free -= 1;
            self.round = self.round.max(round);
            // Who has no round to come starts with the one that is served.
            let served = self.round;
            self.next_round.retain(|_, round| *round > served);
            self.running.insert(number, job);
            // Whoever has just stopped waiting drops its place, which comes after this.
            let _ = wake.send(());
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut inner = self.queue.lock();
        inner.waiting.retain(|waiting| waiting.number != self.number);
        if inner.running.remove(&self.number).is_some() {
            inner.free += 1;
            inner.admit();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{pin::Pin, task::Context};

    use futures::task::noop_waker;
    use qianmo_crypto::sm3;
    use qianmo_proto::Id as _;

    use super::*;

    type Waits<'q> = Pin<Box<dyn Future<Output = Place> + 'q>>;

    fn id(job: &str) -> JobId {
        JobId::of(&sm3::digest(job.as_bytes()))
    }

    /// Asks for a place; the place, or the wait for it. The letter of a job's name is its consumer.
    fn ask<'q>(
        queue: &'q Queue,
        job: &str,
        ids: &'q [(JobId, Identity)],
        at: usize,
    ) -> Result<Place, Waits<'q>> {
        let (id, consumer) = &ids[at];
        assert_eq!(*id, self::id(job));
        let mut waits: Waits<'q> = Box::pin(queue.place(id, consumer, 7));
        poll(&mut waits).ok_or(waits)
    }

    fn poll(waits: &mut Waits<'_>) -> Option<Place> {
        match waits.as_mut().poll(&mut Context::from_waker(&noop_waker())) {
            std::task::Poll::Ready(place) => Some(place),
            std::task::Poll::Pending => None,
        }
    }

    fn people(jobs: &[&str]) -> Vec<(JobId, Identity)> {
        let consumer = |job: &str| format!("qianmo://university/consumer/{}", &job[..1]).parse().unwrap();
        jobs.iter().map(|job| (id(job), consumer(job))).collect()
    }

    #[test]
    fn one_consumers_many_jobs_do_not_stand_before_anothers_single_one() {
        let ids = people(&["a1", "a2", "a3", "b1"]);
        let queue = Queue::new(1);
        let first = ask(&queue, "a1", &ids, 0).ok().unwrap();
        let mut second = ask(&queue, "a2", &ids, 1).err().unwrap();
        let mut third = ask(&queue, "a3", &ids, 2).err().unwrap();
        let mut other = ask(&queue, "b1", &ids, 3).err().unwrap();
        let standing = |job: &str| queue.standing(&id(job));
        let of_a2 = standing("a2").unwrap();
        assert_eq!((of_a2.place, of_a2.since_ms, of_a2.ahead), (2, 7, vec![id("b1")]));
        assert_eq!(of_a2.running, [id("a1")]);
        assert_eq!((standing("b1").unwrap().place, standing("a3").unwrap().place), (1, 3));
        assert_eq!(standing("a1"), None, "what runs does not wait");

        drop(first);
        let place = poll(&mut other).unwrap();
        assert!(poll(&mut second).is_none() && poll(&mut third).is_none());
        drop(place);
        let place = poll(&mut second).unwrap();
        assert!(poll(&mut third).is_none());
        drop(place);
        assert!(poll(&mut third).is_some());
    }

    #[test]
    fn who_stops_waiting_leaves_and_a_place_given_too_late_goes_on() {
        let ids = people(&["a1", "b1", "c1"]);
        let queue = Queue::new(1);
        let first = ask(&queue, "a1", &ids, 0).ok().unwrap();
        let second = ask(&queue, "b1", &ids, 1).err().unwrap();
        let mut third = ask(&queue, "c1", &ids, 2).err().unwrap();
        drop(first); // b1's turn, which it has not seen when it stops waiting
        drop(second);
        assert!(poll(&mut third).is_some());
        assert_eq!(queue.standing(&id("b1")), None);
    }
}
