//! Bodies of requests to JSON values. Gzip and msgpack are recognised by their first bytes.
//!
//! The headers are not asked: the Java SDK sends gzip without a header when its Agent is an old one, and no JSON text begins
//! with a byte that opens a msgpack array or map.

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;
use serde_json::Value;

use super::lenient_json::repair;
use super::value_reader::{MemoryBudget, read_json, read_msgpack};

/// Reads the body of a request, within [`MAX_PLAIN_BYTES`] and [`MAX_VALUE_BYTES`].
pub(super) fn read(bytes: &[u8]) -> Result<Value, BodyError> {
    if !bytes.starts_with(&GZIP) {
        return parse(bytes);
    }
    let mut plain = Vec::new();
    // One byte more than the bound tells a body that is too large; nothing behind it is unpacked.
    MultiGzDecoder::new(bytes)
        .take(MAX_PLAIN_BYTES.saturating_add(1))
        .read_to_end(&mut plain)
        .map_err(BodyError::Gzip)?;
    if u64::try_from(plain.len()).is_ok_and(|length| length <= MAX_PLAIN_BYTES) {
        return parse(&plain);
    }
    Err(BodyError::TooLarge)
}

/// The error of a body that cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BodyError {
    /// There is no body.
    #[error("body is empty")]
    Empty,
    /// The body begins like gzip and is not.
    #[error("body is not gzip: {0}")]
    Gzip(#[source] io::Error),
    /// The body is larger than 64 MiB when it is unpacked.
    #[error("body is larger than {MAX_PLAIN_BYTES} bytes when unpacked")]
    TooLarge,
    /// The values of the body would take more than 192 MiB of memory.
    #[error(
        "body has so many values that they take more than {MAX_VALUE_BYTES} bytes of memory; send fewer spans at a time"
    )]
    TooManyValues,
    /// The body is not JSON.
    #[error("body is not JSON: {0}")]
    Json(#[source] serde_json::Error),
    /// The body is not msgpack.
    #[error("body is not msgpack: {0}")]
    Msgpack(#[source] rmp_serde::decode::Error),
}

impl BodyError {
    /// Returns the status that tells the sender: 413 for a body that is too large, 400 for any other.
    pub(super) const fn status(&self) -> u16 {
        match self {
            Self::TooLarge | Self::TooManyValues => 413,
            Self::Empty | Self::Gzip(_) | Self::Json(_) | Self::Msgpack(_) => 400,
        }
    }
}

fn parse(bytes: &[u8]) -> Result<Value, BodyError> {
    let budget = MemoryBudget::new(MAX_VALUE_BYTES);
    let value = match bytes.first() {
        None => return Err(BodyError::Empty),
        Some(0x80..=0xff) => read_msgpack(bytes, &budget).map_err(BodyError::Msgpack),
        Some(_) => read_json(bytes, &budget).map_err(BodyError::Json),
    };
    match value {
        Err(_) if budget.is_exhausted() => Err(BodyError::TooManyValues),
        // Some SDKs take more for JSON than the standard does.
        Err(BodyError::Json(_)) => {
            let budget = MemoryBudget::new(MAX_VALUE_BYTES);
            let value = read_json(repair(bytes).as_bytes(), &budget).map_err(BodyError::Json);
            if value.is_err() && budget.is_exhausted() { Err(BodyError::TooManyValues) } else { value }
        }
        other => other,
    }
}

const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Bytes that a packed body may unpack to; ten bytes can become a gigabyte.
const MAX_PLAIN_BYTES: u64 = 64 * 1024 * 1024;
/// Memory that the values of a body may take: about ten times the JSON of usual spans, and a hundred times that of the worst.
const MAX_VALUE_BYTES: usize = 192 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use serde_json::json;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn json_and_msgpack_are_read_plain_and_packed() {
        for value in [json!([{"a": [1, 2.5, "ü", null, true]}]), json!({"spans": []}), json!({})] {
            let text = serde_json::to_vec(&value).unwrap();
            let pack = rmp_serde::to_vec(&value).unwrap();
            for bytes in [gzip(&text), gzip(&pack), text, pack] {
                assert_eq!(read(&bytes).unwrap(), value);
            }
        }
    }

    #[test]
    fn floats_that_are_not_numbers_are_null() {
        for text in [r#"[{"a": NaN}, -Infinity, "NaN"]"#, r#"[{"a": null}, Infinity, "NaN"]"#] {
            assert_eq!(read(text.as_bytes()).unwrap(), json!([{"a": null}, null, "NaN"]));
        }
    }

    #[test]
    fn errors_name_the_problem() {
        for (bytes, message, status) in [
            (Vec::new(), "body is empty", 400),
            (b"[1,".to_vec(), "body is not JSON: EOF while parsing a value at line 1 column 3", 400),
            (vec![0x1f, 0x8b, 0], "body is not gzip: unexpected end of file", 400),
            (gzip(b""), "body is empty", 400),
            (gzip(&vec![b' '; 64 * 1024 * 1024 + 1]), "body is larger than 67108864 bytes when unpacked", 413),
        ] {
            let error = read(&bytes).unwrap_err();
            assert_eq!((error.to_string().as_str(), error.status()), (message, status));
        }
        assert!(matches!(read(&[0x92, 0x01]), Err(BodyError::Msgpack(_))));
    }

    #[test]
    fn bodies_whose_values_take_too_much_memory_are_refused() {
        let objects = format!("[{}1]", r#"{"a":0},"#.repeat(1_000_000));
        let nulls = [&[0xdd, 0, 0x80, 0, 0][..], &vec![0xc0; 8 << 20]].concat();
        for bytes in [gzip(objects.as_bytes()), objects.into_bytes(), nulls] {
            assert!(matches!(read(&bytes), Err(BodyError::TooManyValues)));
        }
    }
}
