//! Writes rows as a worker sends them, for the target `frames` to begin with.

use std::{io::stdout, sync::Arc};

use arrow::{
    array::{ArrayRef, RecordBatch, StringArray, UInt32Array},
    datatypes::{DataType, Field, Schema},
    ipc::writer::StreamWriter,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    let row = Field::new("__row", DataType::UInt32, false);
    let schema = Arc::new(Schema::new(vec![row, text("Area"), text("Children")]));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(UInt32Array::from(vec![2, 3])),
        Arc::new(StringArray::from(vec![Some("York"), None])),
        Arc::new(StringArray::from(vec!["3", "4"])),
    ];
    let mut stream = StreamWriter::try_new(stdout(), &schema)?;
    stream.write(&RecordBatch::try_new(schema, columns)?)?;
    stream.finish()?;
    Ok(())
}
