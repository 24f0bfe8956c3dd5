use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use llmobs_receiver::{DecodedRequest, Receiver};
use tracing_llmobs::{
    Annotation, Evaluation, ExportOutcome, ExportRequest, ExportRoute, Exporter, LlmObsSpanExt as _, LossReason,
    SpanContext, TraceId,
};
use tracing_subscriber::prelude::*;

use crate::{SOON, below, builder, emit, end};

/// Keeps what it takes, and answers each request as `answer` says: by its number from 0 and by its content.
struct Scripted<F> {
    answer: F,
    requests: AtomicUsize,
    taken: Arc<Mutex<Vec<ExportRequest>>>,
}

impl<F> Scripted<F> {
    fn new(answer: F) -> (Self, Arc<Mutex<Vec<ExportRequest>>>) {
        let taken = Arc::<Mutex<Vec<ExportRequest>>>::default();
        (Self { answer, requests: AtomicUsize::new(0), taken: Arc::clone(&taken) }, taken)
    }
}

impl<F: Fn(usize, &ExportRequest) -> ExportOutcome + Send + Sync + 'static> Exporter for Scripted<F> {
    async fn export(&self, request: ExportRequest) -> ExportOutcome {
        let outcome = (self.answer)(self.requests.fetch_add(1, Ordering::SeqCst), &request);
        if matches!(outcome, ExportOutcome::Delivered) {
            self.taken.lock().unwrap().push(request);
        }
        outcome
    }
}

/// The inputs of the spans that were taken, each once.
fn inputs(taken: &Mutex<Vec<ExportRequest>>) -> BTreeSet<usize> {
    let mut inputs = BTreeSet::new();
    for request in taken.lock().unwrap().iter() {
        let decoded = DecodedRequest::decode("POST", request.path(), &request.body()).unwrap().unwrap();
        assert_eq!((decoded.spans.len(), decoded.rejected.len()), (request.items(), 0));
        for span in decoded.spans {
            let text = serde_json::to_string(&span.event.input).unwrap();
            let number: String = text.chars().filter(char::is_ascii_digit).collect();
            assert!(inputs.insert(number.parse().unwrap()), "{text} came twice");
        }
    }
    inputs
}

#[test]
fn what_an_exporter_answers_is_what_the_ledger_counts() {
    type Answer = fn(usize, &ExportRequest) -> ExportOutcome;
    let rows: [(&str, Answer, u64, Option<LossReason>); 6] = [
        ("delivered", |_, _| ExportOutcome::Delivered, 40, None),
        (
            "away at first",
            |at, _| if at < 3 { ExportOutcome::retry("away") } else { ExportOutcome::Delivered },
            40,
            None,
        ),
        (
            "asks for a pause",
            |at, _| {
                if at == 0 { ExportOutcome::retry_after(Duration::from_millis(30)) } else { ExportOutcome::Delivered }
            },
            40,
            None,
        ),
        (
            "takes three at most",
            |_, request| match request.items() {
                ..=3 => ExportOutcome::Delivered,
                _ => ExportOutcome::TooLarge,
            },
            40,
            None,
        ),
        (
            "refuses one item",
            |_, request| {
                let is_poison = |one: Vec<u8>| String::from_utf8(one).unwrap().contains(r#""13""#);
                if request.envelopes().any(is_poison) { ExportOutcome::Invalid } else { ExportOutcome::Delivered }
            },
            39,
            Some(LossReason::Rejected),
        ),
        ("refuses everything", |_, _| ExportOutcome::rejected("no"), 0, Some(LossReason::Rejected)),
    ];
    for (what, answer, delivered, lost) in rows {
        let (exporter, taken) = Scripted::new(answer);
        let stats = end(below(builder(), exporter, |_| emit(40)));
        assert_eq!((stats.accepted, stats.delivered), (40, delivered), "{what}");
        assert_eq!(lost.map_or(0, |reason| stats.lost(reason)), 40 - delivered, "{what}: {stats:?}");
        assert_eq!(u64::try_from(inputs(&taken).len()).unwrap(), delivered, "{what}");
    }
}

#[test]
fn an_exporter_that_panics_or_never_answers_gets_the_same_batch_again() {
    struct Moody(AtomicUsize, Arc<AtomicUsize>);
    impl Exporter for Moody {
        async fn export(&self, request: ExportRequest) -> ExportOutcome {
            match self.0.fetch_add(1, Ordering::SeqCst) {
                0 => panic!("the exporter has a defect"),
                1 => std::future::pending().await,
                _ => {
                    self.1.fetch_add(request.items(), Ordering::SeqCst);
                    ExportOutcome::Delivered
                }
            }
        }
    }
    let items = Arc::<AtomicUsize>::default();
    let moody = Moody(AtomicUsize::new(0), Arc::clone(&items));
    let builder = builder().request_timeout(Duration::from_millis(50));
    let stats = end(below(builder, moody, |_| emit(9)));
    assert_eq!((stats.delivered, stats.retries, items.load(Ordering::SeqCst)), (9, 2, 9));
}

#[test]
fn evaluations_and_spans_have_routes_of_their_own_and_no_key_is_needed_or_shown() {
    let (exporter, taken) = Scripted::new(|_, _: &ExportRequest| ExportOutcome::Delivered);
    let about = SpanContext::new(TraceId::new(7), "5".parse().unwrap());
    let guard = below(builder().agentless(true).api_key("canary-key"), exporter, |guard| {
        emit(1);
        for score in [0.5, 0.75] {
            guard.handle().submit_evaluation(Evaluation::score("faithful", score).span(about.clone())).unwrap();
        }
    });
    assert_eq!(end(guard).delivered, 3);
    let taken = taken.lock().unwrap();
    for request in taken.iter() {
        let (path, items) = match request.route() {
            ExportRoute::Spans => ("/api/v2/llmobs", 1),
            ExportRoute::Evaluations | _ => ("/api/intake/llm-obs/v2/eval-metric", 2),
        };
        assert_eq!((request.path(), request.items()), (path, items));
        for envelope in request.envelopes() {
            let decoded = DecodedRequest::decode("POST", path, &envelope).unwrap().unwrap();
            assert_eq!(decoded.spans.len() + decoded.evaluations.len(), 1, "an envelope can be posted on its own");
            assert!(!String::from_utf8(envelope).unwrap().contains("canary-key"));
        }
    }
}

#[test]
fn two_destinations_are_two_layers_each_with_its_ledger() {
    let receiver = Receiver::bind("127.0.0.1:0").unwrap();
    let (layer, guard) = builder().agentless(false).agent_url(receiver.url()).start().unwrap();
    let (exporter, taken) = Scripted::new(|_, _: &ExportRequest| ExportOutcome::rejected("no"));
    let (other_layer, other_guard) = builder().exporter(exporter).start().unwrap();
    let subscriber = tracing_subscriber::registry().with(layer).with(other_layer);
    tracing::subscriber::with_default(subscriber, || {
        emit(5);
        let span = tracing::info_span!("annotated", llmobs.kind = "task");
        // A span finds one layer; the handle of a layer finds the span in that layer.
        assert!(span.annotate(Annotation::new().output("by the span")));
        for handle in [guard.handle(), other_guard.handle()] {
            assert!(handle.annotate(&span, Annotation::new().metadata("by", "handle")));
        }
    });
    let (stats, other) = (end(guard), end(other_guard));
    assert_eq!((stats.delivered, stats.lost_total()), (6, 0));
    assert_eq!((other.delivered, other.lost(LossReason::Rejected)), (0, 6));
    assert!(taken.lock().unwrap().is_empty());
    let spans = receiver.wait_for_spans(6, SOON);
    let annotated = spans.iter().find(|span| span.event.name == "annotated").unwrap();
    assert_eq!(annotated.event.metadata.get("by"), Some(&"handle".into()));
}
