//! The order and the depth of the spans of a trace, and its critical path.

use std::collections::{HashMap, HashSet};

use crate::store::row::SpanRow;

/// A span in its place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node<'a> {
    pub(crate) row: &'a SpanRow,
    /// For each level above, whether its line goes on below this row; the last entry is that of the span itself.
    pub(crate) guides: Vec<bool>,
    /// True for the first of the spans whose parent never came.
    pub(crate) begins_orphans: bool,
    /// The number of this attempt, when siblings of the same name failed one after the other.
    pub(crate) attempt: Option<usize>,
    pub(crate) has_children: bool,
}

/// The spans of a trace by their parents.
#[derive(Debug)]
pub(crate) struct SpanTree<'a> {
    children: HashMap<&'a str, Vec<&'a SpanRow>>,
    roots: Vec<&'a SpanRow>,
    pub(crate) orphans: Vec<&'a SpanRow>,
}

impl<'a> SpanTree<'a> {
    /// Arranges spans that are ordered by their starts.
    pub(crate) fn new(spans: &'a [SpanRow]) -> Self {
        let known: HashSet<&str> = spans.iter().map(|span| span.span.as_str()).collect();
        let mut tree = Self { children: HashMap::new(), roots: Vec::new(), orphans: Vec::new() };
        for span in spans {
            match span.parent.as_deref() {
                None => tree.roots.push(span),
                Some(parent) if known.contains(parent) && parent != span.span => {
                    tree.children.entry(parent).or_default().push(span);
                }
                Some(_) => tree.orphans.push(span),
            }
        }
        // Spans in a circle of parents are below no root.
        let reached: HashSet<i64> = tree.nodes().iter().map(|node| node.row.id).collect();
        if reached.len() < spans.len() {
            tree.break_circles(spans, reached);
        }
        tree
    }

    fn break_circles(&mut self, spans: &'a [SpanRow], mut reached: HashSet<i64>) {
        for span in spans {
            if !reached.contains(&span.id) {
                self.children.values_mut().for_each(|children| children.retain(|child| child.id != span.id));
                self.orphans.push(span);
                self.reach(span, &mut reached);
            }
        }
    }

    /// Adds a span and all below it.
    fn reach(&self, span: &'a SpanRow, reached: &mut HashSet<i64>) {
        let mut below = vec![span];
        while let Some(next) = below.pop() {
            if reached.insert(next.id) {
                below.extend(self.children_of(next));
            }
        }
    }

    pub(crate) fn children_of(&self, span: &SpanRow) -> &[&'a SpanRow] {
        self.children.get(span.span.as_str()).map_or(&[], Vec::as_slice)
    }

    /// Returns the spans from top to bottom, those whose parent never came at the end.
    pub(crate) fn nodes(&self) -> Vec<Node<'a>> {
        let mut nodes = Vec::new();
        // A stack instead of recursion: a trace may be as deep as it has spans.
        let mut stack: Vec<Node<'a>> = Vec::new();
        for (place, orphan) in self.orphans.iter().enumerate().rev() {
            let goes_on = place.saturating_add(1) < self.orphans.len();
            stack.push(self.node(orphan, vec![goes_on], place == 0, None));
        }
        for root in self.roots.iter().rev() {
            stack.push(self.node(root, Vec::new(), false, None));
        }
        while let Some(node) = stack.pop() {
            let children = self.children_of(node.row);
            let attempts = attempts(children);
            for (place, child) in children.iter().enumerate().rev() {
                let mut guides = node.guides.clone();
                guides.push(place.saturating_add(1) < children.len());
                stack.push(self.node(child, guides, false, attempts.get(place).copied().flatten()));
            }
            nodes.push(node);
        }
        nodes
    }

    fn node(&self, row: &'a SpanRow, guides: Vec<bool>, begins_orphans: bool, attempt: Option<usize>) -> Node<'a> {
        Node { row, guides, begins_orphans, attempt, has_children: !self.children_of(row).is_empty() }
    }

    /// Adds the parts of an interval in which no child ran to the path, and returns those of its children.
    fn share_out(&self, whole: &Interval<'a>, path: &mut Vec<Interval<'a>>) -> Vec<(&'a SpanRow, i64, i64)> {
        let Interval { span, start_ns, end_ns } = *whole;
        let mut children = self.children_of(span).to_vec();
        children.sort_by_key(|child| std::cmp::Reverse((child.end_ns(), child.start_ns)));
        let (mut at, mut below) = (end_ns, Vec::new());
        for child in children {
            let (from, to) = (child.start_ns.max(start_ns), child.end_ns().min(at));
            if to > from {
                path.push(Interval { span, start_ns: to, end_ns: at });
                below.push((child, from, to));
                at = from;
            }
        }
        path.push(Interval { span, start_ns, end_ns: at });
        below
    }

    /// Returns the intervals of the critical path: at each instant one span, the deepest that the end of the trace waited for.
    ///
    /// From the end backwards: the time belongs to the child that ended last; before its start, to the child that had ended
    /// last by then; where no child ran, to the span itself.
    pub(crate) fn critical_path(&self) -> Vec<Interval<'a>> {
        let mut path = Vec::new();
        let Some(root) = self.roots.iter().max_by_key(|root| root.duration_ns).or(self.orphans.first()) else {
            return path;
        };
        let mut open = vec![(*root, root.start_ns, root.end_ns())];
        while let Some((span, start_ns, end_ns)) = open.pop() {
            open.extend(self.share_out(&Interval { span, start_ns, end_ns }, &mut path));
        }
        path.retain(|part| part.end_ns > part.start_ns);
        path
    }
}

/// A part of the critical path.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Interval<'a> {
    pub(crate) span: &'a SpanRow,
    pub(crate) start_ns: i64,
    pub(crate) end_ns: i64,
}

/// Numbers siblings of one name and kind that follow upon a failure: `try 1`, `try 2`.
fn attempts(siblings: &[&SpanRow]) -> Vec<Option<usize>> {
    let same = |one: &SpanRow, other: &SpanRow| one.name == other.name && one.kind == other.kind;
    let mut groups: HashMap<(&str, &str), usize> = HashMap::new();
    let mut attempts = Vec::with_capacity(siblings.len());
    for (place, span) in siblings.iter().enumerate() {
        let others = siblings.get(..place).unwrap_or_default();
        let follows = others.iter().rev().find(|other| same(other, span)).is_some_and(|other| other.failed);
        let number = groups.entry((&span.name, &span.kind)).or_default();
        *number = if follows { number.saturating_add(1) } else { 1 };
        attempts.push(Some(*number));
    }
    // The first of a group has a number only if there is a second.
    let is_retried = |place: usize, span: &SpanRow| {
        let later = siblings.get(place.saturating_add(1)..).unwrap_or_default();
        span.failed && later.iter().any(|other| same(other, span))
    };
    siblings
        .iter()
        .zip(attempts)
        .enumerate()
        .map(|(place, (span, number))| number.filter(|number| *number > 1 || is_retried(place, span)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(id: i64, parent: i64, start_ns: i64, end_ns: i64) -> SpanRow {
        let parent = (parent != 0).then(|| parent.to_string());
        SpanRow { id, span: id.to_string(), parent, start_ns, duration_ns: end_ns - start_ns, ..SpanRow::default() }
    }

    fn ids(spans: &[SpanRow]) -> Vec<i64> {
        SpanTree::new(spans).nodes().iter().map(|node| node.row.id).collect()
    }

    #[test]
    fn every_span_has_one_place() {
        for (spans, order) in [
            (vec![span(1, 0, 0, 9), span(2, 1, 1, 2), span(3, 2, 1, 2), span(4, 1, 3, 4)], vec![1, 2, 3, 4]),
            (vec![span(1, 0, 0, 9), span(2, 7, 1, 2), span(3, 1, 1, 2)], vec![1, 3, 2]),
            (vec![span(1, 2, 0, 9), span(2, 1, 1, 2), span(3, 3, 0, 1)], vec![3, 1, 2]),
        ] {
            assert_eq!(ids(&spans), order);
        }
    }

    #[test]
    fn the_critical_path_adds_up_to_the_duration() {
        let spans =
            [span(1, 0, 0, 100), span(2, 1, 10, 60), span(3, 1, 20, 90), span(4, 3, 30, 40), span(5, 1, 95, 200)];
        let path = SpanTree::new(&spans).critical_path();
        let of =
            |id| path.iter().filter(|part| part.span.id == id).map(|part| part.end_ns - part.start_ns).sum::<i64>();
        assert_eq!([1, 2, 3, 4, 5].map(of), [15, 10, 60, 10, 5]);
    }

    #[test]
    fn retries_are_numbered() {
        let failed = |id, failed| SpanRow { failed, ..span(id, 1, id, id + 1) };
        let spans = [span(1, 0, 0, 9), failed(2, true), failed(3, true), failed(4, false), failed(5, false)];
        let tree = SpanTree::new(&spans);
        let numbers: Vec<_> = tree.nodes().iter().map(|node| node.attempt).collect();
        assert_eq!(numbers, [None, Some(1), Some(2), Some(3), None]);
    }
}
