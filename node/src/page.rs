//! Answering a list: filtered where the records are, decided on entry by entry, and cut before it grows too long.

use qianmo_crypto::sm3::Digest;
use qianmo_proto::{ContractId, DatasetRef, ErrorCode, Identity, Lookup, Page, WireError, limits};
use serde::Serialize;

/// Entries of a page where the caller names no number.
const USUAL: u32 = 100;

/// Most bytes of a page: it must fit the reply's header frame.
const PAGE_BYTES: usize = limits::HEADER_BYTES / 2;

/// Most entries that are decided on for one page: a caller who may see few of many asks on.
const DECIDED: usize = 2_000;

/// What of an entry a list can be filtered by. What is none is no property of the list.
#[derive(Debug, Default)]
pub(crate) struct Row<'a> {
    /// UNIX milliseconds; 0 in a list that has no time.
    pub(crate) at_ms: i64,
    pub(crate) state: Option<&'a str>,
    pub(crate) dataset: Option<&'a DatasetRef>,
    pub(crate) case: Option<&'a str>,
    pub(crate) person: Option<&'a Identity>,
    pub(crate) contract: Option<&'a ContractId>,
    pub(crate) models: Option<&'a [Digest]>,
}

/// The entries that fit a question, and what it asked beside the point.
pub(crate) struct Selected<K> {
    found: Vec<(i64, String, K)>,
    beside: Option<&'static str>,
}

/// What of `rows` fits `lookup`, by key. Quick: to be called while the state is held.
pub(crate) fn select<'a, K: ToString>(
    lookup: &Lookup,
    rows: impl Iterator<Item = (K, Row<'a>)>,
) -> Selected<K> {
    let mut selected = Selected { found: Vec::new(), beside: None };
    for (key, row) in rows {
        let id = key.to_string();
        match unfit(lookup, &id, &row) {
            Fit::Yes => selected.found.push((row.at_ms, id, key)),
            Fit::No => {}
            Fit::Beside(what) => selected.beside = Some(what),
        }
    }
    selected
}

enum Fit {
    Yes,
    No,
    /// The list has no such property.
    Beside(&'static str),
}

fn unfit(lookup: &Lookup, id: &str, row: &Row<'_>) -> Fit {
    let mut fit = lookup.wants_id(id);
    let mut beside = None;
    let mut ask = |what, asked: bool, answer: Option<bool>| match (asked, answer) {
        (true, None) => beside = Some(what),
        (true, Some(answer)) => fit &= answer,
        (false, _) => {}
    };
    let (state, case) = (lookup.state.as_deref(), lookup.case.as_deref());
    ask("state", state.is_some(), row.state.map(|own| Some(own) == state));
    ask("case", case.is_some(), row.case.map(|own| Some(own) == case));
    ask("dataset", lookup.dataset.is_some(), row.dataset.map(|own| Some(own) == lookup.dataset.as_ref()));
    ask("person", lookup.person.is_some(), row.person.map(|own| Some(own) == lookup.person.as_ref()));
    ask("contract", lookup.contract.is_some(), row.contract.map(|own| Some(own) == lookup.contract.as_ref()));
    ask(
        "model",
        lookup.model.is_some(),
        row.models.map(|own| lookup.model.is_some_and(|m| own.contains(&m))),
    );
    let dated = (row.at_ms != 0).then_some(row.at_ms);
    ask("since", lookup.since_ms.is_some(), dated.map(|at| Some(at) >= lookup.since_ms));
    ask("until", lookup.until_ms.is_some(), dated.map(|at| lookup.until_ms.is_some_and(|until| at <= until)));
    match (beside, fit) {
        (Some(what), _) => Fit::Beside(what),
        (None, true) => Fit::Yes,
        (None, false) => Fit::No,
    }
}

impl<K> Selected<K> {
    /// The page that `lookup` asks for. `view` tells what the caller sees of an entry, none if it is not for them.
    pub(crate) fn page<T: Serialize>(
        mut self,
        lookup: &Lookup,
        mut view: impl FnMut(K) -> Result<Option<T>, WireError>,
    ) -> Result<Page<T>, WireError> {
        if let Some(what) = self.beside {
            return Err(WireError::new(
                ErrorCode::BadRequest,
                format!("this list is not filtered by {what}"),
            ));
        }
        let after = lookup.cursor.as_deref().map(position).transpose()?;
        let limit = lookup.limit.unwrap_or(USUAL).clamp(1, limits::PAGE) as usize;
        self.found
            .retain(|(at, id, _)| after.is_none_or(|(after, last)| (-after, last) < (-at, id.as_str())));
        self.found.sort_unstable_by(|(at, id, _), (other, last, _)| (-at, id).cmp(&(-other, last)));
        let (mut page, mut bytes, total) = (Page { items: Vec::new(), next: None }, 0, self.found.len());
        for (index, (at, id, key)) in self.found.into_iter().enumerate() {
            let next = (index + 1 < total).then(|| cursor(at, &id));
            if let Some(item) = view(key)? {
                let length = serde_json::to_vec(&item).map_or(0, |json| json.len());
                if bytes + length > PAGE_BYTES && !page.items.is_empty() {
                    return Ok(page);
                }
                bytes += length;
                page.items.push(item);
            }
            page.next = next;
            if page.items.len() >= limit || index + 1 >= DECIDED {
                return Ok(page);
            }
        }
        Ok(page)
    }
}

fn cursor(at_ms: i64, id: &str) -> String {
    format!("{at_ms}.{id}")
}

fn position(cursor: &str) -> Result<(i64, &str), WireError> {
    let parsed = cursor.split_once('.').and_then(|(at, id)| Some((at.parse().ok()?, id)));
    parsed.filter(|(at, _)| *at != i64::MIN).ok_or_else(|| {
        WireError::new(ErrorCode::BadRequest, "the cursor is none of this list; begin with the first page")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(n: u32) -> impl Iterator<Item = (u32, Row<'static>)> {
        (0..n).map(|i| {
            (
                i,
                Row {
                    at_ms: i64::from(i / 3) + 1,
                    state: Some(["odd", "even"][(i % 2) as usize]),
                    ..Row::default()
                },
            )
        })
    }

    fn walk(mut lookup: Lookup, n: u32, view: impl Fn(u32) -> Option<String>) -> (Vec<String>, usize) {
        let (mut all, mut pages) = (Vec::new(), 0);
        loop {
            let page = select(&lookup, numbers(n)).page(&lookup, |i| Ok(view(i))).unwrap();
            assert!(serde_json::to_vec(&page).unwrap().len() < limits::HEADER_BYTES);
            all.extend(page.items);
            pages += 1;
            match page.next {
                Some(next) => lookup = lookup.after(next),
                None => return (all, pages),
            }
        }
    }

    #[test]
    fn pages_put_together_are_the_list_newest_first() {
        for limit in [1, 2, 7, 100, u32::MAX] {
            let lookup = Lookup { limit: Some(limit), ..Lookup::default() };
            let (all, pages) = walk(lookup, 50, |i| Some(i.to_string()));
            assert_eq!(all.len(), 50);
            assert_eq!((all[0].as_str(), all[49].as_str()), ("48", "2"));
            assert_eq!(pages, 50_usize.div_ceil(limit.min(1_000) as usize));
        }
    }

    #[test]
    fn a_page_is_cut_by_its_bytes_and_by_what_it_costs_to_decide() {
        let (all, pages) = walk(Lookup::default(), 50, |_| Some("x".repeat(100_000)));
        assert_eq!((all.len(), pages), (50, 10));
        let (all, pages) = walk(Lookup::default(), 5_000, |i| (i == 7).then(|| i.to_string()));
        assert_eq!((all.len(), pages), (1, 3));
        let (all, pages) = walk(Lookup::default(), 3, |_| Some("x".repeat(PAGE_BYTES + 1)));
        assert_eq!((all.len(), pages), (3, 3), "one entry is always told");
    }

    #[test]
    fn filters_hold_on_every_page_and_unknown_ones_are_refused() {
        let odd = Lookup {
            state: Some("odd".into()),
            limit: Some(4),
            since_ms: Some(2),
            until_ms: Some(5),
            ..Lookup::default()
        };
        let (all, _) = walk(odd, 50, |i| Some(i.to_string()));
        assert_eq!(all, ["12", "14", "10", "6", "8", "4"]);
        let beside = Lookup { case: Some("1".into()), ..Lookup::default() };
        let error = select(&beside, numbers(3)).page(&beside, |i| Ok(Some(i))).unwrap_err();
        assert_eq!((error.code, error.message.contains("case")), (ErrorCode::BadRequest, true));
        for cursor in ["", "x", ".", "-9223372036854775808.x"] {
            let lookup = Lookup::default().after(cursor.into());
            assert!(select(&lookup, numbers(3)).page(&lookup, |i| Ok(Some(i))).is_err(), "{cursor}");
        }
    }
}
