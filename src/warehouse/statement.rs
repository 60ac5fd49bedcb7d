//! Which statements are questions.

use datafusion::error::DataFusionError;
use datafusion::execution::context::{SQLOptions, SessionState};
use datafusion::logical_expr::LogicalPlan;
use datafusion::sql::parser::Statement as Parsed;
use datafusion::sql::sqlparser::ast::{SetExpr, Statement as Ast};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::ParserError;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

use super::SqlError;

/// The longest text that is looked at, in bytes.
const LONGEST: usize = 64 << 10;

/// The questions of a text, each ended by a semicolon or the text's end; semicolons in quotes and comments end none.
/// What cannot be cut is one question, and whoever reads it says what is wrong.
pub fn statements_of(text: &str) -> Vec<String> {
    let dialect = GenericDialect {};
    let Ok(tokens) = Tokenizer::new(&dialect, text).with_unescape(false).tokenize() else {
        return vec![text.trim().to_owned()];
    };
    let mut found = Vec::new();
    let (mut one, mut says) = (String::new(), false);
    for token in tokens {
        if token == Token::SemiColon {
            found.extend(says.then(|| std::mem::take(&mut one)));
            (one, says) = (String::new(), false);
            continue;
        }
        says |= !matches!(token, Token::Whitespace(_) | Token::EOF);
        one.push_str(&token.to_string());
    }
    found.extend(says.then_some(one));
    found.iter().map(|text| text.trim().to_owned()).collect()
}

/// Reads the text of one question.
///
/// # Errors
/// When it is too long, not SQL, several statements, or anything but a question.
pub(super) fn read(state: &SessionState, sql: &str) -> Result<Parsed, SqlError> {
    if sql.len() > LONGEST {
        return Err(SqlError(format!("the statement is longer than {} KiB; split it", LONGEST >> 10)));
    }
    let dialect = state.config_options().sql_parser.dialect;
    let parsed = state.sql_to_statement(sql, &dialect).map_err(|error| refused_or_broken(sql, &error))?;
    if is_question(&parsed) { Ok(parsed) } else { Err(refused(sql)) }
}

/// The second wall: refuses a plan that would do more than read, however it was written.
pub(super) fn only_reads(plan: &LogicalPlan, sql: &str) -> Result<(), SqlError> {
    let reading = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    reading.verify_plan(plan).map_err(|_| refused(sql))
}

fn is_question(parsed: &Parsed) -> bool {
    match parsed {
        Parsed::Statement(statement) => match statement.as_ref() {
            Ast::Query(query) => !matches!(
                query.body.as_ref(),
                SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_)
            ),
            _ => false,
        },
        Parsed::Explain(explain) => !explain.options.analyze && is_question(&explain.statement),
        Parsed::CreateExternalTable(_) | Parsed::CopyTo(_) | Parsed::Reset(_) => false,
    }
}

/// Words that begin a statement which is never answered, known to the parser or not.
const ACTS: [&str; 27] = [
    "ALTER",
    "ANALYZE",
    "BEGIN",
    "CALL",
    "COMMIT",
    "COPY",
    "CREATE",
    "DEALLOCATE",
    "DELETE",
    "DROP",
    "EXECUTE",
    "GRANT",
    "INSERT",
    "KILL",
    "LISTEN",
    "LOCK",
    "MERGE",
    "NOTIFY",
    "PREPARE",
    "RESET",
    "REVOKE",
    "ROLLBACK",
    "SET",
    "SHOW",
    "TRUNCATE",
    "UPDATE",
    "USE",
];

fn first_word(sql: &str) -> String {
    let word: String = sql.trim_start().chars().take_while(char::is_ascii_alphabetic).take(20).collect();
    word.to_uppercase()
}

fn refused(sql: &str) -> SqlError {
    let what = match first_word(sql).as_str() {
        "SELECT" | "WITH" | "" => "a statement that writes".to_owned(),
        "EXPLAIN" => "this kind of EXPLAIN".to_owned(),
        word => word.to_owned(),
    };
    SqlError(format!(
        "{what} is refused: SQL here only asks; write SELECT, WITH or VALUES, or EXPLAIN before one of them"
    ))
}

fn refused_or_broken(sql: &str, error: &DataFusionError) -> SqlError {
    let word = first_word(sql);
    if ACTS.contains(&word.as_str()) || word == "EXPLAIN" {
        return refused(sql);
    }
    let said = match error.find_root() {
        DataFusionError::SQL(error, _) if matches!(error.as_ref(), ParserError::RecursionLimitExceeded) => {
            return SqlError("the statement is nested too deeply; write it in parts with WITH".to_owned());
        }
        DataFusionError::SQL(error, _) => error.to_string(),
        other => other.message().into_owned(),
    };
    let said = said.strip_prefix("sql parser error: ").unwrap_or(&said);
    match said.contains("single SQL statement") {
        true => SqlError("one statement at a time; remove the semicolon and what follows it".to_owned()),
        false => SqlError(format!("the statement is not SQL: {said}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_at_semicolons_that_stand_in_no_quotes_and_no_comments() {
        let text = "-- one; two\nSELECT ';' AS \"a;b\";\n/* c; d */ SELECT 2 ; ;\n-- the end;\n";
        let found = statements_of(text);
        assert_eq!(found, ["-- one; two\nSELECT ';' AS \"a;b\"", "/* c; d */ SELECT 2"]);
        assert_eq!(statements_of("SELECT 'open"), ["SELECT 'open"]);
        assert_eq!(statements_of("  \n"), [""; 0]);
    }
}
