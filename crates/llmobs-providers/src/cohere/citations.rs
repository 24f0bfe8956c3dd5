//! Citations of a response.

use serde_json::{Value, json};

use crate::json::{StreamBudget, get, items};

/// Citations: ranges of characters with their sources. The texts are left out, because response and request have them.
#[derive(Debug)]
pub(super) struct Citations(Vec<Value>);

impl Citations {
    pub(super) const fn new() -> Self {
        Self(Vec::new())
    }

    /// Takes in citations of an answer or of a stream, as many as there is room for.
    pub(super) fn add(&mut self, citations: &[Value], budget: &mut StreamBudget) {
        let kept =
            citations.iter().map(|citation| budget.keep(&short(citation))).filter(|citation| !citation.is_null());
        self.0.extend(kept);
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn finish(self) -> Value {
        Value::Array(self.0)
    }
}

/// The citations of an answer, for the metadata.
pub(super) fn of(answer: &Value) -> Option<Value> {
    let mut citations = Citations::new();
    citations.add(items(answer, "citations"), &mut StreamBudget::new());
    (!citations.is_empty()).then(|| citations.finish())
}

/// Shortens a citation to its range and its sources. A citation that is short already stays as it is.
fn short(citation: &Value) -> Value {
    let sources = items(citation, "sources").iter().map(|source| source.get("id").unwrap_or(source));
    let sources: Vec<&Value> = sources.chain(items(citation, "document_ids")).collect();
    json!({"start": get(citation, &["start"]), "end": get(citation, &["end"]), "sources": sources})
}
