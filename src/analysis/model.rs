//! A model: a file of SQL whose rows other SQL reads as `models.<name>`. In which order models are worked out follows from
//! what they read.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::words::listed;

/// The schema of models.
pub const MODELS: &str = "models.";

/// One model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// Its identifier, the name of its file.
    pub id: String,
    /// The question that gives its rows.
    pub sql: String,
}

impl Model {
    /// Its table in SQL: `models.referral_totals` of `referral-totals.sql`.
    pub fn table(&self) -> String {
        format!("{MODELS}{}", self.id.replace('-', "_"))
    }
}

/// The models so that each stands after those it reads. `reads` are the tables that each table's SQL names.
///
/// # Errors
/// Names the models that read each other in a circle.
pub fn in_order<'a>(models: &'a [Model], reads: &BTreeMap<String, BTreeSet<String>>) -> Result<Vec<&'a Model>, String> {
    let mut left: Vec<&Model> = models.iter().collect();
    let mut ordered: Vec<&Model> = Vec::new();
    while !left.is_empty() {
        let waits = |model: &&Model| {
            let named = reads.get(&model.table()).into_iter().flatten();
            named.into_iter().any(|name| left.iter().any(|other| other.table() == *name))
        };
        let (waiting, ready): (Vec<&Model>, Vec<&Model>) = left.iter().copied().partition(waits);
        if ready.is_empty() {
            let names: Vec<String> = waiting.iter().map(|model| model.table()).collect();
            return Err(format!("{} read each other in a circle", listed(&names)));
        }
        ordered.extend(ready);
        left = waiting;
    }
    Ok(ordered)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(id: &str) -> Model {
        Model { id: id.to_owned(), sql: String::new() }
    }

    fn reads(of: &[(&str, &[&str])]) -> BTreeMap<String, BTreeSet<String>> {
        of.iter()
            .map(|(name, named)| ((*name).to_owned(), named.iter().map(|name| (*name).to_owned()).collect()))
            .collect()
    }

    #[test]
    fn each_stands_after_what_it_reads() {
        let models = [model("a-top"), model("base"), model("middle")];
        let reads = reads(&[
            ("models.a_top", &["models.middle", "returns.plans"]),
            ("models.middle", &["models.base"]),
            ("models.base", &["returns.plans"]),
        ]);
        let order: Vec<&str> = in_order(&models, &reads).unwrap().iter().map(|model| model.id.as_str()).collect();
        assert_eq!(order, ["base", "middle", "a-top"]);
    }

    #[test]
    fn a_circle_is_named() {
        let models = [model("a"), model("b"), model("c")];
        let reads = reads(&[("models.a", &["models.b"]), ("models.b", &["models.a"]), ("models.c", &[])]);
        assert_eq!(in_order(&models, &reads).unwrap_err(), "models.a and models.b read each other in a circle");
        let models = [model("c")];
        assert!(in_order(&models, &[("models.c".to_owned(), ["models.c".to_owned()].into())].into()).is_err());
    }
}
