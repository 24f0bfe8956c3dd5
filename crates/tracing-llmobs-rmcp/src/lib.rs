//! Datadog LLM Observability for [`rmcp`](https://docs.rs/rmcp), the SDK of the Model Context Protocol: requests of servers
//! and clients become spans of one trace.
//!
//! ```text
//! client: ClientSession, ClientExt ─▶ a span, its context in `_meta` ─▶ server: LlmObsService ─▶ a span below it
//! server: PeerExt                  ─▶ a span, its context in `_meta` ─▶ client: LlmObsService ─▶ a span below it
//! ```
//!
//! The spans go to the [`LlmObsLayer`](tracing_llmobs::LlmObsLayer) of the program's `tracing` subscriber; without one,
//! nothing is copied or recorded. Requests and responses are not changed, except for the context in `_meta` and what
//! [`LlmObsService::capture_intent`] adds. JSON is serialized on the exporter's thread.
//!
//! A server is wrapped in one line, `LlmObsService::new(handler).serve(transport)`, and so is a client,
//! `ClientSession::open(().serve(transport))`:
//!
//! ```
//! use rmcp::{ServerHandler, ServiceExt};
//! use rmcp::model::CallToolRequestParams;
//! use tracing_llmobs_rmcp::{ClientSession, LlmObsService};
//!
//! #[derive(Clone)]
//! struct Weather;
//!
//! impl ServerHandler for Weather {} // `call_tool` and so on
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let (near, far) = tokio::io::duplex(4096); // or any other transport
//! let server = tokio::spawn(async move { LlmObsService::new(Weather).serve(far).await });
//! let client = ClientSession::open(().serve(near)).await?;
//! client.call_tool(CallToolRequestParams::new("weather")).await?;
//! client.cancel().await?;
//! # drop(server);
//! # Ok(())
//! # }
//! ```
//!
//! # Spans
//!
//! Each has the request as input and the response as output.
//!
//! | side | request | span | tags |
//! |---|---|---|---|
//! | client | [`ClientSession::open`] | workflow `MCP Client Session` | `mcp_server_name`, `mcp_server_version`, `mcp_server_title` |
//! | client | initialization | task `MCP Client Initialize` | – |
//! | client | `call_tool` | tool `MCP Client Tool Call: NAME` | `mcp_tool_kind:client`, `mcp_server_name` |
//! | client | `list_tools` | task `MCP Client list Tools` | `mcp_server_name` |
//! | client | `read_resource`, `get_prompt` | task `MCP Client Read Resource`, `MCP Client Get Prompt: NAME` | `mcp_server_name` |
//! | client | gets a request for a message, for input | task `mcp.sampling/createMessage`, `mcp.elicitation/create` | `mcp_method` |
//! | server | `tools/call` | tool NAME | `mcp_tool`, `mcp_tool_kind:server`, `mcp_method`, `mcp_session_id` |
//! | server | `initialize`, `server/discover` | task `mcp.METHOD` | `client_name`, `client_version`, `mcp_method`, `mcp_session_id` |
//! | server | `resources/read`, `prompts/get` | task `mcp.METHOD` | `mcp_method`, `mcp_session_id` |
//! | server | requests a message | llm `MCP Server Sampling` | – |
//! | server | requests input | task `MCP Server Elicitation` | – |
//!
//! The id of an MCP session opens that session, so `mcp_session_id` is sent as `[secret]`, unless
//! `Builder::hide_secrets(false)` is set.
//!
//! These are errors of their span: a tool that reports `isError`, an error of the protocol, a request that is cancelled,
//! times out or is dropped, and a handler that panics.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the enums of the protocol are open: observed variants are named, the others pass"
)]

mod client_requests;
mod client_session;
mod client_spans;
mod intent;
mod payloads;
mod request_span;
mod sampling;
mod server_handler;
mod server_requests;
mod service;
mod trace_context;

pub use client_requests::ClientExt;
pub use client_session::ClientSession;
pub use server_handler::LlmObsServerHandler;
pub use server_requests::PeerExt;
pub use service::LlmObsService;
