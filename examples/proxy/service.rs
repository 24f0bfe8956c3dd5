//! Shared by the processes: a client that sends the context of its span, and a server that ends with its stdin.

use std::io::Read;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tracing::Span;
use tracing_llmobs::propagation;
use tracing_llmobs::propagation::tower::ServerLayer;
use tracing_subscriber::prelude::*;

pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// A service that has no `ml_app`: what it reports belongs to the application of its caller. Datadog's address is in the
/// environment (`DD_TRACE_AGENT_URL`).
pub(crate) async fn serve(name: &str, router: Router) -> Result<()> {
    let (layer, guard) = tracing_llmobs::builder().service(name).agentless(false).start()?;
    tracing_subscriber::registry().with(layer).init();

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}", listener.local_addr()?);
    axum::serve(listener, router.layer(ServerLayer::new())).with_graceful_shutdown(end_of_input()).await?;
    guard.shutdown_async(Duration::from_secs(5)).await?;
    Ok(())
}

/// The process that started this one says so by closing its end, or by ending itself.
async fn end_of_input() {
    let ended = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    // However it ends, it has ended.
    let _ = ended.await;
}

/// Posts a text and returns the answer; what is called stands below the current span.
pub(crate) async fn call(url: &str, text: &str) -> Result<String> {
    let mut headers = http::HeaderMap::new();
    propagation::inject(&Span::current(), &mut headers);
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build()?;
    let answer = client.post(url).headers(headers).body(text.to_owned()).send().await?.error_for_status()?;
    Ok(answer.text().await?)
}
