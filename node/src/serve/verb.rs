//! One verb of the node: what its handler needs, what the request is about, and the leave without which the handler
//! cannot run.

use std::{marker::PhantomData, pin::Pin};

use qianmo_net::{
    peer::Peer,
    server::{Answer, Body},
};
use qianmo_policies::Target;
use qianmo_proto::{Action, Ask, ErrorCode, Reply, RequestHeader, WireError};

use super::payload::Payload;
use crate::{
    authorize,
    rooms::{Gate, House, Rooms},
};

/// How a request is answered. Beside the request's own type this is all there is to a verb.
pub(crate) trait Verb: Ask {
    /// The groups of the house that the handler uses.
    type Rooms: Rooms;

    /// What the request is about: policies decide on it.
    type Subject: Subject;

    /// Longest body that is taken with it, bytes.
    const BODY: usize = 0;

    /// Finds what the request is about, and refuses what no policy need decide on.
    fn subject(&self, rooms: &Self::Rooms, peer: &Peer) -> Result<Self::Subject, WireError>;

    /// Without leave for this action it is as if there were nothing: whose it is stays unsaid.
    fn hidden(&self) -> Option<(Action, WireError)> {
        None
    }

    /// Does it. Runs only with the leave, which the router alone gives.
    fn run(self, rooms: Self::Rooms, leave: Leave<Self>) -> impl Future<Output = Told<Self>> + Send;
}

/// What a handler answers.
pub(crate) type Told<V> = Result<Answered<<V as Ask>::Answer>, WireError>;

/// An answer with what follows it.
pub(crate) struct Answered<T> {
    answer: T,
    body: Payload,
}

impl<T> Answered<T> {
    /// `answer`, and `body` after it.
    pub(crate) const fn with(answer: T, body: Payload) -> Self {
        Self { answer, body }
    }
}

impl<T> From<T> for Answered<T> {
    fn from(answer: T) -> Self {
        Self { answer, body: Payload::None }
    }
}

/// What a request is about, as policies see it.
pub(crate) trait Subject: Send + Sync {
    /// The target of the question. None where there is none to ask here: a listing asks about each entry
    /// ([`Leave::covers`]), and an order is decided on by the pipeline.
    fn target<'a>(&'a self, gate: &'a Gate) -> Option<Target<'a>>;
}

/// The node itself.
pub(crate) struct Here;

impl Subject for Here {
    fn target<'a>(&'a self, gate: &'a Gate) -> Option<Target<'a>> {
        Some(Target::Node { department: gate.config.identity.department() })
    }
}

/// Entries that are asked about one by one, or an order.
pub(crate) struct Each;

impl Subject for Each {
    fn target<'a>(&'a self, _: &'a Gate) -> Option<Target<'a>> {
        None
    }
}

/// Leave to do what `V` asks, to what it asks it of. Private fields, one maker.
pub(crate) struct Leave<V: Verb> {
    peer: Peer,
    subject: V::Subject,
    body: Vec<u8>,
    verb: PhantomData<fn() -> V>,
}

impl<V: Verb> Leave<V> {
    /// Asks for it.
    fn ask(ask: &V, gate: &Gate, peer: &Peer, subject: V::Subject) -> Result<Self, WireError> {
        if let Some(target) = subject.target(gate) {
            if let Some((action, nothing)) = ask.hidden() {
                authorize::may(gate, peer, action, target).map_err(|_| nothing)?;
            }
            let action =
                V::ACTION.ok_or_else(|| WireError::internal(format!("{} names no action", V::KIND)))?;
            authorize::may(gate, peer, action, target)?;
        }
        Ok(Self { peer: peer.clone(), subject, body: vec![], verb: PhantomData })
    }

    /// Who has it.
    pub(crate) const fn peer(&self) -> &Peer {
        &self.peer
    }

    /// What it is for.
    pub(crate) const fn subject(&self) -> &V::Subject {
        &self.subject
    }

    /// What it was for, and what came with the request.
    pub(crate) fn into_parts(self) -> (V::Subject, Vec<u8>) {
        (self.subject, self.body)
    }

    /// Whether it holds for `action` on `target` too: for listings, and for what only some may see of an answer.
    pub(crate) fn covers(&self, gate: &Gate, action: Action, target: Target<'_>) -> bool {
        authorize::may(gate, &self.peer, action, target).is_ok()
    }
}

/// An answer on its way.
pub(super) type Answering<'a> = Pin<Box<dyn Future<Output = Result<Answer, WireError>> + Send + 'a>>;

/// Answers a request that is a `V`: reads it, finds what it is about, asks leave, takes the body, runs the handler.
pub(super) fn answer<'a, V: Verb>(
    house: &'a House,
    peer: &'a Peer,
    request: &'a RequestHeader,
    body: Body<'a>,
) -> Answering<'a> {
    Box::pin(async move {
        let ask: V = request.ask()?;
        let rooms = V::Rooms::of(house);
        let subject = ask.subject(&rooms, peer)?;
        let mut leave = Leave::ask(&ask, &house.gate, peer, subject)?;
        leave.body = take::<V>(house, body).await?;
        let Answered { answer, body } = ask.run(rooms, leave).await?;
        let body = body.into_bytes();
        Ok(Answer { reply: Reply::ok(&answer, body.len() as u64), body })
    })
}

/// The request's body. Few long ones at once.
async fn take<V: Verb>(house: &House, body: Body<'_>) -> Result<Vec<u8>, WireError> {
    if V::BODY == 0 {
        return body.read(0).await;
    }
    let place = house.works.uploads.acquire().await;
    let _place = place.map_err(|_| WireError::new(ErrorCode::ShuttingDown, "the node is shutting down"))?;
    body.read(V::BODY).await
}
