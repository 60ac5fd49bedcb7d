//! The columns of a table, and how they may change: by columns that come or go, never by another type.

use arrow::datatypes::Schema;
use deltalake::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake::kernel::{StructField, StructType};

use super::{Result, WarehouseError};

/// The columns as Delta has them. Every column may be empty, so that one may come or go later.
pub(super) fn columns(table: &str, schema: &Schema) -> Result<StructType> {
    let refused = |why: String| WarehouseError::Column { table: table.to_owned(), why };
    let as_written: StructType = schema.try_into_kernel().map_err(|error| refused(error.to_string()))?;
    let fields = as_written.fields().map(|field| StructField::nullable(field.name(), field.data_type().clone()));
    StructType::try_new(fields).map_err(|error| refused(error.to_string()))
}

/// The columns of the table once rows with `new` columns are in it; none if they are the same as before. Old columns
/// stay, for the old rows.
///
/// # Errors
/// When a column has another type than before.
pub(super) fn grown(table: &str, old: &StructType, new: &StructType) -> Result<Option<StructType>> {
    let mut added = Vec::new();
    for field in new.fields() {
        match old.field(field.name()) {
            None => added.push(field.clone()),
            Some(before) if before.data_type() == field.data_type() => {}
            Some(before) => {
                let (name, old, new) = (field.name(), before.data_type(), field.data_type());
                let why = format!("column {name} is {old} and cannot become {new}; give the new column another name");
                return Err(WarehouseError::Column { table: table.to_owned(), why });
            }
        }
    }
    if added.is_empty() {
        return Ok(None);
    }
    let all = StructType::try_new(old.fields().cloned().chain(added));
    all.map(Some).map_err(|error| WarehouseError::Column { table: table.to_owned(), why: error.to_string() })
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::{DataType, Field};

    use super::*;

    fn of(fields: &[(&str, DataType)]) -> StructType {
        let fields: Vec<Field> = fields.iter().map(|(name, kind)| Field::new(*name, kind.clone(), false)).collect();
        columns("returns.t", &Schema::new(fields)).unwrap()
    }

    #[test]
    fn a_column_may_come_and_go_but_not_change_its_type() {
        let old = of(&[("agency", DataType::Utf8), ("n", DataType::Decimal128(18, 0))]);
        assert_eq!(grown("returns.t", &old, &old).unwrap(), None);
        assert_eq!(grown("returns.t", &old, &of(&[("agency", DataType::Utf8)])).unwrap(), None);
        let more = grown("returns.t", &old, &of(&[("on", DataType::Date32)])).unwrap().unwrap();
        assert_eq!(
            more,
            of(&[("agency", DataType::Utf8), ("n", DataType::Decimal128(18, 0)), ("on", DataType::Date32)])
        );
        let error = grown("returns.t", &old, &of(&[("n", DataType::Utf8)])).unwrap_err().to_string();
        assert!(error.contains("column n is decimal(18,0) and cannot become string"), "{error}");
    }
}
