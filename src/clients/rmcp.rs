//! For `rmcp`, the SDK of the Model Context Protocol: a wrapper for servers, calls for clients. Feature `rmcp`.

use std::borrow::Cow;
use std::collections::HashMap;

use rmcp::model::{
    CallToolRequestParams, CallToolResult, ClientNotification, ClientRequest, ListToolsResult, PaginatedRequestParams,
    ProtocolVersion, RequestMetaObject, RequestParamsMeta, ServerConfig, ServerResult,
};
use rmcp::service::{NotificationContext, RequestContext, RunningService, ServiceError};
use rmcp::{ErrorData, RoleClient, RoleServer, Service};
use serde::Serialize;
use serde_json::Value;
use tracing::Span;
use tracing::field::Empty;
use tracing::instrument::Instrument;

use crate::capture::LlmObsSpanExt;
use crate::model::{Annotation, Content, SpanError, SpanKind};
use crate::propagation;
use crate::vocabulary::fields;

/// A server whose tools show up: each `tools/call` is a `tool` span, and `initialize` a `task`, below the span of the
/// caller if the request says which that is (`_meta._dd_trace_context`, as the Python SDK writes it, or
/// `_meta.traceparent`).
///
/// # Example
///
/// ```
/// use rmcp::ServerHandler;
/// use tracing_llmobs::clients::rmcp::Observed;
///
/// #[derive(Clone)]
/// struct Weather;
///
/// impl ServerHandler for Weather {}
///
/// // `Observed::new(Weather).serve(transport)`
/// let server = Observed::new(Weather);
/// # let _ = server;
/// ```
#[derive(Debug, Clone)]
pub struct Observed<S> {
    inner: S,
}

impl<S> Observed<S> {
    /// This server, and what it does shows up.
    pub const fn new(inner: S) -> Self {
        Self { inner }
    }
}

impl<S: Service<RoleServer>> Service<RoleServer> for Observed<S> {
    async fn handle_request(
        &self,
        request: ClientRequest,
        context: RequestContext<RoleServer>,
    ) -> Result<ServerResult, ErrorData> {
        let Some(span) = served(&request, &context.meta) else {
            return self.inner.handle_request(request, context).await;
        };
        let answer = self.inner.handle_request(request, context).instrument(span.clone()).await;
        span.annotate(match &answer {
            Ok(ServerResult::CallToolResult(result)) => finished(result, "ToolError"),
            Ok(result) => Annotation::new().output(json(result)),
            Err(error) => Annotation::new().error(error),
        });
        span.finish();
        answer
    }

    async fn handle_notification(
        &self,
        notification: ClientNotification,
        context: NotificationContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.inner.handle_notification(notification, context).await
    }

    fn get_info(&self) -> ServerConfig {
        self.inner.get_info()
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        self.inner.supported_protocol_versions()
    }
}

/// The span of a request to a server, if it has one.
#[expect(clippy::wildcard_enum_match_arm, reason = "the protocol's methods, of which two are of interest")]
fn served(request: &ClientRequest, meta: &RequestMetaObject) -> Option<Span> {
    let said = match request {
        ClientRequest::CallToolRequest(call) => Annotation::new()
            .kind(SpanKind::Tool)
            .name(call.params.name.as_ref())
            .input(json(&without_meta(&call.params)))
            .tag("mcp_tool", call.params.name.as_ref())
            .tag("mcp_tool_kind", "server"),
        ClientRequest::InitializeRequest(initialize) => {
            let client = &initialize.params.client_info;
            Annotation::new()
                .kind(SpanKind::Task)
                .name("mcp.initialize")
                .input(json(&initialize.params))
                .tag("mcp_method", "initialize")
                .tag("client_name", client.name.clone())
                .tag("client_version", format!("{}_{}", client.name, client.version))
        }
        _ => return None,
    };
    let span = begin(Annotation::new());
    if let Some(parent) = propagation::extract(&headers(meta)) {
        span.set_llmobs_parent(parent);
    }
    span.annotate(said);
    Some(span)
}

/// The calls of a client that show up.
///
/// A client has no place where all its calls pass with the caller's span at hand, so the call itself is another one.
pub trait ObservedCalls {
    /// Calls a tool, as [`RunningService::call_tool`] does: a `tool` span, which the server is told of in `_meta`.
    ///
    /// # Errors
    ///
    /// Those of [`RunningService::call_tool`].
    ///
    /// # Example
    ///
    /// ```
    /// use rmcp::model::{CallToolRequestParams, CallToolResult};
    /// use rmcp::service::{RunningService, ServiceError};
    /// use rmcp::RoleClient;
    /// use tracing_llmobs::clients::rmcp::ObservedCalls;
    ///
    /// async fn ask(client: &RunningService<RoleClient, ()>) -> Result<CallToolResult, ServiceError> {
    ///     client.call_tool_observed(CallToolRequestParams::new("weather")).await
    /// }
    /// ```
    fn call_tool_observed(
        &self,
        params: CallToolRequestParams,
    ) -> impl Future<Output = Result<CallToolResult, ServiceError>> + Send;

    /// Lists the tools, as `list_tools` does: a `task` span.
    ///
    /// # Errors
    ///
    /// Those of `list_tools`.
    fn list_tools_observed(
        &self,
        params: Option<PaginatedRequestParams>,
    ) -> impl Future<Output = Result<ListToolsResult, ServiceError>> + Send;
}

impl<S: Service<RoleClient>> ObservedCalls for RunningService<RoleClient, S> {
    async fn call_tool_observed(&self, mut params: CallToolRequestParams) -> Result<CallToolResult, ServiceError> {
        let mut said = Annotation::new()
            .kind(SpanKind::Tool)
            .name(format!("MCP Client Tool Call: {}", params.name))
            .input(json(&params.arguments.clone().unwrap_or_default()))
            .tag("mcp_tool_kind", "client");
        if let Some(server) = self.peer_info().and_then(|info| Some(info.server_info.as_ref()?.name.clone())) {
            said = said.tag("mcp_server_name", server);
        }
        let span = begin(said);
        tell(&span, params.meta_or_default());
        let answer = self.call_tool(params).instrument(span.clone()).await;
        end(&span, answer.as_ref().map(|result| finished(result, "ToolError")));
        answer
    }

    async fn list_tools_observed(
        &self,
        params: Option<PaginatedRequestParams>,
    ) -> Result<ListToolsResult, ServiceError> {
        let said = Annotation::new().kind(SpanKind::Task).name("MCP Client list Tools").input(json(&params));
        let span = begin(said);
        let answer = self.list_tools(params).instrument(span.clone()).await;
        end(&span, answer.as_ref().map(|result| Annotation::new().output(json(result))));
        answer
    }
}

fn begin(said: Annotation) -> Span {
    let span = tracing::info_span!(target: TARGET, "mcp", { fields::KIND } = Empty);
    span.annotate(said);
    span
}

fn end(span: &Span, said: Result<Annotation, &ServiceError>) {
    span.annotate(said.unwrap_or_else(|error| Annotation::new().error(error)));
    span.finish();
}

/// What a tool gave back; one that says so has failed.
fn finished(result: &CallToolResult, error_type: &'static str) -> Annotation {
    let said = Annotation::new().output(json(result));
    if result.is_error != Some(true) {
        return said;
    }
    let text = result.content.iter().find_map(|block| block.as_text()).map(|text| text.text.as_str());
    said.span_error(SpanError::new(text.unwrap_or_default()).error_type(error_type))
}

fn json(value: &impl Serialize) -> Content {
    Content::Json(serde_json::to_value(value).unwrap_or(Value::Null))
}

fn without_meta(params: &CallToolRequestParams) -> CallToolRequestParams {
    let mut params = params.clone();
    params.meta = None;
    params
}

/// Says in the metadata of a request which span it comes from.
fn tell(span: &Span, meta: &mut RequestMetaObject) {
    let mut headers: HashMap<String, String> = HashMap::new();
    if !propagation::inject(span, &mut headers) {
        return;
    }
    for name in W3C {
        if let Some(value) = headers.get(*name) {
            meta.insert((*name).to_owned(), value.clone().into());
        }
    }
    meta.insert(CONTEXT.to_owned(), headers.into_iter().map(|(name, value)| (name, Value::from(value))).collect());
}

/// The headers in the metadata of a request.
fn headers(meta: &RequestMetaObject) -> HashMap<String, String> {
    let text = |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
    match meta.get(CONTEXT) {
        Some(Value::Object(headers)) => headers.iter().filter_map(text).collect(),
        Some(_) | None => meta.iter().filter(|(name, _)| W3C.contains(&name.as_str())).filter_map(text).collect(),
    }
}

const TARGET: &str = "tracing_llmobs::clients";
/// Where the Python SDK has them.
const CONTEXT: &str = "_dd_trace_context";
const W3C: &[&str] = &["traceparent", "tracestate"];
