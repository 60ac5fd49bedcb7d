//! Tables as they were: `as_of('returns.missing_children', '2025-07-14')` in SQL.
//!
//! Which version stood on a day is known to the ledger alone, and a worker reads no ledger. So the calls are found in the
//! text before it goes to a worker, and each is sent along with its version; what is found beside a call, as in a comment,
//! does no harm. A call that is put together in SQL is not found, and is refused there.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, LazyLock};

use datafusion::catalog::{TableFunctionArgs, TableFunctionImpl, TableProvider};
use datafusion::common::{ScalarValue, plan_err};
use datafusion::error::Result;
use datafusion::logical_expr::Expr;
use jiff::civil::Date;
use regex::Regex;
use serde::{Deserialize, Serialize};

/// The name of the function.
pub(super) const AS_OF: &str = "as_of";

/// A table on a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Earlier {
    /// The table, with its schema.
    pub table: String,
    /// The day, at whose end it is read.
    pub day: Date,
    /// Its version then; none where it had none.
    pub version: Option<i64>,
}

/// The tables and days that a text asks for.
pub fn earlier_in(sql: &str) -> BTreeSet<(String, Date)> {
    static CALL: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"(?i)\bas_of\s*\(\s*'([a-z0-9_.]+)'\s*,\s*'(\d{4}-\d{2}-\d{2})'\s*\)").ok());
    let calls = CALL.iter().flat_map(|call| call.captures_iter(sql));
    calls.filter_map(|call| Some((call[1].to_lowercase(), call[2].parse().ok()?))).collect()
}

/// The function of a session: every table it can give, or why there is none.
pub(super) struct AsOf(pub BTreeMap<(String, Date), std::result::Result<Arc<dyn TableProvider>, String>>);

impl fmt::Debug for AsOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(AS_OF)
    }
}

impl TableFunctionImpl for AsOf {
    fn call_with_args(&self, args: TableFunctionArgs<'_, '_>) -> Result<Arc<dyn TableProvider>> {
        const USE: &str =
            "as_of takes a table and a day, both written out: as_of('returns.missing_children', '2025-07-14')";
        let [table, day] = args.exprs() else { return plan_err!("{USE}") };
        let (Some(table), Some(day)) = (text(table), text(day)) else { return plan_err!("{USE}") };
        let Ok(day) = day.parse::<Date>() else {
            return plan_err!("as_of takes a day that exists, written as 2025-07-14");
        };
        match self.0.get(&(table.to_lowercase(), day)) {
            Some(Ok(provider)) => Ok(provider.clone()),
            Some(Err(why)) => plan_err!("{why}"),
            None => plan_err!("{USE}"),
        }
    }
}

fn text(argument: &Expr) -> Option<&str> {
    match argument {
        Expr::Literal(ScalarValue::Utf8(Some(text)) | ScalarValue::Utf8View(Some(text)), _) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn calls_are_found_however_they_are_laid_out() {
        let sql = "SELECT * FROM AS_OF( 'returns.A' ,'2025-07-14') JOIN as_of('b', '2025-07-15') ON true
                   WHERE x = 'as_of' AND was_of('c', '2025-07-14') AND as_of('d', '2025-02-30')";
        let found: Vec<_> = earlier_in(sql).into_iter().collect();
        assert_eq!(found, [("b".to_owned(), date(2025, 7, 15)), ("returns.a".to_owned(), date(2025, 7, 14))]);
    }
}
