//! Context of non-LLM spans (session, user, sampling) holds for the LLM spans below them.

use tracing::field::Empty;
use tracing::{Level, event, info, info_span};
use tracing_llmobs::{Annotation, LlmObsSpanExt, SpanEvent, SpanKind, annotation_context};
use tracing_subscriber::prelude::*;

use super::programs::run;

fn whose(span: &SpanEvent) -> [Option<&str>; 2] {
    [span.session_id.as_deref(), span.tags.get("user_id")]
}

#[test]
fn sessions_and_users_flow_down_from_spans_that_say_nothing_else() {
    for number in 0..4 {
        let recorder = run(|| {
            let request = match number {
                0 => info_span!("request", session.id = "s", user.id = "u"),
                1 => info_span!("request", gen_ai.conversation.id = "s", enduser.id = "u"),
                2 => info_span!("request", langfuse.session.id = "s", langfuse.user.id = "u"),
                _ => info_span!(
                    "request",
                    traceloop.association.properties.session_id = "s",
                    traceloop.association.properties.user_id = "u"
                ),
            };
            let _request = request.enter();
            let ours = info_span!("ours", llmobs.kind = "workflow");
            ours.in_scope(|| {
                let http = info_span!("POST", http.request.method = "POST");
                http.in_scope(|| drop(info_span!("chat", gen_ai.operation.name = "chat")));
            });
            drop(info_span!("embed", gen_ai.operation.name = "embeddings"));
        });
        assert_eq!(recorder.tree(), "workflow ours\n  llm chat\nembedding embed\n", "{number}");
        for span in recorder.spans() {
            assert_eq!(whose(&span), [Some("s"), Some("u")], "{number} {}", span.name);
        }
        let stats = recorder.handle().stats();
        assert_eq!((stats.offered, stats.open_spans), (3, 0));
    }
}

#[test]
fn the_nearest_who_names_one_counts_and_late_is_not_too_late() {
    let recorder = run(|| {
        let server = info_span!("server", session.id = "far", user.id = "far");
        let _server = server.enter();
        let agent = info_span!("agent", llmobs.kind = "agent");
        let _agent = agent.enter();
        let request = info_span!("request", session.id = Empty, user.id = Empty);
        let _request = request.enter();
        drop(info_span!("before", gen_ai.operation.name = "chat"));
        request.record("session.id", "near").record("user.id", 7_u64);
        drop(info_span!("after", gen_ai.operation.name = "chat"));
        drop(info_span!("own", gen_ai.operation.name = "chat", session.id = "own", user.id = "own"));
        drop(info_span!("said", llmobs.kind = "task", llmobs.session_id = "said", llmobs.tags.user_id = "said"));
    });
    assert_eq!(recorder.tree(), "agent agent\n  llm before\n  llm after\n  llm own\n  task said\n");
    let far = [Some("far"), Some("far")];
    for (name, expected) in [
        ("agent", far),
        ("before", far),
        ("after", [Some("near"), Some("7")]),
        ("own", [Some("own"), Some("own")]),
        ("said", [Some("said"), Some("said")]),
    ] {
        assert_eq!(whose(&recorder.span(name)), expected, "{name}");
    }
    // A call that begins before anybody knows whose it is.
    let recorder = run(|| {
        let request = info_span!("request", session.id = Empty);
        let chat = request.in_scope(|| info_span!("chat", gen_ai.operation.name = "chat"));
        request.record("session.id", "late");
        drop(chat);
    });
    assert_eq!(whose(&recorder.span("chat")), [Some("late"), None]);
}

#[test]
fn a_request_that_goes_out_carries_the_session_that_a_span_below_would_have() {
    let recorder = run(|| {
        let agent = info_span!("agent", llmobs.kind = "agent", llmobs.session_id = "far");
        let _agent = agent.enter();
        let request = info_span!("request", session.id = "near");
        let _request = request.enter();
        let mut headers = http::HeaderMap::new();
        assert!(tracing_llmobs::propagation::inject(&request, &mut headers));
        let context = tracing_llmobs::propagation::extract(&headers).unwrap();
        let served = info_span!("served", llmobs.kind = "task");
        assert!(served.set_llmobs_parent(context));
        drop(info_span!("local", llmobs.kind = "task"));
        // Nothing has started below it by that.
        assert_eq!(agent.llmobs_context().unwrap().session_id.as_deref(), Some("far"));
    });
    for name in ["served", "local"] {
        assert_eq!(recorder.span(name).session_id.as_deref(), Some("near"), "{name}");
    }
}

#[test]
fn a_session_below_a_root_is_the_roots_and_two_are_not() {
    for (second, expected) in [("s1", Some("s1")), ("s2", None)] {
        let recorder = run(|| {
            let root = info_span!("root", llmobs.kind = "workflow");
            let _root = root.enter();
            for session in ["s1", second] {
                info_span!("request", session.id = session).in_scope(|| {
                    drop(info_span!("chat", gen_ai.operation.name = "chat"));
                });
            }
        });
        assert_eq!(recorder.span("root").session_id.as_deref(), expected);
    }
}

#[test]
fn what_happens_inside_of_such_a_span_is_heard_by_the_one_around_it() {
    let recorder = run(|| {
        let chat = info_span!("chat", gen_ai.operation.name = "chat");
        let _chat = chat.enter();
        let inner = info_span!("inner", session.id = "s");
        let _inner = inner.enter();
        event!(name: "gen_ai.user.message", Level::INFO, content = "Hi.");
        info!(llmobs.output = "Ho.");
        event!(name: "gen_ai.evaluation.result", Level::INFO, gen_ai.evaluation.name = "e", gen_ai.evaluation.score.value = 1);
        assert_eq!(tracing_llmobs::current_context(), chat.llmobs_context());
        assert!(inner.llmobs_context().is_none() && !inner.annotate(Annotation::new().tag("a", "b")));
    });
    let chat = recorder.span("chat");
    let shown = format!("{:?} {:?}", chat.input, chat.output);
    assert!(shown.contains("Hi.") && shown.contains("Ho."), "{shown}");
    assert_eq!(recorder.evaluations()[0]["join_on"]["span"]["span_id"], chat.span_id.to_string());
}

#[test]
fn such_a_span_can_become_ours_or_have_a_parent_elsewhere() {
    let recorder = run(|| {
        let request = info_span!("request", session.id = "s", user.id = "u");
        assert!(request.annotate(Annotation::new().kind(SpanKind::Workflow)));
        request.in_scope(|| drop(info_span!("chat", gen_ai.operation.name = "chat")));
        let far = info_span!("far", llmobs.kind = "workflow", llmobs.session_id = "far");
        let context = far.llmobs_context().unwrap();
        let served = info_span!("served", session.id = "near");
        assert!(served.set_llmobs_parent(context.clone()));
        served.in_scope(|| drop(info_span!("below", gen_ai.operation.name = "chat")));
        let late = info_span!("late", session.id = "near");
        late.in_scope(|| drop(info_span!("alone", gen_ai.operation.name = "chat")));
        assert!(!late.set_llmobs_parent(context), "something has started below it");
    });
    assert_eq!(recorder.tree(), "workflow request\n  llm chat\nworkflow far\n  llm below\nllm alone\n");
    assert_eq!(whose(&recorder.span("request")), [Some("s"), Some("u")]);
    assert_eq!(whose(&recorder.span("below"))[0], Some("near"));
}

#[test]
fn a_request_that_is_left_alone_later_silences_what_is_open_in_it() {
    let recorder = run(|| {
        let request = info_span!("request", dd_llmobs_enabled = Empty);
        let inner = request.in_scope(|| info_span!("inner", session.id = "s", dd_llmobs_enabled = Empty));
        let chat = request.in_scope(|| info_span!("chat", gen_ai.operation.name = "chat"));
        let tool = chat.in_scope(|| info_span!("tool", llmobs.kind = "tool"));
        let other = inner.in_scope(|| info_span!("other", llmobs.kind = "llm"));
        inner.record("dd_llmobs_enabled", false);
        drop((tool, chat, other));
        request.in_scope(|| drop(info_span!("after", llmobs.kind = "llm")));
        // What is not inside of it is not meant.
        drop(info_span!("elsewhere", llmobs.kind = "llm"));
    });
    assert_eq!(recorder.tree(), "llm elsewhere\n");
    assert_eq!(recorder.handle().stats().offered, 1);
}

#[test]
fn a_span_that_is_left_alone_stays_so_below_a_parent_elsewhere() {
    let recorder = run(|| {
        let context = info_span!("far", llmobs.kind = "workflow").llmobs_context().unwrap();
        let quiet = info_span!("quiet", gen_ai.operation.name = "chat", dd_llmobs_enabled = false);
        quiet.set_llmobs_parent(context);
        quiet.in_scope(|| drop(info_span!("below", llmobs.kind = "llm")));
    });
    assert_eq!(recorder.tree(), "workflow far\n");
}

#[test]
fn a_context_that_is_entered_inside_of_such_a_span_holds_for_what_starts_there() {
    let recorder = run(|| {
        let request = info_span!("request", session.id = "s", user.id = "u");
        let _request = request.enter();
        annotation_context().tag("team", "search").tag("user_id", "said").scope(|| {
            drop(info_span!("chat", gen_ai.operation.name = "chat"));
        });
    });
    let chat = recorder.span("chat");
    assert_eq!((chat.tags.get("team"), chat.tags.get("user_id")), (Some("search"), Some("said")));
}

#[test]
fn who_hears_no_such_words_is_not_told_and_another_layer_changes_nothing() {
    let settings = || tracing_llmobs::Builder::without_environment().ml_app("test-app");
    let (deaf, none) = tracing_llmobs::testing::recorder_of(settings().integrations(["mcp"])).unwrap();
    let (layer, all) = tracing_llmobs::testing::recorder_of(settings()).unwrap();
    let everything = tracing_subscriber::fmt::layer().with_writer(std::io::sink);
    let subscriber = tracing_subscriber::registry().with(deaf).with(layer).with(everything);
    tracing::subscriber::with_default(subscriber, || {
        let request = info_span!("request", session.id = "s");
        let _request = request.enter();
        info_span!("plain").in_scope(|| drop(info_span!("ours", llmobs.kind = "task")));
    });
    assert_eq!((none.span("ours").session_id.as_deref(), all.span("ours").session_id.as_deref()), (None, Some("s")));
}
