//! Timestamps of AWS: seconds since 1970, or `2026-03-01T17:37:17.123Z`.

use serde_json::Value;

/// Nanoseconds since 1970.
pub(super) fn unix_ns(time: &Value) -> Option<u64> {
    let text = match time.as_number() {
        Some(seconds) => return seconds_ns(&seconds.to_string()),
        None => time.as_str()?,
    };
    let (date, clock) = text.strip_suffix('Z')?.split_once('T')?;
    let mut date = date.splitn(3, '-').map(number);
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let mut clock = clock.splitn(3, ':');
    let (hours, minutes, seconds) = (number(clock.next()?)?, number(clock.next()?)?, clock.next()?);
    let is_good = (1970..=2200).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    if !is_good || hours > 23 || minutes > 59 {
        return None;
    }
    let hours = days(year, month, day)?.checked_mul(24)?.checked_add(hours)?;
    let minutes = hours.checked_mul(60)?.checked_add(minutes)?;
    minutes.checked_mul(60_000_000_000)?.checked_add(seconds_ns(seconds)?)
}

/// Days since 1970. Years are counted from March, so that a leap day is the last of one.
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    const DAYS_TO_1970: u64 = 719_469;
    let (year, month) =
        if month < 3 { (year.checked_sub(1)?, month.checked_add(9)?) } else { (year, month.checked_sub(3)?) };
    let leap_days = (year / 4).checked_sub(year / 100)?.checked_add(year / 400)?;
    let in_year = (month.checked_mul(153)?.checked_add(2)? / 5).checked_add(day)?;
    year.checked_mul(365)?.checked_add(leap_days)?.checked_add(in_year)?.checked_sub(DAYS_TO_1970)
}

/// `17.5`, to the nanosecond.
fn seconds_ns(text: &str) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let part: String = part.chars().chain("000000000".chars()).take(9).collect();
    number(whole)?.checked_mul(1_000_000_000)?.checked_add(number(&part)?)
}

fn number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_time_is_a_number_of_nanoseconds() {
        for (time, expected) in [
            (json!("1970-01-01T00:00:00Z"), Some(0)),
            (json!("2000-02-29T23:59:59.5Z"), Some(951_868_799_500_000_000)),
            (json!("1994-11-06T08:49:37.000000001Z"), Some(784_111_777_000_000_001)),
            (json!(784_111_777), Some(784_111_777_000_000_000)),
            (json!(784_111_777.5), Some(784_111_777_500_000_000)),
            (json!("1994-13-06T08:49:37Z"), None),
            (json!("1994-11-06 08:49:37Z"), None),
            (json!("1994-11-06T24:49:37Z"), None),
            (json!("T:Z"), None),
            (json!(-1), None),
            (json!(1e300), None),
            (json!(null), None),
        ] {
            assert_eq!(unix_ns(&time), expected, "{time}");
        }
    }
}
