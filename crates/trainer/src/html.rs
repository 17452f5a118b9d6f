//! Reports as one HTML file that opens offline: no script, no font, no picture from elsewhere.

use html_escape::{encode_double_quoted_attribute, encode_text};

use crate::charts::palette;

/// A report: sections one below the other.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// What it is about; also the title of the window.
    pub title: String,
    /// One or two sentences under the title.
    pub lead: String,
    /// The parts.
    pub sections: Vec<Section>,
}

/// A part of a report with its own heading.
#[derive(Debug, Clone, Default)]
pub struct Section {
    /// The heading.
    pub title: String,
    /// What it holds.
    pub blocks: Vec<Block>,
}

/// Something in a section.
#[derive(Debug, Clone)]
pub enum Block {
    /// A paragraph.
    Text(String),
    /// A remark that limits what the figures say.
    Caution(String),
    /// Headline figures: name, value, and what it is beside.
    Facts(Vec<(String, String, String)>),
    /// A table.
    Table(Table),
    /// Pictures side by side where there is room.
    Pictures(Vec<Picture>),
}

/// Rows under a head; the first column names the row.
#[derive(Debug, Clone, Default)]
pub struct Table {
    /// What it shows.
    pub caption: String,
    /// Names of the columns.
    pub head: Vec<String>,
    /// The rows, each as long as the head.
    pub rows: Vec<Vec<String>>,
}

/// A picture with what it shows.
#[derive(Debug, Clone)]
pub struct Picture {
    /// Name for files: lower-case words joined by hyphens.
    pub name: String,
    /// SVG, drawn by [`crate::charts`].
    pub svg: String,
    /// What to see in it.
    pub caption: String,
}

/// The whole file.
pub fn render(page: &Page) -> String {
    let title = encode_text(&page.title);
    let mut html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <style>{STYLE}{}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n<p class=\"lead\">{}</p>\n",
        dark_pictures(),
        encode_text(&page.lead)
    );
    for section in &page.sections {
        html.push_str(&format!("<section>\n<h2>{}</h2>\n", encode_text(&section.title)));
        section.blocks.iter().for_each(|block| html.push_str(&render_block(block)));
        html.push_str("</section>\n");
    }
    html.push_str("</main>\n</body>\n</html>\n");
    html
}

fn render_block(block: &Block) -> String {
    match block {
        Block::Text(text) => format!("<p>{}</p>\n", encode_text(text)),
        Block::Caution(text) => format!("<p class=\"caution\">{}</p>\n", encode_text(text)),
        Block::Facts(facts) => {
            let fact = |(name, value, beside): &(String, String, String)| {
                format!(
                    "<div><dt>{}</dt><dd><b>{}</b><span>{}</span></dd></div>\n",
                    encode_text(name),
                    encode_text(value),
                    encode_text(beside)
                )
            };
            format!("<dl class=\"facts\">\n{}</dl>\n", facts.iter().map(fact).collect::<String>())
        }
        Block::Table(table) => render_table(table),
        Block::Pictures(pictures) => {
            format!(
                "<div class=\"pictures\">\n{}</div>\n",
                pictures.iter().map(render_picture).collect::<String>()
            )
        }
    }
}

fn render_table(table: &Table) -> String {
    let head = table.head.iter().map(|cell| format!("<th scope=\"col\">{}</th>", encode_text(cell)));
    let row = |row: &Vec<String>| {
        let cells = row.iter().enumerate().map(|(column, cell)| match column {
            0 => format!("<th scope=\"row\">{}</th>", encode_text(cell)),
            _ => format!("<td>{}</td>", encode_text(cell)),
        });
        format!("<tr>{}</tr>\n", cells.collect::<String>())
    };
    format!(
        "<div class=\"table\"><table>\n<caption>{}</caption>\n<thead><tr>{}</tr></thead>\n<tbody>\n{}</tbody>\n\
         </table></div>\n",
        encode_text(&table.caption),
        head.collect::<String>(),
        table.rows.iter().map(row).collect::<String>()
    )
}

fn render_picture(picture: &Picture) -> String {
    let caption = encode_text(&picture.caption);
    // The picture has a name for those who do not see it; its own texts would be read out piece by piece.
    let label = encode_double_quoted_attribute(&picture.caption);
    let svg = picture.svg.replacen("<svg ", &format!("<svg role=\"img\" aria-label=\"{label}\" "), 1);
    format!("<figure>{svg}<figcaption>{caption}</figcaption></figure>\n")
}

/// Turns the colours of the pictures into ones for a dark page: presentation attributes yield to rules.
fn dark_pictures() -> String {
    let rule = |(light, dark): (&str, &str)| {
        format!(
            "figure svg [fill=\"{light}\"]{{fill:{dark}}}figure svg [stroke=\"{light}\"]{{stroke:{dark}}}"
        )
    };
    let rules: String = palette::DARK.into_iter().map(rule).collect();
    format!("@media (prefers-color-scheme:dark){{{rules}}}")
}

const STYLE: &str = "\
:root{color-scheme:light dark;--page:#fff;--text:#282c34;--soft:#5b6270;--line:#dfe3e8;--card:#f6f7f9;--warn:#8a4b08}\
@media (prefers-color-scheme:dark){:root{--page:#15181d;--text:#e4e7ec;--soft:#a2abb8;--line:#343a44;--card:#1d2128;\
--warn:#f0b36b}}\
*{box-sizing:border-box}\
body{margin:0;background:var(--page);color:var(--text);font:16px/1.55 system-ui,sans-serif}\
main{max-width:72rem;margin:0 auto;padding:2rem 1.25rem 4rem}\
h1{font-size:1.8rem;line-height:1.2;margin:0 0 .5rem}\
h2{font-size:1.25rem;margin:2.75rem 0 .75rem;padding-top:1rem;border-top:1px solid var(--line)}\
p{max-width:46rem;margin:.6rem 0}.lead{color:var(--soft);font-size:1.05rem}\
.caution{border-left:3px solid var(--warn);padding:.1rem 0 .1rem .9rem}\
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(13rem,1fr));gap:.75rem;margin:1rem 0}\
.facts div{background:var(--card);border-radius:8px;padding:.7rem .9rem}\
.facts dt{color:var(--soft);font-size:.85rem}.facts dd{margin:0}.facts b{display:block;font-size:1.35rem}\
.facts span{color:var(--soft);font-size:.85rem}\
.table{overflow-x:auto;margin:1rem 0}\
table{border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums}\
caption{text-align:left;color:var(--soft);padding-bottom:.4rem}\
th,td{text-align:right;padding:.3rem .8rem;border-bottom:1px solid var(--line);white-space:nowrap}\
th:first-child{text-align:left;padding-left:0}th{font-weight:500}thead th{color:var(--soft)}\
.pictures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(26rem,100%),1fr));gap:1.25rem;margin:1rem 0}\
figure{margin:0;padding:.75rem;border:1px solid var(--line);border-radius:8px}\
figure svg{display:block;width:100%;height:auto;max-width:36rem;margin:0 auto}\
figcaption{color:var(--soft);font-size:.88rem;margin-top:.5rem}\
@media print{section{break-inside:avoid}}";

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> Page {
        let table = Table {
            caption: "Figures".into(),
            head: vec![String::new(), "AUC".into()],
            rows: vec![vec!["model <1>".into(), "0.7".into()]],
        };
        let picture = Picture {
            name: "roc".into(),
            svg: "<svg width=\"4\" height=\"4\"></svg>".into(),
            caption: "A \"curve\"".into(),
        };
        let blocks = vec![
            Block::Text("won & lost".into()),
            Block::Caution("few conversations".into()),
            Block::Facts(vec![("AUC".into(), "0.7".into(), "0.6 to 0.8".into())]),
            Block::Table(table),
            Block::Pictures(vec![picture]),
        ];
        let sections = vec![Section { title: "Whole".into(), blocks }];
        Page { title: "Conversion".into(), lead: "40 conversations".into(), sections }
    }

    #[test]
    fn texts_are_escaped_and_pictures_are_named() {
        let html = render(&page());
        for part in [
            "won &amp; lost",
            "model &lt;1&gt;",
            "<svg role=\"img\" aria-label=\"A &quot;curve&quot;\" width",
            "<th scope=\"col\">AUC</th>",
            "few conversations",
        ] {
            assert!(html.contains(part), "{part} is not in {html}");
        }
    }

    #[test]
    fn nothing_comes_from_elsewhere() {
        let html = render(&page());
        for part in ["<script", "http:", "https:", "<link", "@import", "url(", "src="] {
            assert!(!html.contains(part), "{part} is in the page");
        }
    }
}
