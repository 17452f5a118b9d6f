//! Times of many kinds to RFC 3339.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::rfc3339::is_rfc3339;

/// RFC 3339 from RFC 3339, seconds since 1970, or `2026-01-31 09:30:00`, which is taken as UTC.
pub fn read_time(text: &str) -> Option<String> {
    let text = text.trim();
    if is_rfc3339(text) {
        return Some(text.to_owned());
    }
    if let Ok(seconds) = text.parse::<f64>() {
        // Beyond this, milliseconds are lost to rounding and no chat was ever sent.
        if !(seconds.is_finite() && seconds.abs() < 1e11) {
            return None;
        }
        let time = Timestamp::from_millisecond((seconds * 1000.0).round() as i64).ok()?;
        return Some(time.to_string()).filter(|t| is_rfc3339(t));
    }
    let time: DateTime = text.parse().ok()?;
    let time = time.to_zoned(TimeZone::UTC).ok()?.timestamp();
    Some(time.to_string()).filter(|t| is_rfc3339(t))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_usual_kinds() {
        let expected = Some("2024-06-12T21:15:36.054Z".to_owned());
        assert_eq!(read_time("1718226936.0540826"), expected);
        assert_eq!(read_time(" 2024-06-12T21:15:36.054Z"), expected);
        assert_eq!(read_time("2024-06-12 21:15:36.054"), expected);
        for bad in ["", "soon", "1e300", "NaN", "-99999999999999", "-99999999999"] {
            assert_eq!(read_time(bad), None, "{bad}");
        }
    }
}
