//! Finding datasets, here and on peers. A peer answers for the person who asks and not for the node that passes the
//! question on; it has a few seconds and bytes of its own, and one that uses them up costs nobody else's answer.

mod ask;
mod share;

use qianmo_policies::{Governance, Target};
use qianmo_proto::{
    DatasetMeta, ErrorCode, Identity, Question, Request, Role, Signed, WireError, limits,
    views::{Found, SearchView},
};

use self::{
    ask::ask_all,
    share::{Answer, merge},
};
use crate::{
    auth::{self, Opened, Peer},
    authorize,
    net::{client::Allowance, peers::silent},
    node::Shared,
};

/// Peers asked at once.
const AT_ONCE: usize = 64;

/// Bytes of the answer to a person: a header frame with room for names and reasons.
const ANSWER_BYTES: usize = limits::HEADER_BYTES / 4 * 3;

/// `catalog.search`: a peer that asks gets this node's own entries only, so a search does not circle.
pub(crate) async fn search(
    node: &Shared,
    peer: &Peer,
    query: &str,
    federated: bool,
    question: Option<Signed<Question>>,
) -> Result<SearchView, WireError> {
    authorize::may_here(node, peer, Governance::SearchCatalog)?;
    let own = |who: &Identity| Answer {
        node: node.config.identity.clone(),
        found: own(node, who, query),
        cut: false,
    };
    if peer.identity().role() == Role::Node {
        let person = asker(node, peer, query, question.as_ref())?;
        authorize::may_be(node, &person, Governance::SearchCatalog, here(node))?;
        return Ok(merge(vec![own(&person)], limits::SEARCH_BYTES));
    }
    let mut answers = vec![own(peer.identity())];
    let mut unanswered = Vec::new();
    if federated {
        (answers, unanswered) = ask_peers(node, peer, query, question, answers).await?;
    }
    Ok(SearchView { unanswered, ..merge(answers, ANSWER_BYTES) })
}

fn here(node: &Shared) -> Target<'_> {
    Target::Node { department: node.config.identity.department() }
}

/// The person for whom a node asks: who signed the question for this node to pass on, just now.
fn asker(
    node: &Shared,
    peer: &Peer,
    query: &str,
    question: Option<&Signed<Question>>,
) -> Result<Identity, WireError> {
    let question = question.ok_or_else(|| {
        let text = "a node searches for a person: pass on the question that the person has signed";
        WireError::new(ErrorCode::Signer, text)
    })?;
    let opened = auth::open_any(question, &node.trust, node.now_ms())?;
    check_question(&opened, peer.identity(), query, node.now_ms())?;
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
    node: &Shared,
    peer: &Peer,
    query: &str,
    question: Option<Signed<Question>>,
    mut answers: Vec<Answer>,
) -> Result<(Vec<Answer>, Unanswered), WireError> {
    let question = question.ok_or_else(|| {
        let text = "to search other nodes, sign the question: they answer you, not this node (or search with --local)";
        WireError::new(ErrorCode::Signer, text)
    })?;
    let opened = auth::open(&question, peer, &node.trust, node.now_ms())?;
    check_question(&opened, &node.config.identity, query, node.now_ms())?;
    let peers: Vec<(Identity, String)> =
        node.state().peers.iter().map(|(peer, address)| (peer.clone(), address.clone())).collect();
    let request =
        Request::CatalogSearch { query: query.to_owned(), federated: false, question: Some(question) };
    let limit = node.config.limits.search;
    let allowed = Allowance { patience: limit, bytes: limits::SEARCH_BYTES };
    let ask = |peer: Identity, address: String| {
        let request = request.clone();
        async move {
            let view: SearchView = node.links.call(&peer, &address, request, allowed).await?;
            Ok(of_peer(peer, &address, view))
        }
    };
    let late = |peer: Identity, address: String| async move {
        node.links.forget(&peer).await;
        silent(&peer, &address, limit)
    };
    let asked =
        ask_all(peers, AT_ONCE, &node.breakers, || node.now_ms(), || tokio::time::sleep(limit), ask, late)
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
fn own(node: &Shared, who: &Identity, query: &str) -> Vec<Found> {
    let address = node.address.to_string();
    let found = readable(node, who, query).into_iter();
    found
        .map(|dataset| Found { dataset, node: node.config.identity.clone(), address: address.clone() })
        .collect()
}

/// The datasets of this node in which `query` occurs and that `who` may see.
pub(super) fn readable(node: &Shared, who: &Identity, query: &str) -> Vec<DatasetMeta> {
    let may_read = |meta: &DatasetMeta| {
        authorize::may_be(node, who, Governance::ReadDataset, Target::Dataset(meta)).is_ok()
    };
    let all: Vec<_> = node.state().datasets.values().map(|dataset| dataset.meta.clone()).collect();
    all.into_iter().filter(|meta| meta.matches(query) && may_read(meta)).collect()
}

#[cfg(test)]
mod tests;
