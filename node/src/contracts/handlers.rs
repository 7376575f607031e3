//! Contracts in force, used up, or ended.

use qianmo_policies::Target;
use qianmo_proto::{
    Action, ContractId, DatasetMeta, DatasetRef, ErrorCode, WireError,
    ask::{ContractLs, ContractRevoke, ContractShow},
    limits,
    views::{ContractState, ContractView},
};

use crate::{
    auth::Peer,
    config::Config,
    models, page,
    rooms::{Books, Gate, Works},
    serve::verb::{Each, Leave, Subject, Told, Verb},
    store::{
        facts::Fact,
        state::{Contract, Standing, State},
    },
};

/// A contract that a request is about.
pub(crate) struct Known {
    id: ContractId,
    contract: Contract,
}

impl Known {
    fn target(&self) -> Target<'_> {
        let Self { id, contract } = self;
        Target::Contract { id, department: &contract.terms.dataset.department, consumer: &contract.consumer }
    }
}

impl Subject for Known {
    fn target<'a>(&'a self, _: &'a Gate) -> Option<Target<'a>> {
        Some(self.target())
    }
}

impl Verb for ContractLs {
    type Rooms = (Books, Gate);
    type Subject = Each;

    fn subject(&self, _: &Self::Rooms, _: &Peer) -> Result<Each, WireError> {
        Ok(Each)
    }

    async fn run(self, (books, gate): Self::Rooms, leave: Leave<Self>) -> Told<Self> {
        let (now_ms, lookup) = (books.now_ms(), &self.lookup);
        let selected = {
            let state = books.state();
            page::select(
                lookup,
                state.contracts.iter().map(|(id, contract)| (id.clone(), row(contract, now_ms))),
            )
        };
        let page = selected.page(lookup, |id| {
            let Some(contract) = books.state().contracts.get(&id).cloned() else { return Ok(None) };
            let known = Known { id, contract };
            let seen = leave.covers(&gate, Action::ReadContract, known.target());
            Ok(seen.then(|| view_of(&books, known)))
        });
        Ok(page?.into())
    }
}

fn row(contract: &Contract, now_ms: i64) -> page::Row<'_> {
    page::Row {
        at_ms: contract.at_ms,
        state: Some(state_of(contract.state(now_ms)).as_str()),
        dataset: Some(&contract.terms.dataset),
        case: Some(&contract.terms.case_number),
        person: Some(&contract.consumer),
        contract: None,
        models: Some(&contract.terms.models),
    }
}

fn state_of(standing: Standing) -> ContractState {
    match standing {
        Standing::InForce => ContractState::Finalized,
        Standing::Revoked | Standing::Expired | Standing::Spent => ContractState::Terminated,
    }
}

impl Verb for ContractShow {
    type Rooms = Books;
    type Subject = Known;

    fn subject(&self, books: &Books, _: &Peer) -> Result<Known, WireError> {
        find(books, &self.id)
    }

    fn hidden(&self) -> Option<(Action, WireError)> {
        Some((Action::ReadContract, unknown(&self.id)))
    }

    async fn run(self, books: Books, leave: Leave<Self>) -> Told<Self> {
        Ok(view_of(&books, leave.into_parts().0).into())
    }
}

/// On the trail first, then its running jobs are stopped.
impl Verb for ContractRevoke {
    type Rooms = (Books, Works);
    type Subject = Known;

    fn subject(&self, (books, _): &Self::Rooms, _: &Peer) -> Result<Known, WireError> {
        check_reason(&self.reason)?;
        find(books, &self.id)
    }

    async fn run(self, (books, works): Self::Rooms, leave: Leave<Self>) -> Told<Self> {
        let Self { id, reason } = self;
        if leave.subject().contract.revoked.is_some() {
            return Err(WireError::new(ErrorCode::Conflict, format!("{id} is already revoked")));
        }
        books.trail.record(leave.peer(), Fact::ContractRevoked { id: id.clone(), reason }).await?;
        works.jobs.stop_contract(&id);
        Ok(view(&books, &id)?.into())
    }
}

/// The dataset `asked`, if it is this department's and listed.
pub(crate) fn own_dataset<'a>(
    config: &Config,
    state: &'a State,
    asked: &DatasetRef,
) -> Result<&'a crate::store::state::Dataset, WireError> {
    let own = asked.department == *config.identity.department();
    let found = own.then(|| state.datasets.get(&asked.dataset)).flatten();
    found.ok_or_else(|| {
        let text = format!("{asked} is not listed on this node; see `qianmo catalog search`");
        WireError::new(ErrorCode::NotFound, text)
    })
}

/// What the catalogue tells of the dataset `asked`, if it is this department's and listed.
pub(super) fn own_meta(books: &Books, config: &Config, asked: &DatasetRef) -> Result<DatasetMeta, WireError> {
    own_dataset(config, &books.state(), asked).map(|dataset| dataset.meta.clone())
}

/// A reason is kept for good, so there must be one, of bounded length.
pub(crate) fn check_reason(reason: &str) -> Result<(), WireError> {
    if reason.trim().is_empty() || reason.chars().count() > limits::TEXT_CHARS {
        let text = "say why, in 1 to 1,000 characters (--reason); it goes on the trail";
        return Err(WireError::new(ErrorCode::BadRequest, text));
    }
    Ok(())
}

pub(super) fn view(books: &Books, id: &ContractId) -> Result<ContractView, WireError> {
    find(books, id).map(|known| view_of(books, known))
}

fn find(books: &Books, id: &ContractId) -> Result<Known, WireError> {
    let contract = books.state().contracts.get(id).cloned().ok_or_else(|| unknown(id))?;
    Ok(Known { id: id.clone(), contract })
}

fn view_of(books: &Books, Known { id, contract }: Known) -> ContractView {
    let runs_used = contract.runs_used();
    let standing = contract.state(books.now_ms());
    let reason = match standing {
        Standing::InForce => None,
        Standing::Revoked => contract.revoked.clone(),
        Standing::Expired => Some("expired".to_owned()),
        Standing::Spent => Some("all runs are spent".to_owned()),
    };
    ContractView {
        id,
        consumer: contract.consumer,
        steward: contract.steward,
        state: state_of(standing),
        models: models::handlers::labels(&books.state(), &contract.terms.models),
        terms: contract.terms,
        runs_used,
        reason,
        at_ms: contract.at_ms,
    }
}

fn unknown(id: &ContractId) -> WireError {
    WireError::new(
        ErrorCode::NotFound,
        format!("no contract {id} that you may see; try `qianmo contract ls`"),
    )
}
