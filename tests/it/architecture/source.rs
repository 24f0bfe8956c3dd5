//! A source file as words, paths and texts: comments and documentation are gone, test code is marked.

use std::path::Path;
use std::str::FromStr;

use proc_macro2::{Delimiter, Group, Spacing, TokenStream, TokenTree};

/// A file below `src/`.
pub struct Source {
    /// Below `src/`, with slashes: `export/batch.rs`.
    pub path: String,
    pub words: Vec<Word>,
    pub lines: usize,
    /// Lines of items under `#[cfg(test)]`.
    pub test_lines: usize,
}

/// A token, and where it stands.
pub struct Word {
    pub token: Token,
    pub line: usize,
    /// Set for code under `#[cfg(test)]`.
    pub test: bool,
    /// The number of inline modules around the path.
    depth: usize,
}

#[derive(Debug, PartialEq)]
pub enum Token {
    Name(String),
    /// A string, number or character as it is written.
    Literal(String),
    Colons,
    Mark(char),
    Open(Delimiter),
    Close,
}

/// A path such as `crate::model::Tags`; a `use` tree is one path for each of its leaves.
#[derive(Debug, PartialEq)]
pub struct UsedPath {
    pub segments: Vec<String>,
    pub line: usize,
    pub test: bool,
    /// The name under which a `use` brings it into the file.
    pub imported_as: Option<String>,
    depth: usize,
}

impl Source {
    pub fn new(path: &str, text: &str) -> Self {
        let stream = TokenStream::from_str(text).unwrap_or_else(|error| panic!("src/{path} is no Rust: {error}"));
        let mut reader = Reader::default();
        reader.read(stream, false, 0);
        let lines = text.lines().count();
        Self { path: path.to_owned(), words: reader.words, lines, test_lines: reader.test_lines }
    }

    /// The room: the first part of the path.
    pub fn room(&self) -> &str {
        let first = self.path.split('/').next().unwrap_or_default();
        first.strip_suffix(".rs").unwrap_or(first)
    }

    /// The modules that this file is: `export/batch.rs` is `[export, batch]`, `export/mod.rs` is `[export]`.
    pub fn modules(&self) -> Vec<&str> {
        let mut parts: Vec<&str> = self.path.trim_end_matches(".rs").split('/').collect();
        if matches!(parts.last(), Some(&"mod" | &"lib")) {
            parts.pop();
        }
        parts
    }

    /// All paths in the order in which they stand.
    pub fn paths(&self) -> Vec<UsedPath> {
        let mut found = Vec::new();
        let mut at = 0;
        while at < self.words.len() {
            let is_use = at > 0 && self.name(at - 1) == Some("use");
            at = if self.begins_path(at) { self.read_tree(at, &[], is_use, &mut found) } else { at + 1 };
        }
        found
    }

    /// Resolves a path from the root of the crate: `None` for another crate's or a local one.
    pub fn absolute(&self, path: &UsedPath) -> Option<Vec<String>> {
        let mut rest = path.segments.as_slice();
        match rest.first()?.as_str() {
            "crate" => return Some(rest[1..].to_vec()),
            "self" | "super" => {}
            _ => return None,
        }
        let mut here: Vec<String> = self.modules().into_iter().map(str::to_owned).collect();
        here.extend((0..path.depth).map(|_| "(inline)".to_owned()));
        while let Some((first, after)) =
            rest.split_first().filter(|(first, _)| matches!(first.as_str(), "self" | "super"))
        {
            if first == "super" {
                here.pop()?;
            }
            rest = after;
        }
        here.extend(rest.iter().cloned());
        Some(here)
    }

    /// The modules that this file declares under `#[cfg(test)]` and that are files of their own.
    fn test_files(&self) -> impl Iterator<Item = Vec<String>> {
        let is_declared =
            |at: &usize| self.name(*at) == Some("mod") && self.is(at + 2, &Token::Mark(';')) && self.words[*at].test;
        let here: Vec<String> = self.modules().into_iter().map(str::to_owned).collect();
        (0..self.words.len()).filter(is_declared).filter_map(move |at| {
            let name = self.name(at + 1)?.to_owned();
            Some(here.iter().cloned().chain([name]).collect())
        })
    }

    fn name(&self, at: usize) -> Option<&str> {
        match &self.words.get(at)?.token {
            Token::Name(name) => Some(name),
            Token::Literal(_) | Token::Colons | Token::Mark(_) | Token::Open(_) | Token::Close => None,
        }
    }

    fn is(&self, at: usize, token: &Token) -> bool {
        self.words.get(at).is_some_and(|word| word.token == *token)
    }

    fn begins_path(&self, at: usize) -> bool {
        let before = at.checked_sub(1);
        let is_after_use = before.is_some_and(|before| self.name(before) == Some("use"));
        let continues =
            before.is_some_and(|before| self.is(before, &Token::Colons) || self.is(before, &Token::Mark('.')));
        self.name(at).is_some() && !continues && (is_after_use || self.is(at + 1, &Token::Colons))
    }

    /// Reads one path or `use` tree, and says where it ends.
    fn read_tree(&self, mut at: usize, prefix: &[String], is_use: bool, found: &mut Vec<UsedPath>) -> usize {
        let Word { line, test, depth, .. } = self.words[at];
        let mut segments = prefix.to_vec();
        loop {
            if self.is(at, &Token::Open(Delimiter::Brace)) {
                return self.read_branches(at + 1, &segments, is_use, found);
            }
            let Some(name) = self.name(at).or_else(|| self.is(at, &Token::Mark('*')).then_some("*")) else { break };
            segments.push(name.to_owned());
            at += 1;
            if !self.is(at, &Token::Colons) {
                break;
            }
            at += 1;
        }
        let name = if self.name(at) == Some("as") { self.name(at + 1) } else { segments.last().map(String::as_str) };
        let imported_as = name.filter(|_| is_use).map(str::to_owned);
        found.push(UsedPath { segments, line, test, imported_as, depth });
        at
    }

    fn read_branches(&self, mut at: usize, prefix: &[String], is_use: bool, found: &mut Vec<UsedPath>) -> usize {
        while at < self.words.len() && !self.is(at, &Token::Close) {
            let is_renamed = self.name(at) == Some("as");
            let is_branch = self.name(at).is_some() || self.is(at, &Token::Mark('*'));
            at = match (is_renamed, is_branch) {
                (true, _) => at + 2,
                (false, true) => self.read_tree(at, prefix, is_use, found),
                (false, false) => at + 1,
            };
        }
        at + 1
    }
}

/// All files below a folder, as sources.
pub fn read_tree(root: &Path) -> Vec<Source> {
    let mut sources = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
                sources.push(Source::new(&name, &std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    sources.sort_by(|one, other| one.path.cmp(&other.path));
    mark_test_files(&mut sources);
    sources
}

/// Marks files as tests whose `mod` line, in another file, is under `#[cfg(test)]`.
pub fn mark_test_files(sources: &mut [Source]) {
    let declared: Vec<Vec<String>> = sources.iter().flat_map(Source::test_files).collect();
    for source in sources {
        let here = source.modules();
        let is_below =
            |above: &Vec<String>| above.len() <= here.len() && above.iter().zip(&here).all(|(one, two)| one == two);
        if declared.iter().any(is_below) {
            source.test_lines = source.lines;
            source.words.iter_mut().for_each(|word| word.test = true);
        }
    }
}

#[derive(Default)]
struct Reader {
    words: Vec<Word>,
    test_lines: usize,
}

impl Reader {
    fn read(&mut self, stream: TokenStream, mut test: bool, depth: usize) {
        let trees: Vec<TokenTree> = stream.into_iter().collect();
        // The line of `#[cfg(test)]` until the item below it ends.
        let mut test_since: Option<usize> = None;
        let mut at = 0;
        while at < trees.len() {
            let line = trees[at].span().start().line;
            match attribute(&trees, at) {
                Some(Attribute::Doc(length)) => {
                    at += length;
                    continue;
                }
                Some(Attribute::TestFile) => test = true,
                Some(Attribute::TestItem) if !test => test_since = test_since.or(Some(line)),
                Some(Attribute::TestItem) | None => {}
            }
            let is_module = at >= 2 && matches!(&trees[at - 2], TokenTree::Ident(word) if word == "mod");
            at += self.read_one(&trees, at, test || test_since.is_some(), depth + usize::from(is_module));
            let last = &trees[at - 1];
            let ends = matches!(last, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
                || matches!(last, TokenTree::Punct(mark) if mark.as_char() == ';');
            if let Some(since) = test_since.filter(|_| ends) {
                self.test_lines += last.span().end().line - since + 1;
                test_since = None;
            }
        }
    }

    /// Reads one token tree, and says how many it was (`::` is two).
    fn read_one(&mut self, trees: &[TokenTree], at: usize, test: bool, depth: usize) -> usize {
        let line = trees[at].span().start().line;
        let is_colons = |mark: &proc_macro2::Punct| {
            let again = matches!(trees.get(at + 1), Some(TokenTree::Punct(next)) if next.as_char() == ':');
            mark.as_char() == ':' && mark.spacing() == Spacing::Joint && again
        };
        let (token, length) = match &trees[at] {
            TokenTree::Group(group) => {
                self.read_group(group, line, test, depth);
                return 1;
            }
            TokenTree::Ident(name) => (Token::Name(name.to_string().trim_start_matches("r#").to_owned()), 1),
            TokenTree::Literal(literal) => (Token::Literal(literal.to_string()), 1),
            TokenTree::Punct(mark) if is_colons(mark) => (Token::Colons, 2),
            TokenTree::Punct(mark) => (Token::Mark(mark.as_char()), 1),
        };
        self.words.push(Word { token, line, test, depth });
        length
    }

    fn read_group(&mut self, group: &Group, line: usize, test: bool, depth: usize) {
        self.words.push(Word { token: Token::Open(group.delimiter()), line, test, depth });
        self.read(group.stream(), test, depth);
        let line = group.span_close().start().line;
        self.words.push(Word { token: Token::Close, line, test, depth });
    }
}

enum Attribute {
    /// A comment for readers, this many tokens long.
    Doc(usize),
    /// `#[cfg(test)]`
    TestItem,
    /// `#![cfg(test)]`
    TestFile,
}

fn attribute(trees: &[TokenTree], at: usize) -> Option<Attribute> {
    let is_mark = |at: usize, wanted| matches!(trees.get(at), Some(TokenTree::Punct(mark)) if mark.as_char() == wanted);
    if !is_mark(at, '#') {
        return None;
    }
    let is_inner = is_mark(at + 1, '!');
    let body = at + 1 + usize::from(is_inner);
    let Some(TokenTree::Group(group)) = trees.get(body) else { return None };
    let words: Vec<TokenTree> = group.stream().into_iter().collect();
    let Some(TokenTree::Ident(first)) = words.first() else { return None };
    if first == "doc" {
        return Some(Attribute::Doc(body + 1 - at));
    }
    let condition = words.get(1).map(ToString::to_string).unwrap_or_default();
    let mut condition = condition.split(|letter: char| !letter.is_alphanumeric() && letter != '_' && letter != '"');
    let is_test =
        first == "cfg" && condition.clone().any(|word| word == "test") && !condition.any(|word| word == "not");
    match (is_test, is_inner) {
        (true, true) => Some(Attribute::TestFile),
        (true, false) => Some(Attribute::TestItem),
        (false, _) => None,
    }
}

#[test]
fn paths_are_found_in_code_and_not_in_words() {
    let source = Source::new(
        "a/b.rs",
        r##"//! See `crate::gone::One`.
        use crate::{model::{Tags, id::*}, stats::Stats as S, clock};
        use tracing;
        /// [`crate::gone::Two`]
        fn f() -> Vec<crate::queue::Item> { /* crate::gone */ g("crate::gone"); x.y::<super::c::D>(r#"std::gone"#) }
        #[cfg(test)]
        mod tests { use super::super::e; }
        "##,
    );
    let paths = source.paths();
    let shown: Vec<String> = paths.iter().map(|path| path.segments.join("::")).collect();
    let expected = "crate::model::Tags crate::model::id::* crate::stats::Stats crate::clock tracing \
                    crate::queue::Item super::c::D super::super::e";
    assert_eq!(shown.join(" "), expected);
    assert_eq!(source.absolute(&paths[6]).unwrap(), ["a", "c", "D"]);
    assert_eq!(source.absolute(&paths[7]).unwrap(), ["a", "e"]);
    assert_eq!(paths.iter().map(|path| path.test).filter(|test| *test).count(), 1);
    assert_eq!((source.lines, source.test_lines, paths[5].line), (8, 2, 5));
}
