//! Conversions between numbers, in one place so that each says what happens at its bounds.

/// Returns an unsigned number as the database stores it; larger ones become the largest.
pub(crate) fn stored(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Returns a length as the database stores it.
pub(crate) fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Returns a number as a coordinate or a share. Above 2^53 the nearest one.
#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "a pixel is coarser than the rounding")]
pub(crate) const fn float(number: i64) -> f64 {
    number as f64
}

/// Returns the nearest whole number; NaN becomes 0, and what is out of range the nearest bound.
#[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "`as` saturates, which is what is wanted")]
pub(crate) fn whole(number: f64) -> i64 {
    number.round() as i64
}

/// Returns `part` of `all` in percent; 0 when there is nothing.
pub(crate) fn percent(part: i64, all: i64) -> f64 {
    if all <= 0 { 0.0 } else { float(part) * 100.0 / float(all) }
}
