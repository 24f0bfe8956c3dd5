//! Token counts of a response that is too large to keep: they stand at its end.

use serde_json::{Map, Value};

use crate::json;

/// The last bytes of a response whose body has been let go.
#[derive(Debug, Default)]
pub(crate) struct UsageTail {
    bytes: Vec<u8>,
}

/// Members that hold counts at the end of a document, of all APIs.
const USAGE_MEMBERS: &[&str] = &["usage", "usageMetadata", "meta"];

impl UsageTail {
    /// Bytes that are kept: enough for a usage object and what may stand behind it.
    const MAX_BYTES: usize = 8 * 1024;

    /// Adds bytes; only the last ones are kept.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let last = bytes.len().checked_sub(Self::MAX_BYTES).and_then(|start| bytes.get(start..)).unwrap_or(bytes);
        let excess = self.bytes.len().saturating_add(last.len()).saturating_sub(Self::MAX_BYTES);
        self.bytes.drain(..excess.min(self.bytes.len()));
        self.bytes.extend_from_slice(last);
    }

    pub(crate) fn retained_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Returns a response with nothing but its usage; null when none is found.
    pub(crate) fn usage(&self) -> Value {
        let found = USAGE_MEMBERS.iter().filter_map(|name| Some(((*name).to_owned(), self.last_object(name)?)));
        let members: Map<String, Value> = found.collect();
        if members.is_empty() { Value::Null } else { Value::Object(members) }
    }

    /// Returns the last object that is a member of this name. A text in the response may contain the same characters, but
    /// usage comes behind the texts, and within a text its quotes are escaped.
    fn last_object(&self, name: &str) -> Option<Value> {
        let quoted = format!("\"{name}\"");
        let at = memchr::memmem::rfind(&self.bytes, quoted.as_bytes())?;
        let behind = self.bytes.get(at.saturating_add(quoted.len())..)?;
        let value = behind.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
        json::read(value).filter(Value::is_object)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_usage_at_the_end_is_found_in_whatever_pieces_it_comes() {
        let body = format!(r#"{{"data":[{}0],"usage":{{"prompt_tokens":8,"total_tokens":8}}}}"#, "0,".repeat(20_000));
        for size in [1, 7, 5000, body.len()] {
            let mut tail = UsageTail::default();
            body.as_bytes().chunks(size).for_each(|piece| tail.push(piece));
            assert_eq!(tail.usage(), json!({"usage": {"prompt_tokens": 8, "total_tokens": 8}}), "{size}");
            assert!(tail.retained_bytes() <= UsageTail::MAX_BYTES);
        }
        assert_eq!(UsageTail::default().usage(), Value::Null);
    }
}
