//! Probabilities over a label set.

use std::marker::PhantomData;

use rapport_conversation::Label;
use rapport_inference::argmax;
use serde::ser::{Serialize, SerializeMap, Serializer};

/// One probability for each label of `L`, in class order; written as an object of titles to numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Probabilities<L> {
    values: Vec<f32>,
    label: PhantomData<L>,
}

impl<L: Label> Probabilities<L> {
    /// From values in class order; missing ones count as zero, surplus ones are cut off.
    pub fn new(mut values: Vec<f32>) -> Self {
        values.resize(L::ALL.len(), 0.0);
        Self { values, label: PhantomData }
    }

    /// The values in class order.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// The probability of one label.
    pub fn of(&self, label: L) -> f32 {
        self.values[label.index()]
    }

    /// The most probable label.
    pub fn top(&self) -> L {
        L::ALL[argmax(&self.values)]
    }
}

impl<L: Label> Serialize for Probabilities<L> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.values.len()))?;
        for (label, value) in L::ALL.iter().zip(&self.values) {
            map.serialize_entry(label.title(), value)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use rapport_conversation::Sentiment;

    use super::*;

    #[test]
    fn writes_titles_in_class_order() {
        let p = Probabilities::<Sentiment>::new(vec![0.25, 0.25, 0.5]);
        let json = serde_json::to_string(&p).unwrap();
        assert_eq!(json, r#"{"Negative":0.25,"Neutral":0.25,"Positive":0.5}"#);
        assert_eq!(p.top(), Sentiment::Positive);
        assert_eq!(p.of(Sentiment::Negative), 0.25);
    }
}
