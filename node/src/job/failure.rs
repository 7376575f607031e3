//! What a job that failed tells its consumer. Once a model has asked for rows, how it fails is an output of its own
//! choosing: a value in an error's text, a bit in its code, one limit rather than another. So from there on there is one
//! sentence and one code, and what the node itself knows of the columns; the rest is for the steward (`job logs`).

use qianmo_data::DataError;
use qianmo_proto::{ErrorCode, FieldMeta, Name, WireError};
use qianmo_sandbox::{self as sandbox, OutputError, RunError};
use serde_json::Value;

use super::run::Reach;

/// Names told before the rest is only counted.
const NAMES: usize = 8;

/// The public side of a run's error.
pub(crate) fn of_run(error: &RunError, reach: Reach, known: &Known) -> WireError {
    match error {
        RunError::Stopped => told(ErrorCode::Stopped, "the job was stopped", "作业已被停止"),
        RunError::Internal(_) => told(
            ErrorCode::Internal,
            "the sandbox failed; the node's log has the details",
            "沙箱出现故障；详情见节点日志",
        ),
        _ if reach == Reach::Rows => known.added_to(after_rows()),
        _ => before_rows(error, known),
    }
}

/// The same whatever the model did, and whatever it was that stopped it.
fn after_rows() -> WireError {
    told(
        ErrorCode::ModelFailed,
        "the model failed or reached a limit after it was given rows; which, and what it said, could tell of the rows \
         and is with the steward of the data (`qianmo job logs`)",
        "模型在取得数据行之后运行失败或达到限额；具体情形和模型的消息可能透露数据，由数据管理员查看（qianmo job logs）",
    )
}

/// Nothing here depends on a row.
fn before_rows(error: &RunError, known: &Known) -> WireError {
    match error {
        RunError::Fuel { .. } | RunError::Memory { .. } | RunError::Time { .. } | RunError::Limit { .. } => {
            WireError::new(ErrorCode::Limit, error.to_string())
        }
        RunError::Output(e @ (OutputError::Bytes { .. } | OutputError::Rows { .. })) => {
            WireError::new(ErrorCode::Limit, e.to_string())
        }
        RunError::Model { code: sandbox::ErrorCode::BadParams, .. } => told(
            ErrorCode::ModelFailed,
            "the model refused its parameters (bad-params): compare them with its description, or ask the steward \
             of the data, who has the model's message (`qianmo job logs`)",
            "模型不接受其参数（bad-params）：请对照模型说明，或询问数据管理员，模型的消息由其查看（qianmo job logs）",
        ),
        RunError::Model { code: sandbox::ErrorCode::BadSchema, .. } => known.added_to(told(
            ErrorCode::ModelFailed,
            "the columns do not suit the model or its parameters (bad-schema); its message is with the steward of the \
             data (`qianmo job logs`)",
            "字段不适合该模型或其参数（bad-schema）；模型的消息由数据管理员查看（qianmo job logs）",
        )),
        RunError::Model { code, .. } => WireError::new(
            ErrorCode::ModelFailed,
            format!("the model reported {code}; its message is with the steward of the data (`qianmo job logs`)"),
        )
        .with_zh(format!("模型报告 {code}；其消息由数据管理员查看（qianmo job logs）")),
        RunError::Trap { .. } => told(
            ErrorCode::ModelFailed,
            "the model crashed; try it on data of your own, then push a mended one",
            "模型崩溃；请先在自有数据上试运行，修正后重新提交",
        ),
        RunError::Output(_) => told(
            ErrorCode::ModelFailed,
            "the model's output does not hold together (names, lengths, finite numbers)",
            "模型的输出前后不一致（名称、长度、有限数值）",
        ),
        RunError::World { .. } => WireError::new(ErrorCode::Order, error.to_string()),
        RunError::Input { .. } => WireError::new(ErrorCode::BadRequest, error.to_string()),
        _ => after_rows(),
    }
}

/// The public side of a source's error: whose fault it is, and the column if the contract grants it. Never a value, a
/// line or a path.
pub(crate) fn of_source(error: &DataError, granted: &[Name]) -> WireError {
    match granted_column(error, granted) {
        Some((en, zh)) => told(
            ErrorCode::Source,
            &format!("{en}; the department's steward sees where in `qianmo job logs`"),
            &format!("{zh}；位置由该部门的数据管理员查看（qianmo job logs）"),
        ),
        None => told(
            ErrorCode::Source,
            "the dataset could not be read; the department's steward sees why in `qianmo job logs`",
            "数据集无法读取；原因由该部门的数据管理员查看（qianmo job logs）",
        ),
    }
}

/// The same found before any row was read, when there is no job and no log yet.
pub(crate) fn of_header(error: &DataError, granted: &[Name]) -> WireError {
    let (en, zh) = granted_column(error, granted)
        .unwrap_or_else(|| ("the dataset cannot be opened".to_owned(), "数据集无法打开".to_owned()));
    told(
        ErrorCode::Source,
        &format!("{en}; ask the department's steward to check it again (`qianmo data add`)"),
        &format!("{zh}；请该部门的数据管理员重新检查（qianmo data add）"),
    )
}

/// What is wrong with which of the granted columns, if it is one of them.
fn granted_column(error: &DataError, granted: &[Name]) -> Option<(String, String)> {
    let (column, en, zh) = column(error)?;
    let is_granted = granted.iter().any(|name| name.as_str() == column);
    is_granted.then(|| (format!("column {column} {en}"), format!("字段 {column} {zh}")))
}

/// The column at fault and what is wrong with it, where a column is.
fn column(error: &DataError) -> Option<(&str, &'static str, &'static str)> {
    Some(match error {
        DataError::ColumnMissing { column, .. } => {
            (column.as_str(), "is missing in the data", "在数据中缺失")
        }
        DataError::ColumnRepeated(column) => {
            (column.as_str(), "occurs twice in the source", "在数据源中出现两次")
        }
        DataError::TypeMismatch { column, .. } => {
            (column.as_str(), "is of another type than the catalogue says", "的类型与目录所载不同")
        }
        DataError::ValueMissing { column, .. } => {
            (column.as_str(), "lacks a value where the catalogue promises one", "缺少目录承诺必有的值")
        }
        DataError::ValueBroken { column, .. } => {
            (column.as_str(), "holds a value that is not of its type", "含有不符合其类型的值")
        }
        DataError::NotFinite { column, .. } => {
            (column.as_str(), "holds a number that is not finite", "含有非有限数值")
        }
        DataError::NotUtf8 { column, .. } => {
            (column.as_str(), "holds text that is not UTF-8", "含有非 UTF-8 文本")
        }
        _ => return None,
    })
}

fn told(code: ErrorCode, en: &str, zh: &str) -> WireError {
    WireError::new(code, en).with_zh(zh)
}

/// What the node knows by itself of why a model may not get on with its columns: from contract, catalogue and
/// parameters, so that it is the same whatever the rows hold.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Known {
    /// Granted columns that may lack a value.
    nullable: Vec<String>,
    /// Granted columns of text.
    text: Vec<String>,
    /// Columns of the dataset that the parameters name and the contract does not grant.
    not_granted: Vec<String>,
}

impl Known {
    /// For a job that sees the columns `granted` of the dataset's `fields` and is given `params`.
    pub(crate) fn of(fields: &[FieldMeta], granted: &[Name], params: &str) -> Self {
        let params: Value = serde_json::from_str(params).unwrap_or_default();
        let mut named = Vec::new();
        strings(&params, &mut named);
        let mut known = Self::default();
        for field in fields {
            let (name, is_granted) = (field.name.to_string(), granted.contains(&field.name));
            if !is_granted && named.contains(&field.name.as_str()) {
                known.not_granted.push(name.clone());
            }
            if is_granted && field.nullable {
                known.nullable.push(name.clone());
            }
            if is_granted && field.ty == "utf8" {
                known.text.push(name);
            }
        }
        known
    }

    fn added_to(&self, error: WireError) -> WireError {
        let parts = [
            (&self.not_granted, "the contract does not grant", "合约未授权参数所提的字段"),
            (&self.nullable, "values may be missing in", "可能缺值的字段"),
            (&self.text, "text is in", "文本字段"),
        ];
        let found: Vec<_> = parts.iter().filter(|(names, ..)| !names.is_empty()).collect();
        if found.is_empty() {
            return error;
        }
        let en: Vec<_> = found.iter().map(|(names, en, _)| format!("{en} {}", listed(names, ", "))).collect();
        let zh: Vec<_> = found.iter().map(|(names, _, zh)| format!("{zh} {}", listed(names, "、"))).collect();
        let (en, zh) = (en.join("; "), zh.join("；"));
        let message_zh = error.message_zh.map(|told| format!("{told}。节点所知：{zh}"));
        WireError { message: format!("{}. What the node knows: {en}", error.message), message_zh, ..error }
    }
}

fn listed(names: &[String], comma: &str) -> String {
    let shown = names.iter().take(NAMES).cloned().collect::<Vec<_>>().join(comma);
    match names.len().checked_sub(NAMES) {
        None | Some(0) => shown,
        Some(more) => format!("{shown} (+{more})"),
    }
}

/// Every text in `value`, at any depth.
pub(crate) fn strings<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(items) => items.iter().for_each(|item| strings(item, found)),
        Value::Object(map) => map.values().for_each(|item| strings(item, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use qianmo_data::{ColumnType, Place};

    use super::*;

    /// How a hostile model may end once it has rows, with what it would like to tell.
    fn endings() -> Vec<RunError> {
        use sandbox::ErrorCode::{BadParams, BadSchema, Internal, Limit, NoData, NotPermitted, Numeric};
        let codes = [BadParams, BadSchema, NotPermitted, Limit, NoData, Numeric, Internal];
        let mut endings: Vec<_> =
            codes.map(|code| RunError::Model { code, message: "4711".to_owned() }).into();
        endings.extend([
            RunError::Trap { reason: "unreachable".to_owned() },
            RunError::Fuel { limit: 1 },
            RunError::Memory { limit: 1, wanted: 4711 },
            RunError::Time { limit_ms: 1 },
            RunError::Limit { what: "open tables and scans", limit: 64 },
            RunError::Output(OutputError::Bytes { limit: 1 }),
            RunError::Output(OutputError::Rows { limit: 1, rows: 4711 }),
            RunError::Output(OutputError::NotFinite { name: "4711".to_owned() }),
        ]);
        endings
    }

    #[test]
    fn after_rows_every_failure_is_one_to_the_consumer() {
        let known = Known { nullable: vec!["age".to_owned()], ..Known::default() };
        let mut seen: Vec<_> = endings().iter().map(|e| of_run(e, Reach::Rows, &known)).collect();
        seen.dedup();
        let [one] = &seen[..] else { panic!("{seen:?}") };
        assert_eq!(one.code, ErrorCode::ModelFailed);
        assert!(!one.message.contains("4711") && one.message.ends_with("values may be missing in age"));
        assert!(one.message_zh.as_ref().unwrap().ends_with("可能缺值的字段 age"));
    }

    #[test]
    fn before_rows_the_kind_is_told_and_never_the_models_words() {
        for ending in endings() {
            let told = of_run(&ending, Reach::Model, &Known::default());
            let own =
                matches!(ending, RunError::Model { .. } | RunError::Output(OutputError::NotFinite { .. }));
            assert!(!(own && told.message.contains("4711")), "{told}");
        }
        let fuel = of_run(&RunError::Fuel { limit: 7 }, Reach::Model, &Known::default());
        assert_eq!(fuel.code, ErrorCode::Limit);
        assert_eq!(of_run(&RunError::Stopped, Reach::Rows, &Known::default()).code, ErrorCode::Stopped);
    }

    #[test]
    fn a_column_at_fault_is_named_if_it_is_granted() {
        let granted = ["age".parse().unwrap()];
        let broken =
            |column: &str| DataError::ValueMissing { place: Place::Line(9), column: column.to_owned() };
        let told = of_source(&broken("age"), &granted);
        assert!(
            told.message.starts_with("column age lacks a value") && !told.message.contains('9'),
            "{told}"
        );
        assert!(!of_source(&broken("salary"), &granted).message.contains("salary"));
        let other = DataError::TypeMismatch {
            column: "age".to_owned(),
            declared: ColumnType::Int64,
            found: "Utf8".to_owned(),
        };
        assert!(of_source(&other, &granted).message.contains("another type"));
    }

    #[test]
    fn long_lists_are_counted() {
        let names: Vec<String> = (0..11).map(|n| format!("c{n}")).collect();
        assert_eq!(listed(&names, ", "), "c0, c1, c2, c3, c4, c5, c6, c7 (+3)");
        assert_eq!(listed(&names[..8], ", "), "c0, c1, c2, c3, c4, c5, c6, c7");
    }

    #[test]
    fn texts_are_found_at_any_depth() {
        let params: Value = serde_json::from_str(r#"{"a":["x",{"b":"y"}],"c":1}"#).unwrap();
        let mut found = Vec::new();
        strings(&params, &mut found);
        assert_eq!(found, ["x", "y"]);
    }
}
