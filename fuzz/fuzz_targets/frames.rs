//! What a worker says, as the daemon hears it: frames, and sheets in them. The child is not believed either. A panic that is
//! caught is no finding, so the hook that would make one of it is taken away.

#![no_main]

#[path = "../runtime.rs"]
mod runtime;

use libfuzzer_sys::fuzz_target;
use quarterday::{
    decode::sheets_of,
    worker::{Frame, Launcher},
};
use serde_json::json;

fuzz_target!(init: std::panic::set_hook(Box::new(|_| {})), |data: &[u8]| {
    let frames = match data {
        // Rows alone, in a sheet that is as it should be.
        [b'=', rows @ ..] => {
            let sheet = json!({ "sheet": { "header_row": 1, "first_column": 0, "columns": ["Area", "Children"] } });
            vec![Frame::Json(sheet), Frame::Bytes(rows.to_vec())]
        }
        _ => {
            let launcher = Launcher::current().expect("/proc is mounted");
            let Ok(frames) = runtime::block_on(launcher.hear(data)) else { return };
            frames
        }
    };
    let Ok(decoded) = sheets_of(frames) else { return };
    for sheet in decoded.sheets {
        let width = sheet.columns.len();
        for batch in sheet.rows {
            let Ok(batch) = batch else { break };
            assert_eq!(batch.num_columns(), width + 1);
        }
    }
});
