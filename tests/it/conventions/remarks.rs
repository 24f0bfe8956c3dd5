//! Oddities of other crates' spans are logged at DEBUG, once for each place, without a word of their content.

use tracing::{Level, event, info_span};
use tracing_llmobs::{Guard, Stats};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::prelude::*;
use tracing_subscriber::reload;

use crate::harness::{CollectedLog, SOON, in_own_process, receiver, to};

const CANARY: &str = "canary-51d0";

/// Plays a program to its end and returns what was said about it, and the ledger. The program may turn the level that is
/// listened to.
fn played(program: impl FnOnce(&Guard, &dyn Fn(LevelFilter))) -> (CollectedLog, Stats) {
    let server = receiver();
    let (layer, guard) = to(server.url()).start().unwrap();
    let collected = CollectedLog::default();
    let (filter, handle) = reload::Layer::new(LevelFilter::DEBUG);
    tracing_subscriber::registry().with(layer).with(collected.clone().with_filter(filter)).init();
    program(&guard, &|level| handle.modify(|own| *own = level).unwrap());
    let handle = guard.handle();
    drop(guard);
    (collected, handle.stats())
}

/// The lines that were logged at DEBUG.
fn said(collected: &CollectedLog) -> Vec<String> {
    collected.ours(Level::DEBUG).into_iter().map(|said| said.text).collect()
}

/// A program in which everything is odd once.
fn odd() {
    let bad = format!("no JSON, but {CANARY}");
    drop(info_span!("nameless", gen_ai.operation.name = "chat"));
    drop(info_span!("inferred", gen_ai.request.model = "m", gen_ai.prompt = CANARY, gen_ai.usage.input_tokens = -1));
    drop(info_span!("stands_in", langfuse.r#type = "generation", langfuse.model = "m", langfuse.input = CANARY));
    let messages = format!(
        r#"[{{"content":"{CANARY}"}},{{"role":"user","parts":[{{"type":"odd","x":"{CANARY}"}},{{"type":"tool_call","arguments":{{}}}}]}}]"#
    );
    drop(info_span!(
        "chat",
        gen_ai.operation.name = "chat",
        gen_ai.input.messages = messages.as_str(),
        gen_ai.output.messages = bad.as_str(),
        gen_ai.tool.definitions = bad.as_str(),
        llm.invocation_parameters = bad.as_str(),
        llm.cost.total = bad.as_str(),
    ));
    drop(info_span!("embed", gen_ai.operation.name = "embeddings"));
    drop(info_span!("tool", gen_ai.operation.name = "execute_tool"));
    let documents = format!(r#"[{{"content":"{CANARY}","score":"{CANARY}"}}]"#);
    drop(info_span!("search", openinference.span.kind = "RETRIEVER", output.value = documents.as_str()));
    info_span!("outer", openinference.span.kind = "LLM").in_scope(|| {
        drop(info_span!("inner", gen_ai.operation.name = "chat"));
    });
    info_span!("batch", llmobs.kind = "workflow").in_scope(|| {
        for session in [CANARY, "other"] {
            drop(info_span!("item", openinference.span.kind = "CHAIN", session.id = session));
        }
    });
    drop(info_span!("quiet", dd_llmobs_enabled = false));
    event!(name: "gen_ai.evaluation.result", Level::INFO, gen_ai.evaluation.name = "e", gen_ai.evaluation.score.value = 1, gen_ai.response.id = CANARY);
}

/// A program in which others say what the words of a crate leave open.
fn complete() {
    use tracing_llmobs::{Annotation, LlmObsSpanExt};

    let ours = info_span!("ours", llmobs.kind = "llm", llmobs.model_name = "m", llmobs.model_provider = "p");
    ours.in_scope(|| event!(Level::ERROR, exception.message = "It failed."));
    drop(ours);
    let told = info_span!("told", gen_ai.operation.name = "chat");
    assert!(told.annotate(Annotation::new().model_name("m").model_provider("p")));
    drop(told);
    drop(info_span!("named", llmobs.kind = "tool", llmobs.name = "search", mcp.method.name = "tools/call"));
    let embedding = info_span!("embedding", gen_ai.operation.name = "embeddings", gen_ai.request.model = "m");
    embedding.annotate(Annotation::new().input("text").model_provider("p"));
}

#[test]
fn what_is_said_elsewhere_is_not_missing() {
    if !in_own_process("conventions::remarks::what_is_said_elsewhere_is_not_missing") {
        return;
    }
    let (collected, stats) = played(|_, _| complete());
    assert_eq!(stats.delivered, 4);
    let said = said(&collected);
    assert!(!said.iter().any(|text| text.contains("remark=")), "{said:#?}");
}

#[test]
fn what_is_odd_while_nobody_listens_is_not_looked_for() {
    if !in_own_process("conventions::remarks::what_is_odd_while_nobody_listens_is_not_looked_for") {
        return;
    }
    let (collected, _) = played(|guard, listen| {
        listen(LevelFilter::INFO);
        drop(info_span!("unheard", gen_ai.operation.name = "chat"));
        guard.flush(SOON).unwrap();
        listen(LevelFilter::DEBUG);
        drop(info_span!("heard", gen_ai.operation.name = "chat"));
    });
    let said = said(&collected);
    let is_about = |name: &str| said.iter().any(|text| text.contains(&format!("span=\"{name}\"")));
    assert!(is_about("heard") && !is_about("unheard"), "{said:#?}");
}

#[test]
fn each_oddity_is_said_once_at_debug_and_counted_at_the_end() {
    if !in_own_process("conventions::remarks::each_oddity_is_said_once_at_debug_and_counted_at_the_end") {
        return;
    }
    let (collected, stats) = played(|guard, _| {
        for _ in 0..3 {
            odd();
            guard.flush(SOON).unwrap();
        }
    });
    assert!(stats.is_balanced());
    let said = said(&collected);
    for (remark, span) in [
        ("model", "nameless"),
        ("provider", "nameless"),
        ("kind", "inferred"),
        ("token_count", "inferred"),
        ("model_fallback", "stands_in"),
        ("role", "chat"),
        ("part", "chat"),
        ("call_name", "chat"),
        ("content", "chat"),
        ("tool_definitions", "chat"),
        ("parameters", "chat"),
        ("cost", "chat"),
        ("embedding", "embed"),
        ("tool_name", "tool"),
        ("document", "search"),
        ("demoted", "outer"),
        ("sessions", "batch"),
        ("off", "quiet"),
        ("response", "gen_ai.evaluation.result"),
    ] {
        let of = |text: &&String| {
            text.contains(&format!("remark=\"{remark}\"")) && text.contains(&format!("span=\"{span}\""))
        };
        let lines: Vec<&String> = said.iter().filter(of).collect();
        assert_eq!(lines.len(), 2, "{remark} {span}: {said:#?}");
        assert!(lines[1].contains("count=3"), "{lines:?}");
    }
    let everything = format!("{said:?} {:?}", collected.ours(Level::WARN));
    assert!(!everything.contains(CANARY), "{everything}");
}
