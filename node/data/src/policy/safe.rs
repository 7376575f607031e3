//! Which expressions cannot fail on any row, and so tell nothing by failing.

use std::collections::HashSet;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, DFSchema};
use datafusion::error::Result as EngineResult;
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable, LogicalPlan, Operator};

use crate::ColumnType;
use crate::zone::crosses;

/// Whether a condition yields true, false or null on every row: comparisons of columns and literals, and logic.
pub(super) fn infallible(expr: &Expr, schema: &DFSchema) -> bool {
    let ok = |expr: &Expr| infallible(expr, schema);
    match expr {
        Expr::Column(_) | Expr::Literal(..) => expr.get_type(schema).is_ok_and(|ty| ty == DataType::Boolean),
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::And | Operator::Or, right }) => {
            ok(left) && ok(right)
        }
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => compares(*op) && alike(left, right, schema),
        Expr::Not(inner) => ok(inner),
        Expr::IsTrue(inner) | Expr::IsFalse(inner) | Expr::IsNotTrue(inner) | Expr::IsNotFalse(inner) => {
            ok(inner)
        }
        Expr::IsNull(inner) | Expr::IsNotNull(inner) => is_leaf(inner) || ok(inner),
        Expr::InList(list) => list.list.iter().all(|item| alike(&list.expr, item, schema)),
        Expr::Between(range) => {
            alike(&range.expr, &range.low, schema) && alike(&range.expr, &range.high, schema)
        }
        Expr::Like(like) => is_text(&like.expr, schema) && matches!(*like.pattern, Expr::Literal(..)),
        _ => false,
    }
}

/// Whether a condition compares columns with literals of their own type and nothing else. `type_of` gives the type of
/// a column that may be compared.
pub(super) fn comparison<'a>(expr: &Expr, type_of: &impl Fn(&str) -> Option<&'a DataType>) -> bool {
    let Expr::BinaryExpr(BinaryExpr { left, op, right }) = expr else { return false };
    match (left.as_ref(), right.as_ref()) {
        (left, right) if *op == Operator::And => comparison(left, type_of) && comparison(right, type_of),
        (Expr::Column(column), Expr::Literal(value, _)) | (Expr::Literal(value, _), Expr::Column(column)) => {
            compares(*op) && type_of(&column.name).is_some_and(|ty| *ty == value.data_type())
        }
        _ => false,
    }
}

/// The columns of a dataset's plan that are columns of its source as they are, at most widened, and that reach the
/// top through nothing but projections and infallible filters.
pub(super) fn plain_columns(plan: &LogicalPlan) -> HashSet<String> {
    match plan {
        LogicalPlan::TableScan(scan) => {
            scan.projected_schema.fields().iter().map(|field| field.name().clone()).collect()
        }
        LogicalPlan::SubqueryAlias(alias) => plain_columns(&alias.input),
        LogicalPlan::Filter(filter) if infallible(&filter.predicate, filter.input.schema()) => {
            plain_columns(&filter.input)
        }
        LogicalPlan::Projection(projection) => {
            let below = plain_columns(&projection.input);
            let from =
                |expr| source_of(expr, projection.input.schema()).is_some_and(|name| below.contains(name));
            let plain = projection.expr.iter().filter(|expr| from(expr));
            plain.map(|expr| expr.qualified_name().1).collect()
        }
        _ => HashSet::new(),
    }
}

fn source_of<'a>(expr: &'a Expr, schema: &DFSchema) -> Option<&'a str> {
    match expr {
        Expr::Alias(alias) => source_of(&alias.expr, schema),
        Expr::Column(column) => Some(&column.name),
        Expr::Cast(cast) => {
            let wider = ColumnType::holding(cast.field.data_type())?;
            let found = cast.expr.get_type(schema).ok()?;
            // Not every time on a wall has been: where clocks are put forward, that cast can fail.
            let exact = wider.accepts(&found) && !crosses(&found, cast.field.data_type());
            if exact { source_of(&cast.expr, schema) } else { None }
        }
        _ => None,
    }
}

/// The same condition with bare column names.
pub(super) fn unqualified(expr: Expr) -> EngineResult<Expr> {
    let bare = expr.transform(|node| {
        Ok(match node {
            Expr::Column(column) => Transformed::yes(Expr::Column(Column::new_unqualified(column.name))),
            other => Transformed::no(other),
        })
    })?;
    Ok(bare.data)
}

fn compares(op: Operator) -> bool {
    matches!(
        op,
        Operator::Eq
            | Operator::NotEq
            | Operator::Lt
            | Operator::LtEq
            | Operator::Gt
            | Operator::GtEq
            | Operator::IsDistinctFrom
            | Operator::IsNotDistinctFrom
    )
}

/// Whether two leaves can be compared without a cast that could fail on a row: the engine would, for example, compare
/// text with a number by reading every text as a number.
fn alike(left: &Expr, right: &Expr, schema: &DFSchema) -> bool {
    if !is_leaf(left) || !is_leaf(right) {
        return false;
    }
    let (Ok(left_type), Ok(right_type)) = (left.get_type(schema), right.get_type(schema)) else {
        return false;
    };
    let same = left_type == right_type || (left_type.is_numeric() && right_type.is_numeric());
    same || left_type.is_null() || right_type.is_null() || written_time(&left_type, right, &right_type)
}

/// A date or time beside a literal text: the literal is read once, when the query is planned.
fn written_time(ty: &DataType, literal: &Expr, literal_type: &DataType) -> bool {
    ty.is_temporal() && matches!(literal, Expr::Literal(..)) && *literal_type == DataType::Utf8
}

fn is_leaf(expr: &Expr) -> bool {
    matches!(expr, Expr::Column(_) | Expr::Literal(..))
}

fn is_text(expr: &Expr, schema: &DFSchema) -> bool {
    is_leaf(expr) && expr.get_type(schema).is_ok_and(|ty| ty == DataType::Utf8)
}
