//! SQL from people: one `SELECT`, or one condition, of bounded size.

use std::collections::HashMap;
use std::ops::ControlFlow;

use datafusion::common::{Column, DFSchema, SchemaError};
use datafusion::error::DataFusionError;
use datafusion::execution::context::SQLOptions;
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::sql::parser::{DFParserBuilder, Statement};
use datafusion::sql::sqlparser::ast::{
    ObjectName, Query, SetExpr, Statement as SqlStatement, Visit, Visitor,
};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

/// Longest SQL text. A view over a few thousand columns fits.
const MAX_BYTES: usize = 256 << 10;

/// Deepest a text may nest. The engine walks expressions and plans by recursion, and a chain such as `a + a + …` nests as
/// deep as it is long: without a bound the stack would run out, which ends the process. With this one, planning fits its
/// thread's stack ([`crate::engine::on_deep_stack`]) and running fits a worker's 2 MiB, also in a debug build.
///
/// Counted are the operators, brackets and keywords of the heaviest expression, and with them everything that makes the
/// plan itself deeper. Expressions side by side, such as the columns of a wide table, do not nest.
const MAX_WEIGHT: usize = 250;

/// Operators, brackets and keywords in one text: planning takes its time with each. Some 300 columns of ten fit twice.
const MAX_TOTAL: usize = 8_000;

/// A join or a select puts operators into the plan, whose frames are larger than an expression's.
const STEP_WEIGHT: usize = 3;

/// Most tables in a plan, parts of a WITH counted wherever they are put in.
const MAX_TABLES: usize = 250;

/// What is wrong with SQL, for whoever wrote it.
#[derive(Debug)]
pub(crate) struct SqlError {
    pub(crate) text: String,
    /// The column that is not there, if that is what is wrong, and those that are.
    pub(crate) missing: Option<(String, Vec<Column>)>,
}

impl From<String> for SqlError {
    fn from(text: String) -> Self {
        Self { text, missing: None }
    }
}

impl From<DataFusionError> for SqlError {
    fn from(error: DataFusionError) -> Self {
        let missing = match error.find_root() {
            DataFusionError::SchemaError(cause, _) => match cause.as_ref() {
                SchemaError::FieldNotFound { field, valid_fields } => {
                    Some((field.name.clone(), valid_fields.clone()))
                }
                _ => None,
            },
            _ => None,
        };
        Self { text: text(error), missing }
    }
}

/// Plans one `SELECT`.
pub(crate) async fn select(state: &SessionState, sql: &str) -> Result<LogicalPlan, SqlError> {
    let weight = bounded(sql)?;
    let statement = one_select(sql)?;
    if let Statement::Statement(inner) = &statement {
        bounded_tables(inner, weight)?;
    }
    let plan = state.statement_to_plan(statement).await?;
    // Not reachable through `one_select`; a second lock on the door that must stay shut.
    let read_only =
        SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    read_only.verify_plan(&plan)?;
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

/// Bounds a text before it is parsed.
fn bounded(sql: &str) -> Result<Weight, String> {
    if sql.len() > MAX_BYTES {
        return Err(format!("the SQL has {} bytes, more than {MAX_BYTES}", sql.len()));
    }
    let tokens = Tokenizer::new(&GenericDialect {}, sql).tokenize().map_err(|_| "it is no SQL".to_owned())?;
    let weight = Weight::of(&tokens);
    if weight.total > MAX_TOTAL {
        return Err(format!(
            "the SQL has {} operators, keywords and brackets, more than {MAX_TOTAL}; make two datasets of it",
            weight.total
        ));
    }
    weight.bounded(0)?;
    Ok(weight)
}

/// How deep a text could nest at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Weight {
    /// The heaviest expression.
    expression: usize,
    /// What chains operators of the plan: joins, unions, selects.
    plan: usize,
    /// All of the text.
    total: usize,
}

impl Weight {
    fn of(tokens: &[Token]) -> Self {
        let mut weight = Self { expression: 0, plan: 0, total: 0 };
        // The expression being read, for the current bracket and those around it.
        let mut open = vec![Item::default()];
        for token in tokens {
            weight.total += usize::from(nests(token));
            if let Some(step) = chains(token) {
                weight.plan += step;
                continue;
            }
            match token {
                // It ends an expression for certain, as no keyword does: a column may be called `limit`.
                Token::Comma => open.iter_mut().last().into_iter().for_each(Item::end),
                Token::LParen | Token::LBracket | Token::LBrace => open.push(Item::default()),
                Token::RParen | Token::RBracket | Token::RBrace if open.len() > 1 => {
                    let within = 1 + open.pop().map_or(0, Item::heaviest);
                    open.iter_mut().last().into_iter().for_each(|around| around.current += within);
                }
                token => {
                    let nests = usize::from(nests(token));
                    open.iter_mut().last().into_iter().for_each(|item| item.current += nests);
                }
            }
        }
        // Brackets that are never closed nest as well.
        weight.expression = open.len() - 1 + open.into_iter().map(Item::heaviest).sum::<usize>();
        weight
    }

    fn bounded(self, products: usize) -> Result<(), String> {
        let weight = self.expression + self.plan + STEP_WEIGHT.saturating_mul(products);
        if weight <= MAX_WEIGHT {
            return Ok(());
        }
        Err(format!(
            "its longest expression, with the tables it reads, weighs {weight} operators, keywords and brackets, more \
             than {MAX_WEIGHT}; make it shorter, or several columns of it"
        ))
    }
}

/// Expressions of one bracket, side by side.
#[derive(Debug, Default, Clone, Copy)]
struct Item {
    current: usize,
    heaviest: usize,
}

impl Item {
    fn end(&mut self) {
        self.heaviest = self.heaviest.max(self.current);
        self.current = 0;
    }

    fn heaviest(self) -> usize {
        self.heaviest.max(self.current)
    }
}

/// What a token adds to the plan on top of the operators before it, if it is of that kind.
fn chains(token: &Token) -> Option<usize> {
    match token {
        Token::Word(word) if word.quote_style.is_none() => match word.keyword {
            Keyword::JOIN | Keyword::APPLY | Keyword::SELECT => Some(STEP_WEIGHT),
            Keyword::UNION | Keyword::INTERSECT | Keyword::EXCEPT | Keyword::MINUS | Keyword::WITH => Some(1),
            _ => None,
        },
        Token::VerticalBarRightAngleBracket => Some(STEP_WEIGHT),
        _ => None,
    }
}

/// Bounds the tables of a statement, which is parsed: where a comma is one between tables, the tokens do not say.
fn bounded_tables(statement: &SqlStatement, weight: Weight) -> Result<(), String> {
    let mut count = Tables::default();
    let _ = statement.visit(&mut count);
    let tables = count.tables();
    if tables > MAX_TABLES {
        return Err(format!(
            "the SQL reads {tables} tables, with parts of a WITH put in, more than {MAX_TABLES}"
        ));
    }
    weight.bounded(count.products)
}

/// Tables that a statement reads, each part of a WITH as often as it is used. The engine puts it in at each place, and
/// ten parts that use the one before twice would be a thousand tables.
struct Tables {
    /// Commas between tables: joins without a condition.
    products: usize,
    /// Tables of the queries being visited, the innermost last.
    open: Vec<usize>,
    /// Tables behind each name of a WITH.
    named: HashMap<String, usize>,
    /// Names of the parts of a WITH that have not been visited yet, by where they are.
    parts: HashMap<*const Query, String>,
}

impl Default for Tables {
    fn default() -> Self {
        Self { products: 0, open: vec![0], named: HashMap::new(), parts: HashMap::new() }
    }
}

impl Visitor for Tables {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        for part in query.with.iter().flat_map(|with| &with.cte_tables) {
            self.parts.insert(&raw const *part.query, part.alias.name.value.to_lowercase());
        }
        self.products += products(&query.body);
        self.open.push(0);
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let tables = self.open.pop().unwrap_or(usize::MAX);
        match self.parts.remove(&(&raw const *query)) {
            Some(name) => {
                let known = self.named.entry(name).or_default();
                *known = (*known).max(tables);
            }
            None => self.add(tables),
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
        let name = relation.to_string().trim_matches('"').to_lowercase();
        let tables = self.named.get(&name).copied().unwrap_or(0).max(1);
        self.add(tables);
        ControlFlow::Continue(())
    }
}

/// Commas between tables of a query, those within its queries apart.
fn products(body: &SetExpr) -> usize {
    match body {
        SetExpr::Select(select) => select.from.len().saturating_sub(1),
        SetExpr::SetOperation { left, right, .. } => products(left) + products(right),
        _ => 0,
    }
}

impl Tables {
    fn tables(&self) -> usize {
        self.open.first().copied().unwrap_or(usize::MAX)
    }

    fn add(&mut self, tables: usize) {
        if let Some(open) = self.open.last_mut() {
            *open = open.saturating_add(tables);
        }
    }
}

/// Whether a token can make an expression deeper; names, literals and commas cannot.
fn nests(token: &Token) -> bool {
    match token {
        Token::Word(word) if [Keyword::FROM, Keyword::ALL, Keyword::CROSS].contains(&word.keyword) => false,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn weight(sql: &str) -> Weight {
        Weight::of(&Tokenizer::new(&GenericDialect {}, sql).tokenize().unwrap())
    }

    #[test]
    fn what_stands_side_by_side_does_not_add_up() {
        let column = r#"CAST(NULLIF("x", '-') AS DOUBLE) AS x"#;
        let one = weight(&format!("SELECT {column} FROM source"));
        let many = weight(&format!("SELECT {} FROM source", vec![column; 300].join(", ")));
        assert_eq!((one.expression, one.plan), (many.expression, many.plan));
        assert!(one.expression < 15 && many.total > 300 * 8, "{one:?} {many:?}");
        assert!(bounded(&format!("SELECT {} FROM source", vec![column; 300].join(", "))).is_ok());
    }

    #[test]
    fn what_nests_adds_up_however_it_is_written() {
        let n = MAX_WEIGHT;
        let chains = [
            format!("SELECT a{} FROM source", " + a".repeat(n)),
            // A column may have the name of a clause.
            format!("SELECT limit{} FROM source", " + limit".repeat(n)),
            format!("SELECT a FROM source WHERE {}a", "NOT ".repeat(n)),
            format!("SELECT {}a{} FROM source", "(".repeat(n), ")".repeat(n)),
            format!("SELECT {}a{} FROM source", "f(1, ".repeat(n), ")".repeat(n)),
            format!("SELECT {}a{} FROM source", "f(".repeat(n), ", 1)".repeat(n)),
            format!("SELECT a{} FROM source", "[1]".repeat(n)),
            format!("SELECT {}a FROM source", "(".repeat(n)),
            format!("SELECT a, b FROM source{}", " UNION ALL SELECT a, b FROM source".repeat(n)),
            format!("SELECT a, b FROM source{}", " JOIN source x USING (a, b)".repeat(n)),
        ];
        for sql in chains {
            assert!(bounded(&sql).is_err(), "{}", &sql[..60]);
        }
        assert!(bounded(&format!("SELECT {} FROM source", vec!["a + 1"; MAX_TOTAL].join(", "))).is_err());
    }

    #[test]
    fn tables_are_counted_as_often_as_they_are_put_in() {
        let count = |sql: &str| {
            let Statement::Statement(statement) = one_select(sql).unwrap() else { panic!("{sql}") };
            let mut count = Tables::default();
            let _ = statement.visit(&mut count);
            (count.tables(), count.products)
        };
        assert_eq!(count("SELECT a FROM source"), (1, 0));
        // A table may have the name of a clause, after which commas still separate tables.
        assert_eq!(count("SELECT 1 FROM source AS select, source AS b, source c"), (3, 2));
        let nested = "SELECT (SELECT max(a) FROM source), b FROM (SELECT b FROM source x, source y)";
        assert_eq!(count(nested), (3, 1));
        let parts = (1..=12).map(|n| format!("t{n} AS (SELECT x.a FROM t{0} x, t{0} y)", n - 1));
        let parts = parts.collect::<Vec<_>>().join(", ");
        let doubling = format!("WITH t0 AS (SELECT a FROM source), {parts} SELECT a FROM t12");
        assert_eq!(count(&doubling), (4096, 12));
    }
}
