//! `docs/parity.md` is whole and true: no capability without a row, no row without a test that exists.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const SOURCES: [&str; 2] = ["src", "tests"];
/// The checklist lies beside the repository where the crate is developed.
const CHECKLIST: &str = "../shared/reference/features.md";
const GOLDEN: &str = "golden::scenarios::";
const EXAMPLE: &str = "example::";

/// A row: its id, where in the API, and the tests.
type Row = [String; 3];

#[test]
fn rows_are_sorted_whole_and_there_once() {
    let rows = rows();
    assert!(rows.len() > 100, "{}", rows.len());
    let ids: Vec<_> = rows.iter().map(|[id, ..]| id_in_order(id)).collect();
    for pair in ids.windows(2) {
        assert!(pair[0] < pair[1], "{pair:?}");
    }
    for [id, place, tests] in &rows {
        assert!(!place.is_empty() && !names(tests).is_empty(), "{id}");
    }
}

#[test]
fn every_test_that_is_named_exists() {
    let known = tests();
    let scenarios = fs::read_to_string("tests/it/golden/scenarios.rs").unwrap();
    let is_known = |name: &str| {
        if let Some(scenario) = name.strip_prefix(GOLDEN) {
            let file = Path::new("tests/golden").join(scenario).with_extension("json");
            return file.exists() && scenarios.contains(&format!("\n    {scenario}: "));
        }
        if let Some(example) = name.strip_prefix(EXAMPLE) {
            return asserting_examples().contains(example);
        }
        known.iter().any(|test| test == name || test.ends_with(&format!("::{name}")))
    };
    let rows = rows();
    let named = rows.iter().flat_map(|[id, _, tests]| names(tests).into_iter().map(move |name| (id, name)));
    let unknown: Vec<_> = named.filter(|(_, name)| !is_known(name)).collect();
    assert_eq!(unknown, []);
    assert!(!is_known("evaluations::a_test_that_nobody_wrote") && !is_known("golden::scenarios::nothing"));
}

#[test]
#[ignore = "needs ../shared"]
fn no_capability_of_the_checklist_is_missing() {
    let checklist = fs::read_to_string(CHECKLIST).expect("the checklist lies beside the repository");
    let rows = rows();
    let there: BTreeSet<_> = rows.iter().map(|[id, ..]| id.as_str()).collect();
    let wanted = checklist.lines().filter_map(|line| line.strip_prefix("| ")?.split(' ').next());
    let wanted: BTreeSet<_> = wanted.filter(|id| id.starts_with("S-") || id.starts_with("Q-")).collect();
    assert!(wanted.len() > 100, "{}", wanted.len());
    assert_eq!(wanted.difference(&there).collect::<Vec<_>>(), Vec::<&&str>::new());
}

#[test]
fn every_example_is_a_program_that_manifest_and_readme_know() {
    let manifest = fs::read_to_string("examples/Cargo.toml").unwrap();
    let declared: BTreeSet<_> = examples(&manifest).into_keys().collect();
    let files = fs::read_dir("examples").unwrap().map(|file| file.unwrap().path());
    let files = files.filter(|path| path.extension().is_none_or(|extension| extension == "rs"));
    let there: BTreeSet<_> = files.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    assert_eq!(there, declared);
    let readme = fs::read_to_string("README.md").unwrap();
    let untold: Vec<_> =
        declared.iter().filter(|name| !readme.contains(&format!("`{name}`")) && *name != "quickstart").collect();
    assert_eq!(untold, Vec::<&String>::new());
}

#[test]
fn the_minimum_rust_version_is_told() {
    let manifest = fs::read_to_string("Cargo.toml").unwrap();
    let version = manifest.split("rust-version = \"").nth(1).unwrap().split('"').next().unwrap();
    assert!(fs::read_to_string("README.md").unwrap().contains(&format!("Rust {version} or newer")));
}

fn rows() -> Vec<Row> {
    let page = fs::read_to_string("docs/parity.md").unwrap();
    let lines = page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| id "));
    let row = |line: &str| {
        let cells: Vec<_> = line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect();
        <[String; 3]>::try_from(cells).unwrap_or_else(|cells| panic!("not three cells: {cells:?}"))
    };
    lines.map(row).collect()
}

fn id_in_order(id: &str) -> (&str, u32) {
    let (letter, number) = id.split_once('-').unwrap();
    (letter, number.parse().unwrap())
}

/// What stands in backticks.
fn names(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// Every test function, as `tests::it::evaluations::name`.
fn tests() -> Vec<String> {
    let mut found = Vec::new();
    let mut open: Vec<_> = SOURCES.map(PathBuf::from).into();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|end| end == "rs") {
            let module = path.with_extension("").to_string_lossy().replace('/', "::");
            let source = fs::read_to_string(&path).unwrap();
            let mut lines = source.lines().map(str::trim);
            while let Some(line) = lines.next() {
                if line == "#[test]" || line.starts_with("#[tokio::test") {
                    let name = lines.find_map(|line| line.strip_prefix("fn ").or(line.strip_prefix("async fn ")));
                    found.push(format!("{module}::{}", name.unwrap().split(['(', '<']).next().unwrap()));
                }
            }
        }
    }
    assert!(found.len() > 100, "{}", found.len());
    found
}

/// Examples that `cargo test` runs, because they fail when their output is not as it should be.
fn asserting_examples() -> BTreeSet<String> {
    let manifest = fs::read_to_string("examples/Cargo.toml").unwrap();
    let tested = examples(&manifest).into_iter().filter(|(_, table)| table.contains("test = true"));
    tested.map(|(name, _)| name).collect()
}

/// The tables of the examples by name.
fn examples(manifest: &str) -> BTreeMap<String, String> {
    let tables = manifest.split("\n[[example]]\n").skip(1).map(|rest| rest.split("\n[").next().unwrap());
    tables.map(|table| (table.split('"').nth(1).unwrap().to_owned(), table.to_owned())).collect()
}
