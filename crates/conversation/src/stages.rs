//! Distributions over the funnel, told in the words of others: the prediction API's six stages, and the seven
//! stages of a sales call.

use serde::{Deserialize, Serialize};

use crate::Label;
use crate::label::labels;

labels! {
    /// The seven stages of a sales call.
    CallStage {
        /// First contact.
        InitialContact = "initial_contact", "Initial Contact";
        /// First questions about the customer.
        Discovery = "discovery", "Discovery";
        /// Questions that go deeper.
        NeedsAnalysis = "needs_analysis", "Needs Analysis";
        /// The offer is presented.
        SolutionPresentation = "solution_presentation", "Solution Presentation";
        /// An objection stands.
        ObjectionHandling = "objection_handling", "Objection Handling";
        /// The ask and the answer to it.
        Closing = "closing", "Closing";
        /// What follows the decision.
        FollowUp = "follow_up", "Follow-up", alias "Follow Up";
    }
}

/// The prediction API's stages from the funnel.
///
/// `funnel` is a distribution over [`Stage`](crate::Stage), `p_objection` the probability that an objection stands
/// now, `p_outside` that the conversation is about something else; the result is a distribution over
/// [`ApiStage`](crate::ApiStage), each in the order of its `ALL`.
///
/// | funnel | API stage |
/// |---|---|
/// | Opening | Introduction |
/// | Discovery | Information Gathering |
/// | Pitch | Product Discussion, of which `p_objection` Objection Handling |
/// | Ask, Decision | Closing/Call to Action, of which `p_objection` Objection Handling |
/// | Close | Closing/Call to Action |
///
/// Of the whole, `p_outside` becomes Other. A funnel that does not sum to 1 is scaled; one without any mass
/// counts as uniform. Probabilities are held between 0 and 1; what is not a number counts as 0.
///
/// ```
/// use rapport_conversation::{ApiStage, Label, api_stages};
/// let stages = api_stages([0.0, 0.0, 0.5, 0.25, 0.25, 0.0], 0.8, 0.0);
/// assert!((stages[ApiStage::ObjectionHandling.index()] - 0.8).abs() < 1e-6);
/// ```
pub fn api_stages(funnel: [f32; 6], p_objection: f32, p_outside: f32) -> [f32; 6] {
    let [opening, discovery, pitch, ask, decision, close] = distribution(funnel);
    let (objection, outside) = (probability(p_objection), probability(p_outside));
    let answered = (pitch + ask + decision) * objection;
    let calm = 1.0 - objection;
    let inside = 1.0 - outside;
    [
        opening * inside,
        discovery * inside,
        pitch * calm * inside,
        answered * inside,
        ((ask + decision) * calm + close) * inside,
        outside,
    ]
}

/// The seven stages of a sales call from the funnel, a distribution over [`CallStage`].
///
/// | funnel | stage of the call |
/// |---|---|
/// | Opening | Initial Contact |
/// | Discovery | Discovery, of which `needs_share` Needs Analysis |
/// | Pitch | Solution Presentation, of which `p_objection` Objection Handling |
/// | Ask, Decision | Closing, of which `p_objection` Objection Handling |
/// | Close | Follow-up |
///
/// The funnel does not part Discovery from Needs Analysis: [`needs_share`] does, by the number of questions asked.
/// Inputs are held in range as in [`api_stages`].
pub fn seven_stages(funnel: [f32; 6], p_objection: f32, needs_share: f32) -> [f32; 7] {
    let [opening, discovery, pitch, ask, decision, close] = distribution(funnel);
    let (objection, needs) = (probability(p_objection), probability(needs_share));
    let calm = 1.0 - objection;
    [
        opening,
        discovery * (1.0 - needs),
        discovery * needs,
        pitch * calm,
        (pitch + ask + decision) * objection,
        (ask + decision) * calm,
        close,
    ]
}

/// Which share of Discovery is Needs Analysis once the seller has asked `inquiries` questions: n / (n + 2).
///
/// The first question opens; the second stands half and half; from the third on the questions dig deeper.
pub fn needs_share(inquiries: usize) -> f32 {
    inquiries as f32 / (inquiries as f32 + 2.0)
}

fn probability(p: f32) -> f32 {
    if p.is_nan() { 0.0 } else { p.clamp(0.0, 1.0) }
}

fn distribution(mass: [f32; 6]) -> [f32; 6] {
    let mass = mass.map(|m| if m.is_finite() { f64::from(m.max(0.0)) } else { 0.0 });
    let sum: f64 = mass.iter().sum();
    if sum > 0.0 { mass.map(|m| (m / sum) as f32) } else { [1.0 / 6.0; 6] }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn maps_sure_stages() {
        let one = |at: usize| {
            let mut funnel = [0.0; 6];
            funnel[at] = 1.0;
            funnel
        };
        let api = |at, objection| {
            let stages = api_stages(one(at), objection, 0.0);
            (0..6).find(|&i| stages[i] > 0.99)
        };
        assert_eq!([0, 1, 2, 3, 4, 5].map(|at| api(at, 0.0)), [0, 1, 2, 4, 4, 4].map(Some));
        assert_eq!([0, 1, 2, 3, 4, 5].map(|at| api(at, 1.0)), [0, 1, 3, 3, 3, 4].map(Some));
        let seven = |at, objection, needs| {
            let stages = seven_stages(one(at), objection, needs);
            (0..7).find(|&i| stages[i] > 0.99)
        };
        assert_eq!([0, 1, 2, 3, 4, 5].map(|at| seven(at, 0.0, 0.0)), [0, 1, 3, 5, 5, 6].map(Some));
        assert_eq!([0, 1, 2, 3, 4, 5].map(|at| seven(at, 1.0, 1.0)), [0, 2, 4, 4, 4, 6].map(Some));
    }

    #[test]
    fn needs_grow_with_questions() {
        assert_eq!(needs_share(0), 0.0);
        assert!(needs_share(1) < 0.5 && needs_share(3) > 0.5 && needs_share(1000) < 1.0);
    }

    proptest! {
        #[test]
        fn sums_to_one(funnel in any::<[f32; 6]>(), objection in any::<f32>(), outside in any::<f32>()) {
            for sum in [
                api_stages(funnel, objection, outside).iter().sum::<f32>(),
                seven_stages(funnel, objection, outside).iter().sum::<f32>(),
            ] {
                prop_assert!((sum - 1.0).abs() < 1e-5, "{sum}");
            }
            prop_assert!(api_stages(funnel, objection, outside).iter().all(|p| (0.0..=1.0).contains(p)));
        }
    }
}
