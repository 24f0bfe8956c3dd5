//! Numbers for people: three significant digits, a unit in the cell.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::number::{float, whole};

/// Returns a duration, such as `412 ms`, `9.84 s`, `3 m 4 s`.
pub(crate) fn duration(ns: i64) -> String {
    const MINUTE: i64 = 60_000_000_000;
    let ns = ns.max(0);
    if ns >= MINUTE {
        let (minutes, seconds) = (ns / MINUTE, ns % MINUTE / 1_000_000_000);
        return if minutes >= 60 {
            format!("{} h {} m", minutes / 60, minutes % 60)
        } else {
            format!("{minutes} m {seconds} s")
        };
    }
    let (value, unit) = match ns {
        1_000_000_000.. => (float(ns) / 1e9, "s"),
        1_000_000.. => (float(ns) / 1e6, "ms"),
        1_000.. => (float(ns) / 1e3, "µs"),
        0 => return "0 s".to_owned(),
        _ => return format!("{ns} ns"),
    };
    format!("{} {unit}", three(value))
}

fn three(value: f64) -> String {
    if value >= 99.95 {
        format!("{value:.0}")
    } else if value >= 9.995 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

/// Returns a count with separators, such as `15,280`.
pub(crate) fn exact(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut grouped = String::from(if number < 0 { "-" } else { "" });
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && digits.len().saturating_sub(place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Returns a count for a list, such as `5,204`, `15.3 k`, `10.8 M`.
pub(crate) fn rough(number: i64) -> String {
    match number {
        ..10_000 => exact(number),
        10_000..1_000_000 => format!("{} k", three(float(number) / 1e3)),
        _ => format!("{} M", three(float(number) / 1e6)),
    }
}

/// Returns tokens in and out; empty when neither is known.
pub(crate) fn tokens(input: Option<i64>, output: Option<i64>, show: fn(i64) -> String) -> String {
    match (input, output) {
        (Some(input), Some(output)) => format!("{} → {}", show(input), show(output)),
        (Some(input), None) => show(input),
        (None, Some(output)) => format!("→ {}", show(output)),
        (None, None) => String::new(),
    }
}

/// Returns a cost in billionths of a dollar: 4 decimals below $0.10, else 2.
pub(crate) fn cost(nanodollars: i64) -> String {
    match nanodollars {
        0 => "$0".to_owned(),
        1..100_000 => "<$0.0001".to_owned(),
        ..100_000_000 => format!("${:.4}", float(nanodollars) / 1e9),
        _ => format!("${:.2}", float(nanodollars) / 1e9),
    }
}

/// Returns a size, such as `212 MB`.
pub(crate) fn bytes(number: i64) -> String {
    match number {
        ..1_000 => format!("{number} B"),
        1_000..1_000_000 => format!("{} kB", three(float(number) / 1e3)),
        1_000_000..1_000_000_000 => format!("{} MB", three(float(number) / 1e6)),
        _ => format!("{} GB", three(float(number) / 1e9)),
    }
}

/// Returns a time in the local time zone by a format of `strftime`; empty when it is out of range.
pub(crate) fn time(ns: i64, format: &str) -> String {
    let Ok(timestamp) = Timestamp::from_nanosecond(i128::from(ns)) else { return String::new() };
    timestamp.to_zoned(TimeZone::system()).strftime(format).to_string()
}

/// Returns the time of a list row: the time of day for today, else the date with it.
pub(crate) fn list_time(ns: i64, now_ms: i64) -> String {
    let day = |ns| time(ns, "%Y-%m-%d");
    if day(ns) == day(now_ms.saturating_mul(1_000_000)) { time(ns, "%H:%M:%S") } else { time(ns, "%-d %b %H:%M") }
}

/// Returns a share of `width`, as a coordinate with two decimals.
pub(crate) fn share(part: i64, all: i64, width: f64) -> String {
    let all = float(all).max(1.0);
    format!("{:.2}", (float(part) * width / all).clamp(0.0, width))
}

/// Returns a percentage, such as `71.0 %`.
pub(crate) fn percent(part: i64, all: i64) -> String {
    let tenths = whole(crate::number::percent(part, all) * 10.0);
    format!("{}.{} %", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits_and_a_unit() {
        for (ns, shown) in [
            (0, "0 s"),
            (999, "999 ns"),
            (1_500, "1.50 µs"),
            (44_000_000, "44.0 ms"),
            (412_000_000, "412 ms"),
            (9_840_000_000, "9.84 s"),
            (41_800_000_000, "41.8 s"),
            (184_000_000_000, "3 m 4 s"),
            (7_500_000_000_000, "2 h 5 m"),
            (-5, "0 s"),
        ] {
            assert_eq!(duration(ns), shown);
        }
        assert_eq!([0, 999, 15_280, -1_234_567].map(exact), ["0", "999", "15,280", "-1,234,567"]);
        assert_eq!([9_999, 15_280, 10_800_000].map(rough), ["9,999", "15.3 k", "10.8 M"]);
        assert_eq!([0, 1, 8_100_000, 1_310_000_000].map(cost), ["$0", "<$0.0001", "$0.0081", "$1.31"]);
    }
}
