//! Links between the model's call of a tool, the span of the tool, and the model that reads the result.
//!
//! They are found among finished spans, in the order in which these ended: an `llm` span whose output calls a tool, then
//! the `tool` span with the id of that call, or else with its name and arguments, then the `llm` span whose
//! input has a result with that id. A tool span that ends before the span that called it is not found.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::{Map, Value};

use super::details::version_of;
use super::encode::{Body, SpanEventRef, content_text};
use super::value::parsed;
use llmobs_model::{AnnotationDetails, Content, Message, SpanId, SpanKind, SpanLink, ToolCall, TraceId};

/// The calls that are not read yet, of all traces; the oldest goes when there are too many.
#[derive(Debug, Default)]
pub(super) struct ToolLinks {
    calls: VecDeque<Call>,
}

/// A tool call of a model.
#[derive(Debug)]
struct Call {
    trace_id: TraceId,
    tool_id: Option<String>,
    name: String,
    arguments: u64,
    version: Option<String>,
    caller: SpanId,
    /// The span of the tool, once it ended.
    tool: Option<SpanId>,
}

impl ToolLinks {
    const MOST_CALLS: usize = 1024;

    /// Adds the links of a span, and learns its calls. `tool_id` is the call that a tool span says it answers.
    pub(super) fn follow(&mut self, event: &mut SpanEventRef<'_>, tool_id: Option<&str>) {
        match event.kind {
            SpanKind::Llm => {
                self.read_results(event);
                self.learn_calls(event);
            }
            SpanKind::Tool => self.answer(event, tool_id),
            SpanKind::Workflow | SpanKind::Agent | SpanKind::Task | SpanKind::Embedding | SpanKind::Retrieval | _ => {}
        }
    }

    /// Links the span with those of the tools whose results it reads for the first time.
    fn read_results(&mut self, event: &mut SpanEventRef<'_>) {
        for id in messages(event.input.as_ref()).iter().flat_map(result_ids) {
            let is_read = |call: &Call| {
                call.tool.is_some() && call.trace_id == event.trace_id && call.tool_id.as_deref() == Some(id)
            };
            let Some(at) = self.calls.iter().position(is_read) else { continue };
            let tool = self.calls.remove(at).and_then(|call| call.tool);
            if let Some(tool) = tool {
                link(&mut event.links, SpanLink::between(event.trace_id.clone(), tool));
            }
        }
    }

    fn learn_calls(&mut self, event: &SpanEventRef<'_>) {
        let calls = messages(event.output.as_ref()).iter().flat_map(|message| &message.tool_calls);
        for call in calls.filter(|call| is_short(call)) {
            if self.calls.len() >= Self::MOST_CALLS {
                self.calls.pop_front();
            }
            self.calls.push_back(Call::new(event, call));
        }
    }

    /// Links a tool span with the span that called it.
    fn answer(&mut self, event: &mut SpanEventRef<'_>, tool_id: Option<&str>) {
        let mut open = self.calls.iter_mut().filter(|call| call.tool.is_none() && call.trace_id == event.trace_id);
        let call = if let Some(id) = tool_id {
            open.find(|call| call.tool_id.as_deref() == Some(id))
        } else {
            let mut namesakes = open.filter(|call| call.name == event.name).peekable();
            // Reading the input is not cheap.
            let arguments = namesakes.peek().and_then(|_| arguments_of(event.input.as_ref()));
            namesakes.find(|call| Some(call.arguments) == arguments)
        };
        let Some(call) = call else { return };
        call.tool = Some(event.span_id);
        if event.tool_version.is_none() {
            event.tool_version = call.version.take();
        }
        link(&mut event.links, SpanLink::between(event.trace_id.clone(), call.caller));
    }
}

impl Call {
    fn new(event: &SpanEventRef<'_>, call: &ToolCall) -> Self {
        Self {
            trace_id: event.trace_id.clone(),
            tool_id: call.tool_id.clone().filter(|id| !id.is_empty()),
            name: call.name.clone(),
            arguments: hash_of(call.arguments.clone()),
            version: version_of(&event.tool_definitions, &call.name).filter(|version| version.len() <= MOST_BYTES),
            caller: event.span_id,
            tool: None,
        }
    }
}

/// Returns true when the name and id of a call are short enough to keep: what is kept must be bounded.
fn is_short(call: &ToolCall) -> bool {
    let id = call.tool_id.as_ref().map_or(0, String::len);
    call.name.len().saturating_add(id) <= MOST_BYTES
}

fn link(links: &mut Vec<SpanLink>, link: SpanLink) {
    if links.len() < AnnotationDetails::MAX_LINKS && !links.contains(&link) {
        links.push(link);
    }
}

fn messages<'a>(body: Option<&'a Body<'_>>) -> &'a [Message] {
    body.map(Body::messages).unwrap_or_default()
}

/// The ids of the calls whose results a message brings: with the results, or with the message of the role `tool`.
fn result_ids(message: &Message) -> impl Iterator<Item = &str> {
    let results = message.tool_results.iter().filter_map(|result| result.tool_id.as_deref());
    results.chain(message.tool_id.as_deref())
}

/// The arguments in the input of a tool span.
fn arguments_of(input: Option<&Body<'_>>) -> Option<u64> {
    match parsed(input?.text()?)? {
        Value::Object(members) => Some(hash_of(members)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => None,
    }
}

/// The bound on a name with its id, and on a version.
const MOST_BYTES: usize = 1024;

fn hash_of(arguments: Map<String, Value>) -> u64 {
    let mut hasher = DefaultHasher::new();
    content_text(Content::Json(Value::Object(arguments))).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use llmobs_model::{ToolDefinition, ToolResult};

    fn event(id: u64, kind: SpanKind, name: &'static str) -> SpanEventRef<'static> {
        SpanEventRef::new(SpanId::new(id).unwrap(), TraceId::new(9), kind, name.into())
    }

    fn calling(id: u64, call: ToolCall) -> SpanEventRef<'static> {
        let mut llm = event(id, SpanKind::Llm, "chat");
        llm.output = Some(Body::Content(Message::assistant("").tool_call(call).into()));
        llm
    }

    fn reading(id: u64, tool_id: &str) -> SpanEventRef<'static> {
        let mut llm = event(id, SpanKind::Llm, "chat");
        llm.input = Some(Body::Content(Message::tool(ToolResult::new("21").id(tool_id)).into()));
        llm
    }

    fn linked(event: &SpanEventRef<'_>) -> Vec<u64> {
        event.links.iter().map(|link| link.span_id.as_u64()).collect()
    }

    #[test]
    fn a_call_its_tool_and_its_reader_are_linked_once() {
        for by_id in [true, false] {
            let mut links = ToolLinks::default();
            let mut first = calling(1, ToolCall::new("weather", json!({"city": "Paris", "days": 1})).id("c1"));
            first.tool_definitions = vec![ToolDefinition::new("weather").version("v2")];
            links.follow(&mut first, None);
            let mut tool = event(2, SpanKind::Tool, if by_id { "other name" } else { "weather" });
            tool.input = Some(Body::Text(r#"{"days": 1, "city": "Paris"}"#.into()));
            links.follow(&mut tool, by_id.then_some("c1"));
            assert_eq!((linked(&tool), tool.tool_version.as_deref()), (vec![1], Some("v2")), "{by_id}");
            let (mut second, mut third) = (reading(3, "c1"), reading(4, "c1"));
            links.follow(&mut second, None);
            links.follow(&mut third, None);
            assert_eq!((linked(&second), linked(&third)), (vec![2], vec![]), "{by_id}");
        }
    }

    #[test]
    fn what_does_not_fit_is_not_linked() {
        let mut links = ToolLinks::default();
        links.follow(&mut calling(1, ToolCall::new("weather", json!({"city": "Paris"})).id("c1")), None);
        let mut elsewhere = event(2, SpanKind::Tool, "weather");
        elsewhere.trace_id = TraceId::new(10);
        links.follow(&mut elsewhere, Some("c1"));
        let mut of_other_arguments = event(3, SpanKind::Tool, "weather");
        of_other_arguments.input = Some(Body::Text(r#"{"city":"Rome"}"#.into()));
        links.follow(&mut of_other_arguments, None);
        let mut of_other_id = event(4, SpanKind::Tool, "weather");
        of_other_id.input = Some(Body::Text(r#"{"city":"Paris"}"#.into()));
        links.follow(&mut of_other_id, Some("c2"));
        let long = "c".repeat(MOST_BYTES);
        links.follow(&mut calling(6, ToolCall::new("t", json!({})).id(long.as_str())), None);
        let mut of_long_id = event(7, SpanKind::Tool, "t");
        links.follow(&mut of_long_id, Some(&long));
        let mut too_early = reading(5, "c1");
        links.follow(&mut too_early, None);
        for event in [elsewhere, of_other_arguments, of_other_id, of_long_id, too_early] {
            assert_eq!(linked(&event), Vec::<u64>::new(), "{event:?}");
        }
    }

    #[test]
    fn the_oldest_call_is_forgotten_first() {
        let mut links = ToolLinks::default();
        for number in 0..=ToolLinks::MOST_CALLS {
            links.follow(&mut calling(1, ToolCall::new("t", json!({})).id(format!("c{number}"))), None);
        }
        let (mut forgotten, mut kept) = (event(2, SpanKind::Tool, "t"), event(3, SpanKind::Tool, "t"));
        links.follow(&mut forgotten, Some("c0"));
        links.follow(&mut kept, Some("c1"));
        assert_eq!((linked(&forgotten), linked(&kept), links.calls.len()), (vec![], vec![1], ToolLinks::MOST_CALLS));
    }
}
