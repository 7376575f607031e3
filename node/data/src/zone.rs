//! Time zones: which day it is where the data are from.
//!
//! Without a declared zone a source's times are of UTC, and a day of the view is a day of UTC: at +08:00 the first
//! eight hours of each day would count to the day before. With one, the engine carries it in the column's type, and days
//! and hours are local. What reaches a model are microseconds of UTC in any case.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use datafusion::arrow::array::timezone::Tz;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::error::Result as EngineResult;
use datafusion::functions::datetime::to_local_time;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{
    Cast, ColumnarValue, Expr, ExprSchemable, LogicalPlan, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature, TryCast, Volatility, cast as cast_expr,
};
use datafusion::optimizer::AnalyzerRule;

use crate::DataError;

/// A time zone: an offset such as `+08:00`, or a name such as `Asia/Shanghai`.
#[derive(Clone)]
pub struct TimeZone {
    name: Arc<str>,
    rules: Tz,
}

impl TimeZone {
    /// As it is written.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn shared(&self) -> Arc<str> {
        Arc::clone(&self.name)
    }

    pub(crate) fn rules(&self) -> Tz {
        self.rules
    }
}

impl FromStr for TimeZone {
    type Err = DataError;

    fn from_str(name: &str) -> Result<Self, DataError> {
        let rules = name.parse().map_err(|_| {
            DataError::BadSpec(format!(
                "there is no time zone `{name}`; write an offset such as +08:00 or a name such as Asia/Shanghai"
            ))
        })?;
        Ok(Self { name: name.into(), rules })
    }
}

impl PartialEq for TimeZone {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for TimeZone {}

impl fmt::Debug for TimeZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TimeZone").field(&self.name).finish()
    }
}

/// Casts between times with and without a zone, as SQL means them: the time on the wall stays.
///
/// The engine's own cast to a time without a zone keeps the instant instead, that is the wall's time in UTC; its cast
/// to one with a zone is right, but its optimizer takes that cast out of comparisons as if it changed nothing.
#[derive(Debug)]
pub(crate) struct WallCasts;

impl AnalyzerRule for WallCasts {
    fn name(&self) -> &'static str {
        "wall_casts"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> EngineResult<LogicalPlan> {
        Ok(plan.transform_up_with_subqueries(rewrite)?.data)
    }
}

fn rewrite(plan: LogicalPlan) -> EngineResult<Transformed<LogicalPlan>> {
    let schema = match plan.inputs().as_slice() {
        [] => plan.schema().as_ref().clone(),
        inputs => merge_schema(inputs),
    };
    let names = NamePreserver::new(&plan);
    let plan = plan.map_expressions(|expr| {
        let name = names.save(&expr);
        let expr = expr.transform_up(|expr| wall_cast(expr, &schema))?;
        Ok(expr.update_data(|expr| name.restore(expr)))
    })?;
    plan.map_data(LogicalPlan::recompute_schema)
}

fn wall_cast(expr: Expr, schema: &DFSchema) -> EngineResult<Transformed<Expr>> {
    // TRY_CAST too, or it would keep the instant without a word.
    let (Expr::Cast(Cast { expr: inner, field }) | Expr::TryCast(TryCast { expr: inner, field })) = &expr
    else {
        return Ok(Transformed::no(expr));
    };
    let (from, to) = (inner.get_type(schema)?, field.data_type());
    if !crosses(&from, to) {
        return Ok(Transformed::no(expr));
    }
    let inner = inner.as_ref().clone();
    Ok(Transformed::yes(match zone(to) {
        None => cast_expr(call(to_local_time().as_ref().clone(), inner), to.clone()),
        Some(_) => call(ScalarUDF::from(InZone::new(to.clone())), inner),
    }))
}

fn call(function: ScalarUDF, argument: Expr) -> Expr {
    Expr::ScalarFunction(ScalarFunction::new_udf(Arc::new(function), vec![argument]))
}

/// Whether a cast leads from times of a zone to times without one or back, and changes the number.
pub(crate) fn crosses(from: &DataType, to: &DataType) -> bool {
    let both = matches!((from, to), (DataType::Timestamp(..), DataType::Timestamp(..)));
    both && match (zone(from), zone(to)) {
        (Some(zone), None) | (None, Some(zone)) => !matches!(zone, "UTC" | "+00:00" | "Z"),
        _ => false,
    }
}

fn zone(ty: &DataType) -> Option<&str> {
    match ty {
        DataType::Timestamp(_, zone) => zone.as_deref(),
        _ => None,
    }
}

/// Times without a zone as times of one. A function, because the optimizer looks into casts but not into functions.
#[derive(Debug, PartialEq, Eq, Hash)]
struct InZone {
    to: DataType,
    signature: Signature,
}

impl InZone {
    fn new(to: DataType) -> Self {
        Self { to, signature: Signature::any(1, Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for InZone {
    fn name(&self) -> &str {
        "in_zone"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> EngineResult<DataType> {
        Ok(self.to.clone())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> EngineResult<FieldRef> {
        let nullable = args.arg_fields.iter().any(|field| field.is_nullable());
        Ok(Arc::new(Field::new(self.name(), self.to.clone(), nullable)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> EngineResult<ColumnarValue> {
        match args.args.as_slice() {
            [ColumnarValue::Scalar(time)] => {
                let times = cast(&time.to_array()?, &self.to)?;
                Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&times, 0)?))
            }
            [ColumnarValue::Array(times)] => Ok(ColumnarValue::Array(cast(times, &self.to)?)),
            _ => Err(DataError::BadView("a time zone is given to one time at once".into()).into()),
        }
    }
}
