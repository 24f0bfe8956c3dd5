//! What is said about a span in one go.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;
use serde_json::{Map, Value};

use super::content::{Content, retained_json_bytes};
use super::depth;
use super::details::AnnotationDetails;
use super::policy::CapturePolicy;
use super::span::{SpanError, SpanKind};
use super::tags::Tags;
use super::usage::{MetricValue, Metrics};

/// What is said about a span in one go: content, metadata, metrics, tags, names, an error.
///
/// Repeated annotation of the same span merges metadata, metrics and tags key by key; of everything else
/// the later one wins.
///
/// # Example
///
/// ```
/// use tracing_llmobs::{Annotation, Message, metric};
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
#[must_use = "an annotation says nothing until it is given to a span"]
pub struct Annotation {
    pub kind: Option<SpanKind>,
    pub name: Option<String>,
    pub model_name: Option<String>,
    pub model_provider: Option<String>,
    pub session_id: Option<String>,
    pub ml_app: Option<String>,
    pub input: Option<Content>,
    pub output: Option<Content>,
    pub metadata: Map<String, Value>,
    pub metrics: Metrics,
    pub tags: Tags,
    pub error: Option<SpanError>,
    /// What few spans say; its setters are in `details.rs`.
    pub details: Option<Box<AnnotationDetails>>,
    pub capture: Option<CapturePolicy>,
    /// Nanoseconds since 1970.
    pub start_ns: Option<u64>,
    pub end_ns: Option<u64>,
    /// How many parts were refused while this was built; capture counts them.
    pub refused: u32,
}

impl Annotation {
    /// Says nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the kind; this makes a span ours that was not.
    pub fn kind(mut self, kind: SpanKind) -> Self {
        self.kind = Some(kind);
        self
    }

    /// Sets what the span is called; default is the name it has in `tracing`.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets the model; default for `llm` and `embedding` is `custom`, other kinds have none.
    pub fn model_name(mut self, name: impl Into<String>) -> Self {
        self.model_name = Some(name.into());
        self
    }

    /// Sets who serves the model; lower-cased; default as for the model's name.
    pub fn model_provider(mut self, provider: impl Into<String>) -> Self {
        self.model_provider = Some(provider.into());
        self
    }

    /// Sets the conversation; spans that start below this one afterwards belong to it too.
    pub fn session_id(mut self, id: impl Into<String>) -> Self {
        self.session_id = Some(id.into());
        self
    }

    /// Sets the application; spans that start below this one afterwards belong to it too.
    pub fn ml_app(mut self, name: impl Into<String>) -> Self {
        self.ml_app = Some(name.into());
        self
    }

    /// Sets what went in. JSON nested deeper than 128 levels is refused.
    pub fn input(mut self, input: impl Into<Content>) -> Self {
        self.input = self.good(input.into()).or(self.input.take());
        self
    }

    /// Sets what came out. JSON nested deeper than 128 levels is refused.
    pub fn output(mut self, output: impl Into<Content>) -> Self {
        self.output = self.good(output.into()).or(self.output.take());
        self
    }

    /// Sets one value of the metadata, of anything that serde can write.
    ///
    /// The name `_dd` is the intake's and is refused, and so is a value that is not JSON (map keys that are
    /// no strings) or is nested deeper than 128 levels; the span counts a refusal in [`Stats`](crate::Stats).
    pub fn metadata(mut self, name: impl Into<String>, value: impl Serialize) -> Self {
        let name = name.into();
        match depth::to_value(&value) {
            Ok(value) if name != RESERVED => {
                self.metadata.insert(name, value);
            }
            _ => self.refused = self.refused.saturating_add(1),
        }
        self
    }

    /// Sets many values of the metadata: a map or a struct. What is no object is refused whole.
    pub fn metadata_map(mut self, values: impl Serialize) -> Self {
        match depth::to_value(&values) {
            Ok(Value::Object(members)) => {
                self.metadata.extend(members.into_iter().filter(|(name, _)| name != RESERVED));
            }
            _ => self.refused = self.refused.saturating_add(1),
        }
        self
    }

    /// Sets a metric; see [`Metrics::insert`] for what is refused.
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

    /// Marks the span failed with this error: its Rust type, what it says, its chain of sources.
    ///
    /// For an error without a type, give a [`SpanError`] to [`span_error`](Self::span_error).
    pub fn error<E: std::error::Error + ?Sized>(self, error: &E) -> Self {
        self.span_error(SpanError::from_error(error))
    }

    /// Marks the span failed.
    pub fn span_error(mut self, error: SpanError) -> Self {
        self.error = Some(error);
        self
    }

    /// The content, unless it is refused.
    fn good(&mut self, content: Content) -> Option<Content> {
        let good = content.unless_deep();
        if good.is_none() {
            self.refused = self.refused.saturating_add(1);
        }
        good
    }

    /// Sets how much of the span leaves the process, and of those that start below it afterwards.
    pub fn capture(mut self, policy: CapturePolicy) -> Self {
        self.capture = Some(policy);
        self
    }

    /// Sets when the span began, for work that is told of afterwards; default is when it was created.
    ///
    /// A time before 1970 is refused. The intake does not take what ended more than 24 hours ago.
    ///
    /// # Example
    ///
    /// ```
    /// use std::time::{Duration, UNIX_EPOCH};
    /// use tracing_llmobs::{Annotation, LlmObsSpanExt};
    ///
    /// let began = UNIX_EPOCH + Duration::from_secs(1_790_000_000);
    /// let imported = tracing::info_span!("imported", llmobs.kind = "tool");
    /// imported.annotate(Annotation::new().start_time(began).end_time(began + Duration::from_millis(250)));
    /// ```
    pub fn start_time(mut self, time: SystemTime) -> Self {
        self.start_ns = self.nanos(time).or(self.start_ns);
        self
    }

    /// Sets when the span ended, whenever it is closed; an end before the start counts as the start.
    pub fn end_time(mut self, time: SystemTime) -> Self {
        self.end_ns = self.nanos(time).or(self.end_ns);
        self
    }

    fn nanos(&mut self, time: SystemTime) -> Option<u64> {
        let nanos = time.duration_since(UNIX_EPOCH).ok().and_then(|since| u64::try_from(since.as_nanos()).ok());
        self.refused = self.refused.saturating_add(u32::from(nanos.is_none()));
        nanos
    }

    /// Lays `later` over this.
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

    /// Takes out what is no gap of a span: what it is, whose it is, when it was.
    pub fn keep_to_gaps(&mut self) {
        self.kind = None;
        self.session_id = None;
        self.ml_app = None;
        self.capture = None;
        self.start_ns = None;
        self.end_ns = None;
    }

    /// Bytes of text in here, near enough to bound a queue with.
    pub fn text_bytes(&self) -> usize {
        let texts = [&self.name, &self.model_name, &self.model_provider, &self.session_id, &self.ml_app];
        let texts = texts.into_iter().flatten().fold(0_usize, |sum, text| sum.saturating_add(text.len()));
        let content = [&self.input, &self.output];
        let content = content.into_iter().flatten().fold(0_usize, |sum, one| sum.saturating_add(one.text_bytes()));
        let metadata = self.metadata.iter().fold(0_usize, |sum, (key, value)| {
            sum.saturating_add(key.len()).saturating_add(retained_json_bytes(value))
        });
        texts
            .saturating_add(content)
            .saturating_add(metadata)
            .saturating_add(self.metrics.text_bytes())
            .saturating_add(self.tags.text_bytes())
            .saturating_add(self.error.as_ref().map_or(0, SpanError::text_bytes))
            .saturating_add(self.details.as_ref().map_or(0, |details| details.text_bytes()))
    }
}

/// The member of the metadata that belongs to the intake.
pub const RESERVED: &str = "_dd";

pub(super) fn replace<T>(slot: &mut Option<T>, later: Option<T>) {
    if later.is_some() {
        *slot = later;
    }
}
