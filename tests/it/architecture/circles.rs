//! Import circles: files of one room that reach each other by their paths.
//!
//! A path through a door (`super::Item`, which the door imports from `item.rs`) counts as a path to the file that
//! has the item, so a door by itself makes no circle. Calls of methods name no file and are not seen.

use std::collections::{BTreeMap, BTreeSet};

use super::source::{Source, UsedPath};

/// The files of one crate by their module path.
pub struct Modules<'a> {
    by_path: BTreeMap<Vec<String>, (&'a Source, Vec<UsedPath>)>,
}

impl<'a> Modules<'a> {
    pub fn new(sources: &'a [Source]) -> Self {
        Self {
            by_path: sources.iter().map(|source| (owned(&source.modules()), (source, product_paths(source)))).collect(),
        }
    }

    /// Returns the groups of files that form circles, of those that `is_member` lets in.
    pub fn circles(&self, is_member: impl Fn(&Source) -> bool) -> Vec<Vec<&'a str>> {
        let members: Vec<&Source> =
            self.by_path.values().map(|(source, _)| *source).filter(|source| is_member(source)).collect();
        let index: BTreeMap<&str, usize> =
            members.iter().enumerate().map(|(at, source)| (source.path.as_str(), at)).collect();
        let edges: Vec<BTreeSet<usize>> = members
            .iter()
            .map(|source| self.targets(source).into_iter().filter_map(|path| index.get(path).copied()).collect())
            .collect();
        let reached: Vec<BTreeSet<usize>> = (0..members.len()).map(|from| reachable(&edges, from)).collect();
        let mut circles: Vec<Vec<&str>> = Vec::new();
        let mut placed = BTreeSet::new();
        for one in 0..members.len() {
            let circle: Vec<usize> = (0..members.len())
                .filter(|other| reached[one].contains(other) && reached[*other].contains(&one))
                .collect();
            if circle.len() > 1 && placed.insert(circle[0]) {
                circles.push(circle.into_iter().map(|at| members[at].path.as_str()).collect());
            }
        }
        circles
    }

    /// Returns the other files that the product code of a file names.
    fn targets(&self, source: &Source) -> BTreeSet<&'a str> {
        let (_, paths) = &self.by_path[&owned(&source.modules())];
        let found = paths.iter().filter_map(|path| self.resolve(&self.absolute(source, path)?, 0));
        found.filter(|target| *target != source.path).collect()
    }

    /// Returns the path from the root of the crate. A path may also begin with a child module of its file.
    fn absolute(&self, source: &Source, path: &UsedPath) -> Option<Vec<String>> {
        source.absolute(path).or_else(|| {
            let mut absolute = owned(&source.modules());
            absolute.extend(path.segments.iter().cloned());
            let child = absolute.len() - path.segments.len() + 1;
            self.by_path.contains_key(&absolute[..child]).then_some(absolute)
        })
    }

    /// Returns the file that has the item at this path, through the imports of doors.
    fn resolve(&self, absolute: &[String], hops: usize) -> Option<&'a str> {
        let length = (0..=absolute.len()).rev().find(|length| self.by_path.contains_key(&absolute[..*length]))?;
        let (file, paths) = &self.by_path[&absolute[..length]];
        let Some(name) = absolute.get(length).filter(|_| hops < MAX_HOPS) else { return Some(&file.path) };
        let import = paths.iter().find(|path| path.imported_as.as_ref() == Some(name));
        match import.and_then(|path| self.absolute(file, path)) {
            Some(next) if next != absolute => self.resolve(&next, hops + 1),
            _ => Some(&file.path),
        }
    }
}

fn product_paths(source: &Source) -> Vec<UsedPath> {
    source.paths().into_iter().filter(|path| !path.test).collect()
}

fn reachable(edges: &[BTreeSet<usize>], from: usize) -> BTreeSet<usize> {
    let mut reached = BTreeSet::new();
    let mut open = vec![from];
    while let Some(at) = open.pop() {
        open.extend(edges[at].iter().copied().filter(|next| reached.insert(*next)));
    }
    reached
}

fn owned(path: &[&str]) -> Vec<String> {
    path.iter().map(|part| (*part).to_owned()).collect()
}

/// Imports of imports end somewhere.
const MAX_HOPS: usize = 8;

#[test]
fn a_circle_is_found_through_doors_and_a_chain_is_none() {
    let circles = |files: &[(&str, &str)]| {
        let mut sources: Vec<Source> = files.iter().map(|(path, text)| Source::new(path, text)).collect();
        super::source::mark_test_files(&mut sources);
        let circles = Modules::new(&sources).circles(|source| source.room() == "a");
        circles.into_iter().map(|circle| circle.join(" ")).collect::<Vec<_>>()
    };
    let door = ("a/mod.rs", "mod one; mod two; pub(crate) use one::One; pub use two::Two as Second; use two::Two;");
    let one = |text| ("a/one.rs", text);
    let two = |text| ("a/two.rs", text);
    assert_eq!(circles(&[door, one("use super::two::Two;"), two("use super::one::One;")]), ["a/one.rs a/two.rs"]);
    assert_eq!(circles(&[door, one("use super::two::Two;"), two("use crate::a::One;")]), ["a/one.rs a/two.rs"]);
    // A glob names the door, and by it all that the door imports.
    assert_eq!(
        circles(&[door, one("fn f() { super::two::f() }"), two("use super::*;")]),
        ["a/mod.rs a/one.rs a/two.rs"]
    );
    assert_eq!(circles(&[door, one("use super::two::Two;"), two("use crate::b::One;")]), [""; 0]);
    assert_eq!(circles(&[door, one("use super::two::Two;"), two("#[cfg(test)] use super::one::One;")]), [""; 0]);
    // Items of the door itself are a file's like others.
    let full = ("a/mod.rs", "mod one; mod two; pub use one::One; pub struct Here;");
    assert_eq!(circles(&[full, one("use super::Here;"), two("")]), ["a/mod.rs a/one.rs"]);
    // A file with a folder, whose child names it.
    let parent = ("a/one.rs", "mod child; use child::Child;");
    let child = ("a/one/child.rs", "use super::Parent;");
    assert_eq!(circles(&[door, parent, child, two("")]), ["a/one.rs a/one/child.rs"]);
}
