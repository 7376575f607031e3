//! Jobs that wait, told from those that run; and what a consumer waits for when nothing runs.

use qianmo_proto::{
    JobOrder, ask,
    contract::OutputKind,
    views::{JobState, JobView, WhyView},
};
use qianmo_tests::{Ask, Clinic, Session, attack};

fn narrow() -> Clinic {
    Clinic::with(|node| node.configure("limits", "jobs = 1"), &[])
}

#[test]
fn a_job_that_waits_says_so_with_its_turn_and_what_it_waits_behind() {
    let clinic = narrow();
    let (first, _) = clinic.endless_job();
    assert!(first.running_since_ms.is_some() && first.queue.is_none(), "{first:?}");
    let show = |who: Session<'_>, job: &JobView| -> JobView {
        who.call(ask::JobShow { id: job.id.clone(), wait_ms: 0 }).unwrap()
    };
    let wait_for_queue = |who: Session<'_>, job: &JobView| {
        qianmo_tests::eventually("a turn", || show(who, job).queue.map(|queue| (queue, show(who, job).state)))
    };
    let count = clinic.contract(&Ask { runs: 2, ..clinic.terms(clinic.counter()) });
    let order = |who: Session<'_>, order: &JobOrder| -> JobView {
        who.call(ask::JobRun { order: who.person.sign(order), wait_ms: 0 }).unwrap()
    };
    let second = order(clinic.consumer(), &clinic.count(&count));
    let (queue, state) = wait_for_queue(clinic.consumer(), &second);
    assert_eq!((state, queue.place, queue.running), (JobState::Queued, 1, 1));
    assert_eq!(queue.behind, std::slice::from_ref(&first.id));
    assert!(queue.since_ms >= first.running_since_ms.unwrap());

    // Another consumer's first job comes before the second of this one, and is not told what it waits behind.
    let zhou = clinic.federation.person("university", "consumer", "zhou");
    let zhou = Session { person: &zhou, node: &clinic.node };
    let asked = zhou.ask(&clinic.terms(clinic.counter())).unwrap();
    let other = clinic.steward().approve(&asked).unwrap().id;
    let third = order(zhou, &clinic.count(&other));
    let (queue, _) = wait_for_queue(zhou, &third);
    assert_eq!((queue.place, queue.running, queue.behind.len()), (1, 1, 0));
    let why: WhyView = clinic.steward().call(ask::JobWhy { id: second.id.clone() }).unwrap();
    assert_eq!(why.job.queue.unwrap().behind, [first.id.clone(), third.id.clone()], "the steward sees both");

    let listed = clinic.consumer().reads("en", &["job", "ls"]).stdout;
    assert!(listed.contains("queued (2)") && listed.contains(" running "), "{listed}");
    let shown = clinic.consumer().reads("en", &["job", "show", second.id.as_str()]).stdout;
    assert!(shown.contains("turn 2 since") && shown.contains(first.id.as_str()), "{shown}");

    let _: JobView = clinic.consumer().call(ask::JobStop { id: first.id }).unwrap();
    for (who, job) in [(clinic.consumer(), &second), (zhou, &third)] {
        let ended: JobView = who.call(ask::JobShow { id: job.id.clone(), wait_ms: 60_000 }).unwrap();
        assert_eq!((ended.state, ended.queue), (JobState::Released, None));
    }
}

#[test]
fn one_contracts_many_endless_jobs_leave_anothers_job_the_next_place() {
    let clinic = narrow();
    let model =
        clinic.consumer().push("spin", qianmo_proto::World::Analysis, &attack("spin")).unwrap().digest;
    let spins = clinic.contract(&Ask { runs: 20, ..clinic.terms(model) });
    let mut jobs = Vec::new();
    for _ in 0..10 {
        let order = clinic.consumer().person.sign(&clinic.run(&spins, model, "{}"));
        let job: JobView = clinic.consumer().call(ask::JobRun { order, wait_ms: 0 }).unwrap();
        jobs.push(job.id);
    }
    let zhou = clinic.federation.person("university", "consumer", "zhou");
    let zhou = Session { person: &zhou, node: &clinic.node };
    let asked = zhou.ask(&clinic.terms(clinic.counter())).unwrap();
    let contract = clinic.steward().approve(&asked).unwrap().id;
    let order = zhou.person.sign(&clinic.count(&contract));
    let waits: JobView = zhou.call(ask::JobRun { order, wait_ms: 0 }).unwrap();
    qianmo_tests::eventually("the next turn", || {
        let show = ask::JobShow { id: waits.id.clone(), wait_ms: 0 };
        zhou.call(show).unwrap().queue.filter(|queue| queue.place == 1)
    });
    let runs = qianmo_tests::eventually("a spinning job", || {
        let shown = |id: &qianmo_proto::JobId| -> JobView {
            clinic.consumer().call(ask::JobShow { id: id.clone(), wait_ms: 0 }).unwrap()
        };
        jobs.iter().map(shown).find(|job| job.state == JobState::Running)
    });
    let _: JobView = clinic.consumer().call(ask::JobStop { id: runs.id }).unwrap();
    let ended: JobView = zhou.call(ask::JobShow { id: waits.id, wait_ms: 60_000 }).unwrap();
    assert_eq!(ended.state, JobState::Released, "nine others were there before it");
}

#[test]
fn who_has_asked_already_is_not_told_to_ask() {
    let clinic = Clinic::new();
    let glm = clinic.glm();
    let ask = Ask { kinds: vec![OutputKind::Update], ..clinic.terms(glm) };
    let run = ["run", "--model", "glm"];
    clinic.consumer().fails(&run).is(7, "", &["ask for one: qianmo request new"]);
    let requests: Vec<_> = (0..3).map(|_| clinic.consumer().ask(&ask).unwrap().id).collect();
    let told = clinic.consumer().fails(&run);
    told.is(7, "", &["3 requests wait for a steward", requests[0].as_str(), "at hospital-a"]);
    assert!(!told.message.contains("ask for one"), "{}", told.message);
}
