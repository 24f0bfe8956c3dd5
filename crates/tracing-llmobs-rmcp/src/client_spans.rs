//! The spans of a client's requests: kind, name, tags, input and output of each.

use std::sync::LazyLock;

use rmcp::model::{
    CallToolRequestParams, CallToolResult, ClientRequest, GetPromptRequestParams, GetPromptResult, JsonObject,
    ListToolsResult, PaginatedRequestParams, ReadResourceRequestParams, ReadResourceResult, RequestParamsMeta,
    ServerResult,
};
use serde_json::{Value, json};
use tracing_llmobs::observe::DeferredAnnotation;
use tracing_llmobs::{Annotation, SpanKind};

use crate::payloads::{self, SMALL, deferred_input, members_bytes};

/// A request that becomes a span.
pub(crate) trait ObservedRequest: RequestParamsMeta {
    /// Returns kind, name and tags.
    fn describe(&self) -> Annotation;
    /// Returns the input.
    fn input(&self) -> DeferredAnnotation;
}

/// A response that completes a span.
pub(crate) trait ObservedResponse {
    /// Returns the output, and the error that the response reports.
    fn output(&self) -> DeferredAnnotation;
}

impl ObservedRequest for CallToolRequestParams {
    fn describe(&self) -> Annotation {
        let name = format!("MCP Client Tool Call: {}", self.name);
        Annotation::new().kind(SpanKind::Tool).name(name).tag("mcp_tool_kind", "client")
    }

    fn input(&self) -> DeferredAnnotation {
        arguments_input(self.arguments.as_ref())
    }
}

impl ObservedRequest for PaginatedRequestParams {
    fn describe(&self) -> Annotation {
        Annotation::new().kind(SpanKind::Task).name("MCP Client list Tools")
    }

    fn input(&self) -> DeferredAnnotation {
        deferred_input(SMALL, self.cursor.clone(), |cursor| json!({"cursor": cursor}))
    }
}

impl ObservedRequest for ReadResourceRequestParams {
    fn describe(&self) -> Annotation {
        Annotation::new().kind(SpanKind::Task).name("MCP Client Read Resource")
    }

    fn input(&self) -> DeferredAnnotation {
        deferred_input(self.uri.len(), self.uri.clone(), |uri| json!({"uri": uri}))
    }
}

impl ObservedRequest for GetPromptRequestParams {
    fn describe(&self) -> Annotation {
        Annotation::new().kind(SpanKind::Task).name(format!("MCP Client Get Prompt: {}", self.name))
    }

    fn input(&self) -> DeferredAnnotation {
        arguments_input(self.arguments.as_ref())
    }
}

impl ObservedResponse for CallToolResult {
    fn output(&self) -> DeferredAnnotation {
        payloads::tool_texts(self)
    }
}

impl ObservedResponse for ListToolsResult {
    fn output(&self) -> DeferredAnnotation {
        payloads::tool_list(self)
    }
}

impl ObservedResponse for ReadResourceResult {
    fn output(&self) -> DeferredAnnotation {
        payloads::resources(self)
    }
}

impl ObservedResponse for GetPromptResult {
    fn output(&self) -> DeferredAnnotation {
        payloads::prompt(self)
    }
}

impl ObservedResponse for ServerResult {
    fn output(&self) -> DeferredAnnotation {
        match self {
            // A client's tool calls have the same output however they are sent; a server shows more of them.
            Self::CallToolResult(result) => result.output(),
            Self::ListToolsResult(result) => result.output(),
            other => payloads::server_result(other),
        }
    }
}

/// Returns the parameters of a request of any kind, if it becomes a span.
pub(crate) fn observed_request(request: &ClientRequest) -> Option<&dyn ObservedRequest> {
    match request {
        ClientRequest::CallToolRequest(call) => Some(&call.params),
        ClientRequest::ListToolsRequest(list) => Some(list.params.as_ref().unwrap_or(&FIRST_PAGE)),
        ClientRequest::ReadResourceRequest(read) => Some(&read.params),
        ClientRequest::GetPromptRequest(get) => Some(&get.params),
        _ => None,
    }
}

fn arguments_input(arguments: Option<&JsonObject>) -> DeferredAnnotation {
    let arguments = arguments.cloned().unwrap_or_default();
    deferred_input(members_bytes(&arguments), arguments, Value::Object)
}

/// The parameters of a request for the first page, which may be absent.
static FIRST_PAGE: LazyLock<PaginatedRequestParams> = LazyLock::new(PaginatedRequestParams::default);
