//! Moments on the command line: `30d`, `12h`, `2026-12-31`, `2026-12-31T12:00:00+08:00`.

use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};

use super::exit::Fault;

/// UNIX milliseconds of the last moment that `text` stands for, which must lie after `now_ms`. A bare date
/// means its whole day, in UTC.
pub(crate) fn until(text: &str, now_ms: i64) -> Result<i64, Fault> {
    let at = span(text, now_ms).or_else(|| moment(text)).or_else(|| day_end(text)).ok_or_else(|| {
        Fault::input(format!(
            "{text:?} is no time: write 30d, 12h, a date (2026-12-31, its last second, UTC) or 2026-12-31T12:00:00+08:00"
        ))
    })?;
    if at > now_ms { Ok(at) } else { Err(Fault::input(format!("{text:?} has passed already"))) }
}

fn span(text: &str, now_ms: i64) -> Option<i64> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let number: i64 = number.parse().ok()?;
    let hours = match unit {
        "d" => number.checked_mul(24)?,
        "h" => number,
        _ => return None,
    };
    now_ms.checked_add(hours.checked_mul(3_600_000)?)
}

fn day_end(text: &str) -> Option<i64> {
    let date: Date = text.parse().ok()?;
    let next = date.tomorrow().ok()?.to_zoned(TimeZone::UTC).ok()?;
    next.timestamp().checked_sub(SignedDuration::from_millis(1)).ok().map(|t| t.as_millisecond())
}

fn moment(text: &str) -> Option<i64> {
    text.parse::<Timestamp>().ok().map(|t| t.as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-21T00:00:00Z
    const NOW: i64 = 1_795_219_200_000;

    #[test]
    fn spans_dates_and_moments_are_understood() {
        let day = 86_400_000;
        assert_eq!(until("30d", NOW).unwrap(), NOW + 30 * day);
        assert_eq!(until("12h", NOW).unwrap(), NOW + day / 2);
        assert_eq!(until("2026-11-21", NOW).unwrap(), NOW + day - 1);
        assert_eq!(until("2026-11-22T08:00:00+08:00", NOW).unwrap(), NOW + day);
    }

    #[test]
    fn nonsense_and_the_past_are_refused() {
        for text in
            ["", "d", "-1d", "soon", "30", "0h", "2026-11-20", "2026-13-01", "9999999999999999d", "中d", "天"]
        {
            assert!(until(text, NOW).is_err(), "{text:?}");
        }
    }
}
