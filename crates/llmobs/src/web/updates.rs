//! Live updates: what is new behind a page that is open, as server-sent events.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_util::stream::{self, Stream};
use tokio::sync::watch;
use tokio::time::sleep;

use super::handlers::{Parameters, Shared, list_state};
use super::state::Viewer;
use crate::pages::links::ListState;
use crate::store::query;

/// The subject that an open page watches.
#[derive(Debug)]
struct Watch {
    viewer: Arc<Viewer>,
    changes: watch::Receiver<u64>,
    state: ListState,
    since: i64,
    trace: Option<String>,
    is_first: bool,
}

/// Sends how many traces of a search are new since `since`, or how many spans a trace has, at most once a second.
pub(super) async fn events(
    State(viewer): Shared,
    Query(parameters): Parameters,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let since = parameters.get("since").and_then(|since| since.parse().ok()).unwrap_or(0);
    let changes = viewer.queue.changes.clone();
    let trace = parameters.get("trace").cloned();
    let watch = Watch { changes, state: list_state(&parameters), since, trace, viewer, is_first: true };
    Sse::new(stream::unfold(watch, next)).keep_alive(KeepAlive::new().interval(Duration::from_secs(15)))
}

async fn next(mut watch: Watch) -> Option<(Result<Event, Infallible>, Watch)> {
    if !watch.is_first {
        watch.changes.changed().await.ok()?;
        // Many requests a second are one message.
        sleep(Duration::from_secs(1)).await;
    }
    watch.is_first = false;
    watch.changes.borrow_and_update();
    let (filter, since, trace) = (watch.state.filter.clone(), watch.since, watch.trace.clone());
    let count = watch.viewer.read(move |connection| match trace {
        Some(trace) => Ok(query::trace(connection, &trace)?.map_or(0, |view| view.row.summary.spans)),
        None => query::news(connection, &filter, since),
    });
    let event = match count.await {
        Ok(count) => Event::default().event("news").data(count.to_string()),
        Err(error) => Event::default().event("problem").data(error.to_string().replace(['\r', '\n'], " ")),
    };
    Some((Ok(event), watch))
}
