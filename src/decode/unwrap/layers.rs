//! One wrapping after the other, until a file is itself.

use std::io::Read;

use flate2::read::MultiGzDecoder;
use serde::Deserialize;

use super::archive;
use super::keys::Told;
use super::locks;
use super::refusal::Refusal;
use super::sniff::{Wrapping, wrapping};

/// How often a file may be wrapped.
pub(super) const DEPTH: usize = 3;

/// How many times larger than its archive a file may be, once it is larger than [`SMALL`]; deflate itself ends at 1032,
/// and the most repetitive table of figures stays well below a hundred.
const RATIO: u64 = 200;

/// Up to how many bytes nobody minds how well a file was packed.
const SMALL: u64 = 64 << 20;

/// The window that zstd may ask memory for, as a power of two: 128 MiB, what its own tool takes.
const ZSTD_WINDOW: u32 = 27;

/// What the worker is asked.
#[derive(Deserialize)]
pub(super) struct Request {
    /// Which files of an archive; empty for the only one.
    pub members: Vec<String>,
    /// Whether there must be one.
    pub single: bool,
    pub keys: Told,
    /// Bytes that all files together may have.
    pub allowed: u64,
    /// How many wrappings there may still be.
    pub deeper: usize,
}

/// Files with their names in their archive, and the names of those passed over.
pub(super) type Taken = (Vec<(Option<String>, Vec<u8>)>, Vec<String>);

/// Takes every wrapping off.
pub(super) fn unwrap(request: &Request, input: Vec<u8>) -> Result<Taken, Refusal> {
    let mut taken = (Vec::new(), Vec::new());
    let mut left = request.allowed;
    peel(request, None, input, request.deeper, &mut left, &mut taken)?;
    Ok(taken)
}

fn peel(
    request: &Request,
    name: Option<String>,
    bytes: Vec<u8>,
    deeper: usize,
    left: &mut u64,
    taken: &mut Taken,
) -> Result<(), Refusal> {
    let Some(wrapping) = wrapping(&bytes) else {
        *left = left.checked_sub(bytes.len() as u64).ok_or(Refusal::TooLarge(request.allowed))?;
        taken.0.push((name, bytes));
        return Ok(());
    };
    if deeper == 0 {
        return Err(Refusal::TooDeep(DEPTH));
    }
    let (keys, allowed) = (&request.keys, request.allowed);
    let inner = match wrapping {
        Wrapping::Zip => {
            let Some(files) = archive::open(request, &bytes, &mut taken.1)? else {
                // A workbook after all.
                *left = left.checked_sub(bytes.len() as u64).ok_or(Refusal::TooLarge(allowed))?;
                taken.0.push((name, bytes));
                return Ok(());
            };
            drop(bytes);
            for (name, file) in files {
                peel(request, Some(name), file, deeper - 1, left, taken)?;
            }
            return Ok(());
        }
        Wrapping::Gzip => limited(MultiGzDecoder::new(bytes.as_slice()), bytes.len(), wrapping.name(), allowed)?,
        Wrapping::Zstd => {
            let damaged = |error: std::io::Error| damaged(wrapping.name(), error);
            let mut decoder = zstd::stream::read::Decoder::with_buffer(bytes.as_slice()).map_err(damaged)?;
            decoder.window_log_max(ZSTD_WINDOW).map_err(damaged)?;
            limited(decoder, bytes.len(), wrapping.name(), allowed)?
        }
        Wrapping::Age | Wrapping::AgeArmor => locks::age(keys, &bytes, allowed)?,
        Wrapping::OpenPgp | Wrapping::OpenPgpArmor => locks::openpgp(keys, &bytes, wrapping, allowed)?,
        Wrapping::Workbook => locks::workbook(keys, &bytes)?,
    };
    drop(bytes);
    peel(request, name, inner, deeper - 1, left, taken)
}

/// Reads to the end, or until it is more than may be.
pub(super) fn limited(mut from: impl Read, packed: usize, what: &str, allowed: u64) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    let most = most(packed as u64);
    let read = (&mut from).take(most.min(allowed) + 1).read_to_end(&mut bytes);
    read.map_err(|error| damaged(what, error))?;
    match bytes.len() as u64 {
        length if length > most => Err(Refusal::Bomb { what: what.to_owned() }),
        length if length > allowed => Err(Refusal::TooLarge(allowed)),
        _ => Ok(bytes),
    }
}

/// How large a file may be that was packed into so many bytes.
pub(super) fn most(packed: u64) -> u64 {
    packed.saturating_mul(RATIO).max(SMALL)
}

/// What a damaged wrapping is called.
pub(super) fn damaged(what: &str, error: impl std::fmt::Display) -> Refusal {
    Refusal::Damaged { what: what.to_owned(), how: error.to_string() }
}
