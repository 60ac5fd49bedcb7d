//! What each element of a file means to the tables of a contract, worked out before the file is read.
//!
//! Elements that the file has besides are added as they are met, so that each is told once.

use std::collections::HashMap;

use super::path::{NotAPath, Place, What, rows_path};
use super::{XmlOptions, XmlTable};

/// Every element path of the contract and, later, of the file.
pub(super) struct Plan {
    pub nodes: Vec<Node>,
    pub tables: Vec<XmlTable>,
    /// For each table the node at whose end its rows are whole.
    pub anchors: Vec<usize>,
}

/// One element path.
#[derive(Default)]
pub(super) struct Node {
    /// The path from the outermost element.
    pub path: String,
    pub children: HashMap<String, usize>,
    /// A contract leads to it or through it.
    pub known: bool,
    /// How many elements of it were met.
    pub met: u32,
    /// The tables whose rows it is.
    pub rows_of: Vec<usize>,
    /// The cells that are taken from it or from below it, once it ends.
    pub fills: Vec<Fill>,
    /// Which cells its own text is.
    pub text: Vec<Target>,
    /// Which cells its attributes are.
    pub attributes: Vec<(String, Target)>,
    /// What is not asked for and stands directly in it, by the end of its path: the column it comes along as.
    pub extra: HashMap<String, (usize, usize)>,
}

/// A column of a table that is filled when an element ends.
pub(super) struct Fill {
    pub table: usize,
    pub column: usize,
    /// The cell is the number of the element.
    pub number: bool,
}

/// A text's way to its cell: a slot of the element so many names deep.
#[derive(Clone, Copy)]
pub(super) struct Target {
    pub depth: usize,
    pub fill: usize,
}

impl Plan {
    /// Works out the tables of a contract; columns are counted over all their paths.
    pub fn of(options: &XmlOptions) -> Result<Self, NotAPath> {
        let mut plan = Self {
            nodes: vec![Node { known: true, ..Node::default() }],
            tables: options.tables.clone(),
            anchors: Vec::new(),
        };
        for (table, described) in options.tables.iter().enumerate() {
            let rows = rows_path(&described.rows)?;
            let row = plan.known(0, &rows);
            plan.nodes[row].rows_of.push(table);
            let mut shallowest = rows.len();
            for (column, path) in described.columns.iter().flatten().enumerate() {
                let place = Place::read(path, rows.len())?;
                let depth = rows.len() - place.up;
                shallowest = shallowest.min(depth);
                let base = plan.known(0, &rows[..depth]);
                let number = place.what == What::Number;
                plan.nodes[base].fills.push(Fill { table, column, number });
                let target = Target { depth, fill: plan.nodes[base].fills.len() - 1 };
                let end = plan.known(base, &place.down);
                match place.what {
                    What::Text => plan.nodes[end].text.push(target),
                    What::Attribute(name) => plan.nodes[end].attributes.push((name, target)),
                    What::Number => {}
                }
            }
            plan.anchors.push(plan.find(&rows[..shallowest]));
        }
        Ok(plan)
    }

    /// The names that the outermost element may have, as people read them.
    pub fn outermost(&self) -> String {
        let mut names: Vec<String> = self.nodes[0].children.keys().map(|name| format!("<{name}>")).collect();
        names.sort();
        names.join(" or ")
    }

    /// The node of a name below another, if there is one.
    pub fn child(&self, of: usize, name: &str) -> Option<usize> {
        self.nodes[of].children.get(name).copied()
    }

    /// Adds a node.
    pub fn add(&mut self, below: usize, name: &str) -> usize {
        let path = format!("{}/{name}", self.nodes[below].path);
        self.nodes.push(Node { path, ..Node::default() });
        let added = self.nodes.len() - 1;
        self.nodes[below].children.insert(name.to_owned(), added);
        added
    }

    fn known(&mut self, from: usize, names: &[String]) -> usize {
        let mut node = from;
        for name in names {
            node = self.child(node, name).unwrap_or_else(|| self.add(node, name));
            self.nodes[node].known = true;
        }
        node
    }

    fn find(&self, names: &[String]) -> usize {
        names.iter().fold(0, |node, name| self.child(node, name).unwrap_or(node))
    }
}
