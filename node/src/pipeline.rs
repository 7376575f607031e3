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

use qianmo_proto::{ErrorClass, ErrorCode, JobId, JobOrder, Signed, WireError, views::Reason};

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
    node::Shared,
    store::facts::End,
    trail::Intent,
};

/// From a signed order to a durable intent. The job then goes on by itself, whatever becomes of the
/// caller's connection; who wants its end waits for the job's id.
pub(crate) async fn accept(node: &Shared, peer: &Peer, order: Signed<JobOrder>) -> Result<JobId, WireError> {
    let order = Order::open(node, peer, order)?;
    let id = order.id().clone();
    let Entered::First(running) = node.jobs.enter(&id, order.contract()) else { return Ok(id) };
    if node.state().jobs.contains_key(&id) {
        return Ok(id); // the same order once more: one job, one charge
    }
    let node = node.clone();
    let accepted = tokio::spawn(async move {
        let Authorized { permit, reasons } = authorize::job(&node, &running, order).await?;
        node.faults.reach(CrashPoint::Decided);
        let intent = node.trail.intent(permit, reasons).await?;
        node.faults.reach(CrashPoint::Intended);
        running.settle();
        let owner = node.clone();
        node.tasks.spawn(async move { carry_out(&owner, &running, intent).await });
        Ok(())
    });
    accepted.await.map_err(|e| WireError::new(ErrorCode::Internal, e.to_string()))??;
    Ok(id)
}

/// From a durable intent to a durable outcome. Whatever happens on the way, there is one outcome.
pub(crate) async fn carry_out(node: &Shared, running: &Running, intent: Intent) {
    let permit = intent.permit();
    let ran = match run::inputs(node, permit).await {
        Ok(inputs) => run::run(node, running, permit, inputs).await,
        Err(failed) => failed,
    };
    node.faults.reach(CrashPoint::Ran);
    let ended = match ran.computed {
        Ok(computed) => gate(node, permit, &computed),
        Err(error) => (failed(error), vec![]),
    };
    node.faults.reach(CrashPoint::Stored);
    node.trail.outcome(intent, ended, ran.usage, node.stopping()).await;
    node.faults.reach(CrashPoint::Ended);
}

/// The egress gate. What it lets pass and what it holds are both kept, sealed, under their digest.
fn gate(node: &Shared, permit: &Permit, computed: &Computed) -> (End, Vec<Reason>) {
    let (verdict, reasons) = match egress::judge(computed, &permit.egress_limits(&node.config.egress)) {
        Ok(judged) => judged,
        Err(error) => return (failed(error), vec![]),
    };
    let (bytes, held) = match &verdict {
        Verdict::Released(released) => (released.bytes(), None),
        Verdict::Held(held) => (held.stored_bytes(), Some(held.error.clone())),
    };
    let (length, rows) = (bytes.len() as u64, Some(computed.document.table_rows()));
    let end = match (node.blobs.put(bytes), held) {
        (Err(e), _) => failed(WireError::new(ErrorCode::TrailUnavailable, e.to_string())),
        (Ok(result), None) => End::Released { result, bytes: length, rows },
        (Ok(result), Some(error)) => End::Held { result, bytes: length, rows, error },
    };
    (end, reasons)
}

/// A failure that was the node's gives the run back.
fn failed(error: WireError) -> End {
    End::Failed { refunded: error.class == ErrorClass::Node, error }
}
