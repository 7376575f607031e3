//! The jobs that run right now: one entry a job id, so that the same order sent twice is one job, and a
//! handle to stop it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use qianmo_proto::{ContractId, JobId, RunId};
use tokio::sync::watch;

use super::stop::Stop;

/// Who was first with an order.
pub(crate) enum Entered {
    /// This caller: it runs the job and keeps the guard until the end.
    First(Running),
    /// Somebody else: the job's end comes by [`Jobs::wait`].
    Already,
}

/// All jobs between order and outcome.
#[derive(Clone, Default)]
pub(crate) struct Jobs(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    jobs: HashMap<JobId, Entry>,
    /// Runs promised to jobs whose intent is not yet on the trail: counted with those that are.
    reserved: HashMap<JobId, (ContractId, Option<RunId>)>,
}

/// Runs and rounds promised to orders whose intent is not yet on the trail.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Promised {
    /// Runs other than the one that asks.
    pub(crate) other_runs: u32,
    /// Jobs of the run that asks.
    pub(crate) of_run: u32,
}

struct Entry {
    contract: ContractId,
    stop: Stop,
    over: watch::Receiver<bool>,
    /// When its model began to run, UNIX milliseconds; none while it waits.
    began_ms: Option<i64>,
}

/// A running job's place in the list. Dropping it tells those who wait.
pub(crate) struct Running {
    jobs: Jobs,
    id: JobId,
    stop: Stop,
    over: watch::Sender<bool>,
}

impl Jobs {
    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        // A panic elsewhere leaves the map whole: every change is one insert or remove.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Enters `id`, unless it is there already.
    pub(crate) fn enter(&self, id: &JobId, contract: &ContractId) -> Entered {
        let mut inner = self.lock();
        if inner.jobs.contains_key(id) {
            return Entered::Already;
        }
        let (sender, receiver) = watch::channel(false);
        let stop = Stop::default();
        let entry = Entry { contract: contract.clone(), stop: stop.clone(), over: receiver, began_ms: None };
        inner.jobs.insert(id.clone(), entry);
        Entered::First(Running { jobs: self.clone(), id: id.clone(), stop, over: sender })
    }

    /// What is promised of `contract` and not yet on the trail, seen by an order of federated run `run`.
    pub(crate) fn reserved(&self, contract: &ContractId, run: Option<&RunId>) -> Promised {
        let inner = self.lock();
        let mut promised = Promised::default();
        let mut runs: Vec<&RunId> = Vec::new();
        for (_, of) in inner.reserved.values().filter(|(id, _)| id == contract) {
            match of {
                Some(of) if Some(of) == run => promised.of_run += 1,
                Some(of) if runs.contains(&of) => {}
                Some(of) => {
                    runs.push(of);
                    promised.other_runs += 1;
                }
                None => promised.other_runs += 1,
            }
        }
        promised
    }

    /// When `id` began to run: `None` if it is not under way, `Some(None)` if it waits.
    pub(crate) fn began(&self, id: &JobId) -> Option<Option<i64>> {
        self.lock().jobs.get(id).map(|entry| entry.began_ms)
    }

    /// Jobs that wait or run.
    pub(crate) fn len(&self) -> usize {
        self.lock().jobs.len()
    }

    /// Stops a job; whether there was one.
    pub(crate) fn stop(&self, id: &JobId) -> bool {
        self.lock().jobs.get(id).map(|entry| entry.stop.stop()).is_some()
    }

    /// Stops every job of a contract.
    pub(crate) fn stop_contract(&self, contract: &ContractId) {
        self.lock().jobs.values().filter(|e| e.contract == *contract).for_each(|e| e.stop.stop());
    }

    /// A receiver that turns true when the job is over; none if it is not running.
    pub(crate) fn wait(&self, id: &JobId) -> Option<watch::Receiver<bool>> {
        self.lock().jobs.get(id).map(|entry| entry.over.clone())
    }
}

impl Running {
    /// What stops this job.
    pub(crate) const fn stop(&self) -> &Stop {
        &self.stop
    }

    /// Notes that the job has its place and runs.
    pub(crate) fn began(&self, now_ms: i64) {
        if let Some(entry) = self.jobs.lock().jobs.get_mut(&self.id) {
            entry.began_ms = Some(now_ms);
        }
    }

    /// Promises a run to this job, while the caller holds the decision lock.
    pub(crate) fn reserve(&self, contract: &ContractId, run: Option<RunId>) {
        self.jobs.lock().reserved.insert(self.id.clone(), (contract.clone(), run));
    }

    /// The intent is on the trail (or will never be): the promise is no longer needed.
    pub(crate) fn settle(&self) {
        self.jobs.lock().reserved.remove(&self.id);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut inner = self.jobs.lock();
        inner.reserved.remove(&self.id);
        inner.jobs.remove(&self.id);
        drop(inner);
        self.over.send_replace(true);
    }
}

#[cfg(test)]
mod tests {
    use qianmo_crypto::sm3;
    use qianmo_proto::{Id as _, RequestId};

    use super::*;

    fn contract() -> ContractId {
        ContractId::from_request(&RequestId::of(&sm3::digest(b"r")))
    }

    #[test]
    fn the_second_to_enter_waits_for_the_first() {
        let jobs = Jobs::default();
        let id = JobId::of(&sm3::digest(b"1"));
        let Entered::First(first) = jobs.enter(&id, &contract()) else { panic!("not first") };
        assert!(matches!(jobs.enter(&id, &contract()), Entered::Already));
        assert_eq!((jobs.began(&id), jobs.began(&JobId::of(&sm3::digest(b"2")))), (Some(None), None));
        first.began(7);
        assert_eq!(jobs.began(&id), Some(Some(7)));
        let over = jobs.wait(&id).unwrap();
        assert!(!*over.borrow());
        jobs.stop_contract(&contract());
        assert!(first.stop().flag().is_stopped());
        drop(first);
        assert!(*over.borrow());
        assert!(matches!(jobs.enter(&id, &contract()), Entered::First(_)));
    }

    #[test]
    fn promises_count_once_a_run_and_end_with_the_job() {
        let jobs = Jobs::default();
        let run = RunId::from_random([1; 16]);
        let enter = |n: u8, run: Option<RunId>| {
            let Entered::First(running) = jobs.enter(&JobId::of(&sm3::digest(&[n])), &contract()) else {
                panic!("taken")
            };
            running.reserve(&contract(), run);
            running
        };
        let single = enter(1, None);
        let _round_0 = enter(2, Some(run.clone()));
        let _round_1 = enter(3, Some(run.clone()));
        let promised = |run| jobs.reserved(&contract(), run);
        assert_eq!(promised(None), Promised { other_runs: 2, of_run: 0 });
        assert_eq!(promised(Some(&run)), Promised { other_runs: 1, of_run: 2 });
        single.settle();
        assert_eq!(promised(None), Promised { other_runs: 1, of_run: 0 });
    }
}
