//! Tags: `key:value` pairs, one value a key, later wins.

use std::fmt;
use std::sync::Arc;

use super::tag_list::{SharedTags, TagList};

/// The tags of one span: ordered by key, one value a key, a later value replaces an earlier one.
///
/// On the wire each is one string, `key:value`; the first colon separates. Keys are trimmed, and an empty
/// key is refused.
///
/// # Example
///
/// ```
/// use tracing_llmobs::Tags;
///
/// let mut tags = Tags::new();
/// tags.insert("team", "search");
/// tags.insert("team", "ranking");
/// assert_eq!(tags.get("team"), Some("ranking"));
/// assert_eq!(tags.iter().collect::<Vec<_>>(), [("team", "ranking")]);
/// ```
#[derive(Clone, Default)]
pub struct Tags(TagList<'static>);

impl Tags {
    /// No tags.
    pub const fn new() -> Self {
        Self(TagList::new())
    }

    /// Sets a tag and says whether the key was good; an empty key is refused.
    pub fn insert(&mut self, key: impl Into<String>, value: impl Into<String>) -> bool {
        self.0.put(key.into(), value.into())
    }

    /// Takes a tag away and says whether it was there.
    pub fn remove(&mut self, key: &str) -> bool {
        let mut rest = TagList::new();
        let mut was_there = false;
        for (own, value) in self.iter() {
            was_there |= own == key;
            if own != key {
                rest.put(own.to_owned(), value.to_owned());
            }
        }
        self.0 = rest;
        was_there
    }

    /// Sets all of `later` over these.
    pub fn extend(&mut self, later: &Self) {
        for (key, value) in later.iter() {
            self.insert(key.to_owned(), value.to_owned());
        }
    }

    /// Shows every key and value to `rewrite`, shared ones included; where two keys become one, one value is lost.
    pub(super) fn rewrite(&mut self, rewrite: &mut dyn FnMut(&mut String)) {
        let mut all = Self::new();
        for (key, value) in self.iter() {
            let (mut key, mut value) = (key.to_owned(), value.to_owned());
            rewrite(&mut key);
            rewrite(&mut value);
            all.insert(key, value);
        }
        if all != *self {
            *self = all;
        }
    }

    /// The value of a tag.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)
    }

    /// All tags by key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.shown().map(|(key, value, _)| (key, value))
    }

    /// Whether there is no tag.
    pub fn is_empty(&self) -> bool {
        self.0.shown().next().is_none()
    }

    /// The base of other tags; `encode` gives a pair as it is on the wire.
    pub(crate) fn into_base(self, encode: impl Fn(&str, &str) -> String) -> Arc<SharedTags> {
        self.0.into_base(encode)
    }

    /// Bytes of text in the tags that are not shared.
    pub(crate) fn text_bytes(&self) -> usize {
        self.0.text_bytes()
    }

    pub(crate) fn into_list(self) -> TagList<'static> {
        self.0
    }
}

impl From<TagList<'_>> for Tags {
    fn from(list: TagList<'_>) -> Self {
        Self(list.into_owned())
    }
}

impl PartialEq for Tags {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Tags {}

impl fmt::Debug for Tags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Tags {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let mut tags = Self::new();
        for (key, value) in pairs {
            tags.insert(key, value);
        }
        tags
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_tags_hide_the_base_and_stay_sorted() {
        let tags = Tags::from_iter([("env", "prod"), ("service", "api"), ("version", "1")]);
        let base = tags.into_base(|key, value| format!("{key}:{value}"));
        let mut list = TagList::new();
        list.stand_above(&base);
        list.put("service", "other");
        list.put("a", "first");
        let tags = Tags::from(list);
        let all: Vec<_> = tags.iter().collect();
        assert_eq!(all, [("a", "first"), ("env", "prod"), ("service", "other"), ("version", "1")]);
        assert_eq!((tags.get("env"), tags.get("service"), tags.get("none")), (Some("prod"), Some("other"), None));
    }

    #[test]
    fn a_base_tag_can_be_removed() {
        let base = Tags::from_iter([("env", "prod"), ("service", "api")]).into_base(|_, _| String::new());
        let mut list = TagList::new();
        list.stand_above(&base);
        let mut tags = Tags::from(list);
        assert!(tags.remove("env") && !tags.remove("env"));
        assert_eq!(tags.iter().collect::<Vec<_>>(), [("service", "api")]);
    }

    #[test]
    fn keys_are_trimmed_and_empty_ones_refused() {
        let mut tags = Tags::new();
        assert!(!tags.insert("  ", "x") && !tags.insert("", "x") && tags.is_empty());
        assert!(tags.insert(" a ", "x") && tags.get("a") == Some("x"));
    }
}
