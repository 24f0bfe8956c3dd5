//! Texts that would run, load or disguise something if they were not escaped.

use serde_json::{Value, json};

use crate::process::span;

/// Returns a span that has a text in every place.
pub(crate) fn infected(number: u64, payload: &str) -> Value {
    let mut span = span(number, None, payload);
    for place in ["name", "session_id"] {
        span[place] = payload.into();
    }
    span["trace_id"] = format!("trace-{number}").into();
    span["meta"]["model_name"] = payload.into();
    span["meta"]["error"] = json!({"type": payload, "message": payload, "stack": payload});
    span["meta"]["metadata"] = json!({payload: payload});
    span["tags"] = json!([format!("ml_app:{payload}"), format!("{payload}:{payload}")]);
    span["meta"]["output"] = json!({"messages": [{"role": payload, "content": payload,
        "tool_calls": [{"name": payload, "arguments": {payload: payload}, "tool_id": payload}]}]});
    span
}

/// Texts that would run, load or disguise something if they were not escaped.
pub(crate) fn hostile() -> Vec<String> {
    let bodies = [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<svg onload=alert(1)>",
        "<iframe src=//e.test>",
        "\"><script>alert(1)</script>",
        "'><img src=//e.test/a.png>",
        "<style>@import '//e.test'</style>",
        "<base href=//e.test>",
        "[a](javascript:alert(1))",
        "![a](https://e.test/a.png)",
        "<a href=//e.test>b</a>",
        "<meta http-equiv=refresh content=0>",
        "[x]: javascript:alert(1)\n[x]",
        "<https://e.test>",
        "[a](data:text/html,<script>alert(1)</script>)",
        "</title><script>alert(1)</script>",
        "</textarea><script>alert(1)</script>",
        "<body onload=alert(1)>",
        "`<script>alert(1)</script>`",
        "\u{1b}]8;;https://e.test\u{7}a",
        "a\u{202e}b",
        "a\u{200b}b",
        "<form action=\"h\"><button>",
        "{{constructor}}",
        "&lt;script&gt;",
        "%3Cscript%3E",
    ];
    let frames: [fn(&str) -> String; 4] = [
        str::to_owned,
        |text| format!("# {text}"),
        |text| format!("| a |\n|---|\n| {text} |"),
        |text| format!("[{{\"a\": \"{}\"}}]", text.replace('"', "\\\"")),
    ];
    bodies.iter().flat_map(|body| frames.iter().map(|frame| frame(body))).collect()
}
