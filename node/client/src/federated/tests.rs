//! The state machine among in-memory sites: each has its own numbers, the model averages them.

mod fit;

use qianmo_proto::{ErrorCode, WireError};
use qianmo_sandbox::{Metric, Step, Update, Vector};

use super::run::{Effect, Event, Failure, RoundReport, Run};

fn vector(name: &str, values: &[f64]) -> Vector {
    Vector { name: name.into(), shape: vec![values.len() as u32], values: values.to_vec() }
}

fn update(samples: u64, values: &[f64]) -> Update {
    let metrics = vec![Metric { name: "loss".into(), value: samples as f64 }];
    Update { samples, vectors: vec![vector("sum", values)], metrics }
}

/// Sites in memory and a model that is done after `last` rounds. Time jumps 10 ms with each event.
struct Bench {
    run: Run,
    now_ms: i64,
    last: u32,
    data: Vec<Vec<f64>>,
    todo: Vec<Effect>,
    orders: Vec<(usize, u32, Vec<Vector>)>,
    told: Vec<RoundReport>,
    stopped: Vec<usize>,
    end: Option<Result<Vec<Vector>, Failure>>,
}

impl Bench {
    fn new(data: &[&[f64]], granted: u32, last: u32) -> Self {
        let (run, todo) = Run::new(data.len(), granted, 0);
        let data = data.iter().map(|values| values.to_vec()).collect();
        Self { run, now_ms: 0, last, data, todo, orders: vec![], told: vec![], stopped: vec![], end: None }
    }

    /// Carries out what is to be done; returns the sites that now compute.
    fn settle(&mut self) -> Vec<(usize, u32)> {
        let mut computing = Vec::new();
        while let Some(effect) = (!self.todo.is_empty()).then(|| self.todo.remove(0)) {
            match effect {
                Effect::Order { site, round, state } => {
                    computing.push((site, round));
                    self.orders.push((site, round, state));
                }
                Effect::Next { round, total, sites, .. } => {
                    let sum = &total.vectors[0].values;
                    let mean: Vec<f64> = sum.iter().map(|value| value / f64::from(sites)).collect();
                    let step = Step { state: vec![vector("mean", &mean)], done: round + 1 == self.last };
                    self.happen(Event::Stepped { round, step });
                }
                Effect::Tell(report) => self.told.push(report),
                Effect::Stop { site } => self.stopped.push(site),
                Effect::Finish { state } => assert_eq!(self.end.replace(Ok(state)), None),
                Effect::Abort(failure) => assert_eq!(self.end.replace(Err(failure)), None),
            }
        }
        computing
    }

    fn happen(&mut self, event: Event) {
        self.now_ms += 10;
        let effects = self.run.handle(event, self.now_ms);
        self.todo.extend(effects);
    }

    fn deliver(&mut self, site: usize, round: u32) {
        let data = self.data.get(site).map_or(&[][..], Vec::as_slice);
        let update = update(data.len() as u64, data);
        self.happen(Event::Delivered { site, round, update });
    }

    fn failure(&self) -> &Failure {
        self.end.as_ref().expect("the run is over").as_ref().expect_err("the run failed")
    }
}

#[test]
fn rounds_go_on_until_the_model_is_done() {
    let mut bench = Bench::new(&[&[1.0, 2.0], &[3.0, 4.0], &[5.0, 9.0]], 10, 3);
    for round in 0..3 {
        let mut computing = bench.settle();
        assert_eq!(computing, [(0, round), (1, round), (2, round)]);
        computing.reverse();
        for (site, round) in computing {
            bench.deliver(site, round);
        }
    }
    assert_eq!(bench.settle(), []);
    assert_eq!(bench.end, Some(Ok(vec![vector("mean", &[3.0, 5.0])])));
    assert_eq!(
        bench.told.iter().map(|r| (r.round, r.samples, r.done)).collect::<Vec<_>>(),
        [(0, 6, false), (1, 6, false), (2, 6, true)]
    );
    assert_eq!(bench.told[1].took_ms, 40);
    assert_eq!(bench.told[1].metrics, [Metric { name: "loss".into(), value: 6.0 }]);
    assert!(bench.run.is_over());
}

#[test]
fn the_first_round_has_no_state_and_later_ones_have_the_models() {
    let mut bench = Bench::new(&[&[1.0], &[3.0]], 10, 2);
    for round in 0..2 {
        bench.settle();
        bench.deliver(0, round);
        bench.deliver(1, round);
    }
    bench.settle();
    let states: Vec<_> = bench.orders.iter().map(|(_, _, state)| state.clone()).collect();
    let mean = vec![vector("mean", &[2.0])];
    assert_eq!(states, [vec![], vec![], mean.clone(), mean]);
}

#[test]
fn the_sum_does_not_depend_on_who_answers_first() {
    let data: [&[f64]; 3] = [&[1e16], &[1.0], &[-1e16]];
    let result = |order: [usize; 3]| {
        let mut bench = Bench::new(&data, 1, 1);
        bench.settle();
        order.into_iter().for_each(|site| bench.deliver(site, 0));
        bench.settle();
        bench.end.unwrap().unwrap()
    };
    assert_eq!(result([0, 1, 2]), result([2, 1, 0]));
    assert_eq!(result([0, 1, 2]), result([0, 2, 1]));
}

#[test]
fn a_site_that_refuses_ends_the_run_and_the_others_are_stopped() {
    let mut bench = Bench::new(&[&[1.0], &[2.0], &[3.0]], 10, 2);
    bench.settle();
    bench.deliver(0, 0);
    let error = WireError::new(ErrorCode::Contract, "the contract was revoked");
    bench.happen(Event::Refused { site: 1, round: 0, error: error.clone() });
    bench.settle();
    assert_eq!(bench.failure(), &Failure::Site { site: 1, round: 0, error });
    assert_eq!(bench.stopped, [2]);
    bench.deliver(2, 0);
    assert_eq!(bench.settle(), []);
}

#[test]
fn late_and_repeated_answers_have_no_effect() {
    let mut bench = Bench::new(&[&[1.0], &[2.0]], 10, 2);
    bench.settle();
    bench.deliver(0, 0);
    bench.data[0] = vec![100.0];
    bench.deliver(0, 0);
    bench.happen(Event::Delivered { site: 7, round: 0, update: update(1, &[1.0]) });
    bench.deliver(1, 5);
    bench.deliver(1, 0);
    assert_eq!(bench.settle(), [(0, 1), (1, 1)]);
    assert_eq!(bench.orders[2].2, [vector("mean", &[1.5])]);
    let late = WireError::new(ErrorCode::Stopped, "");
    bench.happen(Event::Refused { site: 0, round: 0, error: late });
    assert!(!bench.run.is_over());
}

#[test]
fn updates_of_other_shapes_are_refused_and_the_site_is_named() {
    for odd in [&[1.0, 2.0][..], &[]] {
        let mut bench = Bench::new(&[&[1.0], &[2.0], odd], 10, 2);
        bench.settle();
        (0..3).for_each(|site| bench.deliver(site, 0));
        bench.settle();
        assert!(matches!(bench.failure(), Failure::Sum { site: 2, round: 0, .. }), "{:?}", bench.end);
    }
}

#[test]
fn sums_that_are_not_finite_are_refused() {
    let mut bench = Bench::new(&[&[f64::MAX], &[f64::MAX]], 10, 2);
    bench.settle();
    (0..2).for_each(|site| bench.deliver(site, 0));
    bench.settle();
    assert!(matches!(bench.failure(), Failure::Sum { site: 1, .. }), "{:?}", bench.end);
}

#[test]
fn the_contracts_bound_the_rounds() {
    let mut bench = Bench::new(&[&[1.0]], 2, 3);
    for round in 0..2 {
        bench.settle();
        bench.deliver(0, round);
    }
    bench.settle();
    assert_eq!(bench.failure(), &Failure::Rounds { granted: 2 });
    assert_eq!(bench.orders.len(), 2);
    let mut none = Bench::new(&[&[1.0]], 0, 3);
    none.settle();
    assert_eq!(none.failure(), &Failure::Rounds { granted: 0 });
}

#[test]
fn a_person_can_stop_it_and_a_stuck_model_ends_it() {
    let mut bench = Bench::new(&[&[1.0], &[2.0]], 10, 2);
    bench.settle();
    bench.happen(Event::Stopped);
    bench.settle();
    assert_eq!(bench.failure(), &Failure::Stopped { round: 0 });
    assert_eq!(bench.stopped, [0, 1]);

    let mut bench = Bench::new(&[&[1.0]], 10, 2);
    bench.settle();
    let effects = bench.run.handle(Event::Delivered { site: 0, round: 0, update: update(1, &[1.0]) }, 5);
    assert!(matches!(effects.as_slice(), [Effect::Next { sites: 1, .. }]));
    let effects = bench.run.handle(Event::Stuck { round: 0, reason: "singular".into() }, 6);
    assert_eq!(effects, [Effect::Abort(Failure::Model { round: 0, reason: "singular".into() })]);
    assert!(bench.run.handle(Event::Stopped, 7).is_empty());
}
