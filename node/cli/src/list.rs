//! Lists: the flags that narrow them, and asking a node page after page.

use clap::Args;
use qianmo_net::client::Client;
use qianmo_proto::{Ask, DatasetRef, Identity, Lookup, Page, WireError, limits};

use super::{env, exit::Fault, shell::Shell, when, words::msg};

/// Entries shown where the user names no number.
const USUAL: u32 = 100;

/// Every word that the state of a request, contract or job may be.
const STATES: [&str; 8] =
    ["requested", "finalized", "terminated", "running", "held", "released", "withheld", "failed"];

/// How many entries.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Length {
    /// At most so many: the newest, by default 100; with --json all
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: Option<u32>,
    /// All of them
    #[arg(long, conflicts_with = "limit")]
    pub(crate) all: bool,
}

/// Which results: they have one state by what is asked.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Narrow {
    /// Only those of this dataset, department/name
    #[arg(long)]
    pub(crate) dataset: Option<DatasetRef>,
    /// Only those of this file reference
    #[arg(long)]
    pub(crate) case: Option<String>,
    /// Only those of this consumer
    #[arg(long, value_name = "URI")]
    pub(crate) person: Option<Identity>,
    /// Only those since then: 7d for the last seven days, a date, or a time with offset
    #[arg(long)]
    pub(crate) since: Option<String>,
    /// Only those up to then: a date stands for its end
    #[arg(long)]
    pub(crate) until: Option<String>,
    #[command(flatten)]
    pub(crate) length: Length,
}

/// Which requests, contracts or jobs.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct InState {
    /// Only those in this state
    #[arg(long, value_parser = STATES)]
    pub(crate) state: Option<String>,
    #[command(flatten)]
    pub(crate) narrow: Narrow,
}

impl Narrow {
    /// The question to the node.
    pub(crate) fn lookup(&self, shell: &Shell) -> Result<Lookup, Fault> {
        let (now_ms, zone) = (shell.now_ms(), env::zone());
        Ok(Lookup {
            dataset: self.dataset.clone(),
            case: self.case.clone(),
            person: self.person.clone(),
            since_ms: self.since.as_ref().map(|text| when::since(text, now_ms, &zone)).transpose()?,
            until_ms: self.until.as_ref().map(|text| when::up_to(text, now_ms, &zone)).transpose()?,
            ..Lookup::default()
        })
    }
}

impl InState {
    /// The question to the node.
    pub(crate) fn lookup(&self, shell: &Shell) -> Result<Lookup, Fault> {
        Ok(Lookup { state: self.state.clone(), ..self.narrow.lookup(shell)? })
    }
}

/// Asks for a list, page by page, up to the length that is wanted; says if there is more.
pub(crate) async fn list<T, A: Ask<Answer = Page<T>>>(
    client: &Client,
    lookup: Lookup,
    length: &Length,
    shell: &Shell,
    ask: impl Fn(Lookup) -> A,
) -> Result<Vec<T>, Fault> {
    let whole = length.all || (shell.out.json && length.limit.is_none());
    let most = if whole { usize::MAX } else { length.limit.unwrap_or(USUAL) as usize };
    let (items, more) = pages(lookup, most, |lookup| client.call(ask(lookup))).await?;
    if more {
        shell.out.note(&shell.out.say(&msg("list-more").with("count", items.len())));
    }
    Ok(items)
}

/// Every entry that fits: for what is narrowed to few.
pub(crate) async fn every<T, A: Ask<Answer = Page<T>>>(
    client: &Client,
    lookup: Lookup,
    ask: impl Fn(Lookup) -> A,
) -> Result<Vec<T>, WireError> {
    pages(lookup, usize::MAX, |lookup| client.call(ask(lookup))).await.map(|(items, _)| items)
}

/// Page after page, up to `most` entries, and whether there are more.
pub(crate) async fn pages<T, A>(
    mut lookup: Lookup,
    most: usize,
    ask: impl Fn(Lookup) -> A,
) -> Result<(Vec<T>, bool), WireError>
where
    A: Future<Output = Result<Page<T>, WireError>>,
{
    let mut items = Vec::new();
    loop {
        let wanted = (most - items.len()).min(limits::PAGE as usize);
        lookup.limit = u32::try_from(wanted).ok();
        let page = ask(lookup.clone()).await?;
        items.extend(page.items.into_iter().take(wanted));
        match page.next {
            None => return Ok((items, false)),
            Some(_) if items.len() >= most => return Ok((items, true)),
            Some(next) => lookup = lookup.after(next),
        }
    }
}
