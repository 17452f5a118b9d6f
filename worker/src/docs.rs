//! The reference: `/openapi.json` for programs, `/docs` for people.

use worker::{Response, Result};

use crate::reply;

/// `openapi.json`, for programs.
pub(crate) const OPENAPI: &str = include_str!("../openapi.json");

const PAGE: &str = include_str!("../docs/page.html");
const STYLE: &str = include_str!("../docs/style.css");
const SCRIPT: &str = include_str!("../docs/script.js");

/// `GET /openapi.json`.
pub(crate) fn openapi(if_none_match: Option<&str>) -> Result<Response> {
    reply::page("application/json", OPENAPI, if_none_match)
}

/// `GET /docs`: one page that needs nothing else, and may run nothing but its own script.
pub(crate) fn docs(if_none_match: Option<&str>) -> Result<Response> {
    let response = reply::page("text/html; charset=utf-8", &page(), if_none_match)?;
    let policy = format!(
        "default-src 'none'; script-src {}; style-src {}; connect-src 'self'; img-src data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        reply::csp_hash(SCRIPT),
        reply::csp_hash(STYLE),
    );
    response.headers().set("content-security-policy", &policy)?;
    response.headers().set("referrer-policy", "no-referrer")?;
    Ok(response)
}

/// The page with its style and script put in.
fn page() -> String {
    PAGE.replace("/* style */", STYLE).replace("/* script */", SCRIPT)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use rapport_conversation::{ApiStage, CONVERSIONS, HistoryError, Label, Limits, ResponseType, Stage};
    use serde_json::{Value, json};

    use super::*;
    use crate::problem::Refusal;
    use crate::route::{ROUTES, Route};

    fn document() -> Value {
        serde_json::from_str(OPENAPI).unwrap()
    }

    fn titles<L: Label>() -> Value {
        L::ALL.iter().map(|label| label.title()).collect()
    }

    /// The names of a schema's properties.
    fn properties(schema: &Value) -> Value {
        schema["properties"].as_object().unwrap().keys().map(String::as_str).collect()
    }

    fn sorted(list: &Value) -> Vec<String> {
        let mut list: Vec<String> = serde_json::from_value(list.clone()).unwrap();
        list.sort();
        list
    }

    #[test]
    fn the_document_has_the_routes_of_the_router() {
        let documented = document()["paths"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        let mut routed: Vec<_> = ROUTES
            .iter()
            .filter(|(_, route)| *route != Route::Home)
            .map(|(path, _)| (*path).to_owned())
            .collect();
        routed.sort();
        assert_eq!(sorted(&json!(documented)), routed);
        assert_eq!(document()["info"]["version"], env!("CARGO_PKG_VERSION"));
    }

    #[test]
    fn the_document_has_the_labels_of_the_models() {
        let document = document();
        let schemas = &document["components"]["schemas"];
        assert_eq!(schemas["ResponseType"]["enum"], titles::<ResponseType>());
        assert_eq!(schemas["Stage"]["enum"], titles::<ApiStage>());
        for (schema, labels) in [
            ("ResponseTypeProbabilities", titles::<ResponseType>()),
            ("StageProbabilities", titles::<ApiStage>()),
            ("FunnelProbabilities", titles::<Stage>()),
        ] {
            assert_eq!(schemas[schema]["required"], labels, "{schema}");
            assert_eq!(sorted(&properties(&schemas[schema])), sorted(&labels), "{schema}");
        }
    }

    #[test]
    fn the_document_has_the_limits_of_the_parser() {
        let document = document();
        let conversation = &document["components"]["schemas"]["Conversation"];
        assert_eq!(conversation["properties"]["history"]["maxItems"], Limits::REQUEST.turns);
        let told = document["components"]["responses"]["TooLarge"]["description"].as_str().unwrap();
        let kibibytes = |bytes: usize| format!("{} KiB", bytes / 1024);
        assert!(told.contains(&kibibytes(Limits::REQUEST.total_bytes)), "{told}");
        assert!(told.contains(&kibibytes(Limits::REQUEST.turn_bytes)), "{told}");
        assert!(told.contains(&format!("{} turns", Limits::REQUEST.turns)), "{told}");
        assert!(told.contains(&format!("{CONVERSIONS} conversations")), "{told}");
        for schema in ["ConversionBatch", "Conversions"] {
            let list = &document["components"]["schemas"][schema]["properties"]["conversations"];
            assert_eq!(list["maxItems"], CONVERSIONS, "{schema}");
        }
    }

    #[test]
    fn the_document_and_the_page_have_every_kind_of_problem() {
        let refusals = [
            Refusal::NotFound,
            Refusal::MethodNotAllowed { allow: "GET" },
            Refusal::UnsupportedMediaType(""),
            HistoryError::NotJson { line: 1, column: 1, message: String::new() }.into(),
            Refusal::from(rapport_conversation::parse_history(b"{}").unwrap_err()),
            Refusal::from(rapport_conversation::parse_history(&vec![b' '; 1 << 20]).unwrap_err()),
            Refusal::BodyBroken,
            Refusal::RateLimited { retry_after: 1 },
            Refusal::ModelUnavailable { reason: String::new(), retry_after: 1 },
            Refusal::NotInModel { artifact: String::new() },
            Refusal::Internal,
        ];
        let document = document();
        let problem = &document["components"]["schemas"]["Problem"];
        let kinds: Value = refusals.iter().map(|refusal| refusal.details().kind).collect();
        assert_eq!(sorted(&problem["properties"]["type"]["enum"]), sorted(&kinds));
        for refusal in refusals {
            let (slug, title, status) = refusal.kind();
            let entry = format!("<dt id=\"{slug}\"><span>{status}</span> {title}</dt>");
            assert!(page().contains(&entry), "the page lacks {entry}");
        }
    }

    #[test]
    fn the_page_is_whole() {
        let page = page();
        assert!(page.contains(&format!("<script>{SCRIPT}</script>")));
        assert!(page.contains(&format!("<style>{STYLE}</style>")));
        assert!(!SCRIPT.contains("</script") && !STYLE.contains("</style"));
    }
}
