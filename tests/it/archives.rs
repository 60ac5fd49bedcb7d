//! Extracts that come wrapped: archives, encrypted files, workbooks with a password; opened with the agency's keys, or
//! named as what they are.

use std::{
    fs,
    io::{Cursor, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use age::secrecy::ExposeSecret;
use bytes::Bytes;
use quarterday::decode::{DecodeError, HEAD, Keys, Limits, Lock, Members, Refusal, unwrap};
use quarterday::domain::sha256;
use secrecy::SecretString;
use zip::{CompressionMethod, ZipWriter, unstable::write::FileOptionsExt, write::SimpleFileOptions};

use crate::support::{TestBoard, in_ci, launcher, returns::definition, shared_data};

const CSV: &str = "Area,Children\nYork,3\nHull,4\n";
const PASSWORD: &str = "CANARY-correct-horse";
const OTHER: &str = "CANARY-battery-staple";

/// The files that come out, with their names and what was passed over.
type Out = (Vec<(Option<String>, Vec<u8>)>, Vec<String>);

async fn opened(bytes: Vec<u8>, members: &Members, keys: &Keys) -> Result<Out, DecodeError> {
    let home = tempfile::tempdir().unwrap();
    let unwrapped = unwrap(Bytes::from(bytes), members, keys, &launcher(), Limits::default(), home.path()).await?;
    Ok((
        unwrapped.files.into_iter().map(|(name, content)| (name, content.bytes().unwrap().to_vec())).collect(),
        unwrapped.ignored,
    ))
}

/// The one file that comes out.
async fn inside(bytes: Vec<u8>, keys: &Keys) -> Result<Vec<u8>, DecodeError> {
    let (mut files, _) = opened(bytes, &Members::Only, keys).await?;
    assert_eq!(files.len(), 1);
    Ok(files.remove(0).1)
}

async fn refused(bytes: Vec<u8>, keys: &Keys) -> Refusal {
    match opened(bytes, &Members::Only, keys).await {
        Err(DecodeError::Wrapped(refusal)) => refusal,
        Err(other) => panic!("{other}"),
        Ok((files, _)) => panic!("{} files came out", files.len()),
    }
}

fn none() -> Keys {
    Keys::default()
}

fn password(text: &str) -> Keys {
    Keys { password: Some(SecretString::from(text.to_owned())), ..Keys::default() }
}

fn stored() -> SimpleFileOptions {
    SimpleFileOptions::default().compression_method(CompressionMethod::Deflated)
}

fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
    zipped_as(files, stored())
}

fn zipped_as(files: &[(&str, &[u8])], options: SimpleFileOptions) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(*name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

fn aged(bytes: &[u8], to: &age::x25519::Recipient, armor: bool) -> Vec<u8> {
    let encryptor = age::Encryptor::with_recipients(std::iter::once(to as &dyn age::Recipient)).unwrap();
    let format = if armor { age::armor::Format::AsciiArmor } else { age::armor::Format::Binary };
    let mut out = encryptor.wrap_output(age::armor::ArmoredWriter::wrap_output(Vec::new(), format).unwrap()).unwrap();
    out.write_all(bytes).unwrap();
    out.finish().and_then(age::armor::ArmoredWriter::finish).unwrap()
}

fn age_keys(identities: &[&age::x25519::Identity]) -> Keys {
    let text: String = identities.iter().map(|one| format!("{}\n", one.to_string().expose_secret())).collect();
    Keys { age: Some(SecretString::from(format!("# made for a test\n{text}"))), ..Keys::default() }
}

/// Whether a program is there that some test needs; in CI it must be.
fn has(program: &str) -> bool {
    let found = Command::new("sh").arg("-c").arg(format!("command -v {program}")).stdout(Stdio::null()).status();
    let found = found.unwrap().success();
    assert!(found || !in_ci(), "{program} is required in CI");
    if !found {
        println!("skipped: there is no {program}");
    }
    found
}

/// Runs a program in `folder` that must succeed.
fn run(folder: &Path, program: &str, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(program).args(arguments).current_dir(folder).env("GNUPGHOME", folder).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

#[tokio::test]
async fn what_is_not_wrapped_comes_back_as_it_is() {
    assert_eq!(inside(CSV.into(), &none()).await.unwrap(), CSV.as_bytes());
    assert_eq!(inside(Vec::new(), &none()).await.unwrap(), b"");
}

#[tokio::test]
async fn archives_are_seen_from_their_bytes_and_taken_off_in_any_order() {
    let zip = zipped(&[("a/data.csv", CSV.as_bytes())]);
    let zstd = zstd::encode_all(CSV.as_bytes(), 3).unwrap();
    for wrapped in [
        gzipped(CSV.as_bytes()),
        zstd.clone(),
        zip.clone(),
        gzipped(&zip),
        zipped(&[("data.csv.zst", &zstd)]),
        zipped(&[("inner.zip", &gzipped(&zip))]),
        [gzipped(b"Area,Children\n"), gzipped(b"York,3\nHull,4\n")].concat(),
        zipped_as(&[("data.csv", CSV.as_bytes())], stored().compression_method(CompressionMethod::Zstd)),
        zipped_as(&[("data.csv", CSV.as_bytes())], stored().compression_method(CompressionMethod::Stored)),
    ] {
        assert_eq!(String::from_utf8(inside(wrapped, &none()).await.unwrap()).unwrap(), CSV);
    }
    let four = gzipped(&gzipped(&gzipped(&gzipped(CSV.as_bytes()))));
    assert_eq!(refused(four, &none()).await, Refusal::TooDeep(3));
    let mixed = zipped(&[("a.zip", &zipped(&[("b.zip", &zipped(&[("c.gz", &gzipped(CSV.as_bytes()))]))]))]);
    assert_eq!(refused(mixed, &none()).await, Refusal::TooDeep(3));
}

/// Files without a name that this process holds open in a folder.
fn private_files(folder: &Path) -> usize {
    let held = fs::read_dir("/proc/self/fd").unwrap().filter_map(|entry| fs::read_link(entry.unwrap().path()).ok());
    held.filter(|path| path.starts_with(folder)).count()
}

#[tokio::test]
async fn what_comes_out_of_an_archive_may_be_longer_than_memory_should_hold() {
    let text = CSV.repeat(200_000);
    let zstd = zstd::encode_all(text.as_bytes(), 1).unwrap();
    for wrapped in [gzipped(&zstd), zipped(&[("data.csv", text.as_bytes())]), zipped(&[("data.csv.zst", &zstd)])] {
        let home = tempfile::tempdir().unwrap();
        let (members, keys) = (Members::Only, none());
        let unwrapped =
            unwrap(Bytes::from(wrapped), &members, &keys, &launcher(), Limits::default(), home.path()).await.unwrap();
        let (_, content) = &unwrapped.files[0];
        assert_eq!((content.length(), content.sha256()), (text.len() as u64, sha256(&text).as_str()));
        assert_eq!(
            (private_files(home.path()), fs::read_dir(home.path()).unwrap().count()),
            (1, 0),
            "on the disk, nameless"
        );
        drop(unwrapped);
        assert_eq!(private_files(home.path()), 0);
    }
    let few = Limits { decoded_bytes: 1 << 20, ..Limits::default() };
    let home = tempfile::tempdir().unwrap();
    let long = Bytes::from(gzipped(text.as_bytes()));
    let refused = unwrap(long, &Members::Only, &none(), &launcher(), few, home.path()).await.unwrap_err();
    let error = refused.to_string();
    assert_eq!(error, "it holds more than the 1 MiB allowed; send the data in smaller files");
    assert_eq!(private_files(home.path()), 0, "what had come is gone");
}

#[tokio::test]
async fn an_archive_holds_one_file_or_says_which() {
    let junk: &[(&str, &[u8])] = &[
        ("data.csv", CSV.as_bytes()),
        ("__MACOSX/._data.csv", b"x"),
        (".DS_Store", b"x"),
        ("Thumbs.db", b"x"),
        ("~$data.xlsx", b"x"),
    ];
    let (files, ignored) = opened(zipped(junk), &Members::Only, &none()).await.unwrap();
    assert_eq!(files, [(Some("data.csv".to_owned()), CSV.into())]);
    assert_eq!(ignored, ["__MACOSX/._data.csv", ".DS_Store", "Thumbs.db", "~$data.xlsx"], "passed over, and said");

    let several = zipped(&[("notes.txt", b"hello"), ("Data.CSV", CSV.as_bytes()), ("more.csv", CSV.as_bytes())]);
    let refusal = refused(several.clone(), &none()).await;
    let says =
        "the archive should hold one file, and holds \"notes.txt\", \"Data.CSV\", \"more.csv\"; send that one alone";
    assert_eq!(refusal.to_string(), says);
    let one = Members::One("data*".parse().unwrap());
    let (files, ignored) = opened(several.clone(), &one, &none()).await.unwrap();
    assert_eq!((files[0].0.as_deref(), ignored), (Some("Data.CSV"), vec!["notes.txt".to_owned(), "more.csv".into()]));
    let two = Members::One("*.csv".parse().unwrap());
    let error = opened(several.clone(), &two, &none()).await.unwrap_err().to_string();
    assert!(error.starts_with("the archive should hold one file called \"*.csv\", and holds"), "{error}");
    let each = Members::Each(vec!["*.csv".parse().unwrap()]);
    assert_eq!(opened(several, &each, &none()).await.unwrap().0.len(), 2);
    assert!(matches!(refused(zipped(&[]), &none()).await, Refusal::Members { .. }));
    assert!(matches!(refused(zipped(&[("a/", b"")]), &none()).await, Refusal::Members { .. }));
}

#[tokio::test]
async fn names_are_labels_and_links_are_no_files() {
    let outside = zipped(&[("../../../tmp/quarterday-was-here.csv", CSV.as_bytes())]);
    let (files, _) = opened(outside, &Members::Only, &none()).await.unwrap();
    assert_eq!(files[0].0.as_deref(), Some("../../../tmp/quarterday-was-here.csv"));
    assert!(!Path::new("/tmp/quarterday-was-here.csv").exists());
    let hidden = zipped(&[("da\u{202E}vsc.\x07ta", CSV.as_bytes())]);
    assert_eq!(opened(hidden, &Members::Only, &none()).await.unwrap().0[0].0.as_deref(), Some("davsc.ta"));
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.add_symlink("data.csv", "/etc/passwd", SimpleFileOptions::default()).unwrap();
    assert_eq!(refused(zip.finish().unwrap().into_inner(), &none()).await, Refusal::Link("data.csv".into()));
}

#[tokio::test]
async fn bombs_and_damage_are_errors_of_one_file() {
    let zeros = vec![0; 66 << 20];
    for bomb in [gzipped(&zeros), zipped(&[("a.csv", &zeros)]), zstd::encode_all(zeros.as_slice(), 3).unwrap()] {
        assert!(matches!(refused(bomb, &none()).await, Refusal::Bomb { .. }));
    }
    // One file's bytes under many names, so that a megabyte becomes a terabyte (the zip of Fifield, 2019).
    let mut overlapping = zipped(&[("a.csv", &[b'0'; 5000]), ("b.csv", &[b'1'; 5000])]);
    let second = overlapping.windows(4).rposition(|bytes| bytes == b"PK\x01\x02").unwrap();
    overlapping[second + 42..second + 46].copy_from_slice(&[0; 4]);
    let refusal = opened(overlapping, &Members::Each(vec!["*".parse().unwrap()]), &none()).await.unwrap_err();
    assert!(matches!(&refusal, DecodeError::Wrapped(Refusal::Bomb { .. } | Refusal::Damaged { .. })), "{refusal:?}");
    let many: Vec<String> = (0..2000).map(|n| format!("{n}.csv")).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|name| (name.as_str(), b"".as_slice())).collect();
    assert_eq!(refused(zipped(&many), &none()).await, Refusal::TooMany(2000));

    let zip = zipped(&[("data.csv", CSV.repeat(100).as_bytes())]);
    let gzip = gzipped(CSV.repeat(100).as_bytes());
    let zstd = zstd::encode_all(CSV.repeat(100).as_bytes(), 3).unwrap();
    for whole in [&zip, &gzip, &zstd] {
        for at in [6, whole.len() / 3, whole.len() / 2, whole.len() - 1] {
            let cut = refused(whole[..at].to_vec(), &none()).await;
            assert!(matches!(cut, Refusal::Damaged { .. }), "cut at {at} of {}: {cut}", whole.len());
            assert!(cut.to_string().contains("cut off or damaged"), "{cut}");
        }
    }
    let mut flipped = zip;
    let at = flipped.windows(8).position(|bytes| bytes == b"data.csv").unwrap() + 20;
    flipped[at] ^= 0x10;
    assert!(matches!(refused(flipped, &none()).await, Refusal::Damaged { .. }), "the sum of its bytes tells");
}

#[tokio::test]
async fn age_files_open_with_the_agencys_identity_or_password() {
    let (ours, other) = (age::x25519::Identity::generate(), age::x25519::Identity::generate());
    for armor in [false, true] {
        let file = aged(CSV.as_bytes(), &ours.to_public(), armor);
        assert_eq!(inside(file.clone(), &age_keys(&[&other, &ours])).await.unwrap(), CSV.as_bytes(), "armor: {armor}");
        assert_eq!(refused(file.clone(), &none()).await, Refusal::Protected(Lock::AgeKey));
        assert_eq!(refused(file.clone(), &password(PASSWORD)).await, Refusal::Protected(Lock::AgeKey));
        assert_eq!(refused(file.clone(), &age_keys(&[&other])).await, Refusal::WrongKey(Lock::AgeKey));
        let cut = refused(file[..file.len() - 40].to_vec(), &age_keys(&[&ours])).await;
        assert!(matches!(cut, Refusal::Damaged { .. }), "{cut}");
        let unusable = Keys { age: Some(SecretString::from("no key".to_owned())), ..Keys::default() };
        assert!(matches!(refused(file, &unusable).await, Refusal::UnusableKey(_)));
    }
    let zip = aged(&zipped(&[("data.csv", CSV.as_bytes())]), &ours.to_public(), false);
    assert_eq!(inside(zip, &age_keys(&[&ours])).await.unwrap(), CSV.as_bytes(), "an archive inside");

    let mut recipient = age::scrypt::Recipient::new(SecretString::from(PASSWORD.to_owned()));
    recipient.set_work_factor(4);
    let encryptor = age::Encryptor::with_recipients(std::iter::once(&recipient as &dyn age::Recipient)).unwrap();
    let mut out = encryptor.wrap_output(Vec::new()).unwrap();
    out.write_all(CSV.as_bytes()).unwrap();
    let file = out.finish().unwrap();
    assert_eq!(inside(file.clone(), &password(PASSWORD)).await.unwrap(), CSV.as_bytes());
    assert_eq!(refused(file.clone(), &password(OTHER)).await, Refusal::WrongKey(Lock::AgePassword));
    assert_eq!(refused(file, &none()).await, Refusal::Protected(Lock::AgePassword));
}

#[tokio::test]
async fn a_file_from_the_age_program_opens() {
    if !has("age") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("data.csv"), CSV).unwrap();
    let identity = String::from_utf8(run(folder.path(), "age-keygen", &[])).unwrap();
    let public = identity.lines().find_map(|line| line.strip_prefix("# public key: ")).unwrap();
    let keys = Keys { age: Some(SecretString::from(identity.clone())), ..Keys::default() };
    for arguments in [vec!["-r", public, "data.csv"], vec!["-a", "-r", public, "data.csv"]] {
        let file = run(folder.path(), "age", &arguments);
        assert_eq!(inside(file, &keys).await.unwrap(), CSV.as_bytes(), "{arguments:?}");
    }
}

#[tokio::test]
async fn messages_from_gnupg_open_with_the_agencys_key_or_password() {
    if !has("gpg") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    fs::set_permissions(home, fs::Permissions::from_mode(0o700)).unwrap();
    fs::write(home.join("data.csv"), CSV.repeat(500)).unwrap();
    // Deriving keys slowly is of no use here, and slower still in an unoptimised program.
    fs::write(home.join("gpg-agent.conf"), "s2k-count 65536\n").unwrap();
    fs::write(home.join("gpg.conf"), "s2k-count 65536\n").unwrap();
    let gpg = |arguments: &[&str]| {
        run(
            home,
            "gpg",
            &[&["--batch", "--yes", "--quiet", "--trust-model", "always", "--pinentry-mode", "loopback"], arguments]
                .concat(),
        )
    };
    let key = |name: &str, kind: &str, passphrase: &str| {
        gpg(&["--passphrase", passphrase, "--quick-generate-key", name, kind, "default", "never"]);
        String::from_utf8(gpg(&["--passphrase", passphrase, "--armor", "--export-secret-keys", name])).unwrap()
    };
    let ours = key("board@exampleshire.example", "default", PASSWORD);
    let other = key("other@exampleshire.example", "default", PASSWORD);
    let keys = |key: &str, passphrase: &str| Keys {
        openpgp: Some(SecretString::from(key.to_owned())),
        openpgp_passphrase: Some(SecretString::from(passphrase.to_owned())),
        ..Keys::default()
    };
    let to_us = ["--recipient", "board@exampleshire.example", "--output", "-", "--encrypt"];
    for more in [&[][..], &["--armor"], &["--compress-algo", "none"], &["--compress-algo", "zlib"]] {
        let file = gpg(&[more, &to_us, &["data.csv"]].concat());
        let opened =
            inside(file.clone(), &keys(&ours, PASSWORD)).await.unwrap_or_else(|error| panic!("{more:?}: {error}"));
        assert!(opened == CSV.repeat(500).as_bytes(), "{more:?}");
        assert_eq!(refused(file.clone(), &none()).await, Refusal::Protected(Lock::OpenPgpKey), "{more:?}");
        assert_eq!(
            refused(file.clone(), &keys(&other, PASSWORD)).await,
            Refusal::WrongKey(Lock::OpenPgpKey),
            "{more:?}"
        );
        assert_eq!(refused(file, &keys(&ours, OTHER)).await, Refusal::WrongKey(Lock::OpenPgpKey), "{more:?}");
    }
    let signed = gpg(&[
        &["--passphrase", PASSWORD, "--local-user", "other@exampleshire.example", "--sign"],
        &to_us[..],
        &["data.csv"],
    ]
    .concat());
    assert!(inside(signed, &keys(&ours, PASSWORD)).await.unwrap() == CSV.repeat(500).as_bytes(), "signed as well");
    for more in [&[][..], &["--armor"]] {
        let file = gpg(&[more, &["--passphrase", PASSWORD, "--output", "-", "--symmetric", "data.csv"]].concat());
        assert!(inside(file.clone(), &password(PASSWORD)).await.unwrap() == CSV.repeat(500).as_bytes(), "{more:?}");
        assert_eq!(refused(file.clone(), &password(OTHER)).await, Refusal::WrongKey(Lock::OpenPgpPassword));
        assert_eq!(refused(file, &none()).await, Refusal::Protected(Lock::OpenPgpPassword));
    }
    run(home, "gpgconf", &["--kill", "all"]);
}

#[tokio::test]
async fn zips_with_a_password_open_whichever_program_made_them() {
    let with = |options: SimpleFileOptions| zipped_as(&[("data.csv", CSV.as_bytes())], options);
    let aes = with(stored().with_aes_encryption(zip::AesMode::Aes256, PASSWORD));
    let old = with(stored().with_deprecated_encryption(PASSWORD.as_bytes()).unwrap());
    let mut files = vec![("aes", aes), ("zipcrypto", old)];
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("data.csv"), CSV).unwrap();
    if has("zip") {
        run(folder.path(), "zip", &["-q", "-P", PASSWORD, "zip.zip", "data.csv"]);
        files.push(("zip -P", fs::read(folder.path().join("zip.zip")).unwrap()));
    }
    if has("7zz") {
        let word = format!("-p{PASSWORD}");
        run(folder.path(), "7zz", &["a", "-tzip", "-mem=AES256", &word, "7z.zip", "data.csv"]);
        files.push(("7zz", fs::read(folder.path().join("7z.zip")).unwrap()));
    }
    for (name, file) in files {
        let both = format!("{OTHER}\n{PASSWORD}\n");
        assert_eq!(
            inside(file.clone(), &password(&both)).await.unwrap(),
            CSV.as_bytes(),
            "{name}: an earlier password"
        );
        assert_eq!(refused(file.clone(), &none()).await, Refusal::Protected(Lock::Zip), "{name}");
        assert_eq!(refused(file, &password(OTHER)).await, Refusal::WrongKey(Lock::Zip), "{name}");
    }
}

/// A workbook of the real data, longer than what tells a file's kind, protected by another program.
fn protected_workbook() -> Option<(Vec<u8>, Vec<u8>)> {
    let plain = shared_data("ssda903")?.join("scp_fake.xlsx");
    let tool = std::env::var_os("QUARTERDAY_TEST_VENV").map(PathBuf::from)?.join("bin/msoffcrypto-tool");
    if !tool.exists() {
        assert!(!in_ci(), "{} is required in CI", tool.display());
        println!("skipped: there is no msoffcrypto-tool");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut longer = ZipWriter::new_append(Cursor::new(fs::read(plain).unwrap())).unwrap();
    longer.start_file("xl/media/image1.png", stored().compression_method(CompressionMethod::Stored)).unwrap();
    longer.write_all(&vec![7; 3 * HEAD]).unwrap();
    let plain = folder.path().join("plain.xlsx");
    fs::write(&plain, longer.finish().unwrap().into_inner()).unwrap();
    let out = folder.path().join("protected.xlsx");
    let status = Command::new(tool).args(["-e", "-p", PASSWORD]).arg(&plain).arg(&out).status().unwrap();
    assert!(status.success());
    Some((fs::read(plain).unwrap(), fs::read(out).unwrap()))
}

#[tokio::test]
async fn a_workbook_with_a_password_opens_or_is_named() {
    let Some((plain, protected)) = protected_workbook() else { return };
    assert!(inside(plain.clone(), &none()).await.unwrap() == plain, "a workbook without one is left alone");
    assert!(protected.len() > HEAD);
    assert!(inside(protected.clone(), &password(PASSWORD)).await.unwrap() == plain);
    assert_eq!(refused(protected.clone(), &none()).await, Refusal::Protected(Lock::Workbook));
    assert_eq!(refused(protected.clone(), &password(OTHER)).await, Refusal::WrongKey(Lock::Workbook));
    let mixed = zipped(&[("[Content_Types].txt", b"x")]);
    assert!(inside(mixed, &none()).await.is_ok());
    let in_zip = zipped(&[("book.xlsx", &protected)]);
    assert!(inside(in_zip, &password(PASSWORD)).await.unwrap() == plain, "in an archive as well");
}

/// A board whose police owe one small CSV a quarter.
fn board(format: &str) -> TestBoard {
    let board = TestBoard::with_returns(&[]);
    let table = "[[table]]\nname = \"packed\"\n\
                 [[table.column]]\nname = \"area\"\nheadings = [\"Area\"]\ntype = \"text\"\n\
                 [[table.column]]\nname = \"children\"\nheadings = [\"Children\"]\ntype = \"count\"\n";
    let rest = format!("[format]\n{format}\n\n{table}");
    let contract = definition("Packed", "quarter", "aggregate", &rest);
    let folder = "kind = \"folder\", path = \"drop/{agency}\", pattern = \"packed*\"";
    let contract = contract.replace("kind = \"by-hand\"", folder);
    board.write("pipelines/packed/return.toml", contract);
    board
}

fn secret(board: &TestBoard, name: &str, text: &str) -> String {
    board.write(name, text);
    fs::set_permissions(board.path(name), fs::Permissions::from_mode(0o600)).unwrap();
    format!("{{ file = {:?} }}", board.path(name))
}

fn give_keys(board: &TestBoard, lines: &str) {
    let lead = "[agency.lead]\nname = \"Priya Nair\"";
    board.edit("config/agencies.toml", lead, &format!("[agency.keys]\n{lines}\n{lead}"));
}

/// Where the first agency's people begin, after the remarks.
const LEAD: &str = "[agency.lead]\nname";

const OPEN: &str = "2025-07-01T08:00:00Z";

#[tokio::test]
async fn a_protected_file_is_named_and_opens_once_its_key_is_known() {
    let ours = age::x25519::Identity::generate();
    let file = aged(&zipped(&[("packed.csv", CSV.as_bytes())]), &ours.to_public(), false);
    let board = board("kind = \"csv\"");
    board.write("packed.age", &file);
    board.write(
        "packed.zip",
        zipped_as(&[("packed.csv", CSV.as_bytes())], stored().with_aes_encryption(zip::AesMode::Aes256, PASSWORD)),
    );
    let daemon = board.start(OPEN);
    let said = daemon.submit("packed.age", "packed", "police", "2025-26-Q1").await.unwrap();
    assert!(said.contains("encrypted by age with a key") && said.contains("no key for it here"), "{said}");
    let said = daemon.submit("packed.zip", "packed", "police", "2025-26-Q1").await.unwrap();
    assert!(said.contains("save it without a password, or tell us the password by phone"), "{said}");
    for id in [1, 2] {
        let findings = daemon.ledger().read(move |txn| txn.findings(id)).await.unwrap();
        assert_eq!(findings.iter().map(|finding| finding.rule.as_str()).collect::<Vec<_>>(), ["protected"]);
    }

    let (status, board) = daemon.terminate();
    assert!(status.success());
    let key = secret(&board, "age.key", ours.to_string().expose_secret());
    let word = secret(&board, "word", PASSWORD);
    give_keys(&board, &format!("age = {key}\npassword = {word}"));
    board.done(&["validate"]);
    let daemon = board.start("2025-07-01T09:00:00Z");
    let said = daemon.submit("packed.age", "packed", "police", "2025-26-Q1").await.unwrap();
    assert!(said.contains("accepted"), "{said}");
    assert_eq!(daemon.sql("SELECT area, children FROM returns.packed ORDER BY area").await, ["Hull,4", "York,3"]);
    let said = daemon.submit("packed.zip", "packed", "police", "2025-26-Q1").await.unwrap();
    assert!(said.contains("accepted"), "{said}");
    // What is kept is what was received.
    let kept = daemon.sql("SELECT count(DISTINCT sha256) FROM ledger.submissions").await;
    assert_eq!(kept, ["2"]);
    let digests = daemon.sql("SELECT DISTINCT sha256 FROM ledger.submissions ORDER BY 1").await;
    assert!(digests.contains(&sha256(&file)), "{digests:?}");
    let (_, board) = daemon.terminate();
    let rebuilt = board.done(&["rebuild"]);
    assert!(rebuilt.contains("0 tables differ"), "{rebuilt}");
    let log = board.read("daemon.log");
    assert!(!log.contains("CANARY") && !log.contains("AGE-SECRET-KEY"), "no key in the log");
}

#[tokio::test]
async fn a_key_that_cannot_be_read_is_our_trouble_and_the_file_waits() {
    let board = board("kind = \"csv\"");
    let word = secret(&board, "word", PASSWORD);
    give_keys(&board, &format!("password = {word}"));
    let locked =
        zipped_as(&[("packed.csv", CSV.as_bytes())], stored().with_aes_encryption(zip::AesMode::Aes256, PASSWORD));
    board.write("packed.zip", locked);
    fs::set_permissions(board.path("word"), fs::Permissions::from_mode(0o644)).unwrap();
    let said = crate::support::said(&board.run(&["validate"]));
    assert!(said.contains("chmod 600"), "{said}");
    let daemon = board.start(OPEN);
    let said = daemon.submit("packed.zip", "packed", "police", "2025-26-Q1").await;
    assert!(said.is_err_and(|why| why.contains("chmod 600")));
    assert_eq!(daemon.sql("SELECT count(*) FROM ledger.submissions WHERE verdict IS NULL").await, ["1"]);
    fs::set_permissions(daemon.board.path("word"), fs::Permissions::from_mode(0o600)).unwrap();
    daemon.advance("2025-07-01T12:00:00Z").await;
    assert_eq!(daemon.sql("SELECT verdict FROM ledger.submissions").await, ["accepted"]);
}

#[tokio::test]
async fn a_wrapped_file_dropped_into_a_folder_is_read() {
    let board = board("kind = \"csv\"\nmember = \"*.csv\"");
    board.drop_file("police", "packed 2025-26-Q1.zip", zipped(&[("read me.txt", b"hello"), ("x.csv", CSV.as_bytes())]));
    let daemon = board.start(OPEN);
    daemon.advance("2025-07-01T10:00:00Z").await;
    assert_eq!(daemon.sql("SELECT verdict FROM ledger.submissions").await, ["accepted"]);
    assert_eq!(daemon.sql("SELECT sum(children) FROM returns.packed").await, ["7"]);
}

/// A file's name, and how many rows it has.
type Rows = Vec<(String, usize)>;

/// The eleven files of the children-looked-after return, in one archive.
fn looked_after() -> Option<(Vec<u8>, Rows)> {
    let folder = shared_data("ssda903")?;
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "csv") {
            files.push((path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(path).unwrap()));
        }
    }
    files.sort();
    let rows =
        files.iter().map(|(name, bytes)| (name.clone(), bytes.iter().filter(|byte| **byte == b'\n').count() - 1));
    let rows = rows.collect();
    let files: Vec<(String, Vec<u8>)> = files.into_iter().map(|(name, bytes)| (format!("903/{name}"), bytes)).collect();
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    Some((zipped(&files), rows))
}

#[tokio::test]
async fn an_archive_of_eleven_files_fills_eleven_tables() {
    let Some((zip, rows)) = looked_after() else { return };
    assert_eq!(rows.len(), 11);
    let board = TestBoard::with_returns(&[]);
    let contract = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/real/ssda903-csv/return.toml");
    board.write("pipelines/ssda903-csv/return.toml", fs::read(contract).unwrap());
    board.write("903.zip", &zip);
    let one = zipped(&[("903/episodes.csv", b"CHILD,DECOM\n1,01/01/2020\n"), ("903/more.txt", b"x")]);
    board.write("one.zip", one);
    let daemon = board.start("2026-05-01T08:00:00Z");
    let said = daemon.submit("one.zip", "ssda903-csv", "children-services", "2025-26-FY").await.unwrap();
    assert!(said.contains("header.csv"), "the files that are missing are named: {said}");
    let said = daemon.submit("903.zip", "ssda903-csv", "children-services", "2025-26-FY").await.unwrap();
    assert!(said.contains("accepted"), "{said}");
    for (file, expected) in rows {
        let table = format!("lac_{}", file.trim_end_matches(".csv"));
        let found = daemon.sql(&format!("SELECT count(*) FROM confidential.{table}")).await;
        assert_eq!(found, [expected.to_string()], "{file}");
    }
}

#[test]
fn what_cannot_be_meant_is_refused_with_its_line() {
    let board = board("kind = \"csv\"");
    for (file, from, to, told) in [
        (
            "pipelines/packed/return.toml",
            "kind = \"csv\"",
            "kind = \"csv\"\nmember = \"a/b.csv\"",
            "the name of a file",
        ),
        ("pipelines/packed/return.toml", "kind = \"csv\"", "kind = \"csv\"\nmember = \"*\"", ""),
        ("pipelines/packed/return.toml", "name = \"packed\"", "name = \"packed\"\nfile = \"\"", "file"),
        (
            "config/agencies.toml",
            LEAD,
            "[agency.keys]\npassword = \"hunter2\"\n[agency.lead]\nname",
            "where the secret stands",
        ),
        ("config/agencies.toml", LEAD, "[agency.keys]\npasword = { file = \"x\" }\n[agency.lead]\nname", "pasword"),
        (
            "config/agencies.toml",
            LEAD,
            "[agency.keys]\nopenpgp_passphrase = { file = \"x\" }\n[agency.lead]\nname",
            "a passphrase only for the key",
        ),
    ] {
        let before = board.read(file);
        board.edit(file, from, to);
        let output = board.run(&["validate"]);
        let said = crate::support::said(&output);
        assert_eq!(output.status.success(), told.is_empty(), "{to}: {said}");
        assert!(said.contains(told) && !said.contains("hunter2"), "{to}: {said}");
        board.write(file, before);
    }
}
