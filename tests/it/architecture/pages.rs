//! Files and folders that the pages in `docs/` name, compared with those that exist.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Returns what a page names that does not exist.
///
/// A name is a path that ends in `.rs`, in a text or in a tree. In a tree (`├── room/`) it is looked up below the
/// folders above it, so every entry must exist, folders included; elsewhere it is looked up below the repository and
/// below the sources of each crate.
pub fn missing_names(page: &str, files: &Files) -> Vec<String> {
    let mut missing = Vec::new();
    let mut tree = Tree::default();
    for line in page.lines() {
        if let Some(entry) = TreeLine::read(line) {
            missing.extend(tree.missing(&entry, files));
        } else {
            tree.stay_or_end(line);
            let bases = || tree.root.iter().cloned().chain(files.bases());
            let unknown = names(line).filter(|name| !files.has_below(name, bases()));
            missing.extend(unknown.map(str::to_owned));
        }
    }
    missing
}

/// Returns the files and folders directly below `folder` that no tree of the page has as an entry.
pub fn unlisted(page: &str, folder: &str, files: &Files) -> Vec<String> {
    let mut listed = BTreeSet::new();
    let mut tree = Tree::default();
    for line in page.lines() {
        match TreeLine::read(line) {
            Some(entry) => {
                let above = tree.enter(&entry);
                listed.extend(entry.entries().map(|name| format!("{above}{name}").trim_end_matches('/').to_owned()));
            }
            None => tree.stay_or_end(line),
        }
    }
    files.children(folder).filter(|child| !listed.contains(*child)).map(str::to_owned).collect()
}

/// All files and folders of the repository, with slashes, relative to its root.
pub struct Files(BTreeSet<String>);

impl Files {
    pub fn read(root: &Path) -> Self {
        let mut found = BTreeSet::new();
        let mut open: Vec<PathBuf> = READ.iter().map(|name| root.join(name)).filter(|path| path.exists()).collect();
        while let Some(path) = open.pop() {
            if path.is_dir() {
                open.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            }
            found.insert(path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/"));
        }
        Self(found)
    }

    #[cfg(test)]
    fn of(names: &[&str]) -> Self {
        Self(names.iter().map(|name| (*name).to_owned()).collect())
    }

    fn has(&self, name: &str) -> bool {
        self.0.contains(name.trim_start_matches("./").trim_end_matches('/'))
    }

    /// A name in a text: a path below one of these folders, or the bare name of any file.
    fn has_below(&self, name: &str, bases: impl IntoIterator<Item = String>) -> bool {
        let is_bare_name = !name.contains('/') && self.0.iter().any(|file| file.rsplit('/').next() == Some(name));
        is_bare_name || bases.into_iter().any(|base| self.has(&format!("{base}{name}")))
    }

    /// Folders below which a text's names are looked up: the root, and the sources of each crate.
    fn bases(&self) -> impl Iterator<Item = String> {
        let crates = self.children("crates").map(|name| format!("{name}/src/"));
        ["", "src/", "tests/it/", "crates/"].into_iter().map(str::to_owned).chain(crates)
    }

    fn children<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a str> {
        let rest = move |name: &'a str| name.strip_prefix(folder)?.strip_prefix('/');
        self.0.iter().map(String::as_str).filter(move |name| rest(name).is_some_and(|rest| !rest.contains('/')))
    }
}

/// The folders above the current line of a tree.
#[derive(Default)]
struct Tree {
    /// The line above the branches, such as `src/`.
    root: Option<String>,
    folders: Vec<String>,
}

impl Tree {
    /// Returns the folder that an entry stands in, and makes it the folder of the lines below.
    fn enter(&mut self, entry: &TreeLine<'_>) -> String {
        self.folders.truncate(entry.depth);
        let above = self.folders.last().cloned().or_else(|| self.root.clone()).unwrap_or_default();
        let folder =
            entry.entries().find(|name| name.ends_with('/')).map_or(above.clone(), |name| format!("{above}{name}"));
        self.folders.push(folder);
        above
    }

    fn missing(&mut self, entry: &TreeLine<'_>, files: &Files) -> Vec<String> {
        let above = self.enter(entry);
        let own = self.folders.last().cloned().unwrap_or_default();
        let bases: Vec<String> = [above.clone(), own].into_iter().chain(files.bases()).collect();
        let entries = entry.entries().filter(|name| !files.has(&format!("{above}{name}")));
        let remarks = names(entry.remark()).filter(|name| !files.has_below(name, bases.clone()));
        entries.chain(remarks).map(|name| format!("{above}{name}")).collect()
    }

    /// A line without a branch begins a tree, continues one, or ends it.
    fn stay_or_end(&mut self, line: &str) {
        let name = line.split_whitespace().next().unwrap_or_default();
        if name.ends_with('/') && !line.starts_with(' ') {
            *self = Self { root: Some(name.to_owned()), folders: Vec::new() };
        } else if line.starts_with("```") {
            *self = Self::default();
        }
    }
}

/// A line such as `│   ├── gauge.rs open.rs   remark`.
struct TreeLine<'a> {
    depth: usize,
    text: &'a str,
}

impl<'a> TreeLine<'a> {
    fn read(line: &'a str) -> Option<Self> {
        let branch = line.find(['├', '└'])?;
        let text = line[branch..].trim_start_matches(['├', '└', '─', ' ']);
        Some(Self { depth: line[..branch].chars().count() / 4, text })
    }

    /// The entries: what stands in front of two blanks.
    fn entries(&self) -> impl Iterator<Item = &'a str> {
        let entries = self.text.split("  ").next().unwrap_or_default().split(' ');
        entries.filter(|name| name.ends_with('/') || is_rust(name)).filter(|name| is_path(name))
    }

    fn remark(&self) -> &'a str {
        self.text.split_once("  ").map_or("", |(_, remark)| remark)
    }
}

fn is_rust(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "rs")
}

/// The paths in a text that end in `.rs`.
fn names(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|letter: char| letter.is_whitespace() || "`()[]|,;:…\"'".contains(letter));
    words.map(|word| word.trim_end_matches('.')).filter(|word| is_rust(word) && is_path(word))
}

fn is_path(name: &str) -> bool {
    name.len() > 3 && name.chars().all(|letter| letter.is_ascii_alphanumeric() || "/._-".contains(letter))
}

/// Folders that pages name files of.
const READ: [&str; 5] = ["src", "crates", "tests", "examples", "benches"];

#[test]
fn names_that_do_not_exist_are_found_and_folders_need_not_list_their_files() {
    let files = Files::of(&[
        "src",
        "src/lib.rs",
        "src/queue",
        "src/queue/mod.rs",
        "src/queue/gauge.rs",
        "crates",
        "crates/model",
        "crates/model/src/id.rs",
    ]);
    let missing = |page: &str| missing_names(page, &files).join(" ");
    assert_eq!(missing("src/\n├── lib.rs   front\n├── queue/     bounded\n│   └── gauge.rs\n"), "");
    assert_eq!(missing("src/\n├── queue/    gauge.rs: counts\n"), "");
    assert_eq!(missing("src/\n├── queue/    gone.rs: counts\n"), "src/gone.rs");
    assert_eq!(missing("src/\n├── queues/   bounded\n│   └── gauge.rs\n"), "src/queues/ src/queues/gauge.rs");
    assert_eq!(missing("src/\n├── queue/\n│   ├── gauge.rs lock.rs   counts\n├── lib.rs\n"), "src/queue/lock.rs");
    assert_eq!(missing("src/\n├── queue/\n├── gauge.rs\n"), "src/gauge.rs");
    assert_eq!(missing("See `queue/gauge.rs`, `id.rs` and crates/model/src/id.rs."), "");
    assert_eq!(missing("See `queue/lock.rs`."), "queue/lock.rs");
    assert_eq!(unlisted("src/\n├── queue/\n", "src", &files), ["src/lib.rs"]);
    assert_eq!(unlisted("src/\n├── queue/\n├── lib.rs\n", "src", &files), [""; 0]);
}
