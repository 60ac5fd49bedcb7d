//! The shell: questions over several lines, a history, completion, and commands that begin with a backslash.

use std::{
    borrow::Cow,
    fs,
    path::{Path, PathBuf},
};

use rustyline::{
    Config, Context, Editor, Helper,
    completion::{Completer, Pair},
    error::ReadlineError,
    highlight::Highlighter,
    hint::Hinter,
    history::FileHistory,
    validate::Validator,
};

use super::{
    super::{
        board,
        say::{Tone, say, toned},
    },
    asked::Asked,
    tables::{self, Known},
};
use crate::{flows::Board, settings, warehouse::statements_of};

const HELP: &str = "The shell takes:
  SELECT …;          a question, over as many lines as it needs
  \\d [TABLE]         the tables, or the columns of one
  \\format WORD       table, csv, json or parquet
  \\o FILE            the next answer goes into this file
  \\as-of [DATE]      as readers saw the warehouse at the end of that day; without a day, as it is
  \\timing            tell how long each answer took, or no longer
  \\i FILE            the questions of a file
  \\q                 leave; so does Ctrl-D";

/// Words that are completed besides tables and columns.
const WORDS: [&str; 24] = [
    "SELECT",
    "FROM",
    "WHERE",
    "GROUP BY",
    "ORDER BY",
    "LIMIT",
    "JOIN",
    "LEFT JOIN",
    "ON",
    "AS",
    "AND",
    "OR",
    "NOT",
    "NULL",
    "IS",
    "IN",
    "CASE",
    "WHEN",
    "THEN",
    "ELSE",
    "END",
    "count",
    "sum",
    "as_of",
];

/// Talks until the person leaves.
pub(super) async fn shell(mut asked: Asked) -> anyhow::Result<()> {
    let board = board::settle(&asked.home)?;
    let known = tables::tables(&board).await?;
    let config = Config::builder().history_ignore_space(true).max_history_size(2000)?.build();
    let mut editor: Editor<Words, FileHistory> = Editor::with_config(config)?;
    editor.set_helper(Some(Words::of(&known)));
    let history = history_file();
    if let Some(path) = &history {
        // A first session has none.
        let _ = editor.load_history(path);
    }
    say(format_args!("{}. \\d lists the tables, \\? helps, \\q leaves.", board.name));
    let mut text = String::new();
    loop {
        let prompt = if text.is_empty() { "sql> " } else { "...> " };
        match editor.readline(prompt) {
            Ok(line) => {
                let is_command = text.is_empty() && line.trim_start().starts_with('\\');
                text.push_str(&line);
                text.push('\n');
                if is_command {
                    let _ = editor.add_history_entry(line.trim());
                    let line = std::mem::take(&mut text);
                    match command(&mut asked, &board, &known, line.trim()).await {
                        Ok(true) => {}
                        Ok(false) => break,
                        Err(error) => say(toned(Tone::Alarm, format_args!("{error:#}"))),
                    }
                } else if text.trim().is_empty() {
                    text.clear();
                } else if text.trim_end().ends_with(';') {
                    let whole = std::mem::take(&mut text);
                    let _ = editor.add_history_entry(whole.trim());
                    if let Err(error) = asked.ask_all(&statements_of(&whole)).await {
                        say(toned(Tone::Alarm, format_args!("{error:#}")));
                    }
                }
            }
            Err(ReadlineError::Interrupted) => text.clear(),
            Err(ReadlineError::Eof) => break,
            Err(error) => return Err(error.into()),
        }
        if let Some(path) = &history {
            // What cannot be kept is not worth a word at every line.
            let _ = editor.save_history(path);
        }
    }
    Ok(())
}

/// Does a command of the shell; false when the person leaves.
async fn command(asked: &mut Asked, board: &Board, known: &[Known], line: &str) -> anyhow::Result<bool> {
    let (word, rest) = line.split_once(char::is_whitespace).map_or((line, ""), |(word, rest)| (word, rest.trim()));
    match word {
        "\\q" | "\\quit" => return Ok(false),
        "\\?" | "\\h" | "\\help" => say(HELP),
        "\\d" | "\\dt" => tables::describe(board, known, Some(rest).filter(|rest| !rest.is_empty()))?,
        "\\timing" => {
            asked.times = !asked.times;
            say(if asked.times { "each answer's time is told" } else { "times are no longer told" });
        }
        "\\format" => asked.format = rest.parse().map_err(anyhow::Error::msg)?,
        "\\o" if !rest.is_empty() => asked.output = Some(PathBuf::from(rest)),
        "\\as-of" if rest.is_empty() => {
            asked.as_of = None;
            say("as the warehouse is now");
        }
        "\\as-of" => {
            asked.as_of = Some(rest.parse().map_err(|_| anyhow::anyhow!("{rest:?} is no day; write 2025-07-14"))?);
        }
        "\\i" if !rest.is_empty() => {
            let text = fs::read_to_string(rest).map_err(|error| anyhow::anyhow!("{rest}: {error}"))?;
            asked.ask_all(&statements_of(&text)).await?;
        }
        _ => anyhow::bail!("{word} is none of the shell's commands:\n{HELP}"),
    }
    Ok(true)
}

/// Where the history is kept, readable by its owner alone: it may hold what somebody looked for.
fn history_file() -> Option<PathBuf> {
    let environment = settings::environment();
    let state = environment.get("XDG_STATE_HOME").map(PathBuf::from);
    let folder = state.or_else(|| environment.get("HOME").map(|home| Path::new(home).join(".local/state")))?;
    let folder = folder.join("quarterday");
    fs::create_dir_all(&folder).ok()?;
    Some(folder.join("sql-history"))
}

/// Completes tables, columns and words of SQL.
struct Words(Vec<String>);

impl Words {
    fn of(known: &[Known]) -> Self {
        let columns = known.iter().flat_map(|one| one.schema.fields().iter().map(|field| field.name().clone()));
        let mut words: Vec<String> = known.iter().map(|one| one.name.clone()).chain(columns).collect();
        words.extend(WORDS.map(str::to_owned));
        words.sort();
        words.dedup();
        Self(words)
    }
}

impl Completer for Words {
    type Candidate = Pair;

    fn complete(&self, line: &str, at: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        let before = line.get(..at).unwrap_or_default();
        let is_of_word = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
        let start = before.rfind(|c| !is_of_word(c)).map_or(0, |place| place + 1);
        let begun = before.get(start..).unwrap_or_default().to_lowercase();
        let fits = |word: &&String| !begun.is_empty() && word.to_lowercase().starts_with(&begun);
        let pair = |word: &String| Pair { display: word.clone(), replacement: word.clone() };
        Ok((start, self.0.iter().filter(fits).map(pair).collect()))
    }
}

impl Hinter for Words {
    type Hint = String;
}

impl Highlighter for Words {
    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _: bool) -> Cow<'b, str> {
        Cow::Borrowed(prompt)
    }
}

impl Validator for Words {}

impl Helper for Words {}
