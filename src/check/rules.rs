//! Rules across the columns of a row: SQL conditions, planned once and evaluated on whole batches.

use std::sync::Arc;

use arrow::{
    array::{Array, AsArray, RecordBatch},
    datatypes::{DataType, Schema},
};
use datafusion::{
    common::DFSchema,
    common::tree_node::TreeNode,
    error::{DataFusionError, Result},
    logical_expr::{Expr, ExprSchemable, Volatility},
    physical_expr::PhysicalExpr,
    prelude::SessionContext,
};

/// A rule ready to be evaluated.
pub(super) struct Planned(Arc<dyn PhysicalExpr>);

/// How a row stands to a rule that it does not keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Breach {
    /// The condition is false.
    Broken,
    /// The condition cannot be worked out, as in a division by zero.
    Failed,
}

/// Plans a condition over a table of this schema.
///
/// # Errors
/// When it is no condition over these columns, or one whose answer depends on when it is asked.
pub(super) fn plan(sql: &str, schema: &Schema) -> Result<Planned> {
    let context = SessionContext::new();
    crate::sqlfn::register(&context);
    let schema = DFSchema::try_from(schema.clone())?;
    let condition = context.parse_sql_expr(sql, &schema)?;
    let kind = condition.get_type(&schema)?;
    if kind != DataType::Boolean {
        return Err(DataFusionError::Plan(format!("it yields {kind}, not true or false")));
    }
    let fickle = |expr: &Expr| {
        Ok(matches!(expr, Expr::ScalarFunction(f) if f.func.signature().volatility != Volatility::Immutable))
    };
    if condition.exists(fickle)? {
        return Err(DataFusionError::Plan("it would answer otherwise on another day".into()));
    }
    Ok(Planned(context.create_physical_expr(condition, &schema)?))
}

impl Planned {
    /// The positions in the batch of the rows that do not keep the rule.
    pub(super) fn breaches(&self, batch: &RecordBatch) -> Vec<(usize, Breach)> {
        if let Ok(broken) = self.broken(batch) {
            return broken.into_iter().map(|row| (row, Breach::Broken)).collect();
        }
        // One row spoils the batch for the others: each is asked alone.
        let alone = (0..batch.num_rows()).filter_map(|row| match self.broken(&batch.slice(row, 1)) {
            Ok(broken) => (!broken.is_empty()).then_some((row, Breach::Broken)),
            Err(_) => Some((row, Breach::Failed)),
        });
        alone.collect()
    }

    /// Which rows the condition holds for; one that cannot be worked out does not hold.
    pub(super) fn holds(&self, batch: &RecordBatch) -> Vec<bool> {
        let answers = self.0.evaluate(batch).and_then(|answers| answers.into_array(batch.num_rows()));
        let Ok(answers) = answers else { return vec![false; batch.num_rows()] };
        let answers = answers.as_boolean();
        (0..answers.len()).map(|row| answers.is_valid(row) && answers.value(row)).collect()
    }

    fn broken(&self, batch: &RecordBatch) -> Result<Vec<usize>> {
        let answers = self.0.evaluate(batch)?.into_array(batch.num_rows())?;
        let answers = answers.as_boolean();
        Ok((0..answers.len()).filter(|row| answers.is_valid(*row) && !answers.value(*row)).collect())
    }
}
