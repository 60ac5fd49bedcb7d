//! Files that nobody here wrote, made to break readers: each has its outcome, none takes the daemon with it, and none
//! needs more than ten seconds. What a worker reads has 256 MB; what is read in this process, JSON, XML and CSV, is no
//! larger than a few MB in any corpus, and has no limit of its own here.

use std::{
    fs,
    io::{Cursor, Write},
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use arrow::{
    array::{ArrayRef, AsArray, Date32Array, DictionaryArray, Float64Array, RecordBatch},
    datatypes::Int8Type,
    ipc::writer::{FileWriter, StreamWriter},
};
use bytes::Bytes;
use quarterday::{
    decode::{
        DecodeError, Decoded, Format, JsonOptions, Keys, Limits, Members, Refusal, XmlOptions, XmlTable, decode_within,
        unwrap,
    },
    worker::WorkerError,
};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use crate::support::{launcher, shared};

/// What a file of a corpus may use.
fn limits() -> Limits {
    Limits { memory_bytes: 256 << 20, wall: Duration::from_secs(10), decoded_bytes: 128 << 20 }
}

/// The files of a corpus, by name.
fn files(corpus: &str) -> Option<Vec<(String, Vec<u8>)>> {
    let folder = shared(&format!("corpora/{corpus}"))?;
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> = entries.filter(|path| path.is_file()).collect();
    paths.sort();
    let read = |path: PathBuf| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(path).unwrap());
    Some(paths.into_iter().map(read).collect())
}

/// Reads a file to its last row: how many there are.
async fn rows(format: &Format, bytes: Vec<u8>) -> Result<usize, DecodeError> {
    let Decoded { sheets, .. } = decode_within(format, Bytes::from(bytes), &launcher(), limits()).await?;
    let mut rows = 0;
    for sheet in sheets {
        for batch in sheet.rows {
            rows += batch?.num_rows();
        }
    }
    Ok(rows)
}

/// What a file comes to, within the time that any may take; a worker's own limit ends it earlier.
async fn soon<T>(name: &str, reading: impl Future<Output = T>) -> T {
    let begun = Instant::now();
    let found = reading.await;
    let taken = begun.elapsed();
    assert!(taken < Duration::from_secs(10), "{name} took {taken:?}");
    found
}

/// What became of a file, in a word.
fn outcome<T: std::fmt::Debug>(found: &Result<T, DecodeError>) -> &'static str {
    match found {
        Ok(_) => "read",
        Err(DecodeError::Worker(WorkerError::Failed { .. })) => "damaged",
        Err(DecodeError::Worker(WorkerError::Died { .. })) => "died",
        Err(DecodeError::Worker(WorkerError::OutOfMemory { .. })) => "out of memory",
        Err(DecodeError::Worker(WorkerError::Timeout { .. })) => "too slow",
        Err(DecodeError::Wrapped(Refusal::Damaged { .. })) => "damaged",
        Err(DecodeError::Wrapped(Refusal::Protected(_))) => "protected",
        Err(DecodeError::Wrapped(Refusal::WrongKey(_))) => "other key",
        Err(DecodeError::Wrapped(Refusal::Members { .. })) => "several",
        Err(DecodeError::Wrapped(Refusal::Link(_))) => "link",
        Err(DecodeError::Wrapped(Refusal::Method(_))) => "method",
        Err(DecodeError::Wrapped(_)) => "refused",
        Err(_) => "refused",
    }
}

/// Compares outcomes with a table of `name: outcome`; names it does not have are as `usual`.
fn expect(found: &[(String, &'static str)], usual: &str, table: &[(&str, &str)]) {
    let wrong: Vec<String> = found
        .iter()
        .filter(|(name, outcome)| {
            let expected = table.iter().find(|(known, _)| known == name).map_or(usual, |(_, expected)| expected);
            *outcome != expected
        })
        .map(|(name, outcome)| format!("(\"{name}\", \"{outcome}\"),"))
        .collect();
    assert!(wrong.is_empty(), "other outcomes than expected ({usual}):\n{}", wrong.join("\n"));
    for (name, _) in table {
        assert!(found.iter().any(|(known, _)| known == name), "{name} is not in the corpus");
    }
}

#[tokio::test]
async fn json_is_taken_or_refused_as_its_name_says() {
    let Some(files) = files("json-suite/test_parsing") else { return };
    let (mut taken, mut refused) = (0, 0);
    for (name, bytes) in files {
        let found = soon(&name, rows(&Format::Json(JsonOptions::default()), bytes)).await;
        // A value that is no table of records is well-formed all the same.
        let is_json = match &found {
            Ok(_)
            | Err(
                DecodeError::NotAnObject { .. }
                | DecodeError::Nested { .. }
                | DecodeError::DuplicateKey { .. }
                | DecodeError::Empty,
            ) => true,
            Err(DecodeError::Json(_) | DecodeError::Encoding { .. } | DecodeError::OtherFormat { .. }) => false,
            Err(other) => panic!("{name}: {other}"),
        };
        match name.split('_').next().unwrap() {
            "y" => {
                assert!(is_json, "{name}: {found:?}");
                taken += 1;
            }
            "n" => {
                assert!(found.is_err(), "{name} was read as {found:?} rows");
                refused += 1;
            }
            "i" => {}
            other => panic!("{other}"),
        }
    }
    assert_eq!((taken, refused), (95, 188));
}

/// The cells of the first record, with their headings; or the error.
async fn first_record(bytes: Vec<u8>) -> Result<Vec<(String, String)>, DecodeError> {
    let format = Format::Json(JsonOptions::default());
    let Decoded { mut sheets, .. } = decode_within(&format, Bytes::from(bytes), &launcher(), limits()).await?;
    let mut sheet = sheets.remove(0);
    let batch = sheet.rows.next().unwrap()?;
    let cells = batch.columns()[1..].iter().map(|column| column.as_string::<i32>().value(0).to_owned());
    Ok(sheet.columns.into_iter().zip(cells).collect())
}

/// Values that readers of JSON change on the way: numbers beyond a double, keys that differ in their marks alone or not at
/// all, halves of characters. Each file as it is, and its value as the cell of a record.
#[tokio::test]
async fn values_of_json_keep_their_digits_and_keys_are_neither_joined_nor_dropped() {
    let Some(files) = files("json-suite/test_transform") else { return };
    assert_eq!(files.len(), 22);
    for (name, bytes) in files {
        let text = String::from_utf8_lossy(&bytes).trim().to_owned();
        if name.starts_with("object_key_") {
            let cells = first_record(bytes).await.unwrap();
            let (one, other) = (("\u{e9}", "NFC"), ("e\u{301}", "NFD"));
            let expected = if name == "object_key_nfc_nfd.json" { [one, other] } else { [other, one] };
            assert_eq!(cells, expected.map(|(key, value)| (key.to_owned(), value.to_owned())), "{name}");
            continue;
        }
        if name.starts_with("object_same_key_") {
            let error = first_record(bytes).await.unwrap_err();
            assert!(matches!(&error, DecodeError::DuplicateKey { record: 1, key } if key == "a"), "{name}: {error}");
            continue;
        }
        let error = first_record(bytes.clone()).await.unwrap_err();
        let invalid = name.contains("_invalid_codepoint");
        let is_raw = invalid && !name.contains("escaped");
        assert_eq!(matches!(error, DecodeError::Encoding { byte: 3, line: 1, .. }), is_raw, "{name}: {error}");
        assert_eq!(matches!(error, DecodeError::NotAnObject { record: 1 }), !is_raw, "{name}: {error}");

        let value = bytes.trim_ascii().strip_prefix(b"[").unwrap().strip_suffix(b"]").unwrap();
        let cell = first_record([b"[{\"value\":", value, b"}]"].concat()).await;
        match cell {
            Err(DecodeError::Json(_)) => assert!(invalid && !is_raw, "{name}"),
            Err(DecodeError::Encoding { .. }) => assert!(is_raw, "{name}"),
            Err(other) => panic!("{name}: {other}"),
            Ok(cells) if name == "string_with_escaped_NULL.json" => {
                assert_eq!(cells, [("value".to_owned(), "A\0B".to_owned())]);
            }
            Ok(cells) => {
                let written = text.trim_start_matches('[').trim_end_matches(']').to_owned();
                assert!(name.starts_with("number_"), "{name}: {cells:?}");
                assert_eq!(cells, [("value".to_owned(), written)], "{name}");
            }
        }
    }
}

#[tokio::test]
async fn bad_parquet_is_read_or_refused_in_a_worker() {
    let Some(files) = files("parquet-bad/bad_data") else { return };
    let mut found = Vec::new();
    for (name, bytes) in files.into_iter().filter(|(name, _)| name.ends_with(".parquet")) {
        found.push((name, outcome(&rows(&Format::Parquet, bytes).await)));
    }
    assert_eq!(found.len(), 8);
    // A bit width of zero is odd, and no error where a dictionary has one entry.
    expect(&found, "damaged", &[("ARROW-GH-43605.parquet", "read")]);
}

#[tokio::test]
async fn hostile_xml_is_refused_and_nothing_is_fetched() {
    let Some(files) = files("xml-defused/xmltestdata") else { return };
    let any = |rows: &str| XmlTable { rows: rows.to_owned(), columns: vec![vec![".".to_owned()]] };
    let options = XmlOptions { tables: ["/root", "/bomb", "/html", "/schema", "/stylesheet"].map(any).to_vec() };
    let mut found = Vec::new();
    for (name, bytes) in files {
        let read = soon(&name, rows(&Format::Xml(options.clone()), bytes)).await;
        found.push((name, outcome(&read)));
    }
    assert_eq!(found.len(), 13);
    let read = [
        ("schema-include.xsd", "read"),
        ("simple-ns.xml", "read"),
        ("simple.xml", "read"),
        ("xalan_exec.xsl", "read"),
        ("xalan_write.xsl", "read"),
    ];
    expect(&found, "refused", &read);
}

#[tokio::test]
async fn strange_zips_are_read_or_refused_and_write_nothing() {
    let (Some(files), Some(legacy)) = (files("zip-zip2/tests/data"), files("zip-zip2/tests/data/legacy")) else {
        return;
    };
    let home = tempfile::tempdir().unwrap();
    let keys = Keys { password: Some("helloworld".to_owned().into()), ..Keys::default() };
    let members = Members::Each(vec!["*".parse().unwrap()]);
    let (mut found, mut methods) = (Vec::new(), Vec::new());
    let files = files.into_iter().chain(legacy);
    for (name, bytes) in files.filter(|(name, _)| name.ends_with(".zip")) {
        let unwrapped = unwrap(Bytes::from(bytes), &members, &keys, &launcher(), limits(), home.path()).await;
        if let Err(DecodeError::Wrapped(refusal @ Refusal::Method(_))) = &unwrapped {
            methods.push(format!("{name}: {refusal}"));
        }
        found.push((name, outcome(&unwrapped)));
    }
    let by = |name: &str, method: &str| {
        format!(
            "{name}.zip: the zip archive is packed by a method that is not unpacked here ({method}); pack it with the \
             ordinary method of Windows or macOS (Deflate) and send it again"
        )
    };
    for said in [by("implode", "Implode"), by("ppmd", "PPMd"), by("shrink", "Shrink"), by("xz", "xz")] {
        assert!(methods.contains(&said), "{methods:#?}");
    }
    let others = [
        ("comment_garbage.zip", "several"),
        ("deflate64_issue_25.zip", "damaged"),
        ("ignore_encryption_flag.zip", "other key"),
        ("invalid_offset.zip", "damaged"),
        ("invalid_offset2.zip", "damaged"),
        ("misaligned_comment.zip", "several"),
        ("ppmd.zip", "method"),
        ("raw_deflate64_index_out_of_bounds.zip", "refused"),
        ("symlink.zip", "link"),
        ("xz.zip", "method"),
        ("implode.zip", "method"),
        ("reduce.zip", "method"),
        ("shrink.zip", "method"),
    ];
    expect(&found, "read", &others);
    assert!(!std::path::Path::new("/etc/passwd.zip").exists());
}

/// What Windows packs files above 2 GB by, and what others may.
#[tokio::test]
async fn a_zip_archive_packed_by_a_method_that_is_not_unpacked_says_which() {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    zip.start_file("a.csv", stored).unwrap();
    zip.write_all(b"Area,Children\nYork,3\n").unwrap();
    let zip = zip.finish().unwrap().into_inner();
    let listed = zip.windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap();
    let home = tempfile::tempdir().unwrap();
    for (method, name) in [(9, "Deflate64"), (12, "bzip2"), (14, "LZMA"), (95, "xz"), (77, "a rare one")] {
        let mut packed = zip.clone();
        (packed[8], packed[listed + 10]) = (method, method);
        let opened =
            unwrap(Bytes::from(packed), &Members::Only, &Keys::default(), &launcher(), limits(), home.path()).await;
        let said = opened.unwrap_err().to_string();
        let expected =
            format!("the zip archive is packed by a method that is not unpacked here ({name}); pack it with");
        assert!(said.starts_with(&expected), "{said}");
    }
}

#[tokio::test]
async fn arrow_files_and_streams_are_read_in_a_worker_and_damaged_ones_are_errors() {
    let dictionary: DictionaryArray<Int8Type> = ["York", "Hull", "York"].into_iter().collect();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("Area", Arc::new(dictionary)),
        ("Children", Arc::new(Float64Array::from(vec![Some(3.0), None, Some(2.5)]))),
        ("On", Arc::new(Date32Array::from(vec![19_000, 19_001, 19_002]))),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut file = FileWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    file.write(&batch).unwrap();
    let file = file.into_inner().unwrap();
    let mut stream = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    stream.write(&batch).unwrap();
    let stream = stream.into_inner().unwrap();
    for (name, whole) in [("file", file), ("stream", stream)] {
        let decoded = decode_within(&Format::Arrow, Bytes::from(whole.clone()), &launcher(), limits()).await.unwrap();
        let sheet = decoded.sheets.into_iter().next().unwrap();
        assert_eq!(sheet.columns, ["Area", "Children", "On"], "{name}");
        let rows: Vec<RecordBatch> = sheet.rows.map(Result::unwrap).collect();
        let cells = |at: usize| {
            rows[0].column(at + 1).as_string::<i32>().iter().map(|cell| cell.unwrap_or("")).collect::<Vec<_>>()
        };
        assert_eq!((cells(0), cells(1)), (vec!["York", "Hull", "York"], vec!["3", "", "2.5"]), "{name}");
        assert_eq!(cells(2), ["2022-01-08", "2022-01-09", "2022-01-10"], "{name}");
        for at in [7, whole.len() / 4, whole.len() / 2] {
            let cut = rows_or(whole[..at].to_vec()).await;
            assert_eq!(cut, "damaged", "{name} cut at {at}");
        }
    }
    assert_eq!(rows_or(b"Area,Children\nYork,3\n".to_vec()).await, "damaged");
}

async fn rows_or(bytes: Vec<u8>) -> &'static str {
    outcome(&rows(&Format::Arrow, bytes).await)
}
