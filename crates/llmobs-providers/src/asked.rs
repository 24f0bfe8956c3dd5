//! What requests of all APIs say alike.

use llmobs_model::{Annotation, Message, ToolDefinition};

/// Says input and tools where there are any: what is not there takes nothing away from what the application said before.
pub(super) fn asked(said: Annotation, input: Vec<Message>, tools: Vec<ToolDefinition>) -> Annotation {
    let said = if input.is_empty() { said } else { said.input(input) };
    if tools.is_empty() { said } else { said.tool_definitions(tools) }
}
