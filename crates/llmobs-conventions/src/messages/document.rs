//! Documents in the dialect of any store.

use crate::format::json::Json;
use crate::{Remark, RemarkSet};
use llmobs_model::Document;

/// Returns the documents in one text or object, in a list, or in a member of an object. A document without text is
/// kept as its JSON. Oddities are added to `remarks`.
pub(crate) fn foreign_documents(json: &Json<'_>, remarks: &mut RemarkSet) -> Vec<Document> {
    let list = json.as_list().or_else(|| CONTAINERS.iter().find_map(|name| json.get(name)?.as_list()));
    let items = list.unwrap_or(std::slice::from_ref(json));
    items.iter().map(|item| document(item, remarks)).collect()
}

fn document(json: &Json<'_>, remarks: &mut RemarkSet) -> Document {
    let json = json.get("document").filter(|inner| inner.is_object()).unwrap_or(json);
    // A store that returns ids and scores only has its whole record for text: the intake takes no document without one.
    let text = json.first(&["text", "content", "page_content"]);
    let mut document = Document::new(text.unwrap_or(json).to_text());
    document.id = json.get("id").map(Json::to_text);
    document.name = json.get("name").map(Json::to_text);
    document.score = json.get("score").and_then(score_of).filter(|score| score.is_finite());
    let metadata = json.get("metadata");
    let parsed = metadata.and_then(Json::as_text).and_then(Json::container);
    if let Some(metadata) = parsed.as_ref().or(metadata).filter(|metadata| metadata.is_object()) {
        document.metadata = metadata.to_map();
    }
    let is_lost = json.get("score").is_some() && document.score.is_none()
        || metadata.is_some() && !parsed.as_ref().or(metadata).is_some_and(Json::is_object);
    remarks.add_if(Remark::Document, is_lost);
    document
}

/// Returns a score, which unlike a count may be negative.
fn score_of(json: &Json<'_>) -> Option<f64> {
    match json {
        Json::Text(text) => text.trim().parse().ok(),
        Json::Number(number) => number.as_f64(),
        Json::Null | Json::Bool(_) | Json::List(_) | Json::Object(_) => None,
    }
}

const CONTAINERS: [&str; 4] = ["documents", "results", "matches", "data"];
