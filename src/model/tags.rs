//! Tags: `key:value` pairs, one value or a list of values a key, later wins.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

type Text = Cow<'static, str>;

/// The tags of one span: ordered by key, one value a key or a list of them, a later one replaces an earlier one.
///
/// On the wire each is one string, `key:value`; the first colon separates. A list is one such string a value. Keys are
/// trimmed, and an empty key is refused.
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
/// tags.insert_all("region", ["eu", "us"]);
/// assert_eq!(tags.iter().collect::<Vec<_>>(), [("region", "eu"), ("region", "us"), ("team", "ranking")]);
/// ```
#[derive(Clone, Default)]
pub struct Tags {
    /// What every span of the process has; a key in `own` hides the one in here.
    base: Option<Arc<SharedTags>>,
    /// Sorted by key; the values of a list stand together, in their order.
    own: Vec<(Text, Text)>,
    /// Tags that are no pairs, in the order in which they came: other vocabularies have them.
    bare: Vec<Text>,
}

/// Tags that many spans share.
#[derive(Debug)]
pub(crate) struct SharedTags {
    /// Sorted by key; the third is the pair as it is on the wire.
    tags: Box<[(Text, Text, String)]>,
}

/// Key, value, and what the pair is on the wire, if that is known.
type Shown<'a> = (&'a str, &'a str, Option<&'a str>);

impl Tags {
    /// No tags.
    pub const fn new() -> Self {
        Self { base: None, own: Vec::new(), bare: Vec::new() }
    }

    /// Puts these tags above a base that many spans share.
    pub(crate) fn above(base: Arc<SharedTags>) -> Self {
        Self { base: Some(base), ..Self::new() }
    }

    /// Sets a tag and says whether the key was good; an empty key is refused.
    pub fn insert(&mut self, key: impl Into<String>, value: impl Into<String>) -> bool {
        self.put(key.into(), value.into())
    }

    /// The same with a list of values; an empty list is one empty value.
    pub fn insert_all<V: Into<String>>(&mut self, key: impl Into<String>, values: impl IntoIterator<Item = V>) -> bool {
        let key = key.into();
        let mut values = values.into_iter();
        let is_good = self.insert(key.clone(), values.next().map_or_else(String::new, Into::into));
        is_good && values.all(|value| self.add(key.clone(), value.into()))
    }

    /// Adds a value to those that the key has.
    pub(crate) fn add(&mut self, key: impl Into<Text>, value: impl Into<Text>) -> bool {
        let key = trimmed(key.into());
        if key.is_empty() {
            return false;
        }
        let at = self.own.partition_point(|(own, _)| *own <= key);
        self.own.insert(at, (key, value.into()));
        true
    }

    /// As [`insert`](Self::insert), without a copy of what lives for ever.
    pub(crate) fn put(&mut self, key: impl Into<Text>, value: impl Into<Text>) -> bool {
        let key = trimmed(key.into());
        if key.is_empty() {
            return false;
        }
        let value = value.into();
        match self.own.binary_search_by(|(own, _)| own.as_ref().cmp(&key)) {
            Ok(at) if self.is_list(at) => {
                self.remove_own(&key);
                return self.put(key, value);
            }
            Ok(at) => {
                if let Some(slot) = self.own.get_mut(at) {
                    slot.1 = value;
                }
            }
            Err(at) => self.own.insert(at, (key, value)),
        }
        true
    }

    /// More tags that are no pairs than this are not kept.
    pub(crate) const MOST_BARE: usize = 256;

    /// Adds a tag that is no pair and goes out as it stands; an empty one is refused.
    pub(crate) fn put_bare(&mut self, tag: impl Into<Text>) -> bool {
        let tag = trimmed(tag.into());
        if self.bare.len() < Self::MOST_BARE && !tag.is_empty() && !self.bare.contains(&tag) {
            self.bare.push(tag);
            return true;
        }
        false
    }

    /// The tags that are no pairs.
    pub(crate) fn bare(&self) -> impl Iterator<Item = &str> {
        self.bare.iter().map(AsRef::as_ref)
    }

    /// Whether the key at this place has several values.
    fn is_list(&self, at: usize) -> bool {
        let key = |at: Option<usize>| self.own.get(at?).map(|(key, _)| key);
        let own = key(Some(at));
        own == key(at.checked_sub(1)) || own == key(at.checked_add(1))
    }

    /// Takes a tag away and says whether it was there.
    pub fn remove(&mut self, key: &str) -> bool {
        let all: Vec<(Text, Text)> =
            self.shown().map(|(key, value, _)| (Cow::Owned(key.to_owned()), Cow::Owned(value.to_owned()))).collect();
        let before = all.len().saturating_add(self.bare.len());
        self.base = None;
        self.own = all.into_iter().filter(|(own, _)| own != key).collect();
        self.bare.retain(|own| own != key);
        self.own.len().saturating_add(self.bare.len()) < before
    }

    /// Takes a tag away that hides one of the base, or none.
    pub(crate) fn remove_own(&mut self, key: &str) {
        self.own.retain(|(own, _)| own != key);
    }

    /// Sets all of `later` over these.
    pub fn extend(&mut self, later: &Self) {
        let pairs = later.shown().map(|(key, value, _)| (Cow::Owned(key.to_owned()), Cow::Owned(value.to_owned())));
        self.take_over(pairs);
        for tag in &later.bare {
            self.put_bare(tag.clone());
        }
    }

    /// The same with tags that have no base.
    pub(crate) fn absorb(&mut self, later: Self) {
        self.own.reserve(later.own.len());
        self.take_over(later.own.into_iter());
        for tag in later.bare {
            self.put_bare(tag);
        }
    }

    /// Of a list the first value replaces what was there, and the others join it.
    fn take_over(&mut self, later: impl Iterator<Item = (Text, Text)>) {
        let mut later = later.peekable();
        let mut goes_on = false;
        while let Some((key, value)) = later.next() {
            let is_first = !goes_on;
            goes_on = later.peek().is_some_and(|(next, _)| *next == key);
            if is_first {
                self.put(key, value)
            } else {
                self.add(key, value)
            };
        }
    }

    /// Keeps those tags of its own whose key is wanted; shared ones stay.
    pub(crate) fn retain_own(&mut self, wanted: impl Fn(&str) -> bool) {
        self.own.retain(|(key, _)| wanted(key));
        self.bare.retain(|tag| wanted(tag));
    }

    /// Shows every key and value to `rewrite`, shared ones included; where two keys become one, one value is lost.
    pub(super) fn rewrite(&mut self, rewrite: &mut dyn FnMut(&mut String)) {
        let mut all = Self::new();
        for tag in &self.bare {
            let mut tag = tag.clone().into_owned();
            rewrite(&mut tag);
            all.put_bare(tag);
        }
        let mut before = None;
        for (own, value, _) in self.shown() {
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

    /// The value of a tag, of a list the first one.
    pub fn get(&self, key: &str) -> Option<&str> {
        let at = self.own.partition_point(|(own, _)| own.as_ref() < key);
        if let Some((_, value)) = self.own.get(at).filter(|(own, _)| own == key) {
            return Some(value.as_ref());
        }
        let base = &self.base.as_deref()?.tags;
        let at = base.binary_search_by(|(own, ..)| own.as_ref().cmp(key)).ok()?;
        base.get(at).map(|(_, value, _)| value.as_ref())
    }

    /// All tags by key; then those that are no pairs, with an empty value.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.shown().map(|(key, value, _)| (key, value)).chain(self.bare().map(|tag| (tag, "")))
    }

    /// Whether there is no tag.
    pub fn is_empty(&self) -> bool {
        self.shown().next().is_none() && self.bare.is_empty()
    }

    /// The base of other tags; `encode` gives a pair as it is on the wire.
    pub(crate) fn into_base(self, encode: impl Fn(&str, &str) -> String) -> Arc<SharedTags> {
        let shared = |(key, value): (Text, Text)| {
            let encoded = encode(&key, &value);
            (key, value, encoded)
        };
        Arc::new(SharedTags { tags: self.own.into_iter().map(shared).collect() })
    }

    /// Bytes of text in the tags that are not shared.
    pub(crate) fn text_bytes(&self) -> usize {
        let own = self
            .own
            .iter()
            .fold(0_usize, |sum, (key, value)| sum.saturating_add(key.len()).saturating_add(value.len()));
        self.bare.iter().fold(own, |sum, tag| sum.saturating_add(tag.len()))
    }

    /// Both sorted lists of pairs as one; where both have a key, ours.
    pub(crate) fn shown(&self) -> impl Iterator<Item = Shown<'_>> {
        let base = self.base.as_deref().map(|base| &*base.tags).unwrap_or_default();
        let mut base = base.iter().map(|(key, value, wire)| (key.as_ref(), value.as_ref(), Some(&**wire))).peekable();
        let mut own = self.own.iter().map(|(key, value)| (key.as_ref(), value.as_ref(), None)).peekable();
        std::iter::from_fn(move || match (base.peek(), own.peek()) {
            (Some((low, ..)), Some((high, ..))) => match str::cmp(low, high) {
                Ordering::Less => base.next(),
                Ordering::Greater => own.next(),
                Ordering::Equal => {
                    base.next();
                    own.next()
                }
            },
            (Some(_), None) => base.next(),
            (None, _) => own.next(),
        })
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

fn trimmed(key: Text) -> Text {
    let is_visible = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_graphic);
    if is_visible(key.as_bytes().first()) && is_visible(key.as_bytes().last()) {
        return key;
    }
    match key {
        Cow::Borrowed(key) => Cow::Borrowed(key.trim()),
        Cow::Owned(key) if key.trim().len() == key.len() => Cow::Owned(key),
        Cow::Owned(key) => Cow::Owned(key.trim().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_tags_hide_the_base_and_stay_sorted() {
        let tags = Tags::from_iter([("env", "prod"), ("service", "api"), ("version", "1")]);
        let base = tags.into_base(|key, value| format!("{key}:{value}"));
        let mut tags = Tags::above(base);
        tags.insert("service", "other");
        tags.insert("a", "first");
        let all: Vec<_> = tags.iter().collect();
        assert_eq!(all, [("a", "first"), ("env", "prod"), ("service", "other"), ("version", "1")]);
        assert_eq!((tags.get("env"), tags.get("service"), tags.get("none")), (Some("prod"), Some("other"), None));
    }

    #[test]
    fn a_base_tag_can_be_removed() {
        let mut tags =
            Tags::above(Tags::from_iter([("env", "prod"), ("service", "api")]).into_base(|_, _| String::new()));
        assert!(tags.remove("env") && !tags.remove("env"));
        assert_eq!(tags.iter().collect::<Vec<_>>(), [("service", "api")]);
    }

    #[test]
    fn tags_that_are_no_pairs_stay_beside_the_others() {
        let mut tags = Tags::from_iter([("team", "x")]);
        assert!(tags.put_bare("beta") && tags.put_bare("a:1") && tags.put_bare("a:2") && !tags.put_bare("beta"));
        assert_eq!(tags.iter().collect::<Vec<_>>(), [("team", "x"), ("beta", ""), ("a:1", ""), ("a:2", "")]);
        let mut all = Tags::new();
        all.extend(&tags);
        all.absorb(tags);
        all.rewrite(&mut |text| *text = text.to_uppercase());
        assert!(all.remove("BETA") && !all.remove("BETA"));
        assert_eq!(all.bare().collect::<Vec<_>>(), ["A:1", "A:2"]);
    }

    #[test]
    fn a_list_has_its_values_in_their_order_and_is_replaced_as_a_whole() {
        let all = |tags: &Tags| tags.iter().map(|(key, value)| format!("{key}:{value}")).collect::<Vec<_>>().join(" ");
        let base = Tags::from_iter([("b", "base"), ("c", "3")]).into_base(|_, _| String::new());
        let mut tags = Tags::above(base);
        tags.insert("a", "1");
        assert!(tags.insert_all("b", ["y", "x", "y"]) && !tags.insert_all(" ", ["x"]));
        assert_eq!((all(&tags).as_str(), tags.get("b")), ("a:1 b:y b:x b:y c:3", Some("y")));
        let mut other = Tags::from_iter([("b", "old"), ("d", "4")]);
        other.extend(&tags);
        assert_eq!(all(&other), "a:1 b:y b:x b:y c:3 d:4");
        other.absorb(Tags::from_iter([("b", "new")]));
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
