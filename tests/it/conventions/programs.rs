//! Programs whose libraries trace in words of their own: what becomes of their trees.

use tracing::field::Empty;
use tracing::{Level, Span, info, info_span};
use tracing_llmobs::testing::{self, Recorder};
use tracing_llmobs::{Annotation, Builder, LlmObsSpanExt, Message, SpanEvent, SpanKind, metric};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::prelude::*;

use crate::harness::in_own_process;

/// Runs a program with our layer alone.
pub(super) fn run(program: impl FnOnce()) -> Recorder {
    run_with(Builder::without_environment().ml_app("test-app"), program)
}

pub(super) fn run_with(settings: Builder, program: impl FnOnce()) -> Recorder {
    let (layer, recorder) = testing::recorder_of(settings).unwrap();
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), program);
    let stats = recorder.handle().stats();
    assert!(stats.is_balanced() && stats.open_spans == 0, "{stats:?}");
    recorder
}

/// The model's tokens, in and out.
fn tokens(span: &SpanEvent) -> [Option<u64>; 2] {
    [metric::INPUT_TOKENS, metric::OUTPUT_TOKENS]
        .map(|name| span.metrics.iter().find(|(own, _)| *own == name).and_then(|(_, value)| value.as_u64()))
}

fn chat(model: &str) -> Span {
    info_span!(
        target: "rig::completions",
        "chat",
        gen_ai.operation.name = "chat",
        gen_ai.provider.name = "openai",
        gen_ai.request.model = model,
        gen_ai.usage.input_tokens = Empty,
        gen_ai.usage.output_tokens = Empty,
        gen_ai.input.messages = Empty,
        gen_ai.output.messages = Empty,
    )
}

fn count_tokens(span: &Span, input: u64, output: u64) {
    span.record("gen_ai.usage.input_tokens", input).record("gen_ai.usage.output_tokens", output);
}

#[test]
fn an_agent_in_the_words_of_opentelemetry_is_a_tree() {
    let recorder = run(|| {
        let agent = info_span!(
            "invoke_agent",
            gen_ai.operation.name = "invoke_agent",
            gen_ai.agent.name = "assistant",
            gen_ai.usage.input_tokens = 12_u64,
        );
        let _inside = agent.enter();
        let first = chat("gpt-5");
        let said = r#"[{"role":"assistant","parts":[{"type":"tool_call","id":"c1","name":"weather","arguments":{"city":"Paris"}}]}]"#;
        first.record("gen_ai.output.messages", said);
        count_tokens(&first, 5, 1);
        let tool = info_span!(
            "execute_tool",
            gen_ai.operation.name = "execute_tool",
            gen_ai.tool.name = "weather",
            gen_ai.tool.call.id = "c1",
        );
        tool.follows_from(&first);
        drop(first);
        drop(tool);
        count_tokens(&chat("gpt-5"), 7, 2);
    });
    assert_eq!(recorder.tree(), "agent invoke_agent assistant\n  llm chat gpt-5\n  tool weather\n  llm chat gpt-5\n");
    let agent = recorder.span("invoke_agent assistant");
    assert_eq!((tokens(&agent), agent.metadata["usage"]["input_tokens"].as_u64()), ([None, None], Some(12)));
    let spans = recorder.spans();
    let called = spans.iter().find(|span| tokens(span) == [Some(5), Some(1)]).unwrap();
    let tool = recorder.span("weather");
    let links: Vec<_> = tool.links.iter().map(|link| link.span_id).collect();
    assert_eq!(links, [called.span_id]);
    for span in spans.iter().filter(|span| span.parent_id.is_some()) {
        let attribution = span.agent_attribution.as_ref().unwrap();
        assert_eq!((attribution.name.as_deref(), attribution.span_id), (Some("assistant"), agent.span_id));
    }
}

#[test]
fn a_span_that_says_nothing_in_the_end_is_a_workflow_around_others_and_otherwise_nothing() {
    let provisional = || info_span!("chat", gen_ai.operation.name = Empty, gen_ai.request.model = Empty);
    let recorder = run(|| drop(provisional()));
    assert_eq!((recorder.tree().as_str(), recorder.handle().stats().offered), ("", 0));
    let recorder = run(|| {
        let outer = provisional();
        let _inside = outer.enter();
        drop(info_span!("ours", llmobs.kind = "task"));
        let inner = provisional();
        inner.record("gen_ai.operation.name", "embeddings");
        // It says nothing, and nothing is below it.
        drop(provisional());
    });
    assert_eq!(recorder.tree(), "workflow chat\n  task ours\n  embedding chat\n");
    assert_eq!(recorder.handle().stats().offered, 3);
}

#[test]
fn of_spans_of_one_call_only_one_counts_the_tokens() {
    let framework = || info_span!("ChatOpenAI", openinference.span.kind = "LLM", llm.token_count.prompt = Empty);
    for (outer_counts, inner_counts, tree) in [
        (true, true, "workflow ChatOpenAI\n  llm chat m\n"),
        (false, true, "workflow ChatOpenAI\n  llm chat m\n"),
        (false, false, "workflow ChatOpenAI\n  llm chat m\n"),
        (true, false, "llm ChatOpenAI\n  llm chat m\n"),
    ] {
        let recorder = run(|| {
            let outer = framework();
            if outer_counts {
                outer.record("llm.token_count.prompt", 10_u64);
            }
            // A span of somebody else is no span between.
            outer.in_scope(|| {
                info_span!("POST", http.request.method = "POST").in_scope(|| {
                    let inner = chat("m");
                    if inner_counts {
                        count_tokens(&inner, 10, 2);
                    }
                });
            });
        });
        assert_eq!(recorder.tree(), tree, "{outer_counts} {inner_counts}");
        let counted: u64 = recorder.spans().iter().filter_map(|span| tokens(span)[0]).sum();
        assert_eq!(counted, if outer_counts || inner_counts { 10 } else { 0 }, "{outer_counts} {inner_counts}");
    }
}

#[test]
fn what_stands_between_makes_it_another_call_and_a_kind_that_was_said_stays() {
    let recorder = run(|| {
        let outer = chat("outer");
        count_tokens(&outer, 1, 1);
        let _inside = outer.enter();
        let _tool = info_span!("tool", llmobs.kind = "tool").entered();
        count_tokens(&chat("inner"), 2, 2);
    });
    assert_eq!(recorder.tree(), "llm chat outer\n  tool tool\n    llm chat inner\n");
    let recorder = run(|| {
        let outer = info_span!(
            "mine",
            llmobs.kind = "llm",
            gen_ai.operation.name = "invoke_agent",
            gen_ai.usage.input_tokens = 3
        );
        let _inside = outer.enter();
        count_tokens(&chat("m"), 3, 1);
    });
    assert_eq!(recorder.tree(), "llm mine\n  llm chat m\n");
    // A span of ours inside is the same call too.
    let recorder = run(|| {
        let outer = chat("m");
        count_tokens(&outer, 4, 1);
        let _inside = outer.enter();
        drop(info_span!("mine", llmobs.kind = "llm", llmobs.metrics.input_tokens = 4));
    });
    assert_eq!(recorder.tree(), "workflow chat m\n  llm mine\n");
    assert_eq!(tokens(&recorder.span("chat m")), [None, None]);
}

#[test]
fn our_words_win_over_others_and_others_over_contexts() {
    let recorder = run(|| {
        let context = tracing_llmobs::annotation_context().name("of the context").tag("team", "of the context");
        context.scope(|| {
            drop(chat("m"));
            let mine = info_span!(
                "mine",
                llmobs.kind = "llm",
                gen_ai.request.model = "theirs",
                gen_ai.provider.name = "theirs"
            );
            mine.annotate(Annotation::new().model_name("ours"));
        });
    });
    let theirs = recorder.span("chat m");
    assert_eq!(theirs.tags.get("team"), Some("of the context"));
    let mine = recorder.span("of the context");
    assert_eq!((mine.model_name.as_deref(), mine.model_provider.as_deref()), (Some("ours"), Some("theirs")));
}

#[test]
fn events_in_other_words_are_heard_in_spans_of_ours() {
    let recorder = run(|| {
        let span = info_span!("mine", llmobs.kind = "llm");
        span.in_scope(|| {
            tracing::event!(name: "gen_ai.user.message", Level::INFO, content = "hi");
            info!(gen_ai.request.model = "m", gen_ai.usage.input_tokens = 3, note = "of the application");
        });
    });
    let span = recorder.span("mine");
    assert_eq!((span.input.clone(), span.model_name.as_deref()), (Some(Message::user("hi").into()), Some("m")));
    assert_eq!((tokens(&span), span.metadata.len()), ([Some(3), None], 0));
}

#[test]
fn an_argument_with_the_name_of_a_word_stays_one() {
    #[tracing::instrument(fields(llmobs.kind = "tool"))]
    fn handle(error: &str, metadata: u8) {}
    #[tracing::instrument(fields(llmobs.kind = "tool", gen_ai.tool.name = "named"))]
    fn call(error: &str, city: &str) {}
    let recorder = run(|| {
        handle("no error", 1);
        call("failed", "Paris");
    });
    let handled = recorder.span("handle");
    assert_eq!((handled.error, handled.input), (None, Some(r#"{"error":"no error","metadata":1}"#.into())));
    let called = recorder.span("named");
    assert_eq!(called.error.map(|error| error.message).as_deref(), Some("failed"));
    assert_eq!(called.input, Some(r#"{"city":"Paris"}"#.into()));
}

#[test]
fn a_kind_that_is_annotated_wins_over_what_was_found() {
    let recorder = run(|| {
        let span = chat("m");
        span.annotate(Annotation::new().kind(SpanKind::Task).name("mine").output("done"));
        span.record("gen_ai.usage.input_tokens", 3_u64);
    });
    assert_eq!(recorder.tree(), "task mine\n");
}

#[test]
fn a_session_in_other_words_is_the_roots_too_if_it_is_the_only_one() {
    let model = |session: &'static str| drop(info_span!("llm", openinference.span.kind = "LLM", session.id = session));
    let recorder = run(|| {
        info_span!("one", llmobs.kind = "workflow").in_scope(|| model("s1"));
        info_span!("two", llmobs.kind = "workflow").in_scope(|| (model("s1"), model("s2")));
        info_span!("own", llmobs.kind = "workflow", llmobs.session_id = "s0").in_scope(|| model("s1"));
        let ours = info_span!("ours", llmobs.kind = "workflow");
        ours.in_scope(|| drop(info_span!("task", llmobs.kind = "task", llmobs.session_id = "s1")));
    });
    let sessions = ["one", "two", "own", "ours"].map(|name| recorder.span(name).session_id);
    assert_eq!(sessions.map(Option::unwrap_or_default), ["s1", "", "s0", ""]);
}

#[test]
fn a_trace_that_is_switched_off_leaves_nothing_more() {
    let off = || drop(info_span!("secret", gen_ai.operation.name = "chat", dd_llmobs_enabled = false));
    let recorder = run(|| {
        let root = info_span!("root", llmobs.kind = "workflow");
        root.in_scope(|| {
            drop(chat("before"));
            off();
            drop(chat("after"));
            let later = info_span!("later", llmobs.kind = "task");
            later.in_scope(|| drop(chat("below")));
        });
        drop(root);
        drop(chat("of another trace"));
        off();
    });
    assert_eq!(recorder.tree(), "llm chat before\nllm chat of another trace\n");
    assert_eq!(recorder.handle().stats().offered, 2);
    // A span that says nothing else is no span of ours, whatever it says.
    for (is_enabled, tree) in [(false, ""), (true, "llm chat inside\n")] {
        let recorder = run(|| {
            let request = info_span!("request", dd_llmobs_enabled = is_enabled);
            request.in_scope(|| info_span!("POST", http.request.method = "POST").in_scope(|| drop(chat("inside"))));
        });
        assert_eq!(recorder.tree(), tree);
    }
}

#[test]
fn only_callsites_of_calls_and_of_those_they_belong_to_are_woken() {
    // Subscribers of other tests wake others.
    if !in_own_process("conventions::programs::only_callsites_of_calls_and_of_those_they_belong_to_are_woken") {
        return;
    }
    run(|| {
        assert!(info_span!("request", gen_ai.agent.name = "a", server.address = "x", error = Empty).is_disabled());
        assert!(!info_span!("request", session.id = "s").is_disabled());
        assert!(!info_span!("request", enduser.id = Empty, error = Empty).is_disabled());
        assert!(info_span!("POST", http.request.method = "POST", url.full = "https://api.openai.com").is_disabled());
        assert!(!tracing::event_enabled!(Level::INFO, session.id, user.id));
        assert!(tracing::debug_span!("chat", gen_ai.operation.name = "chat").is_disabled());
        assert!(!chat("m").is_disabled());
    });
    for names in [&[][..], &["langfuse"], &["otel", "openinference"]] {
        let settings = Builder::without_environment().ml_app("test-app").integrations(names);
        let recorder = run_with(settings, || {
            assert!(info_span!("chat", gen_ai.operation.name = "chat").is_disabled());
            let ours = info_span!("ours", llmobs.kind = "llm", gen_ai.request.model = "m");
            ours.in_scope(|| info!(gen_ai.output.messages = "hi"));
        });
        assert_eq!(recorder.span("ours").model_name.as_deref(), Some("custom"), "{names:?}");
    }
}

#[test]
fn what_swiftide_tells_at_debug_is_heard_at_that_level() {
    let settings = || Builder::without_environment().ml_app("test-app");
    let program = || {
        let span = info_span!(target: "swiftide_integrations::openai", "complete", langfuse.r#type = "GENERATION");
        span.in_scope(|| tracing::debug!(langfuse.model = "gpt-4o", langfuse.input = "hi", langfuse.output = "ho"));
    };
    let recorder = run_with(settings().max_level(LevelFilter::DEBUG), program);
    let span = recorder.span("complete");
    assert_eq!((span.kind, span.model_name.as_deref()), (SpanKind::Llm, Some("gpt-4o")));
    assert_eq!(span.output, Some(Message::assistant("ho").into()));
    assert_eq!(run_with(settings(), program).span("complete").output, None);
}

#[test]
fn the_name_of_an_agent_is_the_same_in_its_event_and_for_the_spans_below() {
    let below = |agent: Span| {
        let id = agent.in_scope(|| info_span!("below", gen_ai.operation.name = "execute_tool").id().is_some());
        assert!(id);
    };
    let recorder = run(|| {
        below(info_span!("invoke_agent", gen_ai.operation.name = "invoke_agent", gen_ai.agent.name = "planner"));
        below(info_span!("run", gen_ai.operation.name = "invoke_agent", otel.name = "planner"));
        below(info_span!("run", traceloop.span.kind = "agent", traceloop.entity.name = "planner"));
        below(info_span!("run", langfuse.observation.r#type = "agent", langfuse.observation.name = "planner"));
        let late = info_span!("run", openinference.span.kind = "AGENT", otel.name = Empty);
        late.record("otel.name", "planner");
        below(late);
    });
    let spans = recorder.spans();
    let tools: Vec<_> = spans.iter().filter(|span| span.kind == SpanKind::Tool).collect();
    assert_eq!(tools.len(), 5);
    for tool in tools {
        let agent = tool.agent_attribution.as_ref().unwrap();
        assert_eq!(agent.name.as_deref(), Some("planner"), "{agent:?}");
    }
}

#[test]
fn spans_of_swiftide_and_adk_are_a_tree() {
    let recorder = run(|| {
        let agent = info_span!(target: "swiftide_agents::agent", "agent.query").entered();
        let step = info_span!(target: "swiftide_agents::agent", "step", otel.name = "step-0").entered();
        drop(info_span!(target: "swiftide_integrations::openai", "complete", langfuse.r#type = "GENERATION"));
        drop(info_span!(target: "swiftide_agents::agent", "tool", otel.name = "tool.search"));
        drop((step, agent));
        drop(info_span!(target: "my_agents", "agent.query", otel.name = "step-0"));
        let request = r#"{"model":"gemini-2.5","contents":[{"role":"user","parts":[{"text":"Hi"}]}]}"#;
        let execute = info_span!(target: "adk_runner::runner", "agent.execute", agent.name = "helper").entered();
        drop(info_span!(target: "adk_agent::llm_agent", "call_llm", gcp.vertex.agent.llm_request = request));
        drop(execute);
    });
    let shown: Vec<_> = recorder.spans().iter().map(|span| format!("{} {}", span.kind, span.name)).collect();
    let expected =
        ["llm complete", "tool search", "workflow step-0", "agent agent.query", "llm call_llm", "agent agent.execute"];
    assert_eq!(shown, expected);
    let call = recorder.span("call_llm");
    assert_eq!((call.model_name.as_deref(), call.input), (Some("gemini-2.5"), Some(Message::user("Hi").into())));
}
