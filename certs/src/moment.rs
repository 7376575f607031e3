//! UNIX milliseconds, and how people and X.509 write them.

use std::time::Duration;

use jiff::Timestamp;
use x509_cert::time::Time;

/// One minute.
pub(crate) const MINUTE_MS: i64 = 60_000;

/// One day without leap seconds, as in X.509 validity.
pub(crate) const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

/// `ms` as RFC 3339 in UTC, to the second.
pub(crate) fn text(ms: i64) -> String {
    match Timestamp::from_second(ms.div_euclid(1000)) {
        Ok(moment) => moment.to_string(),
        Err(_) => format!("UNIX time {ms} ms"),
    }
}

/// `ms` as an X.509 time, cut to the second. UTCTime until 2049, GeneralizedTime after (RFC 5280, 4.1.2.5).
pub(crate) fn x509(ms: i64) -> der::Result<Time> {
    let since_epoch = Duration::from_secs(u64::try_from(ms).unwrap_or(0) / 1000);
    Ok(Time::from(der::DateTime::from_unix_duration(since_epoch)?))
}

/// `ms` as rustls and webpki count time. Times before 1970 become 1970: no certificate is valid then.
pub(crate) fn unix(ms: i64) -> rustls_pki_types::UnixTime {
    let since_epoch = Duration::from_millis(u64::try_from(ms).unwrap_or(0));
    rustls_pki_types::UnixTime::since_unix_epoch(since_epoch)
}

/// Milliseconds of a time that rustls or webpki gave.
pub(crate) fn from_unix(time: rustls_pki_types::UnixTime) -> i64 {
    i64::try_from(time.as_secs()).unwrap_or(i64::MAX).saturating_mul(1000)
}

/// Milliseconds of a time that x509-parser read.
pub(crate) fn from_asn1(time: x509_parser::time::ASN1Time) -> i64 {
    time.timestamp().saturating_mul(1000)
}
