//! A comparison as a page.

use super::CompareReport;
use super::describe::{gain, percent, rows, sentence, way};
use super::figures::Comparison;
use crate::evaluate::describe::{difference, figure};
use crate::html::{Block, Page, Picture, Section, Table};

pub(super) fn page(report: &CompareReport, pictures: &[Picture]) -> Page {
    let mut sections: Vec<Section> = report
        .labels
        .iter()
        .map(|(kind, of)| {
            let suffix = format!("-{}", kind.replace('_', "-"));
            let own = pictures.iter().filter(|p| p.name.ends_with(&suffix)).cloned().collect();
            Section {
                title: format!("Told apart: {}", kind.replace('_', " ")),
                blocks: vec![
                    Block::Text(format!("{}.", sentence(kind, of))),
                    table(of),
                    Block::Pictures(own),
                ],
            }
        })
        .collect();
    let mut blocks: Vec<Block> = report.notes.iter().map(|note| Block::Caution(note.clone())).collect();
    let texts = [
        "The head is a logistic regression over the vectors and nothing else, with the same penalty for both encoders. A \
         full model reads words, lengths and acts as well; what the vectors gain need not be what it gains.",
        "kNN accuracy is the share of items whose nearest neighbours, never of the same conversation, have their class. \
         Where one class is frequent it starts high: look at the macro F1 as well.",
        "The silhouette is 1 where every class is a dense group of its own, and near 0 where the classes lie in one cloud. \
         A share of about nothing means nothing, so there is no relative gain then.",
        "The relative gain is the difference as a share of what there was before. A star: the interval of the paired \
         difference excludes 0.",
        "An encoder that was fine-tuned on these very conversations looks better here than it is. Only conversations that \
         were kept back from fine-tuning say anything.",
    ];
    blocks.extend(texts.map(|text| Block::Text(text.into())));
    sections.push(Section { title: "How to read this".into(), blocks });
    Page {
        title: "What fine-tuning did to the vectors".into(),
        lead: format!(
            "Encoder {} before, {} after. Vectors alone; {}.",
            short(&report.generic),
            short(&report.fine_tuned),
            way(report)
        ),
        sections,
    }
}

/// The beginning of a hash.
fn short(sha256: &str) -> &str {
    sha256.get(..12).unwrap_or(sha256)
}

fn table(of: &Comparison) -> Block {
    let sides = rows(&of.generic).into_iter().zip(rows(&of.fine_tuned)).zip(rows(&of.difference));
    let row = |(((name, before), (_, after)), (_, less)): (((&'static str, _), (_, _)), (_, _))| {
        let gain = gain(of, name).map_or_else(|| "-".into(), |g| percent(&g));
        vec![name.to_owned(), figure(&before), figure(&after), difference(&less), gain]
    };
    Block::Table(Table {
        caption: "With 95 % intervals by drawing whole conversations.".into(),
        head: ["", "generic", "fine-tuned", "difference", "relative gain"].map(str::to_owned).into(),
        rows: sides.map(row).collect(),
    })
}
