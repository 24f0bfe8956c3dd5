//! The sources of each crate are as `docs/architecture.md` says; each rule is a function and has examples that break it.

mod circles;
mod pages;
mod source;
mod table;

use std::collections::BTreeMap;
use std::path::Path;

use circles::Modules;
use pages::{Files, missing_names, unlisted};
use source::{Source, Token, UsedPath, mark_test_files, read_tree};
use table::Table;

/// The files in import circles: for the root package by room, for the others by crate. A number may only fall.
const CIRCLES: &[(&str, usize)] = &[
    ("llmobs-model", 7),
    ("llmobs-providers", 72),
    ("llmobs-receiver", 14),
    ("src/builder", 3),
    ("src/config", 2),
    ("tracing-llmobs-rmcp", 4),
];

#[test]
fn the_sources_are_as_the_architecture_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let document = std::fs::read_to_string(root.join("docs/architecture.md")).unwrap();
    let manifest = std::fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let table = Some(Table::parse(&document).unwrap());
    let house = House {
        folder: "src".to_owned(),
        sources: read_tree(&root.join("src")),
        table,
        crates: dependencies(&manifest),
    };
    assert!(house.crates.iter().any(|name| name == "tracing_subscriber"), "Cargo.toml was not understood");
    let houses: Vec<House> = std::iter::once(house).chain(other_crates(root)).collect();
    assert!(houses.len() > 3 && houses.iter().all(|house| house.sources.iter().any(|source| source.path == "lib.rs")));
    let rules = [
        names_only_rooms_of_its_row,
        stops_at_the_door,
        uses_only_crates_of_its_row,
        doors_are_short,
        rooms_are_folders,
        files_are_short,
        names_are_nouns_of_the_problem,
        environment_is_read_in_one_place,
        clock_is_read_in_one_place,
        nobody_sleeps,
        field_names_are_spelled_in_one_place,
    ];
    let broken: Vec<String> = houses.iter().flat_map(|house| rules.iter().flat_map(|rule| rule(house))).collect();
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

#[test]
fn import_circles_only_become_fewer() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let house =
        House { folder: "src".to_owned(), sources: read_tree(&root.join("src")), table: None, crates: Vec::new() };
    let mut counted = BTreeMap::new();
    let mut shown = Vec::new();
    for house in std::iter::once(house).chain(other_crates(root)) {
        for (place, circles) in circles_by_place(&house) {
            counted.insert(place, circles.iter().map(Vec::len).sum::<usize>());
            shown.extend(circles.iter().map(|circle| format!("{}: {}", house.folder, circle.join(" "))));
        }
    }
    let recorded: BTreeMap<String, usize> =
        CIRCLES.iter().map(|(place, count)| ((*place).to_owned(), *count)).collect();
    assert_eq!(counted, recorded, "a number may only fall, and is then written down:\n{}", shown.join("\n"));
}

/// Pages that name files. Decision records name those of their time.
const PAGES: [&str; 7] = [
    "docs/architecture.md",
    "docs/conventions.md",
    "docs/tour.md",
    "docs/reliability.md",
    "README.md",
    "CONTRIBUTING.md",
    "benches/README.md",
];

#[test]
fn files_that_pages_name_exist_and_the_tree_has_every_room() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = Files::read(root);
    let mut broken = Vec::new();
    for page in PAGES {
        let Ok(text) = std::fs::read_to_string(root.join(page)) else {
            broken.push(format!("{page} does not exist"));
            continue;
        };
        broken.extend(missing_names(&text, &files).into_iter().map(|name| format!("{page}: {name} does not exist")));
    }
    let architecture = std::fs::read_to_string(root.join("docs/architecture.md")).unwrap();
    for folder in ["src", "crates"] {
        let unlisted = unlisted(&architecture, folder, &files).into_iter();
        broken.extend(unlisted.map(|name| format!("docs/architecture.md: the tree does not list {name}")));
    }
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

/// The sources of one crate, and what holds for them.
struct House {
    /// The folder of the sources, below the repository.
    folder: String,
    sources: Vec<Source>,
    /// Rooms of the root package name each other as this table says; other crates have none.
    table: Option<Table>,
    /// The crates of `[dependencies]`, as code spells them.
    crates: Vec<String>,
}

impl House {
    /// Returns the files of rooms: not the front page, and not programs, which are crates of their own.
    fn rooms(&self) -> impl Iterator<Item = &Source> {
        self.sources.iter().filter(|source| !matches!(source.room(), "lib" | "bin"))
    }

    fn is_room(&self, name: &str) -> bool {
        self.rooms().any(|source| source.room() == name)
    }

    fn has_file(&self, room: &str, name: &str) -> bool {
        self.rooms().any(|source| source.room() == room && source.modules().get(1) == Some(&name))
    }

    fn at(&self, source: &Source, line: impl std::fmt::Display) -> String {
        format!("{}/{}: {line}", self.folder, source.path)
    }

    fn at_path(&self, source: &Source, path: &UsedPath, reason: &str) -> String {
        format!("{}/{}:{}: {}: {reason}", self.folder, source.path, path.line, path.segments.join("::"))
    }
}

/// Reads the crates below `crates/`.
fn other_crates(root: &Path) -> Vec<House> {
    let folders = std::fs::read_dir(root.join("crates")).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<_> = folders.filter(|folder| folder.join("src").is_dir()).collect();
    folders.sort();
    let house = |folder: std::path::PathBuf| {
        let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        let name = format!("crates/{}/src", folder.file_name().unwrap().to_str().unwrap());
        House { sources: read_tree(&folder.join("src")), folder: name, table: None, crates: dependencies(&manifest) }
    };
    folders.into_iter().map(house).collect()
}

/// Returns the circles of each room of the root package, or of a whole crate.
fn circles_by_place(house: &House) -> Vec<(String, Vec<Vec<&str>>)> {
    let modules = Modules::new(&house.sources);
    let is_code = |source: &Source| source.test_lines < source.lines;
    if house.folder != "src" {
        let name = house.folder.split('/').nth(1).unwrap().to_owned();
        let circles = modules.circles(is_code);
        return if circles.is_empty() { Vec::new() } else { vec![(name, circles)] };
    }
    let rooms: std::collections::BTreeSet<&str> = house.rooms().map(Source::room).collect();
    let circles = rooms.into_iter().map(|room| {
        let circles = modules.circles(|source| is_code(source) && source.room() == room);
        (format!("src/{room}"), circles)
    });
    circles.filter(|(_, circles)| !circles.is_empty()).collect()
}

fn names_only_rooms_of_its_row(house: &House) -> Vec<String> {
    let Some(table) = &house.table else { return Vec::new() };
    let mut broken = Vec::new();
    for source in house.rooms() {
        let room = source.room();
        if !table.has_row(room) {
            broken.push(house.at(source, format_args!("the room {room} has no row in the table")));
        }
        for (path, absolute) in product_paths(source).filter_map(|path| Some((source.absolute(&path)?, path))).map(swap)
        {
            let Some(other) = absolute.first().filter(|other| *other != room) else { continue };
            if !house.is_room(other) && !table.may_name(room, "everything") {
                broken.push(house.at_path(source, &path, "goes through the front page; name the room"));
            } else if house.is_room(other) && !table.may_name(room, other) {
                broken.push(house.at_path(source, &path, &format!("{room} may not name {other}")));
            }
        }
    }
    broken
}

fn stops_at_the_door(house: &House) -> Vec<String> {
    if house.table.is_none() {
        // Below another crate's front page, files name each other.
        return Vec::new();
    }
    let mut broken = Vec::new();
    for source in house.sources.iter().filter(|source| source.room() != "bin") {
        for path in product_paths(source) {
            // The front page stands at the root, so its paths need no `crate`, and may show a module whole.
            let is_front = source.room() == "lib";
            let absolute =
                source.absolute(&path).unwrap_or_else(|| if is_front { path.segments.clone() } else { Vec::new() });
            let [other, file, rest @ ..] = absolute.as_slice() else { continue };
            if other != source.room() && house.has_file(other, file) && !(is_front && rest.is_empty()) {
                broken.push(house.at_path(source, &path, &format!("reaches past the door of {other}")));
            }
        }
    }
    broken
}

fn uses_only_crates_of_its_row(house: &House) -> Vec<String> {
    let Some(table) = &house.table else { return Vec::new() };
    let mut broken = Vec::new();
    for source in house.rooms() {
        let is_foreign = |path: &UsedPath| house.crates.contains(&path.segments[0]);
        for path in product_paths(source).filter(is_foreign) {
            if !table.may_use(source.room(), &path.segments) {
                broken.push(house.at_path(source, &path, &format!("{} may not use this crate", source.room())));
            }
        }
    }
    broken
}

fn doors_are_short(house: &House) -> Vec<String> {
    let is_door = |source: &&Source| source.path.ends_with("mod.rs") && house.table.is_some();
    let doors = house.sources.iter().filter(is_door);
    let long = doors.filter(|door| door.lines > 80);
    long.map(|door| house.at(door, format_args!("{} lines, a door has 80", door.lines))).collect()
}

/// A room is one file, or a folder with a door: a file beside its folder would be a door with logic.
fn rooms_are_folders(house: &House) -> Vec<String> {
    let beside = house.rooms().filter(|source| {
        let folder = format!("{}/", source.room());
        !source.path.contains('/')
            && house
                .sources
                .iter()
                .any(|other| other.path.starts_with(&folder) && !other.words.iter().all(|word| word.test))
    });
    beside
        .map(|source| house.at(source, format_args!("the room is a folder, so its door is {}/mod.rs", source.room())))
        .collect()
}

fn files_are_short(house: &House) -> Vec<String> {
    let length = |source: &Source| source.lines.saturating_sub(source.test_lines);
    let long = house.sources.iter().filter(|source| length(source) > 400);
    long.map(|source| house.at(source, format_args!("{} lines without tests, a file has 400", length(source))))
        .collect()
}

fn names_are_nouns_of_the_problem(house: &House) -> Vec<String> {
    let vague = ["utils", "util", "common", "core", "helpers", "helper", "manager", "managers"];
    let is_vague = |source: &&Source| source.path.trim_end_matches(".rs").split('/').any(|part| vague.contains(&part));
    house.sources.iter().filter(is_vague).map(|source| house.at(source, "the name says nothing")).collect()
}

fn environment_is_read_in_one_place(house: &House) -> Vec<String> {
    let elsewhere = house.rooms().filter(|source| source.path != "config/env.rs");
    broken_paths(house, elsewhere, "only config/env.rs reads the environment", |path| {
        !path.test && has_pair(path, &["std"], "env")
    })
}

fn clock_is_read_in_one_place(house: &House) -> Vec<String> {
    if house.folder.starts_with("crates/tracing-llmobs-") {
        // Adapters measure calls where their client crate has no time to offer.
        return Vec::new();
    }
    let elsewhere = || house.sources.iter().filter(|source| source.path != "clock.rs");
    let asks = |path: &UsedPath| !path.test && has_pair(path, &["Instant", "SystemTime"], "now");
    let mut broken = broken_paths(house, elsewhere(), "only clock.rs asks for the time", asks);
    for source in elsewhere() {
        for call in source.words.windows(3).filter(|call| !call[0].test) {
            let asks = call[0].token == Token::Mark('.')
                && call[1].token == Token::Name("elapsed".to_owned())
                && matches!(call[2].token, Token::Open(_));
            if asks {
                broken.push(
                    house.at(source, format_args!("{}: .elapsed(): only clock.rs asks for the time", call[1].line)),
                );
            }
        }
    }
    broken
}

fn nobody_sleeps(house: &House) -> Vec<String> {
    broken_paths(house, house.sources.iter(), "nobody sleeps", |path| has_pair(path, &["thread"], "sleep"))
}

fn field_names_are_spelled_in_one_place(house: &House) -> Vec<String> {
    let mut broken = Vec::new();
    for source in house.sources.iter().filter(|source| source.room() != "fields") {
        for word in source.words.iter().filter(|word| !word.test) {
            if let Token::Literal(text) = &word.token
                && spells_field(text)
            {
                broken.push(house.at(source, format_args!("{}: {text}: field names are spelled in fields", word.line)));
            }
        }
    }
    broken
}

/// Finds the name of a field in a text: `llmobs.kind`, but neither `tracing_llmobs.` nor `llmobs-intake.`.
fn spells_field(text: &str) -> bool {
    text.match_indices("llmobs.").any(|(start, found)| {
        let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        let goes_on =
            text[start + found.len()..].starts_with(|letter: char| letter.is_ascii_lowercase() || letter == '{');
        goes_on && !text[..start].ends_with(is_word)
    })
}

fn product_paths(source: &Source) -> impl Iterator<Item = UsedPath> {
    source.paths().into_iter().filter(|path| !path.test)
}

fn broken_paths<'a>(
    house: &House,
    sources: impl Iterator<Item = &'a Source>,
    reason: &str,
    is_broken: impl Fn(&UsedPath) -> bool,
) -> Vec<String> {
    let broken = |source: &Source| -> Vec<String> {
        source.paths().iter().filter(|path| is_broken(path)).map(|path| house.at_path(source, path, reason)).collect()
    };
    sources.flat_map(broken).collect()
}

fn has_pair(path: &UsedPath, first: &[&str], second: &str) -> bool {
    path.segments.windows(2).any(|pair| first.contains(&pair[0].as_str()) && pair[1] == second)
}

fn swap<A, B>((one, other): (A, B)) -> (B, A) {
    (other, one)
}

/// The names under `[dependencies]`, as code spells them.
fn dependencies(manifest: &str) -> Vec<String> {
    let lines = manifest.lines().skip_while(|line| *line != "[dependencies]").skip(1);
    let entries = lines.take_while(|line| !line.starts_with('['));
    entries.filter_map(|line| line.split_once('=')).map(|(name, _)| name.trim().replace('-', "_")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A house of made-up files, with the doors of two rooms.
    fn house(files: &[(&str, &str)]) -> House {
        let doors = [
            ("model/mod.rs", "mod id;"),
            ("model/id.rs", ""),
            ("export/mod.rs", "mod batch; #[cfg(test)] mod tests; #[cfg(test)] mod rig;"),
            ("clock.rs", ""),
        ];
        let table = "| room | may name | third-party |\n|---|---|---|\n| model, clock, config, conventions | – | – |\n\
                     | export | model | tokio::sync |\n| builder | everything | – |\n| anywhere | – | serde |\n";
        let is_given = |path: &str| files.iter().any(|(given, _)| *given == path);
        let doors = doors.iter().filter(|(path, _)| !is_given(path));
        let mut sources: Vec<Source> = doors.chain(files).map(|(path, text)| Source::new(path, text)).collect();
        mark_test_files(&mut sources);
        House {
            folder: "src".to_owned(),
            sources,
            table: Some(Table::parse(table).unwrap()),
            crates: ["tokio", "reqwest", "serde"].map(str::to_owned).to_vec(),
        }
    }

    /// A rule, a file, and how often the file breaks the rule.
    type Case = (Rule, &'static str, &'static str, usize);
    type Rule = fn(&House) -> Vec<String>;

    #[test]
    fn rules_about_rooms_find_what_breaks_them_and_nothing_else() {
        let edges = names_only_rooms_of_its_row;
        let crates = uses_only_crates_of_its_row;
        check(&[
            (edges, "export/batch.rs", "use crate::model::Tags; // crate::clock", 0),
            (edges, "export/batch.rs", "use crate::{model::Tags, clock::Now};", 1),
            (edges, "export/batch.rs", "fn f() { crate::clock::now() }", 1),
            (edges, "export/batch.rs", "fn f() { x!(crate::clock::now()) }", 1),
            (edges, "export/batch.rs", "use super::super::clock;", 1),
            (edges, "export/batch.rs", "use super::retry; use self::a::b; const A: &str = \"crate::clock::A\";", 0),
            (edges, "export/batch.rs", "#[cfg(test)] mod tests { use crate::clock::Manual; }", 0),
            (edges, "export/rig/mod.rs", "use crate::clock::Manual;", 0),
            (edges, "export/rigs.rs", "use crate::clock::Manual;", 1),
            (edges, "export/batch.rs", "#[cfg(not(test))] use crate::clock::Manual;", 1),
            (edges, "export/batch.rs", "use crate::Tags;", 1),
            (edges, "clock.rs", "use super::model::Tags;", 1),
            (edges, "builder.rs", "use crate::{clock::Now, export::Worker, model::Tags};", 0),
            (edges, "attic/mod.rs", "", 1),
            (edges, "bin/viewer.rs", "use crate::clock;", 0),
            (edges, "lib.rs", "pub use crate::clock::Now;", 0),
            (stops_at_the_door, "export/batch.rs", "use crate::model::Tags;", 0),
            (stops_at_the_door, "export/batch.rs", "use crate::model::id::SpanId;", 1),
            (stops_at_the_door, "export/batch.rs", "use crate::model::id;", 1),
            (stops_at_the_door, "builder.rs", "use crate::model::{Tags, id::SpanId};", 1),
            (stops_at_the_door, "model/tags.rs", "use crate::model::id::SpanId;", 0),
            (stops_at_the_door, "lib.rs", "pub use model::id; pub use model::Tags;", 0),
            (stops_at_the_door, "lib.rs", "pub use model::id::SpanId;", 1),
            (crates, "export/batch.rs", "use tokio::sync::Notify; use serde::Serialize; use std::fmt;", 0),
            (crates, "export/batch.rs", "use tokio::{sync::Notify, net::TcpStream};", 1),
            (crates, "export/batch.rs", "fn f() -> reqwest::Client { g() }", 1),
            (crates, "model/tags.rs", "use tokio;", 1),
            (crates, "model/tags.rs", "fn f() { a.tokio::<u8>(); b::reqwest::c() }", 0),
            (crates, "builder.rs", "use reqwest::Client;", 0),
        ]);
    }

    #[test]
    fn rules_about_single_places_find_what_breaks_them_and_nothing_else() {
        check(&[
            (rooms_are_folders, "export.rs", "", 1),
            (rooms_are_folders, "exporter.rs", "", 0),
            (names_are_nouns_of_the_problem, "export/utils.rs", "", 1),
            (names_are_nouns_of_the_problem, "core/batch.rs", "", 1),
            (names_are_nouns_of_the_problem, "export/score.rs", "", 0),
            (environment_is_read_in_one_place, "config/env.rs", "fn f() { std::env::var(\"A\") }", 0),
            (environment_is_read_in_one_place, "config/site.rs", "fn f() { std::env::var(\"A\") }", 1),
            (environment_is_read_in_one_place, "config/site.rs", "use std::{env, fmt};", 1),
            (environment_is_read_in_one_place, "config/site.rs", "const A: &str = env!(\"CARGO_PKG_VERSION\");", 0),
            (clock_is_read_in_one_place, "clock.rs", "fn f() { Instant::now() }", 0),
            (clock_is_read_in_one_place, "export/batch.rs", "fn f(now: Instant) { now.checked_add(d) }", 0),
            (
                clock_is_read_in_one_place,
                "export/batch.rs",
                "fn f() { Instant::now(); std::time::SystemTime::now() }",
                2,
            ),
            (clock_is_read_in_one_place, "export/batch.rs", "fn f(since: Instant) { since.elapsed() }", 1),
            (nobody_sleeps, "export/batch.rs", "fn f() { std::thread::sleep(d) }", 1),
            (nobody_sleeps, "export/batch.rs", "#[cfg(test)] mod tests { use std::thread::{self, sleep}; }", 1),
            (nobody_sleeps, "export/batch.rs", "async fn f() { tokio::time::sleep(d).await }", 0),
            (field_names_are_spelled_in_one_place, "fields/names.rs", "const A: &str = \"llmobs.kind\";", 0),
            (field_names_are_spelled_in_one_place, "export/batch.rs", "const A: &str = \"llmobs.kind\";", 1),
            (field_names_are_spelled_in_one_place, "export/batch.rs", "const A: &str = \"unknown `llmobs.kind`\";", 1),
            (field_names_are_spelled_in_one_place, "export/batch.rs", "/// `llmobs.kind`\nconst A: u8 = 1;", 0),
            (
                field_names_are_spelled_in_one_place,
                "export/batch.rs",
                "const A: &str = \"tracing_llmobs.a llmobs. b\";",
                0,
            ),
        ]);
    }

    fn check(cases: &[Case]) {
        for (rule, path, text, expected) in cases {
            let broken = rule(&house(&[(path, text)]));
            assert_eq!(broken.len(), *expected, "src/{path}: {text}\n{broken:?}");
            assert!(broken.iter().all(|line| line.contains(path)), "{broken:?}");
        }
    }

    #[test]
    fn ceilings_count_lines_without_tests() {
        let lines = |count: usize| "const A: u8 = 1;\n".repeat(count);
        let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", lines(100));
        let cases: &[(Rule, &str, String, usize)] = &[
            (doors_are_short, "export/mod.rs", lines(80), 0),
            (doors_are_short, "export/mod.rs", lines(81), 1),
            (doors_are_short, "export/batch.rs", lines(81), 0),
            (files_are_short, "export/batch.rs", lines(400), 0),
            (files_are_short, "export/batch.rs", lines(401), 1),
            (files_are_short, "export/batch.rs", lines(400) + &tests, 0),
            (files_are_short, "export/batch.rs", tests.clone() + &lines(401), 1),
            (files_are_short, "export/tests.rs", lines(401), 0),
        ];
        for (rule, path, text, expected) in cases {
            assert_eq!(rule(&house(&[(path, text)])).len(), *expected, "src/{path}, {} lines", text.lines().count());
        }
    }

    #[test]
    fn dependencies_are_those_of_the_library() {
        let manifest = "[features]\na = []\n[dependencies]\none-two = \"1\"\nthree = { version = \"3\" }\n\n[dev-dependencies]\nfour = \"4\"\n";
        assert_eq!(dependencies(manifest), ["one_two", "three"]);
    }
}
