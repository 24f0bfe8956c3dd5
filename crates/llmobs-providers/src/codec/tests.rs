//! Frames of the common form are read as the general way reads them.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;

use super::*;

/// Members of chunks, usual and odd; a dollar stands for a text.
const CHAT: [&[&str]; 3] = [
    &[
        r#""id":"c""#,
        r#""object":"chat.completion.chunk""#,
        r#""object":"error""#,
        r#""created":1"#,
        r#""created":1.5"#,
        r#""model":$"#,
        r#""model":null"#,
        r#""usage":null"#,
        r#""usage":{"prompt_tokens":1}"#,
        r#""service_tier":"default""#,
        r#""obfuscation":$"#,
        r#""error":{"message":$}"#,
        r#""choices":[]"#,
    ],
    &[
        r#""index":0"#,
        r#""index":1"#,
        r#""index":"0""#,
        r#""finish_reason":null"#,
        r#""finish_reason":"stop""#,
        r#""logprobs":null"#,
        r#""logprobs":{"content":[]}"#,
        r#""text":$"#,
    ],
    &[
        r#""content":$"#,
        r#""content":null"#,
        r#""content":[{"type":"text","text":$}]"#,
        r#""role":"assistant""#,
        r#""role":$"#,
        r#""reasoning_content":$"#,
        r#""reasoning":$"#,
        r#""refusal":null"#,
        r#""refusal":$"#,
        r#""tool_calls":null"#,
        r#""tool_calls":[{"index":0,"id":"t","function":{"name":$,"arguments":"{}"}}]"#,
        r#""function_call":null"#,
    ],
];

const MESSAGES: [&[&str]; 2] = [
    &[
        r#""type":"content_block_delta""#,
        r#""type":"content_block_start""#,
        r#""index":0"#,
        r#""index":1"#,
        r#""index":-1"#,
        r#""more":$"#,
    ],
    &[
        r#""type":"text_delta""#,
        r#""type":"input_json_delta""#,
        r#""type":"thinking_delta""#,
        r#""type":"compaction_delta""#,
        r#""text":$"#,
        r#""text":null"#,
        r#""partial_json":$"#,
        r#""thinking":$"#,
        r#""signature":$"#,
    ],
];

const TEXTS: &[&str] =
    &[r#""""#, r#""a""#, r#""ä🦀 ""#, r#""line\n\"q\" \u00e4""#, r#""\ud83e\udd80""#, r#""\ud83e""#, "\"\t\"", "7"];

fn members(of: &'static [&'static str]) -> impl Strategy<Value = String> {
    let member = (select(of), select(TEXTS)).prop_map(|(member, text)| member.replace('$', text));
    proptest::collection::vec(member, 0..5).prop_map(|members| members.join(","))
}

fn chat() -> impl Strategy<Value = String> {
    let shape = select(
        &[
            r#"{TOP,"choices":[{CHOICE,"delta":{DELTA}}]}"#,
            r#"{"choices":[{"index":0,CHOICE,"delta":{DELTA}}]}"#,
            r#" {"model":"m","choices":[{"index":2,"delta":{DELTA},"finish_reason":null}],"usage":null} "#,
            r#"{"choices":[{"index":0,"delta":{DELTA}},{"index":1,"delta":{DELTA}}]}"#,
            r#"{"choices":[[0,{DELTA}]]}"#,
            r#"["m",[{"index":0,"delta":{DELTA}}]]"#,
        ][..],
    );
    let parts = (shape, members(CHAT[0]), members(CHAT[1]), members(CHAT[2]));
    parts.prop_map(|(shape, top, choice, delta)| {
        shape
            .replace("TOP", &top)
            .replace("CHOICE", &choice)
            .replace("DELTA", &delta)
            .replace("{,", "{")
            .replace(",,", ",")
    })
}

fn messages() -> impl Strategy<Value = String> {
    let shape = select(
        &[
            r#"{EVENT,"delta":{DELTA}}"#,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta",DELTA}}"#,
            r#"{"type":"content_block_delta","index":1,"delta":{DELTA}}"#,
            r#"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","name":"n","input":{}}}"#,
        ][..],
    );
    (shape, members(MESSAGES[0]), members(MESSAGES[1])).prop_map(|(shape, event, delta)| {
        shape.replace("EVENT", &event).replace("DELTA", &delta).replace("{,", "{").replace(",}", "}")
    })
}

/// Counts the frames of the common form.
fn agree(api: Api, frames: &[String]) -> Result<usize, TestCaseError> {
    let (mut quick, mut general) = (codec(api).assembler(), codec(api).assembler());
    let mut usual = 0_usize;
    for json in frames {
        let parsed = |json: &String| {
            Some(Frame { event: String::new(), is_exception: false, data: serde_json::from_str(json).ok()? })
        };
        let expected = parsed(json).map(|frame| general.push(frame));
        let seen = quick
            .push_common(json.as_bytes())
            .inspect(|_| usual = usual.saturating_add(1))
            .or_else(|| Some(quick.push(parsed(json)?)));
        let told = |seen: Option<FrameSummary>| seen.map(|seen| (seen.is_content, seen.error));
        prop_assert_eq!(told(seen), told(expected), "{}", json);
        prop_assert_eq!(quick.retained_bytes(), general.retained_bytes());
    }
    let [quick, general]: [Value; 2] = [quick.finish(), general.finish()];
    prop_assert_eq!(quick, general, "{:?}", frames);
    Ok(usual)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn usual_chunks_of_a_chat_are_taken_as_any_other(frames in proptest::collection::vec(chat(), 1..8)) {
        agree(Api::OpenAiChat, &frames)?;
        agree(Api::MistralChat, &frames)?;
    }

    #[test]
    fn usual_events_of_a_message_are_taken_as_any_other(frames in proptest::collection::vec(messages(), 1..8)) {
        agree(Api::AnthropicMessages, &frames)?;
    }
}

#[test]
fn what_the_providers_send_most_is_usual() {
    for (api, frame) in [
        (
            Api::OpenAiChat,
            r#" {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","service_tier":"default","system_fingerprint":"fp","choices":[{"index":0,"delta":{"content":" wörld\n"},"logprobs":null,"finish_reason":null}],"usage":null,"obfuscation":"a1"}"#,
        ),
        (
            Api::OpenAiChat,
            r#"{"id":"1","object":"chat.completion.chunk","created":1,"model":"deepseek-reasoner","system_fingerprint":"fp","choices":[{"index":0,"delta":{"content":null,"reasoning_content":"So"},"logprobs":null,"finish_reason":null}]}"#,
        ),
        (
            Api::AnthropicMessages,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hel"}}"#,
        ),
        (
            Api::AnthropicMessages,
            r#"{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"a"}}"#,
        ),
    ] {
        assert_eq!(agree(api, &[frame.to_owned()]).unwrap(), 1, "{frame}");
    }
}
