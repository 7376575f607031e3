//! `qianmo context`: names for "who I am and which node I speak to", as kubectl has them.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};
use qianmo_proto::{Identity, Name};
use serde::{Deserialize, Serialize};

use super::{
    env,
    exit::{Doing, Exit, Fault, read_text, write_private},
    output::{Output, Rows},
    shell::{Shell, private_dir},
    words::{Message, msg},
};

/// Name of the file in the user's Qianmo folder.
const FILE: &str = "contexts.toml";

/// Names for "who I am and which node I speak to"
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Adds or replaces a context
    Add(AddArgs),
    /// Makes a context the current one
    Use {
        /// Name of the context
        name: Name,
    },
    /// Lists the contexts; the current one has a star
    Ls,
    /// Forgets a context
    Rm {
        /// Name of the context
        name: Name,
    },
}

/// What a context is made of.
#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    /// Name of the context
    name: Name,
    /// Folder with your id.key, id.crt, root.crt and crl.pem
    #[arg(long, value_name = "DIR")]
    identity: PathBuf,
    /// Your home node, qianmo://department/node/name
    #[arg(long, value_name = "URI")]
    node: Identity,
    /// Where the home node listens
    #[arg(long, value_name = "HOST:PORT")]
    address: String,
    /// File with the passphrase of your key
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

/// One context.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Context {
    /// The person's folder.
    pub(crate) identity: PathBuf,
    /// The home node.
    pub(crate) node: Identity,
    /// Where it listens, `host:port`.
    pub(crate) address: String,
    /// The file with the passphrase of the person's key, if that is encrypted.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) passphrase_file: Option<PathBuf>,
}

/// All contexts of a user.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Contexts {
    current: Option<Name>,
    contexts: BTreeMap<Name, Context>,
}

/// Runs the command.
pub(crate) fn run(command: &Command, shell: &Shell) -> Result<Exit, Fault> {
    let mut contexts = Contexts::load(shell)?;
    let told = contexts.change(command, shell)?;
    if told.is_some() {
        contexts.save(&shell.home()?)?;
    }
    shell.out.show(&contexts, || told.unwrap_or_else(|| contexts.table(shell.out))).map(|()| Exit::Done)
}

impl Contexts {
    /// Does what `command` says and tells it, with what comes next; nothing to tell is nothing changed.
    fn change(&mut self, command: &Command, shell: &Shell) -> Result<Option<String>, Fault> {
        let said = |message: Message| shell.out.say(&message);
        let next = |command: &str| said(msg("context-next").with("command", command));
        Ok(Some(match command {
            Command::Ls => return Ok(None),
            Command::Add(args) => {
                let name = &args.name;
                let context = Context::from_args(args)?;
                let node = context.node.clone();
                self.contexts.insert(name.clone(), context);
                let current = self.current.get_or_insert_with(|| name.clone()) == name;
                let told = said(msg("context-kept").with("name", name).with("node", node));
                let command = if current {
                    "qianmo node show".to_owned()
                } else {
                    format!("qianmo context use {name}")
                };
                format!("{told}\n{}", next(&command))
            }
            Command::Use { name } => {
                let node = self.named(name)?.node.clone();
                self.current = Some(name.clone());
                let told = said(msg("context-used").with("name", name).with("node", node));
                format!("{told}\n{}", next("qianmo node show"))
            }
            Command::Rm { name } => {
                self.named(name)?;
                self.contexts.remove(name);
                let told = said(msg("context-forgotten").with("name", name));
                match self.current.take_if(|current| current == name) {
                    Some(_) => format!("{told}\n{}", next("qianmo context use NAME")),
                    None => told,
                }
            }
        }))
    }

    fn load(shell: &Shell) -> Result<Self, Fault> {
        let file = shell.home()?.join(FILE);
        if !file.exists() {
            return Ok(Self::default());
        }
        toml::from_str(&read_text(&file)?).map_err(|e| {
            let mistake = e.to_string();
            Fault::input(msg("context-damaged").with("path", file.display()).with("error", mistake.trim()))
        })
    }

    /// These contexts, with `current` in force.
    pub(crate) fn new(current: Name, contexts: impl IntoIterator<Item = (Name, Context)>) -> Self {
        Self { current: Some(current), contexts: contexts.into_iter().collect() }
    }

    /// Writes the file in the user's Qianmo folder `home`.
    pub(crate) fn save(&self, home: &Path) -> Result<(), Fault> {
        private_dir(home)?;
        let text =
            toml::to_string(self).map_err(|e| Fault::failed(msg("unserialisable").with("error", e)))?;
        write_private(&home.join(FILE), text.as_bytes())
    }

    fn named(&self, name: &Name) -> Result<&Context, Fault> {
        self.contexts.get(name).ok_or_else(|| Fault::input(msg("context-unknown").with("name", name)))
    }

    fn table(&self, out: Output) -> String {
        let mut rows = Rows::new(&[
            "",
            out.label("name"),
            out.label("node"),
            out.label("address"),
            out.label("identity"),
        ]);
        for (name, context) in &self.contexts {
            let star = if self.current.as_ref() == Some(name) { "*" } else { "" };
            rows.add([&star, name, &context.node, &context.address, &context.identity.display()]);
        }
        rows.text()
    }
}

impl Context {
    /// The context in force: flags first, then the context named by --context, then the current one.
    pub(crate) fn resolve(shell: &Shell) -> Result<Self, Fault> {
        let flags = &shell.reach;
        if flags.context.is_none()
            && flags.identity.is_some()
            && flags.node.is_some()
            && flags.address.is_some()
        {
            return Self::from_flags(shell);
        }
        let contexts = Contexts::load(shell)?;
        let base = match flags.context.as_ref().or(contexts.current.as_ref()) {
            Some(name) => contexts.named(name)?.clone(),
            None => return Self::from_flags(shell),
        };
        if flags.node.is_some() != flags.address.is_some() {
            return Err(Fault::input(msg("context-half-a-node")));
        }
        Ok(Self {
            identity: flags.identity.clone().unwrap_or(base.identity),
            node: flags.node.clone().unwrap_or(base.node),
            address: flags.address.clone().unwrap_or(base.address),
            passphrase_file: flags.passphrase_file.clone().or(base.passphrase_file),
        })
    }

    /// The person's folder in force and the file with the passphrase, for what needs no node.
    pub(crate) fn identity(shell: &Shell) -> Result<(PathBuf, Option<PathBuf>), Fault> {
        match &shell.reach.identity {
            Some(dir) => Ok((dir.clone(), shell.reach.passphrase_file.clone())),
            None => Self::resolve(shell).map(|context| (context.identity, context.passphrase_file)),
        }
    }

    fn from_args(args: &AddArgs) -> Result<Self, Fault> {
        let absolute = |path: &PathBuf| env::absolute(path).map_err(|e| Fault::file(path, Doing::Find, &e));
        Ok(Self {
            identity: absolute(&args.identity)?,
            passphrase_file: args.passphrase_file.as_ref().map(absolute).transpose()?,
            node: args.node.clone(),
            address: args.address.clone(),
        })
    }

    fn from_flags(shell: &Shell) -> Result<Self, Fault> {
        let flags = &shell.reach;
        let missing = |flag: &str| Fault::input(msg("context-missing").with("flag", flag));
        let absolute = |path: &PathBuf| env::absolute(path).map_err(|e| Fault::file(path, Doing::Find, &e));
        Ok(Self {
            identity: absolute(flags.identity.as_ref().ok_or_else(|| missing("--identity"))?)?,
            passphrase_file: flags.passphrase_file.as_ref().map(absolute).transpose()?,
            node: flags.node.clone().ok_or_else(|| missing("--node"))?,
            address: flags.address.clone().ok_or_else(|| missing("--address"))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_reads_back_and_unknown_keys_are_refused() {
        let context = Context {
            identity: "/people/li".into(),
            node: "qianmo://hospital-a/node/main".parse().unwrap(),
            address: "127.0.0.1:7401".into(),
            passphrase_file: Some("/people/li.txt".into()),
        };
        let name: Name = "li".parse().unwrap();
        let contexts = Contexts::new(name.clone(), [(name, context)]);
        let text = toml::to_string(&contexts).unwrap();
        assert_eq!(toml::from_str::<Contexts>(&text).unwrap(), contexts);
        assert!(toml::from_str::<Contexts>("curent = 'li'").unwrap_err().to_string().contains("curent"));
    }
}
