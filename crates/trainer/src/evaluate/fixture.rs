//! A small conversation with a made-up analysis, for the tests of this folder.

use rapport_conversation::{
    Conversation, Label, LabelSource, Provenance, ResponseType, SellerAct, Speaker, Stage, Turn,
};
use rapport_engine::{
    Acts, Analysis, DirectionModel, MarkovChain, Outlook, SURFACE_FEATURES, TurnReading, merge_turns,
};

/// Six lines, five turns: the salesperson says two lines in a row.
pub(super) fn conversation(id: &str) -> Conversation {
    let mut turns = vec![
        Turn::new(Speaker::Customer, "Hi"),
        Turn::new(Speaker::Salesperson, "Hello"),
        Turn::new(Speaker::Salesperson, "What do you need?"),
        Turn::new(Speaker::Customer, "A car for my family"),
        Turn::new(Speaker::Salesperson, "Shall we sign?"),
        Turn::new(Speaker::Customer, "Yes"),
    ];
    turns[0].labels.response_type = Some(ResponseType::Other);
    turns[0].labels.stage = Some(Stage::Opening);
    turns[1].labels.stage = Some(Stage::Discovery);
    turns[3].labels.response_type = Some(ResponseType::Explanation);
    turns[3].labels.stage = Some(Stage::Discovery);
    turns[4].labels.stage = Some(Stage::Ask);
    let human = Provenance { source: LabelSource::Human, confidence: 1.0 };
    turns[4].labels.provenance.insert("stage".into(), human);
    turns[5].labels.response_type = Some(ResponseType::Agreement);
    Conversation::new(id, turns)
}

/// 0.75 on one of six classes, 0.05 on each other.
pub(super) fn sure(class: usize) -> Vec<f32> {
    (0..6).map(|c| if c == class { 0.75 } else { 0.05 }).collect()
}

/// The acts are read right, the stage is always the turn's number, and every prediction after turn `t` is class `t`.
pub(super) fn analysis(conversation: &Conversation) -> Analysis {
    let merged = merge_turns(conversation);
    let six = |class: usize| <[f32; 6]>::try_from(sure(class)).unwrap_or_default();
    let acts = merged
        .iter()
        .enumerate()
        .map(|(t, turn)| match turn.speaker {
            Speaker::Customer => {
                let labels = &conversation.turns[turn.last_line].labels;
                let class = labels.response_type.map_or(5, ResponseType::index);
                Acts { response_type: six(class), seller_act: [0.0; 6] }
            }
            Speaker::Salesperson => {
                let act = if t == 1 { SellerAct::Inquiry } else { SellerAct::Ask };
                Acts { response_type: [0.0; 6], seller_act: six(act.index()) }
            }
        })
        .collect();
    let readings = merged
        .iter()
        .enumerate()
        .map(|(t, turn)| TurnReading {
            speaker: turn.speaker,
            text: turn.text.as_str().into(),
            line: turn.last_line,
            embedding: if t % 2 == 0 { [1.0, 0.0] } else { [0.0, 1.0] }.as_slice().into(),
            lexical: Vec::new(),
            surface: [0.0; SURFACE_FEATURES],
            sentiment: [0.0, 1.0, 0.0],
        })
        .collect();
    let by_turn: Vec<Vec<f32>> = (0..merged.len()).map(|t| sure(t % 6)).collect();
    let outlook =
        Outlook { response_type_next: by_turn.clone(), stage_now: by_turn.clone(), stage_next: by_turn };
    Analysis { readings, acts, outlook }
}

/// Two clusters that follow each other in turn.
pub(super) fn direction() -> DirectionModel {
    let sequences: [&[usize]; 1] = [&[0, 1, 0, 1, 0]];
    DirectionModel {
        mean: vec![0.5, 0.5],
        components: vec![vec![1.0, -1.0]],
        centroids: vec![vec![1.0], vec![-1.0]],
        names: vec!["needs".into(), "offers".into()],
        chain: MarkovChain::count(sequences, 2, 2, [1.0, 1.0, 1.0]),
    }
}
