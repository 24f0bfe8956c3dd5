//! However much is said, what is held stays bounded, and what is left out is counted.
//!
//! Each scene has a process of its own, whose peak of memory it can look at.

use std::fmt::{self, Write as _};
use std::time::{Duration, Instant};

use crate::harness::recording::Recorder;
use serde_json::{Value, json};
use tracing::field::{Empty, debug};
use tracing::{Span, info, info_span};
use tracing_llmobs::{Annotation, Builder, Content, LlmObsSpanExt, LossReason, Message, Problem, ToolCall};

use crate::harness::recording::{metadata, only_span, problems, record_with, text};
use crate::harness::{run_scenes, scene};

const MIB: usize = 1024 * 1024;
/// The scenes, and by how many bytes the peak of memory may rise in each.
const SCENES: [(&str, fn(), usize); 9] = [
    ("a million records", a_million_records, 16 * MIB),
    ("a million events", a_million_events, 16 * MIB),
    ("a value that writes a gigabyte", a_gigabyte, 64 * MIB),
    ("a value that does not stop when told", a_stubborn_gigabyte, 64 * MIB),
    ("spans that nobody closes", leaked_spans, 256 * MIB),
    ("much content in many open spans", much_content_in_many, 64 * MIB),
    ("much content in one span", much_content_in_one, 96 * MIB),
    ("a huge annotation", a_huge_annotation, 160 * MIB),
    ("deep JSON", deep_json, 256 * MIB),
];

#[test]
fn what_is_held_stays_bounded() {
    run_scenes("limits::actor", SCENES.map(|(name, ..)| name.to_owned()));
}

#[test]
fn actor() {
    let Some(scene) = scene() else { return };
    let (_, run, most_bytes) = SCENES.into_iter().find(|(name, ..)| *name == scene).unwrap();
    let before = peak_bytes();
    run();
    let risen = peak_bytes().saturating_sub(before);
    assert!(risen < most_bytes, "the peak of memory rose by {risen} bytes");
}

/// The most memory that this process ever held; 0 where the system does not say.
fn peak_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok()).map_or(0, |kilobytes: usize| kilobytes * 1024)
}

fn stage(program: impl FnOnce()) -> Recorder {
    record_with(Builder::without_environment(), program)
}

fn a_million_records() {
    let recorder = stage(|| {
        let span = info_span!("t", llmobs.kind = "task", llmobs.output = Empty, llmobs.metadata.n = Empty, arg = Empty);
        for n in 0..1_000_000_u32 {
            match n % 4 {
                0 => span.record("llmobs.output", "a text of some length, again and again, and never the last one"),
                1 => span.record("llmobs.output", debug(n)),
                2 => span.record("llmobs.metadata.n", n),
                _ => span.record("arg", "an argument that is recorded more than once"),
            };
        }
        span.record("llmobs.output", "the last one");
    });
    let span = only_span(&recorder);
    assert_eq!((span.output.clone(), metadata(&span)), (text("the last one"), json!({"n": 999_998})));
    assert_eq!(problems(&recorder), []);
}

fn a_million_events() {
    let recorder = stage(|| {
        let span = info_span!("t", llmobs.kind = "task").entered();
        for n in 0..1_000_000_u32 {
            match n % 4 {
                0 => info!(llmobs.metrics.n = n, llmobs.output = "x"),
                1 => info!(llmobs.tags.n = %n),
                2 => tracing::error!(error = n),
                _ => info!(n, "nothing for us"),
            }
        }
        // Maps add up, and so only the first hundreds of them are kept.
        for n in 0..10_000 {
            info!(llmobs.metadata = %format_args!("{{\"k{n}\": \"{n:01000}\"}}"));
        }
        drop(span);
    });
    let span = only_span(&recorder);
    assert_eq!(span.metrics.get("n").and_then(serde_json::Number::as_u64), Some(999_996));
    assert_eq!((span.tags.get("n"), span.error.unwrap().message), (Some("999997"), "999998".to_owned()));
    let kept = span.metadata.len() as u64;
    assert!((256..1_000).contains(&kept), "{kept}");
    assert_eq!(recorder.handle().stats().problems(Problem::TooManyValues), 10_000 - kept);
}

/// Writes a gigabyte, as far as it is let.
struct Gigabyte {
    gives_up: bool,
}

impl fmt::Debug for Gigabyte {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let piece = "x".repeat(MIB);
        for _ in 0..1024 {
            let written = f.write_str(&piece);
            if self.gives_up {
                written?;
            }
        }
        Ok(())
    }
}

fn gigabyte(gives_up: bool) {
    let began = Instant::now();
    let recorder = stage(|| {
        let span = info_span!("t", llmobs.kind = "task", llmobs.input = ?Gigabyte { gives_up }, llmobs.output = Empty);
        span.record("llmobs.output", debug(Gigabyte { gives_up }));
        span.in_scope(|| info!(llmobs.metadata.huge = ?Gigabyte { gives_up }));
        span.annotate(Annotation::new().tag("still", "here"));
    });
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    let span = only_span(&recorder);
    let marker = text("[This value has been dropped because this span's size exceeds the 5MB size limit.]");
    assert_eq!((span.input.clone(), span.output.clone()), (marker.clone(), marker));
    assert_eq!((span.metadata.len(), span.tags.get("still")), (1, Some("here")));
    assert_eq!(span.collection_errors, ["dropped_io"]);
    assert_eq!(problems(&recorder), [(Problem::Oversize, 3)]);
}

fn a_gigabyte() {
    gigabyte(true);
}

fn a_stubborn_gigabyte() {
    gigabyte(false);
}

fn leaked_spans() {
    const LEAKED: u64 = 100_000;
    let recorder = record_with(Builder::without_environment().open_spans_max_bytes(MIB), || {
        let begin = |_| info_span!("leaked", llmobs.kind = "task", n = 1);
        let leaked: Vec<Span> = (0..LEAKED).map(begin).collect();
        // Those that were idle longest have given way, and nothing of theirs is heard any more.
        assert!(!leaked[0].annotate(Annotation::new().tag("too", "late")) && leaked[0].llmobs_context().is_none());
        // The last ones are all there, and so is the room for others with their content.
        for _ in 0..1_000 {
            let text = "x".repeat(1_000);
            drop(info_span!("works on", llmobs.kind = "task", llmobs.input = text, llmobs.output = text));
        }
        let is_open: Vec<bool> = leaked.iter().map(LlmObsSpanExt::finish).collect();
        let open = is_open.iter().filter(|is_open| **is_open).count();
        assert!((MIB / 2_000..MIB / 512).contains(&open), "{open} are open");
        assert!(is_open[is_open.len() - open..].iter().all(|is_open| *is_open), "the newest stay");
        drop(leaked);
    });
    let stats = recorder.handle().stats();
    let kept = recorder.spans().iter().filter(|span| span.name == "leaked").count() as u64;
    let others = recorder.spans().iter().filter(|span| span.input == text(&"x".repeat(1_000))).count();
    assert_eq!((others, problems(&recorder)), (1_000, vec![]));
    assert_eq!((stats.offered, stats.lost(LossReason::OpenSpans)), (LEAKED + 1_000, LEAKED - kept));
    assert!(stats.is_balanced() && stats.open_spans == 0, "{stats:?}");
}

fn much_content_in_many() {
    let recorder = record_with(Builder::without_environment().open_spans_max_bytes(10 * MIB), || {
        let content = "x".repeat(MIB);
        let spans: Vec<Span> = (0..60).map(|_| info_span!("t", llmobs.kind = "task", llmobs.input = Empty)).collect();
        for (n, span) in spans.iter().enumerate() {
            match n % 3 {
                0 => drop(span.record("llmobs.input", content.as_str()).clone()),
                1 => span.in_scope(|| info!(llmobs.input = %content)),
                _ => assert!(span.annotate(Annotation::new().input(content.as_str()))),
            }
        }
        drop(info_span!("at creation", llmobs.kind = "task", llmobs.input = content));
    });
    let spans = recorder.spans();
    let whole =
        spans.iter().filter(|span| matches!(&span.input, Some(Content::Text(text)) if text.len() == MIB)).count();
    assert!(spans.len() == 61 && (8..=10).contains(&whole), "{whole} of {}", spans.len());
    assert_eq!(problems(&recorder), [(Problem::Oversize, 61 - whole as u64)]);
}

fn much_content_in_one() {
    let recorder = stage(|| {
        let content = "x".repeat(MIB);
        let span = info_span!(
            "t",
            llmobs.kind = "task",
            llmobs.input = Empty,
            llmobs.output = Empty,
            llmobs.error.message = Empty,
            llmobs.error.stack = Empty
        );
        // A value that replaces another one needs no more room.
        for _ in 0..100 {
            span.record("llmobs.input", content.as_str());
        }
        for _ in 0..100 {
            span.in_scope(|| info!(llmobs.metadata = %format_args!("{{\"k\": \"{content}\"}}")));
        }
        span.record("llmobs.output", "small");
    });
    let span = only_span(&recorder);
    assert_eq!(span.output, text("small"));
    assert!(matches!(&span.input, Some(Content::Text(text)) if text.len() == MIB));
    let counted = problems(&recorder);
    assert!(
        matches!(counted[..], [(Problem::Metadata, left_out), (Problem::Oversize, dropped)] if left_out == dropped && dropped > 80),
        "{counted:?}"
    );
}

fn a_huge_annotation() {
    let recorder = stage(|| {
        let span = info_span!("t", llmobs.kind = "llm");
        let huge = Annotation::new().input(Message::user("x".repeat(20 * MIB))).metadata("k", "v");
        assert!(span.annotate(huge.output("also").tag("still", "here").metric("m", 1)));
        assert!(span.annotate(Annotation::new().output("later")));
    });
    let span = only_span(&recorder);
    assert_eq!((span.tags.get("still"), metadata(&span)), (Some("here"), json!({})));
    assert_eq!(span.output, Some(Message::new("", "later").into()));
    assert!(matches!(&span.input, Some(Content::Text(text)) if text.starts_with("[This value has been dropped")));
    assert_eq!(problems(&recorder), [(Problem::Oversize, 1)]);
}

fn deep_json() {
    for levels in [129, 20_000, 100_000] {
        // Little stack: what walks the levels on it ends the process.
        let thread = std::thread::Builder::new().stack_size(256 * 1024);
        thread.spawn(move || deep_json_of(levels)).unwrap().join().unwrap();
    }
}

fn deep_json_of(levels: usize) {
    let recorder = stage(|| {
        let span = info_span!("t", llmobs.kind = "llm");
        let call = || ToolCall::new("f", nested(levels));
        let message = Message::assistant("x").tool_call(call()).tool_call(call()).tool_call(ToolCall::new("g", 1));
        assert!(span.annotate(Annotation::new().input("kept").input(nested(levels)).output(message)));
        let borrowed = nested(levels);
        let said =
            Annotation::new().metadata("deep", &borrowed).metadata("kept", nested(100)).metadata_map(json!({"b": 1}));
        assert!(span.annotate(
            said.metadata_map([("deep", &borrowed)].into_iter().collect::<std::collections::HashMap<_, _>>())
        ));
        assert!(Content::json(&borrowed).is_err());
        dismantle(borrowed);
        // Texts are read by a parser that has a limit itself.
        let mut text = "[".repeat(levels);
        write!(text, "{}", "]".repeat(levels)).unwrap();
        span.in_scope(|| info!(llmobs.metadata.text = text, llmobs.output = text));
    });
    let span = only_span(&recorder);
    let text = |content: &Option<Content>| match content {
        Some(Content::Messages(messages)) => messages[0].content.len(),
        other => panic!("{other:?}"),
    };
    assert_eq!((text(&span.input), text(&span.output)), (4, 2 * levels));
    let keys: Vec<&str> = span.metadata.keys().map(String::as_str).collect();
    assert_eq!(keys, ["b", "kept", "text"]);
    assert_eq!(problems(&recorder), [(Problem::Annotation, 2)]);
}

fn nested(levels: usize) -> Value {
    (0..levels).fold(json!(1), |value, level| {
        if level % 2 == 0 {
            Value::Array(vec![value])
        } else {
            Value::Object([("a".to_owned(), value)].into_iter().collect())
        }
    })
}

fn dismantle(value: Value) {
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        match value {
            Value::Array(items) => open.extend(items),
            Value::Object(members) => open.extend(members.into_iter().map(|(_, value)| value)),
            _ => {}
        }
    }
}
