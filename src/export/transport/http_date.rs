//! The date of HTTP, `Sun, 06 Nov 1994 08:49:37 GMT`, which is the only form that may be sent.

use std::time::Duration;

/// The time since 1970 at a date.
///
/// Source: RFC 9110, section 5.6.7.
pub(super) fn unix_time(text: &str) -> Option<Duration> {
    let (_, date) = text.split_once(", ")?;
    let mut parts = date.split(' ');
    let mut next = || parts.next();
    let (day, month, year, time) = (number(next()?)?, next()?, number(next()?)?, next()?);
    if next()? != "GMT" || !(1..=31).contains(&day) || !(1970..=9999).contains(&year) {
        return None;
    }
    let month = u64::try_from(MONTHS.into_iter().position(|name| name == month)?).ok()?;
    let mut units = time.split(':').map(number);
    let mut next = || units.next().flatten();
    let (hours, minutes, seconds) = (next()?, next()?, next()?);
    if hours > 23 || minutes > 59 || seconds > 60 {
        return None;
    }
    let day = days(year, month)?.checked_add(day)?.checked_sub(1)?;
    let hours = day.checked_mul(24)?.checked_add(hours)?;
    let minutes = hours.checked_mul(60)?.checked_add(minutes)?;
    Some(Duration::from_secs(minutes.checked_mul(60)?.checked_add(seconds)?))
}

/// Days from 1970 to the first of a month (from 0). Years are counted from March, so that a leap day is the last.
fn days(year: u64, month: u64) -> Option<u64> {
    let (year, month) =
        if month < 2 { (year.checked_sub(1)?, month.checked_add(10)?) } else { (year, month.checked_sub(2)?) };
    let leap_days = (year / 4).checked_sub(year / 100)?.checked_add(year / 400)?;
    let in_year = month.checked_mul(153)?.checked_add(2)? / 5;
    year.checked_mul(365)?.checked_add(leap_days)?.checked_add(in_year)?.checked_sub(DAYS_TO_1970)
}

fn number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
/// From the first of March of the year 0 to the first of January of 1970.
const DAYS_TO_1970: u64 = 719_468;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_a_number_of_seconds() {
        let table = [
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(784_111_777)),
            ("Tue, 29 Feb 2000 23:59:59 GMT", Some(951_868_799)),
            ("Mon, 01 Mar 2100 00:00:00 GMT", Some(4_107_542_400)),
            ("Fri, 31 Dec 9999 23:59:59 GMT", Some(253_402_300_799)),
            ("Sun, 06 Nov 1994 08:49:37 CET", None),
            ("Sun, 06 Nov 1994 24:00:00 GMT", None),
            ("Sun, 06 Nov 1994 08:60:37 GMT", None),
            ("Sun, 06 Nov 1994 08:49:60 GMT", Some(784_111_800)),
            ("Sun, 06 Nov 1994 08:49:61 GMT", None),
            ("Sun, 32 Nov 1994 08:49:37 GMT", None),
            ("Sun, 06 nov 1994 08:49:37 GMT", None),
            ("Sun, 06 Nov 1994 -8:49:37 GMT", None),
            ("Sunday, 06-Nov-94 08:49:37 GMT", None),
            ("", None),
        ];
        for (text, expected) in table {
            assert_eq!(unix_time(text).map(|time| time.as_secs()), expected, "{text}");
        }
    }
}
