//! The list inside of [`Tags`](super::Tags).
//!
//! The exporter uses it directly: texts may be borrowed from a recording, and the tags that every span of a process has are
//! shared and encoded once.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::Arc;

use super::json_size::{cow_bytes, sum_bytes};

/// A tag in a list: key and value.
pub(crate) type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

/// Key, value, and the pair as it is on the wire, if that is known.
type Shown<'a> = (&'a str, &'a str, Option<&'a str>);

/// Tags of a span, ordered by key, over the tags that every span of the process has.
#[doc(hidden)]
#[derive(Debug, Clone, Default)]
pub struct TagList<'a> {
    /// A key in `own` hides the same key in here.
    shared: Option<Arc<SharedTags>>,
    /// Sorted by key; the values of a list are adjacent, in their order.
    own: Vec<Pair<'a>>,
    /// Tags that are not pairs, in the order in which they came: other conventions have them.
    bare: Vec<Cow<'a, str>>,
}

/// Tags that many spans share.
#[doc(hidden)]
#[derive(Debug)]
pub struct SharedTags {
    /// Sorted by key, each with the pair as it is on the wire.
    tags: Box<[(Pair<'static>, String)]>,
    /// All of them as they are on the wire, with commas.
    wire: String,
    /// A filter of the keys that there may be: a [`bit`] for each.
    keys: u64,
}

impl<'a> TagList<'a> {
    /// Creates an empty list.
    pub const fn new() -> Self {
        Self { shared: None, own: Vec::new(), bare: Vec::new() }
    }

    /// Sets the tags that lie below these.
    pub fn set_shared(&mut self, shared: &Arc<SharedTags>) {
        self.shared = Some(Arc::clone(shared));
    }

    /// Sets a tag, and returns whether it was accepted: an empty key is refused.
    pub fn put(&mut self, key: impl Into<Cow<'a, str>>, value: impl Into<Cow<'a, str>>) -> bool {
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

    /// Sets a tag to a list of values; an empty list is one empty value.
    pub fn put_all(&mut self, key: &str, mut values: impl Iterator<Item = String>) -> bool {
        let is_good = self.put(key.to_owned(), values.next().unwrap_or_default());
        is_good && values.all(|value| self.add(key.to_owned(), value))
    }

    /// Adds a value to the values of a key.
    pub fn add(&mut self, key: impl Into<Cow<'a, str>>, value: impl Into<Cow<'a, str>>) -> bool {
        let key = trimmed(key.into());
        if key.is_empty() {
            return false;
        }
        let at = self.own.partition_point(|(own, _)| *own <= key);
        self.own.insert(at, (key, value.into()));
        true
    }

    /// The number of tags that are not pairs.
    pub const MAX_BARE: usize = 256;

    /// Adds a tag that is not a pair and goes out as it is; an empty one is refused.
    pub fn insert_bare(&mut self, tag: impl Into<Cow<'a, str>>) -> bool {
        let tag = trimmed(tag.into());
        if self.bare.len() < Self::MAX_BARE && !tag.is_empty() && !self.bare.contains(&tag) {
            self.bare.push(tag);
            return true;
        }
        false
    }

    /// Returns the tags that are not pairs.
    pub fn bare(&self) -> impl Iterator<Item = &str> {
        self.bare.iter().map(AsRef::as_ref)
    }

    /// Returns whether the key at this index has several values.
    fn is_list(&self, at: usize) -> bool {
        let key = |at: Option<usize>| self.own.get(at?).map(|(key, _)| key);
        let own = key(Some(at));
        own == key(at.checked_sub(1)) || own == key(at.checked_add(1))
    }

    /// Sets a tag unless the list has the key itself.
    pub fn fill(&mut self, key: &'static str, value: impl Into<Cow<'a, str>>) {
        if let Err(at) = self.own.binary_search_by(|(own, _)| own.as_ref().cmp(key)) {
            self.own.insert(at, (Cow::Borrowed(key), value.into()));
        }
    }

    /// Sets all tags over these that `later` does not share.
    pub fn absorb(&mut self, later: Self) {
        if self.own.is_empty() {
            self.own = later.own;
        } else {
            self.extend(later.own.into_iter());
        }
        for tag in later.bare {
            self.insert_bare(tag);
        }
    }

    /// Sets pairs over these. The first value of a list replaces the tag, the others are added.
    pub(crate) fn extend(&mut self, later: impl Iterator<Item = Pair<'a>>) {
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

    /// Removes a tag, so that a shared one with this key shows.
    pub fn remove_own(&mut self, key: &str) {
        self.own.retain(|(own, _)| own != key);
    }

    /// Keeps the tags whose key is wanted; shared ones stay.
    pub fn retain_own(&mut self, wanted: impl Fn(&str) -> bool) {
        self.own.retain(|(key, _)| wanted(key));
        self.bare.retain(|tag| wanted(tag));
    }

    /// Replaces values where `rewrite` returns another; it gets the key, or `None` for a tag that is not a pair.
    pub fn rewrite_own(&mut self, mut rewrite: impl FnMut(Option<&str>, &str) -> Option<String>) {
        for (key, value) in &mut self.own {
            if let Some(other) = rewrite(Some(key), value) {
                *value = Cow::Owned(other);
            }
        }
        for tag in &mut self.bare {
            if let Some(other) = rewrite(None, tag) {
                *tag = Cow::Owned(other);
            }
        }
    }

    /// Returns the value of a tag, or the first of a list.
    pub fn get(&self, key: &str) -> Option<&str> {
        let at = self.own.partition_point(|(own, _)| own.as_ref() < key);
        if let Some((_, value)) = self.own.get(at).filter(|(own, _)| own == key) {
            return Some(value.as_ref());
        }
        self.shared.as_deref()?.get(key)
    }

    /// Returns an empty list with the same capacity, up to a bound.
    pub fn emptied(mut self) -> TagList<'static> {
        self.own.clear();
        if self.own.capacity() > MAX_SPARE_CAPACITY {
            return TagList::new();
        }
        // Changes the lifetime of the texts; the compiler collects in place, so the allocation stays.
        let own = self.own.into_iter().map(|_| (Cow::Borrowed(""), Cow::Borrowed(""))).collect();
        TagList { shared: None, own, bare: Vec::new() }
    }

    /// Returns the bytes of the tags that are not shared.
    pub(crate) fn text_bytes(&self) -> usize {
        let own = sum_bytes(&self.own, |(key, value)| cow_bytes(key).saturating_add(cow_bytes(value)));
        own.saturating_add(sum_bytes(&self.bare, cow_bytes))
    }

    /// Returns the shared pairs as they are on the wire, and the other pairs; `None` where a shared pair is hidden.
    pub fn wire(&self) -> Option<(&str, impl Iterator<Item = (&str, &str)>)> {
        let base = self.shared.as_deref();
        let is_hidden = |base: &SharedTags| self.own.iter().any(|(key, _)| base.has(key));
        if base.is_some_and(is_hidden) {
            return None;
        }
        let own = self.own.iter().map(|(key, value)| (key.as_ref(), value.as_ref()));
        Some((base.map(|base| base.wire.as_str()).unwrap_or_default(), own))
    }

    /// Merges both sorted lists of pairs; a shared pair is left out where the list has its key.
    pub fn shown(&self) -> impl Iterator<Item = Shown<'_>> {
        let base = self.shared.as_deref().map(|base| &*base.tags).unwrap_or_default();
        let mut base = base.iter().map(|((key, value), wire)| (key.as_ref(), value.as_ref(), Some(&**wire))).peekable();
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

    /// Converts borrowed texts to owned ones.
    pub(crate) fn into_owned(self) -> TagList<'static> {
        let owned = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        let own = self.own.into_iter().map(|(key, value)| (owned(key), owned(value))).collect();
        TagList { shared: self.shared, own, bare: self.bare.into_iter().map(owned).collect() }
    }
}

impl TagList<'static> {
    /// Converts the tags to a set that many spans share; `encode` returns a pair as it is on the wire.
    pub fn into_shared(self, encode: impl Fn(&str, &str) -> String) -> Arc<SharedTags> {
        let shared = |(key, value): Pair<'static>| {
            let encoded = encode(&key, &value);
            ((key, value), encoded)
        };
        let tags: Box<[_]> = self.own.into_iter().map(shared).collect();
        let wire = tags.iter().map(|(_, wire)| wire.as_str()).collect::<Vec<_>>().join(",");
        let keys = tags.iter().fold(0, |keys, ((key, _), _)| keys | bit(key));
        Arc::new(SharedTags { tags, wire, keys })
    }
}

impl SharedTags {
    fn has(&self, key: &str) -> bool {
        self.keys & bit(key) != 0 && self.get(key).is_some()
    }

    fn get(&self, key: &str) -> Option<&str> {
        let at = self.tags.binary_search_by(|((own, _), _)| own.as_ref().cmp(key)).ok()?;
        self.tags.get(at).map(|((_, value), _)| value.as_ref())
    }
}

/// Larger lists do not keep their capacity.
const MAX_SPARE_CAPACITY: usize = 128;

/// Returns a bit for a key, which few other keys share.
fn bit(key: &str) -> u64 {
    let ends = key.as_bytes().first().zip(key.as_bytes().last());
    let (first, last) = ends.map_or((0, 0), |(first, last)| (usize::from(*first), usize::from(*last)));
    let mixed = first.wrapping_mul(31).wrapping_add(last).wrapping_add(key.len().wrapping_mul(7));
    1_u64.rotate_left(u32::try_from(mixed % 64).unwrap_or_default())
}

fn trimmed(key: Cow<'_, str>) -> Cow<'_, str> {
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
