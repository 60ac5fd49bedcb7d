//! Paths to elements and to what stands in them, as a contract writes them.

/// A text that is no path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotAPath(&'static str);

/// The names from the outermost element to a table's rows: `/Message/Children/Child`.
///
/// # Errors
/// When it does not begin with a stroke or has something other than names between strokes.
pub fn rows_path(text: &str) -> Result<Vec<String>, NotAPath> {
    let below = text.strip_prefix('/').ok_or(NotAPath("a path from the outermost element, with a stroke before it"))?;
    below.split('/').map(|step| name(step).ok_or(NotAPath("names of elements with strokes between them"))).collect()
}

/// Where a column's cell stands, seen from the row's element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// How many elements outwards first.
    pub up: usize,
    /// Then these inwards.
    pub down: Vec<String>,
    /// What is taken of the element arrived at.
    pub what: What,
}

/// What is taken of an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Its text.
    Text,
    /// One of its attributes.
    Attribute(String),
    /// Its number among all elements of its path, which is the row's number in a table of those elements.
    Number,
}

impl Place {
    /// Reads `Name/Name`, `.`, `@attribute`, `Name/@attribute`, `../Name`, `../#` and the like, in a table whose rows are
    /// `depth` names deep.
    ///
    /// # Errors
    /// When it is none of them, or leads out of the outermost element.
    pub fn read(text: &str, depth: usize) -> Result<Self, NotAPath> {
        let mut steps: Vec<&str> = text.split('/').collect();
        let up = steps.iter().take_while(|step| **step == "..").count();
        if up >= depth {
            return Err(NotAPath("a path that stays inside the outermost element"));
        }
        steps.drain(..up);
        let what = match steps.pop() {
            None => What::Text,
            Some(".") if steps.is_empty() && up == 0 => What::Text,
            Some("#") if steps.is_empty() => What::Number,
            Some(last) => match last.strip_prefix('@').map(name) {
                Some(Some(attribute)) => What::Attribute(attribute),
                Some(None) => return Err(EXPECTED),
                None => {
                    steps.push(last);
                    What::Text
                }
            },
        };
        let down = steps.into_iter().map(|step| name(step).ok_or(EXPECTED)).collect::<Result<_, _>>()?;
        Ok(Self { up, down, what })
    }
}

const EXPECTED: NotAPath = NotAPath("a path such as Name, Name/Name, ../Name, @attribute, . or ../#");

fn name(step: &str) -> Option<String> {
    let is_name = step.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && step.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c));
    is_name.then(|| step.to_owned())
}
