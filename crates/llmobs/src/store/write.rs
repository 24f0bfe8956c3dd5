//! Writing: the items of many requests in one transaction.

use std::collections::BTreeSet;

use llmobs_receiver::{DecodedRequest, ReceivedSpan};
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde_json::Value;

use super::evaluation::EvaluationRow;
use super::row::{SpanRow, searchable};
use super::summary::Summary;

/// Stores the items of these requests; all of them, or none when it fails.
pub(crate) fn store(connection: &mut Connection, requests: &[DecodedRequest], now_ms: i64) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    let mut changed = BTreeSet::new();
    for span in requests.iter().flat_map(|request| &request.spans) {
        changed.insert(store_span(&transaction, span, now_ms)?);
    }
    for json in requests.iter().flat_map(|request| &request.evaluations) {
        store_evaluation(&transaction, json, now_ms)?;
    }
    for trace in changed {
        summarize(&transaction, trace)?;
    }
    transaction.commit()
}

fn store_span(transaction: &Transaction<'_>, span: &ReceivedSpan, now_ms: i64) -> rusqlite::Result<i64> {
    let trace = trace_row(transaction, &span.event.trace_id.to_string(), now_ms)?;
    let row = SpanRow::of(span);
    // A sender that got no response sends again: the span is the same one then, and the later version counts.
    let id: i64 = transaction
        .prepare_cached(
            "INSERT INTO spans (trace, span, parent, name, kind, model, provider, ml_app, session, start_ns, duration_ns,
                failed, tokens_in, tokens_cached, tokens_out, cost, ttft_ns, preview, error, tags, bytes)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)
             ON CONFLICT (trace, span) DO UPDATE SET parent = ?3, name = ?4, kind = ?5, model = ?6, provider = ?7, ml_app = ?8,
                session = ?9, start_ns = ?10, duration_ns = ?11, failed = ?12, tokens_in = ?13, tokens_cached = ?14,
                tokens_out = ?15, cost = ?16, ttft_ns = ?17, preview = ?18, error = ?19, tags = ?20, bytes = ?21
             RETURNING id",
        )?
        .query_row(
            params![
                trace, row.span, row.parent, row.name, row.kind, row.model, row.provider, row.ml_app, row.session,
                row.start_ns, row.duration_ns, row.failed, row.tokens_in, row.tokens_cached, row.tokens_out, row.cost,
                row.ttft_ns, row.preview, row.error, row.tags, row.bytes
            ],
            |row| row.get(0),
        )?;
    transaction
        .prepare_cached("INSERT OR REPLACE INTO bodies (id, json) VALUES (?1, ?2)")?
        .execute(params![id, span.json_text()])?;
    transaction.prepare_cached("INSERT OR IGNORE INTO unindexed (id) VALUES (?1)")?.execute([id])?;
    Ok(trace)
}

/// Returns the row of a trace, which is new when the trace is.
fn trace_row(transaction: &Transaction<'_>, trace: &str, now_ms: i64) -> rusqlite::Result<i64> {
    let known = transaction
        .prepare_cached("SELECT id FROM traces WHERE trace = ?1")?
        .query_row([trace], |row| row.get(0))
        .optional()?;
    if let Some(id) = known {
        return Ok(id);
    }
    transaction
        .prepare_cached(
            "INSERT INTO traces (trace, name, kind, ml_app, start_ns, end_ns, spans, errors, preview, models, tags, shape, bytes,
                received_ms) VALUES (?1, '', '', '', 0, 0, 0, 0, '', '', '', '', 0, ?2)",
        )?
        .insert(params![trace, now_ms])
}

fn store_evaluation(transaction: &Transaction<'_>, json: &Value, now_ms: i64) -> rusqlite::Result<()> {
    let row = EvaluationRow::of(json);
    transaction
        .prepare_cached(
            "INSERT OR IGNORE INTO evaluations (span, trace, session, tag, label, value, assessment, feedback, reasoning, json,
                received_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?
        .execute(params![
            row.span, row.trace, row.session, row.tag, row.label, row.value, row.assessment, row.is_feedback,
            row.reasoning, json.to_string(), now_ms
        ])?;
    Ok(())
}

fn summarize(transaction: &Transaction<'_>, trace: i64) -> rusqlite::Result<()> {
    let sql = format!("SELECT {} FROM spans s WHERE s.trace = ?1", SpanRow::COLUMNS);
    let mut query = transaction.prepare_cached(&sql)?;
    let spans = query.query_map([trace], SpanRow::read)?.collect::<rusqlite::Result<Vec<_>>>()?;
    let Some(own) = Summary::of(&spans) else { return Ok(()) };
    transaction
        .prepare_cached(
            "UPDATE traces SET name = ?2, kind = ?3, ml_app = ?4, session = ?5, start_ns = ?6, end_ns = ?7, spans = ?8,
                errors = ?9, tokens_in = ?10, tokens_out = ?11, cost = ?12, ttft_ns = ?13, preview = ?14, error = ?15,
                models = ?16, tags = ?17, shape = ?18, bytes = ?19 WHERE id = ?1",
        )?
        .execute(params![
            trace,
            own.name,
            own.kind,
            own.ml_app,
            own.session,
            own.start_ns,
            own.end_ns,
            own.spans,
            own.errors,
            own.tokens_in,
            own.tokens_out,
            own.cost,
            own.ttft_ns,
            own.preview,
            own.error,
            own.models,
            own.tags,
            own.shape,
            own.bytes
        ])?;
    Ok(())
}

/// Adds texts of spans to the search index, and returns how many are left. Spans are stored before they can be searched,
/// so that a sender does not wait for the index.
pub(crate) fn index_some(connection: &mut Connection, max: i64) -> rusqlite::Result<i64> {
    let transaction = connection.transaction()?;
    {
        let sql = "SELECT u.id, b.json FROM unindexed u LEFT JOIN bodies b ON b.id = u.id ORDER BY u.id LIMIT ?1";
        let mut query = transaction.prepare_cached(sql)?;
        let mut rows = query.query([max])?;
        while let Some(row) = rows.next()? {
            let (id, json): (i64, Option<String>) = (row.get(0)?, row.get(1)?);
            let event = json.and_then(|json| serde_json::from_str(&json).ok());
            transaction.prepare_cached("DELETE FROM texts WHERE rowid = ?1")?.execute([id])?;
            if let Some(event) = event {
                let sql = "INSERT INTO texts (rowid, body) VALUES (?1, ?2)";
                transaction.prepare_cached(sql)?.execute(params![id, searchable(&event)])?;
            }
            transaction.prepare_cached("DELETE FROM unindexed WHERE id = ?1")?.execute([id])?;
        }
    }
    let left = transaction.query_row("SELECT count(*) FROM unindexed", [], |row| row.get(0))?;
    transaction.commit()?;
    Ok(left)
}
