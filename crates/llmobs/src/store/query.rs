//! Reading: lists, facets, single traces.

use std::collections::HashMap;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};

use super::evaluation::EvaluationRow;
use super::filter::Filter;
use super::row::SpanRow;
use super::summary::Summary;
use crate::number::count;

/// A trace of the list.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct TraceRow {
    pub(crate) id: i64,
    pub(crate) trace: String,
    pub(crate) summary: Summary,
}

const COLUMNS: &str = "t.id, t.trace, t.name, t.kind, t.ml_app, t.session, t.start_ns, t.end_ns, t.spans, t.errors, \
    t.tokens_in, t.tokens_out, t.cost, t.ttft_ns, t.preview, t.error, t.models, t.tags, t.shape, t.bytes";

fn read_trace(row: &Row<'_>) -> rusqlite::Result<TraceRow> {
    let summary = Summary {
        name: row.get(2)?,
        kind: row.get(3)?,
        ml_app: row.get(4)?,
        session: row.get(5)?,
        start_ns: row.get(6)?,
        end_ns: row.get(7)?,
        spans: row.get(8)?,
        errors: row.get(9)?,
        tokens_in: row.get(10)?,
        tokens_out: row.get(11)?,
        cost: row.get(12)?,
        ttft_ns: row.get(13)?,
        preview: row.get(14)?,
        error: row.get(15)?,
        models: row.get(16)?,
        tags: row.get(17)?,
        shape: row.get(18)?,
        bytes: row.get(19)?,
    };
    Ok(TraceRow { id: row.get(0)?, trace: row.get(1)?, summary })
}

/// The order of the list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Sort {
    #[default]
    Start,
    Duration,
    Ttft,
    Tokens,
    Cost,
}

impl Sort {
    pub(crate) fn parse(text: &str) -> Self {
        [Self::Duration, Self::Ttft, Self::Tokens, Self::Cost]
            .into_iter()
            .find(|sort| sort.as_str() == text)
            .unwrap_or_default()
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Duration => "duration",
            Self::Ttft => "ttft",
            Self::Tokens => "tokens",
            Self::Cost => "cost",
        }
    }

    const fn column(self) -> &'static str {
        match self {
            Self::Start => "t.start_ns",
            Self::Duration => "(t.end_ns - t.start_ns)",
            Self::Ttft => "coalesce(t.ttft_ns, -1)",
            Self::Tokens => "coalesce(t.tokens_in, 0) + coalesce(t.tokens_out, 0)",
            Self::Cost => "coalesce(t.cost, -1)",
        }
    }

    /// Returns the value that the list is ordered by.
    pub(crate) fn key(self, row: &TraceRow) -> i64 {
        let own = &row.summary;
        match self {
            Self::Start => own.start_ns,
            Self::Duration => own.duration_ns(),
            Self::Ttft => own.ttft_ns.unwrap_or(-1),
            Self::Tokens => own.tokens_in.unwrap_or(0).saturating_add(own.tokens_out.unwrap_or(0)),
            Self::Cost => own.cost.unwrap_or(-1),
        }
    }
}

/// Returns traces in order, from the one after `after` (its key and id).
pub(crate) fn list(
    connection: &Connection,
    filter: &Filter,
    sort: Sort,
    after: Option<(i64, i64)>,
    limit: usize,
) -> rusqlite::Result<Vec<TraceRow>> {
    let (condition, mut values) = filter.condition();
    let column = sort.column();
    let from = if let Some((key, id)) = after {
        values.extend([Value::Integer(key), Value::Integer(id)]);
        format!("AND ({column}, t.id) < (?, ?)")
    } else {
        String::new()
    };
    let sql = format!(
        "SELECT {COLUMNS} FROM traces t WHERE {condition} AND t.spans > 0 {from} ORDER BY {column} DESC, t.id DESC LIMIT {limit}"
    );
    let mut query = connection.prepare_cached(&sql)?;
    query.query_map(params_from_iter(values), read_trace)?.collect()
}

/// Returns the trace before this place (its key and id) in the order of the list.
pub(crate) fn before(
    connection: &Connection,
    filter: &Filter,
    sort: Sort,
    place: (i64, i64),
) -> rusqlite::Result<Option<TraceRow>> {
    let (condition, mut values) = filter.condition();
    let column = sort.column();
    values.extend([Value::Integer(place.0), Value::Integer(place.1)]);
    let sql = format!(
        "SELECT {COLUMNS} FROM traces t WHERE {condition} AND t.spans > 0 AND ({column}, t.id) > (?, ?)
            ORDER BY {column}, t.id LIMIT 1"
    );
    connection.prepare_cached(&sql)?.query_row(params_from_iter(values), read_trace).optional()
}

/// Returns the number of traces that came after the row `since`, at most 1000.
pub(crate) fn news(connection: &Connection, filter: &Filter, since: i64) -> rusqlite::Result<i64> {
    let (condition, mut values) = filter.condition();
    values.push(Value::Integer(since));
    let sql = format!("SELECT count(*) FROM (SELECT 1 FROM traces t WHERE {condition} AND t.id > ? LIMIT 1000)");
    connection.prepare_cached(&sql)?.query_row(params_from_iter(values), |row| row.get(0))
}

/// Returns the row of the newest trace, for [`news`]; 0 when there is none.
pub(crate) fn newest(connection: &Connection) -> rusqlite::Result<i64> {
    connection.prepare_cached("SELECT coalesce(max(id), 0) FROM traces")?.query_row([], |row| row.get(0))
}

/// The part of a trace that is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) start_ns: i64,
    pub(crate) duration_ns: i64,
    pub(crate) has_failed: bool,
}

/// Counts over the newest matches of a search.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Facets {
    /// The newest first.
    pub(crate) traces: Vec<Counted>,
    /// True when there are more matches than were counted.
    pub(crate) is_cut: bool,
    pub(crate) tokens_in: i64,
    pub(crate) tokens_out: i64,
    pub(crate) cost: i64,
    pub(crate) apps: HashMap<String, i64>,
    pub(crate) kinds: HashMap<String, i64>,
    pub(crate) models: HashMap<String, i64>,
    pub(crate) tags: HashMap<String, i64>,
}

/// Matches that are counted; counting all of a million would make every page slow.
pub(crate) const MAX_COUNTED: usize = 10_000;

/// Counts the newest matches by application, kind, model and tag.
pub(crate) fn facets(connection: &Connection, filter: &Filter) -> rusqlite::Result<Facets> {
    let (condition, values) = filter.condition();
    let limit = MAX_COUNTED.saturating_add(1);
    let sql = format!(
        "SELECT t.start_ns, t.end_ns - t.start_ns, t.errors, t.ml_app, t.kind, t.models, t.tags, t.tokens_in, t.tokens_out,
            t.cost FROM traces t WHERE {condition} AND t.spans > 0 ORDER BY t.start_ns DESC, t.id DESC LIMIT {limit}"
    );
    let mut query = connection.prepare_cached(&sql)?;
    let mut rows = query.query(params_from_iter(values))?;
    let mut facets = Facets::default();
    while let Some(row) = rows.next()? {
        if facets.traces.len() == MAX_COUNTED {
            facets.is_cut = true;
            break;
        }
        facets.traces.push(Counted {
            start_ns: row.get(0)?,
            duration_ns: row.get(1)?,
            has_failed: row.get::<_, i64>(2)? > 0,
        });
        add(&mut facets.apps, row.get_ref(3)?.as_str().unwrap_or_default());
        add(&mut facets.kinds, row.get_ref(4)?.as_str().unwrap_or_default());
        row.get_ref(5)?.as_str().unwrap_or_default().lines().for_each(|model| add(&mut facets.models, model));
        let tags = row.get_ref(6)?.as_str().unwrap_or_default().lines();
        tags.filter(|tag| is_counted(tag)).for_each(|tag| add(&mut facets.tags, tag));
        for (sum, column) in [(&mut facets.tokens_in, 7), (&mut facets.tokens_out, 8), (&mut facets.cost, 9)] {
            *sum = sum.saturating_add(row.get::<_, Option<i64>>(column)?.unwrap_or(0));
        }
    }
    Ok(facets)
}

/// Tags that have a place of their own, or another value in every trace, are not counted.
fn is_counted(tag: &str) -> bool {
    let key = tag.split(':').next().unwrap_or_default();
    let others = [
        "ml_app",
        "session_id",
        "ddtrace.version",
        "language",
        "error",
        "error_type",
        "source",
        "runtime-id",
        "trace_id",
    ];
    !key.is_empty() && !others.contains(&key)
}

fn add(counts: &mut HashMap<String, i64>, name: &str) {
    if name.is_empty() || (counts.len() >= MAX_NAMES && !counts.contains_key(name)) {
        return;
    }
    let count = counts.entry(name.to_owned()).or_default();
    *count = count.saturating_add(1);
}

const MAX_NAMES: usize = 2000;

/// A trace with its spans in the order of their starts, without contents.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct TraceView {
    pub(crate) row: TraceRow,
    pub(crate) spans: Vec<SpanRow>,
    pub(crate) evaluations: Vec<EvaluationRow>,
}

/// Returns a trace by its id as it was sent; ids in decimal and in hexadecimal digits are the same.
pub(crate) fn trace(connection: &Connection, trace: &str) -> rusqlite::Result<Option<TraceView>> {
    let sql = format!("SELECT {COLUMNS} FROM traces t WHERE t.trace = ?1 OR t.trace = ?2");
    let other = trace.parse::<u128>().map_or_else(|_| trace.to_owned(), |number| format!("{number:032x}"));
    let row = connection.prepare_cached(&sql)?.query_row([trace, &other], read_trace).optional()?;
    let Some(row) = row else { return Ok(None) };
    let sql = format!(
        "SELECT {} FROM spans s WHERE s.trace = ?1 ORDER BY s.start_ns, s.id LIMIT {MAX_SPANS}",
        SpanRow::COLUMNS
    );
    let mut query = connection.prepare_cached(&sql)?;
    let spans = query.query_map([row.id], SpanRow::read)?.collect::<rusqlite::Result<Vec<_>>>()?;
    let evaluations = evaluations(connection, &row)?;
    Ok(Some(TraceView { row, spans, evaluations }))
}

/// Spans of a trace that one page can show.
pub(crate) const MAX_SPANS: usize = 5000;

fn evaluations(connection: &Connection, row: &TraceRow) -> rusqlite::Result<Vec<EvaluationRow>> {
    let mut found = Vec::new();
    let conditions = [
        ("e.span IN (SELECT s.span FROM spans s WHERE s.trace = ?1)", Value::Integer(row.id)),
        ("e.trace = ?1", Value::Text(row.trace.clone())),
        ("e.tag IS NOT NULL AND instr(?1, char(10) || e.tag || char(10)) > 0", Value::Text(row.summary.tags.clone())),
    ];
    for (condition, value) in conditions {
        let columns = EvaluationRow::COLUMNS.replace(", ", ", e.");
        let sql = format!("SELECT e.{columns} FROM evaluations e WHERE {condition} ORDER BY e.id LIMIT 1000");
        let mut query = connection.prepare_cached(&sql)?;
        found.extend(query.query_map([value], EvaluationRow::read)?.collect::<rusqlite::Result<Vec<_>>>()?);
    }
    Ok(found)
}

/// Returns the JSON of a span as it was sent.
pub(crate) fn body(connection: &Connection, id: i64) -> rusqlite::Result<Option<String>> {
    connection.prepare_cached("SELECT json FROM bodies WHERE id = ?1")?.query_row([id], |row| row.get(0)).optional()
}

/// Returns the trace that has a span with this id.
pub(crate) fn trace_of_span(connection: &Connection, span: &str) -> rusqlite::Result<Option<String>> {
    let sql =
        "SELECT t.trace FROM spans s JOIN traces t ON t.id = s.trace WHERE s.span = ?1 ORDER BY s.id DESC LIMIT 1";
    connection.prepare_cached(sql)?.query_row([span], |row| row.get(0)).optional()
}

/// Numbers about the whole database.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) traces: i64,
    pub(crate) bytes: i64,
    /// Spans that a search does not find yet.
    pub(crate) unindexed: i64,
}

/// Returns numbers about the whole database, none of which needs a walk through the spans.
pub(crate) fn size(connection: &Connection) -> rusqlite::Result<Size> {
    let number = |sql: &str| connection.prepare_cached(sql)?.query_row([], |row| row.get::<_, i64>(0));
    let pages = number("PRAGMA page_count")?;
    Ok(Size {
        traces: number("SELECT count(*) FROM traces")?,
        bytes: pages.saturating_mul(number("PRAGMA page_size")?),
        unindexed: number("SELECT count(*) FROM unindexed")?,
    })
}

/// Returns the `n` most frequent names with their counts.
pub(crate) fn top(counts: &HashMap<String, i64>, n: usize) -> (Vec<(&str, i64)>, i64) {
    let mut all: Vec<_> = counts.iter().map(|(name, count)| (name.as_str(), *count)).collect();
    all.sort_by(|one, other| other.1.cmp(&one.1).then(one.0.cmp(other.0)));
    let more = count(all.len().saturating_sub(n));
    all.truncate(n);
    (all, more)
}
