//! The table "Who may name whom" of `docs/architecture.md`.

use std::collections::{BTreeMap, BTreeSet};

/// The rooms that each room may name.
pub struct Table {
    rows: BTreeMap<String, Row>,
    /// Crates that every room may use.
    anywhere: Vec<String>,
}

#[derive(Clone)]
struct Row {
    rooms: BTreeSet<String>,
    /// Crates, or paths into one: `tokio::sync`.
    crates: Vec<String>,
}

impl Table {
    /// Reads the table out of the document.
    pub fn parse(document: &str) -> Result<Self, String> {
        let lines = document.lines().skip_while(|line| !line.starts_with("| room |"));
        let mut table = Self { rows: BTreeMap::new(), anywhere: Vec::new() };
        for line in lines.skip(2).take_while(|line| line.starts_with('|')) {
            let cells: Vec<&str> = line.trim_matches('|').split('|').collect();
            let [names, rooms, crates] = cells[..] else { return Err(format!("not three cells: {line}")) };
            let row = Row { rooms: words(rooms).into_iter().collect(), crates: words(crates) };
            for name in words(names) {
                table.insert(&name, &row)?;
            }
        }
        if table.rows.is_empty() {
            return Err("there is no table that begins with `| room |`".to_owned());
        }
        let named = table.rows.values().flat_map(|row| &row.rooms);
        match named.into_iter().find(|room| *room != EVERYTHING && !table.rows.contains_key(*room)) {
            Some(room) => Err(format!("{room} is named, but has no row")),
            None => Ok(table),
        }
    }

    fn insert(&mut self, name: &str, row: &Row) -> Result<(), String> {
        if name == ANYWHERE {
            self.anywhere.clone_from(&row.crates);
            return Ok(());
        }
        match self.rows.insert(name.to_owned(), row.clone()) {
            Some(_) => Err(format!("{name} has two rows")),
            None => Ok(()),
        }
    }

    pub fn has_row(&self, room: &str) -> bool {
        self.rows.contains_key(room)
    }

    pub fn may_name(&self, room: &str, other: &str) -> bool {
        self.rows.get(room).is_some_and(|row| row.rooms.contains(other) || row.sees_everything())
    }

    /// Decides whether a room may use a path of another crate: `[tokio, sync, Notify]`.
    pub fn may_use(&self, room: &str, path: &[String]) -> bool {
        let Some(row) = self.rows.get(room) else { return false };
        let covers = |entry: &String| {
            entry.split("::").zip(path).all(|(allowed, used)| allowed == used)
                && entry.split("::").count() <= path.len()
        };
        row.sees_everything() || row.crates.iter().chain(&self.anywhere).any(covers)
    }
}

impl Row {
    fn sees_everything(&self) -> bool {
        self.rooms.contains(EVERYTHING)
    }
}

/// The first word of each entry of a cell, spelled as in code; remarks in brackets are skipped.
fn words(cell: &str) -> Vec<String> {
    let without_remarks: String = cell.split('(').map(|part| part.rsplit(')').next().unwrap_or_default()).collect();
    let plain = without_remarks.replace('`', "").replace('-', "_");
    plain
        .split(',')
        .filter_map(|entry| entry.split_whitespace().next())
        .filter(|word| *word != "–")
        .map(str::to_owned)
        .collect()
}

/// The row's name for crates that every room may use.
const ANYWHERE: &str = "anywhere";
const EVERYTHING: &str = "everything";

#[test]
fn rows_are_read_with_their_remarks() {
    let table = Table::parse(
        "# Title\n| no | table |\n\n| room | may name | third-party |\n|---|---|---|\n| model | – | serde-x |\n\
         | `stats`, clock | model (plain data, no more) | `tracing` macros, tokio::sync |\n| builder | everything | – |\n\
         | anywhere | – | small |\n\ntext",
    )
    .unwrap();
    let path = |text: &str| text.split("::").map(str::to_owned).collect::<Vec<_>>();
    assert!(table.may_name("clock", "model") && table.may_name("builder", "clock"));
    assert!(!table.may_name("model", "stats") && !table.may_name("clock", "no") && !table.may_name("clock", "stats"));
    assert!(table.may_use("stats", &path("tokio::sync::Notify")) && table.may_use("stats", &path("tracing")));
    assert!(!table.may_use("stats", &path("tokio::net")) && !table.may_use("stats", &path("tokio")));
    assert!(table.may_use("model", &path("small::X")) && table.may_use("model", &path("serde_x")));
    assert!(!table.may_use("model", &path("std_x")) && !table.has_row("anywhere") && table.has_row("clock"));
}

#[test]
fn a_table_that_says_nothing_or_names_strangers_is_an_error() {
    let head = "| room | may name | third-party |\n|---|---|---|\n";
    assert!(Table::parse("| rooms |").is_err());
    assert!(Table::parse(&format!("{head}| a | b | – |\n")).is_err());
    assert!(Table::parse(&format!("{head}| a | – |\n")).is_err());
    assert!(Table::parse(&format!("{head}| a | – | – |\n| a | – | – |\n")).is_err());
}
