//! A [`SpanContext`] as text, for a database row or a field of a message.

use std::fmt::{self, Write as _};
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::id::{IdError, SpanId, TraceId};
use super::span_context::{AgentAttribution, ApmContext, Sampling, SpanContext};

impl fmt::Display for SpanContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", Escaped(&self.trace_id.to_string()), self.span_id)?;
        if !self.is_llm_span {
            f.write_str(";llm=0")?;
        }
        pair(f, "ml_app", self.ml_app.as_deref())?;
        pair(f, "session_id", self.session_id.as_deref())?;
        if let Some(sampling) = self.sampling {
            write!(f, ";sample_rate={};keep={}", sampling.rate, u8::from(sampling.keep))?;
        }
        if let Some(agent) = &self.agent {
            write!(f, ";agent_id={}", agent.span_id)?;
            pair(f, "agent", agent.name.as_deref())?;
        }
        let Some(apm) = &self.apm else { return Ok(()) };
        write!(f, ";apm_trace_id={}", Escaped(&apm.trace_id.to_string()))?;
        if let Some(span_id) = apm.span_id {
            write!(f, ";apm_span_id={span_id}")?;
        }
        if let Some(priority) = apm.sampling_priority {
            write!(f, ";apm_priority={priority}")?;
        }
        pair(f, "apm_tags", apm.tags.as_deref())?;
        pair(f, "tracestate", apm.tracestate.as_deref())
    }
}

impl FromStr for SpanContext {
    type Err = ContextError;

    /// Parses the text that `Display` writes; unknown keys are ignored.
    fn from_str(text: &str) -> Result<Self, ContextError> {
        let mut parts = text.split(';');
        let (trace_id, span_id) = parts.next().and_then(|ids| ids.split_once(':')).ok_or(ContextError::Form)?;
        let mut context = Self::new(unescaped(trace_id)?.parse()?, span_id.parse()?);
        let mut pairs = Pairs::default();
        for part in parts {
            let (key, value) = part.split_once('=').ok_or(ContextError::Form)?;
            pairs.take(&mut context, key, unescaped(value)?)?;
        }
        context.sampling = pairs.rate.zip(pairs.keep).map(|(rate, keep)| Sampling::new(rate, keep));
        context.agent = pairs.agent_id.map(|id| AgentAttribution::new(pairs.agent.as_deref(), id));
        context.apm = pairs.apm_trace_id.map(|trace_id| Arc::new(ApmContext { trace_id, ..pairs.apm }));
        Ok(context)
    }
}

impl Serialize for SpanContext {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SpanContext {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// The error of a text that is not a [`SpanContext`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ContextError {
    /// The text does not have the form `<trace id>:<span id>;key=value`.
    #[error("span context is not of the form trace:span;key=value")]
    Form,
    /// A value is not valid for its key.
    #[error("span context has a value that is not valid for its key")]
    Value,
    /// An id is not valid.
    #[error("span context has an id that is not valid")]
    Id(#[from] IdError),
}

/// Values that belong together and may come in any order.
struct Pairs {
    rate: Option<f64>,
    keep: Option<bool>,
    agent_id: Option<SpanId>,
    agent: Option<String>,
    apm_trace_id: Option<TraceId>,
    apm: ApmContext,
}

impl Default for Pairs {
    fn default() -> Self {
        let apm = ApmContext::new(TraceId::new(0));
        Self { rate: None, keep: None, agent_id: None, agent: None, apm_trace_id: None, apm }
    }
}

impl Pairs {
    fn take(&mut self, context: &mut SpanContext, key: &str, value: String) -> Result<(), ContextError> {
        match key {
            "llm" => context.is_llm_span = flag(&value)?,
            "ml_app" => context.ml_app = Some(value.into()),
            "session_id" => context.session_id = Some(value.into()),
            "sample_rate" => self.rate = Some(value.parse().map_err(|_| ContextError::Value)?),
            "keep" => self.keep = Some(flag(&value)?),
            "agent_id" => self.agent_id = Some(value.parse()?),
            "agent" => self.agent = Some(value),
            "apm_trace_id" => self.apm_trace_id = Some(value.parse()?),
            "apm_span_id" => self.apm.span_id = Some(value.parse()?),
            "apm_priority" => self.apm.sampling_priority = Some(value.parse().map_err(|_| ContextError::Value)?),
            "apm_tags" => self.apm.tags = Some(value.into()),
            "tracestate" => self.apm.tracestate = Some(value.into()),
            _ => {}
        }
        Ok(())
    }
}

fn flag(text: &str) -> Result<bool, ContextError> {
    match text {
        "0" => Ok(false),
        "1" => Ok(true),
        _ => Err(ContextError::Value),
    }
}

fn pair(f: &mut fmt::Formatter<'_>, key: &str, value: Option<&str>) -> fmt::Result {
    value.map_or(Ok(()), |value| write!(f, ";{key}={}", Escaped(value)))
}

/// A text whose separators are percent-encoded.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0.bytes() {
            match byte {
                b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'-' | b'_' | b'.' | b'/' => f.write_char(byte.into())?,
                other => write!(f, "%{other:02x}")?,
            }
        }
        Ok(())
    }
}

fn unescaped(text: &str) -> Result<String, ContextError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let byte = if byte == b'%' {
            let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
            let (high, low) = digit(rest.next()).zip(digit(rest.next())).ok_or(ContextError::Form)?;
            u8::try_from(high << 4 | low).map_err(|_| ContextError::Form)?
        } else {
            byte
        };
        bytes.push(byte);
    }
    String::from_utf8(bytes).map_err(|_| ContextError::Form)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_comes_back_whole_from_text_and_json() {
        let mut context = SpanContext::new("custom:id;=%".parse().unwrap(), SpanId::new(7).unwrap());
        assert_eq!(context.to_string(), "custom%3aid%3b%3d%25:7");
        context.is_llm_span = false;
        context.ml_app = Some("wetter, \u{1F600}".into());
        context.session_id = Some("a;b=c:d%".into());
        context.sampling = Some(Sampling::new(1.0 / 3.0, true));
        context.agent = Some(AgentAttribution::new(Some(""), SpanId::new(8).unwrap()));
        let mut apm = ApmContext::new(TraceId::new(9 << 64 | 1));
        apm.span_id = SpanId::new(10);
        apm.sampling_priority = Some(-1);
        apm.tags = Some("dm=-1,ts=02".into());
        apm.tracestate = Some("ot=th:0,x=y".into());
        context.apm = Some(Arc::new(apm));
        assert_eq!(context.to_string().parse(), Ok(context.clone()));
        let json = serde_json::to_string(&context).unwrap();
        assert_eq!(serde_json::from_str::<SpanContext>(&json).unwrap(), context);
    }

    #[test]
    fn texts_of_another_form_are_refused() {
        use ContextError::{Form, Id, Value};
        for (text, error) in [
            ("", Form),
            ("abc", Form),
            (":7", Id(IdError::Trace)),
            ("a:0", Id(IdError::Span)),
            ("a:7;x", Form),
            ("a:7;ml_app=%", Form),
            ("a:7;ml_app=%ff", Form),
            ("a:7;llm=2", Value),
            ("a:7;sample_rate=x", Value),
            ("a:7;agent_id=x", Id(IdError::Span)),
        ] {
            assert_eq!(text.parse::<SpanContext>(), Err(error), "{text}");
        }
        assert_eq!("a:7;later=1".parse::<SpanContext>().unwrap().to_string(), "a:7");
    }
}
