//! Finding datasets, here and on peers. A peer answers for the person who asks and not for the node that passes the
//! question on; it has a few seconds and bytes of its own, and one that uses them up costs nobody else's answer.

mod ask;
mod share;

use qianmo_policies::Target;
use qianmo_proto::{
    Action, DatasetMeta, ErrorCode, Identity, Question, Role, Signed, WireError,
    ask::CatalogSearch,
    limits,
    views::{Found, SearchView},
};

use self::{
    ask::ask_all,
    share::{Answer, merge},
};
use crate::{
    auth::{self, Opened, Peer},
    authorize,
    net::client::Allowance,
    peers::silent,
    rooms::{Books, Door, Gate},
    serve::verb::{Here, Leave, Told, Verb},
};

/// Peers asked at once.
const AT_ONCE: usize = 64;

/// Bytes of the answer to a person: a header frame with room for names and reasons.
const ANSWER_BYTES: usize = limits::HEADER_BYTES / 4 * 3;

/// A peer that asks gets this node's own entries only, so a search does not circle.
impl Verb for CatalogSearch {
    type Rooms = (Books, Gate, Door);
    type Subject = Here;

    fn subject(&self, _: &Self::Rooms, _: &Peer) -> Result<Here, WireError> {
        Ok(Here)
    }

    async fn run(self, rooms: Self::Rooms, leave: Leave<Self>) -> Told<Self> {
        let (books, gate, door) = &rooms;
        let Self { query, federated, question } = self;
        let peer = leave.peer();
        let own = |who: &Identity| Answer {
            node: door.config.identity.clone(),
            found: own(&rooms, who, &query),
            cut: false,
        };
        if peer.identity().role() == Role::Node {
            let person = asker(books, door, peer, &query, question.as_ref())?;
            let here = Target::Node { department: door.config.identity.department() };
            authorize::may_be(gate, &person, Action::SearchCatalog, here)?;
            return Ok(merge(vec![own(&person)], limits::SEARCH_BYTES).into());
        }
        let mut answers = vec![own(peer.identity())];
        let mut unanswered = Vec::new();
        if federated {
            (answers, unanswered) = ask_peers(books, door, peer, &query, question, answers).await?;
        }
        Ok(SearchView { unanswered, ..merge(answers, ANSWER_BYTES) }.into())
    }
}

/// The person for whom a node asks: who signed the question for this node to pass on, just now.
fn asker(
    books: &Books,
    door: &Door,
    peer: &Peer,
    query: &str,
    question: Option<&Signed<Question>>,
) -> Result<Identity, WireError> {
    let question = question.ok_or_else(|| {
        let text = "a node searches for a person: pass on the question that the person has signed";
        WireError::new(ErrorCode::Signer, text)
    })?;
    let opened = auth::open_any(question, &door.trust, books.now_ms())?;
    check_question(&opened, peer.identity(), query, books.now_ms())?;
    Ok(opened.signer.identity)
}

/// Whether the question is a person's, for `through` to pass on, about `query`, and of this moment.
fn check_question(
    question: &Opened<Question>,
    through: &Identity,
    query: &str,
    now_ms: i64,
) -> Result<(), WireError> {
    let wrong = |code, text: String| Err(WireError::new(code, text));
    let Question { v, query: asked, through: named, at_ms } = &question.value;
    if *v != 1 {
        let text = format!("question version {v} is not known here; this node reads version 1");
        return wrong(ErrorCode::UnknownVersion, text);
    }
    let signer = &question.signer.identity;
    if signer.role() == Role::Node {
        return wrong(ErrorCode::Signer, format!("{signer} is no person; a person must sign the question"));
    }
    if named != through {
        return wrong(
            ErrorCode::Signer,
            format!("the question is for {named} to pass on, not for {through}"),
        );
    }
    if asked != query {
        return wrong(ErrorCode::Signer, "the question signed is another than the one asked".to_owned());
    }
    if now_ms.saturating_sub(*at_ms).saturating_abs() > Question::LIFE_MS {
        let text = "the question was signed more than 5 minutes ago or ahead of time; ask again, and check the clocks";
        return wrong(ErrorCode::Signer, text.to_owned());
    }
    Ok(())
}

type Unanswered = Vec<(Identity, WireError)>;

/// Adds to `answers` what the peers have, and names those that gave none.
async fn ask_peers(
    books: &Books,
    door: &Door,
    peer: &Peer,
    query: &str,
    question: Option<Signed<Question>>,
    mut answers: Vec<Answer>,
) -> Result<(Vec<Answer>, Unanswered), WireError> {
    let question = question.ok_or_else(|| {
        let text = "to search other nodes, sign the question: they answer you, not this node (or search with --local)";
        WireError::new(ErrorCode::Signer, text)
    })?;
    let opened = auth::open(&question, peer, &door.trust, books.now_ms())?;
    check_question(&opened, &door.config.identity, query, books.now_ms())?;
    let peers: Vec<(Identity, String)> =
        books.state().peers.iter().map(|(peer, address)| (peer.clone(), address.clone())).collect();
    let request = CatalogSearch { query: query.to_owned(), federated: false, question: Some(question) };
    let limit = door.config.limits.search;
    let allowed = Allowance { patience: limit, bytes: limits::SEARCH_BYTES, body: 0 };
    let ask = |peer: Identity, address: String| {
        let request = request.clone();
        async move {
            let view: SearchView = door.links.call(&peer, &address, request, allowed).await?;
            Ok(of_peer(peer, &address, view))
        }
    };
    let late = |peer: Identity, address: String| async move {
        door.links.forget(&peer).await;
        silent(&peer, &address, limit)
    };
    let asked =
        ask_all(peers, AT_ONCE, &door.breakers, || books.now_ms(), || tokio::time::sleep(limit), ask, late)
            .await;
    let mut unanswered = Vec::new();
    for (peer, answer) in asked {
        match answer {
            Ok(answer) => answers.push(answer),
            Err(error) => unanswered.push((peer, error)),
        }
    }
    Ok((answers, unanswered))
}

/// A peer speaks for its own department only, and is reached where our admin says.
fn of_peer(peer: Identity, address: &str, view: SearchView) -> Answer {
    let own = view.found.into_iter().filter(|found| found.dataset.id.department == *peer.department());
    let found = own.map(|found| Found { node: peer.clone(), address: address.to_owned(), ..found }).collect();
    Answer { found, cut: !view.cut.is_empty(), node: peer }
}

/// This node's own entries that `who` may see.
fn own((books, gate, door): &(Books, Gate, Door), who: &Identity, query: &str) -> Vec<Found> {
    let (node, address) = (&door.config.identity, door.address.to_string());
    let found = readable(books, gate, who, query).into_iter();
    found.map(|dataset| Found { dataset, node: node.clone(), address: address.clone() }).collect()
}

/// The datasets of this node in which `query` occurs and that `who` may see.
pub(super) fn readable(books: &Books, gate: &Gate, who: &Identity, query: &str) -> Vec<DatasetMeta> {
    let may_read =
        |meta: &DatasetMeta| authorize::may_be(gate, who, Action::ReadDataset, Target::Dataset(meta)).is_ok();
    let all: Vec<_> = books.state().datasets.values().map(|dataset| dataset.meta.clone()).collect();
    all.into_iter().filter(|meta| meta.matches(query) && may_read(meta)).collect()
}

#[cfg(test)]
mod tests;
