//! Pages: from a request to rows to HTML.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use maud::{Markup, html};
use rusqlite::Connection;

use super::access::cookie;
use super::state::{PageError, Viewer};
use crate::clock::now_ms;
use crate::pages::detail::{DetailView, detail};
use crate::pages::frame;
use crate::pages::links::{self, ListState};
use crate::pages::list::{ListView, list};
use crate::pages::start::start;
use crate::pages::trace::{TraceState, first_choice, trace};
use crate::store::filter::{Filter, duration_ns};
use crate::store::query::{self, Sort, TraceView};

pub(super) type Shared = State<Arc<Viewer>>;
pub(super) type Parameters = Query<HashMap<String, String>>;

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        (StatusCode::INTERNAL_SERVER_ERROR, self.to_string()).into_response()
    }
}

pub(super) fn page(markup: Markup) -> Response {
    Html(markup.into_string()).into_response()
}

pub(super) fn theme(headers: &HeaderMap) -> String {
    cookie(headers, "llmobs_theme").unwrap_or_default().to_owned()
}

/// Reads the state of the list from a query.
pub(super) fn list_state(parameters: &HashMap<String, String>) -> ListState {
    let text = |name: &str| parameters.get(name).cloned().unwrap_or_default();
    let (from, to) = (text("from"), text("to"));
    let mut filter = Filter::parse(&text("q"));
    (filter.from_ns, filter.to_ns) = (instant(&from), instant(&to));
    ListState { filter, from, to, sort: Sort::parse(&text("sort")) }
}

/// Reads a time: milliseconds since 1970, or `24h` ago.
fn instant(text: &str) -> Option<i64> {
    if text.is_empty() {
        return None;
    }
    if let Ok(ms) = text.parse::<i64>() {
        return Some(ms.saturating_mul(1_000_000));
    }
    let ago = duration_ns(text).map(crate::number::whole)?;
    Some(now_ms().saturating_mul(1_000_000).saturating_sub(ago))
}

pub(super) async fn traces(
    State(viewer): Shared,
    headers: HeaderMap,
    Query(parameters): Parameters,
) -> Result<Response, PageError> {
    let state = list_state(&parameters);
    let after = parameters
        .get("after")
        .and_then(|after| after.split_once('.'))
        .and_then(|(key, id)| Some((key.parse::<i64>().ok()?, id.parse::<i64>().ok()?)));
    let own = Arc::clone(&viewer);
    let (frame, view) = viewer
        .read(move |connection| {
            let frame = own.frame(connection, theme(&headers))?;
            Ok((frame, list_view(connection, state, after)?))
        })
        .await?;
    let is_first_start = view.newest == 0 && view.state.filter.terms.is_empty();
    if is_first_start {
        return Ok(page(start(&frame, &viewer.seen.lock().iter().cloned().collect::<Vec<_>>())));
    }
    Ok(page(list(&frame, &view)))
}

fn list_view(connection: &Connection, state: ListState, after: Option<(i64, i64)>) -> rusqlite::Result<ListView> {
    let mut rows = query::list(connection, &state.filter, state.sort, after, PAGE.saturating_add(1))?;
    let has_more = rows.len() > PAGE;
    rows.truncate(PAGE);
    let next = rows.last().filter(|_| has_more).map(|last| {
        let (link, after) = (state.link(), format!("after={}.{}", state.sort.key(last), last.id));
        if link.contains('?') { format!("{link}&{after}") } else { format!("{link}?{after}") }
    });
    let facets = query::facets(connection, &state.filter)?;
    let newest = query::newest(connection)?;
    Ok(ListView { state, rows, facets, newest, next, is_first_page: after.is_none(), now_ms: now_ms() })
}

pub(super) async fn start_page(State(viewer): Shared, headers: HeaderMap) -> Result<Response, PageError> {
    let own = Arc::clone(&viewer);
    let frame = viewer.read(move |connection| own.frame(connection, theme(&headers))).await?;
    let seen: Vec<_> = viewer.seen.lock().iter().cloned().collect();
    Ok(page(start(&frame, &seen)))
}

pub(super) async fn trace_page(
    State(viewer): Shared,
    headers: HeaderMap,
    Path(id): Path<String>,
    Query(parameters): Parameters,
) -> Result<Response, PageError> {
    if let Some(id) = id.strip_suffix(".jsonl") {
        return export(&viewer, id.to_owned()).await;
    }
    let own = Arc::clone(&viewer);
    viewer.read(move |connection| {
        let frame = own.frame(connection, theme(&headers))?;
        let Some(view) = query::trace(connection, &id)? else {
            let sentence = "No trace with this id is stored. It was deleted, removed for its age or for space, or never sent here.";
            return Ok((StatusCode::NOT_FOUND, page(frame::notice(&frame, "No such trace", sentence))).into_response());
        };
        let text = |name: &str| parameters.get(name).map_or("", String::as_str);
        let named = view.spans.iter().find(|span| span.span == text("span"));
        let detail = match named.or_else(|| first_choice(&view)) {
            Some(span) => detail_of(connection, &view, &span.span, text("tab"))?,
            None => None,
        };
        let (chosen, detail) = detail.unwrap_or_else(|| (String::new(), html! {}));
        let state = neighbours(connection, &view, text("in"))?;
        Ok(page(trace(&frame, &view, &state, &chosen, &detail)))
    }).await
}

fn detail_of(
    connection: &Connection,
    view: &TraceView,
    span: &str,
    tab: &str,
) -> rusqlite::Result<Option<(String, Markup)>> {
    let Some(row) = view.spans.iter().find(|own| own.span == span) else { return Ok(None) };
    let body = query::body(connection, row.id)?.unwrap_or_default();
    let evaluations = view.evaluations.iter().filter(|one| match (&one.span, &one.tag) {
        (Some(id), _) => *id == row.span,
        (None, Some(tag)) => row.tags.contains(&format!("\n{tag}\n")),
        (None, None) => row.parent.is_none(),
    });
    let view = DetailView {
        trace: &view.row.trace,
        start_ns: view.row.summary.start_ns,
        row,
        body: &body,
        evaluations: evaluations.collect(),
        tab,
    };
    Ok(Some((span.to_owned(), detail(&view))))
}

/// Finds the traces before and after in the list that the trace was opened from.
fn neighbours(connection: &Connection, view: &TraceView, within: &str) -> rusqlite::Result<TraceState> {
    let parameters = Query::<HashMap<String, String>>::try_from_uri(&format!("/?{within}").parse().unwrap_or_default());
    let state = list_state(&parameters.map(|Query(own)| own).unwrap_or_default());
    let key = state.sort.key(&view.row);
    let next = query::list(connection, &state.filter, state.sort, Some((key, view.row.id)), 1)?;
    let previous = query::before(connection, &state.filter, state.sort, (key, view.row.id))?;
    let link = |trace: String| links::trace(&trace, &state.query());
    Ok(TraceState {
        within: state.query(),
        previous: previous.map(|row| link(row.trace)),
        next: next.into_iter().next().map(|row| link(row.trace)),
    })
}

pub(super) async fn span_fragment(
    State(viewer): Shared,
    Path((id, span)): Path<(String, String)>,
    Query(parameters): Parameters,
) -> Result<Response, PageError> {
    let file = span.strip_suffix(".json").map(str::to_owned);
    let span = file.clone().unwrap_or(span);
    let tab = parameters.get("tab").cloned().unwrap_or_default();
    viewer
        .read(move |connection| {
            let Some(view) = query::trace(connection, &id)? else { return Ok(StatusCode::NOT_FOUND.into_response()) };
            if file.is_some() {
                let row = view.spans.iter().find(|own| own.span == span);
                let body = row.map(|row| query::body(connection, row.id)).transpose()?.flatten();
                return Ok(body.map_or_else(
                    || StatusCode::NOT_FOUND.into_response(),
                    |body| attachment("application/json", "span.json", body),
                ));
            }
            let detail = detail_of(connection, &view, &span, &tab)?;
            Ok(detail.map_or_else(|| StatusCode::NOT_FOUND.into_response(), |(_, markup)| page(markup)))
        })
        .await
}

/// Writes a trace as JSON lines, one envelope a span.
async fn export(viewer: &Arc<Viewer>, id: String) -> Result<Response, PageError> {
    viewer
        .read(move |connection| {
            let Some(view) = query::trace(connection, &id)? else { return Ok(StatusCode::NOT_FOUND.into_response()) };
            let mut lines = String::new();
            for span in &view.spans {
                if let Some(body) = query::body(connection, span.id)? {
                    lines.push_str("{\"event_type\":\"span\",\"spans\":[");
                    lines.push_str(&body);
                    lines.push_str("]}\n");
                }
            }
            Ok(attachment("application/jsonl", "trace.jsonl", lines))
        })
        .await
}

fn attachment(content_type: &'static str, name: &str, body: String) -> Response {
    let disposition = format!("attachment; filename=\"{name}\"");
    ([(header::CONTENT_TYPE, content_type.to_owned()), (header::CONTENT_DISPOSITION, disposition)], body)
        .into_response()
}

pub(super) async fn span_redirect(State(viewer): Shared, Path(span): Path<String>) -> Result<Response, PageError> {
    let id = span.clone();
    let found = viewer.read(move |connection| query::trace_of_span(connection, &id)).await?;
    Ok(found.map_or_else(
        || StatusCode::NOT_FOUND.into_response(),
        |trace| Redirect::to(&links::span(&trace, &span)).into_response(),
    ))
}

pub(super) async fn delete(State(viewer): Shared, Path(id): Path<String>) -> Result<Response, PageError> {
    let own = Arc::clone(&viewer);
    tokio::task::spawn_blocking(move || own.database.writer().execute("DELETE FROM traces WHERE trace = ?1", [id]))
        .await??;
    Ok(Redirect::to("/traces").into_response())
}

/// Rows of a page of the list.
const PAGE: usize = 100;
