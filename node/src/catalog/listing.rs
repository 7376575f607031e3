//! Listing datasets: what a steward puts on the catalogue and takes off it.

use qianmo_crypto::sm3;
use qianmo_policies::Target;
use qianmo_proto::{
    Action, DatasetMeta, ErrorCode, Name, Role, WireError,
    ask::{DataAdd, DataLs, DataRm, DataShow},
    views::Done,
};

use super::{descriptor::Descriptor, reading};
use crate::{
    auth::Peer,
    page,
    rooms::{Books, Gate, Works},
    serve::verb::{Here, Leave, Subject, Told, Verb},
    store::facts::Fact,
};

impl Subject for DatasetMeta {
    fn target<'a>(&'a self, _: &'a Gate) -> Option<Target<'a>> {
        Some(Target::Dataset(self))
    }
}

/// A descriptor, or why a text is none: that is on the trail as well.
pub(crate) enum Attempt {
    Parsed(Box<Descriptor>),
    Broken(WireError),
}

impl Subject for Attempt {
    fn target<'a>(&'a self, _: &'a Gate) -> Option<Target<'a>> {
        match self {
            Self::Parsed(descriptor) => Some(Target::Dataset(&descriptor.meta)),
            Self::Broken(_) => None,
        }
    }
}

/// The descriptor is parsed, its source read once from end to end, then listed. A steward's attempt that fails is on the
/// trail as well: it may have been one to read what is not for listing.
impl Verb for DataAdd {
    type Rooms = (Books, Works);
    type Subject = Attempt;

    fn subject(&self, (_, works): &Self::Rooms, _: &Peer) -> Result<Attempt, WireError> {
        let (config, data) = (&works.config, works.config.data_dir());
        let parsed = Descriptor::parse(&self.descriptor, config.identity.department(), &config.title, &data);
        Ok(match parsed {
            Ok(descriptor) => Attempt::Parsed(Box::new(descriptor)),
            Err(e) => Attempt::Broken(WireError::new(ErrorCode::Dataset, e.to_string())),
        })
    }

    async fn run(self, (books, works): Self::Rooms, leave: Leave<Self>) -> Told<Self> {
        let peer = leave.peer().clone();
        let (name, read) = match leave.into_parts().0 {
            Attempt::Broken(error) => (None, Err(error)),
            // The steward owns the data: where they are wrong, with line and column, may be told; no value ever is.
            Attempt::Parsed(descriptor) => {
                let name = descriptor.meta.id.dataset.clone();
                (Some(name), reading::check_through(&works, *descriptor).await)
            }
        };
        match read {
            Ok(Descriptor { meta, .. }) => {
                let descriptor = books.blobs.put(self.descriptor.as_bytes())?;
                books.trail.record(&peer, Fact::DataAdded { meta: meta.clone(), descriptor }).await?;
                Ok(meta.into())
            }
            Err(error) => {
                refused(&books, &peer, name, &self.descriptor, &error).await?;
                Err(error)
            }
        }
    }
}

/// Bytes of a reason that go onto the trail: the steward reads all of it.
const REASON_BYTES: usize = 1000;

async fn refused(
    books: &Books,
    peer: &Peer,
    name: Option<Name>,
    text: &str,
    error: &WireError,
) -> Result<(), WireError> {
    // A node that is busy or stops has not looked at it; what is not from a steward could have listed nothing.
    if error.code != ErrorCode::Dataset || peer.identity().role() != Role::Steward {
        return Ok(());
    }
    let reason = error.message.get(..error.message.floor_char_boundary(REASON_BYTES));
    let reason = reason.unwrap_or_default().to_owned();
    let descriptor = sm3::digest(text.as_bytes());
    books.trail.record(peer, Fact::DataRefused { name, descriptor, reason }).await.map(drop)
}

impl Verb for DataLs {
    type Rooms = (Books, Gate);
    type Subject = Here;

    fn subject(&self, _: &Self::Rooms, _: &Peer) -> Result<Here, WireError> {
        Ok(Here)
    }

    async fn run(self, (books, gate): Self::Rooms, leave: Leave<Self>) -> Told<Self> {
        let lookup = &self.lookup;
        let selected = {
            let state = books.state();
            let ids = state.datasets.values().map(|dataset| dataset.meta.id.clone());
            page::select(lookup, ids.map(|id| (id, page::Row::default())))
        };
        let page = selected.page(lookup, |id| {
            let meta = books.state().datasets.get(&id.dataset).map(|dataset| dataset.meta.clone());
            Ok(meta.filter(|meta| leave.covers(&gate, Action::ReadDataset, Target::Dataset(meta))))
        });
        Ok(page?.into())
    }
}

impl Verb for DataShow {
    type Rooms = Books;
    type Subject = DatasetMeta;

    fn subject(&self, books: &Books, _: &Peer) -> Result<DatasetMeta, WireError> {
        find(books, &self.name)
    }

    async fn run(self, _: Books, leave: Leave<Self>) -> Told<Self> {
        Ok(leave.into_parts().0.into())
    }
}

impl Verb for DataRm {
    type Rooms = Books;
    type Subject = DatasetMeta;

    fn subject(&self, books: &Books, _: &Peer) -> Result<DatasetMeta, WireError> {
        find(books, &self.name)
    }

    async fn run(self, books: Books, leave: Leave<Self>) -> Told<Self> {
        books.trail.record(leave.peer(), Fact::DataRemoved { name: self.name }).await?;
        Ok(Done {}.into())
    }
}

fn find(books: &Books, name: &Name) -> Result<DatasetMeta, WireError> {
    let meta = books.state().datasets.get(name).map(|dataset| dataset.meta.clone());
    meta.ok_or_else(|| {
        WireError::new(ErrorCode::NotFound, format!("no dataset {name} is listed here; see `qianmo data ls`"))
    })
}
