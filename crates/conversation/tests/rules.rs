//! What the rules say about lines that salespeople hear every day.

use rapport_conversation::{
    BuyingSignal, Label, ObjectionCategory, ResponseType, SellerAct, buying_signals, objections,
    response_by_rule, seller_act_by_rule,
};

#[test]
fn names_objections() {
    use ObjectionCategory::{Authority, Competitor, Need, Price, Stall, Timing, Trust};
    let cases = [
        ("That's way too expensive for us.", Price),
        ("We don't have the budget this year.", Price),
        ("I can't afford it.", Price),
        ("Now is not a good time.", Timing),
        ("Call me back next quarter.", Timing),
        ("I need to talk to my boss first.", Authority),
        ("I'm not the decision maker.", Authority),
        ("We're not interested.", Need),
        ("I don't think we need this.", Need),
        ("I've never heard of your company.", Trust),
        ("I'm skeptical, we had bad experiences.", Trust),
        ("We already work with another vendor.", Competitor),
        ("Your competitor offers it cheaper.", Competitor),
        ("Just send me an email.", Stall),
        ("I have to think about it.", Stall),
    ];
    for (text, category) in cases {
        assert!(objections(text).iter().any(|m| m.label == category), "{text}: {:?}", objections(text));
        let response = response_by_rule(text).map(|m| m.label);
        assert_eq!(response, Some(ResponseType::Objection), "{text}");
    }
}

#[test]
fn names_no_objection_where_there_is_none() {
    for text in [
        "That is not too expensive at all.",
        "Sounds good, let's do it.",
        "What does it cost?",
        "We have forty people in sales.",
        "Could you send me the contract?",
        "Great, thank you!",
        "I think about kids a lot.",
    ] {
        assert!(objections(text).is_empty(), "{text}: {:?}", objections(text));
    }
}

#[test]
fn names_buying_signals() {
    use BuyingSignal::{Commitment, Contract, Demo, Fit, NextStep, Price, Timeline, Trial};
    let cases = [
        ("Let's do it!", Commitment),
        ("We're ready to sign.", Commitment),
        ("How much is it?", Price),
        ("Can we see a demo?", Demo),
        ("Is there a free trial?", Trial),
        ("Please send the contract.", Contract),
        ("How soon can you deliver?", Timeline),
        ("What are the next steps?", NextStep),
        ("Does it integrate with our CRM?", Fit),
    ];
    for (text, signal) in cases {
        assert!(buying_signals(text).iter().any(|m| m.label == signal), "{text}: {:?}", buying_signals(text));
    }
}

#[test]
fn names_response_types() {
    use ResponseType::{Agreement, Explanation, Objection, Other, Question, Reaction};
    let cases = [
        ("Can you tell me more?", Question),
        ("what is the price", Question),
        ("That works for me.", Agreement),
        ("Sounds good, but it's too expensive.", Objection),
        ("Sounds good. How do we start?", Agreement),
        ("We currently use spreadsheets.", Explanation),
        ("Oh wow, that is really great.", Reaction),
        ("Hello", Other),
        ("Thanks!", Other),
    ];
    for (text, label) in cases {
        let response = response_by_rule(text);
        assert_eq!(response.as_ref().map(|m| m.label), Some(label), "{text}: {response:?}");
    }
    assert_eq!(response_by_rule(""), None);
}

#[test]
fn names_seller_acts() {
    use SellerAct::{Ask, Closing, Greeting, Inquiry, Pitch, Social};
    let cases = [
        ("Hello! How are you today?", Greeting),
        ("What challenges does your team face?", Inquiry),
        ("Our platform helps you save time.", Pitch),
        ("Would you like to schedule a demo?", Ask),
        ("Our plan includes support. Are you ready to sign up?", Ask),
        ("I completely understand.", Social),
        ("Goodbye, have a great day!", Closing),
    ];
    for (text, label) in cases {
        let act = seller_act_by_rule(text);
        assert_eq!(act.as_ref().map(|m| m.label), Some(label), "{text}: {act:?}");
    }
}

#[test]
fn labels_are_found_by_any_of_their_names() {
    assert_eq!(ResponseType::from_name("Information"), Some(ResponseType::Explanation));
    assert_eq!(ObjectionCategory::from_name(" price "), Some(ObjectionCategory::Price));
    assert_eq!(SellerAct::from_name("nothing"), None);
}

#[test]
fn names_hedges() {
    use rapport_conversation::{Hedge, hedges};
    for (text, kind) in [
        ("I'm not sure this fits us.", Hedge::Doubt),
        ("Maybe next spring.", Hedge::Possibility),
        ("It depends.", Hedge::Possibility),
        ("I guess that is fine.", Hedge::Softening),
        ("It's kind of slow.", Hedge::Softening),
    ] {
        assert!(hedges(text).iter().any(|m| m.label == kind), "{text}: {:?}", hedges(text));
    }
    for text in ["We have forty vans.", "What kind of contract is it?", "Let me think about it.", "Yes."] {
        assert_eq!(hedges(text), [], "{text}");
    }
}

#[test]
fn names_what_is_wanted_and_how_soon() {
    use rapport_conversation::{SalesIntent, Urgency, sales_intents, urgencies};
    for (text, intent) in [
        ("How does the import work?", SalesIntent::AsksHow),
        ("Do you have a case study?", SalesIntent::AsksReferences),
        ("Could I talk to a customer who uses it?", SalesIntent::AsksReferences),
        ("Can you come down a bit?", SalesIntent::Negotiates),
        ("Is that price negotiable?", SalesIntent::Negotiates),
    ] {
        assert!(sales_intents(text).iter().any(|m| m.label == intent), "{text}: {:?}", sales_intents(text));
    }
    assert_eq!(sales_intents("We have forty vans."), []);
    assert_eq!(urgencies("We need it by Friday.")[0].label, Urgency::Pressing);
    assert_eq!(urgencies("It has to run by the end of March.")[0].label, Urgency::Soon);
    assert_eq!(urgencies("There is no rush."), []);
}
