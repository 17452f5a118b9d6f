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

#[cfg(test)]
mod tests {
    use super::*;

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
