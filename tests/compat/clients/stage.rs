//! Programs below a recorder of their own.

use std::net::{SocketAddr, TcpListener};
use std::pin::Pin;
use std::time::{Duration, Instant};

use serde_json::Value;
use tracing::Dispatch;
use tracing::instrument::WithSubscriber;
use tracing_llmobs::testing::{self, Recorder};
use tracing_llmobs::{Builder, Problem};
use tracing_llmobs_compat::seen;
use tracing_subscriber::prelude::*;

/// Runs a program, and gives back what it returned and the recorder. Boxed: the futures of the AWS SDK are large.
pub(crate) fn run<T>(program: impl Future<Output = T>) -> Pin<Box<impl Future<Output = (T, Recorder)>>> {
    Box::pin(run_with(Builder::without_environment(), program))
}

/// Runs a program under a layer with these settings.
pub(crate) async fn run_with<T>(settings: Builder, program: impl Future<Output = T>) -> (T, Recorder) {
    let (layer, recorder) = testing::recorder_of(settings.ml_app("test-app")).unwrap();
    let dispatch = Dispatch::new(tracing_subscriber::registry().with(layer));
    let returned = program.with_subscriber(dispatch).await;
    (returned, recorder)
}

/// Runs a program whose tasks do not inherit the subscriber: it is the default of the whole thread.
pub(crate) fn run_with_tasks<T>(program: impl Future<Output = T>) -> Pin<Box<impl Future<Output = (T, Recorder)>>> {
    Box::pin(async {
        let settings = Builder::without_environment().ml_app("test-app");
        let (layer, recorder) = testing::recorder_of(settings).unwrap();
        let _default = tracing_subscriber::registry().with(layer).set_default();
        (program.await, recorder)
    })
}

/// A client that goes to loopback whatever proxy the environment names.
pub(crate) fn http() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// A base URL that refuses connections.
pub(crate) fn nowhere() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// The trees of the events, once there are so many, with nothing amiss.
pub(crate) async fn trees(recorder: &Recorder, count: usize) -> Value {
    let until = Instant::now() + Duration::from_secs(10);
    while recorder.spans().len() < count && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let stats = recorder.handle().stats();
    let spans = recorder.spans();
    // The id of an MCP session is a credential, which is hidden and counted.
    let sessions = spans.iter().filter_map(|span| span.tags.get("mcp_session_id"));
    let hidden: Vec<_> = sessions.inspect(|id| assert_eq!(*id, "[secret]")).map(|_| Problem::Secret).take(1).collect();
    let problems: Vec<_> = Problem::ALL.iter().copied().filter(|problem| stats.problems(*problem) > 0).collect();
    assert_eq!((problems, stats.is_balanced()), (hidden, true), "{spans:#?}");
    seen::trees(&spans)
}
