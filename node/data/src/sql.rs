//! SQL from people: one `SELECT`, or one condition, of bounded size.

use datafusion::common::DFSchema;
use datafusion::error::DataFusionError;
use datafusion::execution::context::SQLOptions;
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::sql::parser::{DFParserBuilder, Statement};
use datafusion::sql::sqlparser::ast::{SetExpr, Statement as SqlStatement};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

/// Longest SQL text. A view over a few thousand columns fits.
const MAX_BYTES: usize = 256 << 10;

/// Most operators, brackets and keywords in one text. The engine walks expressions by recursion, and a chain such as
/// `a + a + …` nests as deep as it is long: beyond this a thread's stack of 2 MiB could run out and end the process.
const MAX_OPERATORS: usize = 250;

/// Plans one `SELECT`; the error text is for whoever wrote the SQL.
pub(crate) async fn select(state: &SessionState, sql: &str) -> Result<LogicalPlan, String> {
    bounded(sql)?;
    let statement = one_select(sql)?;
    let plan = state.statement_to_plan(statement).await.map_err(text)?;
    // Not reachable through `one_select`; a second lock on the door that must stay shut.
    let read_only =
        SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    read_only.verify_plan(&plan).map_err(text)?;
    Ok(plan)
}

/// Parses one expression over the columns of a schema.
pub(crate) fn condition(state: &SessionState, sql: &str, schema: &DFSchema) -> Result<Expr, String> {
    bounded(sql)?;
    state.create_logical_expr(sql, schema).map_err(text)
}

fn text(error: DataFusionError) -> String {
    error.strip_backtrace()
}

fn bounded(sql: &str) -> Result<(), String> {
    if sql.len() > MAX_BYTES {
        return Err(format!("the SQL has {} bytes, more than {MAX_BYTES}", sql.len()));
    }
    let tokens = Tokenizer::new(&GenericDialect {}, sql).tokenize().map_err(|error| error.to_string())?;
    let operators = tokens.iter().filter(|token| nests(token)).count();
    if operators > MAX_OPERATORS {
        return Err(format!("the SQL has {operators} operators and keywords, more than {MAX_OPERATORS}"));
    }
    Ok(())
}

/// Whether a token can make an expression deeper; names, literals and commas cannot.
fn nests(token: &Token) -> bool {
    match token {
        Token::Word(word) => word.keyword != Keyword::NoKeyword && word.quote_style.is_none(),
        Token::Whitespace(_) | Token::Comma | Token::Period | Token::SemiColon | Token::EOF => false,
        Token::Number(..) | Token::SingleQuotedString(_) => false,
        _ => true,
    }
}

fn one_select(sql: &str) -> Result<Statement, String> {
    let mut parser = DFParserBuilder::new(sql).build().map_err(text)?;
    let mut statements = parser.parse_statements().map_err(text)?;
    let statement = match (statements.pop_front(), statements.is_empty()) {
        (Some(statement), true) => statement,
        (None, _) => return Err("it is empty".into()),
        (Some(_), false) => return Err("it has more than one statement".into()),
    };
    let Statement::Statement(inner) = &statement else { return Err("it is not a SELECT".into()) };
    match inner.as_ref() {
        SqlStatement::Query(query) if selects(&query.body) => Ok(statement),
        _ => Err("it is not a SELECT".into()),
    }
}

fn selects(body: &SetExpr) -> bool {
    match body {
        SetExpr::Select(select) => select.into.is_none(),
        SetExpr::Query(query) => selects(&query.body),
        SetExpr::SetOperation { left, right, .. } => selects(left) && selects(right),
        _ => false,
    }
}
