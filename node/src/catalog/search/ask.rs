//! One question to many peers: some at a time, each with its own deadline, those in trouble left alone.

use futures::StreamExt as _;
use qianmo_proto::{Identity, WireError};

use crate::net::breaker::Breakers;

/// Asks every peer that `breakers` admits, `at_once` at a time, and notes what came of it. Who has not answered
/// when its `deadline` has come gets the error that `late` makes. Sorted by peer.
pub(super) async fn ask_all<T, Asking, Deadline, Late>(
    peers: Vec<(Identity, String)>,
    at_once: usize,
    breakers: &Breakers,
    now_ms: impl Fn() -> i64,
    deadline: impl Fn() -> Deadline,
    ask: impl Fn(Identity, String) -> Asking,
    late: impl Fn(Identity, String) -> Late,
) -> Vec<(Identity, Result<T, WireError>)>
where
    Asking: Future<Output = Result<T, WireError>>,
    Deadline: Future<Output = ()>,
    Late: Future<Output = WireError>,
{
    let asked = peers.into_iter().map(async |(peer, address)| {
        if let Err(left_alone) = breakers.admit(&peer, now_ms()) {
            return (peer, Err(left_alone));
        }
        let answer = tokio::select! {
            biased;
            answer = ask(peer.clone(), address.clone()) => answer,
            () = deadline() => Err(late(peer.clone(), address).await),
        };
        breakers.note(&peer, answer.as_ref().err(), now_ms());
        (peer, answer)
    });
    let mut answers: Vec<_> = futures::stream::iter(asked).buffer_unordered(at_once).collect().await;
    answers.sort_by(|(a, _), (b, _)| a.cmp(b));
    answers
}

#[cfg(test)]
mod tests {
    use std::{
        cell::Cell,
        future::{pending, ready},
    };

    use futures::FutureExt as _;
    use qianmo_proto::ErrorCode;

    use super::*;

    const PEERS: usize = 10;
    /// Those that never say a word.
    const DEAD: [usize; 3] = [0, 4, 9];

    fn peers() -> Vec<(Identity, String)> {
        let peer = |n: usize| (format!("qianmo://office-{n}/node/main").parse().unwrap(), n.to_string());
        (0..PEERS).map(peer).collect()
    }

    async fn answer(address: String) -> Result<usize, WireError> {
        let n = address.parse().unwrap();
        if DEAD.contains(&n) { pending().await } else { Ok(n) }
    }

    /// Asks all at a moment; the deadline has come as soon as nobody who lives has more to say.
    fn search(
        breakers: &Breakers,
        now: i64,
        at_once: usize,
        asked: &Cell<usize>,
    ) -> Vec<Result<usize, WireError>> {
        let ask = |_, address| {
            asked.set(asked.get() + 1);
            answer(address)
        };
        let late = |_, _| ready(WireError::new(ErrorCode::PeerUnreachable, "late"));
        let all = ask_all(peers(), at_once, breakers, || now, || ready(()), ask, late);
        all.now_or_never().unwrap().into_iter().map(|(_, answer)| answer).collect()
    }

    #[test]
    fn of_ten_nodes_three_dead_the_seven_are_complete_and_the_three_named() {
        for at_once in [1, 2, 64] {
            let (breakers, asked) = (Breakers::default(), Cell::new(0));
            let answers = search(&breakers, 0, at_once, &asked);
            let living: Vec<_> = (0..PEERS).filter(|n| !DEAD.contains(n)).collect();
            assert_eq!(answers.iter().flatten().copied().collect::<Vec<_>>(), living);
            let silent: Vec<_> = (0..PEERS).filter(|n| answers[*n].is_err()).collect();
            assert_eq!(silent, DEAD);
            assert_eq!(asked.get(), PEERS);

            // The next search does not ask the dead, but names them.
            let again = search(&breakers, 10, at_once, &asked);
            assert_eq!(asked.get(), 2 * PEERS - DEAD.len());
            assert_eq!(again.iter().flatten().count(), living.len());
            let named = again[DEAD[0]].as_ref().unwrap_err();
            assert!(named.message.contains("left alone"), "{named}");
        }
    }

    #[test]
    fn no_more_are_asked_at_once_than_may_be() {
        let (open, most) = (Cell::new(0), Cell::new(0));
        let ask = |_, _| {
            open.set(open.get() + 1);
            most.set(most.get().max(open.get()));
            let open = &open;
            async move {
                tokio::task::yield_now().await;
                open.set(open.get() - 1);
                Ok(())
            }
        };
        let breakers = Breakers::default();
        let late = |_, _| ready(WireError::new(ErrorCode::PeerUnreachable, "late"));
        let all = ask_all(peers(), 3, &breakers, || 0, pending::<()>, ask, late);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        assert!(runtime.block_on(all).iter().all(|(_, answer)| answer.is_ok()));
        assert_eq!(most.get(), 3);
    }
}
