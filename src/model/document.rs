//! A text with a name, an id and a score.

/// A text that was found or embedded.
///
/// On the wire `{"text":"…","name":"…","id":"…","score":0.9}`; what is not set is left out, a score of 0 is kept.
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

    pub(super) fn text_bytes(&self) -> usize {
        let len = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        self.text.len().saturating_add(len(&self.name)).saturating_add(len(&self.id))
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
