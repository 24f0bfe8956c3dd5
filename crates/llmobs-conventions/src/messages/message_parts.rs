//! The parts of one message, sorted by what they are.

use std::collections::HashSet;

use crate::{Remark, RemarkSet};
use llmobs_model::{Media, ToolCall, ToolResult};

/// The parts of one message, sorted by what they are.
#[derive(Debug, Default)]
pub(crate) struct MessageParts {
    /// Texts in their order, placeholders for media among them.
    pub(crate) texts: Vec<String>,
    pub(crate) reasoning: Vec<String>,
    pub(crate) calls: Vec<ToolCall>,
    /// Ids of the tool calls.
    pub(super) ids: HashSet<String>,
    pub(crate) results: Vec<ToolResult>,
    pub(crate) images: Vec<Media>,
    pub(crate) audio: Vec<Media>,
    pub(crate) remarks: RemarkSet,
}

impl MessageParts {
    /// Returns whether there is nothing but reasoning.
    pub(crate) fn is_silent(&self) -> bool {
        self.texts.is_empty()
            && self.calls.is_empty()
            && self.results.is_empty()
            && self.images.is_empty()
            && self.audio.is_empty()
    }

    /// Keeps a tool call, unless its id is known already. A call without a name is left out.
    pub(super) fn keep(&mut self, call: Option<ToolCall>) {
        let Some(call) = call else { return self.remarks.add(Remark::CallName) };
        if call.tool_id.clone().is_none_or(|id| self.ids.insert(id)) {
            self.calls.push(call);
        }
    }
}
