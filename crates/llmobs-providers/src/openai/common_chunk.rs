//! The chunks that most of a chat completion consists of: a few more words of one choice.

use std::borrow::Cow;

use serde::Deserialize;

use crate::json::{BorrowedText, Null, StrictObject};

/// A common chunk. One with any other member, with a member twice or of another type fails to parse and goes the general way.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CommonChunk<'a> {
    #[serde(borrow, default)]
    model: Cow<'a, str>,
    #[serde(borrow)]
    choices: [StrictObject<CommonChoice<'a>>; 1],
    #[serde(borrow, default)]
    object: Option<&'a str>,
    #[serde(borrow, default, rename = "id")]
    _id: Option<&'a str>,
    #[serde(default, rename = "created")]
    _created: Option<u64>,
    #[serde(borrow, default, rename = "system_fingerprint")]
    _system_fingerprint: Option<&'a str>,
    #[serde(borrow, default, rename = "service_tier")]
    _service_tier: Option<&'a str>,
    #[serde(borrow, default, rename = "obfuscation")]
    _obfuscation: Option<&'a str>,
    #[serde(default, rename = "usage")]
    _usage: Null,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CommonChoice<'a> {
    index: u64,
    #[serde(borrow)]
    delta: StrictObject<CommonDelta<'a>>,
    #[serde(default, rename = "logprobs")]
    _logprobs: Null,
    #[serde(default, rename = "finish_reason")]
    _finish_reason: Null,
}

/// The text that a common chunk adds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CommonDelta<'a> {
    #[serde(borrow, default)]
    role: Option<BorrowedText<'a>>,
    #[serde(borrow, default)]
    content: Option<BorrowedText<'a>>,
    #[serde(borrow, default)]
    reasoning_content: Option<BorrowedText<'a>>,
    #[serde(default, rename = "refusal")]
    _refusal: Null,
    #[serde(default, rename = "tool_calls")]
    _tool_calls: Null,
    #[serde(default, rename = "function_call")]
    _function_call: Null,
}

impl CommonDelta<'_> {
    pub(super) fn role(&self) -> &str {
        self.role.as_ref().map_or("", |text| &text.0)
    }

    /// Tells whether there is nothing but content in it.
    pub(super) const fn is_plain(&self) -> bool {
        self.role.is_none() && self.reasoning_content.is_none()
    }

    pub(super) fn content(&self) -> &str {
        self.content.as_ref().map_or("", |text| &text.0)
    }

    pub(super) fn reasoning(&self) -> &str {
        self.reasoning_content.as_ref().map_or("", |text| &text.0)
    }
}

/// Reads a common chunk: the model, the index of the choice and the text that is added to it.
pub(super) fn read(json: &[u8]) -> Option<(Cow<'_, str>, u64, CommonDelta<'_>)> {
    let StrictObject(CommonChunk { model, choices: [StrictObject(choice)], object, .. }) =
        serde_json::from_str(std::str::from_utf8(json).ok()?).ok()?;
    // Some hosts mark an error so.
    (object != Some("error")).then_some((model, choice.index, choice.delta.0))
}
