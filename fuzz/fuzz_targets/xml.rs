//! A mapping of XML to tables, and a file: the lines above the first `<` are paths, a table each, the rows' path first.

#![no_main]

#[path = "../runtime.rs"]
mod runtime;

use libfuzzer_sys::fuzz_target;
use quarterday::{
    decode::{Format, XmlOptions, XmlTable, decode},
    worker::Launcher,
};

fuzz_target!(|data: &[u8]| {
    let start = data.iter().position(|byte| *byte == b'<').unwrap_or(data.len());
    let (mapping, file) = data.split_at(start);
    let mapping = String::from_utf8_lossy(mapping);
    let tables = mapping.lines().map(|line| {
        let mut paths = line.split('|');
        let rows = paths.next().unwrap_or_default().to_owned();
        XmlTable { rows, columns: paths.map(|path| vec![path.to_owned()]).collect() }
    });
    let options = XmlOptions { tables: tables.collect() };
    let launcher = Launcher::current().expect("/proc is mounted");
    let tables = options.tables.len();
    let Ok(decoded) = runtime::block_on(decode(&Format::Xml(options), file.to_vec(), &launcher)) else { return };
    assert_eq!(decoded.sheets.len(), tables);
    for sheet in decoded.sheets {
        let width = sheet.columns.len();
        assert!(sheet.counts.is_empty() || sheet.counts.len() == width);
        for batch in sheet.rows {
            let Ok(batch) = batch else { break };
            assert_eq!(batch.num_columns(), width + 1);
        }
    }
});
