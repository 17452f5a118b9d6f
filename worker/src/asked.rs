//! What a request asks: a question, and the conversation or conversations in its body.

use rapport_conversation::{
    Conversation, ConversionEntry, ConversionQuestion, ConversionRequest, HistoryError, parse_conversion,
    parse_history,
};

use crate::route::Question;

/// A question that can be put to the model.
#[derive(Debug)]
pub(crate) enum Asked {
    /// What the models of the next turn and of signals answer.
    About(Question, Conversation),
    /// Whether one conversation converts.
    Conversion(ConversionRequest),
    /// The same of several, each answered or refused by itself.
    Conversions(Vec<ConversionEntry>),
}

impl Asked {
    /// Reads a conversation about which `question` is asked.
    ///
    /// # Errors
    /// When the body is not JSON, has a wrong field, or is too large.
    pub(crate) fn about(question: Question, body: &[u8]) -> Result<Self, HistoryError> {
        Ok(Self::About(question, parse_history(body)?))
    }

    /// Reads a conversation, or several, about whose conversion is asked.
    ///
    /// # Errors
    /// As [`Asked::about`].
    pub(crate) fn conversion(body: &[u8]) -> Result<Self, HistoryError> {
        Ok(match parse_conversion(body)? {
            ConversionQuestion::One(request) => Self::Conversion(request),
            ConversionQuestion::Many(entries) => Self::Conversions(entries),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_question_of_conversion_minds_its_fields() {
        let body = br#"{"history":[{"speaker":"User","response":"hi"}],"domain":7}"#;
        assert!(matches!(Asked::about(Question::Stage, body), Ok(Asked::About(Question::Stage, _))));
        let refused = Asked::conversion(body).map_err(|e| e.code());
        assert!(matches!(refused, Err("domain_not_text")));
    }

    #[test]
    fn a_list_is_for_conversion_alone() {
        let body = br#"{"conversations":[{"history":[{"speaker":"User","response":"hi"}]},{}]}"#;
        let Ok(Asked::Conversions(entries)) = Asked::conversion(body) else { panic!("a list") };
        assert_eq!(entries.iter().map(|e| e.request.is_ok()).collect::<Vec<_>>(), [true, false]);
        assert!(Asked::about(Question::Direction, body).is_err());
    }
}
