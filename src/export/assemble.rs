//! Builds the event of a recording: the log is read in order, sources are merged by precedence, and the kind decides
//! which form input and output take.

use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::Arc;

use super::details;
use super::encode::{SpanEventRef, tag_text};
use super::event_builder::EventBuilder;
use super::links::ToolLinks;
use super::merge;
use super::spare::Spare;
use super::synthesized::{ParentContext, SynthesizedSpans};
use crate::queue::Queue;
use crate::recording::KindPolicies;
use crate::recording::{FieldLog, Head, Origin, Recording};
use llmobs_conventions::RemarkSet;
use llmobs_model::{SharedTags, SpanKind, Tags};

mod fill;

use fill::{fill_content, fill_error, fill_last_tags, fill_model};

/// The builder of span events, with the values that all spans of the process share.
#[derive(Debug)]
pub(crate) struct Assembler {
    base_tags: Arc<SharedTags>,
    ml_app: String,
    queue: Arc<Queue>,
    /// The capture policies for synthesized spans.
    policies: KindPolicies,
    /// Plain strings are parsed as JSON messages.
    json_in_strings: bool,
    synthesized: SynthesizedSpans,
    tool_links: RefCell<ToolLinks>,
    /// Empty collections of the event before. They save three allocations a span.
    spare: RefCell<Spare>,
}

impl Assembler {
    /// Creates an assembler. `base_tags` are the tags of every span; `ml_app` is the application of spans that name none.
    pub(crate) fn new(base_tags: Tags, ml_app: String, queue: Arc<Queue>) -> Self {
        let mut tags = base_tags;
        tags.insert("ml_app", ml_app.clone());
        tags.insert("agent_service", ml_app.clone());
        tags.insert("error", "0");
        tags.remove("error_type");
        let base_tags = tags.into_shared(tag_text);
        Self {
            base_tags,
            ml_app,
            queue,
            policies: KindPolicies::default(),
            json_in_strings: false,
            synthesized: SynthesizedSpans::default(),
            tool_links: RefCell::default(),
            spare: RefCell::default(),
        }
    }

    /// Sets the capture policies for synthesized spans.
    pub(crate) fn policies(mut self, policies: KindPolicies) -> Self {
        self.policies = policies;
        self
    }

    /// Sets whether plain strings are parsed as JSON messages.
    pub(crate) const fn json_in_strings(mut self, is_on: bool) -> Self {
        self.json_in_strings = is_on;
        self
    }

    /// Returns the application of spans and evaluations that name none.
    pub(crate) fn ml_app(&self) -> &str {
        &self.ml_app
    }

    /// Builds the event of a recording, and empties the recording. Texts stay in the log's buffer, from which the event
    /// borrows them.
    pub(crate) fn assemble<'a>(&self, head: &'a mut Head, log: &'a mut FieldLog) -> SpanEventRef<'a> {
        let reading = merge::read(head, log);
        let remarks = reading.as_ref().map(|reading| reading.remarks).unwrap_or_default();
        let target = head.plan.as_ref().map_or("", |plan| plan.target());
        let origin = &mut head.origin;
        let mut builder = EventBuilder::new(head.source, self.spare.take());
        builder.json_in_strings = self.json_in_strings;
        log.drain(|entry| builder.apply(entry));
        // Precedence: `llmobs.*` fields and annotations stand in the builder already and are never replaced here.
        merge::fill_gaps(&mut builder, reading, head.source);
        self.remark(merge::unresolved_remarks(remarks, &builder, head.source), (target, origin.name));
        let mut event = self.begin(origin, head.kind, &mut builder);
        event.duration_ns = head.duration_ns;
        fill_model(&mut event, &mut builder);
        fill_content(&mut event, &mut builder);
        fill_error(&mut event, &mut builder, head.panicked);
        event.metadata = builder.metadata;
        event.metrics = builder.metrics;
        if head.is_reported_elsewhere {
            event.metrics.remove_usage();
        }
        let end_ns = origin.start_ns.saturating_add(head.duration_ns);
        let (name, policies) = (&*event.name, self.policies);
        let parent = ParentContext { origin, kind: head.kind, name, end_ns, policy: head.policy, policies };
        builder.problems.extend(self.synthesized.add_children(&mut builder.details, parent, &self.queue).err());
        let passed = origin.parent_defaults.as_deref();
        let tool_id = details::fill(&mut event, &mut builder.details, passed, &mut builder.problems);
        // Links come after the details: a tool span is matched by its input and by the id of the call.
        if let Ok(mut links) = self.tool_links.try_borrow_mut() {
            links.follow(&mut event, tool_id.as_deref());
        }
        // Last, because these tags repeat members that were set above.
        fill_last_tags(&mut event);
        for problem in builder.problems {
            self.queue.problems.count(problem, origin.name);
        }
        event
    }

    /// Returns the next recording that was synthesized from another one.
    pub(super) fn next_synthesized(&self) -> Option<Recording> {
        self.synthesized.next()
    }

    /// Counts oddities of third-party attributes, by the callsite that recorded them.
    fn remark(&self, remarks: RemarkSet, place: (&'static str, &'static str)) {
        for remark in remarks.iter() {
            self.queue.problems.remarks.note((remark.as_str(), remark.explained()), place);
        }
    }

    /// Keeps the collections of an event that is encoded, for the next one.
    pub(super) fn take_back(&self, event: SpanEventRef<'_>) {
        self.spare.replace(Spare::of(event));
    }

    fn begin<'a>(&self, origin: &'a Origin, kind: SpanKind, builder: &mut EventBuilder<'a>) -> SpanEventRef<'a> {
        let name = builder.name.take().filter(|name| !name.is_empty());
        let name = name.unwrap_or(Cow::Borrowed(origin.name));
        let mut event = SpanEventRef::new(origin.span_id, origin.trace_id.clone(), kind, name);
        event.parent_id = origin.parent_id;
        event.start_ns = origin.start_ns;
        event.sampling = origin.sampling;
        event.session_id = origin.session_id.as_deref().map(Cow::Borrowed);
        event.agent_attribution.clone_from(&origin.agent);
        event.apm_trace_id = origin.apm.as_ref().map(|apm| apm.trace_id.clone());
        event.tags = std::mem::take(&mut builder.tags);
        event.tags.set_shared(&self.base_tags);
        if let Some(ml_app) = origin.ml_app.as_deref().filter(|name| *name != self.ml_app) {
            event.tags.fill("ml_app", ml_app);
            event.tags.fill("agent_service", ml_app);
        }
        event
    }
}

#[cfg(test)]
mod tests;
