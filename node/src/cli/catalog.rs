//! `qianmo catalog`: finding datasets across the federation.

use clap::Subcommand;
use qianmo_proto::{Question, Request, Signed, views::SearchView};

use super::{
    connect::Session,
    exit::{Exit, Fault},
    output::Rows,
    shell::Shell,
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
    let ask = Request::CatalogSearch { query, federated: !local, question };
    let view: SearchView = client.call(ask).await?;
    shell.out.show(&view, || table(shell, &view))?;
    for (node, error) in &view.unanswered {
        let told = shell.out.t("gave no answer:", "未应答：");
        shell.out.note(&format!("{told} {node}: {}", shell.out.error(error)));
    }
    for node in &view.cut {
        let told = shell
            .out
            .t("has more than the answer holds; search with more words:", "条目过多，请增加关键词：");
        shell.out.note(&format!("{told} {node}"));
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
    let t = |en, zh| shell.out.t(en, zh);
    if view.found.is_empty() && !view.unanswered.is_empty() {
        return t(
            "nothing found at the nodes that answered; not all did",
            "已应答的节点中未找到；部分节点未应答",
        )
        .to_owned();
    }
    if view.found.is_empty() {
        return t("nothing found; try fewer words", "未找到；请减少关键词").to_owned();
    }
    let headers = [
        t("dataset", "数据集"),
        t("title", "名称"),
        t("grade", "分级"),
        t("sharing", "共享"),
        t("rows about", "约行数"),
        t("node", "节点"),
    ];
    let mut rows = Rows::new(&headers).right(4);
    for found in &view.found {
        let meta = &found.dataset;
        rows.add([&meta.id, &meta.title, &meta.grade, &meta.sharing, &meta.rows_about, &found.node]);
    }
    rows.text()
}
