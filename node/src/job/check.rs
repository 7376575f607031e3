//! `job.check`: what would come of an order, found without a row and without a charge. The decision is the one that an
//! order gets, the dataset is opened to its header, and the model runs with the columns and the parameters until it asks
//! for rows: there it is stopped. So nothing that is told here can depend on a row.

use std::time::Duration;

use qianmo_data::FieldSpec;
use qianmo_policies::Obligations;
use qianmo_proto::{
    DatasetMeta, ErrorCode, FieldMeta, JobOrder, Name, OrderDraft, RoundRef, RunId, WireError, catalog,
    contract::OutputKind,
    views::{By, CheckView, Reason},
};
use qianmo_sandbox::{
    Batch, Field, Job, Limits, Model, RowSource, RunError, SourceError, StopFlag, TableSource,
};
use serde_json::value::RawValue;

use super::{
    failure::{self, Known},
    inputs, order,
    run::{self, FREE_FUEL, Reach},
};
use crate::{
    auth::Peer,
    authorize::{self, Asked, Rehearsal},
    pipeline::Line,
    store::facts::Fact,
    words::counted,
};

/// Longest trial of a model, milliseconds.
const TRIAL_MS: u64 = 10_000;

/// Checks what `peer` would order. A refusal is an answer here, and is recorded by its code.
pub(crate) async fn check(line: &Line, peer: &Peer, draft: OrderDraft) -> Result<CheckView, WireError> {
    let order = order_of(draft, line.books.now_ms())?;
    order::check(&order)?;
    let asked = Asked { consumer: peer.identity(), order: &order, key_exchange: order::key_exchange(peer)? };
    let view = match authorize::rehearse(&line.books, &line.gate, &asked) {
        Ok(rehearsal) => look(line, &order, &rehearsal).await,
        Err(error) => CheckView { problems: vec![error], ..CheckView::default() },
    };
    let fact = Fact::JobChecked {
        contract: order.contract,
        dataset: order.dataset,
        model: order.model,
        problems: view.problems.iter().map(|problem| problem.code).collect(),
    };
    line.books.trail.record(peer, fact).await?;
    Ok(view)
}

/// The order that a draft stands for, of a run that does not exist.
fn order_of(draft: OrderDraft, now_ms: i64) -> Result<JobOrder, WireError> {
    let OrderDraft { contract, dataset, model, params, federated } = draft;
    let params = RawValue::from_string(params)
        .map_err(|e| WireError::new(ErrorCode::BadRequest, format!("the parameters are not JSON: {e}")))?;
    let round = federated.then(|| RoundRef { run: RunId::from_random([0; 16]), round: 0 });
    let nonce = qianmo_crypto::sm3::digest(b"");
    Ok(JobOrder { v: 1, contract, dataset, model, params, round, state: vec![], at_ms: now_ms, nonce })
}

/// Everything that can be known of an order that is allowed.
async fn look(line: &Line, order: &JobOrder, rehearsal: &Rehearsal) -> CheckView {
    let Rehearsal { descriptor, obligations } = rehearsal;
    let mut view = CheckView {
        fields: granted(&descriptor.meta, &obligations.fields),
        rows_about: descriptor.meta.rows_about,
        held: certain(order, &descriptor.meta, obligations, line.works.config.egress.parameters_per_row),
        ..CheckView::default()
    };
    let columns = match run::session(&line.works, descriptor, obligations.fields.iter()).await {
        Ok(session) => session.schema(&descriptor.spec.name).map(<[FieldSpec]>::to_vec),
        Err(e) => Err(e),
    };
    match columns {
        Ok(columns) => {
            let table = Header {
                name: descriptor.spec.name.clone(),
                fields: columns.iter().map(inputs::field).collect(),
            };
            try_out(line, order, rehearsal, table).await.add_to(&mut view);
        }
        Err(e) => {
            tracing::warn!(dataset = %descriptor.meta.id, error = %e, "a dataset cannot be opened");
            view.problems.push(failure::of_header(&e, &obligations.fields));
        }
    }
    view
}

fn granted(meta: &DatasetMeta, fields: &[Name]) -> Vec<FieldMeta> {
    let found = fields.iter().filter_map(|name| meta.fields.iter().find(|field| field.name == *name));
    found.cloned().collect()
}

/// Rules that will hold the result whatever the rows are.
fn certain(order: &JobOrder, meta: &DatasetMeta, obligations: &Obligations, per_row: f64) -> Vec<Reason> {
    let mut held = features(order, meta, obligations, per_row);
    if obligations.review {
        held.push(finding(
            "review",
            "every result waits until a steward of the data has looked at it",
            "每项结果均须经数据管理员查看后放行",
        ));
    }
    let (most, least) = (catalog::at_most(meta.rows_about), u64::from(obligations.min_cell));
    if meta.rows_about > 0 && most < least {
        held.push(finding(
            "min-cell",
            &format!("the dataset has at most {}; at least {least} are needed", counted(most, "row")),
            &format!("数据集最多 {most} 行；至少需要 {least} 行"),
        ));
    }
    held
}

/// A model with a parameter for each of the columns that it is given would have too many for the rows.
fn features(order: &JobOrder, meta: &DatasetMeta, obligations: &Obligations, per_row: f64) -> Vec<Reason> {
    let params: serde_json::Value = serde_json::from_str(order.params.get()).unwrap_or_default();
    let mut named = Vec::new();
    failure::strings(&params, &mut named);
    let chosen = obligations.fields.iter().filter(|field| named.contains(&field.as_str())).count();
    // One name is a target rather than the only feature.
    let columns = if chosen > 1 { chosen } else { obligations.fields.len() };
    let most = catalog::at_most(meta.rows_about);
    #[expect(clippy::cast_precision_loss, reason = "numbers of rows and columns are far below 2^52")]
    let too_many =
        obligations.output == OutputKind::Update && most > 0 && columns as f64 > per_row * most as f64;
    if !too_many {
        return vec![];
    }
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a number of columns divided by a share"
    )]
    let needed = (columns as f64 / per_row).ceil() as u64;
    vec![finding(
        "parameters",
        &format!(
            "a model with a parameter for each of {} needs {needed} rows here, and the dataset has at most {most}: \
             its updates would be held; choose fewer features",
            counted(columns as u64, "column")
        ),
        &format!(
            "模型若为 {columns} 个字段各设一个参数，此处需 {needed} 行，而数据集最多 {most} 行：其更新将待审；请减少特征"
        ),
    )]
}

/// What a trial of the model found.
#[derive(Debug)]
enum Trial {
    /// It took columns and parameters and asked for rows.
    Asked,
    /// It would fail.
    Problem(WireError),
    /// Its result would be held.
    Held(Reason),
    /// It could not be tried to the end.
    Untried(Reason),
}

impl Trial {
    fn add_to(self, view: &mut CheckView) {
        match self {
            Self::Asked => {}
            Self::Problem(problem) => view.problems.push(problem),
            Self::Held(reason) => view.held.push(reason),
            Self::Untried(reason) => view.notes.push(reason),
        }
    }
}

/// Runs the model on the columns alone.
async fn try_out(line: &Line, order: &JobOrder, rehearsal: &Rehearsal, table: Header) -> Trial {
    let Some(turn) = line.works.models.trial().await else {
        return Trial::Untried(sandboxed(
            "other models are being tried out; this one was not",
            "其他模型正在试运行；此模型未试",
        ));
    };
    let sandbox = &line.works.config.sandbox;
    let job = Job {
        tables: vec![Box::new(table)],
        params: order.params.get().to_owned(),
        seed: None,
        limits: Limits {
            fuel: FREE_FUEL.min(sandbox.fuel),
            wall_ms: TRIAL_MS,
            memory_bytes: sandbox.memory,
            output_bytes: line.works.config.egress.max_bytes,
            ..Limits::default()
        },
        stop: StopFlag::new(),
    };
    let (models, digest, federated) = (line.works.models.clone(), order.model, order.round.is_some());
    let ran = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        models.get(&digest).map(|model| run_without_rows(&model, job, federated))
    });
    let known =
        Known::of(&rehearsal.descriptor.meta.fields, &rehearsal.obligations.fields, order.params.get());
    match ran.await {
        Ok(Ok(ended)) => judge(ended, &known),
        Ok(Err(error)) => Trial::Problem(error),
        Err(e) => Trial::Problem(WireError::new(ErrorCode::Internal, e.to_string())),
    }
}

fn run_without_rows(model: &Model, job: Job, federated: bool) -> Result<(), RunError> {
    if federated {
        model.contribute(job, 0, &[]).result.map(drop)
    } else {
        model.analyse(job).result.map(drop)
    }
}

fn judge(ended: Result<(), RunError>, known: &Known) -> Trial {
    match ended {
        // The header's own answer to a model that asks for rows.
        Err(RunError::Source(_)) => Trial::Asked,
        Ok(()) => Trial::Held(finding(
            "min-cell",
            "the model answers without reading a row: its result rests on nobody",
            "模型不读取任何数据行即作答：其结果不以任何人为依据",
        )),
        Err(RunError::Fuel { .. } | RunError::Time { .. }) => Trial::Untried(sandboxed(
            "the model works for long before it asks for rows, and was not tried to that point",
            "模型在索取数据行之前耗时较长，未试至该处",
        )),
        Err(RunError::Model { code, message }) => {
            let error =
                failure::of_run(&RunError::Model { code, message: String::new() }, Reach::Model, known);
            Trial::Problem(with_words(error, &message))
        }
        Err(other) => Trial::Problem(failure::of_run(&other, Reach::Model, known)),
    }
}

/// The model's own words may be told here: it has seen nothing that its consumer could not have.
fn with_words(error: WireError, words: &str) -> WireError {
    let message_zh = error.message_zh.map(|told| format!("{told}。模型的消息：{words}"));
    WireError { message: format!("{}. The model says: {words}", error.message), message_zh, ..error }
}

fn finding(rule: &str, en: &str, zh: &str) -> Reason {
    reason(By::Egress, rule, en, zh)
}

fn sandboxed(en: &str, zh: &str) -> Reason {
    reason(By::Sandbox, "trial", en, zh)
}

fn reason(by: By, rule: &str, en: &str, zh: &str) -> Reason {
    Reason { by, rule: rule.to_owned(), text: en.to_owned(), text_zh: Some(zh.to_owned()) }
}

/// A table of which only the header can be read.
struct Header {
    name: String,
    fields: Vec<Field>,
}

struct NoRows;

impl TableSource for Header {
    fn name(&self) -> &str {
        &self.name
    }

    fn schema(&self) -> &[Field] {
        &self.fields
    }

    fn scan(&self, _: &[usize], _: u32) -> Result<Box<dyn RowSource>, SourceError> {
        Ok(Box::new(NoRows))
    }
}

impl RowSource for NoRows {
    fn next(&mut self, _: Duration) -> Result<Option<Batch>, SourceError> {
        Err(SourceError("this is a check: there are no rows".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use qianmo_sandbox::{ColumnType, Engine, EngineConfig, shipped};

    use super::*;

    fn header() -> Header {
        let field = |name: &str, ty| Field { name: name.to_owned(), ty, nullable: false };
        let fields = vec![field("age", ColumnType::Float64), field("town", ColumnType::Utf8)];
        Header { name: "people".to_owned(), fields }
    }

    fn tried(params: &str) -> Trial {
        let model = Engine::new(EngineConfig::default()).unwrap().compile(shipped::STATS).unwrap();
        let ended = run_without_rows(&model, Job::new(vec![Box::new(header())], params), false);
        judge(ended, &Known::default())
    }

    #[test]
    fn a_model_is_tried_up_to_its_first_row_and_its_words_are_told() {
        assert!(matches!(tried(r#"{"columns":["age"]}"#), Trial::Asked));
        for (params, word) in [(r#"{"colums":["age"]}"#, "colums"), (r#"{"columns":["height"]}"#, "height")] {
            let Trial::Problem(error) = tried(params) else { panic!("{params} is taken") };
            assert!(error.code == ErrorCode::ModelFailed && error.message.contains(word), "{error}");
            assert!(error.message_zh.unwrap().contains(word));
        }
    }
}
