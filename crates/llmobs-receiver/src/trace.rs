//! Traces: the spans of one trace, and their order in a tree.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use super::decode::{ReceivedEvaluation, ReceivedSpan};
use super::evaluation_index::EvaluationIndex;
use super::styled_line::TreeStyle;
use super::tree;
use llmobs_model::{SpanId, TraceId};

/// A trace as it was received so far.
///
/// Its `Display` is the tree without colours, at most 100 characters wide.
#[derive(Debug, Clone)]
pub struct Trace {
    id: TraceId,
    /// By start; each id once, as it came last.
    spans: Vec<Arc<ReceivedSpan>>,
    /// The index of each span in `spans`.
    places: HashMap<SpanId, usize>,
    evaluations: HashMap<SpanId, Vec<Arc<ReceivedEvaluation>>>,
}

impl Trace {
    /// Creates a trace from its spans; `None` when there are none.
    pub(super) fn new(spans: Vec<Arc<ReceivedSpan>>, index: &EvaluationIndex) -> Option<Self> {
        let id = spans.first()?.event.trace_id.clone();
        let mut known = HashSet::new();
        let mut spans: Vec<_> = spans.into_iter().rev().filter(|span| known.insert(span.event.span_id)).collect();
        spans.reverse();
        spans.sort_by_key(|span| span.event.start_ns);
        let found = spans.iter().map(|span| (span.event.span_id, index.of(span)));
        let evaluations = found.filter(|(_, found)| !found.is_empty()).collect();
        let places = spans.iter().enumerate().map(|(place, span)| (span.event.span_id, place)).collect();
        Some(Self { id, spans, places, evaluations })
    }

    /// Returns the id.
    pub fn trace_id(&self) -> &TraceId {
        &self.id
    }

    /// Returns the spans by start. A span that came twice is in here once.
    pub fn spans(&self) -> impl ExactSizeIterator<Item = &ReceivedSpan> {
        self.spans.iter().map(AsRef::as_ref)
    }

    /// Returns the first span without a parent.
    pub fn root(&self) -> Option<&ReceivedSpan> {
        self.spans().find(|span| span.event.parent_id.is_none())
    }

    /// Returns whether the trace has a root, and the parent of every other span.
    pub fn is_finished(&self) -> bool {
        let ids: HashSet<_> = self.spans().map(|span| span.event.span_id).collect();
        let all = self.spans().all(|span| span.event.parent_id.is_none_or(|id| ids.contains(&id)));
        all && self.root().is_some()
    }

    /// Draws the trace as text: two lines about the whole, then for every span a line with kind, name, model, tokens and
    /// duration, and a line each for input, prompt, links, output, error, evaluations and feedback. A span whose parent is of
    /// another service names its own.
    ///
    /// Characters that a terminal could take for commands are shown as `\u{1b}`, and line breaks as `⏎`.
    ///
    /// # Example
    ///
    /// ```text
    #[doc = include_str!("tree.txt")]
    /// ```
    pub fn to_tree(&self, style: &TreeStyle) -> String {
        tree::draw(self, style)
    }

    /// Returns the spans in the order in which a tree shows them.
    pub(super) fn rows(&self) -> Vec<Row<'_>> {
        let mut forest = Forest::new(&self.spans);
        let mut rows = Vec::with_capacity(self.spans.len());
        let (roots, orphans) = forest.heads(&self.spans);
        forest.walk(roots, 0, &mut rows);
        if !orphans.is_empty() {
            rows.push(Row { span: None, depth: 0, is_last: true, has_children: true });
            forest.walk(orphans, 1, &mut rows);
        }
        rows
    }

    /// Returns the parent of a span, if it came.
    pub(super) fn parent_of(&self, span: &ReceivedSpan) -> Option<&ReceivedSpan> {
        self.span(span.event.parent_id?)
    }

    /// Returns the span with this id, without a walk through the others.
    pub(super) fn span(&self, id: SpanId) -> Option<&ReceivedSpan> {
        self.places.get(&id).and_then(|place| self.spans.get(*place)).map(AsRef::as_ref)
    }

    pub(super) fn evaluations_of(&self, span: &ReceivedSpan) -> &[Arc<ReceivedEvaluation>] {
        self.evaluations.get(&span.event.span_id).map_or(&[], Vec::as_slice)
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.to_tree(&TreeStyle::new()).trim_end())
    }
}

/// A row of a tree.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'a> {
    /// The span; `None` stands for parents that never came.
    pub(super) span: Option<&'a ReceivedSpan>,
    pub(super) depth: usize,
    /// True for the last child of its parent.
    pub(super) is_last: bool,
    pub(super) has_children: bool,
}

/// Spans by parent. Walks use a stack of their own: a chain may be as long as the store is large.
struct Forest<'a> {
    children: HashMap<SpanId, Vec<&'a ReceivedSpan>>,
    seen: HashSet<SpanId>,
}

impl<'a> Forest<'a> {
    fn new(spans: &'a [Arc<ReceivedSpan>]) -> Self {
        let mut children: HashMap<_, Vec<&'a ReceivedSpan>> = HashMap::new();
        for span in spans {
            if let Some(parent) = span.event.parent_id {
                children.entry(parent).or_default().push(span);
            }
        }
        Self { children, seen: HashSet::new() }
    }

    /// Returns the roots, and the spans whose parent never came. Of spans whose parents form a circle, the earliest one counts
    /// as such too.
    fn heads(&mut self, spans: &'a [Arc<ReceivedSpan>]) -> (Vec<&'a ReceivedSpan>, Vec<&'a ReceivedSpan>) {
        let ids: HashSet<_> = spans.iter().map(|span| span.event.span_id).collect();
        let (mut roots, mut orphans): (Vec<&ReceivedSpan>, Vec<&ReceivedSpan>) = (Vec::new(), Vec::new());
        for span in spans {
            match span.event.parent_id {
                None => roots.push(span),
                Some(parent) if !ids.contains(&parent) => orphans.push(span),
                Some(_) => {}
            }
        }
        let mut reached = Vec::new();
        self.walk(roots.clone(), 0, &mut reached);
        self.walk(orphans.clone(), 0, &mut reached);
        for span in spans {
            if !self.seen.contains(&span.event.span_id) {
                orphans.push(span);
                self.walk(vec![span], 0, &mut reached);
            }
        }
        self.seen.clear();
        (roots, orphans)
    }

    fn walk(&mut self, heads: Vec<&'a ReceivedSpan>, depth: usize, rows: &mut Vec<Row<'a>>) {
        let mut open = Vec::new();
        self.open(heads, depth, &mut open);
        while let Some((span, depth, is_last)) = open.pop() {
            let children = self.children.get(&span.event.span_id).cloned().unwrap_or_default();
            let before = open.len();
            self.open(children, depth.saturating_add(1), &mut open);
            rows.push(Row { span: Some(span), depth, is_last, has_children: open.len() > before });
        }
    }

    /// Pushes siblings onto the stack, the first one on top.
    fn open(&mut self, mut siblings: Vec<&'a ReceivedSpan>, depth: usize, stack: &mut Vec<Open<'a>>) {
        siblings.retain(|span| self.seen.insert(span.event.span_id));
        let last = siblings.len().saturating_sub(1);
        stack.extend(siblings.into_iter().enumerate().rev().map(|(place, span)| (span, depth, place == last)));
    }
}

/// A span that is still to be visited, its depth, and whether it is the last of its siblings.
type Open<'a> = (&'a ReceivedSpan, usize, bool);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn trace(spans: &[(u64, u64)]) -> Trace {
        let span = |(start, (id, parent)): (usize, &(u64, u64))| {
            let json = json!({"span_id": id, "trace_id": "t", "parent_id": parent, "start_ns": start,
                "meta": {"span.kind": "task"}});
            Arc::new(ReceivedSpan::new(&json).unwrap())
        };
        Trace::new(spans.iter().enumerate().map(span).collect(), &EvaluationIndex::default()).unwrap()
    }

    fn shape(trace: &Trace) -> String {
        let id = |row: &Row<'_>| row.span.map_or_else(|| "?".to_owned(), |span| span.event.span_id.to_string());
        let rows = trace.rows();
        rows.iter().map(|row| format!("{}{}", "-".repeat(row.depth), id(row))).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn every_span_is_shown_once_wherever_its_parent_is() {
        for (spans, shown, finished) in [
            (&[(1, 0), (2, 1), (3, 2), (4, 1)][..], "1 -2 --3 -4", true),
            (&[(2, 1), (1, 0)], "1 -2", true),
            (&[(1, 0), (2, 0)], "1 2", true),
            (&[(1, 0), (3, 9), (4, 3)], "1 ? -3 --4", false),
            (&[(3, 9), (4, 8)], "? -3 -4", false),
            (&[(1, 0), (5, 6), (6, 7), (7, 5), (8, 6)], "1 ? -5 --7 ---6 ----8", true),
            (&[(5, 5)], "? -5", false),
        ] {
            let trace = trace(spans);
            assert_eq!((shape(&trace).as_str(), trace.is_finished()), (shown, finished));
        }
    }

    #[test]
    fn a_span_that_came_twice_is_shown_as_it_came_last() {
        let trace = trace(&[(1, 0), (2, 0), (2, 1)]);
        assert_eq!((shape(&trace).as_str(), trace.spans().len()), ("1 -2", 2));
    }

    #[test]
    fn a_long_chain_needs_no_stack() {
        let spans: Vec<_> = (1..50_000).map(|id| (id, id - 1)).collect();
        assert_eq!(trace(&spans).rows().len(), 49_999);
    }
}
