//! What a client says of its requests and of the answers.

use rmcp::model::{
    CallToolRequestParams, CallToolResult, ClientRequest, GetPromptRequestParams, GetPromptResult, JsonObject,
    ListToolsResult, PaginatedRequestParams, ReadResourceRequestParams, ReadResourceResult, RequestMetaObject,
    RequestParamsMeta, ServerResult,
};
use serde_json::{Value, json};

use super::shown::{self, SMALL};
use crate::model::{Annotation, SpanKind, json_bytes};

/// A request that shows.
pub(super) trait Asked {
    /// Kind, name, tags.
    fn said(&self) -> Annotation;
    /// What goes in.
    fn input(&self) -> Annotation;
    /// What the caller says about the request already.
    fn metadata(&self) -> Option<&RequestMetaObject>;
}

/// An answer that shows.
pub(super) trait Answer {
    /// What comes out, and the error that is in it.
    fn told(&self) -> Annotation;
}

impl Asked for CallToolRequestParams {
    fn said(&self) -> Annotation {
        let name = format!("MCP Client Tool Call: {}", self.name);
        Annotation::new().kind(SpanKind::Tool).name(name).tag("mcp_tool_kind", "client")
    }

    fn input(&self) -> Annotation {
        let arguments = self.arguments.clone().unwrap_or_default();
        shown::input(members_bytes(&arguments), arguments, Value::Object)
    }

    fn metadata(&self) -> Option<&RequestMetaObject> {
        self.meta()
    }
}

impl Asked for PaginatedRequestParams {
    fn said(&self) -> Annotation {
        Annotation::new().kind(SpanKind::Task).name("MCP Client list Tools")
    }

    fn input(&self) -> Annotation {
        shown::input(SMALL, self.cursor.clone(), |cursor| json!({"cursor": cursor}))
    }

    fn metadata(&self) -> Option<&RequestMetaObject> {
        self.meta()
    }
}

/// The first page has no parameters.
impl Asked for Option<PaginatedRequestParams> {
    fn said(&self) -> Annotation {
        PaginatedRequestParams::default().said()
    }

    fn input(&self) -> Annotation {
        self.as_ref().map_or_else(|| PaginatedRequestParams::default().input(), Asked::input)
    }

    fn metadata(&self) -> Option<&RequestMetaObject> {
        self.as_ref()?.metadata()
    }
}

impl Asked for ReadResourceRequestParams {
    fn said(&self) -> Annotation {
        Annotation::new().kind(SpanKind::Task).name("MCP Client Read Resource")
    }

    fn input(&self) -> Annotation {
        shown::input(self.uri.len(), self.uri.clone(), |uri| json!({"uri": uri}))
    }

    fn metadata(&self) -> Option<&RequestMetaObject> {
        self.meta()
    }
}

impl Asked for GetPromptRequestParams {
    fn said(&self) -> Annotation {
        Annotation::new().kind(SpanKind::Task).name(format!("MCP Client Get Prompt: {}", self.name))
    }

    fn input(&self) -> Annotation {
        let arguments = self.arguments.clone().unwrap_or_default();
        shown::input(members_bytes(&arguments), arguments, Value::Object)
    }

    fn metadata(&self) -> Option<&RequestMetaObject> {
        self.meta()
    }
}

impl Answer for CallToolResult {
    fn told(&self) -> Annotation {
        shown::texts(self)
    }
}

impl Answer for ListToolsResult {
    fn told(&self) -> Annotation {
        shown::tools(self)
    }
}

impl Answer for ReadResourceResult {
    fn told(&self) -> Annotation {
        shown::resources(self)
    }
}

impl Answer for GetPromptResult {
    fn told(&self) -> Annotation {
        shown::prompt(self)
    }
}

impl Answer for ServerResult {
    fn told(&self) -> Annotation {
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
        ClientRequest::ListToolsRequest(list) => Some(&list.params),
        ClientRequest::ReadResourceRequest(read) => Some(&read.params),
        ClientRequest::GetPromptRequest(get) => Some(&get.params),
        _ => None,
    }
}

/// About what these members hold.
pub(super) fn members_bytes(members: &JsonObject) -> usize {
    members.iter().fold(SMALL, |sum, (key, value)| sum.saturating_add(key.len()).saturating_add(json_bytes(value)))
}
