//! Moments: on the command line (`30d`, `30天`, `2026-12-31`, `2026-12-31T12:00:00+08:00`) and for people to read, in
//! their time zone.

use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};

use super::{exit::Fault, words::msg};

/// UNIX milliseconds of the last moment that `text` stands for, which must lie after `now_ms`. A bare date means its
/// whole day in `zone`.
pub(crate) fn until(text: &str, now_ms: i64, zone: &TimeZone) -> Result<i64, Fault> {
    let at = span(text, now_ms).or_else(|| moment(text)).or_else(|| day_end(text, zone));
    match at.ok_or_else(|| Fault::input(msg("no-time").with("text", text)))? {
        at if at > now_ms => Ok(at),
        _ => Err(Fault::input(msg("time-passed").with("text", text))),
    }
}

/// UNIX milliseconds of the first moment of `text`, in the past: `7d` is seven days ago, a bare date its beginning.
pub(crate) fn since(text: &str, now_ms: i64, zone: &TimeZone) -> Result<i64, Fault> {
    let at = ago(text, now_ms).or_else(|| moment(text)).or_else(|| day_start(text, zone));
    at.ok_or_else(|| Fault::input(msg("no-time").with("text", text)))
}

/// UNIX milliseconds of the last moment of `text`, in the past: `7d` is seven days ago, a bare date its end.
pub(crate) fn up_to(text: &str, now_ms: i64, zone: &TimeZone) -> Result<i64, Fault> {
    let at = ago(text, now_ms).or_else(|| moment(text)).or_else(|| day_end(text, zone));
    at.ok_or_else(|| Fault::input(msg("no-time").with("text", text)))
}

/// A moment for people: `2026-11-21T18:00:00+08:00`, and `Z` for no offset. What no calendar has is shown as its number.
pub(crate) fn shown(ms: i64, zone: &TimeZone) -> String {
    let Ok(at) = Timestamp::from_millisecond(ms) else { return ms.to_string() };
    let at = at.to_zoned(zone.clone());
    let form = if at.offset().is_zero() { "%Y-%m-%dT%H:%M:%SZ" } else { "%Y-%m-%dT%H:%M:%S%:z" };
    at.strftime(form).to_string()
}

fn span(text: &str, now_ms: i64) -> Option<i64> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(digits)?;
    let number: i64 = number.parse().ok()?;
    let hours = match unit.trim() {
        "d" | "天" | "日" => number.checked_mul(24)?,
        "h" | "小时" => number,
        _ => return None,
    };
    now_ms.checked_add(hours.checked_mul(3_600_000)?)
}

fn ago(text: &str, now_ms: i64) -> Option<i64> {
    span(text, 0).and_then(|span| now_ms.checked_sub(span))
}

fn day(text: &str) -> Option<Date> {
    text.parse::<Date>().ok().or_else(|| Date::strptime("%Y年%m月%d日", text).ok())
}

fn day_start(text: &str, zone: &TimeZone) -> Option<i64> {
    Some(day(text)?.to_zoned(zone.clone()).ok()?.timestamp().as_millisecond())
}

fn day_end(text: &str, zone: &TimeZone) -> Option<i64> {
    let next = day(text)?.tomorrow().ok()?.to_zoned(zone.clone()).ok()?;
    next.timestamp().checked_sub(SignedDuration::from_millis(1)).ok().map(|t| t.as_millisecond())
}

fn moment(text: &str) -> Option<i64> {
    text.parse::<Timestamp>().ok().map(|t| t.as_millisecond())
}

#[cfg(test)]
mod tests {
    use jiff::tz::offset;

    use super::*;

    /// 2026-11-21T00:00:00Z
    const NOW: i64 = 1_795_219_200_000;

    fn utc(text: &str) -> Result<i64, Fault> {
        until(text, NOW, &TimeZone::UTC)
    }

    #[test]
    fn spans_dates_and_moments_are_understood() {
        let day = 86_400_000;
        for thirty in ["30d", "30天", "30 天", "30日"] {
            assert_eq!(utc(thirty).unwrap(), NOW + 30 * day, "{thirty}");
        }
        for twelve in ["12h", "12小时"] {
            assert_eq!(utc(twelve).unwrap(), NOW + day / 2, "{twelve}");
        }
        assert_eq!(utc("2026-11-21").unwrap(), NOW + day - 1);
        assert_eq!(utc("2026年11月21日").unwrap(), NOW + day - 1);
        assert_eq!(utc("2026-11-22T08:00:00+08:00").unwrap(), NOW + day);
    }

    #[test]
    fn a_date_ends_with_the_local_day_and_moments_are_shown_there() {
        let beijing = TimeZone::fixed(offset(8));
        let end = until("2026-12-31", NOW, &beijing).unwrap();
        assert_eq!(shown(end, &beijing), "2026-12-31T23:59:59+08:00");
        assert_eq!(shown(end, &TimeZone::UTC), "2026-12-31T15:59:59Z");
        assert_eq!(shown(i64::MAX, &beijing), i64::MAX.to_string());
    }

    #[test]
    fn nonsense_and_the_past_are_refused() {
        for text in [
            "",
            "d",
            "-1d",
            "soon",
            "30",
            "0h",
            "2026-11-20",
            "2026-13-01",
            "9999999999999999d",
            "中d",
            "天",
            "3周",
        ] {
            assert!(utc(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_past_is_counted_back_and_a_date_has_two_ends() {
        let day = 86_400_000;
        let (first, last) =
            (|text| since(text, NOW, &TimeZone::UTC), |text| up_to(text, NOW, &TimeZone::UTC));
        assert_eq!(first("7d").unwrap(), NOW - 7 * day);
        assert_eq!(last("12小时").unwrap(), NOW - day / 2);
        assert_eq!(first("2026-11-20").unwrap(), NOW - day);
        assert_eq!(last("2026-11-20").unwrap(), NOW - 1);
        assert_eq!(first("2026-11-20T00:00:00Z").unwrap(), NOW - day);
        assert!(first("soon").is_err() && last("9999999999999999d").is_err());
    }
}
