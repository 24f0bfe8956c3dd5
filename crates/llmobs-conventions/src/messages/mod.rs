//! JSON of messages and documents in the dialect of any API. Knows no attributes of spans.
//!
//! ```text
//! conversation.rs   the list, and what is around it (choices, candidates, contents, a request)
//!   └ message.rs    one message: who speaks, its content, its calls, what it answers
//!       ├ message_parts.rs   the parts of one, sorted
//!       └ part.rs   one part of a content: by its type, or by its shape
//!           ├ call.rs    calls of tools and their results
//!           └ media.rs   pictures, sounds, files
//! ```

mod call;
mod conversation;
mod document;
mod media;
mod message;
mod message_parts;
mod nested;
mod part;

pub(crate) use conversation::{Conversation, conversation, instructions, looks_like_choices, plain_dialect};
pub(crate) use document::foreign_documents;
pub(crate) use nested::{FlattenedName, collected, unflattened};
