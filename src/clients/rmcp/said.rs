//! What a client says of its requests and of the answers.

use std::sync::LazyLock;

use rmcp::model::{
    CallToolRequestParams, CallToolResult, ClientRequest, GetPromptRequestParams, GetPromptResult, JsonObject,
    ListToolsResult, PaginatedRequestParams, ReadResourceRequestParams, ReadResourceResult, RequestParamsMeta,
    ServerResult,
};
use serde_json::{Value, json};

use super::shown::{self, SMALL};
use crate::recording::RecordedAnnotation;
use llmobs_model::{SpanKind, retained_json_bytes};

/// A request that shows.
pub(super) trait Asked: RequestParamsMeta {
    /// Kind, name, tags.
    fn said(&self) -> RecordedAnnotation;
    /// What goes in.
    fn input(&self) -> RecordedAnnotation;
}

/// An answer that shows.
pub(super) trait Answer {
    /// What comes out, and the error that is in it.
    fn told(&self) -> RecordedAnnotation;
}

impl Asked for CallToolRequestParams {
    fn said(&self) -> RecordedAnnotation {
        let name = format!("MCP Client Tool Call: {}", self.name);
        RecordedAnnotation::new().kind(SpanKind::Tool).name(name).tag("mcp_tool_kind", "client")
    }

    fn input(&self) -> RecordedAnnotation {
        let arguments = self.arguments.clone().unwrap_or_default();
        shown::input(members_bytes(&arguments), arguments, Value::Object)
    }
}

impl Asked for PaginatedRequestParams {
    fn said(&self) -> RecordedAnnotation {
        RecordedAnnotation::new().kind(SpanKind::Task).name("MCP Client list Tools")
    }

    fn input(&self) -> RecordedAnnotation {
        shown::input(SMALL, self.cursor.clone(), |cursor| json!({"cursor": cursor}))
    }
}

impl Asked for ReadResourceRequestParams {
    fn said(&self) -> RecordedAnnotation {
        RecordedAnnotation::new().kind(SpanKind::Task).name("MCP Client Read Resource")
    }

    fn input(&self) -> RecordedAnnotation {
        shown::input(self.uri.len(), self.uri.clone(), |uri| json!({"uri": uri}))
    }
}

impl Asked for GetPromptRequestParams {
    fn said(&self) -> RecordedAnnotation {
        RecordedAnnotation::new().kind(SpanKind::Task).name(format!("MCP Client Get Prompt: {}", self.name))
    }

    fn input(&self) -> RecordedAnnotation {
        let arguments = self.arguments.clone().unwrap_or_default();
        shown::input(members_bytes(&arguments), arguments, Value::Object)
    }
}

impl Answer for CallToolResult {
    fn told(&self) -> RecordedAnnotation {
        shown::texts(self)
    }
}

impl Answer for ListToolsResult {
    fn told(&self) -> RecordedAnnotation {
        shown::tools(self)
    }
}

impl Answer for ReadResourceResult {
    fn told(&self) -> RecordedAnnotation {
        shown::resources(self)
    }
}

impl Answer for GetPromptResult {
    fn told(&self) -> RecordedAnnotation {
        shown::prompt(self)
    }
}

impl Answer for ServerResult {
    fn told(&self) -> RecordedAnnotation {
        match self {
            Self::CallToolResult(result) => result.told(),
            Self::ListToolsResult(result) => result.told(),
            other => shown::whole(other),
        }
    }
}

/// The request in its form for any, if it shows.
pub(super) fn asked(request: &ClientRequest) -> Option<&dyn Asked> {
    match request {
        ClientRequest::CallToolRequest(call) => Some(&call.params),
        ClientRequest::ListToolsRequest(list) => Some(list.params.as_ref().unwrap_or(&FIRST_PAGE)),
        ClientRequest::ReadResourceRequest(read) => Some(&read.params),
        ClientRequest::GetPromptRequest(get) => Some(&get.params),
        _ => None,
    }
}

/// About what these members hold.
pub(super) fn members_bytes(members: &JsonObject) -> usize {
    members
        .iter()
        .fold(SMALL, |sum, (key, value)| sum.saturating_add(key.len()).saturating_add(retained_json_bytes(value)))
}

/// Who asks for the first page need not say so.
static FIRST_PAGE: LazyLock<PaginatedRequestParams> = LazyLock::new(PaginatedRequestParams::default);
