//! Points in time, as RFC 3339 in files and Unix seconds in comparisons.
//!
//! A date library would be larger than the rest of this crate in the wasm module; the calendar arithmetic
//! needed here is a few lines (Hinnant, "chrono-Compatible Low-Level Date Algorithms") and is tested against one.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::RegistryError;
use crate::hash::excerpt;

/// Seconds since 1970-01-01T00:00:00Z, between the years 0000 and 9999. Read from RFC 3339 with any offset
/// (fractions of a second are dropped), written in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Timestamp(i64);

impl Timestamp {
    /// 0000-01-01T00:00:00Z.
    pub const MIN: Self = Self(-62_167_219_200);
    /// 9999-12-31T23:59:59Z.
    pub const MAX: Self = Self(253_402_300_799);

    /// From Unix seconds; what lies outside [`Timestamp::MIN`] to [`Timestamp::MAX`] becomes the nearer of them.
    pub fn from_unix(seconds: i64) -> Self {
        Self(seconds).clamp(Self::MIN, Self::MAX)
    }

    /// Unix seconds.
    pub fn unix(self) -> i64 {
        self.0
    }

    /// This time plus `seconds`, kept in range.
    #[must_use]
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self::from_unix(self.0.saturating_add(seconds))
    }
}

impl FromStr for Timestamp {
    type Err = RegistryError;

    fn from_str(text: &str) -> Result<Self, RegistryError> {
        parse(text).ok_or_else(|| RegistryError::MalformedTimestamp { value: excerpt(text) })
    }
}

impl TryFrom<String> for Timestamp {
    type Error = RegistryError;

    fn try_from(text: String) -> Result<Self, RegistryError> {
        text.parse()
    }
}

impl From<Timestamp> for String {
    fn from(timestamp: Timestamp) -> Self {
        timestamp.to_string()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, second) = (self.0.div_euclid(86_400), self.0.rem_euclid(86_400));
        let (year, month, day) = civil_from_days(days);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

/// `YYYY-MM-DDThh:mm:ss[.fraction](Z|±hh:mm)`; `None` when it is anything else. A leap second counts as the
/// second before it.
fn parse(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    let digits = |from: usize, count: usize| -> Option<i64> {
        bytes
            .get(from..from + count)?
            .iter()
            .try_fold(0, |value, b| b.is_ascii_digit().then(|| value * 10 + i64::from(b - b'0')))
    };
    let is = |at: usize, allowed: &[u8]| bytes.get(at).is_some_and(|b| allowed.contains(b));
    if !(is(4, b"-") && is(7, b"-") && is(10, b"Tt") && is(13, b":") && is(16, b":")) {
        return None;
    }
    let (year, month, day) = (digits(0, 4)?, digits(5, 2)?, digits(8, 2)?);
    let (hour, minute, second) = (digits(11, 2)?, digits(14, 2)?, digits(17, 2)?);
    if !(1..=12).contains(&month) || !(1..=days_in_month(year, month)).contains(&day) {
        return None;
    }
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let mut at = 19;
    if is(at, b".") {
        let fraction = bytes[at + 1..].iter().take_while(|b| b.is_ascii_digit()).count();
        if fraction == 0 {
            return None;
        }
        at += 1 + fraction;
    }
    let offset = if is(at, b"Zz") {
        at += 1;
        0
    } else if is(at, b"+-") && is(at + 3, b":") {
        let (hours, minutes) = (digits(at + 1, 2)?, digits(at + 4, 2)?);
        if hours > 23 || minutes > 59 {
            return None;
        }
        let sign = if bytes[at] == b'-' { -1 } else { 1 };
        at += 6;
        sign * (hours * 3600 + minutes * 60)
    } else {
        return None;
    };
    if at != bytes.len() {
        return None;
    }
    let seconds =
        days_from_civil(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second.min(59) - offset;
    Some(Timestamp(seconds)).filter(|t| (Timestamp::MIN..=Timestamp::MAX).contains(t))
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 of a date in the proleptic Gregorian calendar.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Year, month and day of a number of days since 1970-01-01.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_offsets_and_fractions() {
        for (text, unix) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2026-11-20T05:39:42Z", 1_795_153_182),
            ("2026-11-20T06:39:42.123456+01:00", 1_795_153_182),
            ("2026-11-19t23:39:42-06:00", 1_795_153_182),
            ("2016-12-31T23:59:60Z", 1_483_228_799),
        ] {
            assert_eq!(text.parse::<Timestamp>().unwrap().unix(), unix, "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_time() {
        for text in [
            "",
            "2026",
            "2026-11-20",
            "2026-11-20T05:39:42",
            "2026-11-20 05:39:42Z",
            "2026-13-01T00:00:00Z",
            "2025-02-29T00:00:00Z",
            "2026-11-20T24:00:00Z",
            "2026-11-20T05:39:42.Z",
            "2026-11-20T05:39:42Z ",
            "2026-11-20T05:39:42+1:00",
            "0000-01-01T00:00:00+00:01",
            "é026-11-20T05:39:42Z",
        ] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn agrees_with_jiff(seconds in Timestamp::MIN.unix()..=Timestamp::MAX.unix() - 86_400) {
            let expected = jiff::Timestamp::from_second(seconds).unwrap().to_string();
            prop_assert_eq!(Timestamp::from_unix(seconds).to_string(), expected.clone());
            prop_assert_eq!(expected.parse::<Timestamp>().unwrap().unix(), seconds);
        }

        #[test]
        fn whatever_parses_agrees_with_jiff(
            text in "[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?(Z|[+-][01][0-9]:[0-5][0-9])"
        ) {
            if let Ok(ours) = text.parse::<Timestamp>() {
                let theirs: jiff::Timestamp = text.parse().unwrap();
                // Fractions are dropped towards the past; jiff rounds its whole seconds towards zero.
                prop_assert_eq!(ours.unix(), theirs.as_nanosecond().div_euclid(1_000_000_000) as i64);
            }
        }

        #[test]
        fn never_panics(text in "\\PC{0,40}") {
            let _ = text.parse::<Timestamp>();
        }
    }
}
