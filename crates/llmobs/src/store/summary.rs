//! The row of a trace, computed from the rows of its spans whenever some arrive.

use std::collections::{BTreeSet, HashSet};

use super::row::{SpanRow, lines};
use crate::number::{count, float, whole};

/// A trace as the list shows it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Summary {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) ml_app: String,
    pub(crate) session: Option<String>,
    pub(crate) start_ns: i64,
    pub(crate) end_ns: i64,
    pub(crate) spans: i64,
    pub(crate) errors: i64,
    pub(crate) tokens_in: Option<i64>,
    pub(crate) tokens_out: Option<i64>,
    pub(crate) cost: Option<i64>,
    pub(crate) ttft_ns: Option<i64>,
    pub(crate) preview: String,
    pub(crate) error: Option<String>,
    pub(crate) models: String,
    pub(crate) tags: String,
    pub(crate) shape: String,
    pub(crate) bytes: i64,
}

impl Summary {
    /// Summarizes the spans of a trace; `None` when there are none. The order of the spans does not matter.
    pub(crate) fn of(spans: &[SpanRow]) -> Option<Self> {
        let root = root(spans)?;
        let start_ns = spans.iter().map(|span| span.start_ns).min()?;
        let end_ns = spans.iter().map(SpanRow::end_ns).max()?;
        let failed = spans.iter().filter(|span| span.failed);
        let models: BTreeSet<_> = spans.iter().filter_map(|span| span.model.clone()).collect();
        let first_token = |span: &SpanRow| span.ttft_ns.map(|ttft| span.start_ns.saturating_add(ttft));
        Some(Self {
            name: root.name.clone(),
            kind: root.kind.clone(),
            ml_app: root.ml_app.clone(),
            session: root.session.clone().or_else(|| spans.iter().find_map(|span| span.session.clone())),
            start_ns,
            end_ns,
            spans: count(spans.len()),
            errors: count(failed.clone().count()),
            tokens_in: sum(spans, |span| span.tokens_in),
            tokens_out: sum(spans, |span| span.tokens_out),
            cost: sum(spans, |span| span.cost),
            ttft_ns: spans.iter().filter_map(first_token).max().map(|at| at.saturating_sub(start_ns)),
            preview: root.preview.clone(),
            error: failed.min_by_key(|span| (span.start_ns, span.id)).map(|span| describe(span, root)),
            models: lines(models.into_iter()),
            tags: root.tags.clone(),
            shape: shape(spans, root, start_ns, end_ns),
            bytes: spans.iter().fold(0, |sum, span| sum.saturating_add(span.bytes)),
        })
    }

    pub(crate) fn duration_ns(&self) -> i64 {
        self.end_ns.saturating_sub(self.start_ns)
    }
}

/// Returns the span that the others hang below: without a parent, else the earliest whose parent never came.
fn root(spans: &[SpanRow]) -> Option<&SpanRow> {
    let known: HashSet<&str> = spans.iter().map(|span| span.span.as_str()).collect();
    let order = |span: &&SpanRow| (span.parent.is_some(), span.start_ns, span.id);
    let tops = spans.iter().filter(|span| span.parent.as_deref().is_none_or(|parent| !known.contains(parent)));
    // A circle of parents has no top.
    tops.min_by_key(order).or_else(|| spans.iter().min_by_key(order))
}

fn describe(span: &SpanRow, root: &SpanRow) -> String {
    let error = span.error.as_deref().unwrap_or("failed");
    if span.span == root.span { error.to_owned() } else { format!("{}: {error}", span.name) }
}

fn sum(spans: &[SpanRow], of: impl Fn(&SpanRow) -> Option<i64>) -> Option<i64> {
    spans.iter().filter_map(of).fold(None, |sum, own| Some(sum.unwrap_or(0_i64).saturating_add(own)))
}

/// Encodes the longest spans as marks of the list's column "Shape": `lane kind-letter start width` with 112 units for the
/// whole trace. Lane 1 is the root, lane 2 model calls, lane 3 the rest.
fn shape(spans: &[SpanRow], root: &SpanRow, start_ns: i64, end_ns: i64) -> String {
    let whole_ns = float(end_ns.saturating_sub(start_ns)).max(1.0);
    let children: HashSet<&str> = spans.iter().filter_map(|span| span.parent.as_deref()).collect();
    let mut shown: Vec<&SpanRow> = spans
        .iter()
        .filter(|span| {
            span.span != root.span && (span.kind == "llm" || span.failed || !children.contains(span.span.as_str()))
        })
        .collect();
    shown.sort_by_key(|span| (!span.failed, std::cmp::Reverse(span.duration_ns)));
    shown.truncate(MAX_MARKS);
    shown.sort_by_key(|span| span.start_ns);
    let mark = |span: &SpanRow, lane: i64| {
        let left = float(span.start_ns.saturating_sub(start_ns)) * 1120.0 / whole_ns;
        let width = (float(span.duration_ns) * 1120.0 / whole_ns).max(15.0).min(1120.0 - left.min(1105.0));
        let kind = if span.failed { "e" } else { span.kind.as_str() };
        let kind = kind.split_whitespace().next().unwrap_or("task");
        format!("{lane} {kind} {} {}", whole(left.min(1105.0)), whole(width))
    };
    let lane = |span: &SpanRow| if span.kind == "llm" { 2 } else { 3 };
    let marks = shown.into_iter().map(|span| mark(span, lane(span))).chain([mark(root, 1)]);
    marks.collect::<Vec<_>>().join(";")
}

const MAX_MARKS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn span(id: &str, parent: Option<&str>, start_ns: i64, duration_ns: i64) -> SpanRow {
        let (span, name) = (id.to_owned(), format!("name {id}"));
        SpanRow { span, parent: parent.map(str::to_owned), name, start_ns, duration_ns, ..SpanRow::default() }
    }

    #[test]
    fn a_trace_is_named_by_its_root_whatever_the_order() {
        let mut spans = vec![span("2", Some("1"), 0, 5), span("1", None, 1, 9), span("3", Some("9"), 0, 1)];
        for _ in 0..3 {
            spans.rotate_left(1);
            let summary = Summary::of(&spans).unwrap();
            assert_eq!((summary.name.as_str(), summary.start_ns, summary.end_ns), ("name 1", 0, 10));
        }
        let circle = [span("1", Some("2"), 0, 1), span("2", Some("1"), 1, 1)];
        assert_eq!(Summary::of(&circle).unwrap().name, "name 1");
        assert_eq!(Summary::of(&[]), None);
    }

    #[test]
    fn unknown_tokens_stay_unknown_and_known_ones_add_up() {
        let with = |tokens| SpanRow { tokens_in: tokens, ..span("1", None, 0, 0) };
        assert_eq!(Summary::of(&[with(None)]).unwrap().tokens_in, None);
        assert_eq!(Summary::of(&[with(Some(1)), with(None), with(Some(2))]).unwrap().tokens_in, Some(3));
    }
}
