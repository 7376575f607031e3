//! `qianmo catalog`: finding datasets across the federation.

use clap::Subcommand;
use qianmo_proto::{Question, Signed, ask, views::SearchView};

use super::{
    connect::Session,
    data::classes,
    exit::{Exit, Fault},
    output::Rows,
    shell::Shell,
    words::msg,
};
use crate::net::client::Client;

/// Finding datasets across the federation
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Finds datasets in which every word occurs: title, path, description, fields
    Search {
        /// Words; none lists everything
        words: Vec<String>,
        /// Ask the node only, not its peers
        #[arg(long)]
        local: bool,
    },
}

/// Runs the command.
pub(crate) async fn run(command: Command, shell: &Shell) -> Result<Exit, Fault> {
    let Command::Search { words, local } = command;
    let session = Session::open(shell).await?;
    let client = session.target().await?;
    let query = words.join(" ");
    let question = (!local).then(|| signed(&session, &client, &query, shell.now_ms())).transpose()?;
    let ask = ask::CatalogSearch { query, federated: !local, question };
    let view: SearchView = client.call(ask).await?;
    shell.out.show(&view, || table(shell, &view))?;
    for (node, error) in &view.unanswered {
        let silent = msg("search-silent").with("node", node).with("error", shell.out.error(error));
        shell.out.note(&shell.out.say(&silent));
    }
    for node in &view.cut {
        shell.out.note(&shell.out.say(&msg("search-cut").with("node", node)));
    }
    Ok(if view.is_complete() { Exit::Done } else { Exit::Incomplete })
}

/// The question as other nodes need it: they answer the person who signed it, through the node asked.
pub(crate) fn signed(
    session: &Session,
    client: &Client,
    query: &str,
    now_ms: i64,
) -> Result<Signed<Question>, Fault> {
    let (query, through) = (query.to_owned(), client.node().clone());
    session.person.sign(&Question { v: 1, query, through, at_ms: now_ms })
}

fn table(shell: &Shell, view: &SearchView) -> String {
    let out = shell.out;
    if view.found.is_empty() && !view.unanswered.is_empty() {
        return out.say(&msg("search-nothing-so-far"));
    }
    if view.found.is_empty() {
        return out.say(&msg("search-nothing"));
    }
    let mut rows = Rows::new(&[
        out.label("dataset"),
        out.label("title"),
        out.label("grade"),
        out.label("sharing"),
        out.label("rows-about"),
        out.label("node"),
    ])
    .right(4);
    for found in &view.found {
        let meta = &found.dataset;
        let (grade, sharing) = classes(out, meta);
        rows.add([&meta.id, &meta.title, &grade, &sharing, &meta.rows_about, &found.node]);
    }
    rows.text()
}
