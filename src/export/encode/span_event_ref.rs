//! A span event whose texts may still lie in the buffer of its recording.
//!
//! Encoding needs no copies. Processors, keep rules and tests see an owned `SpanEvent` instead.

use std::borrow::Cow;

use serde_json::{Map, Value};

use llmobs_model::{
    AgentAttribution, AgentManifest, Content, Document, Message, Metrics, Prompt, Sampling, SpanError, SpanEvent,
    SpanId, SpanKind, SpanLink, Status, TagList, ToolDefinition, TraceId,
};

/// A borrowed [`SpanEvent`], with the same members.
#[derive(Debug)]
pub(crate) struct SpanEventRef<'a> {
    pub(crate) span_id: SpanId,
    pub(crate) trace_id: TraceId,
    pub(crate) parent_id: Option<SpanId>,
    pub(crate) name: Cow<'a, str>,
    pub(crate) kind: SpanKind,
    pub(crate) start_ns: u64,
    pub(crate) duration_ns: u64,
    pub(crate) status: Status,
    pub(crate) error: Option<SpanError>,
    pub(crate) model_name: Option<Cow<'a, str>>,
    pub(crate) model_provider: Option<Cow<'a, str>>,
    pub(crate) input: Option<Body<'a>>,
    pub(crate) output: Option<Body<'a>>,
    pub(crate) prompt: Option<Box<Prompt>>,
    pub(crate) tool_definitions: Vec<ToolDefinition>,
    pub(crate) tool_version: Option<String>,
    pub(crate) intent: Option<String>,
    pub(crate) cost_tags: Vec<Cow<'static, str>>,
    pub(crate) agent_manifest: Option<AgentManifest>,
    pub(crate) links: Vec<SpanLink>,
    pub(crate) metadata: Members<'a>,
    pub(crate) metrics: Metrics,
    pub(crate) tags: TagList<'a>,
    pub(crate) session_id: Option<Cow<'a, str>>,
    pub(crate) agent_attribution: Option<AgentAttribution>,
    pub(crate) apm_trace_id: Option<TraceId>,
    pub(crate) sampling: Option<Sampling>,
    pub(crate) collection_errors: Vec<String>,
}

/// Input or output.
#[derive(Debug)]
pub(crate) enum Body<'a> {
    /// [`Content::Text`]
    Text(Cow<'a, str>),
    /// A message without a role.
    Message(Cow<'a, str>),
    /// A document that is nothing but a text.
    Document(Cow<'a, str>),
    Content(Content),
}

/// A value of the metadata.
#[derive(Debug)]
pub(crate) enum MetadataValue<'a> {
    Text(&'a str),
    Json(Value),
}

/// The members of a JSON object, ordered by name.
#[derive(Debug, Default)]
pub(crate) struct Members<'a>(Vec<(Cow<'a, str>, MetadataValue<'a>)>);

impl<'a> SpanEventRef<'a> {
    /// Creates an event without content.
    pub(crate) fn new(span_id: SpanId, trace_id: TraceId, kind: SpanKind, name: Cow<'a, str>) -> Self {
        // Built from an empty `SpanEvent`, each span would cost the encoder 300 instructions more.
        Self {
            span_id,
            trace_id,
            parent_id: None,
            name,
            kind,
            start_ns: 0,
            duration_ns: 0,
            status: Status::Ok,
            error: None,
            model_name: None,
            model_provider: None,
            input: None,
            output: None,
            prompt: None,
            tool_definitions: Vec::new(),
            tool_version: None,
            intent: None,
            cost_tags: Vec::new(),
            agent_manifest: None,
            links: Vec::new(),
            metadata: Members::default(),
            metrics: Metrics::new(),
            tags: TagList::new(),
            session_id: None,
            agent_attribution: None,
            apm_trace_id: None,
            sampling: None,
            collection_errors: Vec::new(),
        }
    }

    /// Converts into an event that owns its texts.
    pub(crate) fn into_event(self) -> SpanEvent {
        let owned = |text: Option<Cow<'_, str>>| text.map(Cow::into_owned);
        let mut event = SpanEvent::new(self.span_id, self.trace_id, self.kind, self.name);
        event.parent_id = self.parent_id;
        event.start_ns = self.start_ns;
        event.duration_ns = self.duration_ns;
        event.status = self.status;
        event.error = self.error;
        event.model_name = owned(self.model_name);
        event.model_provider = owned(self.model_provider);
        event.input = self.input.map(Body::into_content);
        event.output = self.output.map(Body::into_content);
        event.prompt = self.prompt;
        event.tool_definitions = self.tool_definitions;
        event.tool_version = self.tool_version;
        event.intent = self.intent;
        event.cost_tags = self.cost_tags;
        event.agent_manifest = self.agent_manifest;
        event.links = self.links;
        event.metadata = self.metadata.into_map();
        event.metrics = self.metrics;
        event.tags = self.tags.into();
        event.session_id = owned(self.session_id);
        event.agent_attribution = self.agent_attribution;
        event.apm_trace_id = self.apm_trace_id;
        event.sampling = self.sampling;
        event.collection_errors = self.collection_errors;
        event
    }
}

/// Converts without copying. A member that only one of the two types has compiles neither here nor in [`SpanEventRef::into_event`].
impl From<SpanEvent> for SpanEventRef<'static> {
    fn from(event: SpanEvent) -> Self {
        Self {
            span_id: event.span_id,
            trace_id: event.trace_id,
            parent_id: event.parent_id,
            name: event.name.into(),
            kind: event.kind,
            start_ns: event.start_ns,
            duration_ns: event.duration_ns,
            status: event.status,
            error: event.error,
            model_name: event.model_name.map(Cow::Owned),
            model_provider: event.model_provider.map(Cow::Owned),
            input: event.input.map(Body::Content),
            output: event.output.map(Body::Content),
            prompt: event.prompt,
            tool_definitions: event.tool_definitions,
            tool_version: event.tool_version,
            intent: event.intent,
            cost_tags: event.cost_tags,
            agent_manifest: event.agent_manifest,
            links: event.links,
            metadata: event.metadata.into(),
            metrics: event.metrics,
            tags: event.tags.into_list(),
            session_id: event.session_id.map(Cow::Owned),
            agent_attribution: event.agent_attribution,
            apm_trace_id: event.apm_trace_id,
            sampling: event.sampling,
            collection_errors: event.collection_errors,
        }
    }
}

impl Body<'_> {
    pub(crate) fn into_content(self) -> Content {
        match self {
            Self::Text(text) => Content::Text(text.into_owned()),
            Self::Message(text) => Content::Messages(vec![Message::new("", text)]),
            Self::Document(text) => Content::Documents(vec![Document::new(text)]),
            Self::Content(content) => content,
        }
    }

    /// Returns the messages; a message that is nothing but a text is not among them.
    pub(crate) fn messages(&self) -> &[Message] {
        match self {
            Self::Content(Content::Messages(messages)) => messages,
            Self::Content(_) | Self::Text(_) | Self::Message(_) | Self::Document(_) => &[],
        }
    }

    /// Returns the text, if the body is one.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Content(Content::Text(text)) => Some(text),
            Self::Content(_) | Self::Message(_) | Self::Document(_) => None,
        }
    }
}

impl<'a> Members<'a> {
    /// Sets a member; a later one replaces an earlier one.
    pub(crate) fn put(&mut self, name: Cow<'a, str>, value: MetadataValue<'a>) {
        match self.0.binary_search_by(|(own, _)| own.cmp(&name)) {
            Ok(at) => {
                if let Some(slot) = self.0.get_mut(at) {
                    slot.1 = value;
                }
            }
            Err(at) => self.0.insert(at, (name, value)),
        }
    }

    /// Empties the collection and keeps its capacity, unless that is far above the usual.
    pub(crate) fn emptied(mut self) -> Members<'static> {
        self.0.clear();
        if self.0.capacity() > MAX_KEPT {
            return Members::default();
        }
        // Collecting into the same layout reuses the allocation; the lifetime is all that changes.
        Members(self.0.into_iter().map(|_| (Cow::Borrowed(""), MetadataValue::Text(""))).collect())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &MetadataValue<'a>)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), value))
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (&str, &mut MetadataValue<'a>)> {
        self.0.iter_mut().map(|member| (member.0.as_ref(), &mut member.1))
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Sets all members of a JSON object.
    pub(crate) fn extend(&mut self, later: Map<String, Value>) {
        self.0.reserve(later.len());
        for (name, value) in later {
            self.put(name.into(), MetadataValue::Json(value));
        }
    }

    /// Sets those members of a JSON object that there are none of yet.
    pub(crate) fn fill(&mut self, gaps: Map<String, Value>) {
        for (name, value) in gaps {
            if let Err(at) = self.0.binary_search_by(|(own, _)| own.as_ref().cmp(name.as_str())) {
                self.0.insert(at, (name.into(), MetadataValue::Json(value)));
            }
        }
    }

    fn into_map(self) -> Map<String, Value> {
        self.0.into_iter().map(|(name, value)| (name.into_owned(), value.into())).collect()
    }
}

impl From<Map<String, Value>> for Members<'_> {
    fn from(map: Map<String, Value>) -> Self {
        let mut members = Self::default();
        members.extend(map);
        members
    }
}

impl From<MetadataValue<'_>> for Value {
    fn from(datum: MetadataValue<'_>) -> Self {
        match datum {
            MetadataValue::Text(text) => Self::String(text.to_owned()),
            MetadataValue::Json(value) => value,
        }
    }
}

/// The largest capacity that is kept.
const MAX_KEPT: usize = 128;
