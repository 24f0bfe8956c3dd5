//! A [`SpanEvent`] as JSON, top to bottom as it is on the wire.
//!
//! Shape:
//!
//! ```text
//! {"span_id":"7","trace_id":"6a87…","parent_id":"undefined","name":"chat","start_ns":1,"duration":2,"status":"ok",
//!  "meta":{"span":{"kind":"llm"},"model_name":"…","model_provider":"…","input":{…},"output":{…},"metadata":{},
//!          "tool_definitions":[…],"tool":{"version":"…"},"intent":"…","error":{…},"agent_attribution":{…}},
//!  "metrics":{},"tags":["env:prod"],"session_id":"…","_dd":{…},"span_links":[…],"collection_errors":["dropped_io"]}
//! ```
//!
//! Source: dd-trace-py 4.15 `ddtrace/llmobs/_llmobs.py` and `_writer.py`, August 2026; where SDKs differ, the nested form.

use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};

use super::agent_manifest::AgentManifest;
use super::annotation::RESERVED_METADATA_KEY;
use super::content::{Content, ContentWithPrompt, PROMPT};
use super::id::{SpanId, TraceId};
use super::metrics::Metrics;
use super::span_context::{AgentAttribution, Sampling};
use super::span_error::SpanError;
use super::span_event::SpanEvent;
use super::span_kind::{SpanKind, Status};
use super::span_link::SpanLink;
use super::tags::Tags;
use super::tool::ToolDefinition;
use super::wire::{self, ValueAt};

impl Serialize for SpanEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("span_id", &self.span_id)?;
        map.serialize_entry("trace_id", &self.trace_id)?;
        match self.parent_id {
            Some(parent_id) => map.serialize_entry("parent_id", &parent_id)?,
            None => map.serialize_entry("parent_id", NO_PARENT)?,
        }
        map.serialize_entry("name", &self.name)?;
        map.serialize_entry("start_ns", &self.start_ns)?;
        map.serialize_entry("duration", &self.duration_ns)?;
        map.serialize_entry("status", &self.status)?;
        map.serialize_entry("meta", &Meta(self))?;
        map.serialize_entry("metrics", &self.metrics)?;
        map.serialize_entry("tags", &self.tags)?;
        if let Some(session_id) = self.session_id.as_ref().filter(|id| !id.is_empty()) {
            map.serialize_entry("session_id", session_id)?;
        }
        map.serialize_entry("_dd", &Internal(self))?;
        if !self.links.is_empty() {
            map.serialize_entry("span_links", &self.links)?;
        }
        if !self.collection_errors.is_empty() {
            map.serialize_entry("collection_errors", &self.collection_errors)?;
        }
        map.end()
    }
}

/// The member `meta`.
struct Meta<'a>(&'a SpanEvent);

impl Serialize for Meta<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let event = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("span", &Map::from_iter([("kind".to_owned(), event.kind.as_str().into())]))?;
        for (name, text) in [("model_name", &event.model_name), ("model_provider", &event.model_provider)] {
            if let Some(text) = text {
                map.serialize_entry(name, text)?;
            }
        }
        let prompt = event.prompt.as_deref();
        if event.input.is_some() || prompt.is_some() {
            map.serialize_entry("input", &ContentWithPrompt { content: event.input.as_ref(), prompt })?;
        }
        if let Some(output) = &event.output {
            map.serialize_entry("output", output)?;
        }
        map.serialize_entry("metadata", &Metadata(event))?;
        if !event.tool_definitions.is_empty() {
            map.serialize_entry("tool_definitions", &event.tool_definitions)?;
        }
        if let Some(version) = &event.tool_version {
            map.serialize_entry("tool", &Map::from_iter([("version".to_owned(), version.as_str().into())]))?;
        }
        if let Some(intent) = &event.intent {
            map.serialize_entry("intent", intent)?;
        }
        if let Some(error) = &event.error {
            map.serialize_entry("error", error)?;
        }
        if let Some(agent) = &event.agent_attribution {
            map.serialize_entry("agent_attribution", agent)?;
        }
        map.end()
    }
}

/// The member `meta.metadata`: the user's values, and the intake's part `_dd`.
struct Metadata<'a>(&'a SpanEvent);

impl Metadata<'_> {
    /// `meta` is level 0, then `metadata`.
    const DEPTH: usize = 1;
}

impl Serialize for Metadata<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in self.0.metadata.iter().filter(|(name, _)| *name != RESERVED_METADATA_KEY) {
            map.serialize_entry(name, &ValueAt { value, depth: Self::DEPTH + 1 })?;
        }
        let reserved = ReservedMetadata(self.0);
        if !reserved.is_empty() {
            map.serialize_entry(RESERVED_METADATA_KEY, &reserved)?;
        }
        map.end()
    }
}

/// The member `meta.metadata._dd`.
struct ReservedMetadata<'a>(&'a SpanEvent);

impl ReservedMetadata<'_> {
    fn manifest(&self) -> Option<&AgentManifest> {
        self.0.agent_manifest.as_ref().filter(|manifest| !manifest.members().is_empty())
    }

    fn is_empty(&self) -> bool {
        self.0.cost_tags.is_empty() && self.manifest().is_none()
    }
}

impl Serialize for ReservedMetadata<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if !self.0.cost_tags.is_empty() {
            map.serialize_entry("cost_tags", &self.0.cost_tags)?;
        }
        if let Some(manifest) = self.manifest() {
            map.serialize_entry("agent_manifest", manifest)?;
        }
        map.end()
    }
}

/// The member `_dd`, the intake's own.
struct Internal<'a>(&'a SpanEvent);

impl Serialize for Internal<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let event = self.0;
        let apm_trace_id = event.apm_trace_id.as_ref().unwrap_or(&event.trace_id);
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("span_id", &event.span_id)?;
        map.serialize_entry("trace_id", apm_trace_id)?;
        map.serialize_entry("apm_trace_id", apm_trace_id)?;
        if let Some(sampling) = event.sampling {
            map.serialize_entry("sample_rate", &sampling.rate_text())?;
            map.serialize_entry("sampling_decision", sampling.decision_text())?;
        }
        map.end()
    }
}

/// The members of a span event as they are read. `word` members are strings or numbers.
#[derive(serde::Deserialize, Default)]
#[serde(default)]
struct EventMembers {
    #[serde(deserialize_with = "wire::word")]
    span_id: Option<String>,
    #[serde(deserialize_with = "wire::word")]
    trace_id: Option<String>,
    #[serde(deserialize_with = "wire::word")]
    parent_id: Option<String>,
    #[serde(deserialize_with = "wire::word")]
    name: Option<String>,
    #[serde(deserialize_with = "wire::nanoseconds")]
    start_ns: u64,
    #[serde(deserialize_with = "wire::nanoseconds")]
    duration: u64,
    #[serde(deserialize_with = "wire::word")]
    status: Option<String>,
    #[serde(deserialize_with = "wire::part")]
    meta: MetaMembers,
    metrics: Metrics,
    tags: Tags,
    #[serde(deserialize_with = "wire::word")]
    session_id: Option<String>,
    #[serde(rename = "_dd", deserialize_with = "wire::part")]
    internal: InternalMembers,
    #[serde(deserialize_with = "wire::list")]
    span_links: Vec<SpanLink>,
    #[serde(deserialize_with = "wire::words")]
    collection_errors: Vec<String>,
}

/// The members of `meta`. Python nests `span.kind` and the like, Node, Go and Java write flat keys with dots.
#[derive(serde::Deserialize, Default)]
#[serde(default)]
struct MetaMembers {
    #[serde(deserialize_with = "wire::object")]
    span: Map<String, Value>,
    #[serde(rename = "span.kind", deserialize_with = "wire::word")]
    flat_kind: Option<String>,
    /// The public HTTP API has it here.
    #[serde(deserialize_with = "wire::word")]
    kind: Option<String>,
    #[serde(deserialize_with = "wire::word")]
    model_name: Option<String>,
    #[serde(deserialize_with = "wire::word")]
    model_provider: Option<String>,
    input: Value,
    output: Value,
    #[serde(deserialize_with = "wire::object")]
    metadata: Map<String, Value>,
    #[serde(deserialize_with = "wire::list")]
    tool_definitions: Vec<ToolDefinition>,
    #[serde(deserialize_with = "wire::object")]
    tool: Map<String, Value>,
    #[serde(rename = "tool.version", deserialize_with = "wire::word")]
    flat_tool_version: Option<String>,
    #[serde(deserialize_with = "wire::word")]
    intent: Option<String>,
    #[serde(deserialize_with = "wire::object")]
    error: Map<String, Value>,
    #[serde(rename = "error.message", deserialize_with = "wire::word")]
    flat_error_message: Option<String>,
    #[serde(rename = "error.type", deserialize_with = "wire::word")]
    flat_error_type: Option<String>,
    #[serde(rename = "error.stack", deserialize_with = "wire::word")]
    flat_error_stack: Option<String>,
    #[serde(deserialize_with = "wire::optional_part")]
    agent_attribution: Option<AgentAttribution>,
}

/// The members of `_dd`.
#[derive(serde::Deserialize, Default)]
#[serde(default)]
struct InternalMembers {
    #[serde(deserialize_with = "wire::word")]
    apm_trace_id: Option<String>,
    #[serde(deserialize_with = "wire::word")]
    sample_rate: Option<String>,
    #[serde(deserialize_with = "wire::word")]
    sampling_decision: Option<String>,
}

impl<'de> Deserialize<'de> for SpanEvent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut members = EventMembers::deserialize(deserializer)?;
        let mut meta = std::mem::take(&mut members.meta);
        let kind = meta.kind_text().ok_or_else(|| D::Error::missing_field("meta.span.kind"))?;
        let span_id = members.span_id.take().ok_or_else(|| D::Error::missing_field("span_id"))?;
        let trace_id = members.trace_id.take().ok_or_else(|| D::Error::missing_field("trace_id"))?;
        let span_id = span_id.parse().map_err(D::Error::custom)?;
        let trace_id = trace_id.parse().map_err(D::Error::custom)?;
        let name = members.name.take().unwrap_or_else(|| kind.clone());
        let mut event = Self::new(span_id, trace_id, nearest_kind(&kind), name);
        event.parent_id = parent_id(members.parent_id.as_deref()).map_err(D::Error::custom)?;
        event.start_ns = members.start_ns;
        event.duration_ns = members.duration;
        event.status = if members.status.as_deref() == Some("error") { Status::Error } else { Status::Ok };
        event.metrics = members.metrics;
        event.tags = members.tags;
        event.session_id = members.session_id;
        event.links = members.span_links;
        event.collection_errors = members.collection_errors;
        members.internal.read_into(&mut event);
        meta.read_into(&mut event);
        Ok(event)
    }
}

impl MetaMembers {
    fn kind_text(&mut self) -> Option<String> {
        let nested = self.span.remove("kind").and_then(wire::word_of);
        nested.or_else(|| self.flat_kind.take()).or_else(|| self.kind.take())
    }

    fn read_into(mut self, event: &mut SpanEvent) {
        event.error = self.error();
        event.model_name = self.model_name;
        event.model_provider = self.model_provider;
        event.prompt = self.input.get_mut(PROMPT).map(Value::take).and_then(wire::part_of).map(Box::new);
        event.input = Content::from_wire(self.input);
        event.output = Content::from_wire(self.output);
        event.metadata = self.metadata;
        event.tool_definitions = self.tool_definitions;
        event.tool_version = self.tool.remove("version").and_then(wire::word_of).or(self.flat_tool_version);
        event.intent = self.intent;
        event.agent_attribution = self.agent_attribution;
        let reserved = event.metadata.remove(RESERVED_METADATA_KEY).and_then(wire::part_of::<ReservedMembers>);
        let reserved = reserved.unwrap_or_default();
        event.cost_tags = reserved.cost_tags.into_iter().map(Into::into).collect();
        event.agent_manifest = reserved.agent_manifest;
    }

    /// Reads an error of which at least one part is there; missing parts are empty.
    fn error(&mut self) -> Option<SpanError> {
        let mut part = |name: &str, flat: Option<String>| self.error.remove(name).and_then(wire::word_of).or(flat);
        let message = part("message", self.flat_error_message.take());
        let stack = part("stack", self.flat_error_stack.take());
        let error_type = part("type", self.flat_error_type.take());
        if message.is_none() && stack.is_none() && error_type.is_none() {
            return None;
        }
        let error = SpanError::new(message.unwrap_or_default()).stack(stack.unwrap_or_default());
        Some(error.error_type(error_type.unwrap_or_default()))
    }
}

impl InternalMembers {
    fn read_into(self, event: &mut SpanEvent) {
        let apm_trace_id: Option<TraceId> = self.apm_trace_id.and_then(|id| id.parse().ok());
        event.apm_trace_id = apm_trace_id.filter(|id| *id != event.trace_id);
        let rate = self.sample_rate.and_then(|rate| rate.parse().ok());
        event.sampling = rate.zip(self.sampling_decision).map(|(rate, keep)| Sampling::new(rate, keep == "1"));
    }
}

/// The members of `meta.metadata._dd`.
#[derive(serde::Deserialize, Default)]
#[serde(default)]
struct ReservedMembers {
    #[serde(deserialize_with = "wire::words")]
    cost_tags: Vec<String>,
    #[serde(deserialize_with = "wire::optional_part")]
    agent_manifest: Option<AgentManifest>,
}

/// Returns the kind that is nearest to one of any SDK.
fn nearest_kind(kind: &str) -> SpanKind {
    match kind {
        "step" => SpanKind::Task,
        other => other.parse().unwrap_or(SpanKind::Workflow),
    }
}

fn parent_id(text: Option<&str>) -> Result<Option<SpanId>, super::id::IdError> {
    match text {
        None | Some("" | "0" | NO_PARENT) => Ok(None),
        Some(id) => id.parse().map(Some),
    }
}

/// The parent of a root.
const NO_PARENT: &str = "undefined";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn full() -> Value {
        json!({
            "span_id": "9007199254740993",
            "trace_id": "6a87950000000000a1b2c3d4e5f60718",
            "parent_id": "11529215046068469761",
            "name": "chat", "start_ns": 1_787_270_400_125_456_789_u64, "duration": 2_100_000_000, "status": "error",
            "session_id": "session-42",
            "meta": {
                "span": {"kind": "llm"},
                "error": {"message": "boom", "stack": "", "type": "a::B"},
                "model_name": "gpt-4o-mini", "model_provider": "openai",
                "input": {"value": "[dropped]"},
                "metadata": {"temperature": 0, "_dd": {"cost_tags": ["team"]}},
                "agent_attribution": {"pagent_name": null, "pagent_span_id": "7"},
            },
            "metrics": {"input_tokens": 212, "total_cost": 6.2e-5, "flag": true},
            "tags": ["error:1", "error_type:a::B", "alone"],
            "_dd": {"span_id": "9007199254740993", "trace_id": "0af7651916cd43dd8448eb211c80319c",
                    "apm_trace_id": "0af7651916cd43dd8448eb211c80319c", "sample_rate": "0.5", "sampling_decision": "0"},
            "collection_errors": ["dropped_io"],
        })
    }

    fn read(json: &Value) -> SpanEvent {
        SpanEvent::deserialize(json).unwrap()
    }

    #[test]
    fn every_member_finds_its_field() {
        let trace_id = "6a87950000000000a1b2c3d4e5f60718".parse().unwrap();
        let mut event = SpanEvent::new("9007199254740993".parse().unwrap(), trace_id, SpanKind::Llm, "chat");
        event.parent_id = SpanId::new(11_529_215_046_068_469_761);
        event.start_ns = 1_787_270_400_125_456_789;
        event.duration_ns = 2_100_000_000;
        event.status = Status::Error;
        event.error = Some(SpanError::new("boom").error_type("a::B"));
        event.model_name = Some("gpt-4o-mini".to_owned());
        event.model_provider = Some("openai".to_owned());
        event.input = Some("[dropped]".into());
        event.metadata.insert("temperature".to_owned(), json!(0));
        event.cost_tags = vec!["team".into()];
        event.metrics.insert("input_tokens", 212);
        event.metrics.insert("total_cost", 6.2e-5);
        event.tags = Tags::from_iter([("error", "1"), ("error_type", "a::B"), ("alone", "")]);
        event.session_id = Some("session-42".to_owned());
        event.agent_attribution = Some(AgentAttribution::new(None, SpanId::new(7).unwrap()));
        event.apm_trace_id = "0af7651916cd43dd8448eb211c80319c".parse().ok();
        event.sampling = Some(Sampling::new(0.5, false));
        event.collection_errors = vec!["dropped_io".to_owned()];
        assert_eq!(read(&full()), event);
    }

    #[test]
    fn flat_keys_mean_the_same_as_nested_ones() {
        let mut flat = full();
        let meta = flat["meta"].as_object_mut().unwrap();
        meta.remove("span");
        meta.remove("error");
        meta.insert("span.kind".to_owned(), json!("llm"));
        meta.insert("error.message".to_owned(), json!("boom"));
        meta.insert("error.type".to_owned(), json!("a::B"));
        meta.insert("output".to_owned(), json!({}));
        assert_eq!(read(&flat), read(&full()));
    }

    #[test]
    fn an_apm_trace_that_is_the_same_trace_is_none() {
        let mut json = full();
        json["_dd"]["apm_trace_id"] = json["trace_id"].clone();
        assert_eq!(read(&json).apm_trace_id, None);
    }

    #[test]
    fn parts_of_an_unknown_form_are_left_out() {
        let mut odd = full();
        for part in ["span_links", "collection_errors", "metrics", "tags", "session_id"] {
            odd[part] = json!([7, null, {"a": []}, "text"]);
        }
        odd["meta"]["error"] = json!("text");
        odd["meta"]["tool_definitions"] = json!({"a": 1});
        odd["meta"]["agent_attribution"] = json!({"pagent_span_id": "x"});
        odd["meta"]["input"] = json!({"value": "hi", "prompt": 7});
        odd["_dd"] = json!("text");
        let event = read(&odd);
        assert_eq!((event.links.len(), event.collection_errors.as_slice()), (0, &["text".to_owned()][..]));
        assert_eq!((event.error, event.prompt, event.agent_attribution), (None, None, None));
        assert_eq!((event.input, event.sampling), (Some(Content::from("hi")), None));
    }

    #[test]
    fn ids_and_kind_are_required() {
        for (part, value, message) in [
            ("/span_id", json!("x"), "span id is not a decimal number between 1 and 2^64 - 1"),
            ("/span_id", json!(null), "missing field `span_id`"),
            ("/parent_id", json!("-1"), "span id is not a decimal number between 1 and 2^64 - 1"),
            ("/trace_id", json!(""), "trace id is empty"),
            ("/meta", json!({}), "missing field `meta.span.kind`"),
        ] {
            let mut json = full();
            *json.pointer_mut(part).unwrap() = value;
            assert_eq!(SpanEvent::deserialize(&json).unwrap_err().to_string(), message);
        }
        let least = json!({"span_id": 7, "trace_id": "t", "duration": 12.75, "meta": {"span.kind": "step"}});
        let event = read(&least);
        assert_eq!((event.kind, event.name.as_str(), event.duration_ns), (SpanKind::Task, "step", 12));
    }
}
