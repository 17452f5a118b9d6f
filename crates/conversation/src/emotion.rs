//! Emotions, grouped from the 27 of `GoEmotions`.
//!
//! Seven groups are those of the `GoEmotions` paper (Demszky et al., ACL 2020, after Ekman): anger, disgust, fear, joy,
//! sadness, surprise, and neutral. Four single emotions of these groups stand beside them because a salesperson answers
//! them differently from the rest of their group: gratitude (of joy), disappointment (of sadness), confusion and
//! curiosity (of surprise). A text may have several.

use serde::{Deserialize, Serialize};

use crate::Label;
use crate::label::labels;

labels! {
    /// An emotion, or a group of emotions, in the words of a turn.
    Emotion {
        /// Anger, annoyance, disapproval.
        Anger = "anger", "Anger";
        /// Disgust.
        Disgust = "disgust", "Disgust";
        /// Fear, nervousness.
        Fear = "fear", "Fear";
        /// Joy, amusement, approval, excitement, gratitude, love, optimism, relief, pride, admiration, desire, caring.
        Joy = "joy", "Joy";
        /// Sadness, disappointment, embarrassment, grief, remorse.
        Sadness = "sadness", "Sadness";
        /// Surprise, realization, confusion, curiosity.
        Surprise = "surprise", "Surprise";
        /// None of the 27.
        Neutral = "neutral", "Neutral";
        /// Gratitude alone; part of joy.
        Gratitude = "gratitude", "Gratitude";
        /// Disappointment alone; part of sadness.
        Disappointment = "disappointment", "Disappointment";
        /// Confusion alone; part of surprise.
        Confusion = "confusion", "Confusion";
        /// Curiosity alone; part of surprise.
        Curiosity = "curiosity", "Curiosity";
    }
}

impl Emotion {
    /// The group of a `GoEmotions` label, by its number in the set's `labels.txt` (0 admiration to 27 neutral), then
    /// the single emotion where it stands for itself; none for other numbers.
    pub fn of_goemotions(number: u8) -> impl Iterator<Item = Self> {
        use Emotion::{
            Anger, Confusion, Curiosity, Disappointment, Disgust, Fear, Gratitude, Joy, Neutral, Sadness,
            Surprise,
        };
        let group = match number {
            2 | 3 | 10 => Some(Anger),
            11 => Some(Disgust),
            14 | 19 => Some(Fear),
            0 | 1 | 4 | 5 | 8 | 13 | 15 | 17 | 18 | 20 | 21 | 23 => Some(Joy),
            9 | 12 | 16 | 24 | 25 => Some(Sadness),
            6 | 7 | 22 | 26 => Some(Surprise),
            27 => Some(Neutral),
            _ => None,
        };
        let single = match number {
            6 => Some(Confusion),
            7 => Some(Curiosity),
            9 => Some(Disappointment),
            15 => Some(Gratitude),
            _ => None,
        };
        group.into_iter().chain(single)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_one_group_and_only_those() {
        for number in 0..28 {
            let groups = Emotion::of_goemotions(number).filter(|e| e.index() < 7).count();
            assert_eq!(groups, 1, "{number}");
        }
        assert_eq!(Emotion::of_goemotions(28).count(), 0);
        let gratitude: Vec<Emotion> = Emotion::of_goemotions(15).collect();
        assert_eq!(gratitude, [Emotion::Joy, Emotion::Gratitude]);
    }
}
