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

/// Most operators, brackets and keywords in one text, a join counting as several. The engine walks expressions and
/// plans by recursion, and a chain such as `a + a + …` nests as deep as it is long: without a bound the stack would
/// run out, which ends the process. With this one, planning fits its thread's stack
/// ([`crate::engine::on_deep_stack`]) and running fits a worker's 2 MiB, also in a debug build.
const MAX_WEIGHT: usize = 250;

/// A join puts an operator into the plan, whose frames are larger than an expression's.
const JOIN_WEIGHT: usize = 3;

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
    let weight = weight(&tokens);
    if weight > MAX_WEIGHT {
        return Err(format!("the SQL has {weight} operators, keywords and brackets, more than {MAX_WEIGHT}"));
    }
    Ok(())
}

/// How deep a text could nest at most.
fn weight(tokens: &[Token]) -> usize {
    let mut total = 0;
    // Whether we are in a list of tables, for the current bracket and those around it.
    let mut tables = vec![false];
    for token in tokens {
        match token {
            Token::LParen => tables.push(false),
            Token::RParen => drop(tables.pop()),
            Token::Word(word) if word.keyword == Keyword::FROM => set_last(&mut tables, true),
            Token::Word(word) if CLAUSES.contains(&word.keyword) => set_last(&mut tables, false),
            _ => {}
        }
        total += match token {
            Token::Comma if tables.last() == Some(&true) => JOIN_WEIGHT,
            Token::Word(word) if word.keyword == Keyword::JOIN => JOIN_WEIGHT,
            token => usize::from(nests(token)),
        };
    }
    total
}

/// Keywords that end a list of tables.
const CLAUSES: [Keyword; 6] =
    [Keyword::SELECT, Keyword::WHERE, Keyword::GROUP, Keyword::HAVING, Keyword::ORDER, Keyword::LIMIT];

fn set_last(stack: &mut [bool], value: bool) {
    if let Some(last) = stack.last_mut() {
        *last = value;
    }
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
