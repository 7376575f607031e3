//! One job's way through a node. Each line needs the value that the line before made; there is no side door.
//!
//! ```text
//! connection → Peer          net/server   mutual SM2 TLS 1.3, certificate → identity
//! bytes      → Order         job/order    length, signature, signer, version
//!            → Permit        authorize    Cedar over contract, model, fields, purpose, time, budget
//!            → Intent        trail        durable before anything runs
//! Permit     → Inputs        job/run      the dataset behind its grant
//!            → Computed      job/run      the model in its sandbox
//!            → Released|Held egress       disclosure rules, or a steward
//!            → outcome       trail        durable before bytes leave
//! ```

use std::sync::Arc;

use qianmo_certs::Trust;
use qianmo_proto::{ErrorClass, JobId, JobOrder, Signed, WireError, views::Reason};

use crate::{
    auth::Peer,
    authorize::{self, Authorized, Permit},
    egress::{self, Computed, Verdict},
    fault::CrashPoint,
    job::{
        order::Order,
        run,
        running::{Entered, Running},
    },
    rooms::{Books, Gate, House, Rooms, Works},
    store::facts::End,
    trail::Intent,
};

/// The rooms that a job passes through.
#[derive(Clone)]
pub(crate) struct Line {
    pub(crate) books: Books,
    pub(crate) gate: Gate,
    pub(crate) works: Works,
    pub(crate) trust: Arc<Trust>,
}

impl Rooms for Line {
    fn of(house: &House) -> Self {
        let House { books, gate, works, door } = house.clone();
        Self { books, gate, works, trust: door.trust }
    }
}

/// From a signed order to a durable intent. The job then goes on by itself, whatever becomes of the
/// caller's connection; who wants its end waits for the job's id.
pub(crate) async fn accept(line: &Line, peer: &Peer, order: Signed<JobOrder>) -> Result<JobId, WireError> {
    let order = Order::open(&line.trust, line.books.now_ms(), peer, order)?;
    let id = order.id().clone();
    let Entered::First(running) = line.works.jobs.enter(&id, order.contract()) else { return Ok(id) };
    if line.books.state().jobs.contains_key(&id) {
        return Ok(id); // the same order once more: one job, one charge
    }
    let line = line.clone();
    let accepted = tokio::spawn(async move {
        let Authorized { permit, reasons } = authorize::job(&line.books, &line.gate, &running, order).await?;
        line.works.faults.reach(CrashPoint::Decided);
        let intent = line.books.trail.intend(permit, reasons).await?;
        line.works.faults.reach(CrashPoint::Intended);
        running.settle();
        let owner = line.clone();
        line.works.tasks.spawn(async move { carry_out(&owner, &running, intent).await });
        Ok::<_, WireError>(())
    });
    accepted.await.map_err(WireError::internal)??;
    Ok(id)
}

/// From a durable intent to a durable outcome. Whatever happens on the way, there is one outcome.
pub(crate) async fn carry_out(line: &Line, running: &Running, intent: Intent<Permit>) {
    let permit = intent.permit();
    let ran = match run::inputs(line, permit).await {
        Ok(inputs) => run::run(line, running, permit, inputs).await,
        Err(failed) => failed,
    };
    line.works.faults.reach(CrashPoint::Ran);
    let ended = match ran.computed {
        Ok(computed) => gate(line, permit, &computed),
        Err(error) => (End::Failed { refunded: run::is_free(ran.reach, ran.usage, &error), error }, vec![]),
    };
    line.works.faults.reach(CrashPoint::Stored);
    line.books.trail.outcome(intent, ended, ran.usage, line.works.stopping()).await;
    line.works.faults.reach(CrashPoint::Ended);
}

/// The egress gate. What it lets pass and what it holds are both kept, sealed, under their digest.
fn gate(line: &Line, permit: &Permit, computed: &Computed) -> (End, Vec<Reason>) {
    let (verdict, reasons) = match egress::judge(computed, &permit.egress_limits(&line.gate.config.egress)) {
        Ok(judged) => judged,
        Err(error) => return (failed(error), vec![]),
    };
    let (bytes, held) = match &verdict {
        Verdict::Released(released) => (released.bytes(), None),
        Verdict::Held(held) => (held.stored_bytes(), Some(held.error.clone())),
    };
    let (length, rows) = (bytes.len() as u64, Some(computed.document.table_rows()));
    let end = match (line.books.blobs.put(bytes), held) {
        (Err(e), _) => failed(e.into()),
        (Ok(result), None) => End::Released { result, bytes: length, rows },
        (Ok(result), Some(error)) => End::Held { result, bytes: length, rows, error },
    };
    (end, reasons)
}

/// A failure at the gate: the model has had its rows. One that was the node's gives the run back.
fn failed(error: WireError) -> End {
    End::Failed { refunded: error.class == ErrorClass::Node, error }
}
