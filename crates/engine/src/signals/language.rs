//! Whether a conversation is in English, which all models and rules read.

use crate::lexical::tokens;

/// Words of English that no German, French, Spanish, Italian, Dutch or Portuguese text is full of.
const COMMON: [&str; 48] = [
    "the", "and", "of", "to", "you", "that", "it", "is", "for", "with", "have", "this", "are", "not", "we",
    "what", "can", "your", "but", "our", "they", "would", "from", "will", "how", "don't", "it's", "yes",
    "i'm", "there", "their", "if", "my", "which", "about", "just", "know", "like", "been", "has", "i", "was",
    "them", "when", "be", "at", "it'll", "us",
];
/// Words below which nothing can be told.
const ENOUGH: usize = 20;
/// Share of common words below which a text is hardly English; English talk has about two fifths.
const SHARE: f64 = 0.12;

/// False when the texts have too few of the words that every English text has; true for few words.
pub(super) fn is_english<'a>(texts: impl Iterator<Item = &'a str>) -> bool {
    let (mut words, mut common) = (0usize, 0usize);
    let (mut letters, mut latin) = (0usize, 0usize);
    for text in texts {
        for letter in text.chars().filter(|c| c.is_alphabetic()) {
            letters += 1;
            latin += usize::from(letter.is_ascii());
        }
        for token in tokens(text) {
            if token.chars().all(|c| c.is_alphabetic() || c == '\'') {
                words += 1;
                common += usize::from(COMMON.contains(&token.as_str()));
            }
        }
    }
    // Scripts that write without spaces have few words but many letters.
    let written_in_latin = letters < 2 * ENOUGH || 2 * latin > letters;
    written_in_latin && (words < ENOUGH || common as f64 >= SHARE * words as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn english_is_told_from_others() {
        let english = "We looked at the offer and I think it is too much for us. Can you tell me what the setup \
                       costs, and how long it takes until we can use it?";
        let german = "Wir haben uns das Angebot angesehen und finden es zu teuer. Können Sie mir sagen, was die \
                      Einrichtung kostet und wie lange es dauert, bis wir damit arbeiten können?";
        let french = "Nous avons regardé votre offre et nous trouvons que le prix est trop élevé. Pouvez-vous me \
                      dire combien coûte l'installation et combien de temps cela prend avant de commencer ?";
        assert!(is_english([english].into_iter()));
        assert!(!is_english([german].into_iter()));
        assert!(!is_english([french].into_iter()));
        let japanese = "こちらの見積もりを拝見しましたが、少し高いと思います。導入にはどのくらいの費用と時間がかかりますか。教えてください。";
        assert!(!is_english([japanese].into_iter()));
        assert!(is_english(["Nein, danke."].into_iter()), "too short to tell");
        assert!(is_english([""].into_iter()));
    }
}
