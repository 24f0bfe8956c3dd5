//! Flattened names, with dots and running numbers, back to one JSON value.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use crate::format::json::Json;

/// A name below a prefix, with its value.
pub(crate) type FlattenedName<'n, 'a> = (&'n str, Json<'a>);

/// Rebuilds the value that was flattened into names. Numbers count the items of a list, which may have gaps.
pub(crate) fn collected<'n, 'a>(paths: impl IntoIterator<Item = FlattenedName<'n, 'a>>) -> Json<'a> {
    let mut root = Node::default();
    for (path, value) in paths {
        root.put(path, value, 0);
    }
    root.into_json()
}

/// Rebuilds every object whose member names have dots. The result is walked recursively, so names add a bounded number
/// of levels; beyond it they keep their dots.
pub(crate) fn unflattened(json: Json<'_>) -> Json<'_> {
    const MOST_ADDED: usize = 48;
    within(json, MOST_ADDED)
}

/// `levels` is the number of levels that names may still add.
fn within(json: Json<'_>, levels: usize) -> Json<'_> {
    match json {
        Json::List(items) => Json::List(items.into_iter().map(|item| within(item, levels)).collect()),
        Json::Object(members) => {
            let added = |name: &str| name.bytes().filter(|byte| *byte == b'.').count().min(Node::DEEPEST);
            let added = members.iter().map(|(name, _)| added(name)).max().unwrap_or_default();
            let below = levels.checked_sub(added);
            let nested = |value| within(value, below.unwrap_or_default());
            let members: Vec<_> = members.into_iter().map(|(name, value)| (name, nested(value))).collect();
            if added == 0 || below.is_none() {
                return Json::Object(members);
            }
            let names: Vec<Cow<'_, str>> = members.iter().map(|(name, _)| name.clone()).collect();
            collected(names.iter().zip(members).map(|(name, (_, value))| (name.as_ref(), value)))
        }
        other @ (Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_)) => other,
    }
}

#[derive(Default)]
struct Node<'a> {
    value: Option<Json<'a>>,
    /// Members in their order.
    members: Vec<(String, Node<'a>)>,
    /// The index of each member.
    places: HashMap<String, usize>,
    items: BTreeMap<u64, Node<'a>>,
}

impl<'a> Node<'a> {
    /// Most segments of a name; the rest stays one name with dots.
    const DEEPEST: usize = 24;

    fn put(&mut self, path: &str, value: Json<'a>, depth: usize) {
        if path.is_empty() {
            return self.value = Some(value);
        }
        let (segment, rest) = match path.split_once('.') {
            Some(split) if depth < Self::DEEPEST => split,
            Some(_) | None => (path, ""),
        };
        let below = depth.saturating_add(1);
        if let Ok(index) = segment.parse() {
            return self.items.entry(index).or_default().put(rest, value, below);
        }
        let place = self.places.get(segment).and_then(|at| self.members.get_mut(*at));
        if let Some((_, node)) = place {
            return node.put(rest, value, below);
        }
        let mut node = Self::default();
        node.put(rest, value, below);
        self.places.insert(segment.to_owned(), self.members.len());
        self.members.push((segment.to_owned(), node));
    }

    fn into_json(self) -> Json<'a> {
        if !self.items.is_empty() {
            return Json::List(self.items.into_values().map(Self::into_json).collect());
        }
        if self.members.is_empty() {
            return self.value.unwrap_or(Json::Null);
        }
        let own = match self.value {
            Some(Json::Object(members)) => members,
            Some(Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::List(_)) | None => Vec::new(),
        };
        let members = self.members.into_iter().map(|(name, node)| (Cow::Owned(name), node.into_json()));
        Json::Object(own.into_iter().chain(members).collect())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_sort_as_numbers_and_may_have_gaps() {
        let paths = ["10.role", "2.role", "2.content", "2.calls.0.name"];
        let value = collected(paths.map(|path| (path, Json::Text(path.into()))));
        let expected = json!([
            {"role": "2.role", "content": "2.content", "calls": [{"name": "2.calls.0.name"}]},
            {"role": "10.role"},
        ]);
        assert_eq!(value.to_value(), expected);
    }

    #[test]
    fn members_with_dots_are_nested() {
        let given = Json::parse(r#"[{"message.role":"user","message.content":"hi","n":1}]"#).unwrap();
        assert_eq!(unflattened(given).to_value(), json!([{"message": {"role": "user", "content": "hi"}, "n": 1}]));
        let long = "a.".repeat(100_000);
        let given = Json::Object(vec![(Cow::Owned(long), Json::Null)]);
        assert!(matches!(unflattened(given), Json::Object(_)));
        let name = ["a"; 24].join(".");
        let deep = format!("{}1{}", format!(r#"{{"{name}":"#).repeat(120), "}".repeat(120));
        let mut value = unflattened(Json::parse(&deep).unwrap()).to_value();
        let mut levels = 0;
        while let Some(inner) =
            value.as_object_mut().and_then(|members| members.values_mut().next().map(std::mem::take))
        {
            (value, levels) = (inner, levels + 1);
        }
        assert_eq!((value, levels), (json!(1), 120 + 2 * 23));
    }
}
