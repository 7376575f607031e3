//! What a check of an order found, for people: before a round is run, and charged.

use qianmo_crypto::sm3::Digest;
use qianmo_proto::{
    ContractId, DatasetRef, ErrorCode, OrderDraft, WireError, ask,
    views::{CheckView, Reason},
};
use serde::Serialize;
use serde_json::value::RawValue;

use super::{
    exit::{Exit, Fault},
    locate::Located,
    output::{Output, Rows},
    words::msg,
};

/// What one site of a federated run would make of its first round.
#[derive(Debug, Serialize)]
pub(crate) struct SiteCheck {
    dataset: DatasetRef,
    contract: ContractId,
    #[serde(skip_serializing_if = "Option::is_none")]
    check: Option<CheckView>,
    /// Why there is no check.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<WireError>,
}

impl SiteCheck {
    /// How a dry run ends for this site.
    pub(crate) fn exit(&self) -> Exit {
        match (&self.check, &self.error) {
            (Some(view), _) => exit(view),
            (None, Some(error)) if error.code != ErrorCode::UnknownKind => Exit::of(error),
            _ => Exit::Done,
        }
    }
}

/// Asks every site at once.
pub(crate) async fn of_sites(chosen: &[&Located], model: Digest, params: &RawValue) -> Vec<SiteCheck> {
    let asked = chosen.iter().map(async |located| {
        let (dataset, contract) = (located.view.terms.dataset.clone(), located.view.id.clone());
        let draft = OrderDraft {
            contract: contract.clone(),
            dataset: dataset.clone(),
            model,
            params: params.get().to_owned(),
            federated: true,
        };
        let answer: Result<CheckView, WireError> = located.at.client.call(ask::JobCheck { draft }).await;
        let (check, error) = match answer {
            Ok(check) => (Some(check), None),
            Err(error) => (None, Some(error)),
        };
        SiteCheck { dataset, contract, check, error }
    });
    futures::future::join_all(asked).await
}

/// Ends a run that would fail in its first round, before a site is charged; notes what else was found.
pub(crate) fn stop_early(checks: &[SiteCheck], anyway: bool, out: Output) -> Result<(), Fault> {
    for site in checks {
        match (&site.check, &site.error) {
            // An older node does not check; its order will tell.
            (None, Some(error)) if error.code == ErrorCode::UnknownKind => {}
            (None, Some(error)) => {
                return Err(Fault::from(error.clone()).at(msg("run-site").with("site", &site.dataset)));
            }
            (Some(view), _) => stop_at(site, view, anyway, out)?,
            (None, None) => {}
        }
    }
    Ok(())
}

fn stop_at(site: &SiteCheck, view: &CheckView, anyway: bool, out: Output) -> Result<(), Fault> {
    if let Some(problem) = view.problems.first() {
        return Err(Fault::from(problem.clone()).at(msg("run-site").with("site", &site.dataset)));
    }
    for reason in &view.notes {
        out.note(&format!("{}: {}", site.dataset, told(out, reason)));
    }
    match view.held.first() {
        Some(reason) if !anyway => {
            let text = format!(
                "nothing was run: a federated run ends where an update is held, and this one will be: {}; run it \
                 --anyway if you know better",
                reason.text
            );
            let zh = format!(
                "未运行：更新一旦待审，联邦运行即告终止，而此处的更新必将待审：{}；如确知无妨，请加 --anyway",
                reason.text_zh.as_ref().unwrap_or(&reason.text)
            );
            Err(Fault::from(WireError::new(ErrorCode::Held, text).with_zh(zh))
                .at(msg("run-site").with("site", &site.dataset)))
        }
        _ => Ok(()),
    }
}

/// How a check ends.
pub(crate) fn exit(view: &CheckView) -> Exit {
    match view.problems.first() {
        Some(problem) => Exit::of(problem),
        None if view.held.is_empty() => Exit::Done,
        None => Exit::Held,
    }
}

/// One check.
pub(crate) fn text(out: Output, view: &CheckView) -> String {
    let mut fields = Rows::new(&[
        out.lang.pick("field", "字段"),
        out.lang.pick("type", "类型"),
        out.lang.pick("values", "取值"),
    ]);
    for field in &view.fields {
        let values = if field.nullable { out.lang.pick("may be missing", "可缺") } else { "" };
        fields.add([&field.name, &field.ty, &values]);
    }
    let found = findings(out, view);
    let verdict = match exit(view) {
        Exit::Done => out.lang.pick("nothing stands in its way", "可以运行"),
        Exit::Held => out.lang.pick("it would run, and its result would be held", "可以运行，但结果将待审"),
        _ => out.lang.pick("it would not run to its end", "不能运行完成"),
    };
    let shown = if view.fields.is_empty() { String::new() } else { format!("{}\n", fields.text()) };
    format!("{shown}{}{verdict}\n", found.map(|rows| format!("{}\n", rows.text())).unwrap_or_default())
}

/// The checks of a federated run.
pub(crate) fn table(out: Output, checks: &[SiteCheck]) -> String {
    let mut text = String::new();
    for site in checks {
        text += &format!("{}\n", site.dataset);
        match (&site.check, &site.error) {
            (Some(view), _) => text += &self::text(out, view),
            (None, Some(error)) => text += &format!("{}\n", out.error(error)),
            (None, None) => {}
        }
        text.push('\n');
    }
    text + out.lang.pick("nothing was run or charged", "未运行，未计次")
}

/// What was found, the worst first; none if there is nothing.
fn findings(out: Output, view: &CheckView) -> Option<Rows> {
    let mut rows = Rows::new(&[
        out.lang.pick("finding", "发现"),
        out.lang.pick("rule", "规则"),
        out.lang.pick("reason", "原因"),
    ]);
    for problem in &view.problems {
        rows.add([&out.lang.pick("problem", "问题"), &problem.code, &out.lang.error(problem)]);
    }
    let kinds = [(out.lang.pick("held", "待审"), &view.held), (out.lang.pick("note", "提示"), &view.notes)];
    for (kind, reason) in kinds.iter().flat_map(|(kind, all)| all.iter().map(move |reason| (kind, reason))) {
        rows.add([kind, &reason.rule, &told(out, reason)]);
    }
    let any = !(view.problems.is_empty() && view.held.is_empty() && view.notes.is_empty());
    any.then_some(rows)
}

fn told(out: Output, reason: &Reason) -> &str {
    out.lang.pick(&reason.text, reason.text_zh.as_ref().unwrap_or(&reason.text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use qianmo_proto::views::By;

    use crate::lang::Lang;

    const OUT: Output = Output { json: true, lang: Lang::En };

    fn site(answer: Result<CheckView, WireError>) -> SiteCheck {
        let (check, error) = match answer {
            Ok(check) => (Some(check), None),
            Err(error) => (None, Some(error)),
        };
        let contract = "ctr-66c7f0f462eeedd9d1f2".parse().unwrap();
        SiteCheck { dataset: "hospital-a/screening".parse().unwrap(), contract, check, error }
    }

    fn found(rule: &str) -> Reason {
        Reason { by: By::Egress, rule: rule.into(), text: format!("{rule} speaks"), text_zh: None }
    }

    /// How a run over one good site and this one ends before it begins.
    fn end(other: SiteCheck, anyway: bool) -> (Option<String>, Exit) {
        let exit = other.exit();
        let fault = stop_early(&[site(Ok(CheckView::default())), other], anyway, OUT).err();
        (fault.map(|fault| fault.to_string()), exit)
    }

    #[test]
    fn a_run_ends_before_its_first_round_where_a_site_cannot_take_part() {
        let error = |code| site(Err(WireError::new(code, "words")));
        let (told, exit) = end(error(ErrorCode::PeerUnreachable), false);
        assert_eq!(told.unwrap(), "error [QM-1401]: site hospital-a/screening: words");
        assert_eq!(exit, Exit::Unreachable);
        assert_eq!(
            end(error(ErrorCode::UnknownKind), false),
            (None, Exit::Done),
            "an older node does not check"
        );
        let problems = vec![WireError::new(ErrorCode::Contract, "spent")];
        let (told, exit) = end(site(Ok(CheckView { problems, ..CheckView::default() })), true);
        assert!(told.unwrap().contains("spent"));
        assert_eq!(exit, Exit::Refused);
    }

    #[test]
    fn a_run_whose_updates_will_be_held_is_for_those_who_insist() {
        let held = || site(Ok(CheckView { held: vec![found("min-cell")], ..CheckView::default() }));
        let (told, exit) = end(held(), false);
        assert!(told.unwrap().contains("min-cell speaks"));
        assert_eq!(exit, Exit::Held);
        assert_eq!(end(held(), true).0, None);
        let noted = site(Ok(CheckView { notes: vec![found("trial")], ..CheckView::default() }));
        assert_eq!(end(noted, false), (None, Exit::Done));
    }
}
