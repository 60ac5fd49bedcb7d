//! What people send as XML, and what nobody should.

use super::*;
use crate::decode::wire::texts;

/// A table's headings with how often each was met, and each row's number and cells.
type Table = (Vec<(String, u64)>, Vec<(u32, Vec<String>)>);

const CENSUS: &str = "<M>
  <Head><Year>2024</Year></Head>
  <Child><Visit><On>1</On></Visit><Id>A</Id><Visit kind='x'><On>2</On></Visit></Child>
  <Child><Id>B</Id><New>7</New><New>8</New>stray</Child>
  <Child><Id>C &amp; D</Id><Visit/><Visit><On><![CDATA[<3>]]></On></Visit></Child>
</M>";

fn options(tables: &[(&str, &[&str])]) -> XmlOptions {
    let table = |(rows, columns): &(&str, &[&str])| XmlTable {
        rows: (*rows).to_owned(),
        columns: columns.iter().map(|paths| paths.split(" or ").map(str::to_owned).collect()).collect(),
    };
    XmlOptions { tables: tables.iter().map(table).collect() }
}

fn decode(tables: &[(&str, &[&str])], text: &str) -> Result<(Vec<Table>, Vec<String>), String> {
    let decoded = read(&options(tables), Bytes::copy_from_slice(text.as_bytes()), 1 << 20);
    let decoded = decoded.map_err(|error| error.to_string())?;
    let table = |sheet: crate::decode::Sheet| {
        let columns = sheet.columns.iter().cloned().zip(sheet.counts.iter().copied()).collect();
        Ok((columns, texts(sheet).map_err(|error| error.to_string())?))
    };
    Ok((decoded.sheets.into_iter().map(table).collect::<Result<_, String>>()?, decoded.ignored))
}

fn error(text: &str) -> String {
    decode(&[("/M/Child", &["Id"])], text).unwrap_err()
}

fn row(number: u32, cells: &[&str]) -> (u32, Vec<String>) {
    (number, cells.iter().map(|cell| (*cell).to_owned()).collect())
}

#[test]
fn elements_become_rows_that_carry_what_stands_around_them() {
    let tables: &[(&str, &[&str])] =
        &[("/M/Child", &["Id"]), ("/M/Child/Visit", &["../Id", "On", "@kind", "../#", "../../Head/Year"])];
    let (tables, ignored) = decode(tables, CENSUS).unwrap();
    assert!(ignored.is_empty(), "{ignored:?}");
    let names: Vec<_> = tables[0].0.iter().map(|(name, met)| (name.as_str(), *met)).collect();
    assert_eq!(names, [("Id", 3), ("New", 2), ("text()", 1)], "what nobody asked for is named once and counted");
    assert_eq!(tables[0].1, [row(1, &["A", "", ""]), row(2, &["B", "7; 8", "stray"]), row(3, &["C & D", "", ""])]);
    let visits = [
        row(1, &["A", "1", "", "1", "2024"]),
        row(2, &["A", "2", "x", "1", "2024"]),
        row(3, &["C & D", "", "", "3", "2024"]),
        row(4, &["C & D", "<3>", "", "3", "2024"]),
    ];
    assert_eq!(tables[1].1, visits);
}

#[test]
fn what_stands_outside_every_row_is_named_once() {
    let (_, ignored) = decode(&[("/M/Child", &["Id"])], CENSUS).unwrap();
    assert_eq!(ignored, ["/M/Head"]);
}

#[test]
fn a_path_that_the_file_lacks_is_no_column_unless_there_are_no_rows() {
    let (tables, _) = decode(&[("/M/Child", &["Id", "Sex or Gender"])], CENSUS).unwrap();
    assert!(tables[0].0.iter().all(|(name, _)| name != "Sex"));
    let (tables, _) = decode(&[("/M/Child", &["Id", "Sex or Gender"])], "<M><Other/></M>").unwrap();
    assert_eq!(tables[0].0, [("Id".to_owned(), 0), ("Sex".to_owned(), 0)]);
    let (tables, _) =
        decode(&[("/M/Child", &["Id", "Sex or Gender"])], "<M><Child><Id/><Gender/></Child></M>").unwrap();
    assert_eq!(tables[0].0, [("Id".to_owned(), 1), ("Gender".to_owned(), 1)], "empty elements are there");
}

#[test]
fn a_second_value_is_never_dropped() {
    let error = error("<M><Child><Id>1</Id><Id>2</Id></Child></M>");
    assert_eq!(error, "element 1 of /M/Child has more than one Id; leave one, or give it a [[table]] of its own");
}

#[test]
fn namespaces_and_encodings_make_no_difference() {
    let text = "<?xml version='1.0' encoding='us-ascii'?><c:M xmlns:c='urn:x' xsi:schemaLocation='y'><c:Child><c:Id>1\
                </c:Id></c:Child></c:M>";
    assert_eq!(decode(&[("/M/Child", &["Id"])], text).unwrap().0[0].1, [row(1, &["1"])]);
    let latin = b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><M><Child><Id>caf\xE9</Id></Child></M>";
    let decoded = read(&options(&[("/M/Child", &["Id"])]), Bytes::from_static(latin), 1 << 20).unwrap();
    assert_eq!(texts(decoded.sheets.into_iter().next().unwrap()).unwrap(), [row(1, &["café"])]);
    assert!(error("<?xml version='1.0' encoding='cp037'?><M/>").contains("encoding that is not read"));
}

#[test]
fn what_could_grow_or_be_fetched_is_refused() {
    let bomb = "<!DOCTYPE M [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]>\n<M><Child><Id>&b;</Id></Child></M>";
    assert!(error(bomb).contains("document type"), "{}", error(bomb));
    assert!(error("<M>\n<Child><Id>&nbsp;</Id></Child></M>").starts_with("line 2 of the XML: it uses an entity"));
    assert!(error("<M a='&x;'/>").contains("attribute cannot be read"));
    assert!(error(&format!("<M>{}", "<Child>".repeat(100))).contains("nest deeper"));
    let wide: String = (0..11_000).map(|n| format!("<e{n}/>")).collect();
    assert!(error(&format!("<M><Child>{wide}</Child></M>")).contains("different elements"));
    let many: String = (0..100).map(|n| format!(" a{n}='1'")).collect();
    assert!(error(&format!("<M{many}/>")).contains("too many attributes"));
    let long = "x".repeat(500_000);
    let repeated = format!("<M><Id>{long}</Id>{}</M>", "<Child/>".repeat(50));
    let error = decode(&[("/M/Child", &["../Id"])], &repeated).unwrap_err();
    assert!(error.contains("more than the 1 MiB"), "what is repeated in many rows is counted in each: {error}");
}

#[test]
fn a_damaged_file_is_an_error_that_names_the_line() {
    assert!(error("<M>\n<Child><Id>1</Id>").starts_with("line 2 of the XML"));
    assert!(error("<M><Child></M></Child>").starts_with("line 1 of the XML"));
    assert!(error("<M></M><M></M>").contains("second outermost"));
    assert!(error("<M></M>x").contains("outside"));
    assert!(error("<M>\u{1}</M>").contains("control character"));
    assert!(error("<M>&#1;</M>").contains("control character"));
    assert!(error("<Other/>").contains("outermost element is not <M>"));
    assert!(error("<M><Child a='1' a='2'/></M>").contains("attribute"));
}

#[test]
fn a_path_says_what_is_wrong_with_it() {
    assert!(rows_path("Message").unwrap_err().to_string().contains("stroke before it"));
    assert!(rows_path("/a//b").is_err() && rows_path("/").is_err() && rows_path("/a/*").is_err());
    for good in [".", "@id", "Name", "a/b/@c", "../Name", "../../@id", "../#", "#", ".."] {
        Place::read(good, 3).unwrap_or_else(|error| panic!("{good}: {error}"));
    }
    for bad in ["", "/a", "a//b", "../../../Name", "a/../b", "@", "a b", "a/#", "*"] {
        assert!(Place::read(bad, 3).is_err(), "{bad}");
    }
}
