//! A step of an agent: its call of a model, its reasoning, the tools it used.

use std::mem;

use serde_json::{Value, json};

use crate::bedrock::token_counts;
use crate::json;
use llmobs_model::{Annotation, Message, SpanError, SpanKind};

/// A step as far as it is known.
#[derive(Debug)]
pub(super) struct AgentStep {
    kind: String,
    start_ns: Option<u64>,
    end_ns: Option<u64>,
    /// The span that has begun and not ended.
    open: Option<Annotation>,
    done: Vec<Annotation>,
    output: String,
}

impl AgentStep {
    pub(super) fn new(kind: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            start_ns: None,
            end_ns: None,
            open: None,
            done: Vec::new(),
            output: String::new(),
        }
    }

    /// Takes what happened next.
    pub(super) fn take(&mut self, what: &str, said: &Value, at_ns: Option<u64>) {
        self.start_ns = self.start_ns.or(at_ns);
        self.end_ns = at_ns.or(self.end_ns);
        match what {
            "modelInvocationInput" => self.begin(with_input_and_tools(said), at_ns),
            "modelInvocationOutput" => self.end(at_ns, MODEL, SpanKind::Llm, |open| answered(open, said)),
            "invocationInput" => self.begin(used(said), at_ns),
            "observation" => self.observe(said, at_ns),
            "rationale" => self.add(task("reasoning").output(json::text(said, "text")), at_ns),
            "guardrailTrace" => self.add(task("guardrail").output(shown(said)), at_ns),
            "customOrchestrationTrace" => self.add(task("customOrchestration").output(shown(said)), at_ns),
            "failureTrace" => self.add(failed(said), at_ns),
            other => self.add(task(other).output(shown(said)), at_ns),
        }
    }

    pub(super) fn into_annotation(mut self) -> Annotation {
        self.close(None);
        let said = Annotation::new().kind(SpanKind::Workflow).name(format!("{} Step", self.kind)).tag(TAG.0, TAG.1);
        let said = if self.output.is_empty() { said } else { said.output(self.output) };
        let said = self.done.into_iter().fold(said, Annotation::synthesized_span);
        timed(said, self.start_ns, self.end_ns)
    }

    /// Takes the result of a tool, or of the whole step.
    fn observe(&mut self, said: &Value, at_ns: Option<u64>) {
        let last = json::get(said, &["finalResponse"]);
        if last.is_object() {
            json::text(last, "text").clone_into(&mut self.output);
            return self.close(at_ns);
        }
        self.end(at_ns, "tool", SpanKind::Tool, |open| open.output(observed(said)));
    }

    fn begin(&mut self, said: Annotation, at_ns: Option<u64>) {
        self.close(at_ns);
        let end_ns = said.end_ns;
        self.open = Some(timed(said, at_ns, end_ns));
    }

    /// Ends what is open, if it is of this kind; its beginning may not have been told.
    fn end(&mut self, at_ns: Option<u64>, name: &str, kind: SpanKind, say: impl FnOnce(Annotation) -> Annotation) {
        let open = self.open.take_if(|open| open.kind == Some(kind));
        self.close(at_ns);
        let open = open.unwrap_or_else(|| timed(part(kind, name), at_ns, None));
        let start_ns = open.start_ns;
        self.done.push(timed(say(open), start_ns, at_ns));
    }

    fn add(&mut self, said: Annotation, at_ns: Option<u64>) {
        self.done.push(timed(said, at_ns, at_ns));
    }

    fn close(&mut self, at_ns: Option<u64>) {
        let open = mem::take(&mut self.open);
        self.done.extend(open.map(|open| {
            let start_ns = open.start_ns;
            timed(open, start_ns, at_ns.or(start_ns))
        }));
    }
}

/// Sets when the part of a step began and ended.
fn timed(mut part: Annotation, start_ns: Option<u64>, end_ns: Option<u64>) -> Annotation {
    (part.start_ns, part.end_ns) = (start_ns, end_ns);
    part
}

fn part(kind: SpanKind, name: &str) -> Annotation {
    Annotation::new().kind(kind).name(name).tag(TAG.0, TAG.1)
}

fn task(name: &str) -> Annotation {
    part(SpanKind::Task, name)
}

/// `{"text", "foundationModel", "inferenceConfiguration"}`; the text is mostly JSON: `{"system", "messages": […]}`.
fn with_input_and_tools(said: &Value) -> Annotation {
    let text = json::text(said, "text");
    let prompt = json::parse(text.as_bytes());
    let system = Some(json::as_text(json::get(&prompt, &["system"]))).filter(|system| !system.is_empty());
    let mut input: Vec<Message> = system.map(Message::system).into_iter().collect();
    let turn = |turn: &Value| Message::new(json::text(turn, "role"), json::as_text(json::get(turn, &["content"])));
    input.extend(json::items(&prompt, "messages").iter().map(turn));
    if input.is_empty() {
        input.push(Message::user(text));
    }
    let config = json::get(said, &["inferenceConfiguration"]);
    let settings = SETTINGS.iter().filter_map(|(name, own)| Some((*own, json::present(config, name)?)));
    let asked =
        settings.fold(part(SpanKind::Llm, MODEL).input(input), |asked, (name, value)| asked.metadata(name, value));
    let asked = asked.model_provider(PROVIDER);
    match json::text(said, "foundationModel") {
        "" => asked,
        model => asked.model_name(model),
    }
}

/// `{"rawResponse": {"content"}, "parsedResponse", "reasoningContent", "metadata": {"usage"}}`
fn answered(open: Annotation, said: &Value) -> Annotation {
    let thought = json::text(json::get(said, &["reasoningContent", "reasoningText"]), "text");
    let raw = json::text(json::get(said, &["rawResponse"]), "content");
    let text = if raw.is_empty() { shown(json::get(said, &["parsedResponse"])) } else { plain(raw) };
    let thought = Some(thought).filter(|thought| !thought.is_empty()).map(|text| Message::new("reasoning", text));
    let output: Vec<Message> = thought.into_iter().chain([Message::assistant(text)]).collect();
    open.output(output)
        .metrics(token_counts::of_usage(json::get(said, &["metadata", "usage"])).with_cache_in_input().metrics())
}

/// The text of an answer that is the JSON of one: `{"content": [{"type": "text", "text"}], …}`; any other is as it is.
fn plain(raw: &str) -> String {
    let answer = json::parse(raw.as_bytes());
    let blocks = json::items(&answer, "content");
    let texts: Option<String> = blocks.iter().map(|block| block.get("text")?.as_str()).collect();
    texts.filter(|text| !text.is_empty()).unwrap_or_else(|| raw.to_owned())
}

/// A tool, by what the agent used: an action, a base of knowledge, an interpreter, another agent.
fn used(said: &Value) -> Annotation {
    let found = TOOLS.iter().find_map(|(member, names)| Some((json::present(said, member)?, *names)));
    let Some((input, names)) = found else { return part(SpanKind::Tool, "tool").input(shown(said)) };
    let name = names.iter().map(|name| json::text(input, name)).find(|name| !name.is_empty());
    part(SpanKind::Tool, name.unwrap_or("codeInterpreter")).input(shown(input))
}

/// `{"type", "actionGroupInvocationOutput": {"text"}}` and the like.
fn observed(said: &Value) -> String {
    let inner = said.as_object().into_iter().flatten().find(|(_, value)| value.is_object());
    let inner = inner.map_or(said, |(_, value)| value);
    let texts = [json::text(inner, "text"), json::text(json::get(inner, &["output"]), "text")].into_iter();
    texts
        .chain([json::text(inner, "executionOutput")])
        .find(|text| !text.is_empty())
        .map_or_else(|| shown(inner), str::to_owned)
}

/// `{"failureReason", "failureCode"}`
fn failed(said: &Value) -> Annotation {
    let error = SpanError::new(json::text(said, "failureReason"));
    let code = json::present(said, "failureCode").map(|code| json::as_text(code).into_owned());
    task("failureEvent").span_error(error.error_type(code.unwrap_or_else(|| "failureTrace".to_owned())))
}

/// Returns a trace as JSON, without the members that only link it to others.
fn shown(said: &Value) -> String {
    let mut said = crate::media::without_media(said);
    if let Some(members) = said.as_object_mut() {
        members.retain(|name, _| !matches!(name.as_str(), "traceId" | "metadata"));
    }
    if said == json!({}) { String::new() } else { json::to_sorted_text(said) }
}

const MODEL: &str = "modelInvocation";
const PROVIDER: &str = "amazon_bedrock";
const TAG: (&str, &str) = ("integration", "bedrock_agents");
/// The members that say what was used, and where its name is.
const TOOLS: &[(&str, &[&str])] = &[
    ("actionGroupInvocationInput", &["actionGroupName", "function"]),
    ("agentCollaboratorInvocationInput", &["agentCollaboratorName"]),
    ("knowledgeBaseLookupInput", &["knowledgeBaseId"]),
    ("codeInterpreterInvocationInput", &[]),
];
const SETTINGS: &[(&str, &str)] = &[
    ("temperature", "temperature"),
    ("topP", "top_p"),
    ("topK", "top_k"),
    ("maximumLength", "max_tokens"),
    ("stopSequences", "stop_sequences"),
];
