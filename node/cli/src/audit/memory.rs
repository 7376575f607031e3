//! Checkpoints that were verified before, so that a trail which shrinks or forks is found out next time.

use std::path::PathBuf;

use qianmo_proto::Identity;
use qianmo_trail::Checkpoint;

use crate::{
    exit::{Fault, read_text, write_private},
    shell::private_dir,
    words::msg,
};

/// A folder of remembered checkpoints, one file a node.
#[derive(Debug, Clone)]
pub(crate) struct Memory {
    dir: PathBuf,
}

impl Memory {
    /// The memory under the user's Qianmo folder `home`.
    pub(crate) fn under(home: &std::path::Path) -> Self {
        Self { dir: home.join("checkpoints") }
    }

    /// The last checkpoint of `node` that was verified here.
    pub(super) fn recall(&self, node: &Identity) -> Result<Option<Checkpoint>, Fault> {
        let file = self.file(node);
        if !file.exists() {
            return Ok(None);
        }
        serde_json::from_str(&read_text(&file)?).map(Some).map_err(|e| {
            // Not skipped: whoever can damage this file could otherwise make a rollback pass.
            Fault::input(msg("memory-damaged").with("path", file.display()).with("error", e))
        })
    }

    /// Remembers a verified checkpoint, unless a later one is known.
    pub(super) fn keep(&self, node: &Identity, checkpoint: &Checkpoint) -> Result<(), Fault> {
        if self.recall(node)?.is_some_and(|known| known.size >= checkpoint.size) {
            return Ok(());
        }
        private_dir(&self.dir)?;
        let json = serde_json::to_vec_pretty(checkpoint)
            .map_err(|e| Fault::failed(msg("unserialisable").with("error", e)))?;
        write_private(&self.file(node), &json)
    }

    /// Names have no dots, so no two nodes share a file.
    fn file(&self, node: &Identity) -> PathBuf {
        self.dir.join(format!("{}.{}.{}.json", node.department(), node.role(), node.name()))
    }
}

#[cfg(test)]
mod tests {
    use qianmo_trail::merkle;

    use super::*;

    #[test]
    fn the_latest_checkpoint_is_remembered_and_damage_is_told() {
        let home = tempfile::tempdir().unwrap();
        let memory = Memory::under(home.path());
        let node: Identity = "qianmo://hospital-a/node/main".parse().unwrap();
        let at =
            |size| Checkpoint { origin: node.to_string(), size, root: merkle::leaf_hash(b"x"), time_ms: 1 };
        assert_eq!(memory.recall(&node).unwrap(), None);
        memory.keep(&node, &at(7)).unwrap();
        memory.keep(&node, &at(5)).unwrap();
        assert_eq!(memory.recall(&node).unwrap(), Some(at(7)));
        std::fs::write(memory.file(&node), "{").unwrap();
        assert!(memory.recall(&node).unwrap_err().to_string().contains("restore it"));
    }
}
