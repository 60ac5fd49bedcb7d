//! Looks through a file row by row and remembers where identities stand.

use std::collections::{BTreeMap, HashMap};

use super::{
    Exempt, Found, Identity, Place,
    labels::{self, Label},
    names, parted,
    patterns::{self, Sighting, Sure},
};

/// So many pupil numbers without a valid check letter in one column are no accident, nor are so many NHS numbers in groups
/// of their own.
const MANY_SHAPES: u64 = 3;

/// From so many ten-digit numbers in a column on, their share of valid ones tells NHS numbers from others: of others, one
/// in eleven is valid by chance.
const ENOUGH: u64 = 40;

/// Among so many rows of a sheet its headings are looked for.
const TOP: u64 = 10;

/// A scan under way.
pub(super) struct Scan<'a> {
    exempt: &'a [Exempt],
    /// Whether columns go by letters in this format.
    lettered: bool,
    found: BTreeMap<(Place, u32, Identity), Found>,
    /// Numbers that pass for an identity.
    numbers: BTreeMap<(Place, u32, Identity), Found>,
    /// Sightings by shape alone.
    shapes: BTreeMap<(Place, u32, Identity), Found>,
    /// NHS numbers in groups that nobody would choose.
    loose: BTreeMap<(Place, u32, Identity), Found>,
    /// Initials of the sheet under way, which count once there is a date of birth beside them.
    initials: BTreeMap<(Place, u32, Identity), Found>,
    sheet: Sheet,
}

/// The sheet that is being looked through.
struct Sheet {
    place: Place,
    name: Option<String>,
    hidden: bool,
    /// What the headings announce, by column.
    labels: HashMap<u32, Label>,
    headings: HashMap<u32, String>,
    rows: u64,
    /// Whether its first row with two texts was met.
    has_header: bool,
    /// How many large numbers stand in each column.
    large: HashMap<u32, u64>,
    /// How many numbers of ten digits in groups stand in each column that are no NHS numbers.
    others: HashMap<u32, u64>,
}

impl Sheet {
    fn new(place: Place, name: Option<String>, hidden: bool) -> Self {
        Self {
            place,
            name,
            hidden,
            labels: HashMap::new(),
            headings: HashMap::new(),
            rows: 0,
            has_header: false,
            large: HashMap::new(),
            others: HashMap::new(),
        }
    }
}

impl<'a> Scan<'a> {
    /// A scan that passes over what is exempt.
    pub(super) fn new(exempt: &'a [Exempt], lettered: bool) -> Self {
        let sheet = Sheet::new(Place::Text, None, false);
        let (found, numbers, shapes, loose, initials) = Default::default();
        Self { exempt, lettered, found, numbers, shapes, loose, initials, sheet }
    }

    /// Begins a sheet or another part of the file; its name is looked at too.
    pub(super) fn begin(&mut self, place: Place, name: Option<&str>, hidden: bool) {
        self.settle_sheet();
        if let (Place::Sheet(at), Some(name)) = (&place, name) {
            self.sheet = Sheet::new(Place::SheetName(*at), Some(name.to_owned()), hidden);
            self.sightings(0, 0, name);
        }
        self.sheet = Sheet::new(place, name.map(str::to_owned), hidden);
    }

    /// Looks at a text that stands alone.
    pub(super) fn text(&mut self, row: u32, text: &str) {
        self.sightings(row, 0, text);
    }

    /// Looks at a text that goes by a name in something with a name of its own, as a value of JSON does by its key.
    pub(super) fn named(&mut self, row: u32, above: &str, name: &str, text: &str) {
        self.sheet.headings = HashMap::from([(0, name.to_owned())]);
        self.sheet.labels = labels::label_within(above, name).map(|label| (0, label)).into_iter().collect();
        for text in [name, text].into_iter().filter(|text| !text.is_empty()) {
            self.sightings(row, 0, text);
        }
        if let Some(label) = self.sheet.labels.get(&0).copied() {
            self.below(row, 0, label, text);
        }
        self.within(row, 0, text);
    }

    /// Looks at a row's cells, which stand in the order of their columns; `is_header` where the format says so.
    pub(super) fn row(&mut self, row: u32, cells: &[(u32, &str)], is_header: bool) {
        let mut labels: Vec<Option<Label>> = cells.iter().map(|(_, text)| labels::label(text)).collect();
        if labels.iter().flatten().any(|label| matches!(label, Label::DateOfBirth | Label::Upn | Label::NhsNumber)) {
            // A name beside such a heading is a child's.
            let names = labels.iter_mut().zip(cells).filter(|(_, (_, text))| labels::is_plain_name(text));
            names.for_each(|(label, _)| *label = Some(Label::Name));
        }
        self.sheet.has_header |= is_header;
        let is_header = is_header || (!is_form(cells, &labels) && self.is_header(cells, &labels));
        self.sheet.rows += 1;
        for ((column, text), label) in cells.iter().zip(&labels) {
            self.sightings(row, *column, text);
            // A declared heading is one wherever its row stands; what the column was announced to be stays so.
            if is_header || self.exempt.iter().any(|exempt| exempt.is_headed(text)) {
                self.sheet.headings.insert(*column, (*text).to_owned());
            }
            if is_header {
                match label {
                    Some(label) => self.sheet.labels.insert(*column, *label),
                    None => self.sheet.labels.remove(column),
                };
            } else if let Some(label) = self.sheet.labels.get(column).copied() {
                self.below(row, *column, label, text);
            }
            self.within(row, *column, text);
        }
        if is_header {
            return;
        }
        for (pair, label) in cells.windows(2).zip(&labels) {
            if let (Some(label), [_, (column, text)]) = (label, pair) {
                self.beside(row, *column, *label, text);
            }
        }
    }

    /// What was found.
    pub(super) fn finish(mut self) -> Vec<Found> {
        self.settle_sheet();
        for (key, shape) in std::mem::take(&mut self.shapes) {
            // Below a heading that says so, each was counted for itself.
            let known = self.found.get(&key).map_or(0, |found| found.cells);
            if key.2 == Identity::Upn && shape.cells >= MANY_SHAPES && known < shape.cells {
                self.merge(key, shape);
            }
        }
        self.found.into_values().collect()
    }

    fn merge(&mut self, key: (Place, u32, Identity), more: Found) {
        match self.found.get_mut(&key) {
            Some(found) => {
                found.row = found.row.min(more.row);
                found.cells += more.cells;
            }
            None => drop(self.found.insert(key, more)),
        }
    }

    /// Whether a row is one of headings: the first of its sheet, the first with two texts, one near the top that reads
    /// like headings, or one that announces two different things about a person. A row of a description of the data is
    /// none, though it begins with such a word.
    fn is_header(&mut self, cells: &[(u32, &str)], labels: &[Option<Label>]) -> bool {
        let texts = cells.iter().filter(|(_, text)| text.bytes().any(|byte| byte.is_ascii_alphabetic())).count();
        let first_of_two = !self.sheet.has_header && texts >= 2;
        self.sheet.has_header |= first_of_two;
        let mut known = labels.iter().flatten();
        let Some(first) = known.next() else { return first_of_two };
        let two = known.any(|other| other != first);
        let alone = self.sheet.rows == 0 && cells.len() == 1;
        let near_the_top = self.sheet.rows < TOP
            && texts >= 2
            && texts == cells.len()
            && labels.contains(&None)
            && cells.iter().all(|(_, text)| names::reads_like_a_heading(text));
        first_of_two || two || alone || near_the_top
    }

    fn sightings(&mut self, row: u32, column: u32, text: &str) {
        if patterns::is_large_number(text) {
            *self.sheet.large.entry(column).or_default() += 1;
        }
        if parted::is_other_loose_number(text) {
            *self.sheet.others.entry(column).or_default() += 1;
        }
        for Sighting { kind, sure } in patterns::sightings(text) {
            self.add(kind, row, column, sure);
        }
    }

    /// A cell below a heading that announces an identity.
    fn below(&mut self, row: u32, column: u32, label: Label, text: &str) {
        match label {
            Label::Forename | Label::Surname | Label::Name if names::may_be_a_name(text) => {
                self.add(Identity::Name, row, column, Sure::Written);
            }
            Label::Person if names::is_written_as_a_full_name(text) => {
                self.add(Identity::Name, row, column, Sure::Written);
            }
            Label::Initials
                if text.chars().filter(|c| c.is_alphabetic()).count() <= 4 && names::may_be_a_name(text) =>
            {
                self.add(Identity::Name, row, column, Sure::Initials);
            }
            _ => self.called(row, column, label, text),
        }
    }

    /// A cell to the right of such a word, as in a form.
    fn beside(&mut self, row: u32, column: u32, label: Label, text: &str) {
        match label {
            Label::Forename | Label::Surname | Label::Name if names::is_written_as_a_name(text) => {
                self.add(Identity::Name, row, column, Sure::Written);
            }
            Label::Person if names::is_written_as_a_full_name(text) => {
                self.add(Identity::Name, row, column, Sure::Written);
            }
            _ => self.called(row, column, label, text),
        }
    }

    /// "Child's name: …" in one cell.
    fn within(&mut self, row: u32, column: u32, text: &str) {
        let Some((word, rest)) = text.split_once(':').filter(|(word, _)| word.len() <= 40) else { return };
        if let Some(label @ (Label::Forename | Label::Surname | Label::Name | Label::Person)) = labels::label(word) {
            self.beside(row, column, label, rest.trim());
        }
    }

    /// A value that its heading makes an identity, whatever its check digit says.
    fn called(&mut self, row: u32, column: u32, label: Label, text: &str) {
        let seen = |kind| patterns::sightings(text).contains(&Sighting { kind, sure: Sure::Written });
        match label {
            Label::DateOfBirth if patterns::is_date(text) => {
                self.add(Identity::DateOfBirth, row, column, Sure::Written)
            }
            Label::NhsNumber if patterns::has_ten_digits(text) && !seen(Identity::NhsNumber) => {
                self.add(Identity::NhsNumber, row, column, Sure::Written);
            }
            Label::Upn if patterns::has_shape_of_upn(text) && !seen(Identity::Upn) => {
                self.add(Identity::Upn, row, column, Sure::Written);
            }
            _ => {}
        }
    }

    fn add(&mut self, kind: Identity, row: u32, column: u32, sure: Sure) {
        let sheet = &self.sheet;
        let heading = sheet.headings.get(&column);
        let is_exempt = self.exempt.iter().any(|exempt| {
            let place = if matches!(sheet.place, Place::Sheet(_)) { sheet.name.as_deref() } else { None };
            exempt.covers(kind, place, heading.map(String::as_str), column, row)
        });
        if is_exempt {
            return;
        }
        let known = match sure {
            Sure::Written => &mut self.found,
            Sure::Number => &mut self.numbers,
            Sure::Shape => &mut self.shapes,
            Sure::Loose => &mut self.loose,
            Sure::Initials => &mut self.initials,
        };
        let seen = known.entry((sheet.place.clone(), column, kind)).or_insert_with(|| Found {
            place: sheet.place.clone(),
            sheet: sheet.name.clone(),
            hidden: sheet.hidden,
            column,
            heading: heading.cloned(),
            lettered: self.lettered,
            row,
            cells: 0,
            kind,
        });
        seen.cells += 1;
    }

    /// At a sheet's end: numbers that pass for an identity are judged by their column, and initials beside dates of birth
    /// are somebody's.
    fn settle_sheet(&mut self) {
        for (key, numbers) in std::mem::take(&mut self.numbers) {
            let others = self.shapes.get(&key).map_or(0, |shapes| shapes.cells);
            let large = self.sheet.large.get(&key.1).copied().unwrap_or(0);
            let by_chance = numbers.cells + others >= ENOUGH && numbers.cells * 5 < numbers.cells + others;
            if !by_chance && large <= numbers.cells + others {
                self.merge(key, numbers);
            }
        }
        for (key, loose) in std::mem::take(&mut self.loose) {
            let others = self.sheet.others.get(&key.1).copied().unwrap_or(0);
            // Below a heading that says so, each was counted for itself.
            let known = self.found.get(&key).map_or(0, |found| found.cells);
            if loose.cells >= MANY_SHAPES && loose.cells > others && known < loose.cells {
                self.merge(key, loose);
            }
        }
        let initials = std::mem::take(&mut self.initials);
        let place = self.sheet.place.clone();
        let has_births = self.found.keys().any(|(at, _, kind)| *at == place && *kind == Identity::DateOfBirth);
        if has_births {
            initials.into_iter().for_each(|(key, initials)| self.merge(key, initials));
        }
    }
}

/// Whether a row is of a form, a word and what it asks for, and not two headings.
fn is_form(cells: &[(u32, &str)], labels: &[Option<Label>]) -> bool {
    let [_, (_, text)] = cells else { return false };
    match labels {
        [Some(Label::Person), None] => names::is_written_as_a_full_name(text),
        [Some(_), None] => text.split_whitespace().count() > 1 && names::is_written_as_a_name(text),
        _ => false,
    }
}
