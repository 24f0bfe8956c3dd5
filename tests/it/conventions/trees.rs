//! Trees of all forms: which of several spans of one call counts its tokens, by the words of the rule.

use std::fmt;
use std::sync::Barrier;

use proptest::prelude::*;
use tracing::field::Empty;
use tracing::{Level, Span, event, info_span};
use tracing_llmobs::{LlmObsSpanExt, SpanKind, metric};
use tracing_subscriber::prelude::*;

use super::programs::run;

/// The role of a span in a generated tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// A call of a model that a library tells of, and whether it counts tokens.
    Theirs { counts: bool },
    /// A model call, with `llmobs.*` fields.
    Ours { counts: bool },
    /// A model call of a library that records its attributes only at the end.
    Late { counts: bool },
    /// Another kind of span.
    Tool,
    /// None of ours.
    Http,
}

#[derive(Debug, Clone)]
struct Tree {
    role: Role,
    below: Vec<Tree>,
}

impl Role {
    fn counts(self) -> bool {
        match self {
            Self::Theirs { counts } | Self::Ours { counts } | Self::Late { counts } => counts,
            Self::Tool | Self::Http => false,
        }
    }

    fn is_call(self) -> bool {
        matches!(self, Self::Theirs { .. } | Self::Ours { .. } | Self::Late { .. })
    }
}

impl Tree {
    /// The calls below with nothing but calls and spans that are not ours between.
    fn same_call(&self) -> Vec<Role> {
        let mut found = Vec::new();
        for below in &self.below {
            if below.role.is_call() {
                found.push(below.role);
            }
            if below.role.is_call() || below.role == Role::Http {
                found.extend(below.same_call());
            }
        }
        found
    }

    /// By the rule: a call gives way to one below that counts, or to any if it does not count itself, unless we said
    /// what it is.
    fn gives_way(&self) -> bool {
        let same = self.same_call();
        let is_told_again = same.iter().any(|role| role.counts()) || !same.is_empty() && !self.role.counts();
        matches!(self.role, Role::Theirs { .. } | Role::Late { .. }) && is_told_again
    }

    /// The expected events, one line a span.
    fn expected(&self, out: &mut Vec<String>) {
        let at = out.len();
        if self.role != Role::Http {
            out.push(String::new());
        }
        for below in &self.below {
            below.expected(out);
        }
        let (kind, counts) = match self.role {
            Role::Http => return,
            Role::Tool => (SpanKind::Tool, false),
            Role::Theirs { .. } | Role::Ours { .. } | Role::Late { .. } if self.gives_way() => {
                (SpanKind::Workflow, false)
            }
            Role::Theirs { counts } | Role::Ours { counts } | Role::Late { counts } => (SpanKind::Llm, counts),
        };
        out[at] = line(kind, counts);
    }

    fn play(&self) {
        let span = match self.role {
            Role::Theirs { .. } => {
                info_span!("call", gen_ai.operation.name = "chat", gen_ai.usage.input_tokens = Empty)
            }
            Role::Late { .. } => info_span!("call", gen_ai.operation.name = Empty, gen_ai.usage.input_tokens = Empty),
            Role::Ours { .. } => info_span!("call", llmobs.kind = "llm", llmobs.metrics.input_tokens = Empty),
            Role::Tool => info_span!("tool", llmobs.kind = "tool"),
            Role::Http => info_span!("POST", http.request.method = "POST"),
        };
        span.in_scope(|| self.below.iter().for_each(Tree::play));
        if matches!(self.role, Role::Late { .. }) {
            span.record("gen_ai.operation.name", "chat");
        }
        if self.role.counts() {
            span.record("gen_ai.usage.input_tokens", 1_u64).record("llmobs.metrics.input_tokens", 1_u64);
        }
    }
}

fn line(kind: SpanKind, counts: bool) -> String {
    format!("{kind} {counts}")
}

fn trees() -> impl Strategy<Value = Tree> {
    let role = prop_oneof![
        any::<bool>().prop_map(|counts| Role::Theirs { counts }),
        any::<bool>().prop_map(|counts| Role::Theirs { counts }),
        any::<bool>().prop_map(|counts| Role::Late { counts }),
        any::<bool>().prop_map(|counts| Role::Ours { counts }),
        Just(Role::Tool),
        Just(Role::Http),
    ];
    let leaf = role.clone().prop_map(|role| Tree { role, below: Vec::new() });
    leaf.prop_recursive(5, 12, 3, move |below| {
        (role.clone(), prop::collection::vec(below, 0..3)).prop_map(|(role, below)| Tree { role, below })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn calls_give_way_as_the_rule_says(tree in trees()) {
        let recorder = run(|| tree.play());
        let mut expected = Vec::new();
        tree.expected(&mut expected);
        // Ids count up as spans start.
        let mut spans = recorder.spans();
        spans.sort_by_key(|span| span.span_id);
        let counts = |span: &tracing_llmobs::SpanEvent| span.metrics.iter().any(|(name, _)| name == metric::INPUT_TOKENS);
        let got: Vec<String> = spans.iter().map(|span| line(span.kind, counts(span))).collect();
        prop_assert_eq!(got, expected);
    }
}

#[test]
fn a_call_that_is_finished_before_those_inside_goes_out_as_it_is() {
    let recorder = run(|| {
        let outer = info_span!("outer", gen_ai.operation.name = "chat", gen_ai.usage.input_tokens = 1);
        let inner =
            outer.in_scope(|| info_span!("inner", gen_ai.operation.name = "chat", gen_ai.usage.input_tokens = 1));
        assert!(outer.finish() && !outer.finish());
        drop(inner);
    });
    assert_eq!(recorder.tree(), "llm outer\n  llm inner\n");
}

#[test]
fn calls_that_end_on_many_threads_at_once_are_all_noticed() {
    const THREADS: usize = 8;
    let recorder = run(|| {
        let dispatch = tracing::dispatcher::get_default(Clone::clone);
        for _ in 0..50 {
            let outer = info_span!("outer", gen_ai.operation.name = "chat", gen_ai.usage.input_tokens = 1);
            let barrier = Barrier::new(THREADS);
            std::thread::scope(|scope| {
                for number in 0..THREADS {
                    let (outer, barrier, dispatch) = (&outer, &barrier, &dispatch);
                    scope.spawn(move || {
                        let _default = tracing::dispatcher::set_default(dispatch);
                        let inner = info_span!(parent: outer, "inner", gen_ai.operation.name = "chat", gen_ai.usage.input_tokens = Empty);
                        if number == 0 {
                            inner.record("gen_ai.usage.input_tokens", 1_u64);
                        }
                        barrier.wait();
                        drop(inner);
                        outer.in_scope(|| event!(Level::INFO, gen_ai.response.id = number));
                    });
                }
            });
        }
    });
    let spans = recorder.spans();
    let of = |name: &str, kind| spans.iter().filter(|span| span.name.starts_with(name) && span.kind == kind).count();
    assert_eq!((of("outer", SpanKind::Workflow), of("inner", SpanKind::Llm)), (50, 50 * THREADS));
}

/// Logs, opens spans of its own and says something about the current one while it is formatted.
struct Busy<'a>(&'a Span);

impl fmt::Debug for Busy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        event!(Level::INFO, gen_ai.output.messages = "logged while formatted");
        self.0.record("gen_ai.request.model", "recorded while formatted");
        drop(info_span!("inside", gen_ai.operation.name = "execute_tool"));
        assert!(self.0.llmobs_context().is_some());
        f.write_str("formatted")
    }
}

#[test]
fn what_is_formatted_may_itself_trace() {
    let recorder = run(|| {
        let span =
            info_span!("chat", gen_ai.operation.name = "chat", gen_ai.request.model = Empty, gen_ai.prompt = Empty);
        let _inside = span.enter();
        span.record("gen_ai.prompt", tracing::field::debug(Busy(&span)));
        event!(name: "gen_ai.user.message", Level::INFO, content = ?Busy(&span));
    });
    // While an event is told, `tracing` hides what is opened.
    assert_eq!(recorder.tree(), "llm chat recorded while formatted\n  tool inside\n");
    let input = format!("{:?}", recorder.span("chat recorded while formatted").input);
    assert!(input.contains("formatted"), "{input}");
}

#[test]
fn each_of_two_layers_hears_the_words_that_it_was_told_to() {
    let settings = || tracing_llmobs::Builder::without_environment();
    let (first, all) = tracing_llmobs::testing::recorder_of(settings().ml_app("all")).unwrap();
    let some = settings().ml_app("some").integrations(["openinference"]);
    let (second, some) = tracing_llmobs::testing::recorder_of(some).unwrap();
    tracing::subscriber::with_default(tracing_subscriber::registry().with(first).with(second), || {
        let outer = info_span!("outer", openinference.span.kind = "LLM");
        outer.in_scope(|| {
            info_span!("inner", gen_ai.operation.name = "chat").in_scope(|| {
                drop(info_span!("ours", llmobs.kind = "task"));
            });
        });
    });
    assert_eq!(all.tree(), "workflow outer\n  llm inner\n    task ours\n");
    assert_eq!(some.tree(), "llm outer\n  task ours\n");
}
