//! The chunks that most of a chat completion comes in: a few words more of one choice.

use std::borrow::Cow;

use serde::Deserialize;

use crate::json::{Null, Object, Text};

/// A chunk of the usual kind. What has any other member, or one of them twice, or of another type, is not usual.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CommonChunk<'a> {
    #[serde(borrow, default)]
    model: Cow<'a, str>,
    #[serde(borrow)]
    choices: [Object<CommonChoice<'a>>; 1],
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
    delta: Object<CommonDelta<'a>>,
    #[serde(default, rename = "logprobs")]
    _logprobs: Null,
    #[serde(borrow, default, rename = "finish_reason")]
    _finish_reason: Option<&'a str>,
}

/// What a chunk adds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CommonDelta<'a> {
    #[serde(borrow, default)]
    role: Option<Text<'a>>,
    #[serde(borrow, default)]
    content: Option<Text<'a>>,
    #[serde(borrow, default)]
    reasoning_content: Option<Text<'a>>,
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

    /// It has nothing but content.
    pub(super) const fn is_plain(&self) -> bool {
        self.role.is_none() && self.reasoning_content.is_none()
    }

    pub(super) fn content(&self) -> &str {
        self.content.as_ref().map_or("", |text| &text.0)
    }

    pub(super) fn thought(&self) -> &str {
        self.reasoning_content.as_ref().map_or("", |text| &text.0)
    }
}

/// The model, the index of the choice and what is added to it, of a chunk of the usual kind.
pub(super) fn read(json: &[u8]) -> Option<(Cow<'_, str>, u64, CommonDelta<'_>)> {
    let Object(CommonChunk { model, choices: [Object(choice)], object, .. }) =
        serde_json::from_str(std::str::from_utf8(json).ok()?).ok()?;
    // That is how some say that they failed.
    (object != Some("error")).then_some((model, choice.index, choice.delta.0))
}
