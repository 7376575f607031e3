//! `qianmo data`: the datasets that a node lists.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use qianmo_proto::{DatasetMeta, Lookup, Name, WireError, ask, views::Done, words::counted};

use super::{
    connect::Session,
    exit::{Doing, Exit, Fault},
    lang::Lang,
    list,
    output::{Facts, Output, Rows},
    shell::Shell,
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
            let spinner =
                shell.out.spinner(shell.out.t("the node reads every row", "节点正在逐行读取").to_owned());
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
            shell.out.show(&done, || format!("{} {name}", shell.out.t("off the list:", "已下架：")))?;
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
        return Err(no_descriptor(path, &format!("it has {bytes} bytes")));
    }
    let content = std::fs::read(path).map_err(|e| Fault::file(path, Doing::Read, &e))?;
    let text = String::from_utf8(content).map_err(|_| no_descriptor(path, "it is not UTF-8 text"))?;
    let named_so = path.extension().is_some_and(|extension| extension == "toml");
    match text.parse::<toml::Table>() {
        Err(e) if !named_so => Err(no_descriptor(path, &format!("it is not TOML: {}", e.message()))),
        // The node says what is wrong with it, and where.
        _ => Ok(text),
    }
}

fn no_descriptor(path: &Path, why: &str) -> Fault {
    Fault::input(format!(
        "{} is not a dataset's descriptor ({why}): put the data file into the data folder of the node, and give a small \
         TOML file that names it and its fields, such as deploy/samples/screening.toml",
        path.display()
    ))
}

/// Lists a dataset from its descriptor's text.
pub(crate) async fn add(client: &Client, descriptor: String) -> Result<DatasetMeta, WireError> {
    client.call(ask::DataAdd { descriptor }).await
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// What `add` has done, and what comes next.
fn listed(out: Output, meta: &DatasetMeta) -> String {
    let (id, name, grade) = (&meta.id, &meta.id.dataset, &meta.grade);
    let (rows, fields) = (meta.rows_about, meta.fields.len() as u64);
    match out.lang {
        Lang::En => format!(
            "listed {id}: about {}, {}, {grade}\n\
             next: see what others see of it: qianmo data show {name}",
            counted(rows, "row"),
            counted(fields, "field")
        ),
        Lang::Zh => format!(
            "已上架 {id}：约 {rows} 行，{fields} 个字段，{grade}\n\
             下一步：查看他人所见的内容：qianmo data show {name}"
        ),
    }
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
        rows.add([&meta.id, &meta.title, &meta.grade, &meta.sharing, &meta.fields.len(), &meta.rows_about]);
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
        let nullable = if field.nullable { out.t("yes", "是") } else { "" };
        rows.add([&field.name, &field.ty, &field.grade, &field.sensitivity, &nullable, &field.description]);
    }
    let head = Facts::of(&[
        (out.label("dataset"), &meta.id),
        (out.label("title"), &meta.title),
        (out.label("provider"), &meta.provider),
        (out.label("path"), &meta.path.join(" / ")),
        (out.label("description"), &meta.description),
        (out.label("grade"), &meta.grade),
        (out.label("sharing"), &meta.sharing),
        (out.label("update-cycle"), &meta.update_cycle),
        (out.label("rows-about"), &meta.rows_about),
    ])
    .text();
    format!("{head}\n{}", rows.text())
}
