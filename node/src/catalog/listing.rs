//! Listing datasets: what a steward puts on the catalogue and takes off it.

use qianmo_policies::Target;
use qianmo_proto::{
    Action, DatasetMeta, ErrorCode, Name, WireError,
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

impl Subject for Descriptor {
    fn target<'a>(&'a self, _: &'a Gate) -> Option<Target<'a>> {
        Some(Target::Dataset(&self.meta))
    }
}

/// The descriptor is parsed, its source read once from end to end, then listed.
impl Verb for DataAdd {
    type Rooms = (Books, Works);
    type Subject = Descriptor;

    fn subject(&self, (_, works): &Self::Rooms, _: &Peer) -> Result<Descriptor, WireError> {
        let config = &works.config;
        Descriptor::parse(&self.descriptor, config.identity.department(), &config.title, &config.data_dir())
            .map_err(|e| WireError::new(ErrorCode::Dataset, e.to_string()))
    }

    async fn run(self, (books, works): Self::Rooms, leave: Leave<Self>) -> Told<Self> {
        let peer = leave.peer().clone();
        let (parsed, _) = leave.into_parts();
        // The steward owns the data: the whole reason, with line and column, may be told.
        let meta = reading::check_through(&works, parsed).await?.meta;
        let descriptor = books.blobs.put(self.descriptor.as_bytes())?;
        books.trail.record(&peer, Fact::DataAdded { meta: meta.clone(), descriptor }).await?;
        Ok(meta.into())
    }
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
