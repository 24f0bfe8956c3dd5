//! Tags: `key:value` pairs, with one value or a list of values for a key.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, SerializeSeq, Serializer};
use serde_json::Value;

use super::tag_list::{SharedTags, TagList};
use super::wire;

type Text = Cow<'static, str>;

/// The tags of a span: ordered by key, with one value or a list of values for a key. A later value replaces an earlier one.
///
/// On the wire a tag is one string, `key:value`, which the first colon separates; a list is one such string for each value.
/// Keys are trimmed, and an empty key is refused.
///
/// # Example
///
/// ```
/// use llmobs_model::Tags;
///
/// let mut tags = Tags::new();
/// tags.insert("team", "search");
/// tags.insert("team", "ranking");
/// assert_eq!(tags.get("team"), Some("ranking"));
/// tags.insert_all("region", ["eu", "us"]);
/// assert_eq!(tags.iter().collect::<Vec<_>>(), [("region", "eu"), ("region", "us"), ("team", "ranking")]);
/// ```
#[derive(Clone, Default)]
pub struct Tags(TagList<'static>);

impl Tags {
    /// Creates an empty set.
    pub const fn new() -> Self {
        Self(TagList::new())
    }

    /// Sets a tag, and returns whether it was accepted: an empty key is refused.
    pub fn insert(&mut self, key: impl Into<String>, value: impl Into<String>) -> bool {
        self.0.put(key.into(), value.into())
    }

    /// Sets a tag to a list of values; an empty list is one empty value. Returns whether the key was accepted.
    pub fn insert_all<V: Into<String>>(&mut self, key: impl Into<String>, values: impl IntoIterator<Item = V>) -> bool {
        self.0.put_all(&key.into(), values.into_iter().map(Into::into))
    }

    /// Adds a value to the values of a key, and returns whether the key was accepted.
    pub fn add(&mut self, key: impl Into<Text>, value: impl Into<Text>) -> bool {
        self.0.add(key, value)
    }

    /// Adds a tag that is not a pair and goes out as it is, and returns whether it was accepted: an empty one is refused.
    pub fn insert_bare(&mut self, tag: impl Into<Text>) -> bool {
        self.0.insert_bare(tag)
    }

    /// Returns the tags that are not pairs.
    pub fn bare(&self) -> impl Iterator<Item = &str> {
        self.0.bare()
    }

    /// Removes a tag, and returns whether it was there.
    pub fn remove(&mut self, key: &str) -> bool {
        let mut rest = TagList::new();
        let mut was_there = false;
        for (own, value, _) in self.0.shown() {
            was_there |= own == key;
            if own != key {
                rest.add(own.to_owned(), value.to_owned());
            }
        }
        for tag in self.bare() {
            was_there |= tag == key;
            if tag != key {
                rest.insert_bare(tag.to_owned());
            }
        }
        self.0 = rest;
        was_there
    }

    /// Sets all tags of `later` over these.
    pub fn extend(&mut self, later: &Self) {
        let pairs = later.0.shown().map(|(key, value, _)| (Cow::Owned(key.to_owned()), Cow::Owned(value.to_owned())));
        self.0.extend(pairs);
        for tag in later.bare() {
            self.0.insert_bare(tag.to_owned());
        }
    }

    /// Calls `rewrite` with every key and value, shared ones included; where two keys become the same, one value is lost.
    pub(super) fn rewrite(&mut self, rewrite: &mut dyn FnMut(&mut String)) {
        let mut all = Self::new();
        for tag in self.bare() {
            let mut tag = tag.to_owned();
            rewrite(&mut tag);
            all.insert_bare(tag);
        }
        let mut before = None;
        for (own, value, _) in self.0.shown() {
            let (mut key, mut value) = (own.to_owned(), value.to_owned());
            rewrite(&mut key);
            rewrite(&mut value);
            if before.replace(own) == Some(own) {
                all.add(key, value)
            } else {
                all.insert(key, value)
            };
        }
        if all != *self {
            *self = all;
        }
    }

    /// Returns the value of a tag, or the first of a list.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)
    }

    /// Returns all tags by key, then the tags that are not pairs, with an empty value.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.shown().map(|(key, value, _)| (key, value)).chain(self.bare().map(|tag| (tag, "")))
    }

    /// Returns whether there are no tags.
    pub fn is_empty(&self) -> bool {
        self.0.shown().next().is_none() && self.bare().next().is_none()
    }

    /// Converts the tags to a set that many spans share; `encode` returns a pair as it is on the wire.
    #[doc(hidden)]
    pub fn into_shared(self, encode: impl Fn(&str, &str) -> String) -> Arc<SharedTags> {
        self.0.into_shared(encode)
    }

    /// Returns the bytes of the tags that are not shared.
    pub(crate) fn text_bytes(&self) -> usize {
        self.0.text_bytes()
    }

    /// Returns the list inside, whose texts may be borrowed.
    #[doc(hidden)]
    pub fn into_list(self) -> TagList<'static> {
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

impl Serialize for Tags {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut sequence = serializer.serialize_seq(None)?;
        for (key, value, _) in self.0.shown() {
            sequence.serialize_element(&format_args!("{key}:{value}"))?;
        }
        for tag in self.bare() {
            sequence.serialize_element(tag)?;
        }
        sequence.end()
    }
}

/// Reads an array of `key:value`, or an object as APM traces and prompts have it; values that are not texts are left out.
///
/// A tag without a colon gets an empty value, because most SDKs write those.
impl<'de> Deserialize<'de> for Tags {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut tags = Self::new();
        match Value::deserialize(deserializer)? {
            Value::Object(members) => {
                let words = members.into_iter().filter_map(|(key, value)| Some((key, wire::word_of(value)?)));
                for (key, value) in words {
                    tags.insert(key, value);
                }
            }
            Value::Array(items) => {
                for tag in items.iter().filter_map(Value::as_str) {
                    let (key, value) = tag.split_once(':').unwrap_or((tag, ""));
                    tags.add(key.to_owned(), value.to_owned());
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
        Ok(tags)
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
    fn own_tags_hide_shared_ones_and_stay_sorted() {
        let tags = Tags::from_iter([("env", "prod"), ("service", "api"), ("version", "1")]);
        let base = tags.into_shared(|key, value| format!("{key}:{value}"));
        let mut list = TagList::new();
        list.set_shared(&base);
        list.put("service", "other");
        list.put("a", "first");
        let tags = Tags::from(list);
        let all: Vec<_> = tags.iter().collect();
        assert_eq!(all, [("a", "first"), ("env", "prod"), ("service", "other"), ("version", "1")]);
        assert_eq!((tags.get("env"), tags.get("service"), tags.get("none")), (Some("prod"), Some("other"), None));
    }

    #[test]
    fn a_shared_tag_can_be_removed() {
        let base = Tags::from_iter([("env", "prod"), ("service", "api")]).into_shared(|_, _| String::new());
        let mut list = TagList::new();
        list.set_shared(&base);
        let mut tags = Tags::from(list);
        assert!(tags.remove("env") && !tags.remove("env"));
        assert_eq!(tags.iter().collect::<Vec<_>>(), [("service", "api")]);
    }

    #[test]
    fn tags_that_are_not_pairs_stay_beside_the_others() {
        let mut tags = Tags::from_iter([("team", "x")]);
        assert!(
            tags.insert_bare("beta") && tags.insert_bare("a:1") && tags.insert_bare("a:2") && !tags.insert_bare("beta")
        );
        assert_eq!(tags.iter().collect::<Vec<_>>(), [("team", "x"), ("beta", ""), ("a:1", ""), ("a:2", "")]);
        let mut all = Tags::new();
        all.extend(&tags);
        all.0.absorb(tags.into_list());
        all.rewrite(&mut |text| *text = text.to_uppercase());
        assert!(all.remove("BETA") && !all.remove("BETA"));
        assert_eq!(all.bare().collect::<Vec<_>>(), ["A:1", "A:2"]);
    }

    #[test]
    fn a_list_has_its_values_in_their_order_and_is_replaced_as_a_whole() {
        let all = |tags: &Tags| tags.iter().map(|(key, value)| format!("{key}:{value}")).collect::<Vec<_>>().join(" ");
        let base = Tags::from_iter([("b", "base"), ("c", "3")]).into_shared(|_, _| String::new());
        let mut list = TagList::new();
        list.set_shared(&base);
        let mut tags = Tags::from(list);
        tags.insert("a", "1");
        assert!(tags.insert_all("b", ["y", "x", "y"]) && !tags.insert_all(" ", ["x"]));
        assert_eq!((all(&tags).as_str(), tags.get("b")), ("a:1 b:y b:x b:y c:3", Some("y")));
        let mut other = Tags::from_iter([("b", "old"), ("d", "4")]);
        other.extend(&tags);
        assert_eq!(all(&other), "a:1 b:y b:x b:y c:3 d:4");
        other.0.absorb(Tags::from_iter([("b", "new")]).into_list());
        assert_eq!(all(&other), "a:1 b:new c:3 d:4");
        other.insert_all("b", Vec::<String>::new());
        other.rewrite(&mut |text| *text = text.replace('d', "a"));
        assert_eq!(all(&other), "a:4 b: c:3");
        tags.rewrite(&mut |text| *text = text.replace('y', "z"));
        assert_eq!(all(&tags), "a:1 b:z b:x b:z c:3");
        assert!(tags.remove("b") && !tags.remove("b"));
        assert_eq!(all(&tags), "a:1 c:3");
    }

    #[test]
    fn keys_are_trimmed_and_empty_ones_refused() {
        let mut tags = Tags::new();
        assert!(!tags.insert("  ", "x") && !tags.insert("", "x") && tags.is_empty());
        assert!(tags.insert(" a ", "x") && tags.get("a") == Some("x"));
    }
}
