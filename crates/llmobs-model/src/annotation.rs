//! Annotations: content, metadata, metrics, tags and more for a span, in one value.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;
use serde_json::{Map, Value};

use super::annotation_details::AnnotationDetails;
use super::capture_policy::CapturePolicy;
use super::content::Content;
use super::json_limits;
use super::json_size::{retained_members_bytes, texts_bytes};
use super::metrics::{MetricValue, Metrics};
use super::span_error::SpanError;
use super::span_kind::SpanKind;
use super::tags::Tags;

/// Values for a span: content, metadata, metrics, tags, names, an error.
///
/// Setters take the values, fields hold them for code that reads an annotation. Repeated annotation of a span merges
/// metadata, metrics and tags key by key; of everything else the later value wins.
///
/// # Example
///
/// ```
/// use llmobs_model::{Annotation, Message, metric};
///
/// let annotation = Annotation::new()
///     .input([Message::system("You are helpful."), Message::user("Hello world!")])
///     .output(Message::assistant("How can I help?"))
///     .metadata("temperature", 0)
///     .metric(metric::INPUT_TOKENS, 4)
///     .tag("host", "host_name");
/// # let _ = annotation;
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
#[must_use = "an annotation changes nothing until a span gets it"]
pub struct Annotation {
    /// The kind of the span.
    pub kind: Option<SpanKind>,
    /// The name of the span.
    pub name: Option<String>,
    /// The name of the model.
    pub model_name: Option<String>,
    /// The provider of the model.
    pub model_provider: Option<String>,
    /// The conversation.
    pub session_id: Option<String>,
    /// The application.
    pub ml_app: Option<String>,
    /// The input.
    pub input: Option<Content>,
    /// The output.
    pub output: Option<Content>,
    /// Any other values by name.
    pub metadata: Map<String, Value>,
    /// Numbers by name.
    pub metrics: Metrics,
    /// Tags of the span.
    pub tags: Tags,
    /// The error of the span.
    pub error: Option<SpanError>,
    /// Values that few spans have, in a box of their own so that other annotations stay small.
    pub details: Option<Box<AnnotationDetails>>,
    /// The policy that bounds what leaves the process.
    pub capture: Option<CapturePolicy>,
    /// The start, in nanoseconds since 1970.
    pub start_ns: Option<u64>,
    /// The end, in nanoseconds since 1970.
    pub end_ns: Option<u64>,
    /// The number of values that setters refused; the layer counts them as problems of the span.
    pub refused: u32,
}

impl Annotation {
    /// Creates an empty annotation.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the kind; a span without one becomes an LLM span by it.
    pub fn kind(mut self, kind: SpanKind) -> Self {
        self.kind = Some(kind);
        self
    }

    /// Sets the name of the span; default is the name that it has in `tracing`.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets the name of the model; default is `custom` for `llm` and `embedding`, other kinds have none.
    pub fn model_name(mut self, name: impl Into<String>) -> Self {
        self.model_name = Some(name.into());
        self
    }

    /// Sets the provider of the model, in lower case on the wire; default as for the name of the model.
    pub fn model_provider(mut self, provider: impl Into<String>) -> Self {
        self.model_provider = Some(provider.into());
        self
    }

    /// Sets the conversation; child spans that start later belong to it too.
    pub fn session_id(mut self, id: impl Into<String>) -> Self {
        self.session_id = Some(id.into());
        self
    }

    /// Sets the application; child spans that start later belong to it too.
    pub fn ml_app(mut self, name: impl Into<String>) -> Self {
        self.ml_app = Some(name.into());
        self
    }

    /// Sets the input. JSON nested deeper than 128 levels is refused.
    pub fn input(mut self, input: impl Into<Content>) -> Self {
        self.input = self.accept(input.into()).or(self.input.take());
        self
    }

    /// Sets the output. JSON nested deeper than 128 levels is refused.
    pub fn output(mut self, output: impl Into<Content>) -> Self {
        self.output = self.accept(output.into()).or(self.output.take());
        self
    }

    /// Sets a value of the metadata, from any type that serde can write as JSON.
    ///
    /// The name `_dd` belongs to the intake and is refused, and so is a value that is not JSON (map keys that are not
    /// strings), is nested deeper than 128 levels, or panics.
    pub fn metadata(mut self, name: impl Into<String>, value: impl Serialize) -> Self {
        let name = name.into();
        match json_limits::to_value(&value) {
            Ok(value) if name != RESERVED_METADATA_KEY => {
                self.metadata.insert(name, value);
            }
            _ => self.refused = self.refused.saturating_add(1),
        }
        self
    }

    /// Sets many values of the metadata, from a map or a struct. A value that is not an object is refused.
    pub fn metadata_map(mut self, values: impl Serialize) -> Self {
        match json_limits::to_value(&values) {
            Ok(Value::Object(members)) => {
                self.metadata.extend(members.into_iter().filter(|(name, _)| name != RESERVED_METADATA_KEY));
            }
            _ => self.refused = self.refused.saturating_add(1),
        }
        self
    }

    /// Sets a metric; [`Metrics::insert`] lists the values that are refused.
    pub fn metric(mut self, name: impl Into<String>, value: impl Into<MetricValue>) -> Self {
        if !self.metrics.insert(name, value) {
            self.refused = self.refused.saturating_add(1);
        }
        self
    }

    /// Sets many metrics.
    pub fn metrics(mut self, metrics: Metrics) -> Self {
        self.metrics.extend(metrics);
        self
    }

    /// Sets a tag; an empty key is refused.
    pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        if !self.tags.insert(key, value) {
            self.refused = self.refused.saturating_add(1);
        }
        self
    }

    /// Sets many tags, those with [a list of values](Tags::insert_all) too.
    pub fn tags(mut self, tags: &Tags) -> Self {
        self.tags.extend(tags);
        self
    }

    /// Marks the span as failed with the type, the message and the chain of sources of `error`.
    ///
    /// [`span_error`](Self::span_error) takes an error without a Rust type. See [`SpanError::from_error`] for the bounds.
    pub fn error<E: std::error::Error + ?Sized>(self, error: &E) -> Self {
        self.span_error(SpanError::from_error(error))
    }

    /// Marks the span as failed.
    pub fn span_error(mut self, error: SpanError) -> Self {
        self.error = Some(error);
        self
    }

    /// Returns the content, unless it is refused.
    fn accept(&mut self, content: Content) -> Option<Content> {
        let good = content.unless_deep();
        if good.is_none() {
            self.refused = self.refused.saturating_add(1);
        }
        good
    }

    /// Bounds what leaves the process, of this span and of child spans that start later.
    pub fn capture(mut self, policy: CapturePolicy) -> Self {
        self.capture = Some(policy);
        self
    }

    /// Sets the start, for work that is reported afterwards; default is the creation of the span.
    ///
    /// A time before 1970 is refused. The intake does not take spans that ended more than 24 hours ago.
    ///
    /// # Example
    ///
    /// ```
    /// use std::time::{Duration, UNIX_EPOCH};
    /// use llmobs_model::Annotation;
    ///
    /// let start = UNIX_EPOCH + Duration::from_secs(1_790_000_000);
    /// let imported = Annotation::new().start_time(start).end_time(start + Duration::from_millis(250));
    /// assert_eq!(imported.start_ns, Some(1_790_000_000_000_000_000));
    /// ```
    pub fn start_time(mut self, time: SystemTime) -> Self {
        self.start_ns = self.nanos(time).or(self.start_ns);
        self
    }

    /// Sets the end, whenever the span is closed; an end before the start counts as the start.
    pub fn end_time(mut self, time: SystemTime) -> Self {
        self.end_ns = self.nanos(time).or(self.end_ns);
        self
    }

    fn nanos(&mut self, time: SystemTime) -> Option<u64> {
        let nanos = time.duration_since(UNIX_EPOCH).ok().and_then(|since| u64::try_from(since.as_nanos()).ok());
        self.refused = self.refused.saturating_add(u32::from(nanos.is_none()));
        nanos
    }

    /// Merges `later` over this annotation.
    pub fn merge(&mut self, later: Self) {
        replace(&mut self.kind, later.kind);
        replace(&mut self.name, later.name);
        replace(&mut self.model_name, later.model_name);
        replace(&mut self.model_provider, later.model_provider);
        replace(&mut self.session_id, later.session_id);
        replace(&mut self.ml_app, later.ml_app);
        replace(&mut self.input, later.input);
        replace(&mut self.output, later.output);
        replace(&mut self.error, later.error);
        replace(&mut self.capture, later.capture);
        replace(&mut self.start_ns, later.start_ns);
        replace(&mut self.end_ns, later.end_ns);
        self.metadata.extend(later.metadata);
        self.metrics.extend(later.metrics);
        self.tags.extend(&later.tags);
        match (&mut self.details, later.details) {
            (Some(details), Some(later)) => details.merge(*later),
            (none @ None, later) => *none = later,
            (Some(_), None) => {}
        }
    }

    /// Removes identity, ownership, times and policy, which an annotation that only fills gaps must not set.
    #[doc(hidden)]
    pub fn keep_to_gaps(&mut self) {
        self.kind = None;
        self.session_id = None;
        self.ml_app = None;
        self.capture = None;
        self.start_ns = None;
        self.end_ns = None;
    }

    /// Returns the bytes that the annotation retains, near enough to bound a queue with.
    pub fn text_bytes(&self) -> usize {
        let texts = [&self.name, &self.model_name, &self.model_provider, &self.session_id, &self.ml_app];
        let texts = texts_bytes(texts);
        let content = [&self.input, &self.output];
        let content = content.into_iter().flatten().fold(0_usize, |sum, one| sum.saturating_add(one.text_bytes()));
        texts
            .saturating_add(content)
            .saturating_add(retained_members_bytes(&self.metadata))
            .saturating_add(self.metrics.text_bytes())
            .saturating_add(self.tags.text_bytes())
            .saturating_add(self.error.as_ref().map_or(0, SpanError::text_bytes))
            .saturating_add(self.details.as_ref().map_or(0, |details| details.text_bytes()))
    }
}

/// The member of the metadata that belongs to the intake.
pub const RESERVED_METADATA_KEY: &str = "_dd";

/// Sets `slot` to `later`, if there is a later value.
pub(crate) fn replace<T>(slot: &mut Option<T>, later: Option<T>) {
    if later.is_some() {
        *slot = later;
    }
}
