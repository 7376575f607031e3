//! Requests for contracts: asked by a consumer's signature, answered by a steward's.

use qianmo_policies::Target;
use qianmo_proto::{
    Action, Approval, ContractId, DatasetMeta, ErrorCode, Id as _, RequestId, Terms, WireError,
    ask::{RequestApprove, RequestDeny, RequestLs, RequestNew, RequestShow},
    limits,
    views::{ContractState, RequestView},
};

use super::handlers as contracts;
use crate::{
    auth::{self, Opened, Peer},
    models::handlers::{self as models, encode},
    page,
    rooms::{Books, Door, Gate},
    serve::verb::{Each, Leave, Subject, Told, Verb},
    store::{facts::Fact, state::ContractRequest},
};

/// Terms that somebody signed, with the dataset they speak of.
pub(crate) struct Asked {
    meta: DatasetMeta,
    opened: Opened<Terms>,
}

impl Subject for Asked {
    fn target<'a>(&'a self, _: &'a Gate) -> Option<Target<'a>> {
        let Self { meta, opened } = self;
        Some(Target::Terms { dataset: meta, consumer: &opened.signer.identity, terms: &opened.value })
    }
}

impl Verb for RequestNew {
    type Rooms = (Books, Door);
    type Subject = Asked;

    fn subject(&self, (books, door): &Self::Rooms, peer: &Peer) -> Result<Asked, WireError> {
        let opened = auth::open(&self.terms, peer, &door.trust, books.now_ms())?;
        check_terms(books, &opened.value)?;
        let meta = contracts::own_meta(books, &door.config, &opened.value.dataset)?;
        Ok(Asked { meta, opened })
    }

    async fn run(self, (books, _): Self::Rooms, leave: Leave<Self>) -> Told<Self> {
        let Opened { value: terms, digest: terms_digest, .. } = leave.subject().opened.clone();
        let id = RequestId::of(&terms_digest);
        if books.state().requests.contains_key(&id) {
            return Ok(view(&books, &id)?.into()); // the same terms again: one request
        }
        let document = books.blobs.put(&encode(&self.terms)?)?;
        let fact = Fact::ContractRequested { id: id.clone(), terms, terms_digest, document };
        books.trail.record(leave.peer(), fact).await?;
        Ok(view(&books, &id)?.into())
    }
}

/// What no policy should have to say: the terms hold together.
fn check_terms(books: &Books, terms: &Terms) -> Result<(), WireError> {
    let mut mistakes = Vec::new();
    let mut check = |broken: bool, text: &str| {
        if broken {
            mistakes.push(text.to_owned());
        }
    };
    check(terms.v != 1, "this node reads terms of version 1");
    check(terms.fields.is_empty(), "name at least one field");
    check(terms.fields.len() > limits::FIELDS, "too many fields");
    check(terms.models.is_empty(), "name at least one model");
    check(terms.models.len() > 16, "name at most 16 models");
    check(!(1..=limits::RUNS).contains(&terms.runs), "ask for 1 to 10,000 runs");
    check(terms.rounds > limits::ROUNDS, "a run may take 10,000 rounds at most");
    check(terms.output.min_cell > limits::MIN_CELL, "a least cell of more than 1,000,000 lets nothing out");
    check(terms.output.kinds.is_empty(), "name at least one kind of output");
    check(terms.until_ms <= books.now_ms(), "the end of use is in the past");
    let latest_ms = books.now_ms().saturating_add(limits::UNTIL_DAYS * 86_400_000);
    check(terms.until_ms > latest_ms, "the end of use is more than five years away");
    check(terms.purpose.trim().is_empty(), "say the purpose");
    check(terms.basis.trim().is_empty(), "say the legal basis");
    if mistakes.is_empty() {
        return Ok(());
    }
    Err(WireError::new(ErrorCode::BadRequest, format!("the terms cannot be taken: {}", mistakes.join("; "))))
}

/// A request that another one is about.
pub(crate) struct Known {
    id: RequestId,
    /// The contract that it may become.
    contract: ContractId,
    request: ContractRequest,
}

impl Known {
    fn target(&self) -> Target<'_> {
        Target::Contract {
            id: &self.contract,
            department: &self.request.terms.dataset.department,
            consumer: &self.request.consumer,
        }
    }
}

impl Subject for Known {
    fn target<'a>(&'a self, _: &'a Gate) -> Option<Target<'a>> {
        Some(self.target())
    }
}

impl Verb for RequestLs {
    type Rooms = (Books, Gate);
    type Subject = Each;

    fn subject(&self, _: &Self::Rooms, _: &Peer) -> Result<Each, WireError> {
        Ok(Each)
    }

    async fn run(self, (books, gate): Self::Rooms, leave: Leave<Self>) -> Told<Self> {
        let lookup = &self.lookup;
        let selected = {
            let state = books.state();
            page::select(lookup, state.requests.iter().map(|(id, request)| (id.clone(), row(request))))
        };
        let page = selected.page(lookup, |id| {
            let Some(request) = books.state().requests.get(&id).cloned() else { return Ok(None) };
            let known = known(&id, request);
            Ok(leave.covers(&gate, Action::ReadContract, known.target()).then(|| view_of(&books, known)))
        });
        Ok(page?.into())
    }
}

fn row(request: &ContractRequest) -> page::Row<'_> {
    page::Row {
        at_ms: request.at_ms,
        state: Some(request.state.as_str()),
        dataset: Some(&request.terms.dataset),
        case: Some(&request.terms.case_number),
        person: Some(&request.consumer),
        contract: None,
        models: Some(&request.terms.models),
    }
}

impl Verb for RequestShow {
    type Rooms = Books;
    type Subject = Known;

    fn subject(&self, books: &Books, _: &Peer) -> Result<Known, WireError> {
        find(books, &self.id)
    }

    // Whose request it is stays unsaid to those who may not see it.
    fn hidden(&self) -> Option<(Action, WireError)> {
        Some((Action::ReadContract, unknown(&self.id)))
    }

    async fn run(self, books: Books, leave: Leave<Self>) -> Told<Self> {
        let (known, _) = leave.into_parts();
        // Who signs next checks the consumer's signature.
        let document = Some(models::read(&books, &known.request.document)?);
        Ok(RequestView { document, ..view_of(&books, known) }.into())
    }
}

/// The terms that an approval is for, as they stand in the request.
pub(crate) struct Approving {
    approval: Approval,
    meta: DatasetMeta,
    request: ContractRequest,
}

impl Subject for Approving {
    fn target<'a>(&'a self, _: &'a Gate) -> Option<Target<'a>> {
        let Self { meta, request, .. } = self;
        Some(Target::Terms { dataset: meta, consumer: &request.consumer, terms: &request.terms })
    }
}

/// The steward signs the digest of the consumer's signed terms; the terms are decided on once more, and the contract
/// is in force.
impl Verb for RequestApprove {
    type Rooms = (Books, Door);
    type Subject = Approving;

    fn subject(&self, (books, door): &Self::Rooms, peer: &Peer) -> Result<Approving, WireError> {
        let approval = auth::open(&self.approval, peer, &door.trust, books.now_ms())?.value;
        if approval.v != 1 {
            let text =
                format!("approval version {} is not known here; this node reads version 1", approval.v);
            return Err(WireError::new(ErrorCode::UnknownVersion, text));
        }
        let request = find(books, &approval.request)?.request;
        let meta = contracts::own_meta(books, &door.config, &request.terms.dataset)?;
        Ok(Approving { approval, meta, request })
    }

    async fn run(self, (books, _): Self::Rooms, leave: Leave<Self>) -> Told<Self> {
        let Approving { approval: Approval { request: id, terms, .. }, request, .. } = leave.subject();
        if *terms != request.terms_digest {
            let text = "the approval names other terms than this request's; read it again and sign anew";
            return Err(WireError::new(ErrorCode::Signature, text));
        }
        let document = books.blobs.put(&encode(&self.approval)?)?;
        let contract = ContractId::from_request(id);
        let _turn = books.answers.lock().await; // two stewards at once: one answer
        waiting(&find(&books, id)?)?;
        let steward = leave.peer().identity().clone();
        let fact =
            Fact::ContractFinalized { request: id.clone(), contract: contract.clone(), steward, document };
        books.trail.record(leave.peer(), fact).await?;
        Ok(contracts::view(&books, &contract)?.into())
    }
}

impl Verb for RequestDeny {
    type Rooms = Books;
    type Subject = Known;

    fn subject(&self, books: &Books, _: &Peer) -> Result<Known, WireError> {
        contracts::check_reason(&self.reason)?;
        find(books, &self.id)
    }

    async fn run(self, books: Books, leave: Leave<Self>) -> Told<Self> {
        let Self { id, reason } = self;
        let _turn = books.answers.lock().await;
        waiting(&find(&books, &id)?)?;
        books.trail.record(leave.peer(), Fact::RequestDenied { id: id.clone(), reason }).await?;
        Ok(view(&books, &id)?.into())
    }
}

fn waiting(Known { id, request, .. }: &Known) -> Result<(), WireError> {
    if request.state == ContractState::Requested {
        return Ok(());
    }
    let text = format!("{id} is already {}; nothing was changed", request.state.as_str());
    Err(WireError::new(ErrorCode::Conflict, text))
}

fn known(id: &RequestId, request: ContractRequest) -> Known {
    Known { id: id.clone(), contract: ContractId::from_request(id), request }
}

fn find(books: &Books, id: &RequestId) -> Result<Known, WireError> {
    let request = books.state().requests.get(id).cloned().ok_or_else(|| unknown(id))?;
    Ok(known(id, request))
}

fn view(books: &Books, id: &RequestId) -> Result<RequestView, WireError> {
    find(books, id).map(|known| view_of(books, known))
}

fn view_of(books: &Books, Known { id, request, .. }: Known) -> RequestView {
    let models = models::labels(&books.state(), &request.terms.models);
    let ContractRequest { consumer, terms, terms_digest, state, reason, at_ms, .. } = request;
    RequestView { id, consumer, terms, terms_digest, document: None, models, state, reason, at_ms }
}

fn unknown(id: &RequestId) -> WireError {
    WireError::new(ErrorCode::NotFound, format!("no request {id} that you may see; try `qianmo request ls`"))
}
