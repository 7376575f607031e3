//! Joins that let go of their thread now and then, in every plan there is.

use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult as _, TreeNode as _};
use datafusion::error::Result as EngineResult;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::coop::CooperativeExec;

/// The engine's last rule: after each batch or so of a join, whoever waits for rows gets a turn and may give up.
///
/// The engine sees to that for sources only, and a join can make hours of work of one batch that it was given. A join
/// whose condition no pair of rows meets makes no batches, and lets go only when it asks for more rows.
#[derive(Debug)]
pub(crate) struct YieldingJoins;

impl PhysicalOptimizerRule for YieldingJoins {
    fn name(&self) -> &'static str {
        "yielding_joins"
    }

    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        _: &ConfigOptions,
    ) -> EngineResult<Arc<dyn ExecutionPlan>> {
        plan.transform_up(|node| {
            let joins = node.children().len() > 1;
            Ok(if joins {
                Transformed::yes(Arc::new(CooperativeExec::new(node)) as _)
            } else {
                Transformed::no(node)
            })
        })
        .data()
    }

    fn schema_check(&self) -> bool {
        true
    }
}
