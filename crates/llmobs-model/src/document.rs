//! A text with a name, an id and a score.

use serde_json::{Map, Value};

use super::content::retained_json_bytes;
use super::depth;

/// A text that was found or embedded.
///
/// On the wire `{"text":"…","name":"…","id":"…","score":0.9,"metadata":{…}}`; what is not set is left out, a score of
/// 0 is kept.
///
/// # Example
///
/// ```
/// use tracing_llmobs::Document;
///
/// let found = Document::new("Below 15 degrees wear a jacket.").name("clothing-guide").id("doc-17").score(0.91);
/// assert_eq!(found.score, Some(0.91));
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Document {
    /// The text itself.
    pub text: String,
    /// What it is called.
    pub name: Option<String>,
    /// Its id in the store it came from.
    pub id: Option<String>,
    /// How well it fits; not a number and infinity are left out.
    pub score: Option<f64>,
    /// What else its store says of it. The intake is not documented to show it.
    pub metadata: Map<String, Value>,
}

impl Document {
    /// A document with this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// Sets what it is called.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets its id in the store it came from.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Sets how well it fits.
    pub fn score(mut self, score: f64) -> Self {
        self.score = Some(score).filter(|score| score.is_finite());
        self
    }

    /// Sets one of the things that its store says of it besides.
    pub fn metadata(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.metadata.insert(name.into(), value.into());
        self
    }

    /// Whether the metadata are not nested too deep; those that are, are taken out.
    pub(super) fn has_no_deep_metadata(&mut self) -> bool {
        let metadata = depth::unless_deep(Value::Object(std::mem::take(&mut self.metadata)));
        let Some(Value::Object(metadata)) = metadata else { return false };
        self.metadata = metadata;
        true
    }

    pub(super) fn text_bytes(&self) -> usize {
        let len = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let members = self.metadata.iter();
        let metadata = members.fold(0_usize, |sum, (key, value)| {
            sum.saturating_add(key.len()).saturating_add(retained_json_bytes(value))
        });
        self.text.len().saturating_add(len(&self.name)).saturating_add(len(&self.id)).saturating_add(metadata)
    }
}

impl From<&str> for Document {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Document {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}
