//! Bytes of a request to a JSON value: gzip and msgpack are found by their first bytes.
//!
//! The headers are not asked: the Java SDK sends gzip without saying so when its Agent is an old one, and
//! no JSON text begins with a byte that opens a msgpack array or map.

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;
use serde_json::Value;

use super::pack::unpack;
use super::repair::repair;

/// Reads the body of a request.
pub(super) fn read(bytes: &[u8]) -> Result<Value, BodyError> {
    if !bytes.starts_with(&GZIP) {
        return parse(bytes);
    }
    let mut plain = Vec::new();
    MultiGzDecoder::new(bytes)
        .take(MAX_PLAIN_BYTES.saturating_add(1))
        .read_to_end(&mut plain)
        .map_err(BodyError::Gzip)?;
    if u64::try_from(plain.len()).is_ok_and(|length| length <= MAX_PLAIN_BYTES) {
        return parse(&plain);
    }
    Err(BodyError::TooLarge)
}

/// Why a body could not be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum BodyError {
    #[error("body is empty")]
    Empty,
    #[error("body is not gzip: {0}")]
    Gzip(#[source] io::Error),
    #[error("body is larger than {MAX_PLAIN_BYTES} bytes when unpacked")]
    TooLarge,
    #[error("body is not JSON: {0}")]
    Json(#[source] serde_json::Error),
    #[error("body is not msgpack: {0}")]
    Msgpack(#[source] rmp_serde::decode::Error),
}

fn parse(bytes: &[u8]) -> Result<Value, BodyError> {
    match bytes.first() {
        None => Err(BodyError::Empty),
        Some(0x80..=0xff) => unpack(bytes).map_err(BodyError::Msgpack),
        Some(_) => {
            serde_json::from_slice(bytes).or_else(|_| serde_json::from_str(&repair(bytes))).map_err(BodyError::Json)
        }
    }
}

const GZIP: [u8; 2] = [0x1f, 0x8b];

/// What a packed body may unpack to; ten bytes can become a gigabyte.
const MAX_PLAIN_BYTES: u64 = 64 * 1024 * 1024;

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
    fn floats_that_are_no_number_are_null() {
        for text in [r#"[{"a": NaN}, -Infinity, "NaN"]"#, r#"[{"a": null}, Infinity, "NaN"]"#] {
            assert_eq!(read(text.as_bytes()).unwrap(), json!([{"a": null}, null, "NaN"]));
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (bytes, said) in [
            (Vec::new(), "body is empty"),
            (b"[1,".to_vec(), "body is not JSON: EOF while parsing a value at line 1 column 3"),
            (vec![0x1f, 0x8b, 0], "body is not gzip: unexpected end of file"),
            (gzip(b""), "body is empty"),
            (gzip(&vec![b' '; 64 * 1024 * 1024 + 1]), "body is larger than 67108864 bytes when unpacked"),
        ] {
            assert_eq!(read(&bytes).unwrap_err().to_string(), said);
        }
        assert!(matches!(read(&[0x92, 0x01]), Err(BodyError::Msgpack(_))));
    }
}
