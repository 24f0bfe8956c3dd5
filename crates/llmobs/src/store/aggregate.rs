//! Numbers over many traces: sessions, and what the overview shows.

use std::collections::BTreeMap;

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::filter::Filter;

/// A session of the list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SessionRow {
    pub(crate) session: String,
    pub(crate) ml_app: String,
    pub(crate) turns: i64,
    pub(crate) errors: i64,
    pub(crate) start_ns: i64,
    pub(crate) end_ns: i64,
    pub(crate) tokens_in: i64,
    pub(crate) tokens_out: i64,
    pub(crate) cost: i64,
    pub(crate) preview: String,
}

/// Returns the sessions with the newest turns.
pub(crate) fn sessions(connection: &Connection) -> rusqlite::Result<Vec<SessionRow>> {
    // `SQLite` takes the bare columns from the row that has the minimum: the first turn.
    let sql = "SELECT t.session, t.ml_app, count(*), sum(t.errors > 0), min(t.start_ns), max(t.end_ns), coalesce(sum(t.tokens_in), 0),
            coalesce(sum(t.tokens_out), 0), coalesce(sum(t.cost), 0), t.preview
        FROM traces t WHERE t.session IS NOT NULL AND t.spans > 0 GROUP BY t.session ORDER BY max(t.id) DESC LIMIT 200";
    let mut query = connection.prepare_cached(sql)?;
    let rows = query.query_map([], |row| {
        Ok(SessionRow {
            session: row.get(0)?,
            ml_app: row.get(1)?,
            turns: row.get(2)?,
            errors: row.get(3)?,
            start_ns: row.get(4)?,
            end_ns: row.get(5)?,
            tokens_in: row.get(6)?,
            tokens_out: row.get(7)?,
            cost: row.get(8)?,
            preview: row.get(9)?,
        })
    })?;
    rows.collect()
}

/// The calls of one model.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ModelRow {
    pub(crate) model: String,
    pub(crate) calls: i64,
    pub(crate) errors: i64,
    pub(crate) tokens_in: i64,
    pub(crate) tokens_out: i64,
    pub(crate) cost: Option<i64>,
    pub(crate) median_ns: i64,
    pub(crate) p95_ns: i64,
}

/// Returns the models of the newest calls in a search, the most expensive first.
pub(crate) fn models(connection: &Connection, filter: &Filter) -> rusqlite::Result<Vec<ModelRow>> {
    let (condition, values) = filter.condition();
    let sql = format!(
        "SELECT s.model, s.failed, s.tokens_in, s.tokens_out, s.cost, s.duration_ns FROM spans s JOIN traces t ON t.id = s.trace
            WHERE s.model IS NOT NULL AND {condition} ORDER BY s.id DESC LIMIT {MAX_CALLS}"
    );
    let mut query = connection.prepare_cached(&sql)?;
    let mut rows = query.query(params_from_iter(values))?;
    let mut models: BTreeMap<String, (ModelRow, Vec<i64>)> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let model: String = row.get(0)?;
        let (own, durations) = models.entry(model).or_default();
        own.calls = own.calls.saturating_add(1);
        own.errors = own.errors.saturating_add(row.get(1)?);
        own.tokens_in = own.tokens_in.saturating_add(row.get::<_, Option<i64>>(2)?.unwrap_or(0));
        own.tokens_out = own.tokens_out.saturating_add(row.get::<_, Option<i64>>(3)?.unwrap_or(0));
        if let Some(cost) = row.get::<_, Option<i64>>(4)? {
            own.cost = Some(own.cost.unwrap_or(0).saturating_add(cost));
        }
        durations.push(row.get(5)?);
    }
    let mut models: Vec<ModelRow> = models
        .into_iter()
        .map(|(model, (own, mut durations))| {
            durations.sort_unstable();
            ModelRow { model, median_ns: quantile(&durations, 50), p95_ns: quantile(&durations, 95), ..own }
        })
        .collect();
    models.sort_by_key(|own| std::cmp::Reverse((own.cost, own.calls)));
    Ok(models)
}

/// Returns the most frequent errors of a search, with the newest trace of each.
pub(crate) fn errors(connection: &Connection, filter: &Filter) -> rusqlite::Result<Vec<(String, i64, String)>> {
    let (condition, values): (String, Vec<Value>) = filter.condition();
    let sql = format!(
        "SELECT t.error, count(*), max(t.trace) FROM (SELECT * FROM traces t WHERE {condition} AND t.errors > 0
            ORDER BY t.start_ns DESC LIMIT 10000) t WHERE t.error IS NOT NULL GROUP BY t.error ORDER BY count(*) DESC LIMIT 8"
    );
    let mut query = connection.prepare_cached(&sql)?;
    let rows = query.query_map(params_from_iter(values), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    rows.collect()
}

/// Returns the value below which `percent` of sorted values are; 0 without any.
pub(crate) fn quantile(sorted: &[i64], percent: usize) -> i64 {
    let place = sorted.len().saturating_sub(1).saturating_mul(percent) / 100;
    sorted.get(place).copied().unwrap_or(0)
}

const MAX_CALLS: usize = 20_000;
