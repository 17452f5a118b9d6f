//! Times as RFC 3339 writes them.

/// True for `2026-01-31T09:30:00Z` and its kin: the shape and the ranges, not the calendar.
pub(crate) fn is_rfc3339(text: &str) -> bool {
    let b = text.as_bytes();
    let number = |from: usize, to: usize| -> Option<u32> {
        let digits = b.get(from..to)?;
        digits
            .iter()
            .all(u8::is_ascii_digit)
            .then(|| digits.iter().fold(0, |n, d| n * 10 + u32::from(d - b'0')))
    };
    let within = |from, to, low, high| number(from, to).is_some_and(|n| (low..=high).contains(&n));
    let marks = b.get(4) == Some(&b'-')
        && b.get(7) == Some(&b'-')
        && matches!(b.get(10), Some(b'T' | b't' | b' '))
        && b.get(13) == Some(&b':')
        && b.get(16) == Some(&b':');
    if !(marks
        && number(0, 4).is_some()
        && within(5, 7, 1, 12)
        && within(8, 10, 1, 31)
        && within(11, 13, 0, 23)
        && within(14, 16, 0, 59)
        && within(17, 19, 0, 60))
    {
        return false;
    }
    let mut rest = 19;
    if b.get(rest) == Some(&b'.') {
        let digits = b[rest + 1..].iter().take_while(|d| d.is_ascii_digit()).count();
        if digits == 0 {
            return false;
        }
        rest += 1 + digits;
    }
    match &b[rest..] {
        [b'Z' | b'z'] => true,
        [b'+' | b'-', _, _, b':', _, _] => {
            within(rest + 1, rest + 3, 0, 23) && within(rest + 4, rest + 6, 0, 59)
        }
        _ => false,
    }
}

/// Seconds since 1970-01-01T00:00:00Z of an RFC 3339 time; `None` when it is none.
pub fn seconds(text: &str) -> Option<f64> {
    if !is_rfc3339(text) {
        return None;
    }
    let number = |from: usize, to: usize| -> Option<i64> { text.get(from..to)?.parse().ok() };
    // Days from the civil calendar (Hinnant): years begin in March, so that the leap day comes last.
    let (month, day) = (number(5, 7)?, number(8, 10)?);
    let year = number(0, 4)? - i64::from(month <= 2);
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = era * 146_097 + day_of_era - 719_468;
    let zone_at = text.rfind(['Z', 'z', '+', '-'])?;
    let offset = match text.as_bytes()[zone_at] {
        b'Z' | b'z' => 0,
        sign => {
            let minutes = number(zone_at + 1, zone_at + 3)? * 60 + number(zone_at + 4, zone_at + 6)?;
            if sign == b'-' { -minutes } else { minutes }
        }
    };
    let second: f64 = text.get(17..zone_at)?.parse().ok()?;
    let minutes = days * 1440 + number(11, 13)? * 60 + number(14, 16)? - offset;
    Some(minutes as f64 * 60.0 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_follow_the_calendar() {
        // As `date -u -d TIME +%s.%N` gives them.
        for (time, expected) in [
            ("1970-01-01T00:00:00Z", 0.0),
            ("2017-06-01T20:52:11.5Z", 1_496_350_331.5),
            ("2000-02-29T23:59:59+01:00", 951_865_199.0),
            ("1969-12-31 23:59:59Z", -1.0),
            ("2026-11-20T10:00:00-05:30", 1_795_188_600.0),
        ] {
            assert_eq!(seconds(time), Some(expected), "{time}");
        }
        assert_eq!(seconds("yesterday"), None);
        assert_eq!(seconds("2026-13-01T00:00:00Z"), None);
    }

    #[test]
    fn knows_rfc3339() {
        for good in ["2026-01-31T09:30:00Z", "2026-01-31 23:59:60.123-05:30"] {
            assert!(is_rfc3339(good), "{good}");
        }
        for bad in
            ["", "2026-13-01T00:00:00Z", "2026-01-31T09:30:00", "2026-01-31T09:30:00.Z", "2026-01-31", "é"]
        {
            assert!(!is_rfc3339(bad), "{bad}");
        }
    }
}
