//! What a window function needs besides its arithmetic: it sees the rows of a partition in their order, all at once.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::error::Result;
use datafusion::logical_expr::function::{PartitionEvaluatorArgs, WindowUDFFieldArgs};
use datafusion::logical_expr::{
    LimitEffect, PartitionEvaluator, Signature, TypeSignature, Volatility, WindowUDF, WindowUDFImpl,
};
use datafusion::physical_expr::PhysicalExpr;

/// The arithmetic of a window function: the columns of its arguments, each as long as the partition, in; its answer out.
pub(super) type Answer = fn(&[ArrayRef]) -> Result<ArrayRef>;

/// A function over the whole of a partition, in its order.
pub(super) struct Whole {
    name: &'static str,
    signature: Signature,
    gives: DataType,
    answer: Answer,
}

impl Whole {
    /// A function by its name, with any of these lists of arguments. Each row has an answer of the type `gives` or none.
    pub fn function(name: &'static str, takes: &[&[DataType]], gives: DataType, answer: Answer) -> WindowUDF {
        let lists = takes.iter().map(|list| TypeSignature::Exact(list.to_vec())).collect();
        let signature = Signature::one_of(lists, Volatility::Immutable);
        WindowUDF::from(Self { name, signature, gives, answer })
    }
}

impl fmt::Debug for Whole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl PartialEq for Whole {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Whole {}

impl Hash for Whole {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl WindowUDFImpl for Whole {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn partition_evaluator(&self, args: PartitionEvaluatorArgs<'_>) -> Result<Box<dyn PartitionEvaluator>> {
        Ok(Box::new(Partition { answer: self.answer, arguments: args.input_exprs().len() }))
    }

    fn field(&self, args: WindowUDFFieldArgs<'_>) -> Result<FieldRef> {
        Ok(Arc::new(Field::new(args.name(), self.gives.clone(), true)))
    }

    fn limit_effect(&self, _: &[Arc<dyn PhysicalExpr>]) -> LimitEffect {
        LimitEffect::Unknown
    }
}

#[derive(Debug)]
struct Partition {
    answer: Answer,
    arguments: usize,
}

impl PartitionEvaluator for Partition {
    fn evaluate_all(&mut self, values: &[ArrayRef], _: usize) -> Result<ArrayRef> {
        // What the partition is ordered by may follow.
        (self.answer)(&values[..self.arguments.min(values.len())])
    }
}
