//! `qianmo catalog`: finding datasets across the federation.

use clap::Subcommand;
use qianmo_proto::{Request, views::SearchView};

use super::{
    connect::Session,
    exit::{Exit, Fault},
    output::Rows,
    shell::Shell,
};

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
    let client = Session::open(shell).await?.target().await?;
    let ask = Request::CatalogSearch { query: words.join(" "), federated: !local };
    let view: SearchView = client.call(ask).await?;
    shell.out.show(&view, || table(shell, &view))?;
    for (node, error) in &view.unanswered {
        let told = shell.out.t("gave no answer:", "未应答：");
        shell.out.note(&format!("{told} {node}: {}", shell.out.error(error)));
    }
    Ok(Exit::Done)
}

fn table(shell: &Shell, view: &SearchView) -> String {
    let t = |en, zh| shell.out.t(en, zh);
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
