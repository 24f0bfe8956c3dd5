//! `docs/parity.md` is whole and true: no capability without a row, no row without a test that exists.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

use crate::harness::mutation::MUTATION;
use crate::harness::this_binary;

const SOURCES: [&str; 2] = ["src", "tests"];
/// The checklist lies beside the repository where the crate is developed.
const CHECKLIST: &str = "../shared/reference/features.md";
const GOLDEN: &str = "golden::scenarios::";
const EXAMPLE: &str = "example::";

/// A row: its id, where in the API, the tests, and what they look at.
type Row = [String; 4];

#[test]
fn rows_are_sorted_whole_and_there_once() {
    let rows = rows();
    assert!(rows.len() > 100, "{}", rows.len());
    let ids: Vec<_> = rows.iter().map(|[id, ..]| id_in_order(id)).collect();
    for pair in ids.windows(2) {
        assert!(pair[0] < pair[1], "{pair:?}");
    }
    for [id, place, tests, seen] in &rows {
        assert!(!place.is_empty() && !names(tests).is_empty(), "{id}");
        assert!(seen.starts_with("– ") != names(seen).iter().any(|path| is_wire_path(path)), "{id}: {seen}");
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
    let named = rows.iter().flat_map(|[id, _, tests, _]| names(tests).into_iter().map(move |name| (id, name)));
    let unknown: Vec<_> = named.filter(|(_, name)| !is_known(name)).collect();
    assert_eq!(unknown, []);
    assert!(!is_known("evaluations::a_test_that_nobody_wrote") && !is_known("golden::scenarios::nothing"));
}

#[test]
#[ignore = "needs ../shared"]
fn no_capability_of_the_checklist_is_missing() {
    let checklist = fs::read_to_string(CHECKLIST).expect("the checklist lies beside the repository");
    let rows = rows();
    let absent = absent_rows();
    let mut there: BTreeSet<_> = rows.iter().map(|[id, ..]| id.as_str()).collect();
    for [id, what, instead] in &absent {
        assert!(there.insert(id) && !what.is_empty() && !instead.is_empty(), "{id} is in both tables, or empty");
    }
    let wanted = checklist.lines().filter_map(|line| line.strip_prefix("| ")?.split(' ').next());
    let wanted: BTreeSet<_> =
        wanted.filter(|id| ["S-", "Q-", "N-", "U-"].iter().any(|letter| id.starts_with(letter))).collect();
    assert!(wanted.len() > 150, "{}", wanted.len());
    assert_eq!(wanted.difference(&there).collect::<Vec<_>>(), Vec::<&&str>::new());
}

/// Whatever a row names is broken in all that its tests receive, and one of them must fail.
#[test]
#[ignore = "needs minutes"]
fn every_row_fails_when_what_it_looks_at_is_broken() {
    let binary = tests_of_this_binary();
    let mut jobs = Vec::new();
    for [id, _, tests, seen] in rows() {
        let tests: Vec<String> = names(&tests)
            .into_iter()
            .filter_map(|name| {
                binary.iter().find(|test| *test == name || test.ends_with(&format!("::{name}"))).cloned()
            })
            .filter(|test| !test.starts_with("interop::") || std::env::var_os("DDTRACE_PYTHON").is_some())
            .collect();
        for path in names(&seen).into_iter().filter(|path| is_wire_path(path)) {
            // Spans and evaluations are there or not; what is in them are other paths.
            let verbs: &[&str] = if path.starts_with("envelope.") { &["drop"] } else { &["drop", "swap"] };
            for verb in verbs {
                jobs.push((id.clone(), tests.clone(), format!("{verb} {path}")));
            }
        }
    }
    assert!(jobs.len() > 200, "{}", jobs.len());
    let whole: BTreeSet<String> = jobs.iter().flat_map(|(_, tests, _)| tests).cloned().collect();
    let unsound: Vec<_> = in_parallel(whole.into_iter().collect(), |test| !passes(test, None));
    let unnoticed = in_parallel(jobs, |(_, tests, mutation)| tests.iter().all(|test| passes(test, Some(mutation))));
    assert!(unsound.is_empty() && unnoticed.is_empty(), "fail unbroken: {unsound:#?}, pass broken: {unnoticed:#?}");
}

/// Runs one test in a child process.
fn passes(test: &str, mutation: Option<&str>) -> bool {
    let mut command = this_binary(test);
    command.arg("--include-ignored").stdout(Stdio::null()).stderr(Stdio::null());
    command.envs(mutation.map(|mutation| (MUTATION, mutation))).status().unwrap().success()
}

/// Returns the items for which `is_meant` returns true, asked on two threads.
fn in_parallel<T: Send + Sync>(items: Vec<T>, is_meant: impl Fn(&T) -> bool + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let meant: Mutex<BTreeSet<usize>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some((at, item)) =
                    Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|at| Some((at, items.get(at)?)))
                {
                    if is_meant(item) {
                        meant.lock().insert(at);
                    }
                }
            });
        }
    });
    let meant = meant.into_inner();
    items.into_iter().enumerate().filter(|(at, _)| meant.contains(at)).map(|(_, item)| item).collect()
}

fn tests_of_this_binary() -> Vec<String> {
    let output = Command::new(std::env::current_exe().unwrap()).args(["--list", "--format", "terse"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect()
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
    table(0)
}

/// The rows of what is not there: id, what it is, and what to do instead.
fn absent_rows() -> Vec<[String; 3]> {
    table(1)
}

fn table<const CELLS: usize>(section: usize) -> Vec<[String; CELLS]> {
    let page = fs::read_to_string("docs/parity.md").unwrap();
    let section = page.split("\n## Not there\n").nth(section).unwrap();
    let lines = section.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| id "));
    let row = |line: &str| {
        let cells: Vec<_> = line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect();
        <[String; CELLS]>::try_from(cells).unwrap_or_else(|cells| panic!("not {CELLS} cells: {cells:?}"))
    };
    lines.map(row).collect()
}

fn is_wire_path(path: &str) -> bool {
    path == "path" || ["span.", "evaluation.", "envelope.", "header."].iter().any(|place| path.starts_with(place))
}

fn id_in_order(id: &str) -> (&str, u32) {
    let (letter, number) = id.split_once('-').unwrap();
    (letter, number.parse().unwrap())
}

/// The text in backticks.
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
