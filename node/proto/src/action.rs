//! What somebody wants to do to a node, its datasets, contracts, jobs and trail: the words that policies decide on.

use std::{fmt, str::FromStr};

macro_rules! actions {
    ($($(#[$doc:meta])* $variant:ident = $word:literal;)*) => {
        /// What somebody wants to do. The doc of each says to what.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Action { $($(#[$doc])* $variant,)* }

        impl Action {
            /// Every action.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word used in policies and messages.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }
    };
}

actions! {
    /// See who a node is and how it does (node).
    ReadNode = "readNode";
    /// See a node's peers (node).
    ListPeers = "listPeers";
    /// Make a peer known (node).
    AddPeer = "addPeer";
    /// Forget a peer (node).
    RemovePeer = "removePeer";
    /// Search the catalogue (node); each entry found also needs [`Action::ReadDataset`].
    SearchCatalog = "searchCatalog";
    /// See a catalogue entry (dataset).
    ReadDataset = "readDataset";
    /// List a dataset (dataset).
    ListDataset = "listDataset";
    /// Take a dataset off the list (dataset).
    UnlistDataset = "unlistDataset";
    /// Bring a model (node).
    PushModel = "pushModel";
    /// See the models known (node).
    ListModels = "listModels";
    /// Fetch a model with its signed manifest (model).
    ReadModel = "readModel";
    /// Ask for a contract (terms).
    RequestContract = "requestContract";
    /// Sign a request's terms for the provider (terms).
    ApproveContract = "approveContract";
    /// Refuse a request (contract).
    DenyContract = "denyContract";
    /// See a request or contract (contract).
    ReadContract = "readContract";
    /// End a contract (contract).
    RevokeContract = "revokeContract";
    /// See a job and why it was decided so (job).
    ReadJob = "readJob";
    /// See what the model logged (job).
    ReadLogs = "readLogs";
    /// Stop a job (job).
    StopJob = "stopJob";
    /// See a job's result (job).
    FetchResult = "fetchResult";
    /// Look at a held result before deciding on it (job).
    PreviewResult = "previewResult";
    /// Let a held result go (job).
    ReleaseResult = "releaseResult";
    /// Keep a held result back for good (job).
    WithholdResult = "withholdResult";
    /// Read trail entries (node).
    ReadTrail = "readTrail";
    /// See the trail's signed head (node).
    ReadCheckpoint = "readCheckpoint";
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A word that is no action of governance.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an action of the policy schema")]
pub struct UnknownAction(String);

impl FromStr for Action {
    type Err = UnknownAction;

    fn from_str(text: &str) -> Result<Self, UnknownAction> {
        let found = Self::ALL.iter().copied().find(|action| action.as_str() == text);
        found.ok_or_else(|| UnknownAction(text.to_owned()))
    }
}
