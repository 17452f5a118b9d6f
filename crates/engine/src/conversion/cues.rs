//! Words that say how a turn is meant, and the numbers it names.

/// Words that leave a way out.
const HEDGES: [&str; 12] = [
    "maybe", "perhaps", "possibly", "probably", "might", "guess", "think", "unsure", "dunno", "depends",
    "somewhat", "later",
];
/// Words of courtesy.
const COURTESY: [&str; 7] = ["please", "thank", "thanks", "appreciate", "sorry", "welcome", "kindly"];
/// Words with which people bind themselves.
const COMMITMENTS: [&str; 20] = [
    "deal",
    "agreed",
    "agree",
    "accept",
    "sold",
    "buy",
    "take",
    "donate",
    "will",
    "give",
    "purchase",
    "order",
    "sign",
    "yes",
    "sure",
    "absolutely",
    "definitely",
    "ok",
    "okay",
    "works",
];
/// Words of refusal.
const REFUSALS: [&str; 17] = [
    "no",
    "not",
    "never",
    "can't",
    "cant",
    "cannot",
    "won't",
    "wont",
    "don't",
    "dont",
    "unfortunately",
    "sorry",
    "but",
    "however",
    "nothing",
    "wouldn't",
    "wouldnt",
];
/// The commonest words of English, by which it is known.
const ENGLISH: [&str; 32] = [
    "the", "a", "an", "and", "or", "of", "to", "in", "is", "it", "you", "i", "that", "for", "on", "are",
    "with", "this", "be", "have", "we", "do", "can", "my", "your", "what", "how", "not", "would", "so", "if",
    "me",
];

/// How a turn is meant, by its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(clippy::struct_excessive_bools)] // Each is a fact of its own, not a state.
pub(super) struct Cues {
    pub question: bool,
    pub exclamation: bool,
    pub hedge: bool,
    pub courtesy: bool,
    pub commitment: bool,
    pub refusal: bool,
}

impl Cues {
    /// Number of cues.
    pub(super) const COUNT: usize = 6;

    /// Reads the cues of a turn from its lower-case tokens.
    pub(super) fn of(tokens: &[String]) -> Self {
        let any = |words: &[&str]| tokens.iter().any(|t| words.contains(&t.as_str()));
        Self {
            question: any(&["?"]),
            exclamation: any(&["!"]),
            hedge: any(&HEDGES),
            courtesy: any(&COURTESY),
            commitment: any(&COMMITMENTS),
            refusal: any(&REFUSALS),
        }
    }

    /// The cues as numbers, 0 or 1.
    pub(super) fn values(self) -> [f32; Self::COUNT] {
        [self.question, self.exclamation, self.hedge, self.courtesy, self.commitment, self.refusal]
            .map(|b| f32::from(u8::from(b)))
    }
}

/// How many of the tokens are among the commonest words of English.
pub(super) fn english_words(tokens: &[String]) -> usize {
    tokens.iter().filter(|t| ENGLISH.contains(&t.as_str())).count()
}

/// The numbers that a text names, as they are written: `$1,200`, `2.5k`, `80`. A number inside a word
/// (`mp3`) is none.
pub(super) fn numbers(text: &str) -> Vec<f32> {
    let chars: Vec<char> = text.chars().collect();
    let digit = |i: usize| chars.get(i).is_some_and(char::is_ascii_digit);
    let mut found = Vec::new();
    let mut i = 0;
    while i < chars.len() {
        if !digit(i) || i > 0 && chars[i - 1].is_alphabetic() {
            i += 1;
            continue;
        }
        let mut written = String::new();
        let start = i;
        loop {
            if digit(i) {
                written.push(chars[i]);
            } else if chars.get(i) == Some(&',')
                && digit(i + 1)
                && digit(i + 2)
                && digit(i + 3)
                && !digit(i + 4)
            {
                // A comma between thousands.
            } else if chars.get(i) == Some(&'.') && digit(i + 1) && !written.contains('.') {
                written.push('.');
            } else {
                break;
            }
            i += 1;
        }
        let thousands =
            matches!(chars.get(i), Some('k' | 'K')) && !chars.get(i + 1).is_some_and(|c| c.is_alphanumeric());
        // More digits than an amount has are a telephone number or an account.
        if i - start <= 12
            && let Ok(number) = written.parse::<f32>()
        {
            found.push(if thousands { number * 1000.0 } else { number });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lexical::tokens;

    #[test]
    fn numbers_are_read_as_people_write_them() {
        assert_eq!(numbers("$1,200 or 2.5k, not 80. Or 3,50"), [1200.0, 2500.0, 80.0, 3.0, 50.0]);
        assert_eq!(numbers("an mp3 at 7pm"), [7.0]);
        assert!(numbers("call 5551234567890123 maybe").is_empty());
        assert!(numbers("").is_empty());
    }

    #[test]
    fn cues_are_whole_words() {
        let cues = Cues::of(&tokens("Maybe, but thanks!"));
        assert!(cues.hedge && cues.refusal && cues.courtesy && cues.exclamation);
        assert!(!cues.question && !cues.commitment);
        assert_eq!(Cues::of(&tokens("dealer, notion")), Cues::default());
    }

    #[test]
    fn english_is_known_by_its_small_words() {
        assert_eq!(english_words(&tokens("what is the price of it")), 5);
        assert_eq!(english_words(&tokens("wie viel kostet das")), 0);
    }
}
