//! Documents: texts that were retrieved or embedded.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::json_limits;
use super::json_size::{retained_members_bytes, text_bytes, texts_bytes};
use super::wire;

/// A text that was retrieved or embedded.
///
/// On the wire `{"text":"…","name":"…","id":"…","score":0.9,"metadata":{…}}`. Members that are not set are left out; a
/// score of 0 is kept, one that is not finite left out.
///
/// # Example
///
/// ```
/// use llmobs_model::Document;
///
/// let found = Document::new("Below 15 degrees wear a jacket.").name("clothing-guide").id("doc-17").score(0.91);
/// assert_eq!(found.score, Some(0.91));
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Document {
    /// The text.
    #[serde(deserialize_with = "wire::text")]
    pub text: String,
    /// The name of the document.
    #[serde(deserialize_with = "wire::optional_text", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The id of the document in its store.
    #[serde(deserialize_with = "wire::optional_text", skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The relevance of the document.
    #[serde(deserialize_with = "score", skip_serializing_if = "is_not_finite")]
    pub score: Option<f64>,
    /// Other members that the store returned. The intake is not documented to show them.
    #[serde(
        deserialize_with = "wire::object",
        serialize_with = "wire::object_at::<DEPTH, _>",
        skip_serializing_if = "Map::is_empty"
    )]
    pub metadata: Map<String, Value>,
}

impl Document {
    /// Creates a document with this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// Sets the name.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets the id of the document in its store.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Sets the relevance; a value that is not finite is ignored.
    pub fn score(mut self, score: f64) -> Self {
        self.score = Some(score).filter(|score| score.is_finite());
        self
    }

    /// Sets another member that the store returned.
    pub fn metadata(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.metadata.insert(name.into(), value.into());
        self
    }

    /// Removes metadata that are nested too deep, and returns whether there were none.
    pub(crate) fn has_no_deep_metadata(&mut self) -> bool {
        let metadata = json_limits::unless_deep(Value::Object(std::mem::take(&mut self.metadata)));
        let Some(Value::Object(metadata)) = metadata else { return false };
        self.metadata = metadata;
        true
    }

    pub(crate) fn text_bytes(&self) -> usize {
        let texts = text_bytes(&self.text).saturating_add(texts_bytes([&self.name, &self.id]));
        texts.saturating_add(retained_members_bytes(&self.metadata))
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

fn score<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    Value::deserialize(deserializer).map(|json| json.as_f64())
}

#[expect(clippy::ref_option, reason = "serde's `skip_serializing_if` gives a reference to the field")]
fn is_not_finite(score: &Option<f64>) -> bool {
    score.is_none_or(|score| !score.is_finite())
}

/// `meta` is level 0, then `output`, `documents`, a document, `metadata`.
const DEPTH: usize = 4;
