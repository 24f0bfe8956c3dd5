//! Pages over many traces: sessions and the overview.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use llmobs_model::SpanEvent;
use rusqlite::Connection;

use super::handlers::{Parameters, Shared, list_state, page, theme};
use super::state::PageError;
use crate::clock::now_ms;
use crate::pages::links::ListState;
use crate::pages::overview::{Overview, overview};
use crate::pages::session::{Turn, session, sessions};
use crate::store::aggregate;
use crate::store::filter::{Filter, Term};
use crate::store::query::{self, Sort};

pub(super) async fn sessions_page(State(viewer): Shared, headers: HeaderMap) -> Result<Response, PageError> {
    let own = Arc::clone(&viewer);
    viewer
        .read(move |connection| {
            let frame = own.frame(connection, theme(&headers))?;
            Ok(page(sessions(&frame, &aggregate::sessions(connection)?, now_ms())))
        })
        .await
}

pub(super) async fn session_page(
    State(viewer): Shared,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let own = Arc::clone(&viewer);
    viewer
        .read(move |connection| {
            let frame = own.frame(connection, theme(&headers))?;
            let filter = Filter { terms: vec![Term::new("session", &id)], ..Filter::default() };
            let mut rows = query::list(connection, &filter, Sort::Start, None, MAX_TURNS)?;
            rows.reverse();
            let mut turns = Vec::new();
            for row in rows {
                turns.extend(turn(connection, &row.trace)?);
            }
            Ok(page(session(&frame, &id, &turns)))
        })
        .await
}

fn turn(connection: &Connection, trace: &str) -> rusqlite::Result<Option<Turn>> {
    let Some(view) = query::trace(connection, trace)? else { return Ok(None) };
    let root = view.spans.iter().find(|span| span.parent.is_none()).or(view.spans.first());
    let body = root.map(|root| query::body(connection, root.id)).transpose()?.flatten();
    let event: Option<SpanEvent> = body.and_then(|body| serde_json::from_str(&body).ok());
    let (input, output) = event.map(|event| (event.input, event.output)).unwrap_or_default();
    Ok(Some(Turn { view, input, output }))
}

pub(super) async fn overview_page(
    State(viewer): Shared,
    headers: HeaderMap,
    Query(parameters): Parameters,
) -> Result<Response, PageError> {
    let state = list_state(&parameters);
    let own = Arc::clone(&viewer);
    viewer
        .read(move |connection| {
            let frame = own.frame(connection, theme(&headers))?;
            Ok(page(overview(&frame, &overview_of(connection, state)?)))
        })
        .await
}

fn overview_of(connection: &Connection, state: ListState) -> rusqlite::Result<Overview> {
    let top = |sort| query::list(connection, &state.filter, sort, None, 8);
    let (slowest, mut costliest) = (top(Sort::Duration)?, top(Sort::Cost)?);
    costliest.retain(|row| row.summary.cost.is_some());
    Ok(Overview {
        facets: query::facets(connection, &state.filter)?,
        models: aggregate::models(connection, &state.filter)?,
        errors: aggregate::errors(connection, &state.filter)?,
        slowest,
        costliest,
        state,
    })
}

const MAX_TURNS: usize = 200;
