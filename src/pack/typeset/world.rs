//! What a template can see: the manuscript's files, its fonts, and the day it is told.
//!
//! No other file, no package, no clock, no network.

use std::collections::BTreeMap;

use jiff::civil::Date;
use typst::diag::{FileError, FileResult, SourceDiagnostic, Warned};
use typst::foundations::{Bytes, Datetime, Duration, Smart};
use typst::syntax::{DiagSpan, DiagSpanKind, FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt, World, WorldExt};
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards};

use super::{MAIN, Manuscript, Typeset};

/// The version of the typesetter.
pub(super) fn version() -> &'static str {
    typst::utils::version().raw()
}

/// Sets the manuscript as PDF/UA-1.
pub(super) fn set(manuscript: &Manuscript) -> Result<Typeset, String> {
    let world = Pages::of(manuscript)?;
    let standards = PdfStandards::new(&[PdfStandard::Ua_1]).map_err(|error| error.message().to_string())?;
    let options = PdfOptions {
        ident: Smart::Custom(manuscript.identity.clone()),
        creator: Smart::Custom(Some(super::engine())),
        standards,
        ..PdfOptions::default()
    };
    let Warned { output, warnings } = typst::compile(&world);
    let tell = |problems: &[SourceDiagnostic]| problems.iter().map(|p| world.tell(p)).collect::<Vec<_>>();
    let document = output.map_err(|errors| tell(&errors).join("\n"))?;
    let pdf = typst_pdf::pdf(&document, &options).map_err(|errors| tell(&errors).join("\n"))?;
    Ok(Typeset { pdf, pages: document.pages().len(), warnings: tell(&warnings) })
}

/// Slips in a template's syntax, each with its line.
pub(in crate::pack) fn slips(text: &str) -> Vec<(usize, String)> {
    let source = Source::detached(text);
    let (errors, _) = source.root().errors_and_warnings();
    let line = |span: DiagSpan| {
        let DiagSpanKind::Number { num, sub_range, .. } = span.get() else { return None };
        source.lines().byte_to_line(source.range(num, sub_range)?.start)
    };
    errors.iter().map(|error| (line(error.span).unwrap_or(0) + 1, error.message.to_string())).collect()
}

struct Pages {
    library: LazyHash<Library>,
    book: LazyHash<FontBook>,
    fonts: Vec<Font>,
    main: FileId,
    sources: BTreeMap<String, Source>,
    files: BTreeMap<String, Bytes>,
    today: Date,
}

impl Pages {
    fn of(manuscript: &Manuscript) -> Result<Self, String> {
        let (mut sources, mut files, mut fonts) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
        for (name, bytes) in &manuscript.files {
            let bytes = Bytes::new(bytes.clone());
            if name.ends_with(".otf") || name.ends_with(".ttf") {
                fonts.extend(Font::iter(bytes));
                continue;
            }
            if name.ends_with(".typ") {
                let text = std::str::from_utf8(&bytes).map_err(|_| format!("{name} is not UTF-8 text"))?;
                sources.insert(name.clone(), Source::new(id_of(name)?, text.to_owned()));
            }
            files.insert(name.clone(), bytes);
        }
        if fonts.is_empty() {
            return Err("there is no font among the pack's files".to_owned());
        }
        Ok(Self {
            library: LazyHash::new(Library::builder().build()),
            book: LazyHash::new(FontBook::from_fonts(&fonts)),
            fonts,
            main: id_of(MAIN)?,
            sources,
            files,
            today: manuscript.today,
        })
    }

    /// A problem in one line: where, what, and the typesetter's advice.
    fn tell(&self, problem: &SourceDiagnostic) -> String {
        let traced = problem.trace.iter().map(|point| point.span.into());
        let place = std::iter::once(problem.span).chain(traced).find_map(|span| {
            let id = span.id()?;
            let line = self.source(id).ok()?.lines().byte_to_line(self.range(span)?.start)?;
            Some(format!("{}:{}: ", id.get().vpath().get_without_slash(), line + 1))
        });
        let hints: String = problem.hints.iter().map(|hint| format!(" ({})", hint.v)).collect();
        format!("{}{}{hints}", place.unwrap_or_default(), problem.message)
    }

    fn name(id: FileId) -> FileResult<&'static str> {
        let path = id.get();
        match path.root() {
            VirtualRoot::Project => Ok(path.vpath().get_without_slash()),
            VirtualRoot::Package(_) => Err(FileError::Other(Some("a pack's templates may use no packages".into()))),
        }
    }

    fn missing(name: &str) -> FileError {
        FileError::NotFound(name.into())
    }
}

fn id_of(name: &str) -> Result<FileId, String> {
    let path = VirtualPath::new(name).map_err(|error| format!("{name}: {error}"))?;
    Ok(RootedPath::new(VirtualRoot::Project, path).intern())
}

impl World for Pages {
    fn library(&self) -> &LazyHash<Library> {
        &self.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &self.book
    }

    fn main(&self) -> FileId {
        self.main
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        let name = Self::name(id)?;
        self.sources.get(name).cloned().ok_or_else(|| Self::missing(name))
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        let name = Self::name(id)?;
        self.files.get(name).cloned().ok_or_else(|| Self::missing(name))
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.fonts.get(index).cloned()
    }

    fn today(&self, _offset: Option<Duration>) -> Option<Datetime> {
        let month = u8::try_from(self.today.month()).ok()?;
        let day = u8::try_from(self.today.day()).ok()?;
        Datetime::from_ymd(i32::from(self.today.year()), month, day)
    }
}
