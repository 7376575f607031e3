//! `qianmo model`: bringing models to nodes, and fetching them to look at.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use qianmo_crypto::sm3::{self, Digest};
use qianmo_proto::{
    Identity, Lookup, ModelManifest, Name, World, ask,
    views::{ModelDocument, ModelView},
};
use qianmo_sandbox::{Engine, EngineConfig, Model, PackError, pack, shipped};
use serde::Serialize;

use super::{
    checked,
    connect::{Person, Session},
    exit::{Exit, Fault, write_file},
    foreign, list,
    output::{Facts, Output, Rows},
    pick::pick,
    shell::Shell,
    words::{Text, msg},
};
use crate::net::client::Client;

/// Models that come with this program: name, component, description.
const SHIPPED: [(&str, &[u8], &str); 2] = [
    ("stats", shipped::STATS, "counts, sums, means and variances; row counts by group"),
    ("glm", shipped::GLM, "L2-regularised logistic regression by Newton's method, federated"),
];

/// Bringing models to nodes
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Brings a model to the node, where contracts may then name it (consumer)
    Push(PushArgs),
    /// Lists the models that the node knows
    Ls(list::Length),
    /// Shows a model with its whole digest and its author's signature, checked here
    Show {
        /// The model's label or digest, or the digest's beginning
        model: String,
    },
    /// Fetches a model's component, to read it before approving it (steward, its author, auditor)
    Get {
        /// The model's label or digest, or the digest's beginning
        model: String,
        /// Write the component there, and the signed manifest beside it (FILE.manifest.json)
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

/// What to push.
#[derive(Debug, Args)]
pub(crate) struct PushArgs {
    /// A .wasm file, or a model that comes with this program: stats, glm
    model: String,
    /// Label for people; by default the file's name
    #[arg(long)]
    name: Option<Name>,
    /// What it computes
    #[arg(long)]
    description: Option<String>,
    /// Bring it to the home node and all its peers
    #[arg(long)]
    everywhere: bool,
}

/// A vetted model, ready to be sent or run.
pub(crate) struct Component {
    pub(crate) name: Name,
    pub(crate) description: String,
    pub(crate) world: World,
    pub(crate) digest: Digest,
    pub(crate) bytes: Vec<u8>,
    pub(crate) compiled: Model,
}

/// Where a model was brought to, or why not.
#[derive(Serialize)]
struct Pushed {
    node: Identity,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<ModelView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Runs the command.
pub(crate) async fn run(command: Command, shell: &Shell) -> Result<Exit, Fault> {
    match command {
        Command::Push(args) => push_command(args, shell).await,
        Command::Ls(length) => {
            let client = Session::open(shell).await?.target().await?;
            let ask = |lookup| ask::ModelLs { lookup };
            let models: Vec<ModelView> = list::list(&client, Lookup::default(), &length, shell, ask).await?;
            shell.out.show(&models, || table(shell.out, &models))?;
            Ok(Exit::Done)
        }
        Command::Show { model } => {
            let session = Session::open(shell).await?;
            let client = session.target().await?;
            let digest = resolve(&client, &model).await?.digest;
            let found: ModelDocument = client.call(ask::ModelShow { digest }).await?;
            checked::model(&found, digest, None, &session.person.trust, shell.now_ms())?;
            shell.out.show(&found, || show(shell.out, &found.model))?;
            Ok(Exit::Done)
        }
        Command::Get { model, out } => get(&model, &out, shell).await,
    }
}

/// Fetches a model and keeps nothing that is not what its author signed.
async fn get(model: &str, path: &Path, shell: &Shell) -> Result<Exit, Fault> {
    let session = Session::open(shell).await?;
    let client = session.target().await?;
    let digest = resolve(&client, model).await?.digest;
    let (found, bytes): (ModelDocument, Vec<u8>) = client.exchange(ask::ModelGet { digest }, &[]).await?;
    checked::model(&found, digest, Some(&bytes), &session.person.trust, shell.now_ms())?;
    let mut manifest = path.as_os_str().to_owned();
    manifest.push(".manifest.json");
    let signed = serde_json::to_vec_pretty(&found.manifest)
        .map_err(|e| Fault::failed(msg("unserialisable").with("error", e)))?;
    write_file(path, &bytes)?;
    write_file(Path::new(&manifest), &signed)?;
    shell.out.show(&found, || show(shell.out, &found.model))?;
    Ok(Exit::Done)
}

async fn push_command(args: PushArgs, shell: &Shell) -> Result<Exit, Fault> {
    if args.everywhere && shell.reach.on.is_some() {
        return Err(Fault::input(msg("push-everywhere-or-on")));
    }
    let component = Component::load_told(&args.model, args.name, args.description, shell)?;
    let session = Session::open(shell).await?;
    let bringing = shell.out.say(&msg("model-bringing"));
    let spinner = shell.out.spinner(bringing.clone());
    if !args.everywhere {
        let view = push(&session.person, &session.target().await?, &component).await?;
        drop(spinner);
        shell.out.show(&view, || table(shell.out, std::slice::from_ref(&view)))?;
        return Ok(Exit::Done);
    }
    let (mut pushed, mut first_fault) = (Vec::new(), None);
    for (node, reached) in session.everywhere().await? {
        spinner.set_message(format!("{bringing} {node}"));
        let result = match reached {
            Ok(reached) => push(&session.person, &reached.client, &component).await,
            Err(fault) => Err(fault),
        };
        let error = result.as_ref().err().map(|fault| fault.text(shell.out.lang));
        pushed.push(Pushed { node: node.clone(), model: result.as_ref().ok().cloned(), error });
        first_fault = first_fault.or(result.err().map(|fault| fault.at(Text::name(&node))));
    }
    drop(spinner);
    shell.out.show(&pushed, || pushed_table(shell.out, &component, &pushed))?;
    first_fault.map_or(Ok(Exit::Done), Err)
}

/// Signs the model's manifest and brings both to the node.
pub(crate) async fn push(
    person: &Person,
    client: &Client,
    component: &Component,
) -> Result<ModelView, Fault> {
    let manifest = person.sign(&component.manifest())?;
    let (view, _) = client.exchange(ask::ModelPush { manifest }, &component.bytes).await?;
    Ok(view)
}

impl Component {
    /// [`Self::load`], with a spinner: compiling takes a moment, in a debug build many.
    pub(crate) fn load_told(
        model: &str,
        name: Option<Name>,
        description: Option<String>,
        shell: &Shell,
    ) -> Result<Self, Fault> {
        let compiling = shell.out.say(&msg("model-compiling"));
        let _spinner = shell.out.spinner(compiling);
        Self::load(model, name, description)
    }

    /// Reads a model from a file, or takes a shipped one by name; packs a core module; vets the outcome.
    pub(crate) fn load(model: &str, name: Option<Name>, description: Option<String>) -> Result<Self, Fault> {
        let found = SHIPPED.iter().find(|(shipped, ..)| *shipped == model);
        let (label, bytes, told) = match found {
            Some((name, bytes, told)) => ((*name).to_owned(), bytes.to_vec(), *told),
            None => (label_of(model), packed(model)?, ""),
        };
        let wrong = |e: Text| Fault::input(e).at(Text::name(model));
        let name = match name {
            Some(name) => name,
            None => label.parse().map_err(|_| wrong(msg("model-no-label").into()))?,
        };
        let engine = Engine::new(EngineConfig::default()).map_err(|e| Fault::failed(foreign::other(&e)))?;
        let compiled = engine.compile(&bytes).map_err(|e| wrong(foreign::vet(&e)))?;
        let world = match compiled.world() {
            qianmo_sandbox::World::Analysis => World::Analysis,
            qianmo_sandbox::World::Federated => World::Federated,
        };
        let description = description.unwrap_or_else(|| told.to_owned());
        Ok(Self { name, description, world, digest: sm3::digest(&bytes), bytes, compiled })
    }

    fn manifest(&self) -> ModelManifest {
        ModelManifest {
            v: 1,
            name: self.name.clone(),
            description: self.description.clone(),
            world: self.world,
            digest: self.digest,
            bytes: self.bytes.len() as u64,
        }
    }
}

/// `target/wasm32/My_Model.wasm` → `my_model`.
fn label_of(path: &str) -> String {
    Path::new(path).file_stem().unwrap_or_default().to_string_lossy().to_lowercase()
}

fn packed(path: &str) -> Result<Vec<u8>, Fault> {
    let names = SHIPPED.map(|(name, ..)| name).join(", ");
    let bytes = std::fs::read(path).map_err(|e| {
        Fault::input(
            msg("model-unreadable")
                .with("path", path)
                .saying("error", foreign::io_error(&e))
                .with("names", names),
        )
    })?;
    match pack(&bytes) {
        Ok(component) => Ok(component),
        // Vetting has the better words for what is no WebAssembly at all.
        Err(PackError::AlreadyPacked | PackError::NotAModule) => Ok(bytes),
        Err(e) => Err(Fault::input(foreign::pack(&e)).at(Text::name(path))),
    }
}

/// The model known at the node by label or by (the beginning of) its digest.
pub(crate) async fn resolve(client: &Client, given: &str) -> Result<ModelView, Fault> {
    let models: Vec<ModelView> =
        list::every(client, Lookup::by_id(given), |lookup| ask::ModelLs { lookup }).await?;
    let named: Vec<&ModelView> = models.iter().filter(|model| model.name.as_str() == given).collect();
    match named.as_slice() {
        [only] => Ok((*only).clone()),
        [] => pick("model", given, &models, |model| model.digest)
            .cloned()
            .map_err(|fault| fault.at(msg("model-not-at").with("node", client.node()))),
        several => {
            let digests: Vec<_> =
                several.iter().map(|model| format!("{} ({})", model.digest, model.author)).collect();
            Err(Fault::input(msg("model-several").with("given", given).with("digests", digests.join(", "))))
        }
    }
}

fn table(out: Output, models: &[ModelView]) -> String {
    let mut rows = Rows::new(&[
        out.label("digest"),
        out.label("name"),
        out.label("world"),
        out.label("bytes"),
        out.label("author"),
        out.label("description"),
    ])
    .right(3);
    for model in models {
        let digest = model.digest.short();
        let world = out.lang.word("world", &model.world.to_string()).into_owned();
        rows.add([&digest, &model.name, &world, &model.bytes, &model.author, &model.description]);
    }
    rows.text()
}

/// One model whose manifest has been checked.
fn show(out: Output, model: &ModelView) -> String {
    Facts::of(&[
        (out.label("model"), &model.name),
        (out.label("digest"), &model.digest),
        (out.label("author"), &model.author),
        (out.label("world"), &model.world),
        (out.label("bytes"), &model.bytes),
        (out.label("description"), &model.description),
        (
            out.lang.pick("signature", "签名"),
            &out.lang.pick("the author's, checked here", "作者签名，已在本机核验"),
        ),
    ])
    .text()
}

fn pushed_table(out: Output, component: &Component, pushed: &[Pushed]) -> String {
    let mut rows = Rows::new(&[out.label("node"), out.label("digest"), out.label("outcome")]);
    for one in pushed {
        let outcome = one.error.clone().unwrap_or_else(|| out.say(&msg("model-there")));
        rows.add([&one.node, &component.digest.short(), &outcome]);
    }
    rows.text()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shipped_models_load_by_name() {
        let glm = Component::load("glm", None, None).map_err(|e| e.to_string()).unwrap();
        assert_eq!((glm.name.as_str(), glm.world), ("glm", World::Federated));
        assert_eq!(glm.manifest().digest, sm3::digest(&glm.bytes));
        let stats =
            Component::load("stats", Some("mine".parse().unwrap()), None).map_err(|e| e.to_string()).unwrap();
        assert_eq!((stats.name.as_str(), stats.world), ("mine", World::Analysis));
    }

    #[test]
    fn what_is_no_model_is_refused_with_its_name() {
        let fault = |model: &str| Component::load(model, None, None).map(|_| ()).unwrap_err().to_string();
        assert!(fault("no-such-model").contains("stats, glm"));
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("note.wasm");
        std::fs::write(&path, b"hello").unwrap();
        assert!(fault(path.to_str().unwrap()).contains("not WebAssembly"));
    }
}
