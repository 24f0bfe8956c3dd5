//! LLM trace ids in headers, where they are decimal; everywhere else they are hex.

use super::carrier::is_printable;
use llmobs_model::TraceId;

/// Returns the id as it is written into a header.
///
/// Decimal, as the Python and Node SDKs write it. A number that fits into 64 bits is written in hex, because readers do not
/// convert small decimal numbers.
pub(super) fn to_wire(id: &TraceId) -> String {
    match id.as_u128() {
        Some(number) if number > u128::from(u64::MAX) => number.to_string(),
        Some(_) | None => id.to_string(),
    }
}

/// Parses the id of a header; `None` if it is invalid.
///
/// Call it once for a value: 32 digits can be a decimal number first, and hex after the conversion.
///
/// Source: dd-trace-py `ddtrace/llmobs/_utils.py` `_normalize_wire_trace_id_to_hex`, dd-trace-js
/// `packages/dd-trace/src/llmobs/util.js`, August 2026.
pub(super) fn from_wire(text: &str) -> Option<TraceId> {
    if text.len() > MAX_BYTES || !is_printable(text) {
        return None;
    }
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    let is_hex = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let says_hex = is_hex && (text.starts_with('0') || !is_number);
    match text.parse::<u128>() {
        Ok(number) if is_number && !says_hex && number > u128::from(u64::MAX) => Some(TraceId::new(number)),
        Ok(_) | Err(_) => text.parse().ok(),
    }
}

/// No SDK writes longer ids.
const MAX_BYTES: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_parsed_as_by_the_other_sdks() {
        let table = [
            ("136686078985991532839173165325766493976", "66d4c80000000000a1b2c3d4e5f60718"),
            ("66d4c80000000000a1b2c3d4e5f60718", "66d4c80000000000a1b2c3d4e5f60718"),
            ("12345", "12345"),
            ("00000000000000000000000000003039", "00000000000000000000000000003039"),
            ("custom-id", "custom-id"),
            ("18446744073709551615", "18446744073709551615"),
            ("18446744073709551616", "00000000000000010000000000000000"),
            ("12345678901234567890123456789012", "0000009bd30a3c645943dd1690a03a14"),
            ("340282366920938463463374607431768211456", "340282366920938463463374607431768211456"),
            ("66D4C80000000000A1B2C3D4E5F60718", "66D4C80000000000A1B2C3D4E5F60718"),
        ];
        for (wire, expected) in table {
            assert_eq!(from_wire(wire).unwrap().to_string(), expected, "{wire}");
        }
        for wire in ["", "a\nb", "grün", &"1".repeat(129)] {
            assert_eq!(from_wire(wire), None, "{wire}");
        }
    }

    #[test]
    fn a_parsed_id_survives_writing_and_parsing() {
        let own = TraceId::new(0x66d4_c800_0000_0000_a1b2_c3d4_e5f6_0718);
        assert_eq!(to_wire(&own), "136686078985991532839173165325766493976");
        for id in [own, TraceId::new(240), TraceId::new(1 << 64), "12345".parse().unwrap(), "custom".parse().unwrap()] {
            assert_eq!(from_wire(&to_wire(&id)), Some(id));
        }
    }
}
