//! For `rmcp`, the SDK of the Model Context Protocol: a wrapper for servers and clients, sessions and calls. Feature `rmcp`.
//!
//! In: requests of the protocol and their answers. Out: one event a request, and one a session. Never: a request or an answer
//! changed, but for the context in `_meta` and what [`Observed::capture_intent`] asks for; JSON made on the application's
//! threads; anything done where nobody listens.
//!
//! ```text
//! client: Session, ObservedCalls ─▶ Exchange (a span) ─▶ `_meta` says which ─▶ server: Observed ─▶ Exchange
//! server: ObservedAsks           ─▶ Exchange (a span) ─▶ `_meta` says which ─▶ client: Observed ─▶ Exchange
//! ```
//!
//! What shows, beside input and output:
//!
//! | who | what | span | tags |
//! |---|---|---|---|
//! | client | [`Session::open`] | workflow `MCP Client Session` | `mcp_server_name`, `mcp_server_version`, `mcp_server_title` |
//! | client | its beginning | task `MCP Client Initialize` | – |
//! | client | `call_tool` | tool `MCP Client Tool Call: NAME` | `mcp_tool_kind:client`, `mcp_server_name` |
//! | client | `list_tools` | task `MCP Client list Tools` | `mcp_server_name` |
//! | client | `read_resource`, `get_prompt` | task `MCP Client Read Resource`, `MCP Client Get Prompt: NAME` | `mcp_server_name` |
//! | client | asked for a message, for input | task `mcp.sampling/createMessage`, `mcp.elicitation/create` | `mcp_method` |
//! | server | `tools/call` | tool NAME | `mcp_tool`, `mcp_tool_kind:server`, `mcp_method`, `mcp_session_id` |
//! | server | `initialize`, `server/discover` | task `mcp.METHOD` | `client_name`, `client_version`, `mcp_method`, `mcp_session_id` |
//! | server | `resources/read`, `prompts/get` | task `mcp.METHOD` | `mcp_method`, `mcp_session_id` |
//! | server | asks for a message | llm `MCP Server Sampling` | – |
//! | server | asks for input | task `MCP Server Elicitation` | – |
//!
//! A tool that says it failed, an error of the protocol, a call that is cancelled, takes too long or is let go of, and a
//! handler that panics are errors of their span.
#![expect(clippy::wildcard_enum_match_arm, reason = "the enums of the protocol are open; what is of interest is named")]

mod asks;
mod calls;
mod context;
mod exchange;
mod handler;
mod intent;
mod observed;
mod said;
mod sampling;
mod session;
mod shown;

pub use asks::ObservedAsks;
pub use calls::ObservedCalls;
pub use handler::ObservedHandler;
pub use observed::Observed;
pub use session::Session;
