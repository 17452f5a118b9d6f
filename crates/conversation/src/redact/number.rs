//! Numbers that belong to a person: payment cards, bank accounts, telephones.

use super::{PersonalData, Span};

/// Lengths of IBANs by country (ISO 13616). Other countries pass with any length from 15 to 34.
const IBAN_LENGTHS: [(&str, usize); 36] = [
    ("AE", 23),
    ("AT", 20),
    ("BE", 16),
    ("BG", 22),
    ("CH", 21),
    ("CY", 28),
    ("CZ", 24),
    ("DE", 22),
    ("DK", 18),
    ("EE", 20),
    ("ES", 24),
    ("FI", 18),
    ("FR", 27),
    ("GB", 22),
    ("GR", 27),
    ("HR", 21),
    ("HU", 28),
    ("IE", 22),
    ("IL", 23),
    ("IS", 26),
    ("IT", 27),
    ("LI", 21),
    ("LT", 20),
    ("LU", 20),
    ("LV", 21),
    ("MC", 27),
    ("MT", 31),
    ("NL", 18),
    ("NO", 15),
    ("PL", 28),
    ("PT", 25),
    ("RO", 24),
    ("SA", 24),
    ("SE", 24),
    ("SI", 19),
    ("TR", 26),
];

/// A run of digits in a text.
#[derive(Debug, Clone, Copy)]
struct Group {
    start: usize,
    end: usize,
}

impl Group {
    fn len(self) -> usize {
        self.end - self.start
    }
}

/// The runs of ASCII digits.
fn groups(text: &str) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (at, _) in text.bytes().enumerate().filter(|(_, b)| b.is_ascii_digit()) {
        match groups.last_mut() {
            Some(group) if group.end == at => group.end += 1,
            _ => groups.push(Group { start: at, end: at + 1 }),
        }
    }
    groups
}

/// True when no letter, digit or underscore touches the span.
fn stands_alone(text: &str, start: usize, end: usize) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    !text[..start].ends_with(word) && !text[end..].starts_with(word)
}

/// The digits of a span.
fn digits(text: &str, start: usize, end: usize) -> Vec<u8> {
    text.as_bytes()[start..end].iter().filter(|b| b.is_ascii_digit()).map(|b| b - b'0').collect()
}

/// The number of groups from `first` on that are joined by one of `separators`, at most `most`.
fn joined(text: &str, groups: &[Group], first: usize, separators: &[&str], most: usize) -> usize {
    let pairs = groups[first..].windows(2).take(most - 1);
    1 + pairs.take_while(|pair| separators.contains(&&text[pair[0].end..pair[1].start])).count()
}

/// Card numbers: 13 to 19 digits, perhaps in groups, with a right Luhn check digit.
pub(super) fn cards(text: &str) -> Vec<Span> {
    let groups = groups(text);
    let mut spans = Vec::new();
    for first in 0..groups.len() {
        let most = joined(text, &groups, first, &[" ", "-"], 19);
        for count in (1..=most).rev() {
            let (start, end) = (groups[first].start, groups[first + count - 1].end);
            let digits = digits(text, start, end);
            if (13..=19).contains(&digits.len()) && luhn(&digits) && stands_alone(text, start, end) {
                spans.push(Span { start, end, kind: PersonalData::Card });
                break;
            }
        }
    }
    spans
}

/// The check of ISO/IEC 7812: every second digit from the right is doubled; the sum ends in 0.
fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, &digit)| match (place % 2, u32::from(digit) * 2) {
            (0, _) => u32::from(digit),
            (_, doubled) => doubled / 10 + doubled % 10,
        })
        .sum();
    sum.is_multiple_of(10) && digits.iter().any(|&d| d != digits[0])
}

/// Account numbers: country, check number, then letters and digits, perhaps in groups of four.
pub(super) fn ibans(text: &str) -> Vec<Span> {
    let bytes = text.as_bytes();
    let mut spans: Vec<Span> = Vec::new();
    for start in 0..bytes.len().saturating_sub(3) {
        let head = &bytes[start..start + 4];
        let is_head =
            head[..2].iter().all(u8::is_ascii_alphabetic) && head[2..].iter().all(u8::is_ascii_digit);
        let taken = spans.last().is_some_and(|span| start < span.end);
        let inside =
            start > 0 && text.is_char_boundary(start) && text[..start].ends_with(char::is_alphanumeric);
        if !is_head || taken || inside {
            continue;
        }
        if let Some(end) = iban_end(text, start) {
            spans.push(Span { start, end, kind: PersonalData::Iban });
        }
    }
    spans
}

fn iban_end(text: &str, start: usize) -> Option<usize> {
    let country = text[start..start + 2].to_ascii_uppercase();
    let length = IBAN_LENGTHS.iter().find(|(code, _)| *code == country).map(|&(_, length)| length);
    let mut account = String::new();
    let mut ends = Vec::new();
    for (at, c) in text[start..].char_indices() {
        if c.is_ascii_alphanumeric() {
            account.push(c.to_ascii_uppercase());
            let end = start + at + 1;
            let whole =
                (15..=34).contains(&account.len()) && length.is_none_or(|length| length == account.len());
            if whole && stands_alone(text, start, end) && modulo_97(&account) == 1 {
                ends.push(end);
            }
        } else if c != ' '
            || account.is_empty()
            || !text[start + at + 1..].starts_with(|n: char| n.is_ascii_alphanumeric())
        {
            break;
        }
        if account.len() == 34 {
            break;
        }
    }
    ends.pop()
}

/// The remainder of ISO 7064: the first four characters go to the end, letters count from A = 10.
fn modulo_97(account: &str) -> u32 {
    account[4..].chars().chain(account[..4].chars()).fold(0, |rest, c| {
        let value = c.to_digit(36).unwrap_or(0);
        (rest * if value > 9 { 100 } else { 10 } + value) % 97
    })
}

/// Telephone numbers: with `+` and 8 to 15 digits, in North American groups, or with a leading zero.
pub(super) fn phones(text: &str) -> Vec<Span> {
    const SEPARATORS: [&str; 9] = [" ", "-", ".", "/", ") ", ")", ")-", " (", " - "];
    let groups = groups(text);
    let mut spans = Vec::new();
    let mut first = 0;
    while first < groups.len() {
        let most = joined(text, &groups, first, &SEPARATORS, 7);
        let found =
            (1..=most).rev().find_map(|count| phone(text, &groups[first..first + count]).map(|s| (s, count)));
        match found {
            Some((span, count)) => {
                spans.push(span);
                first += count;
            }
            None => first += 1,
        }
    }
    spans
}

fn phone(text: &str, groups: &[Group]) -> Option<Span> {
    let (mut start, end) = (groups.first()?.start, groups.last()?.end);
    let digits = digits(text, start, end);
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    let bracket = text[..start].ends_with('(');
    start -= usize::from(bracket);
    let plus = text[..start].ends_with('+');
    start -= usize::from(plus);
    let between: Vec<&str> = groups.windows(2).map(|pair| &text[pair[0].end..pair[1].start]).collect();
    let money =
        text[..start].ends_with(['$', '€', '£', '#', '.', ',']) || text[end..].starts_with(['%', '€', '$']);
    let decimal = [",", "."].iter().any(|mark| {
        text[end..].strip_prefix(mark).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    });
    if money
        || decimal
        || !stands_alone(text, start, end)
        || is_date(&lengths)
        || (bracket && !text[start..end].contains(')'))
    {
        return None;
    }
    let north_american = match lengths.as_slice() {
        [3, 3, 4] | [10] | [3, 7] => true,
        [1, 3, 3, 4] | [11] => digits[0] == 1,
        [3, 4] => between == ["-"],
        _ => false,
    };
    let national =
        digits[0] == 0 && (9..=13).contains(&digits.len()) && between.iter().all(|mark| *mark != ".");
    let international = plus && (8..=15).contains(&digits.len());
    let fits = international || (!plus && (north_american || national));
    fits.then_some(Span { start, end, kind: PersonalData::Phone })
}

/// Groups like 2026-01-31 or 31.01.2026.
fn is_date(lengths: &[usize]) -> bool {
    matches!(lengths, [4, 1..=2, 1..=2] | [1..=2, 1..=2, 4])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, find: fn(&str) -> Vec<Span>) -> Vec<&str> {
        find(text).into_iter().map(|span| &text[span.start..span.end]).collect()
    }

    #[test]
    fn finds_cards_by_luhn() {
        assert_eq!(found("pay with 4111 1111 1111 1111 now", cards), ["4111 1111 1111 1111"]);
        assert_eq!(
            found("5500-0000-0000-0004, 378282246310005.", cards),
            ["5500-0000-0000-0004", "378282246310005"]
        );
        for none in
            ["4111 1111 1111 1112", "0000000000000000", "order 41111111111111111111", "x4111111111111111"]
        {
            assert!(cards(none).is_empty(), "{none}");
        }
    }

    #[test]
    fn finds_ibans_by_check_number() {
        assert_eq!(found("to DE89 3704 0044 0532 0130 00 please", ibans), ["DE89 3704 0044 0532 0130 00"]);
        assert_eq!(found("GB82WEST12345698765432", ibans), ["GB82WEST12345698765432"]);
        for none in ["DE89 3704 0044 0532 0130 01", "xGB82WEST12345698765432", "é12", "AB12"] {
            assert!(ibans(none).is_empty(), "{none}");
        }
    }

    #[test]
    fn finds_phones_but_no_prices_or_dates() {
        let text =
            "call +49 (0)30 901820, (415) 555-0132, 415.555.0132, 1-800-555-0199, 555-0123 or 020 7946 0958";
        let expected = [
            "+49 (0)30 901820",
            "(415) 555-0132",
            "415.555.0132",
            "1-800-555-0199",
            "555-0123",
            "020 7946 0958",
        ];
        assert_eq!(found(text, phones), expected);
        for none in [
            "$1234567890",
            "2026-01-31",
            "31.01.2026",
            "3.1415926535",
            "1,234,567",
            "12 34",
            "v1.2.3",
            "1000000",
        ] {
            assert!(phones(none).is_empty(), "{none}");
        }
    }
}
