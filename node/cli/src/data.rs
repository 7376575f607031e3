//! `qianmo data`: the datasets that a node lists.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use qianmo_proto::{DatasetMeta, Lookup, Name, WireError, ask, views::Done};

use super::{
    connect::Session,
    exit::{Doing, Exit, Fault},
    list,
    output::{Facts, Output, Rows},
    shell::Shell,
    words::{Message, Text, msg},
};
use crate::net::client::Client;

/// The datasets that a node lists
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Lists a dataset from its descriptor (steward)
    Add {
        /// The descriptor, TOML
        descriptor: PathBuf,
    },
    /// Lists the node's datasets
    Ls(list::Length),
    /// Shows a dataset with its fields
    Show {
        /// The dataset's name
        name: Name,
    },
    /// Takes a dataset off the list (steward); the rows stay where they are
    Rm {
        /// The dataset's name
        name: Name,
    },
}

/// Runs the command.
pub(crate) async fn run(command: Command, shell: &Shell) -> Result<Exit, Fault> {
    // Before anything is asked of a node: is the file there?
    let descriptor = match &command {
        Command::Add { descriptor } => Some(read_descriptor(descriptor)?),
        _ => None,
    };
    let client = Session::open(shell).await?.target().await?;
    match command {
        Command::Add { descriptor: path } => {
            let text = descriptor.unwrap_or_default();
            let spinner = shell.out.spinner(shell.out.say(&msg("data-reading")));
            let added = add(&client, text).await;
            drop(spinner);
            let view = added.map_err(|e| Fault::from(e).at(shown(&path)))?;
            shell.out.show(&view, || listed(shell.out, &view))?;
        }
        Command::Ls(length) => {
            let ask = |lookup| ask::DataLs { lookup };
            let all: Vec<DatasetMeta> = list::list(&client, Lookup::default(), &length, shell, ask).await?;
            shell.out.show(&all, || table(shell.out, &all))?;
        }
        Command::Show { name } => {
            let view: DatasetMeta = client.call(ask::DataShow { name }).await?;
            shell.out.show(&view, || show(shell.out, &view))?;
        }
        Command::Rm { name } => {
            let done: Done = client.call(ask::DataRm { name: name.clone() }).await?;
            shell.out.show(&done, || shell.out.say(&msg("data-removed").with("name", &name)))?;
        }
    }
    Ok(Exit::Done)
}

/// Most bytes of a descriptor: far above any, and below what a request may have.
const DESCRIPTOR_BYTES: u64 = 512 << 10;

/// The text of a descriptor. The data themselves, given by mistake, are told from it.
fn read_descriptor(path: &Path) -> Result<String, Fault> {
    let bytes = std::fs::metadata(path).map_err(|e| Fault::file(path, Doing::Read, &e))?.len();
    if bytes > DESCRIPTOR_BYTES {
        return Err(no_descriptor(path, msg("descriptor-long").count("bytes", bytes)));
    }
    let content = std::fs::read(path).map_err(|e| Fault::file(path, Doing::Read, &e))?;
    let text = String::from_utf8(content).map_err(|_| no_descriptor(path, msg("descriptor-no-text")))?;
    let named_so = path.extension().is_some_and(|extension| extension == "toml");
    match text.parse::<toml::Table>() {
        Err(e) if !named_so => Err(no_descriptor(path, msg("descriptor-no-toml").with("error", e.message()))),
        // The node says what is wrong with it, and where.
        _ => Ok(text),
    }
}

fn no_descriptor(path: &Path, why: Message) -> Fault {
    Fault::input(msg("no-descriptor").with("path", path.display()).saying("why", why))
}

/// Lists a dataset from its descriptor's text.
pub(crate) async fn add(client: &Client, descriptor: String) -> Result<DatasetMeta, WireError> {
    client.call(ask::DataAdd { descriptor }).await
}

fn shown(path: &Path) -> Text {
    Text::name(path.display())
}

/// What `add` has done, and what comes next.
fn listed(out: Output, meta: &DatasetMeta) -> String {
    let listed = msg("data-listed")
        .with("id", &meta.id)
        .count("rows", meta.rows_about)
        .count("fields", meta.fields.len())
        .with("grade", classes(out, meta).0);
    let next = msg("data-listed-next").with("name", &meta.id.dataset);
    format!("{}\n{}", out.say(&listed), out.say(&next))
}

/// The grade and the sharing class of a dataset, in words.
pub(crate) fn classes(out: Output, meta: &DatasetMeta) -> (String, String) {
    let grade = out.lang.word("grade", meta.grade.as_str()).into_owned();
    (grade, out.lang.word("sharing", meta.sharing.as_str()).into_owned())
}

fn table(out: Output, all: &[DatasetMeta]) -> String {
    let mut rows = Rows::new(&[
        out.label("dataset"),
        out.label("title"),
        out.label("grade"),
        out.label("sharing"),
        out.label("fields"),
        out.label("rows-about"),
    ])
    .right(4)
    .right(5);
    for meta in all {
        let (grade, sharing) = classes(out, meta);
        rows.add([&meta.id, &meta.title, &grade, &sharing, &meta.fields.len(), &meta.rows_about]);
    }
    rows.text()
}

fn show(out: Output, meta: &DatasetMeta) -> String {
    let mut rows = Rows::new(&[
        out.label("field"),
        out.label("type"),
        out.label("grade"),
        out.label("sensitivity"),
        out.label("nullable"),
        out.label("description"),
    ]);
    for field in &meta.fields {
        let nullable = if field.nullable { out.say(&msg("yes")) } else { String::new() };
        let grade = out.lang.word("grade", field.grade.as_str());
        let sensitivity = out.lang.word("sensitivity", field.sensitivity.as_str());
        rows.add([&field.name, &field.ty, &grade, &sensitivity, &nullable, &field.description]);
    }
    let (grade, sharing) = classes(out, meta);
    let head = Facts::of(&[
        (out.label("dataset"), &meta.id),
        (out.label("title"), &meta.title),
        (out.label("provider"), &meta.provider),
        (out.label("path"), &meta.path.join(" / ")),
        (out.label("description"), &meta.description),
        (out.label("grade"), &grade),
        (out.label("sharing"), &sharing),
        (out.label("update-cycle"), &out.lang.word("cycle", &meta.update_cycle)),
        (out.label("rows-about"), &meta.rows_about),
    ])
    .text();
    format!("{head}\n{}", rows.text())
}
