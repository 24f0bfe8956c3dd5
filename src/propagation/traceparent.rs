//! The span in the APM trace, in W3C's header: `00-<32 hex>-<16 hex>-<2 hex>`.

use llmobs_model::{ApmContext, SpanId, TraceId};

/// Parses the header; `None` if it is invalid, for example with a zero id or the version `ff`.
pub(super) fn parse(text: &str) -> Option<ApmContext> {
    let mut parts = text.split('-');
    let (version, trace_id, span_id) = (parts.next()?, parts.next()?, parts.next()?);
    let (flags, more) = (parts.next()?, parts.next());
    // Later versions may add parts, this one may not.
    if version == "ff" || (version == "00" && more.is_some()) || hex(version, 2).is_none() {
        return None;
    }
    let trace_id = hex(trace_id, 32).filter(|id| *id != 0)?;
    let span_id = hex(span_id, 16).and_then(|id| u64::try_from(id).ok()).and_then(SpanId::new)?;
    let is_sampled = hex(flags, 2)? & 1 == 1;
    let mut apm = ApmContext::new(TraceId::new(trace_id));
    apm.span_id = Some(span_id);
    apm.sampling_priority = Some(i8::from(is_sampled));
    Some(apm)
}

pub(super) fn format(trace_id: u128, span_id: SpanId, is_sampled: bool) -> String {
    format!("00-{trace_id:032x}-{:016x}-{:02x}", span_id.as_u64(), u8::from(is_sampled))
}

/// Parses a number of exactly `digits` hex digits.
pub(super) fn hex(text: &str, digits: usize) -> Option<u128> {
    let is_hex = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex.then(|| u128::from_str_radix(text, 16).ok()).flatten()
}

/// The length of this version, with room for later ones.
pub(super) const MAX_BYTES: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_valid_headers_are_parsed() {
        let good = "00-6b00661400000000c40f6432bd13b069-ee899e20bc4de97f-01";
        let apm = parse(good).unwrap();
        let (trace_id, span_id) = (apm.trace_id.as_u128().unwrap(), apm.span_id.unwrap());
        assert_eq!(format(trace_id, span_id, apm.sampling_priority == Some(1)), good);
        assert!(parse(&good.replace("00-6", "01-6").replace("-01", "-01-later")).is_some());
        for bad in [
            "",
            "00",
            &good.replace("00-6", "ff-6"),
            &good.replace("-01", "-01-x"),
            &good.replace("-01", ""),
            &good.replace("-01", "-zz"),
            "00-00000000000000000000000000000000-ee899e20bc4de97f-01",
            "00-6b00661400000000c40f6432bd13b069-0000000000000000-01",
            "00-6b00661400000000c40f6432bd13b06-ee899e20bc4de97f-01",
            "00-+b00661400000000c40f6432bd13b069-ee899e20bc4de97f-01",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
