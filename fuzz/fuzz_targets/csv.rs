//! A CSV file under some dialect: whatever it is, it is rows or an error, and rows that say where they stood.

#![no_main]

#[path = "../runtime.rs"]
mod runtime;

use libfuzzer_sys::fuzz_target;
use quarterday::{
    decode::{CsvOptions, Decoded, Encoding, Format, Quote, decode},
    worker::Launcher,
};

fuzz_target!(|data: &[u8]| {
    let [first, second, file @ ..] = data else { return };
    let options = CsvOptions {
        delimiter: [None, Some(','), Some(';'), Some('\t')][usize::from(first & 3)],
        quote: [None, Some(Quote::Double), Some(Quote::Single), Some(Quote::None)][usize::from(first >> 2 & 3)],
        encoding: [None, Some(Encoding::Utf8), Some(Encoding::Utf16), Some(Encoding::Windows1252)]
            [usize::from(first >> 4 & 3)],
        header_row: [None, None, Some(1), Some(3)][usize::from(first >> 6)],
        header_rows: [None, None, Some(2), Some(3)][usize::from(second & 3)],
        footer: if second & 4 == 0 { Vec::new() } else { vec!["Total*".into(), "*note*".into()] },
        ends_at_blank_row: second & 8 != 0,
        short_rows: second & 16 != 0,
        headings: if second & 32 == 0 { Vec::new() } else { vec!["area".into(), "children".into()] },
    };
    // CSV is read in this process; nothing is launched.
    let launcher = Launcher::current().expect("/proc is mounted");
    let Ok(Decoded { sheets, .. }) = runtime::block_on(decode(&Format::Csv(options), file.to_vec(), &launcher)) else {
        return;
    };
    for sheet in sheets {
        let (width, mut before) = (sheet.columns.len(), sheet.header_row);
        for batch in sheet.rows {
            let Ok(batch) = batch else { break };
            assert_eq!(batch.num_columns(), width + 1);
            let rows = batch.column(0).to_data();
            for row in &rows.buffers()[0].typed_data::<u32>()[rows.offset()..][..rows.len()] {
                assert!(*row > before, "rows stand below each other and below their headings");
                before = *row;
            }
        }
    }
});
