//! Finding the caller's contracts wherever in the federation they are.

use std::time::Duration;

use qianmo_proto::{
    Identity, Lookup, ask, limits,
    views::{ContractState, ContractView, RequestView},
};

use super::{
    connect::{Reached, Session},
    exit::Fault,
    list,
    pick::pick,
    shell::Shell,
    words::msg,
};
use crate::net::client::Allowance;

/// What a node's list may take: of many nodes, one that is silent must not hold up the others.
const ALLOWED: Allowance =
    Allowance { patience: Duration::from_secs(10), bytes: limits::HEADER_BYTES, body: 0 };

/// Contracts taken from one node: a person has few under which the same run could be made.
const MOST: usize = 10_000;

/// A contract and the node that it is with.
#[derive(Clone)]
pub(crate) struct Located {
    pub(crate) view: ContractView,
    pub(crate) at: Reached,
}

impl Located {
    /// Whether `person` may begin a run under it, as its node sees it.
    pub(crate) fn is_usable(&self, person: &Identity) -> bool {
        let view = &self.view;
        view.consumer == *person && view.state == ContractState::Finalized && view.runs_used < view.terms.runs
    }
}

/// The contracts that fit `lookup`, at the node of --on, or else at the home node and all its peers. A node that gives
/// no answer is noted.
pub(crate) async fn contracts(
    session: &Session,
    shell: &Shell,
    lookup: &Lookup,
) -> Result<Vec<Located>, Fault> {
    let nodes = match session.aim().await? {
        Some(aimed) => vec![(aimed.client.node().clone(), Ok(aimed))],
        None => session.everywhere().await?,
    };
    let listed = nodes.into_iter().map(async |(node, reached)| (node, at(reached, lookup).await));
    let mut found = Vec::new();
    for (node, listed) in futures::future::join_all(listed).await {
        match listed {
            Ok(contracts) => found.extend(contracts),
            Err(fault) => {
                let unlisted =
                    msg("contracts-unlisted").with("node", node).with("error", fault.text(shell.out.lang));
                shell.out.note(&shell.out.say(&unlisted));
            }
        }
    }
    Ok(found)
}

/// The caller's requests at the same nodes, as far as those answer.
pub(crate) async fn requests(session: &Session) -> Vec<(Identity, RequestView)> {
    let nodes = match session.aim().await {
        Ok(Some(aimed)) => vec![(aimed.client.node().clone(), Ok(aimed))],
        Ok(None) => session.everywhere().await.unwrap_or_default(),
        Err(_) => vec![],
    };
    let listed = nodes.into_iter().map(async |(node, reached)| {
        let views: Vec<RequestView> = match reached {
            Ok(at) => {
                let ask = |lookup| at.client.call_within(ask::RequestLs { lookup }, ALLOWED);
                let found = list::pages::<RequestView, _>(Lookup::default(), MOST, ask).await;
                found.map(|(views, _)| views).unwrap_or_default()
            }
            Err(_) => vec![],
        };
        views.into_iter().map(move |view| (node.clone(), view)).collect::<Vec<_>>()
    });
    futures::future::join_all(listed).await.into_iter().flatten().collect()
}

async fn at(reached: Result<Reached, Fault>, lookup: &Lookup) -> Result<Vec<Located>, Fault> {
    let at = reached?;
    let ask = |lookup| at.client.call_within(ask::ContractLs { lookup }, ALLOWED);
    let (views, _) = list::pages::<ContractView, _>(lookup.clone(), MOST, ask).await?;
    Ok(views.into_iter().map(|view| Located { view, at: at.clone() }).collect())
}

/// The contract with this id, or the only one that begins so.
pub(crate) fn named<'a>(all: &'a [Located], given: &str) -> Result<&'a Located, Fault> {
    pick("contract", given, all, |located| located.view.id.clone())
}
