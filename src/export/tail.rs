//! Tail sampling: rules look at the spans of a trace that is not sampled, and may keep the whole trace.
//!
//! The spans of such a trace wait here, within bounds, until one of them fits a rule, or until the first span of the trace
//! in this process has ended.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use llmobs_model::{Sampling, SpanEvent, TraceId, contain};

/// The rules that keep a trace although it is not sampled, and the fate of the other traces.
#[derive(Clone, Default)]
pub(crate) struct KeepRules {
    pub(crate) drop_unsampled: bool,
    rules: Vec<Arc<Rule>>,
}

type Rule = dyn Fn(&SpanEvent) -> bool + Send + Sync;

impl KeepRules {
    pub(crate) fn add(&mut self, rule: impl Fn(&SpanEvent) -> bool + Send + Sync + 'static) {
        self.rules.push(Arc::new(rule));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// A rule that panics keeps the span: nothing is lost by a defect.
    fn fit(&self, event: &SpanEvent) -> bool {
        self.rules.iter().any(|rule| contain(|| rule(event)).unwrap_or(true))
    }
}

impl fmt::Debug for KeepRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rules = self.rules.len();
        f.debug_struct("KeepRules").field("drop_unsampled", &self.drop_unsampled).field("rules", &rules).finish()
    }
}

/// An event that waits to be encoded.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) event: SpanEvent,
    /// The first span of its trace in this process: with its end the trace is over here.
    pub(super) is_entry: bool,
    /// The name in `tracing`, for the counters.
    pub(super) place: &'static str,
    /// The bytes that it holds, roughly.
    pub(super) bytes: usize,
    /// Its number in the queue.
    pub(super) number: u64,
}

/// The outcome of judging: spans that may leave, and the number of those that are dropped.
#[derive(Debug, Default)]
pub(super) struct Judged {
    pub(super) ready: Vec<Ready>,
    pub(super) unsampled: u64,
}

/// The spans that wait for a decision about their trace, and recent decisions.
#[derive(Debug)]
pub(crate) struct Tail {
    rules: KeepRules,
    open: HashMap<TraceId, Group>,
    /// The keys of `open`, the oldest first.
    order: VecDeque<TraceId>,
    spans: usize,
    bytes: usize,
    /// Decisions about traces whose spans may still come.
    decided: HashMap<TraceId, bool>,
    decided_order: VecDeque<TraceId>,
}

#[derive(Debug)]
struct Group {
    spans: Vec<Ready>,
    since: Instant,
}

impl Tail {
    const MAX_SPANS: usize = 8192;
    const MAX_BYTES: usize = 16 * 1024 * 1024;
    const MAX_AGE: Duration = Duration::from_secs(300);
    const MAX_DECIDED: usize = 8192;

    pub(crate) fn new(rules: KeepRules) -> Self {
        let (open, order, decided, decided_order) = Default::default();
        Self { rules, open, order, spans: 0, bytes: 0, decided, decided_order }
    }

    /// Returns true when code of the application runs in here.
    pub(super) fn has_rules(&self) -> bool {
        !self.rules.is_empty()
    }

    /// Returns true when spans wait for the end of their trace.
    pub(super) fn is_holding(&self) -> bool {
        self.spans > 0
    }

    /// Returns the number of the oldest span that waits here.
    pub(super) fn oldest(&self) -> Option<u64> {
        // Groups are in the order of their first spans, and each has those in their order.
        self.open.get(self.order.front()?)?.spans.first().map(|span| span.number)
    }

    /// Returns true for a span that is dropped and that no rule could keep.
    pub(super) fn drops(&self, sampling: Option<Sampling>) -> bool {
        self.rules.drop_unsampled && sampling.is_some_and(|sampling| !sampling.keep)
    }

    /// Decides about a span, and about those that waited for it.
    pub(super) fn judge(&mut self, span: Ready, now: Instant, judged: &mut Judged) {
        let is_sampled = span.event.sampling.is_none_or(|sampling| sampling.keep);
        if is_sampled {
            return judged.ready.push(span);
        }
        if self.rules.is_empty() {
            return self.settle([span], false, judged);
        }
        let trace_id = span.event.trace_id.clone();
        let fits = self.rules.fit(&span.event);
        if let Some(kept) = self.decided.get(&trace_id).copied() {
            // A span that fits is kept for itself even when its trace is gone, and with it what comes later.
            if fits && !kept {
                self.decided.insert(trace_id, true);
            }
            return self.settle([span], kept || fits, judged);
        }
        let is_entry = span.is_entry;
        self.hold(span, now);
        if fits || is_entry {
            self.decide(&trace_id, fits, judged);
        }
        while self.spans > Self::MAX_SPANS || self.bytes > Self::MAX_BYTES {
            let Some(oldest) = self.order.front().cloned() else { break };
            self.decide(&oldest, false, judged);
        }
    }

    /// Decides about traces that have waited too long, or about all of them.
    pub(super) fn release(&mut self, all: bool, now: Instant, judged: &mut Judged) {
        while let Some(oldest) = self.order.front().cloned() {
            let since = self.open.get(&oldest).map_or(now, |group| group.since);
            if !all && now.saturating_duration_since(since) < Self::MAX_AGE {
                break;
            }
            self.decide(&oldest, false, judged);
        }
    }

    fn hold(&mut self, span: Ready, now: Instant) {
        self.spans = self.spans.saturating_add(1);
        self.bytes = self.bytes.saturating_add(span.bytes);
        let trace_id = &span.event.trace_id;
        if !self.open.contains_key(trace_id) {
            self.order.push_back(trace_id.clone());
        }
        let group = self.open.entry(trace_id.clone()).or_insert_with(|| Group { spans: Vec::new(), since: now });
        group.spans.push(span);
    }

    fn decide(&mut self, trace_id: &TraceId, keep: bool, judged: &mut Judged) {
        self.order.retain(|own| own != trace_id);
        let Some(group) = self.open.remove(trace_id) else { return };
        let bytes = group.spans.iter().fold(0_usize, |sum, span| sum.saturating_add(span.bytes));
        self.spans = self.spans.saturating_sub(group.spans.len());
        self.bytes = self.bytes.saturating_sub(bytes);
        if self.decided.insert(trace_id.clone(), keep).is_none() {
            self.decided_order.push_back(trace_id.clone());
        }
        while self.decided_order.len() > Self::MAX_DECIDED {
            let oldest = self.decided_order.pop_front();
            oldest.map(|oldest| self.decided.remove(&oldest));
        }
        self.settle(group.spans, keep, judged);
    }

    /// A kept span is marked as sampled: the intake would forget it otherwise.
    fn settle(&self, spans: impl IntoIterator<Item = Ready>, keep: bool, judged: &mut Judged) {
        for mut span in spans {
            if keep {
                span.event.sampling = span.event.sampling.map(|Sampling { rate, .. }| Sampling::new(rate, true));
            } else if self.rules.drop_unsampled {
                judged.unsampled = judged.unsampled.saturating_add(1);
                continue;
            }
            judged.ready.push(span);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use llmobs_model::{SpanId, SpanKind};

    /// A span of a trace that is not sampled; a name that begins with `!` fits the rule.
    fn span(trace: u128, name: &'static str, has_parent: bool) -> Ready {
        let id = SpanId::new(7).unwrap();
        let mut event = SpanEvent::new(id, TraceId::new(trace), SpanKind::Task, name);
        event.parent_id = has_parent.then_some(id);
        event.sampling = Some(Sampling::new(0.0, false));
        Ready { event, is_entry: !has_parent, place: name, bytes: 1_000, number: 0 }
    }

    fn tail(drop_unsampled: bool) -> Tail {
        let mut rules = KeepRules { drop_unsampled, ..KeepRules::default() };
        rules.add(|event| event.name.starts_with('!'));
        Tail::new(rules)
    }

    /// Plays spans in order and gives the names of those that left, with `+` where they are marked as kept.
    fn play(tail: &mut Tail, spans: impl IntoIterator<Item = Ready>) -> (Vec<String>, u64) {
        let mut judged = Judged::default();
        let now = Clock::System.instant();
        spans.into_iter().for_each(|span| tail.judge(span, now, &mut judged));
        (names(&judged), judged.unsampled)
    }

    fn names(judged: &Judged) -> Vec<String> {
        let mark = |event: &SpanEvent| if event.sampling.unwrap().keep { "+" } else { "" };
        judged.ready.iter().map(|span| format!("{}{}", span.place, mark(&span.event))).collect()
    }

    #[test]
    fn one_span_that_fits_keeps_its_whole_trace() {
        for (spans, left, gone) in [
            (vec![span(1, "a", true), span(1, "!b", true), span(1, "root", false)], vec!["a+", "!b+", "root+"], 0),
            (
                vec![span(1, "a", true), span(1, "!root", false), span(1, "late", true)],
                vec!["a+", "!root+", "late+"],
                0,
            ),
            (vec![span(1, "a", true), span(1, "root", false)], vec![], 2),
            (vec![span(1, "root", false), span(1, "late", true), span(1, "!later", true)], vec!["!later+"], 2),
            (vec![span(1, "a", true), span(2, "!b", true), span(1, "root", false)], vec!["!b+"], 2),
        ] {
            let left: Vec<_> = left.into_iter().map(str::to_owned).collect();
            assert_eq!(play(&mut tail(true), spans), (left, gone));
        }
    }

    #[test]
    fn without_dropping_the_rest_is_sent_as_it_is() {
        let spans = [span(1, "a", true), span(1, "root", false), span(2, "!x", false)];
        assert_eq!(play(&mut tail(false), spans), (["a", "root", "!x+"].map(str::to_owned).to_vec(), 0));
    }

    #[test]
    fn what_is_held_is_bounded_and_the_oldest_trace_gives_way() {
        let mut tail = tail(false);
        let (left, _) = play(&mut tail, (0..20_000).map(|trace| span(trace, "a", true)));
        let held = 20_000 - left.len();
        assert!(held <= Tail::MAX_SPANS && tail.bytes <= Tail::MAX_BYTES && tail.spans == held, "{held}");
        assert!(tail.decided.len() <= Tail::MAX_DECIDED && tail.decided.len() == tail.decided_order.len());
        let mut judged = Judged::default();
        tail.release(true, Clock::System.instant(), &mut judged);
        assert_eq!(judged.ready.len(), held);
        assert!(!tail.is_holding() && tail.open.is_empty() && tail.order.is_empty() && tail.bytes == 0);
    }

    #[test]
    fn a_trace_whose_root_never_ends_is_decided_in_time() {
        let mut tail = tail(false);
        let begin = Clock::System.instant();
        let mut judged = Judged::default();
        tail.judge(span(1, "a", true), begin, &mut judged);
        tail.release(false, begin + Tail::MAX_AGE / 2, &mut judged);
        assert_eq!(names(&judged), Vec::<String>::new());
        tail.release(false, begin + Tail::MAX_AGE, &mut judged);
        assert_eq!(names(&judged), ["a"]);
    }

    #[test]
    fn a_rule_that_panics_keeps() {
        let mut rules = KeepRules { drop_unsampled: true, ..KeepRules::default() };
        rules.add(|_| panic!("expected"));
        assert_eq!(play(&mut Tail::new(rules), [span(1, "a", true)]), (vec!["a+".to_owned()], 0));
    }
}
