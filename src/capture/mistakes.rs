//! Mistakes of callsites, each found once: fields that do not exist, kinds that do not exist, spans that nobody captures.

use std::panic::Location;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tracing_core::metadata::LevelFilter;
use tracing_core::{Level, Metadata};

use super::callsite_table::CallsiteTable;
use crate::fields;
use crate::nearest::nearest;
use crate::queue::Queue;
use crate::stats::Problem;
use llmobs_model::SpanKind;

/// The metadata of a span or an event.
pub(super) type Callsite = &'static Metadata<'static>;

/// Mistakes of callsites, for the log of the exporter.
#[derive(Debug)]
pub(super) struct Mistakes {
    queue: Arc<Queue>,
    /// Callsites that had a warning at run time. There is no table while there is none.
    warned: OnceLock<CallsiteTable<()>>,
    /// Callsites of LLM spans that nobody has looked at yet: a filter in front of the layer may disable them.
    unchecked: Mutex<Vec<&'static Metadata<'static>>>,
    has_warned_of_no_span: AtomicBool,
}

impl Mistakes {
    /// Bounds the callsites that wait for a look.
    const MOST_UNCHECKED: usize = 256;

    pub(super) fn new(queue: Arc<Queue>) -> Self {
        Self {
            queue,
            warned: OnceLock::new(),
            unchecked: Mutex::default(),
            has_warned_of_no_span: AtomicBool::new(false),
        }
    }

    /// Finds the misspelled fields of a callsite when it is registered, which is once: at run time a mistake costs nothing.
    /// Those of a callsite that is captured are logged with its first span, the others at once.
    pub(super) fn misspelled(&self, metadata: &'static Metadata<'static>, is_captured: bool) -> Option<Misspelled> {
        if metadata.target() == OWN_TARGET {
            return None;
        }
        let unknown: Vec<String> =
            metadata.fields().iter().filter_map(|field| explain(metadata, field.name())).collect();
        let misspelled = (!unknown.is_empty()).then(|| {
            let sentence = format!("{}: {} has {}", place(metadata), what(metadata), unknown.join(", and "));
            Misspelled { sentence, span_name: metadata.name(), is_noted: AtomicBool::new(false) }
        })?;
        if !is_captured {
            self.note_misspelled(&misspelled);
        }
        Some(misspelled)
    }

    /// Warns of the misspelled fields of a callsite, once.
    pub(super) fn note_misspelled(&self, misspelled: &Misspelled) {
        if !misspelled.is_noted.swap(true, Ordering::Relaxed) {
            self.queue.problems.count(Problem::UnknownField, misspelled.span_name);
            self.note(misspelled.sentence.clone());
        }
    }

    /// Keeps the callsite of an LLM span until somebody looks whether it is hidden.
    pub(super) fn keep_unchecked(&self, metadata: &'static Metadata<'static>) {
        let mut unchecked = self.unchecked.lock().unwrap_or_else(PoisonError::into_inner);
        if unchecked.len() < Self::MOST_UNCHECKED {
            unchecked.push(metadata);
        }
        drop(unchecked);
        self.queue.problems.notes.look_again();
    }

    /// Returns the callsites of LLM spans that were registered since the last time.
    pub(super) fn take_unchecked(&self) -> Vec<&'static Metadata<'static>> {
        std::mem::take(&mut self.unchecked.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Keeps a sentence for the log.
    pub(super) fn note(&self, sentence: String) {
        self.queue.problems.notes.note(sentence);
    }

    pub(super) fn note_unknown_kind(&self, metadata: &'static Metadata<'static>, kind: Option<&str>) {
        if !self.is_first_warning(metadata) {
            return;
        }
        let (place, what) = (place(metadata), what(metadata));
        let kind: String = kind.unwrap_or("(not a text)").chars().take(MAX_KIND_CHARS).collect();
        let kinds: Vec<&str> = SpanKind::ALL.iter().copied().map(SpanKind::as_str).collect();
        let hint = hint(nearest(&kind, kinds.iter().copied()));
        let kinds = kinds.join(", ");
        self.note(format!(
            "{place}: {what} has {} = {kind:?}, which is none of {kinds}: no LLM span is sent{hint}",
            fields::KIND
        ));
    }

    /// Notes that a span was annotated or evaluated that no layer captures.
    pub(super) fn note_disabled_span(&self, metadata: &'static Metadata<'static>, max_level: LevelFilter) {
        if !self.is_first_warning(metadata) {
            return;
        }
        self.queue.problems.count(Problem::DisabledSpan, metadata.name());
        let (place, what) = (place(metadata), what(metadata));
        let (level, why) = (metadata.level(), Self::why_disabled(*metadata.level(), max_level));
        self.note(format!(
            "{place}: {what} was annotated or evaluated, but it is disabled at {level}, so nothing is sent: {why}"
        ));
    }

    /// Notes that a span without metadata was annotated or evaluated: a disabled one, or none. Once a process.
    pub(super) fn note_no_span(&self, caller: &Location<'_>, max_level: LevelFilter) {
        if self.has_warned_of_no_span.swap(true, Ordering::Relaxed) {
            return;
        }
        self.queue.problems.count(Problem::DisabledSpan, "");
        self.note(format!(
            "{}:{}: the span that is annotated or evaluated here is disabled, or there is none, so nothing is recorded: the \
             layer captures {} and what is less verbose (see Builder::max_level), and the process enables {}",
            caller.file(),
            caller.line(),
            shown(max_level),
            shown(LevelFilter::current())
        ));
    }

    fn why_disabled(level: Level, max_level: LevelFilter) -> String {
        if max_level < level {
            return format!("the layer captures {} and what is less verbose; see Builder::max_level", shown(max_level));
        }
        format!(
            "a filter in front of the layer disables it (the process enables {}); put filters on the other layers",
            shown(LevelFilter::current())
        )
    }

    /// Returns whether a callsite has its first warning at run time.
    fn is_first_warning(&self, metadata: &'static Metadata<'static>) -> bool {
        let mut is_first = false;
        let table = self.warned.get_or_init(CallsiteTable::default);
        if table.get(metadata).is_none() {
            let _ = table.get_or_insert(metadata, || is_first = true);
        }
        is_first
    }
}

/// The misspelled fields of a callsite.
#[derive(Debug)]
pub(super) struct Misspelled {
    sentence: String,
    span_name: &'static str,
    is_noted: AtomicBool,
}

/// Explains a field that looks like one of ours and does not exist; `None` for any other.
fn explain(metadata: &Metadata<'_>, name: &'static str) -> Option<String> {
    let is_span = metadata.is_span();
    let nearest = fields::misspelled(name, is_span)?;
    if is_span && fields::is_of_evaluation(name) {
        return Some(format!("the field {name}, which exists in events only, so it is left out"));
    }
    let hint = hint(Some(nearest.as_str()).filter(|nearest| !nearest.is_empty()));
    Some(format!("the field {name}, which does not exist, so it is left out{hint}"))
}

fn hint(nearest: Option<&str>) -> String {
    nearest.map(|nearest| format!("; did you mean {nearest}?")).unwrap_or_default()
}

/// Returns file and line of a callsite, or its target.
pub(super) fn place(metadata: &Metadata<'_>) -> String {
    match (metadata.file(), metadata.line()) {
        (Some(file), Some(line)) => format!("{file}:{line}"),
        (Some(file), None) => file.to_owned(),
        (None, _) => metadata.target().to_owned(),
    }
}

/// Returns a level as it is written in code and in filters.
pub(super) fn shown(level: LevelFilter) -> String {
    level.to_string().to_ascii_uppercase()
}

/// Names a span, or an event, whose name is its place.
pub(super) fn what(metadata: &Metadata<'_>) -> String {
    if metadata.is_span() { format!("the span {:?}", metadata.name()) } else { "an event".to_owned() }
}

/// The target of our own diagnostics.
const OWN_TARGET: &str = "tracing_llmobs";
/// A kind is a word; a longer text may be content.
const MAX_KIND_CHARS: usize = 32;
