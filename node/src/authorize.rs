//! Decisions. A job's ends in a [`Permit`], the value that everything after it needs and only this module
//! makes; a governance question ends in yes or in an error that names the policy.

use std::sync::{Arc, PoisonError};

use qianmo_crypto::sm3::Digest;
use qianmo_policies::{
    ContractFacts, Decision, GovernanceInput, JobInput, KeyExchange, Obligations, RoundFacts, Target,
};
use qianmo_proto::{
    Action, ContractId, ErrorCode, Identity, JobId, JobOrder, Name, Signed, Terms, WireError, World,
    contract::OutputKind,
    views::{By, ContractState, Reason},
};

use crate::{
    auth::Peer,
    catalog::descriptor::Descriptor,
    config,
    contracts::handlers::own_dataset,
    egress,
    job::{order::Order, running::Running},
    rooms::{Books, Gate},
    store::{
        blobs::aside,
        facts::Fact,
        state::{Contract, Dataset, Standing, State},
    },
    words::counted,
};

/// Leave for one job, and what it binds the node to. Private fields, one maker.
#[derive(Debug, Clone)]
pub(crate) struct Permit(Arc<Granted>);

#[derive(Debug)]
struct Granted {
    order: Order,
    descriptor: Descriptor,
    terms: Terms,
    obligations: Obligations,
    new_run: bool,
}

/// A permit with the policies that gave it.
pub(crate) struct Authorized {
    pub(crate) permit: Permit,
    pub(crate) reasons: Vec<Reason>,
}

impl Permit {
    /// The job it is for.
    pub(crate) fn job(&self) -> &JobId {
        self.0.order.id()
    }

    /// Who ordered it.
    pub(crate) fn consumer(&self) -> &Identity {
        self.0.order.consumer()
    }

    /// SM3 of the consumer's certificate.
    pub(crate) fn fingerprint(&self) -> Digest {
        self.0.order.fingerprint()
    }

    /// The contract it falls under.
    pub(crate) fn contract(&self) -> &ContractId {
        self.0.order.contract()
    }

    /// The order.
    pub(crate) fn order(&self) -> &JobOrder {
        self.0.order.value()
    }

    /// The order as it was signed.
    pub(crate) fn document(&self) -> &Signed<JobOrder> {
        self.0.order.document()
    }

    /// The contract's terms.
    pub(crate) fn terms(&self) -> &Terms {
        &self.0.terms
    }

    /// Key exchange of the connection the order came by.
    pub(crate) fn key_exchange(&self) -> &'static str {
        self.0.order.key_exchange().as_str()
    }

    /// The dataset, with the owner's filter and masks.
    pub(crate) fn descriptor(&self) -> &Descriptor {
        &self.0.descriptor
    }

    /// The only columns the model may read.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &Name> {
        self.0.obligations.fields.iter()
    }

    /// The only model that may run.
    pub(crate) fn model(&self) -> &Digest {
        &self.0.obligations.model
    }

    /// The only kind of result that may leave.
    pub(crate) fn output(&self) -> OutputKind {
        self.0.obligations.output
    }

    /// When the contract ends, UNIX milliseconds.
    pub(crate) fn until_ms(&self) -> i64 {
        self.0.obligations.until_ms
    }

    /// Whether the contract is charged for it.
    pub(crate) fn new_run(&self) -> bool {
        self.0.new_run
    }

    /// What it binds the node to, for the trail.
    pub(crate) fn obligations(&self) -> Vec<(String, String)> {
        self.0.obligations.to_pairs()
    }

    /// What it binds the egress gate to.
    pub(crate) fn egress_limits(&self, node: &config::Egress) -> egress::Limits {
        egress::Limits {
            min_cell: self.0.obligations.min_cell,
            parameters_per_row: node.parameters_per_row,
            max_bytes: node.max_bytes,
            strings: self.0.obligations.strings,
            words: egress::Words::of(self.fields(), self.order().params.get()),
            review: self.0.obligations.review,
        }
    }
}

/// Decides on an order. A yes promises the contract's run to `running` before the next decision is made;
/// a no is on the trail before it is told.
pub(crate) async fn job(
    books: &Books,
    gate: &Gate,
    running: &Running,
    order: Order,
) -> Result<Authorized, WireError> {
    let queued = gate.jobs.len();
    if queued > gate.config.limits.jobs_queued {
        let text = format!("{queued} jobs wait or run, which is this node's limit; try again later");
        return Err(WireError::new(ErrorCode::Busy, text));
    }
    match aside(|| decide(books, gate, Some(running), &order)) {
        Ok(authorized) => Ok(authorized),
        Err(Refusal { error, reasons }) => {
            let fact = Fact::JobRefused {
                job: order.id().clone(),
                contract: order.contract().clone(),
                error: error.clone(),
                reasons,
            };
            books.trail.record_for(order.consumer(), Some(order.fingerprint()), fact).await?;
            Err(error)
        }
    }
}

/// What an order would be allowed, for a check: no leave to run anything.
pub(crate) struct Rehearsal {
    pub(crate) descriptor: Descriptor,
    pub(crate) obligations: Obligations,
}

/// Decides on an order that nobody has signed, and promises nothing.
pub(crate) fn rehearse(books: &Books, gate: &Gate, asked: &Asked<'_>) -> Result<Rehearsal, WireError> {
    let Judged { descriptor, obligations, .. } =
        judge(books, gate, asked, false).map_err(|refusal| refusal.error)?;
    Ok(Rehearsal { descriptor, obligations })
}

/// Decides again on a job that was accepted before the node went down. Its charge stands.
pub(crate) fn resumed(books: &Books, gate: &Gate, order: &Order) -> Result<Authorized, WireError> {
    decide(books, gate, None, order).map_err(|refusal| refusal.error)
}

struct Refusal {
    error: WireError,
    reasons: Vec<Reason>,
}

impl From<WireError> for Refusal {
    fn from(error: WireError) -> Self {
        Self { error, reasons: vec![] }
    }
}

fn decide(
    books: &Books,
    gate: &Gate,
    running: Option<&Running>,
    order: &Order,
) -> Result<Authorized, Refusal> {
    // One decision at a time, so that two orders cannot both get a contract's last run.
    let _turn = gate.decisions.lock().unwrap_or_else(PoisonError::into_inner);
    let Judged { descriptor, terms, obligations, new_run, reasons } =
        judge(books, gate, &order.asked(), running.is_none())?;
    if let Some(running) = running {
        running.reserve(order.contract(), order.value().round.as_ref().map(|r| r.run.clone()));
    }
    let granted = Granted { order: order.clone(), descriptor, terms, obligations, new_run };
    Ok(Authorized { permit: Permit(Arc::new(granted)), reasons })
}

/// What somebody asks to run, signed or not.
pub(crate) struct Asked<'a> {
    pub(crate) consumer: &'a Identity,
    pub(crate) order: &'a JobOrder,
    pub(crate) key_exchange: KeyExchange,
}

/// A yes, with all that follows from it.
struct Judged {
    descriptor: Descriptor,
    terms: Terms,
    obligations: Obligations,
    new_run: bool,
    reasons: Vec<Reason>,
}

fn judge(books: &Books, gate: &Gate, asked: &Asked<'_>, own_charge: bool) -> Result<Judged, Refusal> {
    let (dataset, contract) = {
        let state = books.state();
        check_model(&state, asked.order)?;
        let dataset = own_dataset(&gate.config, &state, &asked.order.dataset)?.clone();
        (dataset, state.contracts.get(&asked.order.contract).cloned())
    };
    // The catalogue's entry knows what reading the data found.
    let descriptor = Descriptor { meta: dataset.meta.clone(), ..descriptor(books, gate, &dataset)? };
    let use_ = Use::of(gate, asked.order, contract.as_ref(), own_charge);
    let input = use_.input(gate, asked, &dataset, contract.as_ref());
    let decision = gate.policies.decide_job(&input);
    let reasons = reasons(&decision);
    match (decision.is_allow(), &decision.obligations, contract) {
        (true, Some(obligations), Some(Contract { terms, .. })) => {
            let obligations = obligations.clone();
            Ok(Judged { descriptor, terms, obligations, new_run: use_.new_run, reasons })
        }
        _ => Err(Refusal { error: denied(&decision), reasons }),
    }
}

/// What of the contract is used, promised runs included.
struct Use {
    runs_used: u32,
    rounds_taken: u32,
    new_run: bool,
}

impl Use {
    /// `own_charge`: the order is already among those counted, because its intent is on the trail.
    fn of(gate: &Gate, order: &JobOrder, contract: Option<&Contract>, own_charge: bool) -> Self {
        let run = order.round.as_ref().map(|round| &round.run);
        let known = contract.zip(run).and_then(|(contract, run)| contract.runs.get(run));
        let promised = gate.jobs.reserved(&order.contract, run);
        let rounds = known.map_or(0, |jobs| u32::try_from(jobs.len()).unwrap_or(u32::MAX));
        let own = u32::from(own_charge);
        let new_run = run.is_none() || (known.is_none() && promised.of_run == 0);
        let runs_used = contract.map_or(0, Contract::runs_used).saturating_add(promised.other_runs);
        Self {
            // A job whose charge is on the trail does not stand in its own way.
            runs_used: if own_charge { runs_used.saturating_sub(1) } else { runs_used },
            rounds_taken: rounds.saturating_add(promised.of_run).saturating_sub(own),
            new_run,
        }
    }

    fn input<'a>(
        &self,
        gate: &Gate,
        asked: &Asked<'a>,
        dataset: &'a Dataset,
        contract: Option<&'a Contract>,
    ) -> JobInput<'a> {
        let order = asked.order;
        let facts = contract.map(|contract| ContractFacts {
            id: &order.contract,
            consumer: &contract.consumer,
            terms: &contract.terms,
            // Time and runs are facts of their own: the policies say which of them ended it.
            state: match contract.state(gate.clock.now_ms()) {
                Standing::Revoked => ContractState::Terminated,
                Standing::InForce | Standing::Expired | Standing::Spent => ContractState::Finalized,
            },
            runs_used: self.runs_used,
        });
        let min_cell = contract.map_or(0, |contract| contract.terms.output.min_cell);
        JobInput {
            principal: asked.consumer,
            dataset: &dataset.meta,
            contract: facts,
            fields: contract.map_or(&[], |contract| &contract.terms.fields),
            model: order.model,
            params: order.params_digest(),
            output: order.output(),
            min_cell: min_cell.max(gate.config.egress.min_cell),
            new_run: self.new_run,
            round: order.round.as_ref().map(|r| RoundFacts { round: r.round, taken: self.rounds_taken }),
            key_exchange: asked.key_exchange,
            now_ms: gate.clock.now_ms(),
        }
    }
}

fn check_model(state: &State, order: &JobOrder) -> Result<(), WireError> {
    let digest = order.model;
    let model = state.models.get(&digest).ok_or_else(|| {
        let text = format!("model {digest} is not on this node; bring it with `qianmo model push`");
        WireError::new(ErrorCode::NotFound, text)
    })?;
    let needed = if order.round.is_some() { World::Federated } else { World::Analysis };
    if model.world == needed {
        return Ok(());
    }
    let text = match needed {
        World::Analysis => "the model is federated; start it with `qianmo run`, not `qianmo job run`",
        World::Federated => "the model is an analysis; start it with `qianmo job run`, not `qianmo run`",
    };
    Err(WireError::new(ErrorCode::Order, text))
}

/// The dataset's descriptor, read back from its blob if it was not read before.
fn descriptor(books: &Books, gate: &Gate, dataset: &Dataset) -> Result<Descriptor, WireError> {
    gate.descriptors.get(&dataset.descriptor, || {
        let text = String::from_utf8(books.blobs.get(&dataset.descriptor)?).map_err(WireError::internal)?;
        let config = &gate.config;
        Descriptor::parse(&text, config.identity.department(), &config.title, &config.data_dir())
            .map_err(WireError::internal)
    })
}

fn reasons(decision: &Decision) -> Vec<Reason> {
    let of = |r: &qianmo_policies::Reason| Reason {
        by: By::Policy,
        rule: r.policy_id.clone(),
        text: r.text_en.clone(),
        text_zh: Some(r.text_zh.clone()),
    };
    decision.reasons.iter().map(of).collect()
}

/// A deny as the caller sees it: the code of the first policy that says what is wrong, and all texts.
fn denied(Decision { reasons, errors, .. }: &Decision) -> WireError {
    let code = reasons.iter().map(|reason| reason.code).find(|code| *code != ErrorCode::Denied);
    let told = |text: fn(&qianmo_policies::Reason) -> &str| -> Vec<String> {
        reasons.iter().map(|reason| format!("{} [{}]", text(reason), reason.policy_id)).collect()
    };
    let mut en = format!("denied: {}", told(|reason| &reason.text_en).join("; "));
    let mut zh = format!("拒绝：{}", told(|reason| &reason.text_zh).join("；"));
    if !errors.is_empty() {
        en.push_str(&format!(" ({} while deciding)", counted(errors.len() as u64, "error")));
        zh.push_str(&format!("（裁决时出现 {} 个错误）", errors.len()));
    }
    WireError::new(code.unwrap_or(ErrorCode::Denied), en).with_zh(zh)
}

/// Whether `peer` may do `action` to `target`; the error names the policy.
pub(crate) fn may(gate: &Gate, peer: &Peer, action: Action, target: Target<'_>) -> Result<(), WireError> {
    may_be(gate, peer.identity(), action, target)
}

/// [`may`] for somebody whose word, and not whose connection, is at hand.
pub(crate) fn may_be(
    gate: &Gate,
    principal: &Identity,
    action: Action,
    target: Target<'_>,
) -> Result<(), WireError> {
    let input = GovernanceInput { principal, action, target, now_ms: gate.clock.now_ms() };
    let decision = gate.policies.decide_governance(&input);
    if decision.is_allow() {
        return Ok(());
    }
    Err(denied(&decision))
}
